"""Chains of equalities and the claims that stand by themselves."""

from __future__ import annotations

from backproof.language import grammar
from backproof.language.declarations import declarations, span
from backproof.language.document import Declaration
from backproof.language.drafts import ChainDraft, ClaimDraft, Names, Reading
from backproof.language.parser import NUMBER, Parser
from backproof.language.scope import Scope
from backproof.terms import RELATIONS


def end(parser: Parser) -> None:
    """Fail unless the statement ends here; it has no reason."""
    if parser.token.kind == "reason":
        parser.fail("a reason explains an equality; other lines have comments, with '#'")
    parser.finish("the end of the line")


def reason(parser: Parser) -> str:
    """Parse the end of an equality, with its reason if there is one."""
    found = parser.accept("reason")
    parser.finish()
    return found.text[2:].strip() if found else ""


def read_sides(parser: Parser, chain: ChainDraft) -> None:
    """Parse the sides of a chain and the reason of the last one."""
    parser.scope = chain.scope
    while True:
        start = parser.token
        term = parser.expression(NUMBER, chain.bound)
        chain.add(term, span(start, parser.previous))
        if not parser.accept("="):
            break
    chain.explain(reason(parser))


def read_continuation(reading: Reading, parser: Parser) -> None:
    """``= B -- reason`` continues the chain above it."""
    if reading.chain is None:
        parser.fail("'=' continues a gradient or a claim; none stands right above")
    parser.take()
    read_sides(parser, reading.chain)


def read_given(reading: Reading, parser: Parser) -> None:
    """``given x: positive, v[n]`` declares variables of the claims below it in its fence."""
    start = parser.take()
    if reading.open_given is None:
        reading.forget_given()
    reading.given += _declared(parser, reading.given_names)
    end(parser)
    reading.open_given = start


def _declared(parser: Parser, names: Names) -> tuple[Declaration, ...]:
    found = []
    for name, axes, declaration in declarations(parser):
        if len(names.variables) == grammar.MAX_GIVEN:
            parser.fail(f"more than {grammar.MAX_GIVEN} variables are given", name)
        names.declare_axes(parser.source, axes)
        names.declare(parser.source, name, declaration.axes)
        found.append(declaration)
    return tuple(found)


def read_claim(reading: Reading, parser: Parser) -> None:
    """``claim A = B = … given x: positive -- reason`` is judged by itself."""
    start = parser.take()
    names, given = _given(reading, parser)
    scope = Scope(
        names.variables,
        names.axes,
        "this claim",
        is_open=True,
        calls=reading.calls,
        headers=reading.headers,
        known=reading.known,
    )
    parser.scope = scope
    target_start = parser.token
    target = parser.expression(NUMBER, bound=None)
    if parser.token.text in RELATIONS.values() and parser.token.kind != "=":
        parser.fail("a claim is an equality: claim A = B")
    chain = ChainDraft(target, start, span(target_start, parser.previous), scope, bound=None)
    if parser.accept("="):
        read_sides(parser, chain)
    else:
        end(parser)
    reading.blocks.append(ClaimDraft(given, chain))
    reading.chain, reading.open_given = chain, None


def _given(reading: Reading, parser: Parser) -> tuple[Names, tuple[Declaration, ...]]:
    """Return what is declared for a claim, also by the ``given`` at its end, which is cut off."""
    words = [token.text if token.kind == "name" else "" for token in parser.tokens]
    if "given" not in words:
        return reading.given_names, reading.given
    place = words.index("given")
    tail = Parser(parser.source, parser.tokens[place + 1 :], parser.scope)
    names = reading.given_names.layer()
    found = _declared(tail, names)
    parser.tokens = parser.tokens[:place] + tail.tokens[tail.position :]
    return names, reading.given + found

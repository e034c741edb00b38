"""Declarations and domains: ``x[n, d]: positive``, ``p: (0, 1)``, ``t[n, k]: onehot(k)``."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from backproof.domains import NAMED, Domain
from backproof.errors import DomainError
from backproof.language import grammar
from backproof.language.document import Declaration, Span
from backproof.language.lexer import Token, number
from backproof.language.parser import Parser
from backproof.lists import listed
from backproof.terms import Term, num

_KINDS = ("integer", "nonzero")


def span(first: Token, last: Token) -> Span:
    """Return the stretch from ``first`` to ``last``, or to the end of the line of ``first``."""
    end = last.end if last.line == first.line else first.end
    return Span(first.line, first.column, end)


def variable_name(parser: Parser, what: str = "the name of a variable") -> Token:
    """Parse a name that a variable may have."""
    token = parser.expect("name", what)
    if token.text in grammar.RESERVED:
        parser.fail(f"'{token.text}' is a word of the language; choose another name", token)
    if token.text.endswith("'"):
        parser.fail(f"'{token.text}' has a prime; only an index may have one", token)
    return token


def declarations(parser: Parser) -> Iterator[tuple[Token, list[Token], Declaration]]:
    """Yield each declaration of a list, with the tokens of its name and of its axes."""
    while True:
        name = variable_name(parser)
        axes: list[Token] = []
        if parser.token.kind == "[":
            axes = parser.names("[", "]", "the name of an axis", new=True)
        names = tuple(axis.text for axis in axes)
        domain = _domain(parser, names) if parser.accept(":") else NAMED["real"]
        yield name, axes, Declaration(name.text, names, domain, span(name, parser.previous))
        if not parser.accept(","):
            return


def _domain(parser: Parser, axes: tuple[str, ...]) -> Domain:
    start = parser.token
    try:
        domain = _interval(parser) if start.kind in ("(", "[") else _named(parser, axes)
        return _checked(domain)
    except DomainError as error:
        parser.fail(str(error), start)


def _checked(domain: Domain) -> Domain:
    """Refuse an interval in which no integer lies, or zero alone where zero is excluded."""
    low, high = domain.low, domain.high
    if low is None or high is None:
        return domain
    if domain.integer:
        first = floor(low) + 1 if domain.low_open else ceil(low)
        last = ceil(high) - 1 if domain.high_open else floor(high)
        if first > last or (first == last == 0 and domain.nonzero):
            raise DomainError(f"the domain {domain} is empty")
    if low == high == 0 and domain.nonzero:
        raise DomainError(f"the domain {domain} is empty")
    return domain


def _named(parser: Parser, axes: tuple[str, ...]) -> Domain:
    token = parser.expect("name", "a domain such as positive or (0, 1)")
    if token.text in ("onehot", "simplex"):
        opened = parser.expect("(", f"the axis, as in {token.text}(k)")
        axis = parser.expect("name", "the name of an axis")
        parser.close(")", opened)
        if axis.text not in axes:
            parser.fail(f"'{axis.text}' is no axis of this variable", axis)
        bits = token.text == "onehot"
        return Domain(Fraction(0), Fraction(1), False, False, integer=bits, constraint=token.text, axis=axis.text)
    if token.text not in NAMED:
        near = grammar.suggest(token.text, [*NAMED, "onehot", "simplex"])
        parser.fail(f"unknown domain '{token.text}'{near}", token)
    return NAMED[token.text]


def _interval(parser: Parser) -> Domain:
    low_open = parser.take().kind == "("
    low = _end(parser, "-", low_open)
    parser.expect(",", "',' and the upper end")
    high_start = parser.token
    high = _end(parser, "", True)
    if parser.token.kind not in (")", "]"):
        parser.fail(f"expected ')' (without the end) or ']' (with it), found {parser.token}")
    high_open = parser.take().kind == ")"
    if high is None and not high_open:
        parser.fail("inf is not a number: close the interval with ')'", high_start)
    kinds = set()
    while parser.token.text in _KINDS:
        kinds.add(parser.take().text)
    return Domain(low, high, low_open, high_open, "integer" in kinds, "nonzero" in kinds)


def _end(parser: Parser, sign: str, is_open: bool) -> Fraction | None:
    start = parser.token
    if sign and start.kind == sign and parser.tokens[parser.position + 1].text == "inf":
        parser.take()
        parser.take()
        if not is_open:
            parser.fail("-inf is not a number: open the interval with '('", start)
        return None
    if not sign and parser.word("inf"):
        return None
    return literal(parser)


def value(parser: Parser, depth: int = 0) -> Term:
    """Parse a number, or an array such as ``[[1, 2], [3, 4]]``."""
    opened = parser.accept("[")
    if opened is None:
        return num(literal(parser))
    if depth == grammar.MAX_AXES:
        parser.fail(f"more than {grammar.MAX_AXES} brackets inside one another", opened)
    parts = [value(parser, depth + 1)]
    while parser.accept(","):
        parts.append(value(parser, depth + 1))
    parser.close("]", opened)
    return listed(parts)


def literal(parser: Parser) -> Fraction:
    """Parse a number such as ``3``, ``-0.5`` or ``2/3``."""
    negative = parser.accept("-") is not None
    value = number(parser.expect("number", "a number").text)
    if parser.accept("/"):
        token = parser.expect("number", "a number")
        below = number(token.text)
        if not below:
            parser.fail("division by zero", token)
        value /= below
    return -value if negative else value

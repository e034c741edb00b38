"""Statements of nodes and graphs: headers, forward lines, gradients, kinks and examples."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from backproof.language import grammar
from backproof.language.claims import end, read_sides, reason
from backproof.language.declarations import declarations, literal, span, value, variable_name
from backproof.language.document import Kink, Line
from backproof.language.drafts import ChainDraft, NodeDraft, Reading
from backproof.language.examples import ExampleDraft
from backproof.language.lexer import Token
from backproof.language.parser import ANYTHING, NUMBER, Parser
from backproof.terms import FUNCTIONS, Term, idx, num, postorder, sym

#: Words that no node may have: functions and reductions may, for each has a node of its name.
_NODE_WORDS = grammar.RESERVED - FUNCTIONS.keys() - grammar.REDUCTION_HEADS.keys()


def _current(reading: Reading, parser: Parser) -> NodeDraft:
    if reading.node is None:
        parser.fail("no node is started yet; start one with node NAME(x)")
    return reading.node


def read_header(reading: Reading, parser: Parser) -> None:
    """``node NAME(inputs) -> outputs`` and ``graph NAME`` start a node."""
    start = parser.take()
    name = _node_name(reading, parser, f"the name of the {start.text}")
    node = NodeDraft(
        start,
        name,
        start.text == "graph",
        later=_defined(reversed(reading.pending)),
        calls=reading.calls,
        headers=reading.headers,
        known=reading.known,
        span=span(start, parser.previous),
    )
    if not node.is_graph or parser.token.kind == "(":
        _read_inputs(parser, node)
    if parser.accept("->"):
        node.outputs = _names(parser, "the name of an output")
    node.span = span(start, parser.previous)
    end(parser)
    reading.calls[name] = len(node.inputs)
    reading.node = node
    reading.blocks.append(node)


def _defined(statements: Iterable[list[Token]]) -> dict[str, int]:
    """Return the names that the statements up to the next node define, with their lines."""
    own = takewhile(lambda words: words[0].text not in ("node", "graph"), statements)
    starts = (words[0] for words in own if words[0].text not in grammar.STATEMENTS)
    return {token.text: token.line for token in starts if token.kind == "name"}


def _names(parser: Parser, what: str) -> list[Token]:
    found = [variable_name(parser, what)]
    while parser.accept(","):
        found.append(variable_name(parser, what))
    return found


def _node_name(reading: Reading, parser: Parser, what: str) -> str:
    first = variable_name(parser, what) if parser.token.text.endswith("'") else parser.expect("name", what)
    text = first.text
    while parser.token.kind == "-" and parser.token.column == parser.previous.end:
        parser.take()
        part = parser.token
        if part.kind not in ("name", "number") or part.column != parser.previous.end:
            parser.fail(f"expected the rest of the name '{text}-', found {part}")
        text += "-" + parser.take().text
        if len(text) > grammar.MAX_NAME:
            parser.fail(f"the name is longer than {grammar.MAX_NAME} characters", first)
    name = text.replace("_", "-")
    if text in _NODE_WORDS:
        parser.fail(f"'{text}' is a word of the language; choose another name", first)
    if name in reading.calls:
        parser.fail(f"the node '{name}' is already defined", first)
    return name


def _read_inputs(parser: Parser, node: NodeDraft) -> None:
    opened = parser.expect("(", "'(' and the inputs")
    for name, axes, declaration in declarations(parser):
        node.names.declare_axes(parser.source, axes)
        node.names.declare(parser.source, name, declaration.axes)
        node.inputs.append(declaration)
    parser.close(")", opened)


def read_assignment(reading: Reading, parser: Parser) -> None:
    """``dx = …`` is a gradient where ``x`` is a variable; any other ``name = …`` is a forward line."""
    start = parser.token
    if start.kind != "name":
        parser.fail(f"expected a statement such as y = 2*x, found {start}")
    node = _current(reading, parser)
    if node.names.gradient_of(start.text):
        _read_gradient(reading, parser, node)
    elif node.is_graph and _is_number_input(parser):
        _read_number_input(parser, node)
        reading.calls[node.name] = len(node.inputs)
    else:
        continued = bool(reading.pending) and reading.pending[-1][0].kind == "="
        _check_forward(parser, node, continued)
        _read_line(parser, node)


def _is_number_input(parser: Parser) -> bool:
    kinds = [token.kind for token in parser.tokens]
    value = kinds[kinds.index("=") + 1 : -1] if "=" in kinds else []
    return kinds[1] == ":" or (value != [] and set(value) <= {"number", "-", "/", "reason"})


def _read_number_input(parser: Parser, node: NodeDraft) -> None:
    name, axes, declaration = next(declarations(parser))
    if axes:
        parser.fail("an input with a number has no axes", axes[0])
    parser.expect("=", "'=' and the number")
    place = parser.token
    number = literal(parser)
    end(parser)
    if not declaration.domain.contains(number):
        parser.fail(f"{number} is outside the domain of '{name.text}': {declaration.domain}", place)
    node.names.declare(parser.source, name, ())
    node.inputs.append(declaration)
    node.values.append((name.text, num(number)))


def _check_forward(parser: Parser, node: NodeDraft, continued: bool) -> None:
    """Refuse what was meant as a gradient, and a forward line below the gradients."""
    name, variable = parser.token, parser.token.text[1:]
    if parser.tokens[1].kind == "/":
        parser.fail("expected '=' and an expression, found '/'; the gradient of x is written dx", parser.tokens[1])
    if name.text[0] == "d" and variable and (continued or _uses_gradients(parser, node)):
        near = grammar.suggest(variable, node.names.variables)
        parser.fail(f"'{name.text}' is a gradient, but no variable is named '{variable}'{near}")
    if continued:
        parser.fail("a forward line has one expression; only gradients and claims are chains")
    if node.chains and name.text not in node.names.variables:
        parser.fail("a forward line stands above the gradients")


def _uses_gradients(parser: Parser, node: NodeDraft) -> bool:
    words = (token.text for token in parser.tokens[1:] if token.kind == "name")
    return any(word[0] == "d" and (word[1:] in node.names.variables or word[1:] in node.later) for word in words)


def _read_line(parser: Parser, node: NodeDraft) -> None:
    name = variable_name(parser)
    axes: list[Token] = []
    if parser.token.kind == "[":
        axes = parser.names("[", "]", "the name of an axis", new=True)
        node.names.declare_axes(parser.source, axes)
    names = tuple(axis.text for axis in axes)
    parser.expect("=", "'=' and an expression")
    parser.scope = node.forward_scope(f"'{name.text}'")
    term = parser.expression(NUMBER, frozenset(names))
    stretch = span(name, parser.previous)
    if parser.token.kind == "=":
        parser.fail("a forward line has one expression; only gradients and claims are chains")
    why = reason(parser)
    if any(part.head == "call" and part.data == node.name for part in postorder(term)):
        parser.fail(f"the {node.word} calls itself", name)
    node.names.declare(parser.source, name, names)
    node.lines.append(Line(name.text, names, term, stretch, why))


def _read_gradient(reading: Reading, parser: Parser, node: NodeDraft) -> None:
    name = parser.take()
    if name.text in node.chains:
        line = node.chains[name.text].span.line
        parser.fail(f"'{name.text}' is already given, on line {line}", name)
    target = _read_target(parser, node, name)
    stretch = span(name, parser.previous)
    parser.expect("=", "'=' and the gradient")
    scope = node.gradient_scope(f"'{name.text}'")
    chain = ChainDraft(target, name, stretch, scope, frozenset(target.axes))
    read_sides(parser, chain)
    node.chains[name.text] = chain
    reading.chain = chain


def _read_target(parser: Parser, node: NodeDraft, name: Token) -> Term:
    """Parse the axes of a gradient: exactly those of its variable."""
    wanted = node.names.variables[name.text[1:]]
    found: tuple[str, ...] = ()
    if parser.token.kind == "[":
        tokens = parser.names("[", "]", "the name of an axis", new=True)
        found = tuple(axis.text for axis in tokens)
    if found != wanted:
        shown = f"{name.text}[{', '.join(wanted)}]" if wanted else name.text
        parser.fail(f"this gradient is written {shown}", name)
    return sym(name.text, *map(idx, wanted))


def read_kink(reading: Reading, parser: Parser) -> None:
    """``at x = 0: dx = 0 -- convention`` states gradients where the derivative does not exist."""
    node = _current(reading, parser)
    start = parser.take()
    parser.scope = node.gradient_scope("this line")
    place = parser.token
    condition = parser.expression(ANYTHING, bound=None)
    parser.check_kind(condition, True, place)
    parser.expect(":", "':' and a gradient, as in at x = 0: dx = 0")
    found = [_read_kink_value(parser, node, condition)]
    while parser.accept(","):
        found.append(_read_kink_value(parser, node, condition))
    stretch = span(start, parser.previous)
    why = reason(parser)
    for name, stated in found:
        if (condition, name.text) in node.stated:
            parser.fail(f"'{name.text}' is already given there", name)
        node.kinks.append(Kink(condition, name.text, stated, stretch, why))
        node.stated.add((condition, name.text))


def _read_kink_value(parser: Parser, node: NodeDraft, condition: Term) -> tuple[Token, Term]:
    name = parser.expect("name", "a gradient such as dx")
    if not node.names.gradient_of(name.text):
        near = grammar.suggest(name.text, ("d" + other for other in node.names.variables))
        parser.fail(f"'{name.text}' is the gradient of no variable{near}", name)
    target = _read_target(parser, node, name)
    loose = [axis for axis in condition.axes if axis not in target.axes]
    if loose:
        parser.fail(f"the condition uses the index '{loose[0]}', which is no axis of '{name.text}'", name)
    parser.expect("=", "'=' and the value of the gradient")
    return name, parser.expression(NUMBER, frozenset(target.axes))


def read_example(reading: Reading, parser: Parser) -> None:
    """``example x = 2, dy = 3 -> y = 4, dx = 12`` gives numbers that must be reproduced."""
    node = _current(reading, parser)
    start = parser.take()
    given = _read_values(parser, []) if parser.token.kind != "->" else []
    parser.expect("->", "'->' and the expected values")
    expected = _read_values(parser, given)
    stretch = span(start, parser.previous)
    end(parser)
    node.examples.append(ExampleDraft(start, stretch, given, expected))


def _read_values(parser: Parser, before: list[tuple[Token, Term]]) -> list[tuple[Token, Term]]:
    found: list[tuple[Token, Term]] = []
    seen = {name.text for name, _ in before}
    while True:
        name = _value_name(parser)
        if name.text in seen:
            parser.fail(f"'{name.text}' stands twice", name)
        seen.add(name.text)
        parser.expect("=", "'=' and a number")
        found.append((name, value(parser)))
        if not parser.accept(","):
            return found


def _value_name(parser: Parser) -> Token:
    """Parse a name, or the length of an axis as in ``size(u)``: one token with that text."""
    name = parser.expect("name", "a name, as in x = 2")
    if name.text != "size":
        return name
    opened = parser.expect("(", "'(' and an axis, as in size(n) = 2")
    axis = parser.expect("name", "the name of an axis")
    parser.close(")", opened)
    return name._replace(text=f"size({axis.text})")

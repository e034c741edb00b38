"""Tokens to terms: a Pratt parser that keeps its own stack, so that no input can exhaust Python's."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, Final, NoReturn

from backproof import terms
from backproof.language import grammar
from backproof.language.lexer import Source, Token, number
from backproof.language.scope import Place, Scope
from backproof.terms import FUNCTIONS, RELATIONS, Term, make

#: A parse that waits for the parses which it yields (see ``Parser.expression``).
Parse = Generator[Any, Term, Term]

_RELATION_HEADS: Final = {sign: head for head, sign in RELATIONS.items()}
_TRUTHS: Final = frozenset(RELATIONS) | {"and", "or", "not"}
#: The head of every infix sign.
_INFIX: Final[dict[str, str]] = {
    "or": "or", "and": "and", **_RELATION_HEADS,
    "+": "add", "-": "add", "*": "mul", "/": "div", "^": "pow",
}  # fmt: skip
#: The lowest level of an expression that is a number: no comparison outside brackets.
NUMBER: Final = grammar.PRECEDENCE["add"]
ANYTHING: Final = 0


class Parser:
    """A cursor over the tokens of one statement (or expression)."""

    def __init__(self, source: Source, tokens: list[Token], scope: Scope) -> None:
        self.source = source
        self.tokens = tokens
        self.scope = scope
        self.position = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.position]

    @property
    def previous(self) -> Token:
        """The token before the next one."""
        return self.tokens[self.position - 1]

    def take(self) -> Token:
        """Return the next token and step over it (never over the last one)."""
        token = self.token
        if self.position < len(self.tokens) - 1:
            self.position += 1
        return token

    def accept(self, kind: str) -> Token | None:
        """Step over the next token if it is of this kind."""
        return self.take() if self.token.kind == kind else None

    def expect(self, kind: str, what: str = "") -> Token:
        """Step over a token of this kind, or fail."""
        if self.token.kind != kind:
            self.fail(f"expected {what or repr(kind)}, found {self.token}")
        return self.take()

    def word(self, text: str) -> bool:
        """Step over the name ``text`` if it is next."""
        return self.token.text == text and self.accept("name") is not None

    def close(self, kind: str, opened: Token) -> Token:
        """Step over the closing bracket, or fail with the place of the opening one."""
        where = f"to close '{opened.text}' at {opened.line}:{opened.column}"
        return self.expect(kind, f"'{kind}' {where}")

    def fail(self, message: str, token: Token | None = None) -> NoReturn:
        """Raise a SourceError at ``token``, or at the next one."""
        self.source.fail_at(token or self.token, message)

    def finish(self, what: str = "an operator or the end of the line") -> None:
        """Fail unless the statement ends here."""
        token = self.token
        if token.kind in ("newline", "end"):
            return
        factors = token.kind in ("name", "number", "(") and "operator" in what
        hint = "; a product is written with '*'" if factors else ""
        if token.kind in (")", "]"):
            hint = "; it closes nothing"
        self.fail(f"expected {what}, found {token}{hint}")

    def expression(self, level: int, bound: frozenset[str] | None = frozenset()) -> Term:
        """Parse an expression whose infix signs bind at least as tightly as ``level``.

        ``bound`` are the indices that run where it stands (None: every declared axis).
        Each pending parse is a generator on an explicit stack; it yields the parse whose term it needs.
        """
        stack: list[Parse] = [self._expression(level, Place(bound=bound))]
        value: Any = None
        while True:
            try:
                stack.append(stack[-1].send(value))
                value = None
            except StopIteration as stop:
                stack.pop()
                value = stop.value
                if not stack:
                    return value  # type: ignore[no-any-return]

    def _expression(self, level: int, place: Place) -> Parse:
        start = self.token
        left = yield from self._prefix(level, place)
        while True:
            token = self.token
            head = _INFIX.get(token.text)
            if head is None or grammar.PRECEDENCE[head] < level:
                return left
            self.check_kind(left, head in ("and", "or"), start)
            left = yield from self._infix(head, left, place)

    def _infix(self, head: str, left: Term, place: Place) -> Parse:
        if head == "div":
            return (yield from self._quotient(left, place))
        if head in ("pow", *RELATIONS):
            sign = self.take()
            inner = self._deeper(place, sign) if head == "pow" else place
            right = yield from self._operand(head, inner)
            if head != "pow" and self.token.text in _RELATION_HEADS:
                self._fail_chained(sign)
            return make(head, (left, right))
        operands = [left]
        while _INFIX.get(self.token.text) == head:
            sign = self.take()
            operand = yield from self._operand(head, place)
            operands.append(terms.neg(operand) if sign.kind == "-" else operand)
        return make(head, operands)

    def _fail_chained(self, sign: Token) -> NoReturn:
        self.fail(f"comparisons do not chain; write a {sign.text} b and b {self.token.text} c")

    def _quotient(self, left: Term, place: Place) -> Parse:
        while self.token.kind == "/":
            place = self._deeper(place, self.take())
            right = yield from self._operand("div", place)
            left = terms.div(left, right)
        return left

    def _operand(self, head: str, place: Place) -> Parse:
        start = self.token
        term = yield self._expression(grammar.OPERANDS[head][1], place)
        self.check_kind(term, head in ("and", "or", "not"), start)
        return term

    def check_kind(self, term: Term, wants_truth: bool, start: Token) -> None:
        """Refuse a number where a comparison is wanted, and the other way round."""
        if (term.head in _TRUTHS) is wants_truth:
            return
        if wants_truth:
            self.fail("expected a comparison such as x > 0, found a number", start)
        self.fail("expected a number, found a comparison; write where(…, 1, 0)", start)

    def _deeper(self, place: Place, token: Token) -> Place:
        if place.depth >= grammar.MAX_DEPTH:
            limit = grammar.MAX_DEPTH
            self.fail(f"more than {limit} brackets, signs or powers inside one another", token)
        return replace(place, depth=place.depth + 1)

    def _prefix(self, level: int, place: Place) -> Parse:
        token = self.token
        if token.kind == "number":
            return terms.num(number(self.take().text))
        if token.kind == "-":
            inner = self._deeper(place, self.take())
            # after '*', '/' and '^' a sign takes one factor, else a whole product
            operand = grammar.PRECEDENCE["neg" if level <= grammar.PRECEDENCE["neg"] else "pow"]
            term = yield self._expression(operand, inner)
            self.check_kind(term, False, self.previous)
            return terms.neg(term)
        if token.kind == "(":
            opened = self.take()
            term = yield self._expression(ANYTHING, self._deeper(place, opened))
            self.close(")", opened)
            return term
        if token.kind == "[":
            return (yield from self._bracket(place))
        if token.kind == "name":
            return (yield from self._named(level, place))
        self._fail_prefix(token)

    def _fail_prefix(self, token: Token) -> NoReturn:
        hints = {"+": "; a number has no sign '+'", "reason": "; '--' starts a reason, write -(-x)"}
        self.fail(f"expected an expression, found {token}{hints.get(token.kind, '')}")

    def _bracket(self, place: Place) -> Parse:
        opened = self.take()
        inner = replace(self._deeper(place, opened), indexing=True)
        term = yield self._expression(ANYTHING, inner)
        self.close("]", opened)
        if term.head not in RELATIONS:
            self.fail("expected one comparison in the brackets, such as [i = j]", opened)
        return make("bracket", (term,))

    def _named(self, level: int, place: Place) -> Parse:
        token = self.take()
        name = token.text
        self._check_primes(token, place)
        if name == "not":
            if level > grammar.PRECEDENCE["not"]:
                self.fail("'not' is for comparisons; put them in parentheses", token)
            operand = yield from self._operand("not", self._deeper(place, token))
            return make("not", (operand,))
        if self.token.kind == "(":
            return (yield from self._called(token, place))
        if self.token.kind == "[" and name in grammar.REDUCTION_HEADS:
            return (yield from self._reduction(token, place))
        self._check_reserved(token)
        indices = None
        if self.token.kind == "[":
            self.scope.check_indexed(self.source, token)
            opened = self.take()
            inner = replace(self._deeper(place, opened), indexing=True)
            indices = yield from self._list("]", opened, inner)
            if len(indices) > grammar.MAX_AXES:
                self.fail(f"more than {grammar.MAX_AXES} axes", opened)
        return self.scope.symbol(self.source, token, indices, place)

    def _check_primes(self, token: Token, place: Place) -> None:
        if token.text.endswith("'") and (not place.indexing or self.token.kind in ("(", "[")):
            self.fail(f"'{token.text}' has a prime; only an index may have one", token)

    def _check_reserved(self, token: Token) -> None:
        name = token.text
        if name in FUNCTIONS or name in grammar.REDUCTION_HEADS or name in _SPECIAL or name == "size":
            self.fail(f"'{name}' is a function; its argument stands in parentheses", token)
        if name in grammar.RESERVED - grammar.CONSTANTS:
            self.fail(f"expected an expression, found the word '{name}'", token)
        if name in grammar.CONSTANTS and self.token.kind == "[":
            self.fail(f"'{name}' has no axes", token)

    def _list(self, end: str, opened: Token, place: Place, truths: int = 0) -> Generator[Any, Term, list[Term]]:
        """Parse expressions up to the bracket ``end``; the first ``truths`` of them are comparisons."""
        found: list[Term] = []
        while True:
            start = self.token
            term = yield self._expression(ANYTHING, place)
            self.check_kind(term, len(found) < truths, start)
            found.append(term)
            if not self.accept(","):
                self.close(end, opened)
                return found

    def _called(self, token: Token, place: Place) -> Parse:
        name = token.text
        if name in grammar.REDUCTION_HEADS and name not in FUNCTIONS:
            self.fail(f"'{name}' names its axis: {name}[k](…)", token)
        opened = self.take()
        if name == "size":
            axis = self.expect("name", "the name of an axis")
            self.close(")", opened)
            self.scope.check_axis_name(self.source, axis, has_primes=False)
            return terms.size(axis.text)
        inner = self._deeper(place, opened)
        arguments = yield from self._list(")", opened, inner, truths=name == "where")
        build = _SPECIAL.get(name, _node_call if name not in FUNCTIONS else _function)
        return build(self, token, arguments)

    def _reduction(self, token: Token, place: Place) -> Parse:
        axes = [axis.text for axis in self.names("[", "]", "the name of an axis")]
        opened = self.expect("(", f"'(' and what {token.text} runs over")
        inner = self._deeper(place, opened)
        if place.bound is not None:
            inner = replace(inner, bound=place.bound.union(axes))
        start = self.token
        body = yield self._expression(ANYTHING, inner)
        self.check_kind(body, False, start)
        self.close(")", opened)
        return terms.reduction(grammar.REDUCTION_HEADS[token.text], axes, body)

    def names(self, start: str, end: str, what: str, new: bool = False) -> list[Token]:
        """Parse a bracketed list of axis names, all different; ``new``: they may be undeclared."""
        opened = self.expect(start)
        found: list[Token] = []
        while True:
            token = self.expect("name", what)
            if token.text in [other.text for other in found]:
                self.fail(f"the axis '{token.text}' stands twice", token)
            if len(found) == grammar.MAX_AXES:
                self.fail(f"more than {grammar.MAX_AXES} axes", token)
            if not new:
                self.scope.check_axis_name(self.source, token)
            found.append(token)
            if not self.accept(","):
                self.close(end, opened)
                return found


def _function(parser: Parser, token: Token, arguments: list[Term]) -> Term:
    wanted = FUNCTIONS[token.text]
    if len(arguments) < 2 if wanted is None else len(arguments) != wanted:
        count = "two or more arguments" if wanted is None else "one argument"
        parser.fail(f"'{token.text}' takes {count}, not {len(arguments)}", token)
    return make(token.text, arguments)


def _where(parser: Parser, token: Token, arguments: list[Term]) -> Term:
    if len(arguments) != 3:
        shape = "where(condition, value, otherwise)"
        parser.fail(f"'where' takes 3 arguments: {shape}, not {len(arguments)}", token)
    return make("where", arguments)


def _derivative(parser: Parser, token: Token, arguments: list[Term]) -> Term:
    if len(arguments) != 2 or arguments[1].head != "sym":
        parser.fail("'D' takes an expression and a variable: D(x^2, x)", token)
    return make("D", arguments)


def _node_call(parser: Parser, token: Token, arguments: list[Term]) -> Term:
    parser.scope.check_call(parser.source, token, len(arguments))
    return make("call", arguments, token.text.replace("_", "-"))


_SPECIAL: Final[dict[str, Callable[[Parser, Token, list[Term]], Term]]] = {
    "where": _where,
    "D": _derivative,
}

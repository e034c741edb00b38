r"""LaTeX back to terms: the subset that our own emitter writes, read to the same expression.

It is no reader of other people's LaTeX.  What two terms share in print (``10^{30}`` as a number and as a power) is read
as :func:`printed_form` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

from backproof.emit.latex_names import LETTERS, Vocabulary
from backproof.emit.latex_tokens import Cursor, Token
from backproof.language.printer import decimal
from backproof.terms import (
    FUNCTIONS,
    Term,
    add,
    call,
    derivative,
    div,
    make,
    mul,
    neg,
    num,
    power,
    reduction,
    sym,
    transform,
    where,
)

#: What follows a bare function command; the operators that carry an axis are reductions.
_NAMED: Final = {
    **{f"\\{name}": name for name in ("exp", "log", "max", "min", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    r"\arctan": "atan",
}  # fmt: skip
_REDUCTIONS: Final = {
    r"\max": "reduce_max", r"\min": "reduce_min", r"\operatorname{mean}": "mean",
    r"\operatorname{logsumexp}": "logsumexp",
}  # fmt: skip
_BIG: Final = {r"\sum": "sum", r"\prod": "prod"}
_RELATIONS: Final = {"<": "lt", r"\le": "le", ">": "gt", r"\ge": "ge", "=": "eq", r"\ne": "ne"}
_AFTER_FACTOR: Final = frozenset({"+", "-", "/", ")", "]", "}", "&", ",", r"\rvert", r"\end", *_RELATIONS})
_DEEPEST: Final = 60


def printed_form(root: Term) -> Term:
    """Return the term that is read back from the print of ``root``: powers of ten that print as numbers are."""

    def printed(term: Term) -> Term:
        if term.head != "pow" or term.args[0].head != "num" or term.args[0].data != 10:
            return term
        return _power_of_ten(term.args[1]) or term

    return transform(root, printed)


def _power_of_ten(exponent: Term) -> Term | None:
    """Return the number that ten to this power is printed like, or None where a number would print its digits."""
    negative = exponent.head == "neg"
    digits = exponent.args[0] if negative else exponent
    if digits.head != "num" or digits.data.denominator != 1 or digits.data > 10_000:
        return None
    value = Fraction(10) ** int(-digits.data if negative else digits.data)
    return num(value) if "e" in decimal(value) else None


def read_latex(text: str, names: Vocabulary) -> Term:
    """Return the term that ``text`` shows; raises SourceError at what is not of our own LaTeX."""
    reader = Reader(text, names)
    term = reader.logic()
    reader.finish()
    return term


class Reader(Cursor):
    """A recursive descent over the tokens of one formula, loosest operators first."""

    def __init__(self, text: str, names: Vocabulary) -> None:
        super().__init__(text)
        self.names = names
        self.depth = 0
        self.inside = 0

    # ------------------------------------------------------------------ operators

    def logic(self) -> Term:
        """Read relations joined by one of ``and`` and ``or``."""
        self._descend()
        parts, joint = [self.relation()], ""
        while self.token.kind == "text" and self._word() in ("and", "or"):
            joint = self._word()
            self.take()
            parts.append(self.relation())
        self.depth -= 1
        return make(joint, parts) if joint else parts[0]

    def _descend(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail("this is nested too deep", self.token.at)

    def _word(self) -> str:
        return self.token.text.removeprefix(r"\text{").removesuffix("}").strip()

    def relation(self) -> Term:
        """Read ``a < b``, ``not (…)`` or a sum."""
        if self.token.kind == "text" and self._word() == "not":
            self.take()
            return make("not", (self.group(),))
        left = self.sum()
        while self.token.text in _RELATIONS:
            head = _RELATIONS[self.take().text]
            left = make(head, (left, self.sum()))
        return left

    def sum(self) -> Term:
        """Read signed products."""
        terms = [self.signed()]
        while self.token.text in ("+", "-"):
            terms.append(neg(self.product()) if self.take().text == "-" else self.product())
        return add(*terms)

    def signed(self) -> Term:
        """Read a product, or one after a sign."""
        return neg(self.product()) if self.accept("-") else self.product()

    def product(self) -> Term:
        """Read factors side by side or with a dot; what a sum sign stands before is the last one."""
        factors = [self.factor()]
        while not self._ends_product():
            self.accept(r"\cdot")
            factors.append(self.factor())
        return mul(*factors)

    def _ends_product(self) -> bool:
        token = self.token
        return token.kind in ("end", "rowend", "text") or token.text in _AFTER_FACTOR

    def factor(self) -> Term:
        """Read ``a``, or ``a/b`` on a line."""
        left = self.raised()
        return div(left, self.raised()) if self.accept("/") else left

    def raised(self) -> Term:
        """Read a unit with its exponent."""
        is_e = self.token.text == "e" and "e" not in self.names.scope.shown
        base = self.unit()
        if not self.accept("^"):
            return base
        exponent = self.braced()
        if is_e and not base.args:
            return call("exp", exponent)
        if base is num(10) and (number := _power_of_ten(exponent)) is not None:
            return number
        return power(base, exponent)

    # ------------------------------------------------------------------ units

    def unit(self) -> Term:
        """Read what holds together by itself."""
        token = self.token
        if token.kind in _KINDS:
            return _KINDS[token.kind](self)
        if token.text in LETTERS:
            return self.symbol()
        if token.text in _UNITS:
            self.take()
            return _UNITS[token.text](self)
        if token.text not in _NAMED and token.text not in _BIG:
            self.fail("expected a number, a name or a bracket", token.at)
        return self.function()

    def number(self) -> Term:
        """Read digits, which may have been broken into several lines, and ``\\times 10^{n}``."""
        digits = self.take().text
        while self.token.kind == "number":
            digits += self.take().text
        mantissa = Fraction(digits)
        if not self.accept(r"\times"):
            return num(mantissa)
        self.take()
        self.expect("^")
        exponent = self.braced()
        shift = -exponent.args[0].data if exponent.head == "neg" else exponent.data
        return num(mantissa * Fraction(10) ** int(shift))

    def group(self) -> Term:
        """Read ``( … )``."""
        self.expect("(")
        inner = self.logic()
        self.expect(")")
        return inner

    def braced(self) -> Term:
        """Read ``{ … }``."""
        self.expect("{")
        inner = self.logic()
        self.expect("}")
        return inner

    def name(self) -> str:
        """Read a name as it is shown, with the subscript that is part of it."""
        shown = self.take().text
        if self.token.text == "_" and self._has_own_subscript(shown):
            shown += "".join(self.take().text for _ in range(4))
        return shown

    def _has_own_subscript(self, shown: str) -> bool:
        """Say whether the subscript that follows belongs to the name, and is no index."""
        inside, end = self.ahead(2), self.ahead(3)
        if end.text != "}" or inside.kind not in ("below", "number"):
            return False
        whole = f"{shown}_{{{inside.text}}}"
        return inside.kind == "below" or self.names.knows(whole) or not self.names.knows(shown)

    def symbol(self) -> Term:
        """Read a variable with its indices, an index, or the length of an axis."""
        shown = self.name()
        return self.names.symbol(shown, self.indices() if self.accept("_") else (), inside=self.inside > 0)

    def indexed(self) -> Term:
        """Read ``{x_{1}}_{n}``, the entry of a variable whose name has a subscript."""
        shown = self.name()
        self.expect("}")
        self.expect("_")
        return self.names.symbol(shown, self.indices())

    def indices(self) -> list[Term]:
        """Read ``{n k}``, letters side by side, or ``{n, k + 1}``."""
        self.expect("{")
        self.inside += 1
        found = [self.sum()]
        while self.accept(","):
            found.append(self.sum())
        self.inside -= 1
        self.expect("}")
        if len(found) == 1 and found[0].head == "mul" and all(arg.head == "idx" for arg in found[0].args):
            return list(found[0].args)
        return found

    def axes(self) -> tuple[str, ...]:
        """Read ``_{n, k}``, the axes of a reduction."""
        self.expect("_")
        self.expect("{")
        found = [self.names.source(self.name())]
        while self.accept(","):
            found.append(self.names.source(self.name()))
        self.expect("}")
        return tuple(found)

    def function(self) -> Term:
        """Read a function or a reduction with what it is applied to."""
        shown = self.take().text
        if shown in _BIG:
            return reduction(_BIG[shown], self.axes(), self.product())
        if shown in _REDUCTIONS and self.token.text == "_":
            return reduction(_REDUCTIONS[shown], self.axes(), self.group())
        name = _NAMED.get(shown) or shown.removeprefix(r"\operatorname{").removesuffix("}")
        if self.accept("^"):
            exponent = self.braced()
            return power(self.applied(name), exponent)
        return self.applied(name)

    def applied(self, name: str) -> Term:
        """Read ``(a, b)`` behind a function's name."""
        self.expect("(")
        arguments = [self.logic()]
        while self.accept(","):
            arguments.append(self.logic())
        self.expect(")")
        if name == "pow":
            return power(*arguments)
        return call(name, *arguments) if name in FUNCTIONS else make("call", arguments, name)

    def fraction(self) -> Term:
        """Read ``\\frac``: a gradient or a derivative if ∂ stands below as well, else a quotient."""
        self.expect("{")
        start = self.place
        if self.accept(r"\partial"):
            above = None if self.token.text == "}" else self.unit_or_loss()
            if [self.ahead(i).text for i in range(3)] == ["}", "{", r"\partial"]:
                self.place += 3
                below = self.unit()
                self.expect("}")
                return self.slope(above, below)
        self.place = start
        above = self.logic()
        self.expect("}")
        return div(above, self.braced())

    def ratio(self) -> Term:
        """Read ``\\partial y/\\partial x`` on a line."""
        above = None if self.token.text == "/" else self.unit_or_loss()
        self.expect("/")
        self.expect(r"\partial")
        return self.slope(above, self.unit())

    def slope(self, above: Term | str | None, below: Term) -> Term:
        """Return ∂above/∂below; the loss is text, and without ``above`` the function follows in parentheses."""
        if above is None:
            return derivative(self.group(), below)
        return sym(f"d{below.data}", *below.args) if isinstance(above, str) else derivative(above, below)

    def unit_or_loss(self) -> Term | str:
        """Read a symbol, or the loss as it is shown."""
        if self.token.text == self.names.loss:
            return self.take().text
        return self.unit()

    def absolute(self) -> Term:
        """Read ``\\lvert … \\rvert``."""
        inner = self.sum()
        self.expect(r"\rvert")
        return call("abs", inner)

    def bracket(self) -> Term:
        """Read ``[i = j]``."""
        self.inside += 1
        inner = self.logic()
        self.inside -= 1
        self.expect("]")
        return make("bracket", (inner,))

    def length(self) -> Term:
        """Read ``\\#n``, the length of an axis."""
        return make("size", (), self.names.source(self.name()))

    def environment(self) -> Term:
        """Read cases."""
        for token in ("{", *"cases", "}"):
            self.expect(token)
        rows = list(self._rows())
        term = self._part(rows[-1][0])
        for value, condition in reversed(rows[:-1]):
            term = where(self._part(condition), self._part(value), term)
        return term

    def _rows(self) -> Iterator[tuple[list[Token], list[Token]]]:
        """Yield (value, condition) of every case; a line that starts no case goes on with both cells above."""
        value: list[Token] = []
        condition: list[Token] = []
        for left, right in self._lines():
            starts = right[:1] and right[0].kind == "text" and right[0].text in (r"\text{if }", r"\text{otherwise}")
            if starts and value:
                yield value, condition
                value, condition = [], []
            value, condition = value + left, condition + (right[1:] if starts else right)
        yield value, condition

    def _lines(self) -> Iterator[tuple[list[Token], list[Token]]]:
        cells: tuple[list[Token], list[Token]] = ([], [])
        column = depth = 0
        while depth or self.token.text != r"\end":
            token = self.take()
            if token.kind == "end":
                self.fail("these cases are never closed", token.at)
            depth += {r"\begin": 1, r"\end": -1}.get(token.text, 0)
            if not depth and token.kind == "rowend":
                yield cells
                cells, column = ([], []), 0
            elif not depth and token.text == "&":
                column = 1
            else:
                cells[column].append(token)
        yield cells
        for token in (r"\end", "{", *"cases", "}"):
            self.expect(token)

    def _part(self, tokens: list[Token]) -> Term:
        """Read a cell by itself."""
        outer = self.tokens, self.place
        self.tokens, self.place = [*tokens, Token("end", "", self.token.at)], 0
        term = self.logic()
        self.finish()
        self.tokens, self.place = outer
        return term


_KINDS: Final[dict[str, Callable[[Reader], Term]]] = {
    "number": Reader.number, "letter": Reader.symbol, "word": Reader.symbol, "operator": Reader.function,
}  # fmt: skip


def _parenthesised(reader: Reader) -> Term:
    inner = reader.logic()
    reader.expect(")")
    return inner


_UNITS: Final[dict[str, Callable[[Reader], Term]]] = {
    "(": _parenthesised, "[": Reader.bracket, r"\frac": Reader.fraction, r"\partial": Reader.ratio,
    r"\sqrt": lambda reader: call("sqrt", reader.braced()), r"\lvert": Reader.absolute,
    r"\begin": Reader.environment, r"\#": Reader.length, "{": Reader.indexed,
}  # fmt: skip

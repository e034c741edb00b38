"""Terms to SymPy and back: neutral names on the way in, an author's order on the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import sympy as sp

from backproof.domains import REAL, Domain
from backproof.errors import NotDerivable
from backproof.terms import (
    ONE,
    RELATIONS,
    ZERO,
    Term,
    add,
    as_fraction,
    call,
    div,
    make,
    mul,
    neg,
    num,
    postorder,
    power,
    relation,
    sym,
    where,
)

PI: Final = sym("pi")
#: Powers of numbers beyond this are not worked out.
MAX_EXPONENT: Final = 1000


class NotConvertible(NotDerivable):
    """What is no real formula, or too large a number, for SymPy: an infinity, an imaginary unit, 9^9^9."""


def _piecewise(condition: Any, true: Any, false: Any) -> Any:
    return sp.Piecewise((true, condition), (false, True))


def _power(base: Any, exponent: Any) -> Any:
    if base.is_Rational and exponent.is_Rational and abs(exponent) > MAX_EXPONENT:
        raise NotConvertible("a number with too many digits")
    return base**exponent


def _quotient(above: Any, below: Any) -> Any:
    if below.is_zero:
        raise NotConvertible("a division by zero")
    return above / below


#: head -> SymPy's constructor on converted arguments.
TO_SYMPY: Final[dict[str, Callable[..., Any]]] = {
    "add": sp.Add,
    "mul": sp.Mul,
    "neg": lambda u: -u,
    "div": _quotient,
    "pow": _power,
    "exp": sp.exp,
    "log": sp.log,
    "sqrt": sp.sqrt,
    "abs": sp.Abs,
    "sign": sp.sign,
    "max": sp.Max,
    "min": sp.Min,
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": sp.tan,
    "atan": sp.atan,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tanh": sp.tanh,
    "erf": sp.erf,
    "lt": sp.Lt,
    "le": sp.Le,
    "gt": sp.Gt,
    "ge": sp.Ge,
    "eq": sp.Eq,
    "ne": sp.Ne,
    "and": sp.And,
    "or": sp.Or,
    "not": sp.Not,
    "where": _piecewise,
}
#: SymPy class -> head, for functions and conditions whose arguments carry over one by one.
FROM_SYMPY: Final[dict[Any, str]] = {
    make_sympy: head
    for head, make_sympy in TO_SYMPY.items()
    if isinstance(make_sympy, type) and head not in ("add", "mul", "pow")
} | {
    sp.StrictLessThan: "lt",
    sp.LessThan: "le",
    sp.StrictGreaterThan: "gt",
    sp.GreaterThan: "ge",
    sp.Equality: "eq",
    sp.Unequality: "ne",
}
#: How far to the right a factor stands: upstream gradient, number, name, root, function, sum, branches.
_PLACE: Final[dict[str, int]] = {"num": 1, "sym": 2, "add": 5, "where": 6} | dict.fromkeys(
    ("max", "min", "abs", "sign", "exp", "log", "tanh", "erf", "sin", "cos", "tan"), 4
)


class Translation:
    """Carries terms to SymPy and back, one neutral real symbol (``v0``, ``v1``, …) per name.

    Anything that SymPy should not look into (a derivative, an indexed symbol) becomes a symbol too.
    ``first`` orders the names; factors that are an ``upstream`` gradient come first in products.
    """

    def __init__(
        self,
        domains: Mapping[str, Domain] | None = None,
        first: Iterable[Term] = (),
        upstream: Iterable[Term] = (),
    ) -> None:
        self._domains = domains or {}
        self._symbols: dict[Term, Any] = {PI: sp.pi}
        self._terms: dict[Any, Term] = {sp.pi: PI}
        self._order: dict[Term, int] = {}
        self._decimals: set[Fraction] = set()
        self._front = set(upstream)
        self._keys: dict[Any, tuple[Any, ...]] = {}
        for term in (*self._front, *first):
            self.symbol(term)

    def symbol(self, term: Term) -> Any:
        """Return the neutral symbol that stands for ``term``."""
        found = self._symbols.get(term)
        if found is None:
            number = len(self._order)
            domain = self._domains.get(term.data, REAL) if term.head == "sym" else REAL
            found = sp.Symbol(f"v{number}", real=True, **_facts(domain))
            self._symbols[term], self._terms[found] = found, term
            self._order[term] = number
        return found

    def to_sympy(self, root: Term) -> Any:
        """Return ``root`` as a SymPy expression."""
        done: dict[Term, Any] = {}
        for term in postorder(root):
            if term.head == "num":
                value: Fraction = term.data
                if value.denominator != 1:
                    self._decimals.add(value)
                done[term] = sp.Rational(value.numerator, value.denominator)
            elif term.head in TO_SYMPY:
                done[term] = TO_SYMPY[term.head](*(done[arg] for arg in term.args))
            else:
                done[term] = self.symbol(term)
        return done[root]

    def from_sympy(self, root: Any) -> Term:
        """Return a SymPy expression as a term, written as a person writes it; raises NotConvertible."""
        done: dict[Any, Term] = dict(self._terms)
        stack = [root]
        while stack:
            expr = stack[-1]
            missing = [] if expr in done else [arg for arg in _parts(expr) if arg not in done]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            if expr not in done:
                done[expr] = self._write(expr, done)
        return done[root]

    def _write(self, expr: Any, done: Mapping[Any, Term]) -> Term:
        if expr.is_Rational:
            return self._number(Fraction(int(expr.p), int(expr.q)))
        if expr.is_Add:
            return self._sum(expr, done)
        if expr.is_Mul or expr.is_Pow:
            return self._product(expr, done)
        if isinstance(expr, sp.Piecewise):
            return _branches(expr, done)
        if isinstance(expr, sp.DiracDelta):
            return ZERO
        if isinstance(expr, sp.Heaviside):
            return where(_positive(done[expr.args[0]]), ONE, ZERO)
        if expr is sp.E:
            return call("exp", ONE)
        if expr in (sp.nan, sp.zoo, sp.oo, -sp.oo):
            raise NotConvertible("it holds a division by zero, or a power of zero")
        head = FROM_SYMPY.get(expr.func)
        if head is None:
            raise NotConvertible(f"{expr} is no real formula")
        return make(head, (done[arg] for arg in _sorted_arguments(expr, self._key)))

    def _number(self, value: Fraction) -> Term:
        if value < 0:
            return neg(self._number(-value))
        if value.denominator == 1 or self._is_decimal(value):
            return num(value)
        return div(num(value.numerator), num(value.denominator))

    def _is_decimal(self, value: Fraction) -> bool:
        if value in self._decimals or -value in self._decimals:
            return True
        finite = num(abs(value)).head == "num"
        return finite and any(seen.denominator >= 10 <= value.denominator for seen in self._decimals)

    def _key(self, expr: Any) -> tuple[Any, ...]:
        """Return where ``expr`` stands among its like: plain before composed, then by first appearance."""
        if expr not in self._keys:
            names = sorted(self._order[self._terms[s]] for s in expr.free_symbols if s in self._terms)
            self._keys[expr] = sp.count_ops(expr) if not expr.is_Symbol else 0, names, str(expr)
        return self._keys[expr]

    def _sum(self, expr: Any, done: Mapping[Any, Term]) -> Term:
        def key(part: Any) -> tuple[Any, ...]:
            return is_negative(part), not part.is_Rational, *self._key(part)

        return add(*(done[part] for part in sorted(expr.args, key=key)))

    def _product(self, expr: Any, done: Mapping[Any, Term]) -> Term:
        above: list[tuple[Any, Term]] = []
        below: list[tuple[Any, Term]] = []
        coefficient, radicand = Fraction(1), sp.Integer(1)
        for factor in sp.Mul.make_args(expr):
            base, exponent = factor.as_base_exp()
            if factor.is_Rational:
                coefficient *= Fraction(int(factor.p), int(factor.q))
            elif (base.is_Rational or base is sp.pi) and abs(exponent) == sp.S.Half:
                radicand *= base if exponent > 0 else 1 / base
            else:
                is_above, base, written = _factor(factor, done)
                (above if is_above else below).append((base, written))
        tops, bottoms = ([t for _, t in sorted(side, key=self._place)] for side in (above, below))
        coefficient, roots = _root(coefficient, radicand, self.from_sympy)
        bottoms = roots[1] + bottoms
        return self._assemble(coefficient, roots[0] + tops, bottoms)

    def _assemble(self, coefficient: Fraction, above: list[Term], below: list[Term]) -> Term:
        front = [term for term in above if term in self._front]
        top = [term for term in above if term not in self._front]
        size = abs(coefficient)
        if self._is_decimal(size):
            top.insert(0, num(size))
        else:
            top[:0] = [num(size.numerator)] if size.numerator != 1 else []
            below = ([num(size.denominator)] if size.denominator != 1 else []) + below
        factors = front + top or [ONE]
        if below:
            factors[-1] = div(factors[-1], mul(*below))
        return mul(*factors) if coefficient > 0 else neg(mul(*factors))

    def _place(self, factor: tuple[Any, Term]) -> tuple[Any, ...]:
        base, term = factor
        inner = term.args[0] if term.head == "pow" else term
        return _PLACE.get(inner.head, 3), *self._key(base)


def _parts(expr: Any) -> tuple[Any, ...]:
    if isinstance(expr, sp.Piecewise):
        return tuple(part for pair in expr.args for part in pair.args if part is not sp.true)
    if isinstance(expr, sp.Heaviside | sp.DiracDelta):
        return (expr.args[0],)
    return tuple(expr.args)


def _facts(domain: Domain) -> dict[str, bool]:
    """Return what SymPy may assume of a symbol: its sign, and that it is an integer."""
    facts: dict[str, bool] = {}
    if domain.low is not None and domain.low >= 0:
        open_at_zero = domain.low > 0 or domain.low_open
        facts["positive" if open_at_zero else "nonnegative"] = True
    if domain.high is not None and domain.high <= 0:
        open_at_zero = domain.high < 0 or domain.high_open
        facts["negative" if open_at_zero else "nonpositive"] = True
    if domain.nonzero:
        facts["zero"] = False
    if domain.integer:
        facts["integer"] = True
    return facts


def _factor(factor: Any, done: Mapping[Any, Term]) -> tuple[bool, Any, Term]:
    """Return whether one factor stands above the line, its base, and its term there."""
    if isinstance(factor, sp.exp) or not factor.is_Pow:
        return True, factor, done[factor]
    base, exponent = factor.args
    if not exponent.is_Rational:
        return True, factor, power(done[base], done[exponent])
    size = abs(Fraction(int(exponent.p), int(exponent.q)))
    return bool(exponent > 0), base, _raise(done[base], size)


def _root(
    coefficient: Fraction, radicand: Any, write: Callable[[Any], Term]
) -> tuple[Fraction, tuple[list[Term], list[Term]]]:
    """Return a constant times sqrt(radicand) as coefficient, roots above and roots below the line.

    ``sqrt(2)/2`` becomes ``1/sqrt(2)``, ``sqrt(2)/(2*sqrt(pi))`` becomes ``1/sqrt(2*pi)``.
    """
    if radicand == 1:
        return coefficient, ([], [])
    top, bottom = sp.fraction(radicand)
    if top.is_Integer and top != 1 and coefficient.denominator % int(top) == 0:
        coefficient, top, bottom = coefficient * int(top), sp.Integer(1), top * bottom
    if top == 1:
        return coefficient, ([], [call("sqrt", write(bottom))])
    return coefficient, ([call("sqrt", write(top / bottom))], [])


def _raise(base: Term, exponent: Fraction) -> Term:
    if exponent == 1:
        return base
    if exponent == Fraction(1, 2):
        return call("sqrt", base)
    return power(base, num(exponent))


def is_negative(expr: Any) -> bool:
    """Say whether ``expr`` is written with a leading minus sign."""
    coefficient = expr.as_coeff_Mul()[0]
    return bool(coefficient.is_Rational and coefficient < 0)


def _positive(term: Term) -> Term:
    if term.head != "add" or len(term.args) != 2:
        return relation("gt", term, ZERO)
    left, right = term.args
    if as_fraction(left) is None:
        return relation("gt", left, _negated(right))
    return relation("lt", right.args[0], left) if right.head == "neg" else relation("gt", right, _negated(left))


def _negated(term: Term) -> Term:
    return term.args[0] if term.head == "neg" else neg(term)


def _branches(expr: Any, done: Mapping[Any, Term]) -> Term:
    pairs = [(pair.args[0], pair.args[1]) for pair in expr.args]
    if pairs[-1][1] is not sp.true:
        raise NotConvertible("a formula that is not defined everywhere")
    result = done[pairs[-1][0]]
    for value, condition in reversed(pairs[:-1]):
        result = where(done[condition], done[value], result)
    return result


def _sorted_arguments(expr: Any, key: Callable[[Any], Any]) -> list[Any]:
    if expr.func in (sp.Max, sp.Min):
        return sorted(expr.args, key=lambda arg: (not arg.is_Rational, *key(arg)))
    return list(expr.args)


def to_sympy(term: Term, domains: Mapping[str, Domain] | None = None) -> Any:
    """Return ``term`` as a SymPy expression in neutral symbols, numbered by first appearance."""
    return Translation(domains).to_sympy(term)


#: What a head adds to the reading; any other head adds 3.
_WEIGHT: Final[dict[str, int]] = {"sym": 1, "mul": 0, "neg": 1, "div": 2, "pow": 1} | dict.fromkeys(RELATIONS, 1)


def complexity(root: Term) -> int:
    """Return how much there is to read in ``root``: every occurrence of every sign, weighted."""
    cost: dict[Term, int] = {}
    for term in postorder(root):
        if term.head == "num":
            cost[term] = max(1, len(str(term.data)) - 1)
        elif term.head == "add":
            cost[term] = len(term.args) - 1 + sum(cost[arg] for arg in term.args)
        else:
            cost[term] = _WEIGHT.get(term.head, 3) + sum(cost[arg] for arg in term.args)
    return cost[root]

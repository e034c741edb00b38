"""An evaluator that shares nothing with the kernel and SymPy: mpmath numbers, dual numbers for derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath
from mpmath import mpf

from backproof.domains import Context
from backproof.terms import Term

DIGITS = 150
TINY = mpf(10) ** -40
STEP = mpf(10) ** -20


class UndefinedHere(Exception):
    """The term has no value at the point."""


class Unsure(Exception):
    """The evaluator cannot tell here: a number is too close to a boundary."""


class Tie(Exception):
    """A choice within a derivative sits exactly on its join."""


@dataclass(frozen=True)
class Dual:
    """``real + slope * eps`` where the square of ``eps`` is zero; ``tag`` tells nested derivatives apart."""

    real: Any
    slope: Any
    tag: int


def parts(value: Any, tag: int) -> tuple[Any, Any]:
    if isinstance(value, Dual) and value.tag == tag:
        return value.real, value.slope
    return value, mpf(0)


def primal(value: Any) -> mpf:
    while isinstance(value, Dual):
        value = value.real
    return value


def top_tag(*values: Any) -> int:
    return max((value.tag for value in values if isinstance(value, Dual)), default=0)


def plus(a: Any, b: Any) -> Any:
    tag = top_tag(a, b)
    if not tag:
        return a + b
    (a0, a1), (b0, b1) = parts(a, tag), parts(b, tag)
    return Dual(plus(a0, b0), plus(a1, b1), tag)


def times(a: Any, b: Any) -> Any:
    tag = top_tag(a, b)
    if not tag:
        return a * b
    (a0, a1), (b0, b1) = parts(a, tag), parts(b, tag)
    return Dual(times(a0, b0), plus(times(a0, b1), times(a1, b0)), tag)


def negative(a: Any) -> Any:
    return times(mpf(-1), a)


def inverse(a: Any) -> Any:
    if not isinstance(a, Dual):
        if a == 0:
            raise UndefinedHere
        if abs(a) < TINY:
            raise Unsure
        return 1 / a
    inner = inverse(a.real)
    return Dual(inner, negative(times(a.slope, times(inner, inner))), a.tag)


def lift(name: str, a: Any) -> Any:
    """Apply an elementary function; its slope is written out here once more, on purpose."""
    if not isinstance(a, Dual):
        if abs(a) > 100 and name in ("exp", "sinh", "cosh"):
            raise Unsure
        return VALUES[name](a)
    return Dual(lift(name, a.real), times(a.slope, SLOPES[name](a.real)), a.tag)


def _log(a: mpf) -> mpf:
    if a > TINY:
        return mpmath.log(a)
    raise UndefinedHere if a <= 0 else Unsure


def _sqrt(a: mpf) -> mpf:
    if a >= 0:
        return mpmath.sqrt(a)
    raise UndefinedHere if a < -TINY else Unsure


VALUES: dict[str, Callable[[Any], Any]] = {
    "exp": mpmath.exp, "log": _log, "sqrt": _sqrt, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "atan": mpmath.atan, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh, "erf": mpmath.erf,
}  # fmt: skip
SLOPES: dict[str, Callable[[Any], Any]] = {
    "exp": lambda a: lift("exp", a),
    "log": inverse,
    "sqrt": lambda a: inverse(times(mpf(2), lift("sqrt", a))),
    "sin": lambda a: lift("cos", a),
    "cos": lambda a: negative(lift("sin", a)),
    "tan": lambda a: inverse(times(lift("cos", a), lift("cos", a))),
    "atan": lambda a: inverse(plus(mpf(1), times(a, a))),
    "sinh": lambda a: lift("cosh", a),
    "cosh": lambda a: lift("sinh", a),
    "tanh": lambda a: inverse(times(lift("cosh", a), lift("cosh", a))),
    "erf": lambda a: times(2 / mpmath.sqrt(mpmath.pi), lift("exp", negative(times(a, a)))),
}


def whole_power(base: Any, exponent: int) -> Any:
    if exponent < 0:
        return whole_power(inverse(base), -exponent)
    result: Any = mpf(1)
    while exponent:
        if exponent & 1:
            result = times(result, base)
        base, exponent = times(base, base), exponent >> 1
    return result


def power(base: Any, exponent: Any) -> Any:
    """Return ``base**exponent``: whole exponents for every base, others for positive ones (and 0 at 0)."""
    if not isinstance(exponent, Dual) and exponent == int(exponent) and abs(exponent) < 10**4:
        return whole_power(base, int(exponent))
    at = primal(base)
    near = primal(exponent)
    if abs(near - mpmath.nint(near)) < TINY and near != mpmath.nint(near):
        raise Unsure
    if at == 0 and not isinstance(base, Dual) and not isinstance(exponent, Dual):
        if exponent > 0:
            return mpf(0)
        raise UndefinedHere
    if 0 < abs(at) < TINY:
        raise Unsure
    if at <= 0:
        raise UndefinedHere
    return lift("exp", times(exponent, lift("log", base)))


HOLDS: dict[str, Callable[[int], bool]] = {
    "lt": lambda s: s < 0, "le": lambda s: s <= 0, "gt": lambda s: s > 0,
    "ge": lambda s: s >= 0, "eq": lambda s: s == 0, "ne": lambda s: s != 0,
}  # fmt: skip


def sign(value: Any) -> int:
    at = primal(value)
    if at == 0:
        if isinstance(value, Dual):
            raise Tie
        return 0
    if abs(at) < TINY:
        raise Unsure
    return 1 if at > 0 else -1


@dataclass
class Evaluator:
    """Values of terms at a point: a recursive reading of the language, written for clarity."""

    context: Context
    point: Mapping[str, Any]
    depth: int = 0
    is_rough: list[bool] | None = None

    def value(self, term: Term) -> Any:
        rule = getattr(self, "_" + term.head, None)
        if rule is not None:
            return rule(term)
        if term.head in VALUES:
            if term.head == "tan":
                inverse(lift("cos", self.value(term.args[0])))
            return lift(term.head, self.value(term.args[0]))
        raise Unsure(term.head)

    def _num(self, term: Term) -> Any:
        return mpf(term.data.numerator) / term.data.denominator

    def _sym(self, term: Term) -> Any:
        if term.data in self.point:
            return self.point[term.data]
        if term.data in self.context.definitions:
            return self.value(self.context.definitions[term.data].term)
        if term.data == "pi":
            return +mpmath.pi
        raise Unsure(term.data)

    def _add(self, term: Term) -> Any:
        total: Any = mpf(0)
        for arg in term.args:
            total = plus(total, self.value(arg))
        return total

    def _mul(self, term: Term) -> Any:
        total: Any = mpf(1)
        for arg in term.args:
            total = times(total, self.value(arg))
        return total

    def _neg(self, term: Term) -> Any:
        return negative(self.value(term.args[0]))

    def _div(self, term: Term) -> Any:
        top, bottom = (self.value(arg) for arg in term.args)
        return times(top, inverse(bottom))

    def _pow(self, term: Term) -> Any:
        base, exponent = (self.value(arg) for arg in term.args)
        return power(base, exponent)

    def _abs(self, term: Term) -> Any:
        value = self.value(term.args[0])
        return negative(value) if sign(value) < 0 else value

    def _sign(self, term: Term) -> Any:
        return mpf(sign(self.value(term.args[0])))

    def _best(self, term: Term, direction: int) -> Any:
        best, *others = [self.value(arg) for arg in term.args]
        for other in others:
            if sign(plus(other, negative(best))) == direction:
                best = other
        return best

    def _max(self, term: Term) -> Any:
        return self._best(term, 1)

    def _min(self, term: Term) -> Any:
        return self._best(term, -1)

    def holds(self, condition: Term) -> bool:
        if condition.head in HOLDS:
            left, right = (self.value(arg) for arg in condition.args)
            return HOLDS[condition.head](sign(plus(left, negative(right))))
        results = [self.holds(arg) for arg in condition.args]
        return {"and": all, "or": any, "not": lambda r: not r[0]}[condition.head](results)

    def _where(self, term: Term) -> Any:
        return self.value(term.args[1] if self.holds(term.args[0]) else term.args[2])

    def _bracket(self, term: Term) -> Any:
        return mpf(1 if self.holds(term.args[0]) else 0)

    def _D(self, term: Term) -> Any:
        function, variable = term.args
        try:
            return self.slope(function, variable, mpf(0))
        except Tie:
            return self.slope_at_join(function, variable)

    def slope(self, function: Term, variable: Term, shift: mpf) -> Any:
        tag = self.depth + 1
        moved = Dual(plus(self.value(variable), shift), mpf(1), tag)
        inner = replace(self, point={**self.point, variable.data: moved}, depth=tag)
        return parts(inner.value(function), tag)[1]

    def slope_at_join(self, function: Term, variable: Term) -> Any:
        """Return the slope on both sides of a join, if there is one; it is good for some 15 digits."""
        here = self.value(function)
        sides = []
        for shift in (STEP, -STEP):
            beside = replace(self, point={**self.point, variable.data: plus(self.value(variable), shift)})
            if differ(beside.value(function), here):
                raise UndefinedHere
            sides.append(self.slope(function, variable, shift))
        if differ(*sides):
            raise UndefinedHere
        if self.is_rough is not None:
            self.is_rough[0] = True
        return sides[0]


def differ(one: Any, other: Any) -> bool:
    """Say whether two numbers are further apart than the step beside a join explains, be they large or small."""
    return bool(abs(primal(one) - primal(other)) > mpf(10) ** -8 * (1 + abs(primal(one))))


def evaluate(term: Term, context: Context, point: Mapping[str, Fraction]) -> tuple[mpf | None, bool]:
    """Return the value (None: undefined) to 50 digits, and whether it is only good for some 8; or raise Unsure."""
    with mpmath.workdps(DIGITS):
        numbers = {name: mpf(value.numerator) / value.denominator for name, value in point.items()}
        rough = [False]
        try:
            value = Evaluator(context, numbers, 0, rough).value(term)
        except UndefinedHere:
            return None, False
        except (OverflowError, mpmath.libmp.libhyper.NoConvergence, Tie, RecursionError) as problem:
            raise Unsure from problem
        if not mpmath.isfinite(value) or abs(value) > mpf(10) ** 400:
            raise Unsure
        return value, rough[0]


def compare(left: Term, right: Term, context: Context, point: Mapping[str, Fraction]) -> str:
    """Return ``equal``, ``different`` or which side is undefined (``left``, ``right``, ``both``); or raise Unsure."""
    (a, a_rough), (b, b_rough) = (evaluate(side, context, point) for side in (left, right))
    if a is None or b is None:
        return "both undefined" if a is b else "left undefined" if a is None else "right undefined"
    with mpmath.workdps(DIGITS):
        if a_rough or b_rough:
            return "equal" if abs(a - b) < mpf(10) ** -7 * (1 + max(abs(a), abs(b))) else "different"
        if abs(a - b) <= mpf(10) ** -40 * max(abs(a), abs(b)):
            return "equal"
        if abs(a - b) > mpf(10) ** -38 * (1 + max(abs(a), abs(b))):
            return "different"
    raise Unsure

"""The refutation of a step at a point, re-checked with mpmath's intervals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from mpmath import floor, iv, mpf

from backproof import terms
from backproof.domains import Context
from backproof.terms import Term
from backproof.verify.polynomials import Rejected, require
from backproof.verify.reading import CHOICES, Reader, interior, slope


class NoValue(Exception):
    """The term has no value at the point."""


class Point(Reader):
    """Intervals that contain the values of terms at an exact point."""

    def __init__(self, context: Context, point: dict[str, Fraction]) -> None:
        self.context, self.point = context, point
        self.done: dict[Term, Any] = {}

    def sign(self, subject: Term) -> int:
        value = self.value(subject)
        require(value > 0 or value < 0 or (value.a == 0 and value.b == 0), "a sign that is not certain")
        return 1 if value > 0 else -1 if value < 0 else 0

    def value(self, t: Term) -> Any:
        if t not in self.done:
            self.done[t] = self.work_out(t)
        return self.done[t]

    def work_out(self, t: Term) -> Any:
        if t.head == "num":
            return _interval(t.data)
        if t.head == "sym":
            return self.name(t)
        if t.head in CHOICES:
            return self.value(self.chosen(t, self.sign))
        if t.head == "D":
            return self.derivative(t)
        require(t.head in RULES, f"no rule for {t.head}")
        return RULES[t.head](*(self.value(arg) for arg in t.args))

    def name(self, t: Term) -> Any:
        require(not t.args, "an entry of an array")
        if t.data in self.point:
            return _interval(self.point[t.data])
        if t.data in self.context.definitions:
            return self.value(self.context.definitions[t.data].term)
        require(t.data == "pi", f"no value for {t.data}")
        return +iv.pi

    def derivative(self, t: Term) -> Any:
        """Return the slope where the point sits on no join; a function without a value has no slope."""
        function, x = self.unfolded(t.args[0], t.args[1], {}), t.args[1]
        self.value(function)
        found, inner = self.sides(function, x)
        require(len(found) == 1, "a derivative at a join")
        try:
            for each, by in [(found[0], x), *inner]:
                self.value(each)
                for base, n in interior(each, by):
                    exponent = self.value(n)
                    whole = exponent.a == exponent.b == floor(exponent.a)
                    require(whole or self.value(base) > 0, "a derivative at the edge of a root")
            return self.value(slope(found[0], x))
        except NoValue:
            raise Rejected("a slope without a value") from None


def _interval(value: Fraction) -> Any:
    return iv.mpf(value.numerator) / iv.mpf(value.denominator)


def _divided(a: Any, b: Any) -> Any:
    if b.a == 0 and b.b == 0:
        raise NoValue
    require(b > 0 or b < 0, "a denominator that may be zero")
    return a / b


def _logarithm(a: Any) -> Any:
    if a <= 0:
        raise NoValue
    require(a > 0, "the logarithm of what may not be positive")
    return iv.log(a)


def _root(a: Any) -> Any:
    if a < 0:
        raise NoValue
    require(a >= 0, "the root of what may be negative")
    return iv.sqrt(a)


def _power(base: Any, exponent: Any) -> Any:
    if exponent.a == exponent.b and exponent.a == int(exponent.a) and abs(exponent.a) < 10_000:
        n = int(exponent.a)
        whole = iv.mpf(1)
        for _ in range(abs(n)):
            whole = whole * base
        return whole if n >= 0 else _divided(iv.mpf(1), whole)
    if base.a == 0 and base.b == 0 and exponent > 0:
        return base
    if base < 0 and floor(exponent.a) == floor(exponent.b) and exponent.a > floor(exponent.a):
        raise NoValue
    require(base > 0, "a power of what may not be positive")
    return iv.exp(exponent * iv.log(base))


def _total(*args: Any) -> Any:
    return sum(args, iv.mpf(0))


def _product(*args: Any) -> Any:
    result = iv.mpf(1)
    for arg in args:
        result = result * arg
    return result


def _tanh(u: Any) -> Any:
    return 1 - 2 / (iv.exp(2 * u) + 1)


def _atan(u: Any) -> Any:
    """Return atan by its integral's alternating series after the argument has been halved often enough."""
    halvings = 0
    while not abs(u) < mpf("0.1"):
        u = u / (1 + iv.sqrt(1 + u * u))
        halvings += 1
    return _series(u, lambda n: Fraction((-1) ** n, 2 * n + 1)) * 2**halvings


def _erf(u: Any) -> Any:
    require(abs(u) < 12, "an argument of erf that is too large")
    factorial = [1]
    while len(factorial) < 1200:
        factorial.append(factorial[-1] * len(factorial))
    return 2 / iv.sqrt(iv.pi) * _series(u, lambda n: Fraction((-1) ** n, factorial[n] * (2 * n + 1)))


def _series(u: Any, coefficient: Callable[[int], Fraction]) -> Any:
    """Sum c_n*u^(2n+1), alternating; the first term left out bounds the error once the terms fall."""
    total, power, before = iv.mpf(0), u, iv.inf
    for n in range(1200):
        term = _interval(coefficient(n)) * power
        size = abs(term).b
        if size < mpf(10) ** -(iv.dps + 5) and size < before:
            return total + iv.mpf([-size, size])
        total, power, before = total + term, power * u * u, size
    raise Rejected("a series that is too long")


RULES: dict[str, Callable[..., Any]] = {
    "add": _total, "mul": _product, "neg": lambda a: -a, "div": _divided, "pow": _power, "exp": iv.exp,
    "log": _logarithm, "sqrt": _root, "sin": iv.sin, "cos": iv.cos, "tan": lambda a: _divided(iv.sin(a), iv.cos(a)),
    "sinh": lambda a: (iv.exp(a) - iv.exp(-a)) / 2, "cosh": lambda a: (iv.exp(a) + iv.exp(-a)) / 2,
    "tanh": _tanh, "atan": _atan, "erf": _erf,
}  # fmt: skip


def check_refutation(left: Term, right: Term, context: Context, certificate: dict[str, Any]) -> None:
    """Return where the two sides certainly differ at the certificate's point; raise Rejected elsewhere."""
    point = {str(name): Fraction(value) for name, value in certificate["point"].items()}
    for name in terms.names(left, right):
        require(name not in point or context.domain(name).contains(point[name]), "a point outside the domain")
    require(not set(point) & set(context.definitions), "a point on a line")
    require(all(context.domain(name).contains(value) for name, value in point.items()), "a point outside the domain")
    precision = int(certificate["precision"])
    require(16 <= precision <= 4096, "a precision beyond bounds")
    kept, iv.prec = iv.prec, precision
    try:
        values = [_side(side, context, point) for side in (left, right)]
    finally:
        iv.prec = kept
    if values[0] is None or values[1] is None:
        require(values[0] is not values[1], "both sides are undefined")
    else:
        require(values[0] > values[1] or values[0] < values[1], "intervals that meet")


def _side(side: Term, context: Context, point: dict[str, Fraction]) -> Any:
    try:
        return Point(context, point).value(side)
    except NoValue:
        return None

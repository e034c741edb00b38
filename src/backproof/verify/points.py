"""The refutation of a step at a point, re-checked with mpmath's intervals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from mpmath import floor, iv, mpf

from backproof import terms
from backproof.domains import Context
from backproof.terms import ZERO, Term, add, call, div, make, mul, num, sym
from backproof.verify.generators import axis_of
from backproof.verify.polynomials import Rejected, require
from backproof.verify.reading import CHOICES, Reader, at, interior, slope


class NoValue(Exception):
    """The term has no value at the point."""


class Point(Reader):
    """Intervals that contain the values of terms at an exact point, for given sizes of the axes."""

    def __init__(self, context: Context, point: dict[str, Fraction]) -> None:
        self.context, self.point = context, point
        self.sizes = {name[5:-1]: int(value) for name, value in point.items() if name.startswith("size(")}
        self.done: dict[Term, Any] = {}
        self.written: dict[Term, Term] = {}
        self.entries: dict[str, Term] = {}
        self.held = ""

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
        if t.data in self.point:
            return _interval(self.point[t.data])
        if t.data in self.entries:
            return self.value(self.entries[t.data])
        require(t.data == "pi", f"no value for {t.data}")
        return +iv.pi

    def derivative(self, t: Term) -> Any:
        """Return the slope where the point sits on no join; a function without a value has no slope."""
        function, x = t.args
        self.value(function)
        found, inner = self.sides(function, x)
        require(len(found) == 1, "a derivative at a join")
        try:
            for each, by in [(found[0][0], x), *inner]:
                self.value(each)
                for base, n in interior(each, by):
                    exponent = self.value(n)
                    whole = exponent.a == exponent.b == floor(exponent.a)
                    require(whole or self.value(base) > 0, "a derivative at the edge of a root")
            return self.value(slope(found[0][0], x))
        except NoValue:
            raise Rejected("a slope without a value") from None

    # Written out ---------------------------------------------------------------------------------------

    def scalar(self, t: Term) -> Term:
        """Return a term written out at the sizes: entries are names, definitions have their terms beside them."""
        key = make("held", (t,), self.held)
        if key not in self.written:
            require(len(self.written) < 100_000, "too many entries")
            self.written[key] = self.scalar_here(t)
        return self.written[key]

    def scalar_here(self, t: Term) -> Term:
        if t.head == "size":
            return num(self.sizes[axis_of(t.data)])
        if t.head in REDUCED:
            ranges = (range(self.sizes[axis_of(axis)]) for axis in t.data)
            places = (dict(zip(t.data, map(num, place), strict=True)) for place in product(*ranges))
            body = self.renamed(t.args[0])
            return REDUCED[t.head]([self.scalar(at(body, place)) for place in places])
        if t.head == "D":
            outer, self.held = self.held, t.args[1].data
            function, x = map(self.scalar, t.args)
            self.held = outer
            return make("D", (function, x)) if x.head == "sym" else ZERO
        if t.head == "sym":
            return self.entry(t)
        return terms.rebuild(t, tuple(map(self.scalar, t.args)))

    def entry(self, t: Term) -> Term:
        """Return one entry: zero outside its axes, a name of its own where it is held or has no definition."""
        definition = self.context.definitions.get(t.data)
        shape = self.context.shapes.get(t.data, ()) if definition is None else definition.axes
        require(len(shape) == len(t.args), "an entry of another shape")
        places = [self.whole(self.scalar(arg)) for arg in t.args]
        if not all(0 <= i < self.sizes[axis_of(axis)] for i, axis in zip(places, shape, strict=True)):
            return ZERO
        name = entry(t.data, places)
        if definition is None:
            return sym(name)
        if t.data == self.held:
            if name not in self.entries:
                outer, self.held = self.held, ""
                self.entries[name] = self.scalar(make("sym", map(num, places), t.data))
                self.held = outer
            return sym(name)
        return self.scalar(at(self.renamed(definition.term), dict(zip(shape, map(num, places), strict=True))))

    def whole(self, t: Term) -> int:
        """Return the value of an index, which is exact."""
        value = self.exact(t)
        require(value.denominator == 1, "an index that is no integer")
        return int(value)

    def exact(self, t: Term) -> Fraction:
        if t.head == "num":
            return Fraction(t.data)
        if t.head == "sym":
            return self.point[t.data]
        parts = [self.exact(arg) for arg in t.args]
        require(t.head in ("add", "mul", "neg", "div"), "an index that is not rational")
        if t.head == "div":
            return parts[0] / parts[1]
        return sum(parts, Fraction(0)) if t.head == "add" else Fraction(prod(parts)) if t.head == "mul" else -parts[0]


def entry(name: str, places: list[int]) -> str:
    return f"{name}[{','.join(map(str, places))}]" if places else name


def _extreme(head: str, parts: list[Term]) -> Term:
    return parts[0] if len(parts) == 1 else call(head, *parts)


REDUCED: dict[str, Callable[[list[Term]], Term]] = {
    "sum": lambda parts: add(*parts), "prod": lambda parts: mul(*parts),
    "mean": lambda parts: div(add(*parts), num(len(parts))),
    "reduce_max": lambda parts: _extreme("max", parts), "reduce_min": lambda parts: _extreme("min", parts),
    "logsumexp": lambda parts: call("log", add(*(call("exp", part) for part in parts))),
}  # fmt: skip


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
    if base.a == 0 and base.b == 0:
        if exponent < 0:
            raise NoValue
        require(exponent > 0, "a power of zero")
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
    require(not set(point) & set(context.definitions), "a point on a line")
    check_domains(context, point)
    precision = int(certificate["precision"])
    require(16 <= precision <= 4096, "a precision beyond bounds")
    indices = {name[6:]: num(value) for name, value in point.items() if name.startswith("index ")}
    kept = iv.prec
    try:
        for iv.prec in (precision, 4 * precision):
            a, b = (_side(side, context, point, indices) for side in (left, right))
            require(a is not b, "both sides are undefined")
            if a is None or b is None or a > b or a < b:
                return
    finally:
        iv.prec = kept
    raise Rejected("intervals that meet")


def check_domains(context: Context, point: dict[str, Fraction]) -> None:
    """Return where sizes are positive, indices inside their axes, and all values in their domains."""
    totals: dict[tuple[str, ...], Fraction] = {}
    for name, value in point.items():
        if name.startswith("size("):
            require(value.denominator == 1 and value > 0, "a size that is none")
        elif name.startswith("index "):
            length = point[f"size({axis_of(name[6:])})"]
            require(value.denominator == 1 and 0 <= value < length, "an index outside its axis")
        else:
            array, _, places = name.partition("[")
            domain = context.domain(array)
            require(domain.contains(value) and array not in context.definitions, "a point outside the domain")
            if domain.constraint:
                require(0 <= value <= 1 and (domain.constraint == "simplex" or value in (0, 1)), "no such entry")
                along = context.shapes[array].index(domain.axis)
                rest = places.rstrip("]").split(",")
                key = (array, *rest[:along], *rest[along + 1 :])
                totals[key] = totals.get(key, Fraction(0)) + value
    require(all(total == 1 for total in totals.values()), "entries that do not sum to one")


def _side(side: Term, context: Context, point: dict[str, Fraction], indices: dict[str, Term]) -> Any:
    try:
        reader = Point(context, point)
        return reader.value(reader.scalar(at(reader.renamed(side), indices)))
    except NoValue:
        return None

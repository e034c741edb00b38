"""Ball arithmetic: values of terms at exact points with certain error bounds, and points that refute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Final

import flint
from flint import arb, fmpq

from backproof.domains import Context, Domain
from backproof.kernel.slopes import (
    CHOICES,
    NotDifferentiable,
    choose,
    differentiate,
    instantiate,
    interior,
    sides,
    unfold,
)
from backproof.terms import Term, as_fraction

PRECISIONS: Final = (64, 256, 1024)
Point = Mapping[str, Fraction]


class Undecided(Exception):
    """The balls are too wide to tell."""


class NoValue(Exception):
    """The term provably has no value at the point."""


class Balls:
    """Evaluates terms at one exact point."""

    def __init__(self, context: Context, point: Point) -> None:
        self.context = context
        self.point = point
        self.done: dict[Term, arb] = {}

    def __call__(self, root: Term) -> arb:
        """Return a ball that contains the value of ``root``; raise NoValue or Undecided."""
        stack = [root]
        while stack:
            term = stack[-1]
            if term in self.done:
                stack.pop()
                continue
            needed = self.needed(term)
            missing = [arg for arg in needed if arg not in self.done]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            self.done[term] = self.combine(term, needed)
        return self.done[root]

    def needed(self, term: Term) -> tuple[Term, ...]:
        if term.head == "sym" and term.data not in self.point:
            definition = self.context.definitions.get(term.data)
            return () if definition is None else (instantiate(definition, term),)
        if term.head in CHOICES:
            return (choose(term, self.sign),)
        return self.slope(term) if term.head == "D" else term.args

    def combine(self, term: Term, needed: tuple[Term, ...]) -> arb:
        if term.head == "sym" and not needed:
            return self.atom(term)
        if term.head in CHOICES or term.head in ("sym", "D"):
            return self.done[needed[0]]
        rule = RULES.get(term.head)
        if rule is None:
            raise Undecided(term.head)
        value = rule(term, *(self.done[arg] for arg in term.args))
        if not value.is_finite():
            raise Undecided(term.head)
        return value

    def atom(self, term: Term) -> arb:
        if term.data in self.point:
            value = self.point[term.data]
            return arb(fmpq(value.numerator, value.denominator))
        if term.data == "pi":
            return arb.pi()
        raise Undecided(term.data)

    def sign(self, subject: Term) -> int:
        return certain_sign(self(subject))

    def slope(self, term: Term) -> tuple[Term, ...]:
        variable = term.args[1]
        function = unfold(term.args[0], self.context.definitions, variable)
        try:
            every = sides(function, variable, self.sign, lambda subject: (subject, 1))
            crossed = [join for join in every.joins if is_nonzero(self(differentiate(join, variable)))]
            beside = every.beside(crossed)
            slopes = [differentiate(side, variable) for side in beside]
        except NotDifferentiable:
            raise Undecided(term.head) from None
        functions = [*((side, variable) for side in beside), *every.inner]
        if any(not self.is_whole(exponent) and not self(base) > 0 for base, exponent in interior(functions)):
            raise Undecided(term.head)
        self(function)
        self.settle(slopes)
        if every.joins:
            self.compare([function, *beside], is_certain=False)
            self.compare(slopes, is_certain=len(crossed) == len(every.joins) == 1)
        return (slopes[0], function, *(each for each, _ in functions))

    def settle(self, slopes: Sequence[Term]) -> None:
        """Evaluate slopes; one that has no value as it is written may have one all the same."""
        try:
            for slope in slopes:
                self(slope)
        except NoValue:
            raise Undecided("D") from None

    def is_whole(self, exponent: Term) -> bool:
        value = self(exponent)
        return bool(value.is_exact()) and value.unique_fmpz() is not None

    def compare(self, terms: Sequence[Term], *, is_certain: bool) -> None:
        """Raise unless all values are the same; NoValue where a difference makes the slope undefined."""
        first = self(terms[0])
        for other in terms[1:]:
            value = self(other)
            if is_certain and not value.overlaps(first):
                raise NoValue("D")
            if not (value - first).is_zero():
                raise Undecided("D")


def is_nonzero(value: arb) -> bool:
    return bool(value > 0 or value < 0)


def certain_sign(value: arb) -> int:
    if value.is_zero():
        return 0
    if value > 0:
        return 1
    if value < 0:
        return -1
    raise Undecided("sign")


def _divide(top: arb, bottom: arb) -> arb:
    if bottom.is_zero():
        raise NoValue("div")
    return top / bottom


def _log(value: arb) -> arb:
    if value <= 0:
        raise NoValue("log")
    return value.log()


def _sqrt(value: arb) -> arb:
    if value < 0:
        raise NoValue("sqrt")
    return value.sqrt()


def _power(term: Term, base: arb, exponent: arb) -> arb:
    literal = as_fraction(term.args[1])
    whole = exponent.unique_fmpz()
    if whole is not None and exponent.is_exact() and abs(int(whole)) < 10**6:
        if whole < 0 and base.is_zero():
            raise NoValue("pow")
        return base ** int(whole)
    if base < 0 and exponent.contains_integer():
        raise Undecided("pow")
    if base < 0 or (base.is_zero() and exponent < 0):
        raise NoValue("pow")
    if base.is_zero() and literal is not None:
        return base
    return base**exponent


def _fold(combine: Callable[[arb, arb], arb]) -> Callable[..., arb]:
    def rule(term: Term, *args: arb) -> arb:
        total = args[0]
        for other in args[1:]:
            total = combine(total, other)
        return total

    return rule


def _number(term: Term) -> arb:
    value: Fraction = term.data
    return arb(fmpq(value.numerator, value.denominator))


RULES: Final[dict[str, Callable[..., arb]]] = {
    "num": _number,
    "add": _fold(lambda a, b: a + b),
    "mul": _fold(lambda a, b: a * b),
    "neg": lambda term, u: -u,
    "div": lambda term, u, v: _divide(u, v),
    "pow": _power,
    "exp": lambda term, u: u.exp(),
    "log": lambda term, u: _log(u),
    "sqrt": lambda term, u: _sqrt(u),
    "sin": lambda term, u: u.sin(),
    "cos": lambda term, u: u.cos(),
    "tan": lambda term, u: u.tan(),
    "atan": lambda term, u: u.atan(),
    "sinh": lambda term, u: u.sinh(),
    "cosh": lambda term, u: u.cosh(),
    "tanh": lambda term, u: u.tanh(),
    "erf": lambda term, u: u.erf(),
}

Value = arb | str


def value_at(term: Term, context: Context, point: Point, precision: int) -> Value | None:
    """Return a ball, ``"undefined"`` where the term provably has no value, None where nothing is certain."""
    with flint.ctx.workprec(precision):
        try:
            return Balls(context, point)(term)
        except NoValue:
            return "undefined"
        except Undecided:
            return None


def differ(left: Value, right: Value) -> bool:
    """Say whether two values are certainly different, both of them defined."""
    if isinstance(left, str) or isinstance(right, str):
        return False
    return not left.overlaps(right)


def decimal(value: Value, digits: int = 20) -> str:
    """Return the digits of a ball that are certain."""
    return value if isinstance(value, str) else str(value.str(digits, radius=False))


def shown(value: Value) -> list[str] | str:
    """Return the ends of a ball, outwards, as decimals."""
    if isinstance(value, str):
        return value
    return [str(end.str(40, radius=True)) for end in (value.lower(), value.upper())]


SPECIAL: Final = tuple(Fraction(n, d) for n, d in ((0, 1), (1, 1), (-1, 1), (1, 2), (2, 1), (-2, 1), (3, 1), (-3, 1)))


def random_value(domain: Domain, random: Random) -> Fraction:
    """Return a random dyadic number of the domain."""
    while True:
        step = Fraction(random.randint(1, 63), 16)
        if domain.low is not None and domain.high is not None:
            value = domain.low + (domain.high - domain.low) * Fraction(random.randint(0, 32), 32)
        elif domain.low is not None:
            value = domain.low + step
        elif domain.high is not None:
            value = domain.high - step
        else:
            value = step * random.choice((1, -1))
        if domain.integer:
            value = Fraction(round(value))
        if domain.contains(value):
            return value


def points(context: Context, free: Sequence[str], count: int, special: Sequence[str]) -> Iterator[dict[str, Fraction]]:
    """Yield exact points of the domain: special values first for each name of ``special``, then random ones."""
    random = Random(1)  # noqa: S311  # reproducible sampling, no secret
    for name in special[:8]:
        for value in SPECIAL[:3]:
            if context.domain(name).contains(value):
                point = {n: random_value(context.domain(n), random) for n in free}
                yield {**point, name: value}
    for _ in range(count):
        yield {name: random_value(context.domain(name), random) for name in free}

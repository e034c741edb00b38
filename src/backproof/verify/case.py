"""The value of every term in one case of a proof: worked out anew, with nothing of the certificate believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import product

from backproof import terms
from backproof.domains import Context, Definition
from backproof.terms import Term, idx, make, reduction, relation
from backproof.verify.generators import axis_of
from backproof.verify.polynomials import (
    ANY,
    DOWN,
    NONZERO,
    UNIT,
    UP,
    Poly,
    Rejected,
    Signs,
    constant,
    frozen,
    minus,
    plus,
    power_of,
    primitive,
    product_of,
    require,
    scaled,
    sum_of,
)
from backproof.verify.polynomials import ZERO as ONLY_ZERO
from backproof.verify.reading import CHOICES, SAME, Reader, at, interior, slope, without_choice
from backproof.verify.sums import Sums


class Indexed(Exception):
    """The sign of a subject depends on an index."""


class Case(Sums, Reader):
    """One case: what names are, what is known there, and the value of every term."""

    def __init__(self, context: Context, values: dict[str, Term]) -> None:
        super().__init__(context)
        self.values = values
        self.done: dict[Term, Poly] = {}
        self.sense: dict[Term, Signs] = {}
        self.angles: list[Poly] = []
        self.conditions: tuple[tuple[Term, Signs], ...] = ()

    def sign(self, subject: Term) -> int:
        value = self.value(subject)
        signs = self.signs(value)
        if len(signs) > 1 and self.is_indexed(value):
            raise Indexed
        require(len(signs) == 1, "a sign that is not known")
        return next(iter(signs))

    def turn(self, subject: Term, other: Term) -> int:
        bare = Case(self.context, {})
        try:
            a, b = bare.value(subject), bare.value(other)
        except Rejected:
            return int(subject is other)
        ratio = a[max(a)] / b[max(b)] if a and b and max(a) in b and max(b) in a else Fraction(0)
        return (ratio > 0) - (ratio < 0) if a == scaled(b, ratio) else int(subject is other)

    # Conditions -----------------------------------------------------------------------------------------

    def assumed(self, f: Poly) -> Signs:
        """Return the signs of f that a condition gives, which holds for all values of its indices."""
        kept, self.conditions = self.conditions, ()
        try:
            for subject, signs in kept:
                for q in self.instances(subject, sorted(self.indices(f))):
                    if q and len(q) == len(f) and primitive(q)[1] in (primitive(f)[1], scaled(primitive(f)[1], -1)):
                        return product_of([signs, UP if f[max(f)] / q[max(q)] > 0 else DOWN])
        finally:
            self.conditions = kept
        return ANY

    def instances(self, subject: Term, indices: list[str]) -> Iterator[Poly]:
        """Yield the values of a subject at all choices of these indices."""
        for chosen in product(*([j for j in indices if axis_of(j) == axis_of(i)] or [i] for i in subject.axes)):
            with suppress(Rejected):
                here = at(self.renamed(subject), dict(zip(subject.axes, map(idx, chosen), strict=True)))
                yield self.cleared(self.value(here))[0]

    # Terms ---------------------------------------------------------------------------------------------

    def value(self, t: Term) -> Poly:
        if t not in self.done:
            value = self.done[t] = self.work_out(t)
            known = self.spread(value) if value else ANY
            self.sense[t] = known
            if t.head in SENSE and len(known) > 1 and all(arg in self.done for arg in t.args):
                self.sense[t] = known & SENSE[t.head]([self.sensed(arg) for arg in t.args], t)
                if len(value) > 1 and self.sense[t] != known:
                    self.note(value, self.sense[t])
        return self.done[t]

    def sensed(self, t: Term) -> Signs:
        """Return the signs that a term has by the way in which it is written, or its value by what is known."""
        if len(self.sense[t]) == 3:
            c, f = primitive(self.cleared(self.value(t))[0])
            self.sense[t] = product_of([UP if c > 0 else DOWN, self.known.get(frozen(f), ANY)])
        return self.sense[t]

    def note(self, p: Poly, signs: Signs) -> None:
        """Keep what the way in which a value is written says of its sign."""
        q, below = self.cleared(p)
        if q:
            turn = [power_of(self.own(g), e) for g, e in below]
            if all(len(s) == 1 for s in turn):
                self.put(q, product_of([signs, *turn]))

    def work_out(self, t: Term) -> Poly:
        if t.head in CHOICES:
            try:
                return self.value(self.chosen(t, self.sign))
            except Indexed:
                return self.value(without_choice(t))
        if t.head in SAME:
            return self.value(SAME[t.head](t))
        if t.head in terms.REDUCTIONS:
            return self.reduced_over(t)
        rule = RULES.get(t.head)
        require(rule is not None, f"no rule for {t.head}")
        return rule(self, t)  # type: ignore[misc]

    def reduced_over(self, t: Term) -> Poly:
        if not all("#" in name for name in t.data):
            return self.value(self.renamed(t))
        return self.reduction(t.head, t.data, self.value(t.args[0]))

    def name(self, t: Term) -> Poly:
        shape = self.context.shapes.get(t.data, ())
        if t.data in self.values:
            return self.value(self.instantiated(Definition(t.data, self.values[t.data], shape), t))
        if t.data in self.context.definitions:
            return self.value(self.instantiated(self.context.definitions[t.data], t))
        return self.of("atom", t.data, *map(self.value, t.args))

    def derivative(self, t: Term) -> Poly:
        """Return the slope, having seen that the function has one: values beside the point, no jump, no corner."""
        x = t.args[1]
        function = self.unfolded(t.args[0], x) if t.head == "D" else self.renamed(t.args[0])
        found, inner = self.sides(function, x)
        for each, by in [*((side, x) for side, _ in found), *inner]:
            self.value(each)
            for base, n in interior(each, by):
                exponent = self.value(n)
                if not self.is_whole(exponent):
                    self.need(self.value(base), UP, "a derivative at the edge of a root")
        slopes = [self.value(slope(side, x)) for side, taken in found if self.is_beside(taken, x)]
        here = self.value(function)
        require(all(self.same(self.value(side), here) for side, _ in found), "a jump")
        require(all(self.same(each, slopes[0]) for each in slopes), "a corner")
        return slopes[0]

    def is_beside(self, taken: dict[Term, int], x: Term) -> bool:
        """Say whether there are points beside this one with these signs: not zero where a subject surely moves."""
        return not any(s == 0 and self.signs(self.value(slope(u, x))) <= NONZERO for u, s in taken.items())

    def is_whole(self, p: Poly) -> bool:
        """Say whether a value is certainly an integer."""
        used = [self.generators[g] for m in p for g, _ in m]
        whole = all(
            g.head in ("idx", "size") or (g.head == "atom" and self.context.domain(g.data).integer) for g in used
        )
        powers = all(e > 0 and e.denominator == 1 for m in p for _, e in m)
        return whole and powers and all(c.denominator == 1 for c in p.values())

    def raised_to(self, t: Term) -> Poly:
        base, exponent = map(self.value, t.args)
        if set(exponent) <= {()}:
            return self.power(base, exponent.get((), Fraction(0)))
        signs = self.signs(base)
        if signs != UP and self.is_whole(exponent):
            require(signs == frozenset({-1}), "a power of what may be zero, or of a sign that is not known")
            turned = self.exponential(self.times(exponent, self.logarithm(scaled(base, -1))))
            return self.times(self.parity(exponent), turned)
        return self.exponential(self.times(exponent, self.logarithm(base)))

    def parity(self, exponent: Poly) -> Poly:
        """Return (-1)^n for an integer n."""
        result = UNIT
        for monomial, c in exponent.items():
            if c % 2:
                odd = self.of("parity", None, {monomial: Fraction(1)}) if monomial else constant(-1)
                result = self.times(result, odd)
        return result

    def circle(self, u: Poly) -> tuple[Poly, Poly]:
        """Return (cos u, sin u) by the addition theorem, in whole multiples of the certificate's angles."""
        cosine, sine, rest = UNIT, constant(0), self.lowest(u)
        for angle in [*self.angles, *({m: abs(v)} for m, v in rest.items())]:
            lead = max(angle)
            n = rest.get(lead, Fraction(0)) / angle[lead]
            if not n or n.denominator != 1 or abs(n) > 64:
                continue
            rest = plus(rest, angle, -n)
            c1, s1 = self.of("cos", None, angle), scaled(self.of("sin", None, angle), 1 if n > 0 else -1)
            for _ in range(abs(int(n))):
                cosine, sine = (
                    minus(self.times(cosine, c1), self.times(sine, s1)),
                    plus(self.times(sine, c1), self.times(cosine, s1)),
                )
        return cosine, sine

    def joined(self, t: Term) -> Poly:
        """Return 0: away from a join a choice has a slope."""
        self.need(self.value(t.args[0]), NONZERO, "a derivative at a join")
        return {}

    def unique(self, t: Term) -> Poly:
        """Return 1, having seen that the extreme value is reached by one entry only."""
        extreme = t.args[0]
        reached = make("bracket", (relation("eq", extreme.args[0], extreme),))
        total = self.value(reduction("sum", extreme.data, reached))
        require(self.signs(minus(total, UNIT)) == ONLY_ZERO, "an extreme value that may be reached twice")
        return UNIT


def _divided(case: Case, t: Term) -> Poly:
    return case.times(case.value(t.args[0]), case.power(case.value(t.args[1]), Fraction(-1)))


def _total(case: Case, t: Term) -> Poly:
    total: Poly = {}
    for arg in t.args:
        total = plus(total, case.value(arg))
    return total


RULES: dict[str, Callable[[Case, Term], Poly]] = {
    "num": lambda case, t: constant(t.data),
    "idx": lambda case, t: case.of("idx", t.data),
    "size": lambda case, t: case.of("size", t.data),
    "sym": Case.name,
    "add": _total,
    "mul": lambda case, t: case.times(*map(case.value, t.args)),
    "neg": lambda case, t: scaled(case.value(t.args[0]), -1),
    "div": _divided,
    "pow": Case.raised_to,
    "exp": lambda case, t: case.exponential(case.value(t.args[0])),
    "log": lambda case, t: case.logarithm(case.value(t.args[0])),
    "cos": lambda case, t: case.circle(case.value(t.args[0]))[0],
    "sin": lambda case, t: case.circle(case.value(t.args[0]))[1],
    "atan": lambda case, t: case.odd("atan", case.value(t.args[0])),
    "erf": lambda case, t: case.odd("erf", case.value(t.args[0])),
    "D": Case.derivative,
    "partial": Case.derivative,
    "delta": lambda case, t: case.delta(case.value(t.args[0])),
    "positive": lambda case, t: case.positive(case.value(t.args[0])),
    "join": Case.joined,
    "unique": Case.unique,
}


def _sense_of_power(signs: list[Signs], t: Term) -> Signs:
    n = terms.as_fraction(t.args[1])
    return ANY if n is None else power_of(signs[0], n)


def _sense_of_product(signs: list[Signs], t: Term) -> Signs:
    counts: dict[Term, int] = {}
    for arg in t.args:
        counts[arg] = counts.get(arg, 0) + 1
    own = dict(zip(t.args, signs, strict=True))
    return product_of(power_of(own[arg], Fraction(n)) for arg, n in counts.items())


def _sense_of_sum(signs: list[Signs], t: Term) -> Signs:
    return ANY if signs[0] >= NONZERO else signs[0]


#: The signs that a term can have, given those of its parts.
SENSE: dict[str, Callable[[list[Signs], Term], Signs]] = {
    "add": lambda signs, t: sum_of(signs),
    "mul": _sense_of_product,
    "div": lambda signs, t: product_of([signs[0], power_of(signs[1], Fraction(-1))]),
    "pow": _sense_of_power,
    "sum": _sense_of_sum,
}

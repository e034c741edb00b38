"""The signs that values may have: from the domains, from what is known in a case, and from a few shapes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from backproof.domains import Context
from backproof.verify.generators import Generator, Generators, axis_of
from backproof.verify.polynomials import (
    ANY,
    DOWN,
    NONZERO,
    UNIT,
    UP,
    WEAK,
    ZERO,
    Monomial,
    Poly,
    Signs,
    constant,
    frozen,
    minus,
    plus,
    power_of,
    primitive,
    product_of,
    scaled,
    sum_of,
)


class Empty(Exception):
    """No point lies in the case."""


class Known(Generators):
    """Values with what is known of their signs; facts about bound indices hold for all of their values."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.known: dict[Any, Signs] = {}
        self.memo: dict[Any, Signs] = {}
        self.owned: dict[int, Signs] = {}

    def signs(self, p: Poly, depth: int = 0) -> Signs:
        """Return the signs that a value may have on the case: everything that is known, at once."""
        if not p:
            return ZERO
        found = self.spread(p)
        if len(found) > 1:
            q, below = self.cleared(p)
            turn = product_of(power_of(self.own(g) - ZERO, e) for g, e in below)
            if not q:
                return ZERO
            c, f = primitive(q)
            found &= product_of([turn, UP if c > 0 else DOWN, self.sought(f, depth)])
        if not found:
            raise Empty
        return found

    def spread(self, p: Poly) -> Signs:
        return sum_of(
            product_of([UP if v > 0 else DOWN, *(power_of(self.own(g), e) for g, e in m)]) for m, v in p.items()
        )

    def sought(self, f: Poly, depth: int) -> Signs:
        key = frozen(f)
        if key not in self.memo:
            if depth > 3:
                return ANY
            self.memo[key] = ANY
            found = self.known.get(key, ANY) & self.spread(f)
            turned = self.known.get(frozen(scaled(f, -1)), ANY)
            found &= product_of([turned, DOWN])
            for rule in (self.by_factors, self.by_exponents, self.by_square, self.by_known):
                found = found & rule(f, depth + 1) if len(found) > 1 else found
            found = found & self.assumed(f) if len(found) > 1 else found
            del self.memo[key]
            if depth > 0:
                return found
            self.memo[key] = found
        return self.memo[key]

    def assumed(self, f: Poly) -> Signs:
        """Return the signs that conditions give; those of nothing, where there are none."""
        return ANY

    def power(self, p: Poly, n: Fraction) -> Poly:
        raise NotImplementedError

    def learn(self, p: Poly, signs: Signs) -> None:
        """Record that a value has one of these signs throughout the case."""
        if not p or not signs & self.signs(p):
            if not p and 0 in signs:
                return
            raise Empty
        q, below = self.cleared(p)
        turn = product_of(power_of(self.own(g) - ZERO, e) for g, e in below)
        self.put(q, product_of([signs, turn]))
        self.memo.clear()
        self.owned.clear()
        number, parts = self.factors(q)
        open_ones = [(f, e) for f, e in parts if power_of(self.signs(f), e) not in (UP, DOWN)]
        for f, _ in open_ones if 0 not in signs else ():
            self.put(f, NONZERO)
        if len(open_ones) == 1 and open_ones[0][1] % 2:
            others = [power_of(self.signs(f), e) for f, e in parts if f != open_ones[0][0]]
            self.put(open_ones[0][0], product_of([signs, turn, UP if number > 0 else DOWN, *others]))

    def put(self, q: Poly, signs: Signs) -> None:
        c, f = primitive(q)
        key = frozen(f)
        self.known[key] = self.known.get(key, ANY) & product_of([signs, UP if c > 0 else DOWN])
        if not self.known[key]:
            raise Empty
        if self.known[key] == ZERO and any(f) and q not in self.zeros:
            self.zeros.append(q)
        self.memo.pop(key, None)

    def by_factors(self, f: Poly, depth: int) -> Signs:
        number, parts = self.factors(f)
        if len(parts) == 1 and parts[0][1] == 1:
            return ANY
        return product_of([UP if number > 0 else DOWN, *(power_of(self.signs(g, depth), e) for g, e in parts)])

    def by_exponents(self, f: Poly, depth: int) -> Signs:
        """c*(exp(u) - exp(v)) has the sign of c*(u - v); a sum of whole multiples of logs that of a product, less 1."""
        heads = {self.generators[g].head for m in f for g, _ in m}
        if len(f) == 2 and heads <= {"exp"} and sum(f.values()) == 0:
            (m, c), (n, _) = f.items()
            gap = minus(self.exponent(m), self.exponent(n))
            return product_of([UP if c > 0 else DOWN, self.signs(gap, depth)])
        if heads == {"log"} and all(len(m) == 1 and m[0][1] == 1 for m in f):
            unit = min(map(abs, f.values()))
            if all((c / unit).denominator == 1 and abs(c / unit) <= 8 for c in f.values()):
                powers = (self.power(self.generators[m[0][0]].args[0], c / unit) for m, c in f.items())
                return self.signs(minus(self.times(*powers), UNIT), depth)
        return ANY

    def exponent(self, monomial: Monomial) -> Poly:
        total: Poly = {}
        for g, e in monomial:
            total = plus(total, self.generators[g].args[0], e)
        return total

    def by_square(self, f: Poly, depth: int) -> Signs:
        """a*v^2 + b*v + c with 4ac > b^2 has the sign of a."""
        for g in {g for m in f for g, e in m if e == 2}:
            parts: list[Poly] = [{}, {}, {}]
            if any(dict(m).get(g, 0) not in (0, 1, 2) for m in f):
                continue
            for m, v in f.items():
                parts[int(dict(m).get(g, 0))][tuple(x for x in m if x[0] != g)] = v
            gap = minus(self.times(constant(4), parts[2], parts[0]), self.times(parts[1], parts[1]))
            if gap and self.signs(gap, depth) == UP:
                return self.signs(parts[2], depth)
        return ANY

    def by_known(self, f: Poly, depth: int) -> Signs:
        """What exceeds a known value that is not negative, times a monomial that is not either, is positive."""
        for key, signs in list(self.known.items()):
            known = dict(key) if signs <= WEAK else {}
            for times in self.multipliers(known, f) if 1 < len(known) <= len(f) else ():
                rest = minus(f, self.times(known, times))
                if rest and self.spread(times) <= WEAK and self.spread(rest) <= WEAK:
                    return sum_of([product_of([signs, self.spread(times)]), self.spread(rest)])
        return ANY

    @staticmethod
    def multipliers(known: Poly, f: Poly) -> Iterator[Poly]:
        """Yield the monomials by which the first term of one polynomial becomes a term of another."""
        first = max(known)
        for m, v in f.items():
            powers = dict(m)
            for g, e in first:
                powers[g] = powers.get(g, Fraction(0)) - e
            yield {tuple(sorted((g, e) for g, e in powers.items() if e)): v / known[first]}

    def own(self, i: int) -> Signs:
        """Return the signs of a generator."""
        if i not in self.owned:
            self.owned[i] = ANY  # while it is looked for
            self.owned[i] = self.own_signs(self.generators[i])
        return self.owned[i] & self.known.get(frozen({((i, Fraction(1)),): Fraction(1)}), ANY)

    def own_signs(self, g: Generator) -> Signs:
        if g.head in OWN:
            return OWN[g.head]
        if g.head == "atom":
            return self.atom_signs(g)
        if g.head == "log":
            return self.signs(minus(g.args[0], UNIT), 3)
        signs = self.signs(g.args[0], 3)
        if g.head == "sum" and signs >= NONZERO:
            return ANY
        return signs if signs <= WEAK or g.head != "prod" else ANY

    def atom_signs(self, g: Generator) -> Signs:
        if g.data == "pi" and "pi" not in self.context.domains:
            return UP
        shape = self.context.shapes.get(g.data, ())
        inside = all(self.runs_over(place, axis) for place, axis in zip(g.args, shape, strict=False))
        own = UP if g.data.startswith("_") else signs_of_domain(self.context, g.data)
        return own if inside else own | ZERO

    def runs_over(self, place: Poly, axis: str) -> bool:
        """Say whether an index is a running index of this axis, and so never outside it."""
        return any(place == self.of("idx", i) and axis_of(i) == axis_of(axis) for i in self.indices(place))


def signs_of_domain(context: Context, name: str) -> Signs:
    """Return the signs that a number of a name's domain can have, closed ends included."""
    domain = context.domain(name)
    below = domain.low is None or domain.low < 0
    above = domain.high is None or domain.high > 0
    signs = (DOWN if below else frozenset()) | (UP if above else frozenset())
    return WEAK if domain.constraint else signs | ZERO if domain.contains(Fraction(0)) else signs


OWN: dict[str, Signs] = {
    "exp": UP, "size": UP, "idx": WEAK, "delta": WEAK, "positive": WEAK, "parity": NONZERO, "sin": ANY, "cos": ANY,
}  # fmt: skip

"""Real numbers as sums of products of powers of generators: what they are, when two are equal, what signs they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, floor
from typing import Any

from backproof.domains import Context
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
    divided,
    frozen,
    minus,
    plus,
    power_of,
    primes,
    primitive,
    product_of,
    require,
    scaled,
    sum_of,
)


class Empty(Exception):
    """No point lies in the case."""


@dataclass(frozen=True)
class Generator:
    """A function applied to values; ``indices`` are the running indices that it depends on."""

    head: str
    data: Any
    args: tuple[Poly, ...]
    indices: frozenset[str]
    level: int


def axis_of(index: str) -> str:
    return index.split("#", maxsplit=1)[0].split("~", maxsplit=1)[0].rstrip("'")


class Algebra:
    """The values of one case; every generator is a real number there, for all values of its indices."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.generators: list[Generator] = []
        self.numbers: dict[Any, int] = {}
        self.known: dict[Any, Signs] = {}
        self.memo: dict[Any, Signs] = {}
        self.owned: dict[int, Signs] = {}
        self.zeros: list[Poly] = []
        self.hints: list[Poly] = []

    # Generators --------------------------------------------------------------------------------------

    def generator(self, head: str, data: Any, *args: Poly) -> int:
        """Return the number of a generator, the same for arguments that are certainly equal."""
        key = (head, data, *map(frozen, args))
        if key not in self.numbers:
            inside = [self.generators[g] for arg in args for m in arg for g, _ in m]
            bound = data if head in REDUCED else ()
            indices = {data} if head == "idx" else {i for g in inside for i in g.indices} - set(bound)
            level = max((g.level for g in inside), default=0) + (head in REDUCED)
            self.numbers[key] = self.alike(head, data, args)
            if self.numbers[key] < 0:
                self.numbers[key] = len(self.generators)
                self.generators.append(Generator(head, data, args, frozenset(indices), level))
        return self.numbers[key]

    def alike(self, head: str, data: Any, args: tuple[Poly, ...]) -> int:
        if head in COMPARED:
            for i, g in enumerate(self.generators):
                if g.head == head and g.data == data and all(map(self.same, g.args, args)):
                    return i
        return -1

    def of(self, head: str, data: Any, *args: Poly) -> Poly:
        return {((self.generator(head, data, *args), Fraction(1)),): Fraction(1)}

    def indices(self, p: Poly) -> set[str]:
        return {i for m in p for g, _ in m for i in self.generators[g].indices}

    def mentions(self, p: Poly, i: int) -> bool:
        """Say whether a value depends on a generator."""
        used = {g for m in p for g, _ in m}
        return i in used or any(self.mentions(arg, i) for g in used for arg in self.generators[g].args)

    def is_indexed(self, p: Poly) -> bool:
        """Say whether no case can be cut by the sign: it depends on a bound index, or on nothing but indices."""
        found = self.indices(p)
        bare = all(self.generators[g].head in ("idx", "size") for m in p for g, _ in m)
        return any("#" in i for i in found) or (bare and bool(found))

    # Arithmetic --------------------------------------------------------------------------------------

    def times(self, *args: Poly) -> Poly:
        total = UNIT
        for arg in args:
            total = self.times_two(total, arg)
        return total

    def times_two(self, a: Poly, b: Poly) -> Poly:
        require(len(a) * len(b) < 250_000, "a product is too large")
        total: Poly = {}
        for (m, x), (n, y) in product(a.items(), b.items()):
            powers = dict(m)
            for g, e in n:
                powers[g] = powers.get(g, Fraction(0)) + e
            for monomial, z in self.reduced(powers).items():
                total[monomial] = total.get(monomial, Fraction(0)) + x * y * z
        return {monomial: value for monomial, value in total.items() if value}

    def reduced(self, powers: dict[int, Fraction]) -> Poly:
        """Return a monomial by what is known of powers: sin^2 = 1 - cos^2, [c]^2 = [c], sqrt(f)^2 = f."""
        outside = UNIT
        for g, e in powers.items():
            made = self.generators[g]
            if made.head in ("delta", "positive") and e > 1:
                powers[g] = Fraction(1)
            elif made.head == "parity":
                powers[g] = e % 2
            elif made.head == "sin" and e >= 2:
                powers[g] = e % 2
                cosine = self.of("cos", None, *made.args)
                outside = self.times(outside, self.raised(minus(UNIT, self.times(cosine, cosine)), floor(e / 2)))
            elif made.head == "base" and (e >= 1 or (set(made.args[0]) == {()} and e < 0)):
                powers[g] = e % 1
                number = set(made.args[0]) == {()}
                whole = constant(made.args[0][()] ** floor(e)) if number else self.raised(made.args[0], floor(e))
                outside = self.times(outside, whole)
        rest = {tuple(sorted((g, e) for g, e in powers.items() if e)): Fraction(1)}
        return rest if outside is UNIT else self.times(rest, outside)

    def raised(self, a: Poly, n: int) -> Poly:
        require(n <= 600, "a power is too high")
        return self.times(*[a] * n)

    def cleared(self, p: Poly) -> tuple[Poly, Monomial]:
        """Return p times a monomial, and that monomial: no negative powers are left."""
        above: dict[int, Fraction] = {}
        while low := {g: min(dict(m).get(g, Fraction(0)) for m in p) for m in p for g, e in m if e < 0}:
            for g, e in low.items():
                lift = Fraction(ceil(-e)) if self.generators[g].head == "base" else -e
                above[g] = above.get(g, Fraction(0)) + lift
                p = self.times(p, {((g, lift),): Fraction(1)})
        return p, tuple(sorted(above.items()))

    def vanishes(self, p: Poly) -> bool:
        """Say whether a value is certainly zero on the whole case."""
        gap = self.cleared(p)[0]
        for zero in self.zeros:
            gap = gap and divided(gap, zero)[1]
        return not gap

    def same(self, a: Poly, b: Poly) -> bool:
        return self.vanishes(minus(a, b))

    def lowest(self, p: Poly) -> Poly:
        """Return p with every quotient by a base worked out as far as it goes."""
        for g in sorted({g for m in p for g, e in m if e < 0 and self.generators[g].head == "base"}):
            if any(e < 0 for m in self.generators[g].args[0] for _, e in m):
                continue
            top = max(ceil(-e) for m in p for h, e in m if h == g)
            rest = self.times(p, {((g, Fraction(top)),): Fraction(1)})
            p = {}
            for e in range(top, 0, -1):
                rest, above = self.cleared(rest)
                down = {tuple((h, -n) for h, n in above): Fraction(1)}
                rest, remainder = divided(rest, self.generators[g].args[0])
                rest, remainder = self.times(rest, down), self.times(remainder, down)
                p = plus(p, self.times(remainder, {((g, Fraction(-e)),): Fraction(1)}))
            p = plus(p, rest)
        return p

    def factors(self, p: Poly) -> tuple[Fraction, list[tuple[Poly, Fraction]]]:
        """Return p as a number and powers of factors: generators, hints that divide it, and what is left."""
        q, below = self.cleared(p)
        require(q, "the factors of zero")
        content, rest = primitive(q)
        common = {g: min(dict(m).get(g, Fraction(0)) for m in rest) for m in [next(iter(rest))] for g, _ in m}
        parts: list[tuple[Poly, Fraction]] = [({((g, Fraction(1)),): Fraction(1)}, e) for g, e in common.items() if e]
        rest = {tuple((g, e - common.get(g, 0)) for g, e in m if e != common.get(g, 0)): v for m, v in rest.items()}
        for hint in self.hints if len(rest) > 1 else ():
            n = 0
            while len(rest) > 1 and not (found := divided(rest, hint))[1]:
                rest, n = found[0], n + 1
            parts += [(hint, Fraction(n))] if n else []
        content, rest = content * primitive(rest)[0], primitive(rest)[1]
        parts += [(rest, Fraction(1))] if rest != UNIT else []
        return content, parts + [({((g, Fraction(1)),): Fraction(1)}, -e) for g, e in below]

    # Powers, exponentials, logarithms ------------------------------------------------------------------

    def need(self, p: Poly, signs: Signs, why: str) -> None:
        require(self.signs(p) <= signs, why)

    def power(self, p: Poly, n: Fraction) -> Poly:
        """Return p^n, having seen to it that it has a value."""
        if n >= 0 and n.denominator == 1:
            return self.raised(p, int(n))
        if n < 0:
            self.need(p, NONZERO, "a division by what may be zero")
        if n.denominator != 1:
            self.need(p, WEAK, "the root of what may be negative")
        if not p:
            return p
        number, parts = self.factors(p)
        result, rest = UNIT, UNIT
        for f, e in parts:
            signs = self.signs(f)
            if n.denominator == 1 or signs <= WEAK or (e % 2 == 0 and e * n % 2 == 0):
                result = self.times(result, self.base(f, e * n))
            elif signs == DOWN and e.denominator == 1:
                number *= (-1) ** (int(e) % 2)
                result = self.times(result, self.base(scaled(f, -1), e * n))
            else:
                rest = self.times(rest, self.base(f, e))
        if rest != UNIT:
            rest = scaled(rest, 1 if number > 0 else -1)
            if not self.signs(rest) <= WEAK:
                return self.base(p, n)
            return self.times(result, self.base(rest, n), self.number(abs(number), n))
        return self.times(result, self.number(number, n))

    def number(self, value: Fraction, n: Fraction) -> Poly:
        if n.denominator == 1:
            return constant(value ** int(n))
        result = UNIT
        for side, turn in ((value.numerator, n), (value.denominator, -n)):
            for p, times in primes(side):
                result = self.times(result, self.base(constant(p), times * turn))
        return result

    def base(self, f: Poly, n: Fraction) -> Poly:
        """Return f^n as a power of a generator."""
        if n >= 0 and n.denominator == 1:
            return self.raised(f, int(n))
        above = self.cleared(f)
        clears = n.denominator == 1 or all(self.own(g) == UP for g, _ in above[1])
        f, below = above if clears else (f, ())
        lifted = self.reduced({g: e * n for g, e in below})
        if len(f) == 1 and set(f.values()) == {1} and f != UNIT:
            ((monomial, _),) = f.items()
            if len(monomial) == 1 and (n.denominator == 1 or self.own(monomial[0][0]) <= WEAK):
                return self.times(self.reduced({monomial[0][0]: monomial[0][1] * n}), lifted)
        if ("base", None, frozen(scaled(f, -1))) in self.numbers and n.denominator == 1:
            return scaled(self.times(self.base(scaled(f, -1), n), lifted), (-1) ** (int(n) % 2))
        return self.times(self.reduced({self.generator("base", None, f): n}), lifted)

    def exponential(self, p: Poly) -> Poly:
        """Return exp(p): a product over the monomials of p, in which c*log(f) gives f^c."""
        result = UNIT
        for monomial, c in self.lowest(p).items():
            g = self.generators[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
            if g is not None and g.head == "log":
                result = self.times(result, self.power(g.args[0], c))
            else:
                made = self.generator("exp", None, {monomial: Fraction(1)})
                result = self.times(result, {((made, c),): Fraction(1)})
        return result

    def logarithm(self, p: Poly) -> Poly:
        """Return log(p) of what is positive: split over factors of known sign and even powers."""
        self.need(p, UP, "the logarithm of what may not be positive")
        number, parts = self.factors(p)
        total, rest = constant(0), UNIT
        for f, e in parts:
            signs = self.signs(f)
            if signs == UP or (signs == DOWN and e.denominator == 1):
                number *= 1 if signs == UP else (-1) ** (int(e) % 2)
                total = plus(total, self.log_of_factor(f if signs == UP else scaled(f, -1)), e)
            elif e % 2 == 0:
                total = plus(total, self.of("log", None, self.times(f, f)), e / 2)
            else:
                rest = self.times(rest, self.base(f, e))
        if rest != UNIT:
            sign = 1 if number > 0 else -1
            total, number = plus(total, self.of("log", None, scaled(rest, sign))), abs(number)
        for side, turn in ((number.numerator, 1), (number.denominator, -1)):
            for q, times in primes(side):
                total = plus(total, self.of("log", None, constant(q)), turn * times)
        return total

    def log_of_factor(self, f: Poly) -> Poly:
        if len(f) == 1:
            ((monomial, _),) = f.items()
            g = self.generators[monomial[0][0]]
            if g.head == "exp":
                return g.args[0]
            if g.head == "base":
                return self.logarithm(g.args[0])
        return self.of("log", None, f)

    # Signs -------------------------------------------------------------------------------------------

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
        return ANY

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


#: Reductions that are generators; their data are the names of the bound indices.
REDUCED = frozenset({"sum", "prod", "reduce_max"})
#: Generators that are looked for by the value of their arguments, not only by how these are written.
COMPARED = frozenset({"exp", "log", "base", "cos", "sin", "atan", "erf", "delta", "positive"})
OWN: dict[str, Signs] = {
    "exp": UP, "size": UP, "idx": WEAK, "delta": WEAK, "positive": WEAK, "parity": NONZERO, "sin": ANY, "cos": ANY,
}  # fmt: skip

"""Real numbers as sums of products of powers of generators: arithmetic, and when two are equal."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, floor
from typing import Any

from backproof.domains import Context
from backproof.verify.polynomials import (
    UNIT,
    Monomial,
    Poly,
    constant,
    divided,
    frozen,
    minus,
    plus,
    primitive,
    require,
)


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


class Generators:
    """The values of one case; every generator is a real number there, for all values of its indices."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.generators: list[Generator] = []
        self.numbers: dict[Any, int] = {}
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


#: Reductions that are generators; their data are the names of the bound indices.
REDUCED = frozenset({"sum", "prod", "reduce_max"})
#: Generators that are looked for by the value of their arguments, not only by how these are written.
COMPARED = frozenset({"exp", "log", "base", "cos", "sin", "atan", "erf", "delta", "positive"})

"""Polynomials as dictionaries from monomials (sorted pairs of generator and exponent) to fractions; sets of signs."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import product

Poly = dict[tuple[tuple[int, int], ...], Fraction]
Value = tuple[Poly, Poly]
Signs = frozenset[int]
ANY, UP, DOWN, WEAK = frozenset({-1, 0, 1}), frozenset({1}), frozenset({-1}), frozenset({0, 1})
UNIT: Poly = {(): Fraction(1)}


class Rejected(Exception):
    """The certificate does not show what it says."""


def require(holds: object, why: str) -> None:
    if not holds:
        raise Rejected(why)


def plus(a: Poly, b: Poly, scale: Fraction = Fraction(1)) -> Poly:
    total = dict(a)
    for monomial, value in b.items():
        total[monomial] = total.get(monomial, Fraction(0)) + scale * value
    return {monomial: value for monomial, value in total.items() if value}


def times(a: Poly, b: Poly) -> Poly:
    require(len(a) * len(b) < 250_000, "a product is too large")
    total: Poly = {}
    for (m, x), (n, y) in product(a.items(), b.items()):
        powers = dict(m)
        for g, e in n:
            powers[g] = powers.get(g, 0) + e
        key = tuple(sorted(powers.items()))
        total[key] = total.get(key, Fraction(0)) + x * y
    return {monomial: value for monomial, value in total.items() if value}


def raised(a: Poly, n: int) -> Poly:
    require(n <= 600, "a power is too high")
    return reduce(times, [a] * n, UNIT)


def divided(a: Poly, b: Poly) -> tuple[Poly, Poly]:
    """Return quotient and remainder; the remainder is empty where ``b`` divides ``a``."""
    count = 1 + max((g for p in (a, b) for m in p for g, _ in m), default=0)
    lead = max(b, key=lambda m: [dict(m).get(g, 0) for g in range(count)])
    whole: Poly = {}
    while (found := next((m for m in a if all(dict(m).get(g, 0) >= e for g, e in lead)), None)) is not None:
        rest = tuple((g, e - dict(lead).get(g, 0)) for g, e in found if e > dict(lead).get(g, 0))
        part = {rest: a[found] / b[lead]}
        whole, a = plus(whole, part), plus(a, times(part, b), Fraction(-1))
        require(len(whole) < 2000, "a division is too long")
    return whole, a


def product_of(*sets: Signs) -> Signs:
    return reduce(lambda a, b: frozenset(x * y for x in a for y in b), sets, UP)


def sum_of(sets: list[Signs]) -> Signs:
    """Return the signs that a sum can have, given those of its parts."""
    if len(sets) == 1:
        return sets[0]
    every = frozenset().union(*sets)
    if {1, -1} <= every:
        return ANY
    return every - {0} if any(0 not in s for s in sets) else every

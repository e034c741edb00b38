"""Polynomials as dictionaries from monomials (sorted pairs of generator and exponent) to fractions; sets of signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

Monomial = tuple[tuple[int, Fraction], ...]
Poly = dict[Monomial, Fraction]
Signs = frozenset[int]
ANY, UP, DOWN, WEAK, ZERO = (frozenset(s) for s in ({-1, 0, 1}, {1}, {-1}, {0, 1}, {0}))
NONZERO = UP | DOWN
UNIT: Poly = {(): Fraction(1)}


class Rejected(Exception):
    """The certificate does not show what it says."""


def require(holds: object, why: str) -> None:
    if not holds:
        raise Rejected(why)


def constant(value: Fraction | int) -> Poly:
    return {(): Fraction(value)} if value else {}


def plus(a: Poly, b: Poly, scale: Fraction | int = 1) -> Poly:
    total = dict(a)
    for monomial, value in b.items():
        total[monomial] = total.get(monomial, Fraction(0)) + scale * value
    return {monomial: value for monomial, value in total.items() if value}


def minus(a: Poly, b: Poly) -> Poly:
    return plus(a, b, -1)


def scaled(a: Poly, scale: Fraction | int) -> Poly:
    return plus({}, a, scale)


def order(monomial: Monomial) -> list[tuple[int, Fraction]]:
    return [(-g, e) for g, e in monomial]


def lowered(monomial: Monomial, by: Monomial) -> Monomial | None:
    """Return what is left of a monomial that another one divides; None where it does not."""
    powers = dict(monomial)
    for g, e in by:
        powers[g] = powers.get(g, Fraction(0)) - e
        if powers[g] < 0:
            return None
    return tuple((g, e) for g, e in powers.items() if e)


def divided(a: Poly, b: Poly) -> tuple[Poly, Poly]:
    """Return quotient and remainder of polynomials without negative powers in ``b``."""
    lead = max(b, key=order)
    whole: dict[Monomial, Fraction] = {}
    rest: Poly = {}
    a = dict(a)
    while a:
        require(len(whole) + len(rest) < 4000, "a division is too long")
        first = max(a, key=order)
        left = lowered(first, lead)
        if left is None:
            rest[first] = a.pop(first)
            continue
        part = a[first] / b[lead]
        whole[left] = part
        for monomial, value in b.items():
            powers = dict(left)
            for g, e in monomial:
                powers[g] = powers.get(g, Fraction(0)) + e
            key = tuple(sorted((g, e) for g, e in powers.items() if e))
            a[key] = a.get(key, Fraction(0)) - part * value
            if not a[key]:
                del a[key]
    return whole, rest


def primitive(a: Poly) -> tuple[Fraction, Poly]:
    """Return c and p with a = c*p: whole coefficients without a common factor, the larger ones positive."""
    below = lcm(*(v.denominator for v in a.values()))
    content = Fraction(gcd(*(int(v * below) for v in a.values())), below)
    values = sorted(a.values())
    if values < sorted(-v for v in values):
        content = -content
    return content, {m: v / content for m, v in a.items()}


def frozen(a: Poly) -> tuple[tuple[Monomial, Fraction], ...]:
    return tuple(sorted(a.items()))


def primes(value: int) -> Iterator[tuple[int, int]]:
    """Yield the prime factors of a number with their multiplicities; what is left above 10^12 counts as one."""
    p = 2
    while p * p <= value and p < 10**6:
        times = 0
        while value % p == 0:
            value, times = value // p, times + 1
        if times:
            yield p, times
        p += 1
    if value > 1:
        yield value, 1


def product_of(sets: Iterable[Signs]) -> Signs:
    return reduce(lambda a, b: frozenset(x * y for x in a for y in b), sets, UP)


def sum_of(sets: Iterable[Signs]) -> Signs:
    """Return the signs that a sum can have, given those of its parts."""
    parts = list(sets)
    every = frozenset[int]().union(*parts)
    if len(parts) == 1:
        return every
    if every >= NONZERO:
        return ANY
    return every - ZERO if any(0 not in s for s in parts) else every


def power_of(signs: Signs, exponent: Fraction) -> Signs:
    """Return the signs of a power; what stands below a fraction bar is not zero, what has a root not negative."""
    if exponent < 0:
        signs -= ZERO
    if exponent.denominator != 1:
        return signs & WEAK
    return signs if exponent % 2 else frozenset(s * s for s in signs)

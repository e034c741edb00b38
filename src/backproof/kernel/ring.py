"""Exact fractions of polynomials over Q whose generators are real functions.

Soundness needs no algebraic independence of the generators: each stands for a real number at every point of
the domain, so a polynomial that is zero is a true identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from math import gcd, lcm
from typing import Any, Final

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from backproof.terms import ONE, Term, add, div, mul, neg, num, power

#: A monomial: sparse exponents by generator number.
Monomial = tuple[tuple[int, int], ...]
#: The rational content of a polynomial and its irreducible factors with their multiplicities.
Factors = tuple[Fraction, list[tuple[fmpq_mpoly, int]]]

MAX_TERMS: Final = 20_000
MAX_PRODUCT: Final = 2_000_000
MAX_DEGREE: Final = 4_000
MAX_GENERATORS: Final = 256


class TooBig(Exception):
    """A polynomial would exceed the bounds; the step is left unknown."""


class Restart(Exception):
    """The generators must be made anew: there are more of them, or a finer unit is needed."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A real number that the ring computes with: ``term`` is what it stands for.

    ``sign`` is 1 where it is known to be positive, -1 negative; ``is_nonnegative`` and ``is_nonzero`` where
    only that is known; ``is_integer`` for integer variables and axes.  ``argument`` is the normal form (numerator
    key, denominator key) that a function was applied to.
    """

    number: int
    head: str
    term: Term
    sign: int | None = None
    is_nonnegative: bool = False
    is_nonzero: bool = False
    is_integer: bool = False
    argument: tuple[Any, ...] = ()


@dataclass
class Table:
    """What survives a restart: how many generators there is room for, and the unit of each exponent and root.

    What is true of polynomials whatever their generators stand for survives too, by the polynomial's text.
    """

    capacity: int = 16
    units: dict[Term, Fraction] = field(default_factory=dict)
    plain: dict[Term, tuple[Term, int]] = field(default_factory=dict)
    sparse: dict[str, tuple[tuple[Monomial, Fraction], ...]] = field(default_factory=dict)
    factors: dict[str, Factors] = field(default_factory=dict)


@cache
def _ring_of(capacity: int) -> tuple[fmpq_mpoly_ctx, tuple[fmpq_mpoly, ...], fmpq_mpoly]:
    context = fmpq_mpoly_ctx.get([f"g{i}" for i in range(capacity)], Ordering.lex)
    return context, context.gens(), context.constant(1)


class Ring:
    """A polynomial ring that gains generators as they are met."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.context, self.polynomials, self.unit = _ring_of(table.capacity)
        self.generators: list[Generator] = []
        self.numbers: dict[Any, int] = {}
        self.relations: dict[int, tuple[int, fmpq_mpoly]] = {}
        self.factored: dict[str, tuple[fmpq_mpoly, Factors]] = {}
        self.terms: dict[str, Term] = {}
        self.atoms: dict[int, tuple[str, int]] = {}
        self.zero = self.constant(Fraction(0))
        self.one = self.constant(Fraction(1))

    def constant(self, value: Fraction | int) -> Quotient:
        exact = fmpq(value.numerator, value.denominator)
        return Quotient(self, self.context.constant(exact), self.unit)

    def find(self, key: Any) -> Quotient | None:
        """Return the generator that was made for ``key``, if one was."""
        number = self.numbers.get(key)
        return None if number is None else self.quotient(self.polynomials[number])

    def generator(self, key: Any, head: str, term: Term, **known: Any) -> Quotient:
        """Return the generator for ``key``, a new one where it is met for the first time."""
        number = self.numbers.get(key)
        if number is None:
            number = len(self.generators)
            if number >= self.table.capacity:
                self.grow()
            self.numbers[key] = number
            self.generators.append(Generator(number, head, term, **known))
        return self.quotient(self.polynomials[number])

    def grow(self) -> None:
        """Raise Restart with room for twice as many generators, or TooBig."""
        if self.table.capacity >= MAX_GENERATORS:
            raise TooBig(f"more than {MAX_GENERATORS} different functions")
        self.table.capacity *= 2
        self.table.factors.clear()
        raise Restart

    def quotient(self, polynomial: fmpq_mpoly) -> Quotient:
        return Quotient(self, polynomial, self.unit)

    def relate(self, number: int, degree: int, value: fmpq_mpoly) -> None:
        """Let ``generator**degree`` reduce to ``value`` from now on."""
        self.relations[number] = (degree, value)

    def reduce(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """Return ``polynomial`` with every relation applied until none applies."""
        again = bool(self.relations)
        while again:
            again = False
            degrees = polynomial.degrees()
            for number, (degree, value) in self.relations.items():
                if degrees[number] >= degree:
                    polynomial = self.apply(polynomial, number, degree, value)
                    degrees = polynomial.degrees()
                    again = True
        return polynomial

    def apply(self, polynomial: fmpq_mpoly, number: int, degree: int, value: fmpq_mpoly) -> fmpq_mpoly:
        parts: dict[int, dict[tuple[int, ...], fmpq]] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            times, rest = divmod(exponents[number], degree)
            lowered = (*exponents[:number], rest, *exponents[number + 1 :])
            parts.setdefault(times, {})[lowered] = coefficient
        total = self.context.constant(0)
        for times, part in parts.items():
            check_product(len(part), len(value) ** min(times, 8))
            total += self.context.from_dict(part) * bounded_power(value, times)
        return total

    def factors(self, polynomial: fmpq_mpoly) -> Factors:
        """Return the rational content and the irreducible factors, and keep them for the certificate."""
        if len(polynomial) < 2:
            return factors_of(polynomial)
        text, known = str(polynomial), self.table.factors
        if text not in known:
            known[text] = factors_of(polynomial)
        found = known[text]
        if len(found[1]) > 1 or found[1][0][1] > 1:
            self.factored[text] = polynomial, found
        return found

    def monomials(self, polynomial: fmpq_mpoly) -> tuple[tuple[Monomial, Fraction], ...]:
        """Return the terms of a polynomial: exponents by generator number, and the coefficient."""
        text, known = str(polynomial), self.table.sparse
        if text not in known:
            terms = zip(polynomial.monoms(), polynomial.coeffs(), strict=True)
            known[text] = tuple((_sparse(exponents), _fraction(value)) for exponents, value in terms)
        return known[text]

    def monomial(self, monomial: Monomial) -> fmpq_mpoly:
        result = self.context.constant(1)
        for number, exponent in monomial:
            result *= self.polynomials[number] ** exponent
        return result

    def monomial_term(self, monomial: Monomial, coefficient: Fraction = Fraction(1)) -> Term:
        factors = [self.generators[i].term if e == 1 else power(self.generators[i].term, e) for i, e in monomial]
        size = abs(coefficient)
        if size != 1 or not factors:
            factors.insert(0, num(size))
        product = mul(*factors)
        return neg(product) if coefficient < 0 else product

    def term(self, polynomial: fmpq_mpoly) -> Term:
        """Return a term that stands for ``polynomial``."""
        text = str(polynomial)
        if text not in self.terms:
            self.terms[text] = add(*(self.monomial_term(m, c) for m, c in self.monomials(polynomial)))
        return self.terms[text]


def _sparse(exponents: tuple[int, ...]) -> Monomial:
    return tuple((number, int(times)) for number, times in enumerate(exponents) if times)


def _fraction(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def factors_of(polynomial: fmpq_mpoly) -> Factors:
    """Return the rational content and the irreducible factors with their multiplicities.

    ``a*v + b`` with ``a`` and ``b`` without a common factor is irreducible: nothing is left to look for.
    """
    degrees = polynomial.degrees()
    if len(polynomial) == 1:
        generators = polynomial.context().gens()
        lead = _fraction(polynomial.leading_coefficient())
        return lead, [(generators[i], int(times)) for i, times in enumerate(degrees) if times]
    if 1 not in degrees:
        number, parts = polynomial.factor()
        return _fraction(number), [(factor, int(times)) for factor, times in parts]
    place = degrees.index(1)
    slope = polynomial.derivative(place)
    common = slope.gcd(polynomial - slope * polynomial.context().gen(place))
    core = polynomial if common.is_constant() else polynomial // common
    lead, factors = factors_of(common)
    content = content_of(core)
    return lead * content, [(core / fmpq(content.numerator, content.denominator), 1), *factors]


def content_of(polynomial: fmpq_mpoly) -> Fraction:
    """Return the number by which the coefficients are whole, without a common divisor, the first one positive."""
    values = polynomial.coeffs()
    top = gcd(*(int(value.p) for value in values))
    content = Fraction(top, lcm(*(int(value.q) for value in values)))
    return content if values[0] > 0 else -content


def check_product(left: int, right: int) -> None:
    """Raise TooBig where a product of polynomials with so many terms should not be made."""
    if left * right > MAX_PRODUCT:
        raise TooBig(f"a product of polynomials with {left} and {right} terms")


def bounded_power(base: fmpq_mpoly, exponent: int) -> fmpq_mpoly:
    """Return ``base**exponent`` where its estimated size is within bounds."""
    size = len(base)
    if (
        exponent * max(base.degrees(), default=0) > MAX_DEGREE
        or (size > 1 and exponent > 64)
        or size ** min(exponent, 12) > MAX_PRODUCT
    ):
        raise TooBig(f"the power {exponent} of a polynomial with {size} terms")
    if size <= 1 and exponent > MAX_DEGREE:
        raise TooBig(f"the power {exponent}")
    return base**exponent


class Quotient:
    """``numerator / denominator`` in lowest terms, the denominator's leading coefficient one.

    Dividing assumes that the divisor is not zero: the caller has proved that or recorded it as a condition.
    """

    __slots__ = ("denominator", "numerator", "ring")

    def __init__(self, ring: Ring, numerator: fmpq_mpoly, denominator: fmpq_mpoly) -> None:
        self.ring = ring
        self.numerator = numerator
        self.denominator = denominator

    def lowest(self) -> Quotient:
        ring = self.ring
        numerator = ring.reduce(self.numerator)
        denominator = ring.reduce(self.denominator)
        if len(numerator) > MAX_TERMS or len(denominator) > MAX_TERMS:
            raise TooBig(f"a polynomial with {max(len(numerator), len(denominator))} terms")
        if denominator.is_zero():
            raise TooBig("a denominator that vanishes by the relations between its roots")
        if not denominator.is_constant():
            common = numerator.gcd(denominator)
            if not common.is_constant():
                numerator, denominator = numerator // common, denominator // common
        lead = denominator.leading_coefficient()
        if lead != 1:
            numerator, denominator = numerator / lead, denominator / lead
        return Quotient(ring, numerator, denominator)

    def __add__(self, other: Quotient) -> Quotient:
        if self.denominator == other.denominator:
            return Quotient(self.ring, self.numerator + other.numerator, self.denominator).lowest()
        check_product(len(self.numerator), len(other.denominator))
        check_product(len(other.numerator), len(self.denominator))
        check_product(len(self.denominator), len(other.denominator))
        return Quotient(
            self.ring,
            self.numerator * other.denominator + other.numerator * self.denominator,
            self.denominator * other.denominator,
        ).lowest()

    def __neg__(self) -> Quotient:
        return Quotient(self.ring, -self.numerator, self.denominator)

    def __sub__(self, other: Quotient) -> Quotient:
        return self + -other

    def __mul__(self, other: Quotient) -> Quotient:
        check_product(len(self.numerator), len(other.numerator))
        check_product(len(self.denominator), len(other.denominator))
        return Quotient(self.ring, self.numerator * other.numerator, self.denominator * other.denominator).lowest()

    def inverse(self) -> Quotient:
        return Quotient(self.ring, self.denominator, self.numerator).lowest()

    def __truediv__(self, other: Quotient) -> Quotient:
        return self * other.inverse()

    def __pow__(self, exponent: int) -> Quotient:
        if exponent == 1:
            return self
        base = self if exponent >= 0 else self.inverse()
        return Quotient(
            self.ring,
            bounded_power(base.numerator, abs(exponent)),
            bounded_power(base.denominator, abs(exponent)),
        ).lowest()

    def is_zero(self) -> bool:
        return bool(self.numerator.is_zero())

    def as_fraction(self) -> Fraction | None:
        """Return the value of a constant, else None."""
        if not (self.numerator.is_constant() and self.denominator.is_constant()):
            return None
        if self.is_zero():
            return Fraction(0)
        return _fraction(self.numerator.leading_coefficient() / self.denominator.leading_coefficient())

    def term(self) -> Term:
        top, bottom = self.ring.term(self.numerator), self.ring.term(self.denominator)
        return top if bottom is ONE else div(top, bottom)

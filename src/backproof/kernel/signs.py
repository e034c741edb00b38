"""Signs of polynomials whose generators are real functions: what is certain, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

from flint import fmpq, fmpq_mpoly

from backproof.kernel.indices import axis_of, ordered, reindex, renumber
from backproof.kernel.ring import Monomial, Quotient, Ring
from backproof.terms import idx

MAX_LOG_POWER: Final = 8
#: How many terms the discriminant of a quadratic polynomial may have before they are collected.
MAX_GAP: Final = 400


class Signs:
    """Decides signs from the generators' own, from the facts of the case, and from a few shapes."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.facts: dict[str, int] = {}
        self.zeros: list[fmpq_mpoly] = []
        self.nonzero: set[str] = set()
        self.granted: dict[str, int] = {}
        self.memo: dict[str, tuple[int | None, tuple[int, ...] | None]] = {}
        self.nonnegative: dict[str, fmpq_mpoly] = {}

    def learn_nonzero(self, value: Quotient) -> None:
        """Record that ``value``, and so each factor of its numerator, is not zero in this case."""
        for factor, _ in self.ring.factors(value.numerator)[1]:
            self.nonzero.add(str(factor))

    def learn_nonnegative(self, value: Quotient) -> None:
        """Record that ``value`` is at least zero in this case."""
        if value.is_zero():
            return
        polynomial = value.numerator * value.denominator
        self.nonnegative[str(polynomial)] = polynomial
        core = polynomial
        for factor, times in self.ring.factors(polynomial)[1]:
            if self.of_polynomial(factor) == 1:
                core = core // factor**times
        self.nonnegative[str(core)] = core

    def learn(self, value: Quotient, sign: int) -> None:
        """Record that ``value`` has ``sign`` throughout this case."""
        if sign == 0 and not value.numerator.is_constant():
            self.zeros.append(value.numerator)
        polynomial = value.numerator * value.denominator
        self.facts[str(polynomial)] = sign
        self.facts[str(-polynomial)] = -sign
        content, parts = self.ring.factors(polynomial)
        factors = [factor for factor, times in parts if times % 2]
        open_ones = [factor for factor in factors if self.of_polynomial(factor) is None]
        if sign and len(open_ones) == 1:
            rest = self.product(f for f in factors if f is not open_ones[0])
            lead = 1 if content > 0 else -1
            if rest:
                self.facts[str(open_ones[0])] = sign * rest * lead
                self.facts[str(-open_ones[0])] = -sign * rest * lead

    def vanishes(self, value: Quotient) -> bool:
        """Say whether ``value`` is zero throughout the case, given what is known to be zero."""
        remainder = value.numerator
        for zero in self.zeros:
            remainder = remainder if remainder.is_zero() else divmod(remainder, zero)[1]
        return bool(remainder.is_zero())

    def product(self, polynomials: Iterable[fmpq_mpoly]) -> int | None:
        total = 1
        for polynomial in polynomials:
            sign = self.of_polynomial(polynomial)
            if sign is None:
                return None
            total *= sign
        return total

    def of(self, value: Quotient) -> int | None:
        """Return 1, 0 or -1 where the sign of ``value`` is certain on the whole case, else None."""
        if value.is_zero():
            return 0
        polynomial = value.numerator * value.denominator
        whole = self.of_polynomial(polynomial)
        if whole is not None:
            return whole
        lead, factors = self.ring.factors(polynomial)
        total = 1 if lead > 0 else -1
        for factor, times in factors:
            sign = self.of_polynomial(factor)
            if times % 2 == 0 and sign is None and self.is_nonzero_polynomial(factor):
                sign = 1
            if sign is None:
                return None
            total *= sign**times
        return total

    def open_factor(self, value: Quotient) -> fmpq_mpoly | None:
        """Return a factor whose sign is not known, the shortest one."""
        polynomial = value.numerator * value.denominator
        unknown = [f for f, _ in self.ring.factors(polynomial)[1] if self.of_polynomial(f) is None]
        return min(unknown, key=lambda f: (len(f), str(f)), default=None)

    def is_nonzero(self, value: Quotient) -> bool:
        """Say whether ``value`` is certainly not zero on the whole case."""
        if value.is_zero():
            return False
        sign = self.of(value)
        if sign is not None:
            return sign != 0
        return all(self.is_nonzero_polynomial(f) for f, _ in self.ring.factors(value.numerator)[1])

    def is_nonnegative(self, value: Quotient) -> bool:
        """Say whether ``value`` is certainly at least zero on the whole case."""
        sign = self.of(value)
        if sign is not None:
            return sign >= 0
        polynomial = value.numerator * value.denominator
        if str(polynomial) in self.nonnegative:
            return True
        lead, factors = self.ring.factors(polynomial)
        odd = [f for f, times in factors if times % 2]
        if not odd:
            return bool(lead > 0)
        parts = [self.span(f) for f in odd]
        if any(part is None for part in parts):
            return False
        total = 1 if lead > 0 else -1
        for part in parts:
            total *= part or 1
        return total > 0

    def is_nonzero_polynomial(self, polynomial: fmpq_mpoly) -> bool:
        if self.of_polynomial(polynomial) in (1, -1) or str(polynomial) in self.nonzero:
            return True
        if len(polynomial) != 1:
            return False
        ((monomial, _),) = self.ring.monomials(polynomial)
        generators = [self.ring.generators[i] for i, _ in monomial]
        return all(g.is_nonzero or g.sign is not None for g in generators)

    def of_polynomial(self, polynomial: fmpq_mpoly, depth: int = 0) -> int | None:
        """Return the certain sign of a polynomial, else None."""
        if polynomial.is_constant():
            lead = 0 if polynomial.is_zero() else polynomial.leading_coefficient()
            return (lead > 0) - (lead < 0)
        key = str(polynomial)
        if key in self.facts:
            return self.facts[key]
        known, epoch = self.memo.get(key, (None, None))
        if known is None and epoch != self.epoch:
            known = self.sought(polynomial, depth)
            self.memo[key] = known, self.epoch if depth == 0 else None
        return known

    @property
    def epoch(self) -> tuple[int, ...]:
        """What is known so far, counted: a sign that was not found is looked for again when this has grown."""
        return len(self.facts), len(self.nonnegative), len(self.nonzero), len(self.granted)

    def sought(self, polynomial: fmpq_mpoly, depth: int) -> int | None:
        strict = self.one_signed(polynomial) or self.above_known(polynomial)
        if strict is None and self.granted:
            strict = self.granted.get(self.anywhere(polynomial))
        if strict:
            return strict
        return (
            self.of_difference(polynomial)
            if depth > 2
            else (self.of_difference(polynomial) or self.of_logs(polynomial) or self.of_quadratic(polynomial, depth))
        )

    def above_known(self, polynomial: fmpq_mpoly) -> int | None:
        """Return 1 where the polynomial is a known nonnegative one, times a nonnegative monomial, and more."""
        for known in self.nonnegative.values():
            if len(known) > len(polynomial):
                continue
            for factor in self.multipliers(known, polynomial):
                rest = polynomial - factor * known
                if not rest.is_zero() and self.one_signed(rest) == 1:
                    self.grant(polynomial)
                    return 1
        return None

    def grant(self, polynomial: fmpq_mpoly) -> None:
        """Remember a positive polynomial whatever its indices are called; facts of a case are about one entry."""
        written = self.anywhere(polynomial)
        if written and not self.facts:
            self.granted[written] = 1

    def anywhere(self, polynomial: fmpq_mpoly) -> str:
        """Return a text that is the same for polynomials that differ by the names of their indices only."""
        term = self.ring.term(polynomial)
        axes = [axis_of(axis) for axis in term.axes]
        if not term.reduces or len(set(axes)) != len(axes):
            return ""
        return ordered(renumber(reindex(term, {name: idx(axis_of(name)) for name in term.axes})))[1]

    def multipliers(self, known: fmpq_mpoly, polynomial: fmpq_mpoly) -> Iterator[fmpq_mpoly]:
        """Yield the monomials by which the leading term of ``known`` becomes a term of ``polynomial``."""
        first, value = next(iter(self.ring.monomials(known)))
        for monomial, coefficient in self.ring.monomials(polynomial):
            powers = dict(monomial)
            for number, exponent in first:
                powers[number] = powers.get(number, 0) - exponent
            quotient = tuple((n, e) for n, e in powers.items() if e)
            scale = coefficient / value
            if all(e > 0 for _, e in quotient) and self.of_monomial(quotient, scale)[0] == 1:
                yield self.ring.monomial(quotient) * fmpq(scale.numerator, scale.denominator)

    def span(self, polynomial: fmpq_mpoly) -> int | None:
        """Return 1 (-1) where the polynomial is certainly >= 0 (<= 0), else None."""
        signs = {self.of_monomial(m, c)[0] for m, c in self.ring.monomials(polynomial)}
        return signs.pop() if len(signs) == 1 else None

    def one_signed(self, polynomial: fmpq_mpoly) -> int | None:
        """Return the sign that every monomial has, one of them strictly."""
        spans = [self.of_monomial(m, c) for m, c in self.ring.monomials(polynomial)]
        direction = spans[0][0]
        if direction is None or any(sign != direction for sign, _ in spans):
            return None
        return direction if any(strict for _, strict in spans) else None

    def of_monomial(self, monomial: Monomial, coefficient: Fraction) -> tuple[int | None, bool]:
        """Return the sign of a monomial and whether it is strict."""
        sign, strict = (1 if coefficient > 0 else -1), True
        for number, exponent in monomial:
            generator = self.ring.generators[number]
            if generator.sign is not None:
                sign *= generator.sign**exponent
            elif exponent % 2 == 0 or generator.is_nonnegative:
                strict = strict and generator.is_nonzero
            else:
                return None, False
        return sign, strict

    def of_difference(self, polynomial: fmpq_mpoly) -> int | None:
        """Return the sign of c*(exp(u) - exp(v)): that of c*(u - v), where exp(u) and exp(v) are monomials."""
        terms = list(self.ring.monomials(polynomial))
        if len(terms) != 2 or terms[0][1] != -terms[1][1]:
            return None
        exponents = [self.exponent(monomial) for monomial, _ in terms]
        if exponents[0] is None or exponents[1] is None:
            return None
        sign = self.of(exponents[0] - exponents[1])
        return None if sign is None else sign * (1 if terms[0][1] > 0 else -1)

    def of_logs(self, polynomial: fmpq_mpoly) -> int | None:
        """Return the sign of a sum of c*log(a) with whole c (up to a factor): that of the product of a**c, less 1."""
        terms = list(self.ring.monomials(polynomial))
        unit = min(abs(coefficient) for _, coefficient in terms)
        product = self.ring.one
        for monomial, coefficient in terms:
            times = coefficient / unit
            generator = self.ring.generators[monomial[0][0]] if monomial else None
            if generator is None or len(monomial) > 1 or monomial[0][1] > 1 or generator.head != "log":
                return None
            if times.denominator != 1 or abs(times) > MAX_LOG_POWER:
                return None
            product *= generator.argument[0] ** int(times)
        return self.of(product - self.ring.one)

    def exponent(self, monomial: Monomial) -> Quotient | None:
        """Return u where the monomial is exp(u), else None."""
        total = self.ring.zero
        for number, times in monomial:
            generator = self.ring.generators[number]
            if generator.head != "exp":
                return None
            total += generator.argument[0] * self.ring.constant(times)
        return total

    def of_quadratic(self, polynomial: fmpq_mpoly, depth: int) -> int | None:
        """Return the sign of a*v**2 + b*v + c with a negative discriminant: that of a."""
        for number, degree in enumerate(polynomial.degrees()):
            if degree != 2:
                continue
            parts = self.coefficients(polynomial, number)
            if len(parts[2]) * len(parts[0]) + len(parts[1]) ** 2 > MAX_GAP:
                continue
            lead = self.of_polynomial(parts[2], depth + 1)
            if lead and self.of_polynomial(4 * parts[2] * parts[0] - parts[1] ** 2, depth + 1) == 1:
                return lead
        return None

    def coefficients(self, polynomial: fmpq_mpoly, number: int) -> list[fmpq_mpoly]:
        parts: list[dict[tuple[int, ...], fmpq]] = [{}, {}, {}]
        for exponents, value in polynomial.to_dict().items():
            rest = (*exponents[:number], 0, *exponents[number + 1 :])
            parts[exponents[number]][rest] = value
        return [self.ring.context.from_dict(part) for part in parts]


def factors_of_quotient(value: Quotient) -> tuple[Fraction, list[tuple[fmpq_mpoly, int]]]:
    """Return the content and the factors of a quotient, those of its denominator with negative multiplicities."""
    lead, above = value.ring.factors(value.numerator)
    below_lead, below = value.ring.factors(value.denominator)
    return lead / below_lead, [*above, *((factor, -times) for factor, times in below)]

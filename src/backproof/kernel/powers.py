"""Exponentials, logarithms, powers and roots: products of generators, one for each part that stands by itself."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Final

from flint import fmpq_mpoly, fmpz

from backproof.kernel.interruptions import Split, Undefined
from backproof.kernel.ring import Monomial, Quotient, Restart, TooBig
from backproof.kernel.signs import factors_of_quotient
from backproof.terms import ONE, ZERO, Term, call, div, mul, neg, num, power, relation

if TYPE_CHECKING:
    from backproof.kernel.normal import Normal

MAX_EXPONENT: Final = 512


def exponential(normal: Normal, value: Quotient) -> Quotient:
    """Return exp(value) as a product of generators, one for each monomial of the exponent."""
    whole, rest = divmod(value.numerator, value.denominator)
    result = normal.ring.one
    for top, bottom in ((whole, None), (rest, value.denominator)):
        for monomial, coefficient in normal.ring.monomials(top):
            result *= exponential_part(normal, monomial, coefficient, bottom)
    return result


def exponential_part(normal: Normal, monomial: Monomial, coefficient: Fraction, bottom: fmpq_mpoly | None) -> Quotient:
    ring = normal.ring
    if bottom is None and len(monomial) == 1 and monomial[0][1] == 1:
        generator = ring.generators[monomial[0][0]]
        if generator.head == "log":
            return rational_power(normal, generator.argument[0], coefficient)
    plain = ring.monomial_term(monomial)
    subject = plain if bottom is None else div(plain, ring.term(bottom))
    times, unit = in_units(normal, call("exp", subject), coefficient)
    argument = ring.quotient(ring.monomial(monomial)) * ring.constant(unit)
    if bottom is not None:
        argument = argument / ring.quotient(bottom)
    shown = call("exp", subject if unit == 1 else mul(num(unit), subject))
    return ring.generator(shown, "exp", shown, sign=1, argument=(argument,)) ** times


def in_units(normal: Normal, key: Term, coefficient: Fraction) -> tuple[int, Fraction]:
    """Return the coefficient as an integer times the unit agreed for ``key``."""
    units = normal.ring.table.units
    unit = units.setdefault(key, abs(coefficient))
    times = coefficient / unit
    if times.denominator != 1:
        units[key] = _common_unit(unit, coefficient)
        raise Restart
    return int(times), unit


def logarithm(normal: Normal, value: Quotient) -> Quotient:
    """Return log(value), split over the factors whose signs are known; the caller has seen to value > 0."""
    lead, factors = factors_of_quotient(value)
    total, rest = normal.ring.zero, normal.ring.constant(lead)
    for factor, times in factors:
        sign = normal.signs.of_polynomial(factor)
        if sign:
            total += log_factor(normal, factor if sign > 0 else -factor) * normal.ring.constant(times)
            rest *= normal.ring.constant(sign ** abs(times))
        elif times % 2 == 0:
            half = log_generator(normal, normal.ring.quotient(factor * factor))
            total += half * normal.ring.constant(times // 2)
        else:
            rest *= normal.ring.quotient(factor) ** times
    return total + log_rest(normal, rest)


def log_rest(normal: Normal, rest: Quotient) -> Quotient:
    number = rest.as_fraction()
    if number is None or number <= 0:
        return log_generator(normal, rest)
    total = normal.ring.zero
    for side, sign in ((number.numerator, 1), (number.denominator, -1)):
        for prime, times in _prime_factors(side):
            logarithm = log_generator(normal, normal.ring.constant(prime))
            total += logarithm * normal.ring.constant(sign * times)
    return total


def log_factor(normal: Normal, factor: fmpq_mpoly) -> Quotient:
    if len(factor) == 1:
        ((monomial, coefficient),) = normal.ring.monomials(factor)
        if len(monomial) == 1 and coefficient == 1:
            generator = normal.ring.generators[monomial[0][0]]
            if generator.head == "exp":
                exponent: Quotient = generator.argument[0]
                return exponent * normal.ring.constant(monomial[0][1])
            if generator.head == "root":
                degree, radicand = generator.argument
                inner = logarithm(normal, radicand)
                return inner * normal.ring.constant(Fraction(monomial[0][1], degree))
    return log_generator(normal, normal.ring.quotient(factor))


def log_generator(normal: Normal, value: Quotient) -> Quotient:
    term = call("log", value.term())
    known = normal.ring.find(term)
    if known is not None:
        return known
    above = value - normal.ring.one
    sign, is_nonnegative = normal.signs.of(above) or None, normal.signs.is_nonnegative(above)
    return normal.ring.generator(term, "log", term, sign=sign, is_nonnegative=is_nonnegative, argument=(value,))


def rational_power(normal: Normal, base: Quotient, exponent: Fraction) -> Quotient:
    """Return base**exponent; the caller has seen to base >= 0 (> 0 below the fraction bar)."""
    if exponent.denominator == 1:
        return base ** _bounded(int(exponent))
    degree, times = _bounded(exponent.denominator), _bounded(exponent.numerator)
    return root(normal, base, degree) ** times


def whole_power(normal: Normal, base: Quotient, exponent: Quotient, term: Term) -> Quotient:
    """Return base**exponent for an integer exponent that varies: by the sign of the base."""
    sign = normal.signs.of(base)
    if sign is None:
        raise Split(normal.split_subject(base, term.args[0]))
    if sign == 0 and normal.signs.of(exponent) == 1:
        return normal.ring.zero
    if sign == 0:
        raise Undefined(relation("ne", term.args[0], ZERO))
    if sign == 1:
        return exponential(normal, exponent * logarithm(normal, base))
    return parity(normal, exponent) * exponential(normal, exponent * logarithm(normal, -base))


def parity(normal: Normal, exponent: Quotient) -> Quotient:
    """Return (-1)**exponent for an integer exponent, one generator for each monomial that may be odd."""
    result = normal.ring.one
    for monomial, coefficient in normal.ring.monomials(exponent.numerator):
        if coefficient % 2 and not monomial:
            result = -result
        elif coefficient % 2:
            shown = power(neg(ONE), normal.ring.monomial_term(monomial))
            result *= normal.ring.generator(shown, "parity", shown, is_nonzero=True)
            normal.ring.relate(normal.ring.numbers[shown], 2, normal.ring.one.numerator)
    return result.lowest()


def root(normal: Normal, value: Quotient, degree: int) -> Quotient:
    """Return the real root of a value that is at least zero.

    A factor leaves the root with its absolute value, so its sign must be known; what stays below the root
    is at least zero wherever no factor that left is zero.
    """
    if value.is_zero():
        return value
    lead, factors = factors_of_quotient(value)
    result = root_of_number(normal, abs(lead), degree)
    rest = normal.ring.constant(1 if lead > 0 else -1)
    hazards: list[fmpq_mpoly] = []
    for factor, times in factors:
        outer, inner = divmod(times, degree)
        sign = normal.signs.of_polynomial(factor)
        if sign == 0 and times > 0:
            return normal.ring.zero
        side = sign or normal.signs.span(factor)
        if side is None and outer % 2:
            raise Split(normal.ring.term(factor))
        positive = -factor if side == -1 else factor
        result *= normal.ring.quotient(positive) ** outer
        rest *= normal.ring.constant((side or 1) ** (times % 2))
        if sign and inner:
            result *= root_factor(normal, positive, degree) ** inner
        elif inner:
            rest *= normal.ring.quotient(positive) ** inner
        if outer and not normal.signs.is_nonzero_polynomial(factor):
            hazards.append(factor)
    return result * root_of_rest(normal, rest, degree, hazards)


def root_of_rest(normal: Normal, rest: Quotient, degree: int, hazards: list[fmpq_mpoly]) -> Quotient:
    """Return the root of what no sign is known of; where a factor that left may be zero, ask for its sign."""
    if rest.as_fraction() == 1:
        return normal.ring.one
    if hazards and not normal.signs.is_nonnegative(rest):
        raise Split(normal.ring.term(hazards[0]))
    return root_factor(normal, rest.numerator, degree)


def root_of_number(normal: Normal, number: Fraction, degree: int) -> Quotient:
    result = normal.ring.one
    for prime, times in _prime_factors(number.numerator * number.denominator ** (degree - 1)):
        constant = normal.ring.context.constant(prime)
        result *= root_factor(normal, constant, degree) ** times
    return result / normal.ring.constant(number.denominator)


def root_factor(normal: Normal, radicand: fmpq_mpoly, degree: int) -> Quotient:
    """Return the generator of a root; an atom is replaced by a power of its own root."""
    ring = normal.ring
    for number in [i for i, d in enumerate(radicand.degrees()) if d]:
        generator = ring.generators[number]
        if radicand == ring.polynomials[number] and generator.sign == 1:
            if generator.head == "atom":
                return root_of_atom(normal, generator.number, degree)
            if generator.head == "exp":
                return exponential(normal, generator.argument[0] * ring.constant(Fraction(1, degree)))
    term = ring.term(radicand)
    units = ring.table.units
    key = call("sqrt", term)
    finest = int(units.setdefault(key, Fraction(degree)))
    if finest % degree:
        units[key] = Fraction(lcm(finest, degree))
        raise Restart
    shown = root_term(term, finest)
    sign = normal.signs.of_polynomial(radicand)
    argument = (finest, ring.quotient(radicand))
    made = ring.generator(shown, "root", shown, sign=sign or None, is_nonnegative=True, argument=argument)
    ring.relate(ring.numbers[shown], finest, radicand)
    return made ** (finest // degree)


def root_of_atom(normal: Normal, number: int, degree: int) -> Quotient:
    atom = next(key for key, n in normal.ring.numbers.items() if n == number)
    have = int(normal.ring.table.units.get(atom, 1))
    normal.ring.table.units[atom] = Fraction(have * degree)
    raise Restart


def root_term(term: Term, degree: int) -> Term:
    if degree == 1:
        return term
    return call("sqrt", term) if degree == 2 else power(term, div(ONE, num(degree)))


def _common_unit(left: Fraction, right: Fraction) -> Fraction:
    bottom = lcm(left.denominator, right.denominator)
    return Fraction(gcd(int(left * bottom), int(right * bottom)), bottom)


def _bounded(exponent: int) -> int:
    if abs(exponent) > MAX_EXPONENT:
        raise TooBig(f"the exponent {exponent}")
    return exponent


def _prime_factors(value: int) -> list[tuple[int, int]]:
    if value > 10**18:
        raise TooBig("the prime factors of a number above 10^18")
    return [(int(p), int(times)) for p, times in fmpz(value).factor()] if value > 1 else []


# The rules of the functions here -----------------------------------------------------------------------


def power_rule(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    base, exponent = args
    value = exponent.as_fraction()
    if value is None and normal.is_whole(exponent):
        return whole_power(normal, base, exponent, term)
    if value is None:
        normal.require_positive(base, term.args[0])
        known = normal.done.setdefault(call("log", term.args[0]), logarithm(normal, base))
        return exponential(normal, exponent * known)
    if value < 0:
        normal.require_nonzero(base, term.args[0])
    if value.denominator != 1:
        normal.require_nonnegative(base, term.args[0])
    return rational_power(normal, base, value)


def log_rule(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    normal.require_positive(args[0], term.args[0])
    return logarithm(normal, args[0])


def sqrt_rule(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    normal.require_nonnegative(args[0], term.args[0])
    return root(normal, args[0], 2)


def hyperbolic_rule(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    up = normal.done.setdefault(call("exp", term.args[0]), exponential(normal, args[0]))
    down = up.inverse()
    half = normal.ring.constant(Fraction(1, 2))
    sinh, cosh = (up - down) * half, (up + down) * half
    return {"sinh": sinh, "cosh": cosh}[term.head] if term.head != "tanh" else sinh / cosh

"""Circular functions by the addition theorems, and odd increasing functions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from flint import fmpq_mpoly

from backproof.kernel.powers import in_units
from backproof.kernel.ring import Monomial, Quotient, TooBig
from backproof.terms import Term, call, div, mul, num

if TYPE_CHECKING:
    from backproof.kernel.normal import Normal


def circular(normal: Normal, value: Quotient) -> tuple[Quotient, Quotient]:
    """Return (cos, sin) of a sum by the addition theorem, one pair of generators for each monomial."""
    whole, rest = divmod(value.numerator, value.denominator)
    cosine, sine = normal.ring.one, normal.ring.zero
    for top, bottom in ((whole, None), (rest, value.denominator)):
        for monomial, coefficient in normal.ring.monomials(top):
            c, s = circular_part(normal, monomial, coefficient, bottom)
            cosine, sine = cosine * c - sine * s, sine * c + cosine * s
    return cosine, sine


def circular_part(
    normal: Normal, monomial: Monomial, coefficient: Fraction, bottom: fmpq_mpoly | None
) -> tuple[Quotient, Quotient]:
    ring = normal.ring
    plain = ring.monomial_term(monomial)
    subject = plain if bottom is None else div(plain, ring.term(bottom))
    times, unit = in_units(normal, call("cos", subject), coefficient)
    if abs(times) > 32:
        raise TooBig(f"the angle {times} times a unit")
    angle = subject if unit == 1 else mul(num(unit), subject)
    value = ring.quotient(ring.monomial(monomial)) * ring.constant(unit)
    argument = (value if bottom is None else value / ring.quotient(bottom),)
    c1 = ring.generator(call("cos", angle), "cos", call("cos", angle), argument=argument)
    s1 = ring.generator(call("sin", angle), "sin", call("sin", angle), argument=argument)
    ring.relate(ring.numbers[call("sin", angle)], 2, 1 - c1.numerator**2)
    cosine, sine = ring.one, ring.zero
    for _ in range(abs(times)):
        cosine, sine = cosine * c1 - sine * s1, sine * c1 + cosine * s1
    return cosine, sine if times > 0 else -sine


def odd(normal: Normal, head: str, value: Quotient) -> Quotient:
    """Return the generator of an odd increasing function, its argument's leading coefficient positive."""
    if value.is_zero():
        return value
    flipped = value.numerator.leading_coefficient() < 0
    inner = -value if flipped else value
    term = call(head, inner.term())
    made = normal.ring.generator(term, head, term, sign=normal.signs.of(inner) or None, argument=(inner,))
    return -made if flipped else made


def tan_rule(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    cosine, sine = circular(normal, args[0])
    normal.require_nonzero(cosine, call("cos", term.args[0]))
    return sine / cosine

"""Indicators: choices whose sign depends on an index, as factors that are 1 or 0."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from backproof.kernel.indices import has_bound
from backproof.kernel.ring import Quotient
from backproof.terms import ONE, RELATIONS, Term, add, make, mul, neg, postorder, sub

if TYPE_CHECKING:
    from backproof.kernel.normal import Normal


def positive(subject: Term) -> Term:
    """Return the indicator of ``subject > 0``."""
    return make("positive", (subject,))


INDICATOR: Final[dict[str, Callable[[Term, Term], Term]]] = {
    "lt": lambda a, b: positive(sub(b, a)),
    "gt": lambda a, b: positive(sub(a, b)),
    "le": lambda a, b: sub(ONE, positive(sub(a, b))),
    "ge": lambda a, b: sub(ONE, positive(sub(b, a))),
    "eq": lambda a, b: make("delta", (sub(a, b),)),
    "ne": lambda a, b: sub(ONE, make("delta", (sub(a, b),))),
}


def truth(condition: Term) -> Term:
    """Return a condition as a term that is 1 where it holds and 0 elsewhere."""
    if condition.head in RELATIONS:
        return INDICATOR[condition.head](*condition.args)
    parts = [truth(arg) for arg in condition.args]
    if condition.head == "not":
        return sub(ONE, parts[0])
    if condition.head == "and":
        return mul(*parts)
    return sub(ONE, mul(*(sub(ONE, part) for part in parts)))


def without_choice(term: Term) -> Term:
    """Return a choice written with indicators, for subjects whose sign depends on an index."""
    args = term.args
    if term.head == "bracket":
        return truth(args[0])
    if term.head == "where":
        return add(mul(truth(args[0]), args[1]), mul(sub(ONE, truth(args[0])), args[2]))
    if term.head in ("abs", "sign"):
        signed = sub(positive(args[0]), positive(neg(args[0])))
        return mul(args[0], signed) if term.head == "abs" else signed
    best = args[0]
    for other in args[1:]:
        gap = sub(best, other)
        step = positive(gap) if term.head == "max" else positive(neg(gap))
        best = add(other, mul(gap, step))
    return best


def positive_rule(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    """Return the indicator of a positive value: a number, or a generator that is its own square."""
    sign = normal.signs.of(args[0])
    if sign is not None:
        return normal.ring.constant(1 if sign > 0 else 0)
    if not _index_decides(normal, args[0], term.args[0]):
        return normal.ring.constant(1 if normal.sign(term.args[0]) > 0 else 0)
    subject = _scaled(args[0])
    shown = positive(subject.term())
    made = normal.ring.generator(shown, "positive", shown, is_nonnegative=True, argument=(subject,))
    normal.ring.relate(normal.ring.numbers[shown], 2, made.numerator)
    return made


def _index_decides(normal: Normal, value: Quotient, subject: Term) -> bool:
    """Say whether the sign of a value, or of the factor that decides it, depends on an index."""
    return depends_on_index(value.term()) or depends_on_index(normal.split_subject(value, subject))


def _scaled(value: Quotient) -> Quotient:
    """Return ``value`` over a positive number, so that equal signs have equal keys."""
    lead = value.numerator.leading_coefficient()
    return value * value.ring.constant(1 / abs(Fraction(int(lead.p), int(lead.q))))


def delta_rule(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    """Return the indicator of a value that is zero."""
    if args[0].is_zero():
        return normal.ring.one
    if normal.signs.is_nonzero(args[0]):
        return normal.ring.zero
    if not _index_decides(normal, args[0], term.args[0]):
        return normal.ring.constant(0 if normal.sign(term.args[0]) else 1)
    subject = _scaled(args[0])
    if subject.numerator.leading_coefficient() < 0:
        subject = -subject
    shown = make("delta", (subject.term(),))
    made = normal.ring.generator(shown, "delta", shown, is_nonnegative=True, argument=(subject,))
    normal.ring.relate(normal.ring.numbers[shown], 2, made.numerator)
    return made


def depends_on_index(term: Term) -> bool:
    """Say whether a sign of the term cannot be cut into cases: a bound index, or nothing but indices."""
    return has_bound(term) or (bool(term.axes) and all(part.head != "sym" for part in postorder(term)))

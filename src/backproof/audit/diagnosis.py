"""What is wrong with a false step: the smallest change that makes it true, found by asking the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import islice
from typing import Final

from backproof.audit.repairs import Repair, repairs
from backproof.domains import Context
from backproof.kernel import Verdict, judge
from backproof.language import to_source
from backproof.terms import Term, div, mul, neg, num, symbols

#: How many changes are tried before the search gives up.
ATTEMPTS: Final = 400
_MAX_DENOMINATOR: Final = 1000


def diagnose(left: Term, right: Term, verdict: Verdict, context: Context) -> str:
    """Return one sentence on what differs in the refuted step ``left = right``, or nothing.

    The left side is what was already there, so it is taken to be right.
    """
    factor = _constant_factor(verdict)
    if factor is not None and _is_true(left, _scaled(factor, right), context):
        return _factor_sentence(factor)
    for repair in islice(_candidates(left, right), ATTEMPTS):
        if _is_true(left, repair.whole, context):
            return _sentence(repair)
    return ""


def _candidates(left: Term, right: Term) -> Iterator[Repair]:
    yield from repairs(right)
    for factor in _parts(left, right):
        yield Repair("a missing factor", right, factor, mul(right, factor))
        yield Repair("a missing divisor", right, factor, div(right, factor))


def _parts(left: Term, right: Term) -> list[Term]:
    """Return what may be missing from ``right`` as a factor: factors of ``left``, then every symbol."""
    factors = left.args if left.head == "mul" else (left,)
    return list(dict.fromkeys((*factors, *symbols(left, right))))


def _is_true(left: Term, right: Term, context: Context) -> bool:
    return judge(left, right, context).is_accepted


def _sentence(repair: Repair) -> str:
    if repair.fault.startswith("a missing"):
        return f"they differ by {repair.fault}, {to_source(repair.new)}"
    old, new = to_source(repair.old), to_source(repair.new)
    return f"they differ by {repair.fault}: {new} is right where {old} stands"


def _factor_sentence(factor: Fraction) -> str:
    if factor == -1:
        return "they differ by a sign: the whole right side has the wrong one"
    return f"they differ by a factor: the left side is {factor} times the right side"


def _scaled(factor: Fraction, term: Term) -> Term:
    return neg(term) if factor == -1 else mul(num(factor), term)


def _constant_factor(verdict: Verdict) -> Fraction | None:
    """Return the simple ratio of both sides at the counterexample, if they have one."""
    try:
        left, right = Decimal(verdict.left), Decimal(verdict.right)
    except InvalidOperation:
        return None
    if not (left.is_finite() and right.is_finite() and left and right):
        return None
    ratio = Fraction(left) / Fraction(right)
    simple = ratio.limit_denominator(_MAX_DENOMINATOR)
    return simple if abs(ratio - simple) < Fraction(1, 10**9) else None

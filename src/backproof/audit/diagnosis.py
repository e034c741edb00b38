"""What is wrong with a false step: the smallest change that makes it true, found by asking the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import islice
from typing import Final

from backproof.audit.repairs import Material, Repair, repairs
from backproof.domains import Context
from backproof.kernel import Kind, Verdict, decimal_value, judge
from backproof.language import to_source
from backproof.terms import Term, mul, neg, num, postorder, symbols

#: How many changes are tried before the search gives up.
ATTEMPTS: Final = 600
DIGITS: Final = 15
_MAX_DENOMINATOR: Final = 1000
_CLOSE: Final = Fraction(1, 10**9)
Point = Mapping[str, Fraction]


def diagnose(left: Term, right: Term, verdict: Verdict, context: Context) -> str:
    """Return one sentence on what differs in the refuted step ``left = right``, or nothing.

    The left side is what was already there, so it is taken to be right.
    """
    factor = _constant_factor(verdict)
    if factor is not None and _is_true(left, _scaled(factor, right), context):
        return _factor_sentence(factor)
    wanted, point = _number(verdict.left), dict(verdict.point)
    for repair in islice(repairs(right, _material(left, right, context)), ATTEMPTS):
        if _agrees(repair.whole, wanted, point, context) and _is_true(left, repair.whole, context):
            return _sentence(repair)
    return ""


def _agrees(term: Term, wanted: Fraction | None, point: Point, context: Context) -> bool:
    """Say whether ``term`` has the value ``wanted`` at the counterexample; it costs less than a proof."""
    if wanted is None or any(name not in point for name in _free(term, context)):
        return True
    found = _number(decimal_value(term, point, context, digits=DIGITS))
    return found is not None and abs(found - wanted) <= _CLOSE * (1 + abs(wanted))


def _free(term: Term, context: Context) -> set[str]:
    return {s.data for s in symbols(term)} - context.definitions.keys() - {"pi"}


def _number(digits: str) -> Fraction | None:
    """Return the value of a decimal, or None where a side is undefined or undecided."""
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None
    return Fraction(value) if value.is_finite() else None


def _material(left: Term, right: Term, context: Context) -> Material:
    """Return what a repair may use: the variables and upstream gradients in force, and the numbers."""
    known = context.definitions
    gradients = {f"d{name}" for name in (*known, *context.domains)}
    forward = [known[name].term for name in known if name not in gradients]
    found = symbols(right, left, *(definition.term for definition in known.values()))
    variables = [s for s in found if not s.args and not (s.data in known and s.data in gradients)]
    numbers = [term for term in postorder(left, *forward) if term.head == "num"]
    return Material(tuple(dict.fromkeys(variables)), tuple(dict.fromkeys(numbers)))


def _is_true(left: Term, right: Term, context: Context) -> bool:
    return judge(left, right, context).kind is Kind.PROVED


def _sentence(repair: Repair) -> str:
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
    left, right = _number(verdict.left), _number(verdict.right)
    if not (left and right):
        return None
    ratio = left / right
    simple = ratio.limit_denominator(_MAX_DENOMINATOR)
    return simple if abs(ratio - simple) < _CLOSE else None

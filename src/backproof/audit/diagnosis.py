"""What is wrong with a false step: the smallest change that makes it true, found by asking the kernel."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import islice
from typing import Final

from backproof.audit.repairs import Material, Repair, repairs
from backproof.domains import Context
from backproof.kernel import Kind, Verdict, judge
from backproof.language import to_source
from backproof.terms import Term, mul, neg, num, postorder, symbols

#: How many changes are tried before the search gives up.
ATTEMPTS: Final = 600
_MAX_DENOMINATOR: Final = 1000
_CLOSE: Final = Fraction(1, 10**9)


def diagnose(left: Term, right: Term, verdict: Verdict, context: Context) -> str:
    """Return one sentence on what differs in the refuted step ``left = right``, or nothing.

    The left side is what was already there, so it is taken to be right.
    """
    factor = _constant_factor(verdict)
    if factor is not None and _is_true(left, _scaled(factor, right), context):
        return _factor_sentence(factor)
    for repair in islice(repairs(right, _material(left, right, context)), ATTEMPTS):
        if _is_true(left, repair.whole, context):
            return _sentence(repair)
    return ""


def _material(left: Term, right: Term, context: Context) -> Material:
    """Return what a repair may use: the variables and upstream gradients in force, and the numbers."""
    known = context.definitions
    forward = [known[name].term for name in known if name[:1] != "d" or name[1:] not in known]
    found = symbols(right, left, *(definition.term for definition in known.values()))
    variables = [s for s in found if not s.args and (s.data not in known or known[s.data].term in forward)]
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
    try:
        left, right = Decimal(verdict.left), Decimal(verdict.right)
    except InvalidOperation:
        return None
    if not (left.is_finite() and right.is_finite() and left and right):
        return None
    ratio = Fraction(left) / Fraction(right)
    simple = ratio.limit_denominator(_MAX_DENOMINATOR)
    return simple if abs(ratio - simple) < _CLOSE else None

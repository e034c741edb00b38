"""The second checker of certificates; it shares no code with the kernel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backproof.domains import Context
from backproof.terms import Term
from backproof.verify.points import check_refutation
from backproof.verify.polynomials import Rejected, require
from backproof.verify.proofs import check_proof, is_certain

STUMBLES = (
    ArithmeticError, AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError, StopIteration,
)  # fmt: skip


def verify_proof(left: Term, right: Term, context: Context, certificate: dict[str, Any]) -> tuple[Term, ...]:
    """Return the conditions under which the certificate proves the step; raise Rejected where it does not.

    Whatever a damaged certificate makes the checker stumble over is a rejection.
    """
    try:
        return check_proof(left, right, context, certificate)
    except STUMBLES as stumble:
        raise Rejected(f"the certificate is damaged: {type(stumble).__name__}") from stumble


def verify_refutation(left: Term, right: Term, context: Context, certificate: dict[str, Any]) -> None:
    """Return where the sides certainly differ at the certificate's point; raise Rejected elsewhere."""
    try:
        check_refutation(left, right, context, certificate)
    except STUMBLES as stumble:
        raise Rejected(f"the certificate is damaged: {type(stumble).__name__}") from stumble


def verify_conditions(proved: Iterable[Term], printed: Iterable[Term], context: Context) -> None:
    """Return where the printed conditions are those of a proof, apart from such as hold in the whole context."""
    proved, printed = list(proved), list(printed)
    require(set(printed) <= set(proved), "conditions that are not those of the proof")
    for condition in proved:
        try:
            known = condition in printed or (context.whole is not None and is_certain(condition, context.whole))
        except STUMBLES:
            known = False
        require(known, "a condition that is not printed")


def confirms(left: Term, right: Term, context: Context, conditions: Iterable[Term], certificate: Any) -> bool:
    """Say whether a certificate proves ``left = right`` under these conditions in the context, whatever it holds."""
    try:
        verify_conditions(verify_proof(left, right, context, certificate), conditions, context)
    except Rejected:
        return False
    return True


__all__ = ["Rejected", "confirms", "verify_conditions", "verify_proof", "verify_refutation"]

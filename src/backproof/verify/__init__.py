"""The second checker of certificates; it shares no code with the kernel."""

from __future__ import annotations

from typing import Any

from backproof.domains import Context
from backproof.terms import Term
from backproof.verify.points import check_refutation
from backproof.verify.polynomials import Rejected
from backproof.verify.proofs import check_proof

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


__all__ = ["Rejected", "verify_proof", "verify_refutation"]

"""The second checker of certificates; it shares no code with the kernel."""

from __future__ import annotations

from typing import Any

from backproof.domains import Context
from backproof.terms import Term
from backproof.verify.polynomials import Rejected
from backproof.verify.proofs import check_proof


def verify_proof(left: Term, right: Term, context: Context, certificate: dict[str, Any]) -> tuple[Term, ...]:
    """Return the conditions under which the certificate proves the step; raise Rejected where it does not.

    Whatever a damaged certificate makes the checker stumble over is a rejection.
    """
    try:
        return check_proof(left, right, context, certificate)
    except Rejected:
        raise
    except (
        ArithmeticError, AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError, StopIteration,
    ) as stumble:  # fmt: skip
        raise Rejected(f"the certificate is damaged: {type(stumble).__name__}") from stumble


__all__ = ["Rejected", "verify_proof"]

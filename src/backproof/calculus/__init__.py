"""The untrusted half: SymPy derives and proposes, and the kernel judges every step that is shown."""

from backproof.calculus.convert import Translation, to_sympy
from backproof.calculus.derive import derive, derive_document
from backproof.calculus.judging import gradient_context
from backproof.calculus.stated import claim_context, judge_claim

__all__ = [
    "Translation",
    "claim_context",
    "derive",
    "derive_document",
    "gradient_context",
    "judge_claim",
    "to_sympy",
]

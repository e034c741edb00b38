"""The untrusted half: SymPy derives and proposes, and the kernel judges every step that is shown."""

from backproof.calculus.convert import Translation, to_sympy
from backproof.calculus.derive import derive, derive_document, judge_claim
from backproof.calculus.judging import gradient_context

__all__ = [
    "Translation",
    "derive",
    "derive_document",
    "gradient_context",
    "judge_claim",
    "to_sympy",
]

"""The untrusted half: SymPy derives and proposes, and the kernel judges every step that is shown."""

from backproof.calculus.arrays import evaluate_tensor, solved_context
from backproof.calculus.convert import Translation, to_sympy
from backproof.calculus.derive import derive, derive_document
from backproof.calculus.judging import gradient_context
from backproof.calculus.stated import claim_context, judge_claim

__all__ = [
    "Translation",
    "claim_context",
    "derive",
    "derive_document",
    "evaluate_tensor",
    "gradient_context",
    "judge_claim",
    "solved_context",
    "to_sympy",
]

"""The untrusted half: SymPy derives and proposes, and the kernel judges every step that is shown."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

#: The names that each module defines; imported when one is first asked for, since most of them need SymPy.
_HOMES: Final = {
    "convert": ("Translation", "to_sympy"),
    "derive": ("derive", "derive_document"),
    "judging": ("gradient_context",),
    "stated": ("claim_context", "judge_claim"),
}


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(name)
    module = import_module(f"{__name__}.{home}")
    # All names of the module at once: importing it has bound ``derive`` here to the module, not to its function.
    globals().update({each: getattr(module, each) for each in _HOMES[home]})
    return globals()[name]

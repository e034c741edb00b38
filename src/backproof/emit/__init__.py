"""Derivations as documents: one emitter for each format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from backproof.derivation import Derivation
from backproof.emit.latex import emit_latex
from backproof.emit.text import emit_text

EMITTERS: Final[dict[str, Callable[[Derivation], str]]] = {
    "text": emit_text,
    "latex": emit_latex,
}

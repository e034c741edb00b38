"""Derivations as documents: one emitter for each format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from backproof.derivation import Derivation
from backproof.emit.json import dump, emit_json
from backproof.emit.latex import article, emit_latex
from backproof.emit.latex_aligned import emit_aligned
from backproof.emit.markdown import emit_markdown
from backproof.emit.text import emit_text

__all__ = [
    "EMITTERS", "emit_aligned", "emit_all", "emit_json", "emit_latex", "emit_markdown", "emit_text",
]  # fmt: skip

#: Format -> emitter.  ``latex`` also takes ``standalone``, ``text`` takes ``colour`` and ``width``.
EMITTERS: Final[dict[str, Callable[..., str]]] = {
    "text": emit_text,
    "latex": emit_latex,
    "aligned": emit_aligned,
    "markdown": emit_markdown,
    "json": emit_json,
}


def emit_all(derivations: Iterable[Derivation], form: str, **options: Any) -> str:
    """Return several derivations as one document of the format."""
    if form == "json":
        return dump(derivations)
    standalone = bool(options.pop("standalone", False))
    parts = [EMITTERS[form](derivation, **options) for derivation in derivations]
    return article(parts) if standalone else "\n".join(parts)

"""Derivations as documents: one emitter for each format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from backproof.derivation import Derivation
from backproof.emit.dot import emit_dot
from backproof.emit.html import emit_html, page
from backproof.emit.json import dump, emit_json
from backproof.emit.latex import article, emit_latex
from backproof.emit.latex_aligned import emit_aligned
from backproof.emit.markdown import emit_markdown
from backproof.emit.svg import emit_svg, pile
from backproof.emit.text import emit_text
from backproof.emit.tikz import emit_tikz
from backproof.errors import NotDerivable

__all__ = [
    "DRAWINGS", "EMITTERS", "emit_aligned", "emit_all", "emit_dot", "emit_html", "emit_json", "emit_latex",
    "emit_markdown", "emit_svg", "emit_text", "emit_tikz",
]  # fmt: skip

#: Formats of the graph's picture; their emitters take ``upto`` and ``numbers``.
DRAWINGS: Final = ("svg", "tikz", "dot")
#: Format -> emitter.  ``latex``, ``html`` and ``tikz`` also take ``standalone``, ``text`` takes ``colour`` and ``width``.
EMITTERS: Final[dict[str, Callable[..., str]]] = {
    "text": emit_text,
    "latex": emit_latex,
    "aligned": emit_aligned,
    "markdown": emit_markdown,
    "json": emit_json,
    "html": emit_html,
    "svg": emit_svg,
    "tikz": emit_tikz,
    "dot": emit_dot,
}


def emit_all(derivations: Iterable[Derivation], form: str, **options: Any) -> str:
    """Return several derivations as one document of the format."""
    if form == "json":
        return dump(derivations)
    if form in DRAWINGS:
        return draw_all([each for each in derivations if each.operations], form, **options)
    derivations = tuple(derivations)
    standalone = bool(options.pop("standalone", False))
    parts = [EMITTERS[form](derivation, **options) for derivation in derivations]
    if not standalone:
        return "\n".join(parts)
    return page(derivations[0].title or derivations[0].node.name, "\n".join(parts)) if form == "html" else article(parts)


def draw_all(derivations: Sequence[Derivation], form: str, **options: Any) -> str:
    """Return the pictures of several graphs as one document of the format."""
    parts = [EMITTERS[form](derivation, **options) for derivation in derivations]
    if not parts:
        raise NotDerivable("there is no graph to draw")
    return pile(parts) if form == "svg" else "\n".join(parts)

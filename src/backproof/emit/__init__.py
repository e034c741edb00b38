"""Derivations as documents: one emitter for each format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from backproof.derivation import Derivation
from backproof.errors import NotDerivable

__all__ = [
    "DRAWINGS", "EMITTERS", "emit_aligned", "emit_all", "emit_beamer", "emit_dot", "emit_html", "emit_json",
    "emit_latex", "emit_markdown", "emit_svg", "emit_text", "emit_tikz",
]  # fmt: skip

#: Formats of the graph's picture; their emitters take ``upto`` and ``numbers``.
DRAWINGS: Final = ("svg", "tikz", "dot")
#: Format -> the module in which its emitter ``emit_FORMAT`` is.
_MODULES: Final = {
    "text": "text", "latex": "latex", "aligned": "latex_aligned", "beamer": "beamer",
    "markdown": "markdown", "json": "json", "html": "html", "svg": "svg", "tikz": "tikz", "dot": "dot",
}  # fmt: skip
#: Formats whose module has a function of its own for several derivations.
_SEVERAL: Final = {"json": "dump", "beamer": "slides"}


def _function(form: str, function: str) -> Callable[..., str]:
    """Return a function of the module of a format, imported now."""
    found: Callable[..., str] = getattr(import_module(f"{__name__}.{_MODULES[form]}"), function)
    return found


class _Emitters(Mapping[str, Callable[..., str]]):
    """The emitter of every format; its module is imported when the format is asked for."""

    def __getitem__(self, form: str) -> Callable[..., str]:
        return _function(form, f"emit_{form}")

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


#: Format -> emitter.  ``latex``, ``html``, ``tikz`` also take ``standalone``, ``text`` takes ``colour`` and ``width``.
EMITTERS: Final[Mapping[str, Callable[..., str]]] = _Emitters()


def __getattr__(name: str) -> Callable[..., str]:
    """Return ``emit_FORMAT``."""
    if name.startswith("emit_") and name.removeprefix("emit_") in _MODULES:
        return EMITTERS[name.removeprefix("emit_")]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def emit_all(derivations: Iterable[Derivation], form: str, **options: Any) -> str:
    """Return several derivations as one document of the format."""
    if form in _SEVERAL:
        return _function(form, _SEVERAL[form])(derivations)
    if form in DRAWINGS:
        return draw_all([each for each in derivations if each.operations], form, **options)
    derivations = tuple(derivations)
    standalone = bool(options.pop("standalone", False))
    options |= {"wide": True} if standalone and form == "latex" else {}
    parts = [EMITTERS[form](derivation, **options) for derivation in derivations]
    if not standalone:
        return "\n".join(parts)
    if form == "html":
        return _function("html", "page")(derivations[0].title or derivations[0].node.name, "\n".join(parts))
    return _function("latex", "article")(parts)


def draw_all(derivations: Sequence[Derivation], form: str, **options: Any) -> str:
    """Return the pictures of several graphs as one document of the format."""
    parts = [EMITTERS[form](derivation, **options) for derivation in derivations]
    if not parts:
        raise NotDerivable("there is no graph to draw")
    return _function("svg", "pile")(parts) if form == "svg" else "\n".join(parts)

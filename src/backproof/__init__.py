"""backproof: a symbolic derivation checker for backpropagation.

``derive("sigmoid")`` gives a derivation to read, ``check("notes.md")`` a report, and ``check_layer(MyLayer)`` compares
hand-written code with a derivation.  Importing the package loads neither SymPy nor numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.api import Checked, Derived, Formula, Step, check, derive, names
    from backproof.checking.api import check_layer
    from backproof.checking.conventions import layer
    from backproof.errors import BackproofError, NotDerivable, SourceError, UnknownName

__version__ = "0.1.0"
__all__ = [
    "BackproofError", "Checked", "Derived", "Formula", "NotDerivable", "SourceError", "Step", "UnknownName",
    "__version__", "check", "check_layer", "derive", "layer", "names",
]  # fmt: skip

#: Where each name is defined; a module is imported when one of its names is first asked for.
_HOMES = {
    **dict.fromkeys(("Checked", "Derived", "Formula", "Step", "check", "derive", "names"), "api"),
    **dict.fromkeys(("BackproofError", "NotDerivable", "SourceError", "UnknownName"), "errors"),
    "check_layer": "checking.api", "layer": "checking.conventions",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""Checks of code: a derivation's three witnesses, and the backward passes that anyone has written by hand."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.checking.api import check_layer
    from backproof.checking.conventions import layer
    from backproof.checking.numbers import number_rows
    from backproof.checking.runner import check_path, check_paths
    from backproof.checking.state import State, Witness
    from backproof.checking.witness import cross_check

__all__ = [
    "State", "Witness", "check_layer", "check_path", "check_paths", "cross_check", "layer", "number_rows",
]  # fmt: skip

#: Where each name is defined; imported when it is first asked for, since the witnesses need SymPy.
_HOMES = {
    "State": "state", "Witness": "state", "check_layer": "api", "check_path": "runner", "check_paths": "runner",
    "cross_check": "witness", "layer": "conventions", "number_rows": "numbers",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"backproof.checking.{_HOMES[name]}"), name)

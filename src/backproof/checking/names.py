"""The names of the checks of a layer, which the command knows without loading numpy."""

from __future__ import annotations

from typing import Final

CHECK_NAMES: Final = ("value", "agreement", "shape", "contract", "layout", "domain", "precision")

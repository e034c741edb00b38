"""Verdicts: what the kernel says of a step, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

from backproof.terms import Term


class Kind(Enum):
    """The four things that the kernel can say."""

    PROVED = "proved"
    PROVED_IF = "proved if"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement of ``left = right`` over a domain.

    ``conditions`` are relations (``proved if``), ``reason`` says why (``unknown``, and what differs for
    ``refuted``), ``point`` gives exact values by name, ``left`` and ``right`` the decimal values there with
    every digit certain (``"undefined"`` where a side has none).  ``agrees`` counts the random points at which
    both sides agreed to 60 digits (``unknown``).  ``certificate`` is JSON data.
    """

    kind: Kind
    conditions: tuple[Term, ...] = ()
    reason: str = ""
    point: tuple[tuple[str, Fraction], ...] = ()
    left: str = ""
    right: str = ""
    agrees: int = 0
    certificate: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def is_accepted(self) -> bool:
        """Say whether the step may stand: proved, or proved under printed conditions."""
        return self.kind in (Kind.PROVED, Kind.PROVED_IF)

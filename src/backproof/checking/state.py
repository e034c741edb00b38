"""What a witness says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether a witness agrees with a derivation, or has nothing to say of it."""

    AGREED = "agreed"
    DISAGREED = "disagreed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Witness:
    """An independent source of agreement: its state, how much it compared or where it disagrees.

    ``zero`` are the inputs whose gradient was 0 wherever it was looked at.
    """

    state: State
    detail: str
    comparisons: int = 0
    zero: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.state}: {self.detail}"


def plural(count: int, noun: str) -> str:
    """Return ``1 point``, ``2 points``, ``2 entries``."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else many}"

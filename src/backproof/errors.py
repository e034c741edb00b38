"""Every exception of backproof: fields first, text second."""

from __future__ import annotations

from dataclasses import dataclass


class BackproofError(Exception):
    """A mistake that the user can mend; it never shows a traceback."""


@dataclass
class SourceError(BackproofError):
    """A text that is not a derivation, with the exact place (1-based line and column)."""

    path: str
    line: int
    column: int
    message: str
    source_line: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}: {self.message}"
        if not self.source_line:
            return place
        start = max(0, self.column - 81)  # a long line is shown around the place only
        shown = self.source_line[start : start + 120]
        return f"{place}\n    {shown}\n    {' ' * (self.column - 1 - start)}^"


@dataclass
class UnknownName(BackproofError):
    """A name that nothing defines, with the nearest names that exist."""

    name: str
    nearest: tuple[str, ...] = ()

    def __str__(self) -> str:
        hint = f"; did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        return f"unknown name {self.name!r}{hint}"


@dataclass
class ShapeError(BackproofError):
    """Axes that do not fit together."""

    message: str

    def __str__(self) -> str:
        return self.message


@dataclass
class DomainError(BackproofError):
    """A domain that is empty, or a value outside it."""

    message: str

    def __str__(self) -> str:
        return self.message


@dataclass
class NotDerivable(BackproofError):
    """A derivation that backproof refuses to make, and why."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def in_words(mistake: Exception) -> str:
    """Return a mistake as a sentence, without the number that an operating system gives it."""
    if isinstance(mistake, OSError) and mistake.strerror:
        return f"{mistake.filename}: {mistake.strerror.lower()}" if mistake.filename else mistake.strerror
    if isinstance(mistake, UnicodeError):
        return f"this file is no UTF-8 text ({mistake})"
    return str(mistake)

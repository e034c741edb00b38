"""What a check has to say of a place in a file, and which exit code follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from backproof.language.document import Span


class Severity(Enum):
    """How bad a finding is; the value is the exit code that it asks for."""

    WARNING = 0
    WRONG = 1
    UNREADABLE = 2
    UNDECIDED = 3


#: The worst first: a wrong step outweighs a file that cannot be read, which outweighs an open question.
_WORST_FIRST = (Severity.WRONG, Severity.UNREADABLE, Severity.UNDECIDED, Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Finding:
    """A message about one place of a file: a headline, and lines that explain it."""

    severity: Severity
    path: str
    line: int
    column: int
    message: str
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        headline = f"{self.path}:{self.line}:{self.column}: {self.message}"
        return "\n".join([headline, *(f"    {detail}" for detail in self.details)])


def finding(severity: Severity, path: str, span: Span, message: str, *details: str) -> Finding:
    """Return a finding at ``span``; empty details are left out."""
    return Finding(severity, path, span.line, span.column, message, tuple(filter(None, details)))


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 0 (all verified), 1 (something is wrong), 2 (unreadable) or 3 (undecided)."""
    found = {finding.severity for finding in findings}
    return next((level.value for level in _WORST_FIRST if level in found), 0)


def shorten(digits: str, characters: int = 12) -> str:
    """Return a decimal without idle zeros, cut with an ellipsis where it is longer than that."""
    if "." in digits and "e" not in digits.lower():
        digits = digits.rstrip("0").rstrip(".")
    return digits if len(digits) <= characters else f"{digits[: characters - 1]}…"


def relative(path: Path) -> str:
    """Return ``path`` as short as it can be written from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)

"""What a terminal is shown: colour where it is wanted, and nothing that steers it.  It loads nothing."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def wants_colour(no_color: bool, stream: TextIO | None = None) -> bool:
    """Say whether to write colour: ``--no-color`` wins, then NO_COLOR, FORCE_COLOR, then a terminal."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def harmless(text: str) -> str:
    """Return ``text`` without what steers a terminal or turns its writing round: a file's name may hold that."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def write_anyway() -> None:
    """Let a sign that the terminal lacks become a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")

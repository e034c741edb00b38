"""A progress bar on a terminal, for what takes more than a second."""

from __future__ import annotations

import io
import sys
import time
from typing import Final

import click

PATIENCE_SECONDS: Final = 1.0
_ERASE: Final = "\r\x1b[K"


class Bar:
    """How many of some files are done, on the last line of a terminal; nothing where stderr is none."""

    def __init__(self, length: int, wanted: bool) -> None:
        self.wanted = wanted and sys.stderr.isatty()
        self.start = time.monotonic()
        self.drawn = ""
        self.bar = click.progressbar(  # click makes the text of the line, and we place it
            length=length, label="checking", show_pos=True, show_percent=False, file=io.StringIO()
        )

    def show(self, done: int) -> None:
        """Draw the bar if it is time and it has changed."""
        if not self.wanted or time.monotonic() - self.start < PATIENCE_SECONDS:
            return
        self.bar.update(done - self.bar.pos)
        line = self.bar.format_progress_line()
        if line != self.drawn:
            click.echo(f"{_ERASE}{line}", nl=False, file=sys.stderr, color=True)
            self.drawn = line

    def clear(self) -> None:
        """Leave an empty line for something else."""
        if self.drawn:
            click.echo(_ERASE, nl=False, file=sys.stderr, color=True)
            self.drawn = ""

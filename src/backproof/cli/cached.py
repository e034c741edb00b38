"""``derive WORD`` from the cache where the same thing was rendered before, else from scratch."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import click

from backproof import cache
from backproof.cli import no_collection
from backproof.cli.output import deliver
from backproof.terminal import wants_colour


def show_cached(word: str, form: str, standalone: bool, output: Path | None, no_color: bool) -> int:
    """Write what ``word`` stands for; return the exit code.  What had findings is never kept."""
    colour = coloured(form, output, no_color)
    name = cache.name_of(word, form, standalone, colour)
    known = cache.look_up(name)
    if known is None:
        code, known, notes = captured(word, form, standalone, colour)
        if code or notes or not known:
            if known:
                deliver(known, output, colour)
            click.echo(notes, nl=False, err=True)
            return code
        cache.keep(name, known)
    deliver(known, output, colour)
    return 0


def show_anew(word: str, form: str, standalone: bool, output: Path | None, no_color: bool) -> int:
    """Derive and write what ``word`` stands for, whatever was kept; return the exit code."""
    return render(word, form, standalone, output, coloured(form, output, no_color))


def coloured(form: str, output: Path | None, no_color: bool) -> bool:
    return form == "text" and output is None and wants_colour(no_color)


def captured(word: str, form: str, standalone: bool, colour: bool) -> tuple[int, str, str]:
    """Return the exit code, the result and the notes of a rendering."""
    result, notes = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(result), contextlib.redirect_stderr(notes):
        code = render(word, form, standalone, None, colour)
    return code, result.getvalue(), notes.getvalue()


def render(word: str, form: str, standalone: bool, output: Path | None, colour: bool) -> int:
    """Derive and write what ``word`` stands for; return the exit code."""
    with judging_strangers(word):
        with no_collection():
            from backproof.cli.show import show_word
        return show_word(word, form, standalone, output, colour)


@contextlib.contextmanager
def judging_strangers(word: str) -> Iterator[None]:
    """Let the steps of what is not in the catalogue be judged by a process that can be killed.

    It starts while SymPy is imported.
    """
    from backproof import catalogue

    if catalogue.normalise(word) in catalogue.names():
        yield
        return
    from backproof.workers import judging_apart

    with judging_apart():
        yield

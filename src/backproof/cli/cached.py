"""``derive WORD`` from the cache where the same thing was rendered before, else from scratch."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import click

from backproof import cache
from backproof.cli import no_collection
from backproof.cli.output import deliver, wants_colour


def show_cached(word: str, form: str, standalone: bool, output: Path | None, no_color: bool) -> int:
    """Write what ``word`` stands for; return the exit code.  What had findings or has colour is never kept."""
    if output is None and wants_colour(no_color):
        return render(word, form, standalone, output, no_color)
    name = cache.key([word, content(word), form, str(standalone)])
    known = cache.look_up(name)
    if known is None:
        code, known, notes = captured(word, form, standalone)
        if code or notes or not known:
            if known:
                deliver(known, output)
            click.echo(notes, nl=False, err=True)
            return code
        cache.keep(name, known)
    deliver(known, output)
    return 0


def content(word: str) -> str:
    """Return what the file holds that ``word`` names; the catalogue counts as part of the code."""
    try:
        return Path(word).read_bytes().hex()
    except (OSError, ValueError):
        return ""


def captured(word: str, form: str, standalone: bool) -> tuple[int, str, str]:
    """Return the exit code, the result and the notes of a rendering without colour."""
    result, notes = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(result), contextlib.redirect_stderr(notes):
        code = render(word, form, standalone, None, True)
    return code, result.getvalue(), notes.getvalue()


def render(word: str, form: str, standalone: bool, output: Path | None, no_color: bool) -> int:
    """Derive and write what ``word`` stands for; return the exit code."""
    with judging_strangers(word):
        with no_collection():
            from backproof.cli.show import show_word
        return show_word(word, form, standalone, output, no_color)


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

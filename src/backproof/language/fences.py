"""Markdown to prose and derive fences; it knows where Markdown hides a fence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from backproof.language.document import Prose
from backproof.language.lexer import Source

_FENCE: Final = re.compile(r" {0,3}(?P<mark>`{3,}(?=[^`]*$)|~{3,})[ \t]*(?P<word>[^\s`]*)")
_HIDDEN: Final = re.compile(r"[\s>*+.)\d-]*(?:`{3,}|~{3,})[ \t]*derive\b", re.IGNORECASE)
_HEADING: Final = re.compile(r" {0,3}#{1,6}(?=[ \t])(?P<title>.*)")


@dataclass(frozen=True, slots=True)
class Fence:
    """The lines ``first`` to ``last`` (1-based, inclusive) between the two marks of a derive fence."""

    first: int
    last: int


def split(source: Source) -> tuple[str, list[Prose | Fence]]:
    """Return the title (the first heading) and the prose and derive fences, in order.

    Raises SourceError for a fence that is never closed or that Markdown would not see as one.
    """
    title = ""
    pieces: list[Prose | Fence] = []
    start = line = 1
    while line <= len(source.lines):
        text = source.lines[line - 1]
        opened = _FENCE.match(text)
        if opened is None:
            _check_hidden(source, line)
            title = title or _heading(text)
            line += 1
            continue
        last = _closing_line(source, line, opened["mark"])
        if opened["word"] == "derive":
            _add_prose(source, pieces, start, line)
            pieces.append(Fence(line + 1, last - 1))
            start = last + 1
        elif re.match(r"derive\b", opened["word"], re.IGNORECASE):
            shown = opened["word"][:40]
            source.fail(f"write derive for '{shown}'", line, opened.start("word") + 1)
        line = last + 1
    _add_prose(source, pieces, start, line)
    return title, pieces


def _heading(text: str) -> str:
    """Return the text of a heading, or nothing for any other line."""
    found = _HEADING.match(text)
    title = found["title"].strip() if found else ""
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else title


def _add_prose(source: Source, pieces: list[Prose | Fence], start: int, stop: int) -> None:
    text = "\n".join(source.lines[start - 1 : stop - 1])
    if text.strip():
        pieces.append(Prose(text, start))


def _closing_line(source: Source, line: int, mark: str) -> int:
    closing = re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t\r]*$")
    below = range(line + 1, len(source.lines) + 1)
    last = next((later for later in below if closing.match(source.lines[later - 1])), 0)
    if not last:
        column = source.lines[line - 1].index(mark[0]) + 1
        source.fail(f"this fence is never closed; close it with a line {mark[:40]}", line, column)
    return last


def _check_hidden(source: Source, line: int) -> None:
    """Refuse a derive fence in a list, a quotation or an indented block: it would go unchecked."""
    if _HIDDEN.match(source.lines[line - 1]):
        source.fail("a derive fence stands at the margin: indent it at most 3 spaces", line, 1)

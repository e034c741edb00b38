"""The derivation as slides: one step at a time, and never more on a slide than it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Final

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.latex import Page
from backproof.emit.latex_equations import cells_of
from backproof.emit.latex_text import escape
from backproof.emit.names import derivation_scope
from backproof.emit.outline import Block, Equations, Prose, Section, Table, outline, summary

#: Ems of a line and lines of text on a slide of 16 to 9 in 11pt.
_WIDTH: Final = 33.0
_LINES: Final = 13.0
_CHARACTERS: Final = 88
_TABLE_ROWS: Final = 9
_OPENING: Final = r"""\documentclass[aspectratio=169]{beamer}
\usepackage[T1]{fontenc}
\usefonttheme[onlymath]{serif}
\setbeamertemplate{navigation symbols}{}
\begin{document}
"""
#: How many lines of text a line of mathematics takes, by the tallest thing in it.
_HEIGHTS: Final = (
    (r"\\Bigg", 4.4), (r"\\bigg", 3.4), (r"\\Big", 3.0), (r"\\frac\{[^{}]*\\frac", 3.2), (r"\\frac", 2.5),
    (r"\\(?:sum|prod|max_|min_)", 2.3), ("", 1.4),
)  # fmt: skip
#: Lines of space around an alignment.
_MARGIN: Final = 1.0
_Part = tuple[str, float]


def emit_beamer(derivation: Derivation) -> str:
    """Return a document of slides, on which the steps are uncovered one by one."""
    return slides([derivation])


def slides(derivations: Iterable[Derivation]) -> str:
    """Return one document for several derivations."""
    frames = [frame for derivation in derivations for frame in _Slides(derivation).frames()]
    return _OPENING + "\n".join(frames) + "\\end{document}\n"


def _frame(title: str, body: Iterable[str]) -> str:
    return "\n".join([rf"\begin{{frame}}{{{escape(title)}}}", *body, r"\end{frame}", ""])


class _Slides:
    """The slides of one derivation."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.page = Page(derivation_scope(derivation), _WIDTH)

    def frames(self) -> Iterator[str]:
        first, *rest = outline(self.derivation)
        opening = replace(first, blocks=first.blocks or (Prose(summary(self.derivation)),))
        for section in (opening, *rest):
            yield from self._section(section)

    def _section(self, section: Section) -> Iterator[str]:
        """Yield the slides of a section: its blocks in order, a new slide where the next line does not fit."""
        shown: list[str] = []
        room = _LINES
        for block in section.blocks:
            for text, height in self._parts(block, room):
                if shown and height > room:
                    yield _frame(section.title, shown)
                    shown, room = [], _LINES
                shown.append(text)
                room -= height
        if shown:
            yield _frame(section.title, shown)

    def _parts(self, block: Block, room: float) -> Iterator[_Part]:
        """Yield what a block says in parts that fit a slide each, and how high they are; the first may fit ``room``."""
        match block:
            case Equations():
                yield from self._equations(block, room)
            case Table():
                for at in range(0, len(block.rows), _TABLE_ROWS):
                    rows = block.rows[at : at + _TABLE_ROWS]
                    yield rf"{{\small {self.page.block(replace(block, rows=rows))}}}", 2.0 + len(rows)
            case Prose():
                for text in prose.paragraphs(block.markdown):
                    yield prose.to_latex(text) + "\\par\\medskip\n", 1.5 + len(text) / _CHARACTERS
            case _:
                text = self.page.block(block)
                yield text, 1.5 + len(text) / _CHARACTERS

    def _equations(self, block: Equations, room: float) -> Iterator[_Part]:
        rest = [(lines, sum(map(_height, lines))) for lines in _whole(self.page.rows.body(block))]
        left = ""
        while rest:
            heights = [height for _, height in rest]
            fits = _fitting(heights, room) or _fitting(heights, _LINES) or 1
            equations = [lines for lines, _ in rest[:fits]]
            equations[0][0][0] = equations[0][0][0] or left
            left = next((lines[0][0] for lines in reversed(equations) if lines[0][0]), "")
            yield _aligned(equations), _MARGIN + sum(heights[:fits])
            rest, room = rest[fits:], _LINES


def _whole(body: str) -> list[list[list[str]]]:
    """Return the lines of every equation of an alignment, a turned line with the line that it goes on from."""
    found: list[list[list[str]]] = []
    for cells in cells_of(body):
        if len(cells) > 1 and cells[1].startswith("="):
            found.append([cells])
        elif any(cells):
            found[-1].append(cells)
    return found


def _fitting(heights: list[float], room: float) -> int:
    """Return how many lines fit into ``room``."""
    ends = accumulate(heights, initial=_MARGIN)
    return sum(1 for end in list(ends)[1:] if end <= room)


def _height(cells: list[str]) -> float:
    text = " ".join(cells)
    cases = 1.4 * (text.count(r"\\") + 1) if r"\begin{cases}" in text else 0.0
    return max(cases, next(height for mark, height in _HEIGHTS if re.search(mark, text)))


def _aligned(equations: list[list[list[str]]]) -> str:
    """Return an alignment whose every equation is uncovered by one more click."""
    rows = (
        " & ".join(_uncovered(cell, click) for cell in line)
        for click, lines in enumerate(equations, start=1)
        for line in lines
    )
    return "\\begin{align*}\n" + " \\\\[3pt]\n".join(rows) + "\n\\end{align*}"


def _uncovered(cell: str, click: int) -> str:
    if not cell or click == 1:
        return cell
    if cell.startswith("="):
        cell = "{}={} " + cell[1:].strip()
    return rf"\uncover<{click}->{{{cell}}}"

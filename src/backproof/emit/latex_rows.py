r"""Rows of an alignment, as LaTeX and the forges' Markdown share them: broken lines, reasons beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from backproof.emit.boxes import Box, Piece
from backproof.emit.breaking import break_lines, line_text
from backproof.emit.latex_style import HANG, measure
from backproof.emit.modes import LINE
from backproof.emit.outline import Equations, Markup, Row, Words, spread
from backproof.emit.typography import Typesetter
from backproof.kernel.verdict import Kind
from backproof.terms import Term

#: Ems that a reason may always take of a line; around an equals sign; between the columns.
_ASIDE: Final = 12.0
_EQUALS: Final = 1.4
_GAP: Final = 1.5
_TALL: Final = 1.9
_FALSE: Final = {Kind.REFUTED: "false", Kind.UNKNOWN: "not decided"}


class Laid(NamedTuple):
    """A line of an alignment, how high it is, and whether it starts a chain that stands apart."""

    text: str
    height: float
    apart: bool = False


def _words(row: Row) -> Words:
    """Return the reason of a row, and the verdict where it is not simply accepted."""
    verdict = _FALSE.get(row.verdict.kind) if row.verdict else None
    return row.reason if verdict is None else (*row.reason, *(["; "] if row.reason else []), verdict)


def _side_by_side(cells: list[tuple[Box, Box]]) -> Laid:
    text = " & ".join(f"{left.text} &= {right.text}" for left, right in cells)
    return Laid(text, max(max(left.height, right.height) for left, right in cells))


class Rows:
    """The rows of equations in one style.

    A line is at most ``page`` ems wide.  ``said`` writes the author's words inside ``\\text``; ``boxed`` sets a
    reason too long for one line into a box so many ems wide (None: it stays on one line).
    """

    def __init__(
        self,
        typeset: Typesetter,
        page: float,
        said: Callable[[str], str],
        boxed: Callable[[Words, float], str] | None = None,
    ) -> None:
        self.typeset = typeset
        self.page = page
        self.said = said
        self.boxed = boxed

    def body(self, block: Equations) -> str:
        """Return the rows with the row ends between them, without the environment around them."""
        if block.many:
            return self._columns(block.rows)
        lefts = [self.typeset(row.left).width for row in block.rows if row.left]
        room = self.page - max(lefts, default=0.0) - _EQUALS
        aside = max(self.measured(_words(row)) for row in block.rows)
        if aside:
            aside = min(aside, max(_ASIDE, room - self._natural(block.rows))) + _GAP
        middle = room - aside
        rows = spread(block.rows, lambda term: self.typeset(term).width, middle - _EQUALS)
        lines = [
            line._replace(apart=block.apart and bool(row.left) and i == 0)
            for row in rows
            for i, line in enumerate(self._lines(row, middle, aside))
        ]
        return self._stacked(lines)

    def _natural(self, rows: tuple[Row, ...]) -> float:
        return max(self.typeset(row.right).width for row in rows) + _GAP

    def _stacked(self, lines: list[Laid]) -> str:
        """Join lines, a little apart where tall ones meet, and farther where a chain starts."""
        ends = self.typeset.style.words
        parts = [lines[0].text]
        for above, below in pairwise(lines):
            tall = above.height > _TALL and below.height > _TALL
            end = "chain end" if below.apart else "tall row end" if tall else "row end"
            parts.append(f" {ends[end]}\n{below.text}")
        return "".join(parts)

    def _columns(self, rows: tuple[Row, ...]) -> str:
        """Return short equations side by side, read line by line."""
        cells = [(self._left(row), self.typeset(row.right)) for row in rows]
        widest = max(left.width for left, _ in cells) + max(right.width for _, right in cells)
        across = max(1, min(4, int(self.page / (widest + _EQUALS + 2 * _GAP)), (len(cells) + 1) // 2))
        if across == 1:
            middle = self.page - max(left.width for left, _ in cells) - _EQUALS
            return self._stacked([line for row in rows for line in self._lines(row, middle, 0.0)])
        groups = [cells[at : at + across] for at in range(0, len(cells), across)]
        return self._stacked([_side_by_side(group) for group in groups])

    def _left(self, row: Row) -> Box:
        return self.typeset(row.left) if row.left else Box((Piece("", 0.0),))

    def _lines(self, row: Row, middle: float, aside: float) -> Iterator[Laid]:
        left, right = self._left(row), self.typeset(row.right)
        first, *rest = break_lines(right, middle, HANG)
        height = max(left.height, right.height)
        yield Laid(f"{left.text} &= {line_text(first)}{self._reason(row, aside)}", height)
        for line in rest:
            yield Laid(rf"&\quad {line_text(line)}", right.height)

    def _reason(self, row: Row, room: float) -> str:
        words = _words(row)
        if not words:
            return ""
        if self.boxed is not None and self.measured(words) > room:
            return f" && {self.boxed(words, room - _GAP)}"
        return f" && {self.aside(words)}"

    def aside(self, words: Words) -> str:
        """Return words in mathematics: text in ``\\text``, terms on one line."""
        return " ".join(
            self.typeset(word, LINE).text if isinstance(word, Term) else rf"\text{{{self._said(word)}}}"
            for word in words
            if word != ""
        )

    def _said(self, word: str | Markup) -> str:
        return self.said(word.text if isinstance(word, Markup) else word)

    def measured(self, words: Words) -> float:
        """Return about how many ems ``words`` are wide."""
        return sum(
            self.typeset(word, LINE).width if isinstance(word, Term)
            else measure(word.text if isinstance(word, Markup) else word)
            for word in words
        )  # fmt: skip

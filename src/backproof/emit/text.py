"""The derivation in a terminal: Unicode, aligned, within the given number of columns."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.boxes import Box, Piece
from backproof.emit.breaking import Line, break_lines, line_text
from backproof.emit.names import Scope, derivation_scope
from backproof.emit.outline import (
    Block,
    Equations,
    Markup,
    Prose,
    Remark,
    Row,
    Section,
    Table,
    Words,
    outline,
    spread,
    summary,
    unchecked,
)  # fmt: skip
from backproof.emit.text_style import TEXT
from backproof.emit.typography import Typesetter
from backproof.kernel.verdict import Kind, Verdict
from backproof.terms import Term

_MARKS: Final = {Kind.PROVED: "✓", Kind.PROVED_IF: "✓", Kind.REFUTED: "✗", Kind.UNKNOWN: "?"}
_COLOURS: Final = {Kind.PROVED: "32", Kind.PROVED_IF: "33", Kind.REFUTED: "31;1", Kind.UNKNOWN: "35"}
_MARGIN: Final = 2
_GAP: Final = 3
_HANG: Final = 4
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def emit_text(derivation: Derivation, *, colour: bool = False, width: int = 80) -> str:
    """Return the derivation as a page of text at most ``width`` columns wide."""
    page = _Page(derivation_scope(derivation), colour, width)
    first, *rest = outline(derivation)
    lines = [page.painted(first.title, "1"), "─" * min(width, len(first.title)), *page.blocks(first)]
    for section in rest:
        lines += ["", page.painted(section.title, "1"), *page.blocks(section)]
    lines += ["", *page.filled(summary(derivation), 0), *page.filled(unchecked(derivation), 0)]
    return "\n".join(line.rstrip() for line in lines).replace(_NO_BREAK, " ") + "\n"


def term_text(term: Term, scope: Scope) -> str:
    """Return ``term`` on one line."""
    return Typesetter(TEXT, scope)(term).text


class _Page:
    """One page: its scope, its colours and its width."""

    def __init__(self, scope: Scope, colour: bool, width: int) -> None:
        self.typeset = Typesetter(TEXT, scope)
        self.colour = colour
        self.width = width

    def blocks(self, section: Section) -> Iterator[str]:
        before: Block | None = None
        for block in section.blocks:
            yield from [""] if isinstance(before, Equations | Prose) else []
            yield from self.block(block)
            before = block

    def block(self, block: Block) -> Iterable[str]:
        match block:
            case Equations():
                return self.equations(block)
            case Table():
                return self.table(block)
            case Remark():
                return self.filled(self.words(block.words), _MARGIN)
            case Prose():
                return self.prose(block)

    def painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def words(self, words: Words) -> str:
        return "".join(self.word(word) for word in words)

    def word(self, word: str | Term | Markup) -> str:
        if isinstance(word, Term):
            return self.typeset(word).text.replace(" ", _NO_BREAK)
        return prose.to_text(word.text) if isinstance(word, Markup) else word

    def filled(self, text: str, margin: int) -> list[str]:
        indent = " " * margin
        return textwrap.wrap(text, self.width, initial_indent=indent, subsequent_indent=indent)

    def prose(self, block: Prose) -> Iterator[str]:
        for i, paragraph in enumerate(prose.paragraphs(block.markdown)):
            yield from [""] if i else []
            yield from self.filled(prose.to_text(paragraph), _MARGIN)

    def table(self, block: Table) -> Iterator[str]:
        rows = [[self.words(cell) for cell in row] for row in block.rows]
        shown = [list(block.header), *rows] if block.header else rows
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        for row in shown:
            cells = [
                cell.rjust(width) if side == "r" else cell.ljust(width)
                for cell, width, side in zip(row, widths, block.sides, strict=True)
            ]
            yield from self.filled_row(" " * _MARGIN + (" " * _GAP).join(cells).rstrip(), widths[0])

    def filled_row(self, text: str, first: int) -> list[str]:
        hang = " " * (_MARGIN + first + _GAP)
        return textwrap.wrap(text, self.width, subsequent_indent=hang, drop_whitespace=False)

    def equations(self, block: Equations) -> Iterator[str]:
        indent = _MARGIN + max(map(len, map(self.left, block.rows))) + 3
        room = self.width - indent
        natural = max(math.ceil(self.typeset(row.right).width) for row in block.rows)
        aside = max(self.aside(row) for row in block.rows)
        if aside and natural + _GAP + aside > room:
            aside = min(aside, max(24, room - _GAP - natural))
        middle = room - (aside + _GAP if aside else 0)
        rows = list(spread(block.rows, lambda term: self.typeset(term).width, middle - 3))
        boxes = [self.typeset(row.right) for row in rows]
        middle = min(middle, max(math.ceil(box.width) for box in boxes))
        for i, (row, box) in enumerate(zip(rows, boxes, strict=True)):
            yield from [""] if block.apart and row.left and i else []
            left = self.left(row)
            yield from [] if left or not row.left else self.filled(self.typeset(row.left).text, _MARGIN)
            head = " " * _MARGIN + left.ljust(indent - _MARGIN - 3) + " = "
            side = _wrapped(self.words(row.reason), aside - 2)
            yield from self.row(row, head, break_lines(box, middle, _HANG), side, middle)

    def left(self, row: Row) -> str:
        """Return the left side, or nothing where it is so long that it gets lines of its own."""
        left = self.typeset(row.left).text if row.left else ""
        return left if len(left) <= self.width // 3 else ""

    def aside(self, row: Row) -> int:
        """Return how many columns the mark and the reason take."""
        return 2 + len(self.words(row.reason)) if row.reason else 1 if row.verdict else 0

    def row(self, row: Row, head: str, lines: tuple[Line, ...], side: list[str], middle: int) -> Iterator[str]:
        body = [row for i, line in enumerate(lines) for row in _laid(line, i > 0, middle)]
        base = next((i for i, text in enumerate(body) if "⎨" in text), 0) if lines[0][-1].rows else 0
        side = [""] * base + side
        for i in range(max(len(body), len(side))):
            left = head if i == base else " " * len(head)
            expression = body[i] if i < len(body) else ""
            aside = side[i] if i < len(side) else ""
            mark = self.mark(row.verdict) if i == base else " "
            gap = " " * (middle - len(expression) + _GAP)
            yield f"{left}{expression}{gap}{mark} {self.painted(aside, '2')}"

    def mark(self, verdict: Verdict | None) -> str:
        if verdict is None:
            return " "
        return self.painted(_MARKS[verdict.kind], _COLOURS[verdict.kind])


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) if text else [""]


def _laid(line: Line, turned: bool, width: int) -> list[str]:
    """Return the rows of one line: several where it ends in a list of cases, or in what nothing can break."""
    indent = "  " if turned else ""
    last = line[-1]
    text = indent + line_text(line)
    if last.rows:
        head = indent + (line_text((*line[:-1], replace(last, text=""))) if line[1:] else last.turn)
        braced = _braced(head, last, width)
        if max(map(len, braced)) <= width:
            return braced
    return [text] if len(text) <= width else _at_commas(text, width)


def _at_commas(text: str, width: int) -> list[str]:
    """Return what nothing breaks in lines, turned after a comma where there is one."""
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    held = re.sub(r"(?<!,) ", _NO_BREAK, text.lstrip())
    lines = textwrap.wrap(held, width, initial_indent=indent[2:], subsequent_indent=indent)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _braced(head: str, cases: Piece, width: int) -> list[str]:
    """Return the cases below one another, held by a brace, after ``head`` at half their height."""
    room = width - len(head) - 2 - _GAP
    aside = max(_condition_width(condition) for _, condition in cases.rows)
    value = max(math.ceil(value.width) for value, _ in cases.rows)
    if value + aside > room:
        aside = min(aside, max(room // 2, room - value))
    cells = [cell for row in cases.rows for cell in _cells(*row, room - aside, aside)]
    column = max(len(left) for left, _ in cells) + _GAP
    lines = [f"{left:{column}}{right}".rstrip() for left, right in cells]
    if len(lines) % 2 == 0:
        lines.insert(len(lines) // 2, "")
    last, middle = len(lines) - 1, len(lines) // 2
    signs = ["⎧", *["⎪"] * (last - 1), "⎩"]
    signs[middle] = "⎨"
    heads = [head if i == middle else " " * len(head) for i in range(last + 1)]
    return [f"{h}{sign} {line}" for h, sign, line in zip(heads, signs, lines, strict=True)]


def _cells(value: Box, condition: Box | None, room: int, aside: int) -> Iterator[tuple[str, str]]:
    """Yield the lines of one case: the value and, beside it, its condition."""
    left = _turned(value, room)
    right = ["otherwise"] if condition is None else _turned(condition, aside - 3)
    for i, (first, second) in enumerate(zip_longest(left, right, fillvalue="")):
        mark = "" if condition is None or not second else "   " if i else "if "
        yield first, mark + second


def _turned(box: Box, width: int) -> list[str]:
    return [("  " if i else "") + line_text(line) for i, line in enumerate(break_lines(box, max(6, width), _HANG))]


def _condition_width(condition: Box | None) -> int:
    return len("otherwise") if condition is None else 3 + math.ceil(condition.width)

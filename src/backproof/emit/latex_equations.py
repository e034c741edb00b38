r"""Rows of our own ``align*`` and ``aligned`` back to equations: turned lines are joined, reasons are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from backproof.emit.latex_names import Vocabulary
from backproof.emit.latex_reader import read_latex
from backproof.terms import Term

_MARK: Final = re.compile(r"\\\\(?:\[\d+pt\])?|\\(?:begin|end)\b|\\.|[{}&]", re.DOTALL)
_BODY: Final = re.compile(r"\\begin\{(align\*|aligned)\}(.*?)\\end\{\1\}", re.DOTALL)
_DEPTH: Final = {"{": 1, "}": -1, r"\begin": 1, r"\end": -1}


class Equation(NamedTuple):
    """``left = right``; without ``left`` it goes on from the row above."""

    left: Term | None
    right: Term


def read_document(latex: str, names: Vocabulary) -> tuple[tuple[Equation, ...], ...]:
    """Return the equations of every alignment of a fragment; raises SourceError."""
    return tuple(read_equations(match[2], names) for match in _BODY.finditer(latex))


def read_equations(body: str, names: Vocabulary) -> tuple[Equation, ...]:
    """Return the equations between ``\\begin{aligned}`` and ``\\end{aligned}``; raises SourceError."""
    written: list[tuple[str, str]] = []
    for cells in cells_of(body):
        if len(cells) > 1 and not cells[1].startswith("="):
            left, right = written.pop()
            written.append((left, f"{right} {cells[1]}"))
        else:
            written += _pairs(cells)
    return tuple(_equation(left, right, names) for left, right in written)


def _equation(left: str, right: str, names: Vocabulary) -> Equation:
    return Equation(read_latex(left, names) if left else None, read_latex(right, names))


def _pairs(cells: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (left, right) of one row; what stands behind an empty pair of columns is a reason."""
    for left, right in zip(cells[::2], cells[1::2], strict=False):
        if right.startswith("="):
            yield left, right[1:].strip()


def cells_of(body: str) -> Iterator[list[str]]:
    """Yield the cells of every line of an alignment, as text."""
    cells, start, depth = [], 0, 0
    for mark in _MARK.finditer(body):
        depth += _DEPTH.get(mark[0], 0)
        ends = not depth and mark[0].startswith(r"\\")
        if ends or (not depth and mark[0] == "&"):
            cells.append(body[start : mark.start()].strip())
            start = mark.end()
        if ends:
            yield cells
            cells = []
    yield [*cells, body[start:].strip()]

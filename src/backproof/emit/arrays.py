"""How an array of numbers is set: as a matrix where a format has room for one, else as lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backproof.emit.boxes import Box, Level, Piece, enclose
from backproof.emit.modes import LINE
from backproof.terms import Term

if TYPE_CHECKING:
    from backproof.emit.typography import Typesetter


def array_box(setter: Typesetter, term: Term, _mode: int) -> Box:
    """Return an array: a row or a matrix where the style stacks, else entries in brackets."""
    depths = {arg.head == "list" and 1 + (arg.args[0].head == "list") for arg in term.args}
    if setter.style.stacked and depths <= {0, 1} and len(depths) == 1:
        rows = [arg.args for arg in term.args] if depths == {1} else [term.args]
        return _matrix(setter, [[setter.inner(entry, LINE) for entry in row] for row in rows])
    inside = setter.listed([setter.inner(arg, LINE) for arg in term.args], "comma", Level.LOGIC)
    return Box(enclose(setter.fence(inside, "list"), inside), Level.ATOM, inside.height, "group", "group")


def _matrix(setter: Typesetter, rows: list[list[Box]]) -> Box:
    matrix, cell = setter.style.constructs["matrix"], setter.style.constructs["cell"]
    text = matrix.between.join(cell.between.join(box.text for box in row) for row in rows)
    width = max(sum(box.width + cell.pad for box in row) for row in rows)
    piece = Piece(matrix.before + text + matrix.after, width + matrix.pad)
    return Box((piece,), Level.ATOM, 1.2 * len(rows), "group", "group")

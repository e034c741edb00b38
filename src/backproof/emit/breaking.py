"""Where a long line turns: at the operators that cost least, and never past the margin."""

from __future__ import annotations

from collections.abc import Iterator

from backproof.emit.boxes import Box, Piece

Line = tuple[Piece, ...]


def break_lines(box: Box, width: float, hang: float) -> tuple[Line, ...]:
    """Return the pieces of ``box`` as lines of at most ``width``, every line but the first being
    ``hang`` narrower (its indent and its operator).

    The lines minimise the cost of their turns plus the square of the space left at their ends; a piece wider
    than ``width`` stands alone on its line.
    """
    pieces = box.pieces
    if box.width <= width:
        return (pieces,)
    turns = _turn_costs(pieces)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(pieces) + 1):
        found = ((best[start][0] + turns[start] + waste, start)
                 for start, waste in _last_lines(pieces, end, width, hang))  # fmt: skip
        best.append(min(found))
    lines: list[Line] = []
    end = len(pieces)
    while end:
        start = best[end][1]
        lines.append(pieces[start:end])
        end = start
    return tuple(reversed(lines))


def _turn_costs(pieces: Line) -> list[float]:
    """Return what it costs to turn before each piece: more for a tighter operator and inside brackets."""
    costs: list[float] = []
    depth = 0
    for piece in pieces:
        costs.append(1.0 + (piece.cost + 3 * depth) / 3 if costs else 0.0)
        depth += piece.opens - piece.closes
    return costs


def _last_lines(pieces: Line, end: int, width: float, hang: float) -> Iterator[tuple[int, float]]:
    """Yield (start, waste) of every line that ends before piece ``end``; at least the shortest one."""
    used = 0.0
    for start in range(end - 1, -1, -1):
        piece = pieces[start]
        whole = used + piece.width + (hang if start else 0.0)
        if start < end - 1 and whole > width:
            return
        slack = 0.0 if end == len(pieces) else ((width - whole) / width) ** 2
        yield start, slack + 100.0 * max(0.0, whole - width)
        used += piece.width + piece.glue_width


def line_text(line: Line) -> str:
    """Return a line of pieces; a piece at its start stands behind its turning operator."""
    first, *rest = line
    return first.turn + first.text + "".join(piece.glue + piece.text for piece in rest)

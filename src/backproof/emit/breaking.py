"""Where a long line turns: at the operators that cost least, and never past the margin."""

from __future__ import annotations

from backproof.emit.boxes import Box, Piece

Line = tuple[Piece, ...]

def break_lines(box: Box, width: float, hang: float) -> tuple[Line, ...]:
    """Return the pieces of ``box`` as lines of at most ``width``, every line but the first being
    ``hang`` narrower (its indent and its operator).

    The lines minimise the cost of their turns plus the square of the space left at their ends.
    """
    pieces = box.pieces
    if box.width <= width:
        return (pieces,)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(pieces) + 1):
        best.append(min(_candidates(pieces, end, width, hang, best)))
    lines: list[Line] = []
    end = len(pieces)
    while end:
        start = best[end][1]
        lines.append(pieces[start:end])
        end = start
    return tuple(reversed(lines))


def _candidates(
    pieces: Line, end: int, width: float, hang: float, best: list[tuple[float, int]]
) -> list[tuple[float, int]]:
    """Return (total cost, start) of every last line that ends before piece ``end``."""
    found: list[tuple[float, int]] = []
    used = 0.0
    for start in range(end - 1, -1, -1):
        piece = pieces[start]
        whole = used + piece.width + (hang if start else 0.0)
        if found and whole > width:
            break
        slack = 0.0 if end == len(pieces) else ((width - whole) / width) ** 2
        overfull = 100.0 * max(0.0, whole - width)
        turn = 1.0 + piece.cost / 3 if start else 0.0
        found.append((best[start][0] + turn + slack + overfull, start))
        used += piece.width + piece.glue_width
    return found


def line_text(line: Line) -> str:
    """Return a line of pieces; a piece at its start stands behind its turning operator."""
    first, *rest = line
    return first.turn + first.text + "".join(piece.glue + piece.text for piece in rest)

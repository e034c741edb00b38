"""Where everything of a layered graph stands: longest path, barycentre order, rows that never overlap.

Units are the caller's.  Vertices are pills (circles where they are as wide as high); a label is a box through
whose middle its edge runs.  Layers alternate: vertices in the even ones, labels in the odd ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Final

#: Between boxes of one layer; between layers; what an edge without a box needs; how often order and rows are swept.
_PAD: Final = 0.6
_GAP: Final = 1.4
_WIRE: Final = 0.4
_SWEEPS: Final = 24
_STEEP: Final = 0.22


@dataclass(frozen=True, slots=True)
class Size:
    """What a vertex or a label needs."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Place:
    """A box by its middle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    def overlaps(self, other: Place) -> bool:
        """Say whether the two boxes have an inner point in common."""
        across = self.left < other.right - _TOUCH and other.left < self.right - _TOUCH
        return across and self.top < other.bottom - _TOUCH and other.top < self.bottom - _TOUCH


_TOUCH: Final = 1e-6
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of vertices and labels; a route is points, joined straight and by level curves in turn."""

    vertices: tuple[Place, ...]
    labels: tuple[Place, ...]
    routes: tuple[tuple[Point, ...], ...]
    width: float
    height: float


def lay_out(vertices: Sequence[Size], edges: Sequence[tuple[int, int]], labels: Sequence[Size]) -> Layout:
    """Return the layout of an acyclic graph; ``labels`` are those of the edges, in their order."""
    grid = _Grid(vertices, edges, labels)
    order = _ordered(grid)
    rows = _rows(grid, order)
    columns = _columns(grid, order, rows)
    places = [Place(columns[grid.layer[i]][0], rows[i], size.width, size.height) for i, size in enumerate(grid.sizes)]
    shifts = _ports(grid, places)
    routes = tuple(_route(path, shift, places, columns, grid) for path, shift in zip(grid.paths, shifts, strict=True))
    height = max((place.bottom for place in places), default=0.0)
    width = columns[-1][0] + columns[-1][1] / 2 if columns else 0.0
    count = len(vertices)
    return Layout(tuple(places[:count]), tuple(places[path[-2]] for path in grid.paths), routes, width, height)


# ------------------------------------------------------------------ layers


def ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the length of the longest path to every vertex; a source stands just before its first use."""
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in edges:
        after[source].append(target)
        waiting[target] += 1
    sources = [i for i in range(count) if not waiting[i]]
    rank, ready = [0] * count, list(sources)
    while ready:
        vertex = ready.pop()
        for target in after[vertex]:
            rank[target] = max(rank[target], rank[vertex] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for source in sources:
        rank[source] = min((rank[target] for target in after[source]), default=1) - 1
    return rank


class _Grid:
    """Boxes in layers: the vertices, then for every edge its wires and its label; an edge is a path of boxes."""

    def __init__(self, vertices: Sequence[Size], edges: Sequence[tuple[int, int]], labels: Sequence[Size]) -> None:
        rank = ranks(len(vertices), edges)
        self.vertices = len(vertices)
        self.sizes = list(vertices)
        self.layer = [2 * r for r in rank]
        self.paths: list[list[int]] = []
        for (source, target), label in zip(edges, labels, strict=True):
            path = [source]
            for layer in range(2 * rank[source] + 1, 2 * rank[target] - 1):
                path.append(self._add(Size(0.0, _WIRE), layer))
            path += [self._add(label, 2 * rank[target] - 1), target]
            self.paths.append(path)
        self.before: list[list[int]] = [[] for _ in self.sizes]
        self.after: list[list[int]] = [[] for _ in self.sizes]
        for path in self.paths:
            for left, right in pairwise(path):
                self.after[left].append(right)
                self.before[right].append(left)

    def weight(self, box: int, other: int) -> int:
        """Return how much straightness matters between two boxes: most along the wires of one edge."""
        return 1 if min(box, other) < self.vertices else 8

    def _add(self, size: Size, layer: int) -> int:
        self.sizes.append(size)
        self.layer.append(layer)
        return len(self.sizes) - 1


# ------------------------------------------------------------------ order within a layer


def _ordered(grid: _Grid) -> list[list[int]]:
    """Return the boxes of every layer from top to bottom, with the fewest crossings that sweeping finds."""
    order: list[list[int]] = [[] for _ in range(max(grid.layer, default=-1) + 1)]
    for box in _by_depth(grid):
        order[grid.layer[box]].append(box)
    best, fewest = [list(layer) for layer in order], _crossings(grid, order)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        near = grid.before if forward else grid.after
        for at in range(1, len(order)) if forward else range(len(order) - 2, -1, -1):
            _by_barycentre(order, at, at - 1 if forward else at + 1, near)
        crossings = _crossings(grid, order)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in order], crossings
    return best


def _by_depth(grid: _Grid) -> list[int]:
    """Return every box, those of one source together."""
    seen: dict[int, None] = {}
    for root in range(len(grid.sizes)):
        stack = [root] if not grid.before[root] else []
        while stack:
            box = stack.pop()
            if box not in seen:
                seen[box] = None
                stack += reversed(grid.after[box])
    return list(seen)


def _by_barycentre(order: list[list[int]], at: int, beside: int, near: list[list[int]]) -> None:
    position = {box: i for i, box in enumerate(order[beside])}
    own = {box: float(i) for i, box in enumerate(order[at])}

    def barycentre(box: int) -> float:
        found = [position[other] for other in near[box] if other in position]
        return sum(found) / len(found) if found else own[box]

    order[at].sort(key=lambda box: (barycentre(box), own[box]))


def _crossings(grid: _Grid, order: list[list[int]]) -> int:
    """Return how many pairs of edges cross between neighbouring layers."""
    total = 0
    for left, right in pairwise(order):
        position = {box: i for i, box in enumerate(right)}
        ends = [end for box in left for end in sorted(position[other] for other in grid.after[box])]
        total += _inversions(ends, len(right))
    return total


def _inversions(ends: list[int], most: int) -> int:
    """Return how many pairs stand in the wrong order (a Fenwick tree counts those already seen)."""
    tree = [0] * (most + 1)
    found = 0
    for seen, end in enumerate(ends):
        at, below = end + 1, 0
        while at:
            below += tree[at]
            at -= at & -at
        found += seen - below
        at = end + 1
        while at <= most:
            tree[at] += 1
            at += at & -at
    return found


# ------------------------------------------------------------------ coordinates


def _rows(grid: _Grid, order: list[list[int]]) -> list[float]:
    """Return the height of every box's middle: near its neighbours, in order, and apart; the top is 0."""
    rows = [0.0] * len(grid.sizes)
    for layer in order:
        _settle(grid, layer, rows, [0.0] * len(layer))
    for sweep in range(2 * _SWEEPS):
        forward = sweep % 2 == 0
        both = sweep >= _SWEEPS
        for layer in order if forward else reversed(order):
            _settle(grid, layer, rows, [_desired(grid, box, rows, forward, both) for box in layer])
    top = min((rows[i] - size.height / 2 for i, size in enumerate(grid.sizes)), default=0.0)
    return [row - top for row in rows]


def _desired(grid: _Grid, box: int, rows: list[float], forward: bool, both: bool) -> float:
    near = grid.before[box] if forward else grid.after[box]
    if both or not near:
        near = grid.before[box] + grid.after[box]
    weights = [grid.weight(box, other) for other in near]
    weighted = sum(weight * rows[other] for weight, other in zip(weights, near, strict=True))
    return weighted / sum(weights) if near else rows[box]


def _settle(grid: _Grid, layer: list[int], rows: list[float], desired: list[float]) -> None:
    """Put a layer as near to ``desired`` as its order and its boxes allow (least squares, exactly)."""
    offsets = [0.0]
    for above, below in pairwise(layer):
        offsets.append(offsets[-1] + (grid.sizes[above].height + grid.sizes[below].height) / 2 + _PAD)
    blocks: list[tuple[float, int]] = []
    for wish, offset in zip(desired, offsets, strict=True):
        mean, count = wish - offset, 1
        while blocks and blocks[-1][0] >= mean:
            other, more = blocks.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        blocks.append((mean, count))
    levels = [mean for mean, count in blocks for _ in range(count)]
    for box, level, offset in zip(layer, levels, offsets, strict=True):
        rows[box] = level + offset


def _columns(grid: _Grid, order: list[list[int]], rows: list[float]) -> list[tuple[float, float]]:
    """Return (middle, width) of every layer; the gap before a layer is wider where its edges are steep."""
    columns: list[tuple[float, float]] = []
    edge = 0.0
    for layer in order:
        width = max((grid.sizes[box].width for box in layer), default=0.0)
        rise = max((abs(rows[box] - rows[b]) for box in layer for b in grid.before[box]), default=0.0)
        edge += min(5 * _GAP, max(_GAP, _STEEP * rise)) if columns else 0.0
        columns.append((edge + width / 2, width))
        edge += width
    return columns


# ------------------------------------------------------------------ routes


def _ports(grid: _Grid, places: list[Place]) -> list[float]:
    """Return how far from the middle of its target every edge arrives."""
    arriving: dict[int, list[int]] = {}
    for at, path in enumerate(grid.paths):
        arriving.setdefault(path[-1], []).append(at)
    shift = [0.0] * len(grid.paths)
    for target, found in arriving.items():
        found.sort(key=lambda at: places[grid.paths[at][-2]].y)
        step = places[target].height * 0.7 / len(found)
        for i, at in enumerate(found):
            shift[at] = (i - (len(found) - 1) / 2) * step
    return shift


def _route(
    path: list[int], shift: float, places: list[Place], columns: list[tuple[float, float]], grid: _Grid
) -> tuple[Point, ...]:
    """Return the points: level through every layer, a curve from each layer to the next."""
    source, *inner, target = path
    points = [(places[source].right, places[source].y), (_side(columns[grid.layer[source]], 1), places[source].y)]
    for box in inner:
        column = columns[grid.layer[box]]
        points += [(_side(column, -1), places[box].y), (_side(column, 1), places[box].y)]
    end, radius = places[target], places[target].height / 2
    inset = radius - sqrt(max(0.0, radius * radius - shift * shift))
    reach = min(inset, end.width / 2)
    points += [(_side(columns[grid.layer[target]], -1), end.y + shift), (end.left + reach, end.y + shift)]
    return tuple(points)


def _side(column: tuple[float, float], side: int) -> float:
    return column[0] + side * column[1] / 2

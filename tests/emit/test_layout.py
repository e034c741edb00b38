"""Nothing in a picture overlaps, and every edge runs from left to right."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.emit.layout import Layout, Place, Size, lay_out, ranks
from backproof.emit.picture import picture
from backproof.emit.svg import arrange
from backproof.emit.svg_text import measure

from .examples import NAMES, derivations


def overlapping(layout: Layout) -> list[tuple[Place, Place]]:
    boxes = [*layout.vertices, *layout.labels]
    return [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]


def crossed(layout: Layout, edges: list[tuple[int, int]]) -> list[tuple[int, Place]]:
    """Boxes through which a foreign edge runs on one of its level stretches."""
    found = []
    for at, route in enumerate(layout.routes):
        for (x, y), (end, level) in pairwise(route):
            for i, box in enumerate([*layout.vertices, *layout.labels]):
                is_own = i in (len(layout.vertices) + at, *edges[at])
                inside = box.left < end - 1e-6 and x < box.right - 1e-6 and box.top < y < box.bottom
                if y == level and inside and not is_own:
                    found.append((at, box))
    return found


def laid_out(name: str) -> list[tuple[Layout, list[tuple[int, int]]]]:
    pictures = [picture(each) for each in derivations(name)]
    return [
        (
            arrange(shown, lambda words: measure("".join(map(str, words))), 2.3, 1.35),
            [(edge.source, edge.target) for edge in shown.edges],
        )
        for shown in pictures
    ]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps_in_a_graph_of_the_catalogue(name: str) -> None:
    assert not any(overlapping(layout) for layout, _ in laid_out(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_edge_of_the_catalogue_runs_through_a_box(name: str) -> None:
    assert not any(crossed(layout, edges) for layout, edges in laid_out(name))


@st.composite
def graphs(draw: st.DrawFn, most: int) -> tuple[list[Size], list[tuple[int, int]], list[Size]]:
    """An acyclic graph: every vertex uses at most three earlier ones."""
    count = draw(st.integers(1, most))
    random = draw(st.randoms(use_true_random=False))
    edges = {(random.randrange(target), target) for target in range(1, count) for _ in range(random.randrange(4))}
    vertices = [Size(random.uniform(0.5, 9), random.uniform(0.5, 3)) for _ in range(count)]
    labels = [Size(random.uniform(1, 14), 2.7) for _ in edges]
    return vertices, sorted(edges), labels


@given(graphs(40))
@settings(max_examples=60, deadline=None)
def test_nothing_overlaps_in_any_graph(graph: tuple[list[Size], list[tuple[int, int]], list[Size]]) -> None:
    layout = lay_out(*graph)
    assert overlapping(layout) == []
    assert crossed(layout, graph[1]) == []


@given(graphs(200))
@settings(max_examples=3, deadline=None)
def test_nothing_overlaps_in_large_graphs(graph: tuple[list[Size], list[tuple[int, int]], list[Size]]) -> None:
    assert overlapping(lay_out(*graph)) == []


@given(graphs(40))
@settings(max_examples=60, deadline=None)
def test_every_edge_runs_from_left_to_right(graph: tuple[list[Size], list[tuple[int, int]], list[Size]]) -> None:
    ends = [x for route in lay_out(*graph).routes for x, _ in route]
    steps = [b - a for route in lay_out(*graph).routes for (a, _), (b, _) in pairwise(route)]
    assert all(step >= -1e-6 for step in steps)
    assert all(x >= -1e-6 for x in ends)


def test_a_source_stands_just_before_its_first_use() -> None:
    assert ranks(4, [(0, 1), (1, 2), (3, 2)]) == [0, 1, 2, 1]


def test_an_empty_graph_has_an_empty_layout() -> None:
    assert lay_out([], [], []) == Layout((), (), (), 0.0, 0.0)

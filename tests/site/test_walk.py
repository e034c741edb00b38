"""The numbers of a walk are those of the derivation; sliders move what may vary, and nothing else."""

from __future__ import annotations

import re

import numpy as np
import pytest

from backproof import catalogue
from backproof.calculus.arrays import evaluate_tensor
from backproof.calculus.fields import entry, has_axes, solved_context
from backproof.emit.html import Writer
from backproof.site.sliders import sliders, start_of
from backproof.site.walk import walk_through
from backproof.site.walk_numbers import Start, drawn, edge_numbers, picture_numbers, shown, walk_numbers
from tests.emit.examples import derivations

ARRAYS = [name for name in catalogue.names() if any(has_axes(each.node) for each in derivations(name))]


@pytest.mark.parametrize("name", ARRAYS)
def test_the_walk_ends_with_the_gradients_of_the_derivation(name: str) -> None:
    (derivation,) = derivations(name)
    start = start_of(derivation)
    assert start is not None
    found = walk_numbers(derivation, start)
    arriving: dict[str, object] = {}
    for each in found.edges:
        gradient = each.edge.gradient.data
        arriving[gradient] = arriving.get(gradient, 0.0) + each.product
    context = solved_context(derivation)
    inputs = [f"d{given.name}" for given in derivation.node.inputs if f"d{given.name}" in arriving]
    given = dict(start.values) | {f"d{output}": value for output, value in found.upstreams.items()}
    expected = {
        name: evaluate_tensor(entry(name, context.shapes[name]), context.shapes[name], given, context, start.sizes)
        for name in inputs
    }
    assert inputs
    assert all(np.allclose(arriving[name], value, rtol=1e-12, atol=1e-12) for name, value in expected.items())


def test_a_walk_starts_with_the_example() -> None:
    (derivation,) = derivations("softmax")
    start = start_of(derivation)
    assert start is not None
    assert (start.values["x"].tolist(), dict(start.sizes)) == ([[0, 0, 0], [0, 1, 2]], {"n": 2, "k": 3})


def test_a_walk_without_an_example_starts_inside_the_domain() -> None:
    start = start_of(derivations("log")[0])
    assert start is not None
    assert start.values["x"] > 0


def slides(name: str) -> list[tuple[str, str]]:
    """Name and place of every slider."""
    derivation = derivations(name)[0]
    start = start_of(derivation)
    assert start is not None
    return re.findall(r'data-name="(\w+)" data-at="([\d,]*)"', sliders(derivation, Writer(derivation), start))


def test_every_entry_has_a_slider() -> None:
    assert slides("mean-squared-error")[:2] == [("y", "0,0"), ("y", "0,1")]
    assert slides("sigmoid") == [("x", ""), ("dy", "")]


@pytest.mark.parametrize(
    ("name", "fixed"),
    [("cross-entropy", "t"), ("embedding", "ids"), ("convolution", "stride"), ("max-pooling", "stride")],
)
def test_what_may_not_vary_freely_has_no_slider(name: str, fixed: str) -> None:
    assert fixed not in {name for name, _ in slides(name)}


def test_many_sliders_are_folded_away() -> None:
    derivation = derivations("softmax")[0]
    assert "<summary>Change the inputs</summary>" in walk_through(derivation, Writer(derivation))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.5, "0.5"),
        (-1 / 3, "−0.33333"),
        ([1 / 3, -2], "[0.3333, −2]"),
        ([[1, 2], [3, 4]], "[[1, 2], [3, 4]]"),
        (float("nan"), "undefined"),
        (1e-16, "0"),
    ],
)
def test_numbers_are_shown_short(value: object, written: str) -> None:
    assert shown(value) == written


@pytest.mark.parametrize(
    ("value", "rows"),
    [(0.5, "0.5"), ([1, 2], "1, 2"), ([[[1, 2]], [[3, 4]]], "1, 2\n3, 4"), (np.ones((2, 5)), "2×5")],
)
def test_an_array_stands_on_an_edge_row_by_row(value: object, rows: str) -> None:
    assert drawn(value) == rows


def test_the_edges_of_fruit_have_the_book_s_numbers() -> None:
    given = {"apple": 100.0, "apples": 2.0, "orange": 150.0, "oranges": 3.0, "tax": 1.1}
    numbers = edge_numbers(derivations("fruit")[0], given)
    assert numbers.gradients["apple", next(t for s, t in numbers.gradients if s == "apple")] == "2.2"
    assert numbers.gradients["price", ""] == "1"


def test_two_ways_between_the_same_values_are_added_in_the_picture() -> None:
    derivation = derivations("square")[0]
    start = Start({"x": np.asarray(3.0), "dy": np.asarray(1.0)}, {})
    assert picture_numbers(derivation, walk_numbers(derivation, start)).gradients["x", "y"] == "6"

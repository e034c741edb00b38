"""The numbers of the shopping graphs, in float64 through the layers and as exact rationals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from backproof.checking import State, number_rows
from backproof.checking.numbers import graph_witness
from backproof.derivation import NumberRow
from backproof.layers import LAYERS, Mul
from tests.checking.subjects import catalogued, written


def rows(name: str) -> dict[str, NumberRow]:
    return {row.name: row for row in number_rows(catalogued(name))}


@pytest.mark.parametrize(
    ("graph", "price", "exact", "gradients"),
    [
        ("apple", "220.00000000000003", 220, "2.2 110.00000000000001 200.0"),
        ("fruit", "715.0000000000001", 715, "2.2 110.00000000000001 3.3000000000000003 165.0 650.0"),
    ],
)
def test_the_shopping_graphs_give_the_numbers_of_the_book(graph: str, price: str, exact: int, gradients: str) -> None:
    inputs = [given.name for given in catalogued(graph).node.inputs]
    found = rows(graph)
    assert (found["price"].value, found["price"].exact) == (price, exact)
    assert " ".join(found[name].gradient_value for name in inputs) == gradients


def test_the_exact_gradients_stand_beside_the_floats() -> None:
    found = rows("fruit")
    assert found["apple"].gradient_exact == Fraction(11, 5)
    assert found["orange"].gradient_exact == Fraction(33, 10)
    assert found["tax"].gradient_exact == 650


def test_a_node_is_evaluated_at_its_first_example() -> None:
    found = rows("sigmoid")
    assert found["x"] == NumberRow("x", Fraction(1), "1.0", None, "0.39322386648296376")
    assert found["y"].gradient_exact == 2


def test_a_value_used_twice_collects_both_contributions() -> None:
    found = {row.name: row for row in number_rows(written("graph g\nx = 3\ny = x*x + x"))}
    assert (found["y"].exact, found["x"].gradient_exact) == (12, 7)
    assert found["x"].gradient_value == "7.0"


def test_three_factors_go_through_two_layers() -> None:
    found = {row.name: row for row in number_rows(written("graph g\na = 2\nb = 3\nc = 1.1\ny = a*b*c"))}
    assert [found[name].gradient_value for name in "abc"] == [repr(3 * 1.1), repr(1.1 * 2), "6.0"]


def test_a_node_without_numbers_has_no_rows() -> None:
    assert number_rows(written("node f(x)\ny = 2*x")) == ()


def test_a_graph_without_numbers_has_no_numeric_witness() -> None:
    derivation = written("graph g\nx = 3\ny = 1/x")
    bare = replace(derivation, node=replace(derivation.node, values=()))
    assert graph_witness(derivation).state is State.AGREED
    assert graph_witness(bare).state is State.ABSENT


class Halving(Mul):
    def backward(self, dout: Any) -> Any:
        dx, dy = super().backward(dout)
        return dx, dy / 2


def test_the_witness_of_a_graph_rejects_a_layer_that_loses_a_factor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(LAYERS, "mul", Halving)
    found = graph_witness(catalogued("apple"))
    assert found.state is State.DISAGREED
    assert found.detail == "dnumber is 55.00000000000001 in float64, exactly 110"

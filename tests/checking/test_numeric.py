"""The numeric witness rejects every planted mistake in a layer, and forgives what is no mistake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof.checking.composed import compose
from backproof.checking.numeric import numeric_witness
from backproof.checking.state import State, Witness
from backproof.layers import SIGNATURES, Mul, ReLU, Sigmoid
from tests.checking.subjects import catalogued, written


def ask(node: str, layer: type[Any]) -> Witness:
    derivation = catalogued(node)
    return numeric_witness(derivation, compose(derivation), layer, SIGNATURES[node])


class FlippedSign(Sigmoid):
    def backward(self, dout: Any) -> Any:
        return -super().backward(dout)


class UpstreamIgnored(Sigmoid):
    def backward(self, dout: Any) -> Any:
        return super().backward(np.ones_like(dout))


class Overflowing(Sigmoid):
    def forward(self, x: Any) -> Any:
        super().forward(x)
        return 1 / (1 + np.exp(-x))


class SlightlyWrong(Sigmoid):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout) * (1 + 1e-6 if dout.dtype == np.float64 else 1)


class Clipped(Sigmoid):
    def forward(self, x: Any) -> Any:
        return super().forward(np.clip(x, -3, 3))


class OtherForward(Sigmoid):
    def forward(self, x: Any) -> Any:
        return np.asarray(super().forward(x)) * 2 - 1


class SlopeOneAtZero(ReLU):
    def forward(self, x: Any) -> Any:
        out = super().forward(x)
        self._active = np.asarray(x) >= 0
        return out


class Leaking(ReLU):
    def backward(self, dout: Any) -> Any:
        return np.where(self._active, dout, dout.dtype.type(1e-6) * dout)


class NotANumber(ReLU):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout) * np.nan


class Widened(ReLU):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout).astype(np.float64)


class Flattened(ReLU):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout).ravel()


class InPlace(ReLU):
    def backward(self, dout: Any) -> Any:
        dout[~self._active] = 0
        return dout


class Swapped(Mul):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout)[::-1]


class FirstEntryWrong(Mul):
    def backward(self, dout: Any) -> Any:
        dx, dy = (np.array(gradient) for gradient in super().backward(dout))
        if dy.size:
            dy.flat[-1] += 1
        return dx, dy


MUTANTS = [
    ("sigmoid", FlippedSign, "dx is"),
    ("sigmoid", UpstreamIgnored, "dx is"),
    ("sigmoid", Overflowing, "the layer fails for float32 of shape (2,): overflow"),
    ("sigmoid", SlightlyWrong, "dx is"),
    ("sigmoid", Clipped, "y is"),
    ("sigmoid", OtherForward, "y is"),
    ("relu", SlopeOneAtZero, "x = 0.0"),
    ("relu", Leaking, "dx is"),
    ("relu", NotANumber, "dx is nan"),
    ("relu", Widened, "dx is float64 of shape (), not float32 of shape ()"),
    ("relu", Flattened, "dx is float32 of shape (1,), not float32 of shape ()"),
    ("relu", InPlace, "the layer fails"),
    ("mul", Swapped, "da is"),
    ("mul", FirstEntryWrong, "db is"),
]


@pytest.mark.parametrize(("node", "layer", "words"), MUTANTS, ids=lambda value: str(value))
def test_rejects_a_mistake(node: str, layer: type[Any], words: str) -> None:
    found = ask(node, layer)
    assert found.state is State.DISAGREED
    assert words in found.detail


class Naive(Sigmoid):
    """The book's own formulas, less exact than ours but no mistake within range."""

    def forward(self, x: Any) -> Any:
        self._y = 1 / (1 + np.exp(-np.clip(x, -80, None)))
        return self._y.copy()

    def backward(self, dout: Any) -> Any:
        return dout * (1 - self._y) * self._y


def test_reports_digits_that_are_lost_where_the_output_is_almost_one() -> None:
    derivation = written("node sigmoid(x: (6, 12))\ny = 1/(1 + exp(-x))")
    found = numeric_witness(derivation, compose(derivation), Naive, SIGNATURES["sigmoid"])
    assert found.state is State.DISAGREED


def test_forgives_the_roundings_of_another_formula() -> None:
    derivation = written("node sigmoid(x: (-1, 1))\ny = 1/(1 + exp(-x))")
    found = numeric_witness(derivation, compose(derivation), Naive, SIGNATURES["sigmoid"])
    assert found.state is State.AGREED


def test_an_example_that_the_layer_does_not_give_is_a_disagreement() -> None:
    derivation = written("node relu(x)\ny = max(0, x)\nexample x = 2, dy = 3 -> y = 2, dx = 4")
    found = numeric_witness(derivation, compose(derivation), ReLU, SIGNATURES["relu"])
    assert found.detail == "dx is 3.0 in the example, not 4.0"


def test_a_node_with_other_inputs_than_the_layer_has_no_numeric_witness() -> None:
    derivation = written("node relu(x, k)\ny = k*max(0, x)")
    found = numeric_witness(derivation, compose(derivation), ReLU, SIGNATURES["relu"])
    assert found.state is State.ABSENT

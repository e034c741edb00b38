"""Recorded arrays: what numpy does to them is recorded, its derivative is right, and floats never slip out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from backproof.checking.adjoint import adjoint
from backproof.checking.balls import balls, precision
from backproof.checking.formulas import formula
from backproof.checking.lifted import Lifted
from backproof.checking.rounding import rounding
from backproof.checking.substitutes import tracing
from backproof.checking.tape import NotLiftable, Tape
from backproof.checking.tape_operations import OPERATIONS
from backproof.language import to_source

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
W = np.array([[0.5, -0.3], [0.2, 0.8], [-0.7, 0.1]])
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: (2 * x - 1) / (x * x + 3) - x**3,
    "transcendental": lambda x: np.exp(-x) + np.sin(x) * np.tanh(x) - np.log1p(x * x) + np.arctan(x),
    "sums": lambda x: x.sum(axis=0) * x.mean() + np.var(x, axis=1, keepdims=True) - x.std(),
    "matmul": lambda x: x @ W + np.dot(x, W) ** 2,
    "tensordot": lambda x: np.tensordot(x, x, axes=([1], [1])),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x) + np.einsum("ij->i", x)[:, None],
    "batched matmul": lambda x: np.matmul(x[None] * np.ones((4, 1, 1)), W),
    "maximum": lambda x: np.maximum(x, 0.1) + np.minimum(x, x.T[:, :1].sum()) + np.abs(x) + np.clip(x, -1, 0.5),
    "max": lambda x: np.exp(x - x.max(axis=1, keepdims=True)) + x.min(),
    "where": lambda x: np.where(x > 0, x * x, np.exp(x)),
    "shapes": lambda x: np.concatenate([x.T.reshape(2, 3), np.pad(x, 1)[1:-1, 1:-1]], axis=1)[:, ::2] * 2,
    "stack": lambda x: np.stack([x, x * 2]).transpose(1, 0, 2).reshape(2, -1).cumsum(axis=1),
    "sort": lambda x: np.sort(x, axis=1) * np.arange(3),
    "product": lambda x: np.prod(x, axis=1),
    "norm": lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    "outer": lambda x: np.outer(x[0], x[1]),
    "power": lambda x: np.exp(x) ** x,
    "take": lambda x: x[[0, 1, 1], [2, 2, 0]] * x[np.arange(2), np.argmax(x, axis=1)].sum(),
}


def _buffered(x: Any) -> Any:
    out = np.zeros((2, 3))
    out[:, 0] = x[:, 1]
    out[0, 1:] += x[1, :2] * 3
    out *= 2
    np.add.at(out, ([0, 0], [1, 1]), x[0, :2])
    return out


FUNCTIONS["buffers"] = _buffered


def recorded(function: Callable[[Any], Any]) -> tuple[Tape, Lifted, Lifted]:
    tape = Tape()
    x = Lifted(tape, tape.symbols("x", X))
    with tracing(tape, [_buffered]):
        return tape, x, function(x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_recorded_values_are_those_of_numpy(name: str) -> None:
    _, _, y = recorded(FUNCTIONS[name])
    np.testing.assert_allclose(y.witness, FUNCTIONS[name](X.copy()), rtol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_derivative_is_that_of_differences(name: str) -> None:
    tape, x, y = recorded(FUNCTIONS[name])
    upstream = np.random.default_rng(0).normal(size=y.shape)
    (found,) = adjoint(tape, [y.ids], [tape.symbols("dout", upstream)], [x.ids])
    expected = np.zeros_like(X)
    for place in np.ndindex(*X.shape):
        moved = [X.copy(), X.copy()]
        moved[0][place] += 1e-6
        moved[1][place] -= 1e-6
        up, down = (np.sum(upstream * FUNCTIONS[name](m)) for m in moved)
        expected[place] = (up - down) / 2e-6
    np.testing.assert_allclose(found.witness, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", [n for n, op in OPERATIONS.items() if op.value.__name__ not in ("add",)])
def test_balls_hold_the_float_value(name: str) -> None:
    tape = Tape()
    operation = OPERATIONS[name]
    count = operation.value.nin if isinstance(operation.value, np.ufunc) else 1
    args = [tape.symbols(f"x{i}", np.array([0.3 + 0.4 * i])) for i in range(count)]
    entry = tape.record(name, *args)
    (ball,) = balls(tape, entry)
    assert float(ball.mid()) == pytest.approx(float(tape.values[entry][0]), rel=1e-14)


@pytest.mark.parametrize(
    "leak",
    [float, int, np.asarray, lambda x: x.item(), lambda x: x.tolist(), lambda x: np.zeros(3).__setitem__(0, x),
     lambda x: math.exp(x), lambda x: np.linalg.inv(x), lambda x: [1, 2][x], lambda x: x.astype(int)],
)  # fmt: skip
def test_floats_never_slip_out(leak: Callable[[Any], Any]) -> None:
    tape = Tape()
    x = Lifted(tape, tape.symbols("x", np.array(0.5)))
    with pytest.raises((NotLiftable, TypeError, ValueError)):
        leak(x)


def test_views_share_entries_and_copies_do_not() -> None:
    tape = Tape()
    x = Lifted(tape, tape.symbols("x", X))
    view, copy = x[0], x.copy()
    view += 1
    assert (x.witness[0] == X[0] + 1).all()
    assert (copy.witness == X).all()


def test_short_decimals_are_exact_and_long_ones_are_balls() -> None:
    tape = Tape()
    with precision(256):
        exact, rounded = balls(tape, np.array([tape.constants(0.1).item(), tape.constants(1 / 3).item()]))
        assert exact.overlaps(arb(fmpq(1, 10)))
        assert rounded.contains(arb(fmpq(1, 3)))
    assert float(exact.rad()) < 1e-60


def test_a_formula_is_written_in_the_names_of_its_symbols() -> None:
    tape = Tape()
    x = Lifted(tape, tape.symbols("x", np.array(0.5)))
    y = 1 / (1 + np.exp(-x))
    assert to_source(formula(tape, int(y.ids), {})) == "1/(1 + exp(-x))"


def test_rounding_does_not_grow_with_the_number_of_entries() -> None:
    bounds = []
    for size in (10, 10_000):
        tape = Tape()
        x = Lifted(tape, tape.symbols("x", np.full(size, 0.5)))
        y = np.exp(x) * 3
        bounds.append(rounding(tape)[y.ids].max())
    assert bounds[0] == bounds[1]

"""Terms with axes have the values that numpy gives them by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof.calculus.arrays import evaluate_tensor
from backproof.domains import Context
from backproof.errors import NotDerivable, ShapeError
from backproof.language import parse_document
from backproof.terms import Term

RNG = np.random.default_rng(0)
X, W, P = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=(5,))
IDS = np.array([2, 0])
ARRAYS = {"x": X, "W": W, "p": P, "ids": IDS}
SHAPES = {"x": ("n", "d"), "W": ("d", "k"), "p": ("a",), "ids": ("n",)}
PADDED = np.pad(P, 9)
TERMS: list[tuple[str, str, Any]] = [
    ("n, k", "sum[d](x[n, d]*W[d, k])", X @ W),
    ("k, n", "sum[d](x[n, d]*W[d, k])", (X @ W).T),
    ("n, n'", "sum[d](x[n, d]*x[n', d])", X @ X.T),
    ("n", "mean[d](x[n, d]^2)", (X**2).mean(axis=1)),
    ("n", "max[d](x[n, d]) - min[d](x[n, d])", X.max(axis=1) - X.min(axis=1)),
    ("n", "logsumexp[d](x[n, d])", np.log(np.exp(X).sum(axis=1))),
    ("n, k", "W[ids[n], k]", W[IDS]),
    ("a", "p[a - 2]", PADDED[7:12]),
    ("a", "p[2*a + 1]", PADDED[10:20:2]),
    ("n, d", "where(x[n, d] > 0, x[n, d], 0)", np.maximum(X, 0)),
    ("n, d", "x[n, d]*[d <= n]", X * np.tri(2, 3)),
    ("n, d", "sum[k](1)*size(n)", np.full((2, 3), 8.0)),
    ("d", "x[0, d]/size(d)", X[0] / 3),
]


def term_of(axes: str, text: str) -> Term:
    """Return an expression over the arrays."""
    header = "node f(x[n, d], W[d, k], p[a], ids[n]: natural)"
    return parse_document(f"```derive\n{header}\ny[{axes}] = {text}\n```\n").nodes[0].lines[0].term


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("axes", "text", "expected"), TERMS)
def test_evaluates(axes: str, text: str, expected: Any, dtype: Any) -> None:
    """Every entry, in the dtype of the arrays; reads outside are zero."""
    arrays = {name: array if array.dtype.kind == "i" else array.astype(dtype) for name, array in ARRAYS.items()}
    found = evaluate_tensor(term_of(axes, text), axes.split(", "), arrays, Context(shapes=SHAPES))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype is np.float32 else 1e-12, atol=1e-6)


def test_refuses_arrays_that_do_not_fit() -> None:
    """Two sizes of one axis are an error."""
    arrays = ARRAYS | {"W": np.ones((2, 4))}
    with pytest.raises(ShapeError, match="the axis d of W has 2 entries"):
        evaluate_tensor(term_of("n", "sum[d](x[n, d])"), ["n"], arrays, Context(shapes=SHAPES))


def test_refuses_a_name_without_a_value() -> None:
    """A symbol needs an array or a definition."""
    arrays = {"x": X}
    with pytest.raises(NotDerivable, match="no value of W"):
        evaluate_tensor(term_of("d, k", "W[d, k]"), ["d", "k"], arrays, Context(shapes=SHAPES), {"k": 4})

"""The embedding: rows of a table, chosen by number."""

from __future__ import annotations

import numpy as np

from backproof.layers.arrays import Array, ArrayLike, floats, spread


class Embedding:
    """Looks up: out = W[ids], so dW[v] = Σ dout over the places where ids = v.

    (Saito 2018, section 4.1.)  Shapes: ids (...) of integers, W (v, d), out (..., d).
    """

    _ids: Array
    dW: Array

    def __init__(self, W: ArrayLike) -> None:
        self.W = floats(W)

    def forward(self, ids: ArrayLike) -> Array:
        """Return W[ids]."""
        self._ids = np.array(ids)
        return np.take(self.W, self._ids, axis=0)

    def backward(self, dout: ArrayLike) -> None:
        """Leave the gradient of the table in dW; numbers of rows have none."""
        upstream = spread(dout, (*self._ids.shape, *self.W.shape[1:]))
        self.dW = np.zeros_like(self.W, subok=False)
        np.add.at(self.dW, self._ids, upstream.astype(self.W.dtype))

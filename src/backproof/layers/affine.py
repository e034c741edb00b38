"""The affine map of the last axis: a fully connected layer."""

from __future__ import annotations

import numpy as np

from backproof.layers.arrays import Array, ArrayLike, cast, floats, leading, own, spread


class Affine:
    """Maps: out = x W + b, so dx = dout Wᵀ, dW = xᵀ dout, db = Σ dout (Saito 2016, section 5.6).

    Shapes: x (..., d), W (d, m), b (m,), out (..., m).  Sums run over all axes but the last.
    """

    _x: Array
    dW: Array
    db: Array

    def __init__(self, W: ArrayLike, b: ArrayLike) -> None:
        self.W, self.b = floats(W), floats(b)

    def forward(self, x: ArrayLike) -> Array:
        """Return x W + b."""
        self._x = own(x)
        out: Array = self._x @ self.W + self.b
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx; leave the gradients of the parameters in dW and db."""
        upstream = spread(dout, (*self._x.shape[:-1], self.W.shape[1]))
        batch = leading(upstream)
        self.dW = cast(np.tensordot(self._x, upstream, (batch, batch)), self.W)
        self.db = cast(upstream.sum(axis=batch), self.b)
        return cast(upstream @ self.W.T, self._x)

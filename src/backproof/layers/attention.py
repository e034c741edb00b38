"""Dot-product attention: a softmax-weighted mean of values."""

from __future__ import annotations

import numpy as np

from backproof.layers.activations import softmax, softmax_pullback
from backproof.layers.arrays import Array, ArrayLike, cast, own, spread, sum_to


class DotProductAttention:
    """Attends: out = P v, P = softmax(S), S = scale q kᵀ (Luong et al. 2015).

    With scale = 1/sqrt(d) it is that of Vaswani et al. 2017.  dv = Pᵀ dout, dP = dout vᵀ, dS = P
    (dP - Σ P dP), dq = scale dS k, dk = scale dSᵀ q. Shapes: q (..., m, d), k (..., n, d), v (...,
    n, e), out (..., m, e); leading axes broadcast.
    """

    _q: Array
    _k: Array
    _v: Array
    _weights: Array

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def forward(self, q: ArrayLike, k: ArrayLike, v: ArrayLike) -> Array:
        """Return P v."""
        self._q, self._k, self._v = own(q), own(k), own(v)
        self._weights = softmax(self.scale * (self._q @ self._k.swapaxes(-1, -2)))
        out: Array = self._weights @ self._v
        return out

    def backward(self, dout: ArrayLike) -> tuple[Array, Array, Array]:
        """Return (dq, dk, dv)."""
        q, k, v, weights = self._q, self._k, self._v, self._weights
        batch = np.broadcast_shapes(weights.shape[:-2], v.shape[:-2])
        upstream = spread(dout, (*batch, weights.shape[-2], v.shape[-1]))
        dv = weights.swapaxes(-1, -2) @ upstream
        scores = self.scale * softmax_pullback(upstream @ v.swapaxes(-1, -2), weights)
        gradients = (scores @ k, scores.swapaxes(-1, -2) @ q, dv)
        pairs = zip(gradients, (q, k, v), strict=True)
        dq, dk, dv = (cast(sum_to(value, array.shape), array) for value, array in pairs)
        return dq, dk, dv

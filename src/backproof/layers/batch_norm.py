"""Batch normalisation with the statistics of the batch."""

from __future__ import annotations

import numpy as np

from backproof.layers.arrays import Array, ArrayLike, cast, floats, spread


def _mean(array: Array) -> Array:
    """Return the mean over the batch axis, kept; 0 for an empty batch."""
    mean: Array = array.sum(axis=0, keepdims=True) / max(1, array.shape[0])
    return mean


class BatchNorm:
    """Normalises over the batch: out = gamma xhat + beta, xhat = (x - mean)/sqrt(var + eps).

    dx = gamma/sqrt(var + eps) (dout - mean(dout) - xhat mean(dout xhat)), dgamma = Σ dout xhat,
    dbeta = Σ dout (Ioffe and Szegedy 2015; in this form Kratzert 2016).  The variance is divided by
    n.

    Shapes: x, out (n, ...), gamma and beta those of one sample.  Training mode only: no running
    statistics.
    """

    _xhat: Array
    _scale: Array
    dgamma: Array
    dbeta: Array

    def __init__(self, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5) -> None:
        self.gamma, self.beta, self.eps = floats(gamma), floats(beta), eps

    def forward(self, x: ArrayLike) -> Array:
        """Return gamma xhat + beta."""
        x = floats(x)
        centred = x - _mean(x)
        self._scale = 1 / np.sqrt(_mean(centred**2) + self.eps)
        self._xhat = cast(centred * self._scale, x)
        out: Array = self.gamma * self._xhat + self.beta
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx; leave the gradients of the parameters in dgamma and dbeta."""
        upstream, xhat = spread(dout, self._xhat.shape), self._xhat
        self.dgamma = cast((upstream * xhat).sum(axis=0), self.gamma)
        self.dbeta = cast(upstream.sum(axis=0), self.beta)
        inner = upstream - _mean(upstream) - xhat * _mean(upstream * xhat)
        return cast(self.gamma * self._scale * inner, xhat)

"""Softmax and the losses: cross-entropy, softmax with cross-entropy, mean squared error."""

from __future__ import annotations

import math

import numpy as np

from backproof.layers.activations import log_softmax, softmax, softmax_pullback
from backproof.layers.arrays import Array, ArrayLike, cast, floats, own, spread


def _targets(t: ArrayLike, like: Array) -> Array:
    """Return the targets with one entry per class: labels (one axis less) become one-hot."""
    t = np.array(t)
    if t.ndim == like.ndim:
        return t.astype(like.dtype)
    matches: Array = t[..., np.newaxis] == np.arange(like.shape[-1])
    return matches.astype(like.dtype)


def _rows(array: Array) -> int:
    """Return N, how many rows the last axis has; 1 for an empty batch, whose loss is 0."""
    return max(1, math.prod(array.shape[:-1]))


class Softmax:
    """Normalises: y = exp(x)/Σ exp(x), so dx = y (dout - Σ dout y) (Bridle 1990).

    (Saito 2016, section 3.5.)  Shapes: x, y, dout (..., k); sums run over the last axis.
    """

    _y: Array

    def forward(self, x: ArrayLike) -> Array:
        """Return the softmax of the last axis."""
        self._y = softmax(floats(x))
        return self._y.copy()

    def backward(self, dout: ArrayLike) -> Array:
        """Return y (dout - Σ dout y)."""
        return cast(softmax_pullback(spread(dout, self._y.shape), self._y), self._y)


class SoftmaxWithLoss:
    """Scores: loss = -(1/N) Σ t log softmax(x), so dx = dout (y Σ t - t)/N.

    (Saito 2016, appendix A.)  Shapes: x (..., k), t (..., k) one-hot or any weights, or labels
    (...); loss (); N rows. For Σ t = 1 the gradient is the familiar dout (y - t)/N.  No probability
    is ever passed to log.
    """

    _y: Array
    _t: Array

    def forward(self, x: ArrayLike, t: ArrayLike) -> Array:
        """Return the mean cross-entropy of the rows."""
        x = floats(x)
        self._t, self._y = _targets(t, x), softmax(x)
        scores = np.multiply(self._t, log_softmax(x), where=self._t != 0, out=np.zeros_like(x))
        return cast(-scores.sum() / _rows(x), x)

    def backward(self, dout: ArrayLike = 1) -> Array:
        """Return dout (y Σ t - t)/N."""
        difference = self._y * self._t.sum(axis=-1, keepdims=True) - self._t
        return cast(spread(dout, ()) * difference / _rows(difference), self._y)


class CrossEntropy:
    """Scores: loss = -(1/N) Σ t log y, so dy = -dout t/(N y).

    (Saito 2016, section 4.2.2.)  Shapes: y (..., k) probabilities, t (..., k) one-hot or any
    weights, or labels (...); loss (); N rows. A probability counts only where its target is not 0,
    and then it is never shifted: y = 0 costs inf.
    """

    _y: Array
    _t: Array

    def forward(self, y: ArrayLike, t: ArrayLike) -> Array:
        """Return the mean cross-entropy of the rows."""
        self._y = own(y)
        self._t = _targets(t, self._y)
        logarithms = np.log(self._y, where=self._t != 0, out=np.zeros_like(self._y))
        return cast(-(self._t * logarithms).sum() / _rows(self._y), self._y)

    def backward(self, dout: ArrayLike = 1) -> Array:
        """Return -dout t/(N y)."""
        ratio = np.divide(self._t, self._y, where=self._t != 0, out=np.zeros_like(self._y))
        return cast(-spread(dout, ()) * ratio / _rows(ratio), self._y)


class MeanSquaredError:
    """Scores: loss = mean((y - t)**2), so dy = 2 dout (y - t)/M and dt = -dy, M entries.

    Shapes: y and t alike; loss ().  (Saito 2016, section 4.2.1 has half the sum instead of the
    mean.)
    """

    _y: Array
    _t: Array

    def forward(self, y: ArrayLike, t: ArrayLike) -> Array:
        """Return the mean of the squared differences; 0 where there are no entries."""
        self._y, self._t = own(y), own(t)
        difference = self._y - self._t
        return cast((difference * difference).sum() / max(1, difference.size), difference)

    def backward(self, dout: ArrayLike = 1) -> tuple[Array, Array]:
        """Return (dy, dt)."""
        dy = 2 * spread(dout, ()) * (self._y - self._t) / max(1, self._y.size)
        return cast(dy, self._y), cast(-dy, self._t)

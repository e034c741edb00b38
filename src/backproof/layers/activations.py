"""Knows the sigmoid and the hyperbolic tangent with their slopes, to a few ulp at every float.

``y*(1 - y)`` and ``1 - y**2`` lose every digit where y rounds to one; both slopes are computed from
``exp(-|x|)`` instead, which neither overflows nor cancels.
"""

from __future__ import annotations

import numpy as np

from backproof.layers.arrays import Array, cast


def sigmoid_and_slope(x: Array) -> tuple[Array, Array]:
    """Return 1/(1 + exp(-x)) and its derivative exp(-|x|)/(1 + exp(-|x|))**2, both of x's shape."""
    decay = np.exp(-np.abs(x))
    whole = 1 + decay
    return cast(np.maximum(decay, x >= 0) / whole, x), cast(decay / (whole * whole), x)


def tanh_and_slope(x: Array) -> tuple[Array, Array]:
    """Return tanh(x) and its derivative 4 exp(-2|x|)/(1 + exp(-2|x|))**2, both of x's shape."""
    decay = np.exp(-2 * np.abs(x))
    whole = 1 + decay
    return np.tanh(x), cast(4 * decay / (whole * whole), x)


def softmax(x: Array) -> Array:
    """Return exp(x)/Σ exp(x) over the last axis; nothing overflows."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True, initial=-np.inf))
    total: Array = powers / powers.sum(axis=-1, keepdims=True)
    return total


def log_softmax(x: Array) -> Array:
    """Return x - log Σ exp(x) over the last axis; nothing overflows."""
    shifted = x - x.max(axis=-1, keepdims=True, initial=-np.inf)
    logarithm: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logarithm


def softmax_pullback(upstream: Array, y: Array) -> Array:
    """Return y*(upstream - sum(upstream*y)): the gradient of softmax's input over the last axis."""
    gradient: Array = y * (upstream - (upstream * y).sum(axis=-1, keepdims=True))
    return gradient

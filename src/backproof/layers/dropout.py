"""Dropout with a given mask, or with one drawn from a seed."""

from __future__ import annotations

import numpy as np

from backproof.layers.arrays import Array, ArrayLike, cast, floats, spread


class Dropout:
    """Drops: out = x mask/(1 - ratio), so dx = dout mask/(1 - ratio).

    Inverted dropout (Srivastava et al. 2014, section 10).  Shapes: x, mask, out alike.  The mask is
    1 where an entry is kept; it is the one of the forward pass. Without a given mask each forward
    pass draws the next one from ``seed``.
    """

    _factor: Array

    def __init__(self, ratio: float = 0.5, seed: int | None = None) -> None:
        self.ratio = ratio
        self._rng = np.random.default_rng(seed)

    def forward(self, x: ArrayLike, mask: ArrayLike | None = None) -> Array:
        """Return x mask/(1 - ratio)."""
        x = floats(x)
        kept = self._rng.random(x.shape) >= self.ratio if mask is None else np.asarray(mask)
        self._factor = np.broadcast_to(kept / (1 - self.ratio), x.shape).astype(x.dtype)
        return cast(x * self._factor, x)

    def backward(self, dout: ArrayLike) -> Array:
        """Return dout mask/(1 - ratio)."""
        return cast(spread(dout, self._factor.shape) * self._factor, self._factor)

"""Maximum and average over the windows of an image."""

from __future__ import annotations

import numpy as np

from backproof.layers.arrays import Array, ArrayLike, cast, floats, spread
from backproof.layers.windows import fold, windows


class _Pooling:
    """A window of height x width that moves by ``stride``, from (n, c, h, w) to (n, c, oh, ow)."""

    _like: Array
    _shape: tuple[int, ...]
    _pooled: tuple[int, ...]

    def __init__(self, height: int, width: int, stride: int = 1) -> None:
        self.height, self.width, self.stride = height, width, stride

    def _windows(self, x: Array) -> Array:
        seen = windows(x, self.height, self.width, self.stride)
        self._shape, self._pooled, self._like = x.shape, seen.shape[:4], np.empty((), x.dtype)
        return seen

    def _fold(self, columns: Array) -> Array:
        return cast(fold(columns, self._shape, self.stride), self._like)


class MaxPooling(_Pooling):
    """Takes the maximum of each window; the gradient goes to the entry that attains it.

    Where several do, to the first, row by row.  No padding.  Shapes: x (n, c, h, w), out (n, c, oh,
    ow), oh = (h - height)//stride + 1 (Saito 2016, section 7.4.4).
    """

    _places: Array

    def forward(self, x: ArrayLike) -> Array:
        """Return the maximum of each window."""
        seen = self._windows(floats(x))
        flat = seen.reshape(*self._pooled, self.height * self.width)
        self._places = flat.argmax(axis=-1)
        out: Array = np.take_along_axis(flat, self._places[..., np.newaxis], axis=-1)[..., 0]
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx: each entry of dout at the place of its maximum."""
        offsets = np.arange(self.height * self.width).reshape(self.height, self.width, 1, 1, 1, 1)
        upstream = spread(dout, self._pooled)
        return self._fold(np.where(offsets == self._places, upstream, np.zeros((), upstream.dtype)))


class AveragePooling(_Pooling):
    """Takes the mean of each window; the gradient is dout/(height width) for each entry.

    No padding.  Shapes: x (n, c, h, w), out (n, c, oh, ow), oh = (h - height)//stride + 1 (LeCun et
    al. 1998).
    """

    def forward(self, x: ArrayLike) -> Array:
        """Return the mean of each window."""
        out: Array = self._windows(floats(x)).mean(axis=(4, 5))
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx: dout/(height width), summed over the windows that hold the entry."""
        share = spread(dout, self._pooled) / (self.height * self.width)
        return self._fold(np.broadcast_to(share, (self.height, self.width, *self._pooled)))

"""Two-dimensional convolution (a correlation, as in all of deep learning), strided and padded."""

from __future__ import annotations

import numpy as np

from backproof.layers.arrays import Array, ArrayLike, cast, floats, spread
from backproof.layers.windows import fold, windows


class Convolution:
    """Correlates: out[n, f, p, q] = b[f] + Σ W[f, c, u, v] x[n, c, s p + u - pad, s q + v - pad].

    Reads outside the image are 0.  dW correlates the windows with dout, db sums dout, dx adds W
    dout into the places that each window has read (Saito 2016, section 7.4; im2col of Chellapilla
    2006).

    Shapes: x (n, c, h, w), W (f, c, kh, kw), b (f,), out (n, f, oh, ow), oh = (h + 2 pad -
    kh)//stride + 1.
    """

    _padded: Array
    dW: Array
    db: Array

    def __init__(self, W: ArrayLike, b: ArrayLike, stride: int = 1, pad: int = 0) -> None:
        self.W, self.b, self.stride, self.pad = floats(W), floats(b), stride, pad

    def _windows(self) -> Array:
        height, width = self.W.shape[2:]
        return windows(self._padded, height, width, self.stride)

    def forward(self, x: ArrayLike) -> Array:
        """Return the correlation of x with every filter, plus b."""
        around = (self.pad, self.pad)
        self._padded = np.pad(floats(x), ((0, 0), (0, 0), around, around))
        out = np.tensordot(self._windows(), self.W, ((1, 4, 5), (1, 2, 3))) + self.b
        return np.ascontiguousarray(out.transpose(0, 3, 1, 2))

    def backward(self, dout: ArrayLike) -> Array:
        """Return dx; leave the gradients of the parameters in dW and db."""
        seen, padded = self._windows(), self._padded
        samples, _, rows, across = seen.shape[:4]
        upstream = spread(dout, (samples, len(self.W), rows, across))
        self.dW = cast(np.tensordot(upstream, seen, ((0, 2, 3), (0, 2, 3))), self.W)
        self.db = cast(upstream.sum(axis=(0, 2, 3)), self.b)
        columns = np.tensordot(self.W, upstream, (0, 1)).transpose(1, 2, 3, 0, 4, 5)
        inside = slice(self.pad, -self.pad or None)
        folded = fold(columns, padded.shape, self.stride)[:, :, inside, inside]
        return cast(np.ascontiguousarray(folded), padded)

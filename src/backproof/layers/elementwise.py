"""The book's first four nodes: multiplication, addition, ReLU and sigmoid, for any shape."""

from __future__ import annotations

import numpy as np

from backproof.layers.activations import sigmoid_and_slope
from backproof.layers.arrays import Array, ArrayLike, cast, floats, own, spread, sum_to


class Mul:
    """Multiplies: out = x*y, so dx = dout*y and dy = dout*x (Saito 2016, section 5.4.1).

    Shapes: x and y broadcast to out; the gradient of a broadcast input is summed back to its shape.
    """

    _x: Array
    _y: Array

    def forward(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Return x*y."""
        self._x, self._y = own(x), own(y)
        product: Array = self._x * self._y
        return product

    def backward(self, dout: ArrayLike) -> tuple[Array, Array]:
        """Return (dout*y, dout*x)."""
        upstream = spread(dout, np.broadcast_shapes(self._x.shape, self._y.shape))
        dx = sum_to(upstream * self._y, self._x.shape)
        dy = sum_to(upstream * self._x, self._y.shape)
        return cast(dx, self._x), cast(dy, self._y)


class Add:
    """Adds: out = x + y, so dx = dout and dy = dout (Saito 2016, section 5.4.2).

    Shapes: x and y broadcast to out; the gradient of a broadcast input is summed back to its shape.
    """

    _x: Array
    _y: Array

    def forward(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Return x + y."""
        x, y = floats(x), floats(y)
        # only shape and dtype matter to backward: keep one entry of memory, not the arrays
        self._x, self._y = (np.broadcast_to(z.dtype.type(0), z.shape) for z in (x, y))
        total: Array = x + y
        return total

    def backward(self, dout: ArrayLike) -> tuple[Array, Array]:
        """Return two fresh copies of dout."""
        upstream = spread(dout, np.broadcast_shapes(self._x.shape, self._y.shape))
        dx, dy = (sum_to(upstream, z.shape).astype(z.dtype)[()] for z in (self._x, self._y))
        return dx, dy


class ReLU:
    """Rectifies: out = max(x, 0), so dx = dout where x > 0 and 0 elsewhere.

    (Saito 2016, section 5.5.1.)  The derivative at 0 is 0 by convention.  NaN passes through,
    forwards and backwards.
    """

    _active: Array
    _zero: Array

    def forward(self, x: ArrayLike) -> Array:
        """Return max(x, 0)."""
        x = floats(x)
        self._active, self._zero = ~(x <= 0), np.zeros((), x.dtype)
        return cast(np.maximum(x, 0), x)

    def backward(self, dout: ArrayLike) -> Array:
        """Return dout where x > 0, else 0."""
        upstream = spread(dout, self._active.shape)
        return cast(np.where(self._active, upstream, self._zero), self._zero)


class Sigmoid:
    """Squashes: out = 1/(1 + exp(-x)), so dx = dout*out*(1 - out) (Saito 2016, section 5.5.2).

    The slope out*(1 - out) is kept as exp(-|x|)/(1 + exp(-|x|))**2, which is the same number
    without its cancellation; nothing overflows at any x.
    """

    _slope: Array

    def forward(self, x: ArrayLike) -> Array:
        """Return 1/(1 + exp(-x))."""
        out, self._slope = sigmoid_and_slope(floats(x))
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Return dout*out*(1 - out)."""
        return cast(spread(dout, self._slope.shape) * self._slope, self._slope)

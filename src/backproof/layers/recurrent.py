"""One time step of the recurrent cells (simple, LSTM, GRU), the gates side by side in a matrix."""

from __future__ import annotations

import numpy as np

from backproof.layers.activations import sigmoid_and_slope, tanh_and_slope
from backproof.layers.arrays import Array, ArrayLike, cast, floats, own, spread


class _Cell:
    """Parameters Wx (d, g h), Wh (h, g h), b (g h,) of g gates; gradients dWx, dWh, db."""

    _x: Array
    _h: Array
    dWx: Array
    dWh: Array
    db: Array

    def __init__(self, Wx: ArrayLike, Wh: ArrayLike, b: ArrayLike) -> None:
        self.Wx, self.Wh, self.b = floats(Wx), floats(Wh), floats(b)

    def _preactivation(self, x: ArrayLike, h: ArrayLike) -> Array:
        self._x, self._h = own(x), own(h)
        total: Array = self._x @ self.Wx + self._h @ self.Wh + self.b
        return total

    def _pull(self, da: Array) -> tuple[Array, Array]:
        """Return (dx, dh) of a = x Wx + h Wh + b; leave the gradients of the parameters."""
        self.dWx = cast(self._x.T @ da, self.Wx)
        self.dWh = cast(self._h.T @ da, self.Wh)
        self.db = cast(da.sum(axis=0), self.b)
        return cast(da @ self.Wx.T, self._x), cast(da @ self.Wh.T, self._h)


class RNNStep(_Cell):
    """Steps: h' = tanh(x Wx + h Wh + b) (Elman 1990; Saito 2018, section 5.3).

    Shapes: x (n, d), h and h' (n, h), Wx (d, h), Wh (h, h), b (h,).
    With da = dout (1 - h'²): dx = da Wxᵀ, dh = da Whᵀ, dWx = xᵀ da, dWh = hᵀ da, db = Σ da.
    """

    _slope: Array

    def forward(self, x: ArrayLike, h: ArrayLike) -> Array:
        """Return the next state."""
        state, self._slope = tanh_and_slope(self._preactivation(x, h))
        return state

    def backward(self, dout: ArrayLike) -> tuple[Array, Array]:
        """Return (dx, dh); leave the gradients of the parameters in dWx, dWh and db."""
        return self._pull(spread(dout, self._slope.shape) * self._slope)


class LSTMStep(_Cell):
    """Steps: c' = f c + g i, h' = o tanh(c') (Hochreiter and Schmidhuber 1997).

    (With forget gates, Gers et al. 1999; Saito 2018, section 6.3.)  f, i, o are sigmoids and g is a
    tanh of the four quarters, in the order f, g, i, o, of a = x Wx + h Wh + b.  Shapes: x (n, d),
    h, c, h', c' (n, h), Wx (d, 4h), Wh (h, 4h), b (4h,). With ds = dc' + dh' o (1 - tanh(c')²): dc
    = ds f, df = ds c, dg = ds i, di = ds g, do = dh' tanh(c').
    """

    _c: Array
    _gates: tuple[Array, ...]
    _slopes: tuple[Array, ...]
    _squashed: tuple[Array, Array]

    def forward(self, x: ArrayLike, h: ArrayLike, c: ArrayLike) -> tuple[Array, Array]:
        """Return the next state and the next cell, (h', c')."""
        self._c = own(c)
        f, g, i, o = np.split(self._preactivation(x, h), 4, axis=1)
        squash = (sigmoid_and_slope, tanh_and_slope, sigmoid_and_slope, sigmoid_and_slope)
        pairs = [function(a) for function, a in zip(squash, (f, g, i, o), strict=True)]
        self._gates, self._slopes = tuple(y for y, _ in pairs), tuple(slope for _, slope in pairs)
        forget, new, write, read = self._gates
        cell = forget * self._c + new * write
        self._squashed = tanh_and_slope(cell)
        return read * self._squashed[0], cell

    def backward(self, dh: ArrayLike, dc: ArrayLike) -> tuple[Array, Array, Array]:
        """Return (dx, dh, dc); leave the gradients of the parameters in dWx, dWh and db."""
        forget, new, write, read = self._gates
        squashed, slope = self._squashed
        state, cell = spread(dh, slope.shape), spread(dc, slope.shape)
        total = cell + state * read * slope
        arrived = (total * self._c, total * write, total * new, state * squashed)
        da = np.concatenate([u * s for u, s in zip(arrived, self._slopes, strict=True)], axis=1)
        return *self._pull(da), cast(total * forget, self._c)


class GRUStep(_Cell):
    """Steps: h' = (1 - z) h + z g, g = tanh(x Wxg + (r h) Whg + bg) (Cho et al. 2014).

    (Saito 2018, appendix C.)  z and r are sigmoids of x Wx + h Wh + b; the thirds of Wx, Wh and b
    stand in the order z, r, g. Shapes: x (n, d), h and h' (n, h), Wx (d, 3h), Wh (h, 3h), b (3h,).
    """

    _gates: tuple[Array, Array, Array]
    _slopes: tuple[Array, Array, Array]

    def forward(self, x: ArrayLike, h: ArrayLike) -> Array:
        """Return the next state."""
        self._x, self._h = own(x), own(h)
        cut = 2 * self._h.shape[1]
        given = self._x @ self.Wx + self.b
        gates = given[:, :cut] + self._h @ self.Wh[:, :cut]
        (z, dz), (r, dr) = (sigmoid_and_slope(a) for a in np.split(gates, 2, axis=1))
        new, slope = tanh_and_slope(given[:, cut:] + (r * self._h) @ self.Wh[:, cut:])
        self._gates, self._slopes = (z, r, new), (dz, dr, slope)
        state: Array = (1 - z) * self._h + z * new
        return state

    def backward(self, dout: ArrayLike) -> tuple[Array, Array]:
        """Return (dx, dh); leave the gradients of the parameters in dWx, dWh and db."""
        (z, r, new), (dz, dr, slope) = self._gates, self._slopes
        upstream, h, cut = spread(dout, z.shape), self._h, 2 * self._h.shape[1]
        da_new = upstream * z * slope
        reset = da_new @ self.Wh[:, cut:].T
        da_gates = np.concatenate([upstream * (new - h) * dz, reset * h * dr], axis=1)
        da = np.concatenate([da_gates, da_new], axis=1)
        self.dWx, self.db = cast(self._x.T @ da, self.Wx), cast(da.sum(axis=0), self.b)
        recurrent = np.concatenate([h.T @ da_gates, (r * h).T @ da_new], axis=1)
        self.dWh = cast(recurrent, self.Wh)
        dh = upstream * (1 - z) + reset * r + da_gates @ self.Wh[:, :cut].T
        return cast(da @ self.Wx.T, self._x), cast(dh, h)

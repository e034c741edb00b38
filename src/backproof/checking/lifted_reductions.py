"""Sums, means, extremes and products over axes of recorded arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backproof.checking.lifted import Lifted
from backproof.checking.lifted_values import put_out
from backproof.checking.tape import Ids, Tape


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes that are meant, sorted; raises numpy's AxisError for one that is not there."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    if not ndim and given in ((0,), (-1,)):  # np.sum(np.float64(1), axis=-1) is 1.0
        return ()
    if not all(-ndim <= a < ndim for a in given):
        raise np.exceptions.AxisError(f"axis {axis} is out of bounds for an array of dimension {ndim}")
    return tuple(sorted(a % ndim for a in given))


def _rows(ids: Ids, axes: Sequence[int]) -> Ids:
    """Return ids with the reduced axes flattened into the last one."""
    kept = [a for a in range(ids.ndim) if a not in axes]
    moved = ids.transpose(*kept, *axes)
    return moved.reshape(*(ids.shape[a] for a in kept), -1 if ids.size else math.prod(ids.shape[a] for a in axes))


def _kept_shape(shape: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(1 if a in axes else n for a, n in enumerate(shape))


def _reduce(u: Lifted, axis: Any, keepdims: Any, rows: Callable[[Tape, Ids], Ids]) -> Lifted:
    axes = _axes(axis, u.ndim)
    result = rows(u.tape, _rows(u.ids, axes)) if axes else u.ids
    return Lifted(u.tape, result.reshape(_kept_shape(u.shape, axes)) if keepdims else result)


def reduce_sum(u: Lifted, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **_: Any) -> Any:
    """Return sums over axes, as ``np.sum`` does."""
    return put_out(_reduce(u, axis, keepdims, lambda tape, rows: tape.sum_rows(rows)), out)


def _count(u: Lifted, axis: Any) -> int:
    return math.prod(u.shape[a] for a in _axes(axis, u.ndim))


def reduce_mean(u: Lifted, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Return means over axes, as ``np.mean`` does."""
    return put_out(reduce_sum(u, axis, keepdims=keepdims) / _count(u, axis), out)


def reduce_var(
    u: Lifted, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: Any = False
) -> Any:
    """Return variances over axes, as ``np.var`` does."""
    centred = u - reduce_mean(u, axis, keepdims=True)
    return put_out(reduce_sum(centred * centred, axis, keepdims=keepdims) / (_count(u, axis) - ddof), out)


def reduce_extreme(pick: Any) -> Callable[..., Lifted]:
    """Return ``np.max`` or ``np.min``: the witness decides which entry it is."""

    def extreme(u: Lifted, axis: Any = None, out: Any = None, keepdims: Any = False, **_: Any) -> Lifted:
        def rows(tape: Tape, ids: Ids) -> Ids:
            place = tape.decide(pick(tape.values[ids], axis=-1))
            return np.take_along_axis(ids, np.expand_dims(place, -1), -1)[..., 0]

        return put_out(_reduce(u, axis, keepdims, rows), out)

    return extreme


def reduce_prod(u: Lifted, axis: Any = None, keepdims: Any = False, **_: Any) -> Lifted:
    """Return products over axes, as ``np.prod`` does."""

    def rows(tape: Tape, ids: Ids) -> Ids:
        result = np.full(ids.shape[:-1], tape.one)
        for column in range(ids.shape[-1]):
            result = tape.record("mul", result, ids[..., column])
        return result

    return _reduce(u, axis, keepdims, rows)


def accumulate(u: Lifted, axis: Any = None, **_: Any) -> Lifted:
    """Return running sums, as ``np.cumsum`` does."""
    ids = np.array(u.ids.ravel() if axis is None else np.moveaxis(u.ids, axis, 0))
    for i in range(1, len(ids)):
        ids[i] = u.tape.record("add", ids[i - 1], ids[i])
    return Lifted(u.tape, ids if axis is None else np.moveaxis(ids, 0, axis))

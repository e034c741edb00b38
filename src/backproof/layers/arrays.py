"""Knows how a gradient gets the shape and the dtype of the array that it belongs to."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
ArrayLike: TypeAlias = npt.ArrayLike


def floats(value: ArrayLike) -> Array:
    """Return ``value`` as an array of floats: the same memory where it is one, integers as float64."""
    array = np.asarray(value)
    return array if np.issubdtype(array.dtype, np.inexact) else array.astype(np.float64)


def own(value: ArrayLike) -> Array:
    """Return ``value`` as an array of floats that nobody else holds."""
    return floats(np.array(value))


def cast(value: ArrayLike, like: Array) -> Array:
    """Return ``value`` in the dtype of ``like``; the same memory where it has that already."""
    array: Array = np.asarray(value).astype(like.dtype, copy=False)[()]
    return array


def spread(dout: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Return the upstream gradient as a read-only view of the output's ``shape``."""
    return np.broadcast_to(np.asarray(dout), shape)


def sum_to(value: Array, shape: tuple[int, ...]) -> Array:
    """Return ``value`` summed over the axes along which ``shape`` was broadcast."""
    extra = value.ndim - len(shape)
    stretched = [extra + i for i, n in enumerate(shape) if n == 1 and value.shape[extra + i] != 1]
    axes = (*range(extra), *stretched)
    return value.sum(axis=axes).reshape(shape) if axes else value


def leading(array: Array) -> tuple[int, ...]:
    """Return all axes but the last, as positions."""
    return tuple(range(array.ndim - 1))

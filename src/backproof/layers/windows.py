"""Knows the windows of an image and how to add overlapping windows back into it."""

from __future__ import annotations

import numpy as np

from backproof.layers.arrays import Array


def windows(image: Array, height: int, width: int, stride: int) -> Array:
    """Return every window as a view: (n, c, h, w) -> (n, c, oh, ow, height, width)."""
    view = np.lib.stride_tricks.sliding_window_view(image, (height, width), axis=(2, 3))
    strided: Array = view[:, :, ::stride, ::stride]
    return strided


def fold(columns: Array, shape: tuple[int, ...], stride: int) -> Array:
    """Return the image in which overlapping windows are summed: the adjoint of ``windows``.

    columns (height, width, n, c, oh, ow) -> (n, c, h, w).  The loop runs over the places inside one
    window, each of which adds a whole strided image.
    """
    image = np.zeros(shape, columns.dtype)
    rows, across = (stride * n for n in columns.shape[4:])
    for top, left in np.ndindex(*columns.shape[:2]):
        image[:, :, top : top + rows : stride, left : left + across : stride] += columns[top, left]
    return image

"""Numeric differences of a forward pass that could not be recorded: the weakest reference, and named as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from backproof.checking.layer import Layer, is_array
from backproof.checking.running_user import begin
from backproof.checking.shapes import Sample

_STEP: Final = 2.0**-11
#: What the five-point formula leaves, in units of the machine epsilon and of the largest value.
_LOST: Final = 2.0**16


def differences(
    layer: Layer, given: Sample, upstreams: Sequence[Any]
) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
    """Return outputs, gradients by five-point central differences, and their bounds in machine epsilons."""
    _, outputs = begin(layer, given)
    gradients, bounds = {}, {}
    for name, value in given.values.items():
        if is_array(value) and name not in given.constants:
            gradients[name] = _gradient(layer, given, upstreams, name)
            largest = max((float(np.max(np.abs(y), initial=0)) for y in outputs), default=1.0)
            bounds[name] = np.full(np.shape(value), _LOST * max(1.0, largest))
    return outputs, gradients, bounds


def _gradient(layer: Layer, given: Sample, upstreams: Sequence[Any], name: str) -> Any:
    value = np.asarray(given.values[name], dtype=np.float64)
    gradient = np.zeros(value.shape)
    for place in np.ndindex(*value.shape):
        at = {}
        for k in (-2, -1, 1, 2):
            moved = value.copy()
            moved[place] += k * _STEP
            sample = Sample(given.name, given.values | {name: moved}, given.constants, given.seed)
            _, outputs = begin(layer, sample)
            at[k] = sum(float(np.sum(u * np.asarray(y))) for u, y in zip(upstreams, outputs, strict=True))
        gradient[place] = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * _STEP)
    return gradient

"""Knows where an instance keeps its arrays: in attributes, and in lists and dictionaries of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_OWN = "_backproof_given"


def is_float_array(value: Any) -> bool:
    """Say whether ``value`` is an array of floats with at least one axis, traced or not."""
    return isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)


def arrays_of(instance: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of every array of floats that an instance keeps."""
    for name, value in _attributes(instance):
        if is_float_array(value):
            yield name, value
        elif isinstance(value, dict):
            yield from ((str(key), part) for key, part in value.items() if is_float_array(part))
        elif isinstance(value, (list, tuple)):
            yield from ((f"{name}[{i}]", part) for i, part in enumerate(value) if is_float_array(part))


def replace_arrays(instance: Any, swap: Callable[[str, Any], Any]) -> None:
    """Put ``swap(name, array)`` in the place of every array of floats, the same one wherever it was the same."""
    done: dict[int, Any] = {}

    def new(name: str, value: Any) -> Any:
        if id(value) not in done:
            done[id(value)] = (swap(name, value), value)
        return done[id(value)][0]

    for name, value in list(_attributes(instance)):
        if is_float_array(value):
            instance.__dict__[name] = new(name, value)
        elif isinstance(value, dict):
            for key, part in value.items():
                if is_float_array(part):
                    value[key] = new(str(key), part)
        elif isinstance(value, list):
            value[:] = [new(f"{name}[{i}]", part) if is_float_array(part) else part for i, part in enumerate(value)]


def _attributes(instance: Any) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in getattr(instance, "__dict__", {}).items() if name != _OWN)

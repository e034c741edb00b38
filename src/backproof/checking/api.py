"""Checking from a script, a notebook or a test: in this process, with a report object."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from backproof.checking.checks import check
from backproof.checking.conventions import class_layer, find_layers, pair_layer
from backproof.checking.examination import Settings
from backproof.checking.findings import LayerReport
from backproof.checking.layer import Layer
from backproof.errors import NotDerivable


def check_layer(
    layer: Any,
    backward: Callable[..., Any] | None = None,
    *,
    node: str = "",
    arguments: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Any] | None = None,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    seed: int = 0,
    prove: bool = False,
) -> LayerReport:
    """Return the report on a class with forward and backward, or on a function with its ``backward``.

    ``node`` names the catalogue's node that it is meant to be, ``arguments`` those of its constructor, ``shapes``
    those of its inputs: ``{"x": (4, 3)}``.  Raises NotDerivable where ``layer`` is in no known convention.
    """
    settings = Settings(
        node=node, arguments=arguments or {}, shapes=shapes or {}, only=only, skip=skip, seed=seed, prove=prove
    )
    return check(as_layer(layer, backward, node), settings)


def as_layer(thing: Any, backward: Callable[..., Any] | None = None, node: str = "") -> Layer:
    """Return a class, or a function with its backward, as a layer; raises NotDerivable."""
    name = getattr(thing, "__name__", type(thing).__name__)
    path = _path_of(thing)
    if backward is not None:
        return pair_layer(name, thing, backward, path, node)
    if isinstance(thing, type):
        return class_layer(name, thing, path, node)
    found = find_layers({name: thing} | dict(getattr(thing, "__globals__", {})), path)
    for layer in found:
        if thing in (layer.forward_function, getattr(layer, "function", None)) or layer.name == name:
            return layer
    raise NotDerivable(f"{name} is no layer in any known convention; give its backward")


def _path_of(thing: Any) -> str:
    """Return the file of a class or function; a class of a notebook knows it by its methods alone."""
    try:
        return inspect.getsourcefile(thing) or ""
    except (OSError, TypeError):
        code = getattr(getattr(thing, "forward", None), "__code__", None)
        return code.co_filename if code else ""

"""Knows how to put a node's inputs through a layer and collect every gradient by the input's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from backproof.layers import Signature

Array = npt.NDArray[Any]


def build(layer: type[Any], signature: Signature, values: Mapping[str, Any]) -> Any:
    """Return an instance of ``layer`` with the parameters and settings among ``values``."""
    given = {name: values[name] for name in signature.parameters + signature.settings}
    return layer(**given)


def _several(result: Any) -> tuple[Any, ...]:
    if result is None:
        return ()
    return result if isinstance(result, tuple) else (result,)


def forward(instance: Any, signature: Signature, values: Mapping[str, Any]) -> tuple[Array, ...]:
    """Return the outputs of the layer, in order."""
    return _several(instance.forward(*(values[name] for name in signature.arguments)))


def backward(instance: Any, signature: Signature, upstreams: Sequence[Any]) -> dict[str, Array]:
    """Return the gradients by input name, those of the parameters from their attributes."""
    returned = _several(instance.backward(*upstreams))
    gradients = dict(zip(signature.returned, returned, strict=True))
    return gradients | {name: getattr(instance, f"d{name}") for name in signature.parameters}


def signed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return random numbers of both signs, none of them near 0 or 1 in magnitude."""
    magnitude = rng.uniform(1.1, 1.9, shape)
    return np.asarray(magnitude * rng.choice([-1.0, 1.0], shape))

"""The derivative of a torch or jax forward pass by that library's own engine, never through the layer's backward."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from backproof.checking.framework_layers import Context, JaxLayer, TorchLayer
from backproof.checking.layer import Layer, is_array, several
from backproof.checking.shapes import Sample

Found = tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]
#: Relative change of the inputs from which the condition of a gradient is estimated.
_NUDGE: Final = 2.0**-24
_FACTOR: Final = 16


def framework_gradients(layer: Layer, given: Sample, upstreams: Sequence[Any]) -> Found | None:
    """Return outputs, gradients and bounds by automatic differentiation, or None where there is none."""
    engine: Callable[..., Any] | None = None
    if isinstance(layer, TorchLayer):
        engine = _torch
    elif isinstance(layer, JaxLayer):
        engine = _jax
    if engine is None:
        return None
    try:
        outputs, gradients = engine(layer, given.values, given, upstreams)
        _, moved = engine(layer, _nudged(given), given, upstreams)
    except (RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError):
        return None
    bounds = {
        name: _FACTOR * (np.abs(value) + np.abs(moved[name] - value) / _NUDGE + _size(upstreams))
        for name, value in gradients.items()
    }
    return outputs, gradients, bounds


def _size(upstreams: Sequence[Any]) -> float:
    return max((float(np.max(np.abs(u), initial=0.0)) for u in upstreams), default=1.0)


def _moving(given: Sample) -> list[str]:
    return [name for name, value in given.values.items() if is_array(value) and name not in given.constants]


def _nudged(given: Sample) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    moving = _moving(given)
    return given.values | {
        name: np.asarray(given.values[name]) * (1 + _NUDGE * rng.choice([-1, 1], np.shape(given.values[name])))
        for name in moving
    }


def _torch(layer: TorchLayer, values: Any, given: Sample, upstreams: Sequence[Any]) -> Any:
    torch = sys.modules["torch"]
    names = _moving(given)
    tensors = {n: torch.from_numpy(np.array(values[n])).requires_grad_() for n in names}
    arguments = [tensors.get(n, _constant(values[n])) for n in layer.forward_names]
    outputs = layer.outputs(Context(len(arguments)), arguments)
    moving = [(y, torch.from_numpy(np.array(u))) for y, u in zip(outputs, upstreams, strict=True)]
    found = torch.autograd.grad(
        [y for y, _ in moving], [tensors[n] for n in names], [u for _, u in moving], allow_unused=True
    )
    gradients = {
        n: np.zeros(np.shape(values[n])) if g is None else g.numpy() for n, g in zip(names, found, strict=True)
    }
    return tuple(y.detach().numpy() for y in outputs), gradients


def _constant(value: Any) -> Any:
    torch = sys.modules["torch"]
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value


def _jax(layer: JaxLayer, values: Any, given: Sample, upstreams: Sequence[Any]) -> Any:
    jax = sys.modules["jax"]
    names = _moving(given)

    def forward(*moving: Any) -> Any:
        known = dict(values) | dict(zip(names, moving, strict=True))
        return several(layer.function.fun(*(known[n] for n in layer.forward_names)))

    outputs, pull = jax.vjp(forward, *(jax.numpy.asarray(values[n]) for n in names))
    sent = tuple(jax.numpy.asarray(u, dtype=y.dtype) for u, y in zip(upstreams, outputs, strict=True))
    gradients = dict(zip(names, map(np.asarray, pull(sent)), strict=True))
    return tuple(map(np.asarray, outputs)), gradients

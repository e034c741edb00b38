"""Layers of torch and jax, called directly, so that no engine repairs their shapes and dtypes.

Neither library is imported here: both come in with the user's module or not at all.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.checking.layer import ClassLayer, Layer, Values, by_name, is_array, several


class Context:
    """Stands for torch's ``ctx``: keeps what the forward pass saves."""

    saved_tensors: tuple[Any, ...] = ()
    saved_variables: tuple[Any, ...] = ()

    def __init__(self, count: int) -> None:
        self.needs_input_grad = (True,) * count

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = self.saved_variables = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep nothing: forward-mode differentiation is not what is checked."""

    def mark_dirty(self, *tensors: Any) -> None:
        """Keep nothing: inputs are compared before and after."""

    def mark_non_differentiable(self, *tensors: Any) -> None:
        self.constants = tensors

    def set_materialize_grads(self, value: bool) -> None:
        self.materialize_grads = value


def _tensor(value: Any) -> Any:
    torch = sys.modules["torch"]
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        strided = any(stride < 0 for stride in array.strides) or not array.flags.writeable
        return torch.from_numpy(array.copy() if strided else array)
    return value


def _numpy(value: Any) -> Any:
    return value.detach().numpy() if hasattr(value, "detach") else value


@dataclass(frozen=True)
class TorchLayer(ClassLayer):
    """A ``torch.autograd.Function``: static ``forward(ctx, …)`` and ``backward(ctx, …)``."""

    def start(self, values: Values) -> Any:
        """Return a fresh ctx."""
        return Context(len(self.forward_names))

    def forward(self, state: Any, values: Values) -> tuple[Any, ...]:
        """Return the outputs as numpy arrays."""
        given = [_tensor(value) for value in self.given(values)]
        state.dtype = next((value.dtype for value in given if hasattr(value, "detach")), None)
        return tuple(map(_numpy, self.outputs(state, given)))

    def outputs(self, state: Any, given: Sequence[Any]) -> tuple[Any, ...]:
        """Return the outputs as tensors, in either style of forward."""
        if any(base.__dict__.get("setup_context") for base in self.cls.__mro__[:-2] if _is_users(base)):
            result = self.forward_function(*given)
            self.cls.setup_context(state, tuple(given), result)
        else:
            result = self.forward_function(state, *given)
        return several(result)

    def backward(self, state: Any, upstreams: Sequence[Any]) -> dict[str, Any]:
        """Return the gradients as numpy arrays."""
        returned = several(self.backward_function(state, *map(_tensor, upstreams)))
        return {name: _numpy(value) for name, value in by_name(returned, self.forward_names).items()}

    def parameters(self, state: Any) -> dict[str, Any]:
        """Return nothing: a function has no parameters."""
        return {}


def _is_users(base: type[Any]) -> bool:
    return base.__module__.split(".")[0] != "torch"


@dataclass(frozen=True)
class JaxLayer(Layer):
    """A ``jax.custom_vjp`` function, by its ``fwd`` and ``bwd`` rules."""

    function: Any = None

    def forward(self, state: Any, values: Values) -> tuple[Any, ...]:
        """Return the outputs of the forward rule and keep its residuals."""
        jax = sys.modules["jax"]
        given = [jax.numpy.asarray(value) if is_array(value) else value for value in self.given(values)]
        output, state.cache = self.forward_function(*given)
        state.names = self.forward_names
        return tuple(map(np.asarray, several(output)))

    def backward(self, state: Any, upstreams: Sequence[Any]) -> dict[str, Any]:
        """Return the gradients of the backward rule as numpy arrays."""
        jax = sys.modules["jax"]
        sent = tuple(map(jax.numpy.asarray, upstreams))
        returned = self.backward_function(state.cache, sent[0] if len(sent) == 1 else sent)
        return {name: np.asarray(value) for name, value in by_name(returned, state.names).items()}

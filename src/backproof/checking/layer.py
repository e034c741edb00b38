"""One face for everyone's layers: start, forward, backward, gradients by the name of the argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from backproof.checking.instances import arrays_of, replace_arrays

REQUIRED: Final = inspect.Parameter.empty
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Argument:
    """Something that a layer must be given: to its constructor or to its forward pass.

    ``kind`` is its annotation where that is a plain number: ``float``, ``int`` or ``bool``.
    """

    name: str
    default: Any = REQUIRED
    is_setting: bool = False
    kind: str = ""

    @property
    def is_required(self) -> bool:
        return self.default is REQUIRED


def arguments_of(function: Callable[..., Any], skip: int = 0, is_setting: bool = False) -> tuple[Argument, ...]:
    """Return the named parameters of ``function`` after the first ``skip``; a constructor is called by name."""
    kinds = {"POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD"} | ({"KEYWORD_ONLY"} if is_setting else set())
    found = [p for p in inspect.signature(function).parameters.values() if p.kind.name in kinds]
    return tuple(Argument(p.name, p.default, is_setting, _kind(p.annotation)) for p in found[skip:])


def _kind(annotation: Any) -> str:
    """Return the name of a plain number's type, as an annotation says it."""
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return name if name in ("float", "int", "bool") else ""


def several(result: Any) -> tuple[Any, ...]:
    """Return what a function returned as a tuple of values."""
    if result is None:
        return ()
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


@dataclass(frozen=True)
class Layer:
    """A layer under test.  Subclasses know one calling convention each.

    ``arguments`` are what must be sampled, constructor first; ``differentiable`` are the names whose gradients
    are expected, as soon as a run has told them.
    """

    name: str
    path: str
    line: int
    convention: str
    arguments: tuple[Argument, ...]
    backward_function: Callable[..., Any]
    forward_function: Callable[..., Any]
    is_traceable: bool = True
    node: str = ""
    takes_upstream: bool = True
    notes: tuple[str, ...] = field(default=())

    @property
    def forward_names(self) -> tuple[str, ...]:
        """The arguments of the forward pass, in order."""
        return tuple(argument.name for argument in self.arguments if not argument.is_setting)

    @property
    def setting_names(self) -> tuple[str, ...]:
        """The arguments of the constructor, in order."""
        return tuple(argument.name for argument in self.arguments if argument.is_setting)

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """The functions whose modules are the user's."""
        return (self.forward_function, self.backward_function)

    def start(self, values: Values) -> Any:
        """Return a fresh instance of the layer; by default there is none."""
        return _State(values)

    def forward(self, state: Any, values: Values) -> tuple[Any, ...]:
        """Return the outputs, in order."""
        raise NotImplementedError

    def backward(self, state: Any, upstreams: Sequence[Any]) -> dict[str, Any]:
        """Return the gradients by name."""
        raise NotImplementedError

    def parameters(self, state: Any) -> dict[str, Any]:
        """Return the arrays that the layer made for itself and has gradients of, by name."""
        return {}

    def with_backward(self, function: Callable[..., Any]) -> Layer:
        """Return the layer with another backward pass."""
        return replace(self, backward_function=function)

    def given(self, values: Values) -> list[Any]:
        """Return the arguments of the forward pass, as they are passed."""
        return [values[name] for name in self.forward_names]


class _State:
    """What a layer without an instance keeps from forward to backward."""

    def __init__(self, values: Values) -> None:
        self.values = dict(values)
        self.cache: Any = None
        self.outputs: tuple[Any, ...] = ()


def is_array(value: Any) -> bool:
    """Say whether ``value`` is a number or an array of floats, traced or not."""
    return isinstance(value, (float, np.floating)) or (
        isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
    )


def by_name(returned: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return gradients by name: from a dictionary by its keys, else in the order of ``names``."""
    if isinstance(returned, dict):
        plain = {str(key).removeprefix("d").removeprefix("_"): value for key, value in returned.items()}
        return {name: plain[name] for name in names if name in plain}
    found = several(returned)
    return {name: value for name, value in zip(names, found, strict=False) if value is not None}


# ------------------------------------------------------------------ classes with forward and backward


def _attribute(pattern: str) -> Callable[[Any, str, Any], Any]:
    return lambda instance, name, value: instance.__dict__.get(pattern.format(name))


def _by_key(holder: str, pattern: str) -> Callable[[Any, str, Any], Any]:
    def find(instance: Any, name: str, value: Any) -> Any:
        held = getattr(instance, holder, None)
        return held.get(pattern.format(name)) if isinstance(held, dict) else None

    return find


def _by_position(holder: str) -> Callable[[Any, str, Any], Any]:
    def find(instance: Any, name: str, value: Any) -> Any:
        held, own = getattr(instance, holder, None), getattr(instance, "params", None)
        if not (isinstance(held, (list, tuple)) and isinstance(own, (list, tuple))):
            return None
        places = [i for i, mine in enumerate(own) if mine is value or _equal(mine, value)]
        return held[places[0]] if places and places[0] < len(held) else None

    return find


def _equal(left: Any, right: Any) -> bool:
    left, right = getattr(left, "witness", left), getattr(right, "witness", right)
    return bool(np.shape(left) == np.shape(right) and np.array_equal(left, right))


#: Where layers keep the gradient of a parameter: (instance, its name, its value) -> gradient or None.
PLACES: Final[tuple[Callable[[Any, str, Any], Any], ...]] = (
    _attribute("d{}"), _attribute("grad_{}"), _attribute("{}_grad"), _attribute("d_{}"), _attribute("g{}"),
    _attribute("_d{}"), _attribute("grad{}"),
    _by_key("grads", "{}"), _by_key("grads", "d{}"), _by_key("gradients", "{}"), _by_key("grad", "{}"),
    _by_position("grads"), _by_position("gradients"), _by_position("grad"),
    lambda instance, name, value: getattr(value, "grad", None),
)  # fmt: skip


def gradient_of(instance: Any, name: str, value: Any) -> Any:
    """Return the gradient that ``instance`` keeps for a parameter, or None."""
    found = (place(instance, name, value) for place in PLACES)
    return next((gradient for gradient in found if gradient is not None), None)


@dataclass(frozen=True)
class ClassLayer(Layer):
    """A class with ``forward`` and ``backward``; gradients of parameters are left in attributes."""

    cls: type[Any] = object

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        return (self.forward_function, self.backward_function, self.cls.__init__)

    def start(self, values: Values) -> Any:
        """Return an instance made from the settings among ``values``."""
        given = {name: values[name] for name in self.setting_names if name in values}
        instance = _with_dictionary(self.cls)(**given)
        own = {name: values[name] for name in values if name not in (*self.setting_names, *self.forward_names)}
        if own:
            replace_arrays(instance, lambda name, array: _taken(own, name, array))
        instance.__dict__["_backproof_given"] = given
        return instance

    def forward(self, state: Any, values: Values) -> tuple[Any, ...]:
        """Return the outputs of the instance."""
        return several(self.forward_function(state, *self.given(values)))

    def backward(self, state: Any, upstreams: Sequence[Any]) -> dict[str, Any]:
        """Return what backward returns, and the parameters' gradients from where they are kept."""
        returned = self.backward_function(state, *(upstreams if self.takes_upstream else ()))
        gradients = by_name(returned, self.forward_names)
        for name, value in self._parameters(state).items():
            gradient = gradient_of(state, name, value)
            if gradient is not None:
                gradients[name] = gradient
        return gradients

    def _parameters(self, state: Any) -> dict[str, Any]:
        given = state.__dict__.get("_backproof_given", {})
        return {name: value for name, value in given.items() if is_array(value)} | self.parameters(state)

    def parameters(self, state: Any) -> dict[str, Any]:
        """Return the arrays that the instance made for itself and keeps a gradient of."""
        given = state.__dict__.get("_backproof_given", {})
        held = dict(arrays_of(state))
        taken = [id(value) for value in given.values()]
        own: dict[str, Any] = {}
        for name, value in held.items():
            if name in given or any(_equal(value, other) for other in given.values()):
                continue
            if id(value) not in taken and gradient_of(state, name, value) is not None:
                taken.append(id(value))
                own[name] = value
        return own


def _with_dictionary(cls: type[Any]) -> type[Any]:
    """Return the class, or where its instances have slots alone, a subclass whose instances take notes as well."""
    return cls if cls.__dictoffset__ else type(cls.__name__, (cls,), {"__doc__": cls.__doc__})


def _taken(own: Values, name: str, array: Any) -> Any:
    """Return the value that was given for an array of the instance, else the array."""
    return own[name].copy() if name in own and np.shape(own[name]) == np.shape(array) else array


# ------------------------------------------------------------------ functions


@dataclass(frozen=True)
class PairLayer(Layer):
    """``f_forward(x, …) -> (out, cache)`` and ``f_backward(dout, cache)``."""

    def forward(self, state: Any, values: Values) -> tuple[Any, ...]:
        """Return the outputs and keep the cache, which comes last."""
        *outputs, state.cache = several(self.forward_function(*self.given(values)))
        state.names = [name for name in self.forward_names if is_array(values[name])]
        return tuple(outputs)

    def backward(self, state: Any, upstreams: Sequence[Any]) -> dict[str, Any]:
        """Return the gradients in the order of the arguments that are arrays of floats."""
        returned = self.backward_function(*upstreams, state.cache)
        return by_name(returned, state.names)


#: What the parameters of a slope function are called when they mean the output, or the upstream gradient.
OUTPUT_NAMES: Final = frozenset({"y", "out", "output", "s", "activated", "fx"})
UPSTREAM_NAMES: Final = frozenset(
    {"dout", "dy", "gy", "g", "grad", "upstream", "delta", "grad_output", "dz", "da", "dL"}
)


@dataclass(frozen=True)
class SlopeLayer(Layer):
    """``f(x)`` and ``f_grad(x)``: the slope itself, or the gradient if it also takes the upstream gradient."""

    def forward(self, state: Any, values: Values) -> tuple[Any, ...]:
        """Return the value of the function."""
        given = self.given(values)
        state.values = dict(zip(self.forward_names, given, strict=True))
        outputs = (self.forward_function(*given),)
        state.outputs = outputs
        return outputs

    def backward(self, state: Any, upstreams: Sequence[Any]) -> dict[str, Any]:
        """Return upstream times slope, or what a function of the upstream gradient returns."""
        names = [argument.name for argument in arguments_of(self.backward_function) if argument.is_required]
        first, *_ = state.values.values()
        known = state.values | dict.fromkeys(UPSTREAM_NAMES, upstreams[0])
        known |= {name: state.outputs[0] for name in OUTPUT_NAMES if name not in state.values}
        returned = self.backward_function(*(known.get(name, first) for name in names))
        if UPSTREAM_NAMES & set(names):
            return by_name(returned, [name for name in self.forward_names if is_array(state.values[name])])
        return {self.forward_names[0]: upstreams[0] * returned}


@dataclass(frozen=True)
class LossLayer(Layer):
    """``loss(x, y) -> (loss, dx)``: value and gradient from one call, without an upstream gradient."""

    def forward(self, state: Any, values: Values) -> tuple[Any, ...]:
        """Return the loss, and keep the gradients that came with it."""
        loss, *state.cache = several(self.forward_function(*self.given(values)))
        state.names = [name for name in self.forward_names if is_array(values[name])]
        return (loss,)

    def backward(self, state: Any, upstreams: Sequence[Any]) -> dict[str, Any]:
        """Return the gradients that forward returned."""
        found = state.cache if len(state.cache) != 1 or not isinstance(state.cache[0], dict) else state.cache[0]
        return by_name(found, state.names)


class Box:
    """What a DeZero-like function finds in ``self.inputs``: a variable with ``data``."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.grad: Any = None
        self.creator: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.data.shape)


@dataclass(frozen=True)
class FunctionLayer(ClassLayer):
    """A DeZero-like function: ``forward`` keeps nothing, ``backward`` looks into ``self.inputs``."""

    def forward(self, state: Any, values: Values) -> tuple[Any, ...]:
        """Return the outputs; the instance finds its inputs and outputs as variables."""
        given = self.given(values)
        outputs = several(self.forward_function(state, *given))
        state.inputs = tuple(map(Box, given))
        boxes = [Box(output) for output in outputs]
        state.input, state.output = state.inputs[0], boxes[0]
        state.outputs = [lambda box=box: box for box in boxes]
        return outputs

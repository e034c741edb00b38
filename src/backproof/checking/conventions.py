"""The table of conventions: how people write a layer, and how each is recognised in a module."""

from __future__ import annotations

import ast
import dis
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final

from backproof.checking.framework_layers import JaxLayer, TorchLayer
from backproof.checking.layer import (
    Argument,
    ClassLayer,
    FunctionLayer,
    Layer,
    LossLayer,
    PairLayer,
    SlopeLayer,
    arguments_of,
)  # fmt: skip
from backproof.errors import NotDerivable

Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Convention:
    """One way of writing layers: its name, and what finds them among a module's members."""

    name: str
    find: Callable[[Members, str], Iterator[Layer]]


def _line(thing: Any) -> int:
    code = getattr(thing, "__code__", None)
    if code is not None:
        return int(code.co_firstlineno)
    try:
        return inspect.getsourcelines(thing)[1]
    except (OSError, TypeError):
        return 1


def _is_plain(function: Any) -> bool:
    return isinstance(function, FunctionType)


def _classes(members: Members) -> Iterator[tuple[str, type[Any]]]:
    """Yield the classes with forward and backward of their own or inherited in the user's code."""
    for name, value in members.items():
        if isinstance(value, type) and not name.startswith("__") and _passes(value) and not _is_abstract(value):
            yield name, value


#: What the two methods of a layer are called, the usual names first.
FORWARD_METHODS: Final = ("forward", "fprop", "forward_pass", "__call__")
BACKWARD_METHODS: Final = ("backward", "bprop", "backprop", "backward_pass")


def _passes(cls: type[Any]) -> tuple[Any, Any] | None:
    """Return the two passes of a class, or None where it has not both."""
    found = []
    for names in (FORWARD_METHODS, BACKWARD_METHODS):
        kept = (name for name in names if _is_plain(_plain_method(cls, name)))
        name = next(kept, "")
        if not name:
            return None
        found.append(getattr(cls, name))
    return found[0], found[1]


def _plain_method(cls: type[Any], name: str) -> Any:
    method = inspect.getattr_static(cls, name, None)
    return getattr(method, "__func__", method)


def _is_abstract(cls: type[Any]) -> bool:
    """Say whether a class is only a base: its methods raise, or do nothing."""
    return bool(inspect.isabstract(cls)) or not all(map(_does_something, _passes(cls) or ()))


def _does_something(function: Any) -> bool:
    """Say whether a function computes anything: a base class raises, or only has a docstring."""
    if "NotImplementedError" in function.__code__.co_names:
        return False
    empty = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "COPY_FREE_VARS", "POP_TOP"}
    return not {step.opname for step in dis.get_instructions(function)} <= empty


def _settings(cls: type[Any]) -> tuple[Argument, ...]:
    return () if cls.__init__ is object.__init__ else arguments_of(cls.__init__, 1, is_setting=True)


def _is_torch(cls: type[Any]) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and issubclass(cls, torch.autograd.Function)


def _looks_into_inputs(cls: type[Any]) -> bool:
    """Say whether backward reads ``self.inputs`` that forward never sets: the base class does."""
    forward, backward = _both(cls)
    reads, sets = set(backward.__code__.co_names), set(forward.__code__.co_names)
    return bool({"inputs", "input", "outputs", "output"} & (reads - sets))


def class_layer(name: str, cls: type[Any], path: str, node: str = "") -> Layer:
    """Return the layer that a class with forward and backward is, in the convention that it follows."""
    forward, backward = _both(cls)
    if _is_torch(cls):
        skip = 0 if "setup_context" in cls.__dict__ else 1
        return TorchLayer(
            name, path, _line(cls), "torch", arguments_of(forward, skip), backward, forward, False, node, cls=cls
        )
    kind, convention = (FunctionLayer, "dezero") if _looks_into_inputs(cls) else (ClassLayer, "class")
    upstreams = arguments_of(backward, 1)
    return kind(
        name, path, _line(cls), convention, (*_settings(cls), *_data(forward)),
        backward, forward, True, node, bool(upstreams), cls=cls,
    )  # fmt: skip


def _both(cls: type[Any]) -> tuple[Any, Any]:
    """Return the two passes of a class; raises NotDerivable where it has not both."""
    found = _passes(cls)
    if found is None:
        raise NotDerivable(f"{cls.__name__} has no two methods forward and backward")
    return found


def _data(forward: Any) -> tuple[Argument, ...]:
    """Return the arguments of forward; ``*xs`` stands for two."""
    named = arguments_of(forward, 1)
    if named:
        return named
    kinds = [p.kind for p in inspect.signature(forward).parameters.values()]
    return (Argument("x0"), Argument("x1")) if inspect.Parameter.VAR_POSITIONAL in kinds else ()


def _find_classes(members: Members, path: str) -> Iterator[Layer]:
    for name, cls in _classes(members):
        yield class_layer(name, cls, path)


_FORWARD: Final = re.compile(r"^(.*?)_?(forward|fwd|fw)$|^(?:forward|fwd)_(.+)$")


def _partner_names(name: str) -> Iterator[tuple[str, str]]:
    """Yield (name of the backward function, name of the layer) for a forward function's name."""
    for ours, theirs in (("forward", "backward"), ("fwd", "bwd"), ("fw", "bw")):
        if name.endswith(ours):
            yield name[: -len(ours)] + theirs, name[: -len(ours)].rstrip("_")
        if name.startswith(ours + "_"):
            yield theirs + name[len(ours) :], name[len(ours) + 1 :]


def _find_pairs(members: Members, path: str) -> Iterator[Layer]:
    for name, forward in members.items():
        if not _is_plain(forward):
            continue
        for other, short in _partner_names(name):
            backward = members.get(other)
            if _is_plain(backward):
                yield pair_layer(short or name, forward, backward, path)


def pair_layer(name: str, forward: Any, backward: Any, path: str, node: str = "") -> Layer:
    """Return the layer that two functions are: with a cache if backward takes one, else a function and its slope."""
    names = [argument.name for argument in arguments_of(backward)]
    cached = any(re.search("cache|ctx|saved|mem|res", given) for given in names)
    kind, convention = (PairLayer, "forward/backward pair") if cached else (SlopeLayer, "function and slope")
    return kind(name, path, _line(forward), convention, arguments_of(forward), backward, forward, True, node)


#: How the slope of ``f`` is called.
SLOPES: Final = (
    "{}_grad", "{}_gradient", "{}_prime", "{}_derivative", "{}_deriv", "{}_backward", "{}_bwd", "{}_der", "{}_vjp",
    "d{}", "d_{}", "grad_{}", "{}_d", "{}Grad", "{}Prime", "{}_dx",
)  # fmt: skip


def _find_slopes(members: Members, path: str) -> Iterator[Layer]:
    for name, function in members.items():
        if not _is_plain(function) or not arguments_of(function):
            continue
        for pattern in SLOPES:
            slope = members.get(pattern.format(name))
            if _is_plain(slope):
                yield pair_layer(name, function, slope, path)
                break


def _find_losses(members: Members, path: str) -> Iterator[Layer]:
    for name, function in members.items():
        if _is_plain(function) and len(arguments_of(function)) > 1 and _returns_gradient(function):
            yield LossLayer(
                name, path, _line(function), "loss with its gradient", arguments_of(function), function, function,
                takes_upstream=False,
            )  # fmt: skip


def _returns_gradient(function: Any) -> bool:
    """Say whether a function ends with ``return loss, dx``: a loss, and gradients by their names."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    names = [[getattr(part, "id", "") for part in value.elts] for value in returned if isinstance(value, ast.Tuple)]
    return bool(names) and all(
        re.search("loss|cost|error", first, re.IGNORECASE) and rest and all(map(_GRADIENT.match, rest))
        for first, *rest in names
    )


_GRADIENT: Final = re.compile(r"d[A-Za-z]\w*|grads?(_\w+)?|\w+_grads?|gradients?")


def _find_jax(members: Members, path: str) -> Iterator[Layer]:
    jax = sys.modules.get("jax")
    if jax is None:
        return
    for name, value in members.items():
        if isinstance(value, jax.custom_vjp) and getattr(value, "fwd", None) and getattr(value, "bwd", None):
            yield JaxLayer(
                name,
                path,
                _line(value.fun),
                "jax",
                arguments_of(value.fun),
                value.bwd,
                value.fwd,
                False,
                function=value,
            )


def _find_marked(members: Members, path: str) -> Iterator[Layer]:
    for name, value in members.items():
        mark = getattr(value, "__dict__", {}).get("__backproof__")
        if isinstance(mark, dict) and isinstance(value, type):
            yield class_layer(name, value, path, mark.get("node", ""))
        elif isinstance(mark, dict) and _is_plain(mark.get("backward")):
            yield pair_layer(name, value, mark["backward"], path, mark.get("node", ""))


#: One row each, the surest first: a thing that an earlier row has found is not found again.
CONVENTIONS: Final[tuple[Convention, ...]] = (
    Convention("decorator", _find_marked),
    Convention("jax custom_vjp", _find_jax),
    Convention("classes", _find_classes),
    Convention("forward/backward pairs", _find_pairs),
    Convention("functions and slopes", _find_slopes),
    Convention("losses with their gradient", _find_losses),
)


def find_layers(members: Members, path: str, known: Iterable[str] = ()) -> list[Layer]:
    """Return every layer among ``members``, in the order of the file."""
    found: dict[str, Layer] = {}
    taken = set(known)
    for convention in CONVENTIONS:
        for layer in convention.find(members, path):
            functions = {layer.name, f"{id(layer.forward_function)}/{id(layer.backward_function)}"}
            if not functions & taken:
                found[layer.name] = layer
                taken |= functions
    return sorted(found.values(), key=lambda layer: layer.line)


def layer(node: str = "", backward: Any = None) -> Callable[[Any], Any]:
    """Mark a class, or a function with its ``backward``, as a layer that computes the catalogue's ``node``."""

    def mark(thing: Any) -> Any:
        thing.__backproof__ = {"node": node, "backward": backward}
        return thing

    return mark

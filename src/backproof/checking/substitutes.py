"""Lets user modules make recorded buffers: their ``np.zeros`` and ``math.exp`` are ours while a layer is traced."""

from __future__ import annotations

import math
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import numpy as np

from backproof.checking.lifted import Lifted
from backproof.checking.lifted_values import ids_of
from backproof.checking.tape import NotLiftable, Tape


def _floating(dtype: Any) -> bool:
    return dtype is None or dtype is float or np.issubdtype(np.dtype(dtype), np.floating)


def _buffer(tape: Tape, make: Any, position: int) -> Callable[..., Any]:
    """Return ``np.zeros`` and the like: recorded where the buffer is to hold floats."""

    def buffer(*args: Any, **named: Any) -> Any:
        dtype = args[position] if len(args) > position else named.get("dtype")
        if make.__name__ == "full" and type(args[1]) is Lifted:
            return Lifted(tape, np.array(np.broadcast_to(args[1].ids, args[0])))
        made = make(*args, **named)
        if type(made) is Lifted or not (_floating(dtype) and np.issubdtype(made.dtype, np.floating)):
            return made
        empty = make.__name__.startswith("empty")
        return Lifted(tape, tape.constants(np.zeros(made.shape) if empty else made).copy())

    return buffer


def _array(tape: Tape, make: Any, copy: bool) -> Callable[..., Any]:
    def array(value: Any, dtype: Any = None, **named: Any) -> Any:
        if type(value) is Lifted:
            if not _floating(dtype):
                raise NotLiftable(f"np.{make.__name__} of a traced value as {np.dtype(dtype)}")
            minimum = named.get("ndmin", 0)
            ids = value.ids.copy() if copy and named.get("copy", True) else value.ids
            return Lifted(tape, ids.reshape((1,) * max(0, minimum - ids.ndim) + ids.shape))
        if isinstance(value, (list, tuple)) and any(type(part) is Lifted for part in value):
            return Lifted(tape, ids_of(tape, value))
        return make(value, dtype, **named) if dtype is not None else make(value, **named)

    return array


#: Makers of buffers with the position of their dtype, and makers of arrays with whether they copy.
BUFFERS: Final[dict[str, int]] = {
    "zeros": 1, "empty": 1, "ones": 1, "full": 2, "zeros_like": 1, "empty_like": 1, "ones_like": 1, "full_like": 2,
}  # fmt: skip
ARRAYS: Final[dict[str, bool]] = {
    "array": True, "asarray": False, "asanyarray": False, "ascontiguousarray": False, "asfortranarray": False,
}  # fmt: skip
_MATH: Final[dict[str, Callable[..., Any]]] = {
    name: getattr(np, name)
    for name in ("exp", "log", "sqrt", "tanh", "sinh", "cosh", "sin", "cos", "tan", "log1p", "expm1")
} | {"fabs": np.abs, "pow": np.power}  # fmt: skip


def _mathematics(tape: Tape, name: str) -> Callable[..., Any]:
    plain = getattr(math, name)

    def call(*args: Any) -> Any:
        if any(type(arg) is Lifted for arg in args):
            if name == "erf":
                return Lifted(tape, tape.record("erf", ids_of(tape, args[0])))
            return _MATH[name](*args)
        return plain(*args)

    return call


class Substitute(ModuleType):
    """A module with some of its functions replaced."""

    def __init__(self, original: ModuleType, replaced: dict[str, Any]) -> None:
        super().__init__(original.__name__)
        self.__dict__.update(replaced)
        self._original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


@cache
def _outside() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return (*(paths[key] for key in ("stdlib", "purelib", "platlib")), str(Path(__file__).parents[1]))


def user_namespaces(functions: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the global namespaces of user code that ``functions`` can reach: their own, and those beside them."""
    found: dict[int, dict[str, Any]] = {}
    stack = [space for function in functions if (space := getattr(function, "__globals__", None)) is not None]
    homes = {_home(space) for space in stack} - {""}
    while stack:
        space = stack.pop()
        if id(space) in found:
            continue
        file = str(space.get("__file__") or "")
        if not found or not file.startswith(_outside()) or _home(space) in homes:
            found[id(space)] = space
            stack += [inner for value in list(space.values()) if (inner := _namespace(value)) is not None]
    return list(found.values())


def _home(space: dict[str, Any]) -> str:
    """Return the package that a namespace belongs to: the outermost, for ours the one that holds its module."""
    package = str(space.get("__package__") or "")
    top = package.split(".", maxsplit=1)[0]
    return package if top == "backproof" else top


def _namespace(value: Any) -> Any:
    if isinstance(value, FunctionType):
        return value.__globals__
    if isinstance(value, (type, ModuleType)) and not isinstance(value, Substitute):
        name = value.__module__ if isinstance(value, type) else value.__name__
        return getattr(sys.modules.get(name), "__dict__", None)
    return None


@contextmanager
def tracing(tape: Tape, functions: Iterable[Any]) -> Iterator[None]:
    """While the block runs, the modules of ``functions`` make recorded buffers on ``tape``."""
    replaced: dict[str, Any] = {name: _buffer(tape, getattr(np, name), n) for name, n in BUFFERS.items()}
    replaced |= {name: _array(tape, getattr(np, name), copies) for name, copies in ARRAYS.items()}
    numbers = {name: _mathematics(tape, name) for name in (*_MATH, "erf")}
    by_value = {id(getattr(np, name)): function for name, function in replaced.items()}
    by_value |= {id(getattr(math, name)): function for name, function in numbers.items()}
    by_value |= {id(np): Substitute(np, replaced), id(math): Substitute(math, numbers)}
    undo: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for space in user_namespaces(functions):
            for name, value in list(space.items()):
                if id(value) in by_value:
                    undo.append((space, name, value))
                    space[name] = by_value[id(value)]
        yield
    finally:
        for space, name, value in undo:
            space[name] = value

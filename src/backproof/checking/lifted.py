"""Arrays that look like numpy's and record what is done to them; floats never leave them unnoticed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from backproof.checking.tape import Ids, NotLiftable, Tape

_HERE: Final = str(Path(__file__).parent)
_NUMPY: Final = str(Path(np.__file__).parent)


def user_line() -> tuple[str, int]:
    """Return file and line of the user code that is running: the innermost frame outside numpy and this package."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_HERE, _NUMPY)):
            return file, frame.f_lineno
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "", 0


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise NotLiftable(what)

    return refuse


class Lifted(NDArrayOperatorsMixin):
    """An array of entries of a tape.  Indexing, views and in-place changes are those of its ids."""

    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tape: Tape, ids: Ids) -> None:
        self.tape, self.ids = tape, np.asarray(ids)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """``isinstance(x, np.ndarray)`` holds, as the user's code expects."""
        return np.ndarray

    @property
    def witness(self) -> Any:
        """The float64 values of the recorded run."""
        return self.tape.values[self.ids]

    # ---------------------------------------------------------------- what numpy asks

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        from backproof.checking.lifted_ufuncs import apply_ufunc

        self.tape.place = user_line()
        return apply_ufunc(self.tape, ufunc, method, inputs, options)

    def __array_function__(self, function: Any, _: Any, args: Any, options: Any) -> Any:
        from backproof.checking.lifted_functions import apply_function

        self.tape.place = user_line()
        return apply_function(self.tape, function, args, options)

    __array__ = _refuse("the array was turned into plain floats")
    __float__ = _refuse("float() of a traced value")
    __int__ = _refuse("int() of a traced value")
    __index__ = _refuse("a traced value as an index")
    __complex__ = _refuse("complex() of a traced value")
    item = _refuse("item() of a traced value")
    tolist = _refuse("tolist() of a traced value")
    tobytes = _refuse("tobytes() of a traced value")

    def __bool__(self) -> bool:
        return bool(self.tape.decide(bool(self.witness)))

    # ---------------------------------------------------------------- shape

    @property
    def shape(self) -> tuple[int, ...]:
        return self.ids.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self.ids = self.ids.reshape(shape)

    @property
    def ndim(self) -> int:
        return self.ids.ndim

    @property
    def size(self) -> int:
        return self.ids.size

    @property
    def dtype(self) -> Any:
        return np.dtype(np.float64)

    @property
    def T(self) -> Lifted:  # noqa: N802 - numpy's name
        return Lifted(self.tape, self.ids.T)

    @property
    def flat(self) -> Lifted:
        return Lifted(self.tape, self.ids.reshape(-1))

    @property
    def flags(self) -> Any:
        return self.ids.flags

    @property
    def strides(self) -> Any:
        return self.ids.strides

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Lifted]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Lifted:
        found = self.ids[self._key(key)]
        return Lifted(self.tape, found)

    def __setitem__(self, key: Any, value: Any) -> None:
        from backproof.checking.lifted_values import ids_of

        self.ids[self._key(key)] = ids_of(self.tape, value)

    def _key(self, key: Any) -> Any:
        if type(key) is Lifted:
            raise NotLiftable("a traced value as an index")
        if isinstance(key, tuple) and any(type(part) is Lifted for part in key):
            raise NotLiftable("a traced value as an index")
        return key

    # ---------------------------------------------------------------- methods

    def __getattr__(self, name: str) -> Any:
        """Return numpy's method of that name, as the function of that name on this array."""
        if name not in METHODS:
            if name in dir(np.ndarray):
                raise NotLiftable(f"the array method {name}()")
            raise AttributeError(name)
        function = getattr(np, METHODS[name])
        return lambda *args, **options: function(self, *args, **options)

    def astype(self, dtype: Any, **_: Any) -> Lifted:
        """Return a copy; rounding to a float type is not an operation of exact numbers."""
        if not np.issubdtype(np.dtype(dtype), np.floating):
            raise NotLiftable(f"astype({np.dtype(dtype)}) of a traced value")
        return self.copy()

    def copy(self, order: str = "C") -> Lifted:
        return Lifted(self.tape, np.array(self.ids))

    __copy__ = copy

    def __deepcopy__(self, _: Any) -> Lifted:
        return self.copy()

    def reshape(self, *shape: Any, order: Any = "C") -> Lifted:
        return Lifted(self.tape, self.ids.reshape(*shape, order=order))

    def view(self, *_: Any, **__: Any) -> Lifted:
        return Lifted(self.tape, self.ids.view())

    def transpose(self, *axes: Any) -> Lifted:
        return Lifted(self.tape, self.ids.transpose(*axes))

    def flatten(self, order: Any = "C") -> Lifted:
        return Lifted(self.tape, self.ids.flatten(order))

    def fill(self, value: Any) -> None:
        self[...] = value

    def __repr__(self) -> str:
        return f"traced array of shape {self.shape}"

    def __format__(self, _: str) -> str:
        return repr(self)


#: Methods of arrays that are functions of the same arguments.
METHODS: Final[dict[str, str]] = {name: name for name in (
    "sum", "mean", "max", "min", "argmax", "argmin", "argsort", "dot", "var", "std", "squeeze", "swapaxes",
    "clip", "ravel", "repeat", "take", "prod", "cumsum", "all", "any", "diagonal", "trace", "ptp", "round",
)}  # fmt: skip

"""What each numpy function means for recorded arrays: those that move entries, and those with a row of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from backproof.checking.lifted import Lifted
from backproof.checking.lifted_products import dot, einsum, norm, tensordot
from backproof.checking.lifted_reductions import (
    accumulate,
    reduce_extreme,
    reduce_mean,
    reduce_prod,
    reduce_sum,
    reduce_var,
)  # fmt: skip
from backproof.checking.lifted_values import holds_lifted, ids_of, put_out, tape_of, witness_of
from backproof.checking.tape import NotLiftable, Tape

Recorded = Callable[..., Any]

#: Functions that only move entries: they are applied to the ids.
MOVES: Final = frozenset({
    "reshape", "transpose", "swapaxes", "moveaxis", "rollaxis", "squeeze", "expand_dims", "broadcast_to", "ravel",
    "take", "repeat", "tile", "roll", "flip", "fliplr", "flipud", "rot90", "concatenate", "stack", "hstack",
    "vstack", "dstack", "column_stack", "split", "array_split", "hsplit", "vsplit", "atleast_1d", "atleast_2d",
    "atleast_3d", "take_along_axis", "delete", "diagonal", "copy", "broadcast_arrays", "resize", "append", "insert",
    "matrix_transpose", "permute_dims", "compress", "select", "sliding_window_view", "as_strided",
})  # fmt: skip


def moved(tape: Tape, function: Any, args: Any, options: Any) -> Any:
    given = [_as_ids(tape, arg, position) for position, arg in enumerate(args)]
    named = {name: _as_ids(tape, arg, 0) if type(arg) is Lifted else arg for name, arg in options.items()}
    result = function(*given, **named)
    if isinstance(result, (list, tuple)):
        return type(result)(Lifted(tape, part) for part in result)
    return Lifted(tape, result)


def _as_ids(tape: Tape, value: Any, position: int) -> Any:
    if isinstance(value, (list, tuple)) and holds_lifted(value):
        return [ids_of(tape, part) for part in value]
    if type(value) is Lifted:
        return value.ids
    if position == 0 and isinstance(value, np.ndarray):
        return tape.constants(value)
    return value


def _where(condition: Any, *branches: Any) -> Any:
    condition = condition.tape.decide(condition.witness != 0) if type(condition) is Lifted else condition
    if not branches:
        return np.where(condition)
    tape = tape_of(*branches)
    return Lifted(tape, np.where(condition, *(ids_of(tape, branch) for branch in branches)))


def _clip(u: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **given: Any) -> Any:
    low, high = given.get("min", a_min), given.get("max", a_max)
    result = u if low is None else np.maximum(u, low)
    result = result if high is None else np.minimum(result, high)
    return put_out(result, out)


def _pad(u: Lifted, pad_width: Any, mode: str = "constant", constant_values: Any = 0, **_: Any) -> Lifted:
    if mode != "constant":
        return Lifted(u.tape, np.pad(u.ids, pad_width, mode=mode))  # type: ignore[call-overload]
    filling = int(u.tape.constants(np.asarray(constant_values, dtype=float).reshape(-1)[:1])[0])
    return Lifted(u.tape, np.pad(u.ids, pad_width, constant_values=filling))


def _triangle(function: Any) -> Recorded:
    def triangle(u: Lifted, k: int = 0) -> Lifted:
        kept = function(np.ones(u.shape[-2:], dtype=bool), k)
        return Lifted(u.tape, np.where(kept, u.ids, u.tape.zero))

    return triangle


def _sort(u: Lifted, axis: int = -1, **_: Any) -> Lifted:
    order = u.tape.decide(np.argsort(u.witness, axis=axis, kind="stable"))
    return Lifted(u.tape, np.take_along_axis(u.ids, order, axis))


def _like(value: float | None) -> Recorded:
    def like(u: Any, fill_value: Any = None, dtype: Any = None, shape: Any = None, **_: Any) -> Any:
        if type(u) is not Lifted:
            raise NotLiftable("a traced value as the filling of an array")
        number = value if fill_value is None else fill_value
        shape = u.shape if shape is None else shape
        if dtype is not None and not np.issubdtype(np.dtype(dtype), np.floating):
            return np.full(shape, number, dtype=dtype)
        return Lifted(u.tape, np.array(np.broadcast_to(ids_of(u.tape, number), shape)))

    return like


def _put_along_axis(target: Any, indices: Any, values: Any, axis: Any) -> None:
    if type(target) is not Lifted:
        raise NotLiftable("np.put_along_axis into an array of floats")
    np.put_along_axis(target.ids, indices, ids_of(target.tape, values), axis)


def _copyto(target: Any, source: Any, where: Any = True, **_: Any) -> None:
    if type(target) is not Lifted:
        raise NotLiftable("np.copyto into an array of floats")
    np.copyto(target.ids, ids_of(target.tape, source), where=where)


def _fill_diagonal(target: Lifted, value: Any, wrap: bool = False) -> None:
    np.fill_diagonal(target.ids, ids_of(target.tape, value), wrap)


def _decided(function: Any) -> Recorded:
    """Return a function whose result is a decision of the witness."""
    return lambda *args, **named: tape_of(*args).decide(function(*map(witness_of, args), **named))


def _average(u: Any, axis: Any = None, weights: Any = None, **_: Any) -> Any:
    if weights is None:
        return reduce_mean(u, axis)
    return reduce_sum(u * weights, axis) / np.sum(np.broadcast_to(weights, u.shape), axis)


#: Functions with a row of their own.
FUNCTIONS: dict[str, Recorded] = {
    "sum": reduce_sum, "mean": reduce_mean, "average": _average,
    "var": reduce_var, "std": lambda u, *args, **named: np.sqrt(reduce_var(u, *args, **named)),
    "amax": reduce_extreme(np.argmax), "max": reduce_extreme(np.argmax),
    "amin": reduce_extreme(np.argmin), "min": reduce_extreme(np.argmin),
    "ptp": lambda u, axis=None, **_: np.max(u, axis=axis) - np.min(u, axis=axis),
    "prod": reduce_prod, "cumsum": accumulate, "dot": dot, "tensordot": tensordot, "einsum": einsum, "where": _where,
    "inner": lambda u, v: tensordot(u, v, ((-1,), (-1,))), "vdot": lambda u, v: np.sum(np.ravel(u) * np.ravel(v)),
    "outer": lambda u, v, out=None: np.ravel(u)[:, None] * np.ravel(v)[None, :],
    "clip": _clip, "pad": _pad, "tril": _triangle(np.tril), "triu": _triangle(np.triu), "norm": norm, "sort": _sort,
    "trace": lambda u, *args: np.sum(np.diagonal(u, *args), axis=-1),
    "zeros_like": _like(0.0), "empty_like": _like(0.0), "ones_like": _like(1.0), "full_like": _like(None),
    "put_along_axis": _put_along_axis, "copyto": _copyto, "fill_diagonal": _fill_diagonal,
    "shape": lambda u: u.shape, "ndim": lambda u: u.ndim,
    "size": lambda u, axis=None: u.size if axis is None else u.shape[axis],
    "nan_to_num": lambda u, **_: u.copy(), "real": lambda u: u, "isrealobj": lambda u: True,
    "iscomplexobj": lambda u: False, "result_type": lambda *_: np.dtype(np.float64),
    "square": lambda u: u * u,
    "diag": lambda u, k=0: Lifted(u.tape, np.diagonal(u.ids, k)) if u.ndim == 2 else _diag(u, k),
    "may_share_memory": lambda u, v, **_: np.may_share_memory(*(_memory(w) for w in (u, v))),
    "shares_memory": lambda u, v, **_: np.shares_memory(*(_memory(w) for w in (u, v))),
}  # fmt: skip
FUNCTIONS |= {
    name: _decided(getattr(np, name))
    for name in ("argmax", "argmin", "argsort", "all", "any", "allclose", "isclose", "array_equal", "count_nonzero",
                 "nonzero", "argwhere", "flatnonzero", "searchsorted", "unique", "round", "around")
}  # fmt: skip


def _diag(u: Lifted, k: int) -> Lifted:
    size = u.size + abs(k)
    ids = np.full((size, size), u.tape.zero)
    ids[np.arange(u.size) + max(0, -k), np.arange(u.size) + max(0, k)] = u.ids
    return Lifted(u.tape, ids)


def _memory(value: Any) -> Any:
    return value.ids if type(value) is Lifted else value


def apply_function(tape: Tape, function: Any, args: Iterable[Any], options: dict[str, Any]) -> Any:
    """Return what a numpy function gives for recorded arrays; raises NotLiftable where no row says."""
    name = function.__name__
    if name in FUNCTIONS:
        return FUNCTIONS[name](*args, **options)
    if name in MOVES:
        return moved(tape, function, tuple(args), options)
    raise NotLiftable(f"np.{name}")

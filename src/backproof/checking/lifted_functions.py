"""What each numpy function means for recorded arrays: three tables, one row a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from backproof.checking.lifted import Lifted
from backproof.checking.tape import Ids, NotLiftable, Tape


def ids_of(tape: Tape, value: Any) -> Ids:
    """Return the entries of a recorded array, or of constants; a nested list may mix them."""
    if type(value) is Lifted:
        return value.ids
    if isinstance(value, (list, tuple)):
        if not _holds_lifted(value):
            return tape.constants(value)
        return np.stack([ids_of(tape, part) for part in value])
    array = np.asarray(value)
    if array.dtype == object or np.issubdtype(array.dtype, np.complexfloating):
        raise NotLiftable(f"an array of {array.dtype} beside a traced value")
    if np.isnan(array.astype(np.float64)).any():
        raise NotLiftable("NaN beside a traced value")
    return tape.constants(array)


def _holds_lifted(value: Any) -> bool:
    return type(value) is Lifted or (isinstance(value, (list, tuple)) and any(map(_holds_lifted, value)))


def witness_of(value: Any) -> Any:
    """Return the floats of a recorded array, anything else as it is."""
    if type(value) is Lifted:
        return value.witness
    if isinstance(value, (list, tuple)) and _holds_lifted(value):
        return type(value)(map(witness_of, value))
    return value


# ------------------------------------------------------------------ ufuncs

Recorded = Callable[..., Any]


def _record(operation: str) -> Recorded:
    return lambda tape, *args: Lifted(tape, tape.record(operation, *(ids_of(tape, arg) for arg in args)))


def _decide(ufunc: Any) -> Recorded:
    def decide(tape: Tape, *args: Any) -> Any:
        tape.note_thresholds(*(arg for arg in args if type(arg) is not Lifted), *([0] if len(args) == 1 else []))
        return tape.decide(ufunc(*map(witness_of, args)))

    return decide


def _select(better: Any) -> Recorded:
    def select(tape: Tape, left: Any, right: Any) -> Lifted:
        tape.note_thresholds(*(side for side in (left, right) if type(side) is not Lifted))
        chosen = tape.decide(better(witness_of(left), witness_of(right)))
        return Lifted(tape, np.where(chosen, ids_of(tape, left), ids_of(tape, right)))

    return select


def _matmul(tape: Tape, left: Any, right: Any) -> Lifted:
    a, b = ids_of(tape, left), ids_of(tape, right)
    rows, columns = a.ndim == 1, b.ndim == 1
    a, b = (a[None] if rows else a), (b[:, None] if columns else b)
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matmul: shapes {np.shape(left)} and {np.shape(right)} do not fit")
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (np.broadcast_to(part, batch + part.shape[-2:]) for part in (a, b))
    out = np.empty((*batch, a.shape[-2], b.shape[-1]), dtype=np.int64)
    for place in np.ndindex(*batch):
        out[place] = tape.matmul(a[place], b[place])
    out = out[..., 0, :] if rows else out
    return Lifted(tape, out[..., 0] if columns else out)


def _absolute(tape: Tape, value: Any) -> Any:
    tape.note_thresholds(0)
    return _select(lambda a, b: witness_of(value) >= 0)(tape, value, -value)


def _logaddexp(tape: Tape, left: Any, right: Any) -> Any:
    return np.log(np.exp(left) + np.exp(right))


#: ufunc name -> what is recorded.
UFUNCS: dict[str, Recorded] = {
    "add": _record("add"),
    "subtract": _record("sub"),
    "multiply": _record("mul"),
    "divide": _record("div"),
    "negative": _record("neg"),
    "power": _record("pow"),
    "float_power": _record("pow"),
    "matmul": _matmul,
    "absolute": _absolute,
    "fabs": _absolute,
    "logaddexp": _logaddexp,
    "erf": _record("erf"),
    "expit": _record("expit"),
    "positive": lambda tape, u: u.copy(),
    "conjugate": lambda tape, u: u,
    "square": lambda tape, u: u * u,
    "reciprocal": lambda tape, u: 1 / u,
    "exp2": lambda tape, u: np.exp(u * math.log(2)),
    "log2": lambda tape, u: np.log(u) / math.log(2),
    "log10": lambda tape, u: np.log(u) / math.log(10),
    "arctan": _record("atan"),
    "arcsinh": _record("asinh"),
    "hypot": lambda tape, u, v: np.sqrt(u * u + v * v),
    "maximum": _select(np.greater_equal),
    "fmax": _select(np.greater_equal),
    "minimum": _select(np.less_equal),
    "fmin": _select(np.less_equal),
}
UFUNCS |= {
    name: _record(name)
    for name in (
        "exp",
        "expm1",
        "log",
        "log1p",
        "sqrt",
        "tanh",
        "sinh",
        "cosh",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "cbrt",
    )
}
UFUNCS |= {
    name: _decide(getattr(np, name))
    for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "sign", "isnan", "isinf",
                 "isfinite", "signbit", "floor", "ceil", "rint", "trunc", "heaviside", "logical_not",
                 "logical_and", "logical_or")
}  # fmt: skip


def apply_ufunc(tape: Tape, ufunc: Any, method: str, inputs: Any, options: dict[str, Any]) -> Any:
    """Return what ``ufunc`` gives for recorded arrays; raises NotLiftable where no row says."""
    out = options.pop("out", None)
    options.pop("dtype", None)
    options.pop("casting", None)
    if method == "__call__" and ufunc.__name__ in UFUNCS:
        chosen = options.pop("where", True)
        if options:
            raise NotLiftable(f"np.{ufunc.__name__} with {', '.join(options)}")
        result = UFUNCS[ufunc.__name__](tape, *inputs)
        return _deliver(tape, result, out, chosen)
    known = METHODS.get((ufunc.__name__, method))
    if known is None:
        raise NotLiftable(f"np.{ufunc.__name__}" + (f".{method}" if method != "__call__" else ""))
    return _deliver(tape, known(*inputs, **options), out, True)


def _deliver(tape: Tape, result: Any, out: Any, chosen: Any) -> Any:
    if out is None:
        if chosen is not True:
            raise NotLiftable("a ufunc with where= and no out=")
        return result
    (target,) = out
    if type(target) is not Lifted:
        raise NotLiftable("a traced value written into an array of floats")
    if np.broadcast_shapes(target.shape, np.shape(result)) != target.shape:
        raise ValueError(f"an array of shape {np.shape(result)} does not fit into {target.shape} in place")
    mask = np.broadcast_to(np.asarray(chosen), target.shape)
    target.ids[mask] = np.broadcast_to(ids_of(tape, result), target.shape)[mask]
    return target


def _add_at(target: Any, key: Any, values: Any) -> None:
    if type(target) is not Lifted:
        raise NotLiftable("np.add.at into an array of floats")
    tape = target.tape
    places = np.arange(target.size).reshape(target.shape)[key]
    added = np.broadcast_to(ids_of(tape, values), places.shape)
    flat = target.ids.reshape(-1)
    shares_memory = np.shares_memory(flat, target.ids)
    for place, entry in zip(places.ravel(), added.ravel(), strict=True):
        flat[place] = tape.record("add", flat[place : place + 1], np.array([entry]))[0]
    if not shares_memory:
        target.ids[...] = flat.reshape(target.shape)


#: ufunc name, method -> what is done.
METHODS: Final[dict[tuple[str, str], Recorded]] = {
    ("add", "reduce"): lambda u, axis=0, keepdims=False, **_: np.sum(u, axis=axis, keepdims=keepdims),
    ("maximum", "reduce"): lambda u, axis=0, keepdims=False, **_: np.max(u, axis=axis, keepdims=keepdims),
    ("minimum", "reduce"): lambda u, axis=0, keepdims=False, **_: np.min(u, axis=axis, keepdims=keepdims),
    ("multiply", "reduce"): lambda u, axis=0, keepdims=False, **_: np.prod(u, axis=axis, keepdims=keepdims),
    ("multiply", "outer"): lambda u, v: np.multiply(u[(..., *[None] * np.ndim(v))], v),
    ("subtract", "outer"): lambda u, v: np.subtract(u[(..., *[None] * np.ndim(v))], v),
    ("add", "outer"): lambda u, v: np.add(u[(..., *[None] * np.ndim(v))], v),
    ("add", "at"): _add_at,
}  # fmt: skip


# ------------------------------------------------------------------ functions

#: Functions that only move entries: they are applied to the ids.
MOVES: Final = frozenset({
    "reshape", "transpose", "swapaxes", "moveaxis", "rollaxis", "squeeze", "expand_dims", "broadcast_to", "ravel",
    "take", "repeat", "tile", "roll", "flip", "fliplr", "flipud", "rot90", "concatenate", "stack", "hstack",
    "vstack", "dstack", "column_stack", "split", "array_split", "hsplit", "vsplit", "atleast_1d", "atleast_2d",
    "atleast_3d", "take_along_axis", "delete", "diagonal", "copy", "broadcast_arrays", "resize", "append", "insert",
    "matrix_transpose", "permute_dims", "compress", "select", "sliding_window_view", "as_strided",
})  # fmt: skip


def _moved(tape: Tape, function: Any, args: Any, options: Any) -> Any:
    given = [_as_ids(tape, arg, position) for position, arg in enumerate(args)]
    named = {name: _as_ids(tape, arg, 0) if type(arg) is Lifted else arg for name, arg in options.items()}
    result = function(*given, **named)
    if isinstance(result, (list, tuple)):
        return type(result)(Lifted(tape, part) for part in result)
    return Lifted(tape, result)


def _as_ids(tape: Tape, value: Any, position: int) -> Any:
    if isinstance(value, (list, tuple)) and _holds_lifted(value):
        return [ids_of(tape, part) for part in value]
    if type(value) is Lifted:
        return value.ids
    if position == 0 and isinstance(value, np.ndarray):
        return tape.constants(value)
    return value


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes that are meant, sorted; raises numpy's AxisError for one that is not there."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    if not ndim and given in ((0,), (-1,)):  # np.sum(np.float64(1), axis=-1) is 1.0
        return ()
    if not all(-ndim <= a < ndim for a in given):
        raise np.exceptions.AxisError(f"axis {axis} is out of bounds for an array of dimension {ndim}")
    return tuple(sorted(a % ndim for a in given))


def _rows(ids: Ids, axes: Sequence[int]) -> Ids:
    """Return ids with the reduced axes flattened into the last one."""
    kept = [a for a in range(ids.ndim) if a not in axes]
    moved = ids.transpose(*kept, *axes)
    return moved.reshape(*(ids.shape[a] for a in kept), -1 if ids.size else math.prod(ids.shape[a] for a in axes))


def _kept_shape(shape: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(1 if a in axes else n for a, n in enumerate(shape))


def _reduce(u: Lifted, axis: Any, keepdims: Any, rows: Callable[[Tape, Ids], Ids]) -> Lifted:
    axes = _axes(axis, u.ndim)
    result = rows(u.tape, _rows(u.ids, axes)) if axes else u.ids
    return Lifted(u.tape, result.reshape(_kept_shape(u.shape, axes)) if keepdims else result)


def _sum(u: Lifted, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **_: Any) -> Any:
    return _out(_reduce(u, axis, keepdims, lambda tape, rows: tape.sum_rows(rows)), out)


def _out(result: Lifted, out: Any) -> Lifted:
    return result if out is None else _deliver(result.tape, result, (out,), True)


def _count(u: Lifted, axis: Any) -> int:
    return math.prod(u.shape[a] for a in _axes(axis, u.ndim))


def _mean(u: Lifted, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return _out(_sum(u, axis, keepdims=keepdims) / _count(u, axis), out)


def _var(u: Lifted, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: Any = False) -> Any:
    centred = u - _mean(u, axis, keepdims=True)
    return _out(_sum(centred * centred, axis, keepdims=keepdims) / (_count(u, axis) - ddof), out)


def _extreme(pick: Any) -> Recorded:
    def extreme(u: Lifted, axis: Any = None, out: Any = None, keepdims: Any = False, **_: Any) -> Lifted:
        def rows(tape: Tape, ids: Ids) -> Ids:
            place = tape.decide(pick(tape.values[ids], axis=-1))
            return np.take_along_axis(ids, np.expand_dims(place, -1), -1)[..., 0]

        return _out(_reduce(u, axis, keepdims, rows), out)

    return extreme


def _prod(u: Lifted, axis: Any = None, keepdims: Any = False, **_: Any) -> Lifted:
    def rows(tape: Tape, ids: Ids) -> Ids:
        result = np.full(ids.shape[:-1], tape.one)
        for column in range(ids.shape[-1]):
            result = tape.record("mul", result, ids[..., column])
        return result

    return _reduce(u, axis, keepdims, rows)


def _cumsum(u: Lifted, axis: Any = None, **_: Any) -> Lifted:
    ids = np.array(u.ids.ravel() if axis is None else np.moveaxis(u.ids, axis, 0))
    for i in range(1, len(ids)):
        ids[i] = u.tape.record("add", ids[i - 1], ids[i])
    return Lifted(u.tape, ids if axis is None else np.moveaxis(ids, 0, axis))


def _tape(*values: Any) -> Tape:
    for value in values:
        if type(value) is Lifted:
            return value.tape
        if isinstance(value, (list, tuple)) and _holds_lifted(value):
            return _tape(*value)
    raise NotLiftable("no traced value")


def _dot(left: Any, right: Any, out: Any = None) -> Any:
    if np.ndim(left) == 0 or np.ndim(right) == 0:
        return _out(np.multiply(left, right), out)
    if np.ndim(right) > 2:
        return _out(_tensordot(left, right, ((np.ndim(left) - 1,), (np.ndim(right) - 2,))), out)
    return _out(np.matmul(left, right), out)


def _tensordot(left: Any, right: Any, axes: Any = 2) -> Lifted:
    tape = _tape(left, right)
    a, b = ids_of(tape, left), ids_of(tape, right)
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    first, second = ([i % ids.ndim for i in ([given] if isinstance(given, int) else given)]
                     for given, ids in zip(axes, (a, b), strict=True))  # fmt: skip
    kept = [i for i in range(a.ndim) if i not in first], [i for i in range(b.ndim) if i not in second]
    inner = math.prod(a.shape[i] for i in first)
    if inner != math.prod(b.shape[i] for i in second):
        raise ValueError("tensordot: shapes do not fit")
    outer = [a.shape[i] for i in kept[0]], [b.shape[i] for i in kept[1]]
    rows = a.transpose(*kept[0], *first).reshape(math.prod(outer[0]), inner)
    columns = b.transpose(*second, *kept[1]).reshape(inner, math.prod(outer[1]))
    return Lifted(tape, tape.matmul(rows, columns).reshape(*outer[0], *outer[1]))


def _einsum(subscripts: str, *operands: Any, **_: Any) -> Any:
    tape = _tape(*operands)
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    if "." in subscripts:
        raise NotLiftable("np.einsum with an ellipsis")
    terms = inputs.split(",")
    if not arrow:
        output = "".join(sorted(c for c in set(inputs) - {","} if inputs.count(c) == 1))
    labels = list(dict.fromkeys(output + inputs.replace(",", "")))
    product: Any = None
    for term, operand in zip(terms, operands, strict=True):
        aligned = Lifted(tape, _align(term, ids_of(tape, operand), labels))
        product = aligned if product is None else product * aligned
    summed = tuple(range(len(output), len(labels)))
    return _sum(product, summed) if summed else product


def _align(term: str, ids: Ids, labels: list[str]) -> Ids:
    for label in set(term):
        while term.count(label) > 1:
            first, second = term.index(label), term.rindex(label)
            ids = np.diagonal(ids, axis1=first, axis2=second)
            term = "".join(c for i, c in enumerate(term) if i not in (first, second)) + label
    order = [term.index(label) for label in labels if label in term]
    ids = ids.transpose(order)
    return ids[tuple(slice(None) if label in term else None for label in labels)]


def _where(condition: Any, *branches: Any) -> Any:
    condition = condition.tape.decide(condition.witness != 0) if type(condition) is Lifted else condition
    if not branches:
        return np.where(condition)
    tape = _tape(*branches)
    return Lifted(tape, np.where(condition, *(ids_of(tape, branch) for branch in branches)))


def _clip(u: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **given: Any) -> Any:
    low, high = given.get("min", a_min), given.get("max", a_max)
    result = u if low is None else np.maximum(u, low)
    result = result if high is None else np.minimum(result, high)
    return _out(result, out)


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


def _norm(u: Lifted, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and u.ndim > 1):
        raise NotLiftable(f"np.linalg.norm with ord={ord}")
    return np.sqrt(_sum(u * u, axis, keepdims=keepdims))


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
    return lambda *args, **named: _tape(*args).decide(function(*map(witness_of, args), **named))


#: Functions with a row of their own.
FUNCTIONS: dict[str, Recorded] = {
    "sum": _sum, "mean": _mean, "average": lambda u, axis=None, weights=None, **_: (
        _mean(u, axis) if weights is None else _sum(u * weights, axis) / np.sum(np.broadcast_to(weights, u.shape), axis)
    ),
    "var": _var, "std": lambda u, *args, **named: np.sqrt(_var(u, *args, **named)),
    "amax": _extreme(np.argmax), "max": _extreme(np.argmax), "amin": _extreme(np.argmin), "min": _extreme(np.argmin),
    "ptp": lambda u, axis=None, **_: np.max(u, axis=axis) - np.min(u, axis=axis),
    "prod": _prod, "cumsum": _cumsum, "dot": _dot, "tensordot": _tensordot, "einsum": _einsum, "where": _where,
    "inner": lambda u, v: _tensordot(u, v, ((-1,), (-1,))), "vdot": lambda u, v: np.sum(np.ravel(u) * np.ravel(v)),
    "outer": lambda u, v, out=None: np.ravel(u)[:, None] * np.ravel(v)[None, :],
    "clip": _clip, "pad": _pad, "tril": _triangle(np.tril), "triu": _triangle(np.triu), "norm": _norm, "sort": _sort,
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
        return _moved(tape, function, tuple(args), options)
    raise NotLiftable(f"np.{name}")

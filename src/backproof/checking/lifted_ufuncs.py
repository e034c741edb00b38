"""What each ufunc means for recorded arrays, called, reduced or applied at places: one row a ufunc."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from backproof.checking.lifted import Lifted
from backproof.checking.lifted_values import deliver, ids_of, witness_of
from backproof.checking.tape import NotLiftable, Tape

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
        return deliver(tape, result, out, chosen)
    known = METHODS.get((ufunc.__name__, method))
    if known is None:
        raise NotLiftable(f"np.{ufunc.__name__}" + (f".{method}" if method != "__call__" else ""))
    return deliver(tape, known(*inputs, **options), out, True)


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

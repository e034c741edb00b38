"""Values of terms with axes on numpy arrays: named indices are aligned, sums of products are contractions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np

from backproof.domains import Context
from backproof.errors import NotDerivable, ShapeError
from backproof.indexing import axis_of
from backproof.terms import REDUCTIONS, Term

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]
Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Field:
    """An array whose dimensions are the running indices named ``indices``."""

    array: Array
    indices: tuple[str, ...] = ()


def evaluate_tensor(
    term: Term, axes: Sequence[str], arrays: Arrays, context: Context, sizes: Sizes | None = None
) -> Array:
    """Return the values of ``term``, an array with one dimension for each of ``axes``.

    ``arrays`` gives names their values, with the axes that ``context.shapes`` says; other names are evaluated
    by their definitions.  Every axis gets its size from the arrays, or else from ``sizes``.  What is read
    outside an axis is zero.  The dtype is that of the floating arrays.
    Raises NotDerivable for a derivative that is not worked out, ShapeError where sizes do not fit.
    """
    evaluator = Evaluator(arrays, context, sizes or {})
    field = evaluator(term)
    lengths = [evaluator.sizes[axis_of(axis)] for axis in axes]
    values: Array = np.broadcast_to(aligned(field, tuple(axes)), lengths).astype(evaluator.dtype)
    return values


def sizes_of(arrays: Arrays, shapes: Mapping[str, tuple[str, ...]], sizes: Sizes) -> dict[str, int]:
    """Return the size of every axis that an array has; raises ShapeError where two arrays differ."""
    found = dict(sizes)
    for name, array in arrays.items():
        axes = shapes.get(name, ())
        if array.ndim != len(axes):
            raise ShapeError(f"{name} has {array.ndim} dimensions, not the axes [{', '.join(axes)}]")
        for axis, length in zip(axes, array.shape, strict=True):
            if found.setdefault(axis_of(axis), length) != length:
                elsewhere = found[axis_of(axis)]
                raise ShapeError(f"the axis {axis_of(axis)} of {name} has {length} entries, elsewhere {elsewhere}")
    return found


def aligned(field: Field, indices: tuple[str, ...]) -> Array:
    """Return the array with its dimensions in the order of ``indices``, of length 1 where it has none."""
    order = [field.indices.index(name) for name in indices if name in field.indices]
    if len(order) != len(field.indices):
        raise ShapeError(f"an index of {field.indices} is not among {indices}")
    shape = [field.array.shape[field.indices.index(n)] if n in field.indices else 1 for n in indices]
    moved: Array = field.array.transpose(order).reshape(shape)
    return moved


def _erf(values: Array) -> Array:
    from mpmath import erf

    found: Array = np.vectorize(lambda x: float(erf(x)), otypes=[values.dtype])(values)
    return found


#: What each head does to aligned arrays.
ELEMENTWISE: Final[dict[str, Callable[..., Any]]] = {
    "add": lambda *u: reduce(np.add, u), "mul": lambda *u: reduce(np.multiply, u),
    "neg": np.negative, "div": np.divide, "pow": np.power,
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "atan": np.arctan, "sinh": np.sinh,
    "cosh": np.cosh, "tanh": np.tanh, "erf": _erf,
    "max": lambda *u: reduce(np.maximum, u), "min": lambda *u: reduce(np.minimum, u),
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal, "not": np.logical_not,
    "and": lambda *u: reduce(np.logical_and, u), "or": lambda *u: reduce(np.logical_or, u),
    "where": np.where, "bracket": lambda u: u,
}  # fmt: skip


def _logsumexp(values: Array, axis: tuple[int, ...]) -> Array:
    largest = values.max(axis=axis, keepdims=True)
    result: Array = np.log(np.exp(values - largest).sum(axis=axis)) + largest.squeeze(axis)
    return result


REDUCE: Final[dict[str, Callable[..., Any]]] = {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "reduce_max": np.max, "reduce_min": np.min,
    "logsumexp": _logsumexp,
}  # fmt: skip


class Evaluator:
    """Evaluates terms, each once; between index brackets in integers, else in the arrays' dtype."""

    def __init__(self, arrays: Arrays, context: Context, sizes: Sizes) -> None:
        self.context = context
        self.arrays = {name: np.asarray(array) for name, array in arrays.items()}
        self.sizes = sizes_of(self.arrays, context.shapes, sizes)
        floating = [array.dtype for array in self.arrays.values() if array.dtype.kind == "f"]
        self.dtype = np.result_type(*floating) if floating else np.dtype(float)
        self.done: dict[tuple[Term, bool], Field] = {}

    def __call__(self, term: Term, whole: bool = False) -> Field:
        """Return the values of ``term``; ``whole``: it is an index, in integers."""
        key = term, whole
        if key not in self.done:
            self.done[key] = self._evaluate(term, whole)
        return self.done[key]

    def _evaluate(self, term: Term, whole: bool) -> Field:
        if term.head == "num":
            return Field(np.asarray(int(term.data) if whole else self.dtype.type(float(term.data))))
        if term.head == "idx":
            return Field(self._number(np.arange(self._size(term.data)), whole), (term.data,))
        if term.head == "size":
            return Field(self._number(np.asarray(self._size(term.data)), whole))
        if term.head == "sym":
            return self._entry(term, whole)
        if term.head in REDUCTIONS:
            return self._reduction(term)
        if term.head not in ELEMENTWISE:
            raise NotDerivable(f"no value of {term.head}")
        fields = [self(arg, whole) for arg in term.args]
        indices = tuple(dict.fromkeys(name for field in fields for name in field.indices))
        made = ELEMENTWISE[term.head](*(aligned(field, indices) for field in fields))
        return Field(self._number(made, whole) if term.head == "bracket" else made, indices)

    def _number(self, array: Array, whole: bool) -> Array:
        return array if whole else array.astype(self.dtype)

    def _size(self, index: str) -> int:
        if axis_of(index) not in self.sizes:
            raise ShapeError(f"the size of the axis {axis_of(index)} is not known")
        return self.sizes[axis_of(index)]

    # ------------------------------------------------------------------ entries

    def _entry(self, term: Term, whole: bool) -> Field:
        array = self._array(term.data)
        array = self._number(array, whole) if array.dtype.kind != "f" or not whole else array
        plain = [arg.data for arg in term.args if arg.head == "idx"]
        shape = self.context.shapes.get(term.data, ())
        if len(plain) == len(term.args) and len(set(plain)) == len(plain):
            return Field(array, tuple(plain))
        return self._gathered(array, [self(arg, True) for arg in term.args], len(shape))

    def _array(self, name: str) -> Array:
        if name not in self.arrays:
            definition = self.context.definitions.get(name)
            if definition is None:
                found = np.asarray(self.dtype.type(np.pi)) if name == "pi" else None
                if found is None:
                    raise NotDerivable(f"no value of {name}")
                return found
            lengths = [self._size(axis) for axis in definition.axes]
            values = aligned(self(definition.term), definition.axes)
            self.arrays[name] = np.broadcast_to(values, lengths)
        return self.arrays[name]

    def _gathered(self, array: Array, places: list[Field], rank: int) -> Field:
        """Return the entries at computed indices: zero outside."""
        indices = tuple(dict.fromkeys(name for place in places for name in place.indices))
        at = np.broadcast_arrays(*(aligned(place, indices) for place in places))
        inside = np.ones(at[0].shape, bool)
        for place, length in zip(at, array.shape[:rank], strict=True):
            inside &= (place >= 0) & (place < length)
        kept = tuple(np.where(inside, place, 0) for place in at)
        if 0 in array.shape:
            return Field(np.zeros(at[0].shape, array.dtype), indices)
        return Field(np.where(inside, array[kept], array.dtype.type(0)), indices)

    # ------------------------------------------------------------------ reductions

    def _reduction(self, term: Term) -> Field:
        body = term.args[0]
        if term.head == "sum" and body.head == "mul":
            return self._contraction(body.args, term.data)
        field = self(body)
        indices = tuple(dict.fromkeys((*field.indices, *term.data)))
        lengths = [self._size(name) for name in indices]
        array = np.broadcast_to(aligned(field, indices), lengths)
        over = tuple(indices.index(name) for name in term.data)
        kept = tuple(name for name in indices if name not in term.data)
        return Field(REDUCE[term.head](array, axis=over), kept)

    def _contraction(self, factors: Sequence[Term], axes: tuple[str, ...]) -> Field:
        """Return a sum of products without the products: numpy's einsum, index by index."""
        fields = [self(factor) for factor in factors]
        met = {name for field in fields for name in field.indices}
        for axis in axes:
            if axis not in met:
                fields.append(Field(np.ones(self._size(axis), self.dtype), (axis,)))
        names_ = list(dict.fromkeys(name for field in fields for name in field.indices))
        kept = tuple(name for name in names_ if name not in axes)
        operands: list[Any] = []
        for field in fields:
            operands += [field.array, [names_.index(name) for name in field.indices]]
        return Field(np.einsum(*operands, [names_.index(name) for name in kept], optimize=True), kept)

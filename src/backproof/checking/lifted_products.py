"""Products of recorded arrays: dot, tensordot, einsum; and the norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backproof.checking.lifted import Lifted
from backproof.checking.lifted_reductions import reduce_sum
from backproof.checking.lifted_values import ids_of, put_out, tape_of
from backproof.checking.tape import Ids, NotLiftable


def dot(left: Any, right: Any, out: Any = None) -> Any:
    """Return what ``np.dot`` gives."""
    if np.ndim(left) == 0 or np.ndim(right) == 0:
        return put_out(np.multiply(left, right), out)
    if np.ndim(right) > 2:
        return put_out(tensordot(left, right, ((np.ndim(left) - 1,), (np.ndim(right) - 2,))), out)
    return put_out(np.matmul(left, right), out)


def tensordot(left: Any, right: Any, axes: Any = 2) -> Lifted:
    """Return a sum of products over pairs of axes, as one matrix product."""
    tape = tape_of(left, right)
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


def einsum(subscripts: str, *operands: Any, **_: Any) -> Any:
    """Return what ``np.einsum`` gives for a string of subscripts."""
    tape = tape_of(*operands)
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
    return reduce_sum(product, summed) if summed else product


def _align(term: str, ids: Ids, labels: list[str]) -> Ids:
    for label in set(term):
        while term.count(label) > 1:
            first, second = term.index(label), term.rindex(label)
            ids = np.diagonal(ids, axis1=first, axis2=second)
            term = "".join(c for i, c in enumerate(term) if i not in (first, second)) + label
    order = [term.index(label) for label in labels if label in term]
    ids = ids.transpose(order)
    return ids[tuple(slice(None) if label in term else None for label in labels)]


def norm(u: Lifted, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the Euclidean or Frobenius norm; raises NotLiftable for another."""
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and u.ndim > 1):
        raise NotLiftable(f"np.linalg.norm with ord={ord}")
    return np.sqrt(reduce_sum(u * u, axis, keepdims=keepdims))

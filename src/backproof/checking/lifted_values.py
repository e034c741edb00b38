"""What stands between recorded arrays and plain ones: ids of anything, floats of anything, results put in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.checking.lifted import Lifted
from backproof.checking.tape import Ids, NotLiftable, Tape


def ids_of(tape: Tape, value: Any) -> Ids:
    """Return the entries of a recorded array, or of constants; a nested list may mix them."""
    if type(value) is Lifted:
        return value.ids
    if isinstance(value, (list, tuple)):
        if not holds_lifted(value):
            return tape.constants(value)
        return np.stack([ids_of(tape, part) for part in value])
    array = np.asarray(value)
    if array.dtype == object or np.issubdtype(array.dtype, np.complexfloating):
        raise NotLiftable(f"an array of {array.dtype} beside a traced value")
    if np.isnan(array.astype(np.float64)).any():
        raise NotLiftable("NaN beside a traced value")
    return tape.constants(array)


def holds_lifted(value: Any) -> bool:
    """Say whether a value is recorded, or a list that holds something recorded."""
    return type(value) is Lifted or (isinstance(value, (list, tuple)) and any(map(holds_lifted, value)))


def witness_of(value: Any) -> Any:
    """Return the floats of a recorded array, anything else as it is."""
    if type(value) is Lifted:
        return value.witness
    if isinstance(value, (list, tuple)) and holds_lifted(value):
        return type(value)(map(witness_of, value))
    return value


def tape_of(*values: Any) -> Tape:
    """Return the tape of the first recorded value; raises NotLiftable where there is none."""
    for value in values:
        if type(value) is Lifted:
            return value.tape
        if isinstance(value, (list, tuple)) and holds_lifted(value):
            return tape_of(*value)
    raise NotLiftable("no traced value")


def deliver(tape: Tape, result: Any, out: Any, chosen: Any) -> Any:
    """Return a result, written into ``out`` where ``chosen`` holds; raises NotLiftable for a plain ``out``."""
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


def put_out(result: Lifted, out: Any) -> Lifted:
    """Return a result, written into ``out`` where that is given."""
    return result if out is None else deliver(result.tape, result, (out,), True)

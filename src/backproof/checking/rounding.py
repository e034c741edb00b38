"""How far rounding may move each entry of a tape: a first-order running error, in units of the machine epsilon.

Every operation rounds once, every input is known to half a unit: so the bound holds the condition of the value as
well, and a tolerance made of it depends neither on the size of the array nor on the way the formula is written.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.checking.tape import Block, Floats, Tape
from backproof.checking.tape_operations import OPERATIONS


def rounding(tape: Tape) -> Floats:
    """Return the bound of every entry; infinite or NaN where the value is."""
    bound = np.zeros(len(tape))
    size = np.abs(tape.values)
    with np.errstate(all="ignore"):
        for block in tape.blocks:
            bound[block.start : block.stop] = _block(tape, block, bound, size)
    return bound


def _block(tape: Tape, block: Block, bound: Floats, size: Floats) -> Any:
    own = size[block.start : block.stop]
    if block.operation in ("symbol", "constant"):
        return own
    if block.operation == "sum":
        return np.add.reduceat(bound[block.args[0]] + size[block.args[0]], block.args[1])
    if block.operation == "matmul":
        left, right = block.args
        moved = bound[left] @ size[right] + size[left] @ (bound[right] + size[right])
        return moved.ravel()
    values = [tape.values[part] for part in block.args]
    output = tape.values[block.start : block.stop]
    total = own.copy()
    for part, partial in zip(block.args, OPERATIONS[block.operation].partials(*values, output), strict=True):
        contribution = np.abs(partial) * bound[part]
        total += np.where(bound[part] == 0, 0, contribution)
    if block.operation == "pow":  # a constant exponent is exact, and its slope is undefined below zero
        fixed = ~tape.active[block.args[1]]
        base = np.abs(block_slope(values)) * bound[block.args[0]]
        total = np.where(fixed, own + base, total)
    return total


def block_slope(values: list[Any]) -> Any:
    """Return the slope of a power in its base."""
    return values[1] * values[0] ** (values[1] - 1)

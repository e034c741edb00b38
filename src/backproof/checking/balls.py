"""Entries of a tape as real balls: 60 certain digits of a gradient, or a proof that two gradients differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import numpy as np
from flint import arb, ctx, fmpq

from backproof.checking.tape import Block, Ids, Tape
from backproof.checking.tape_operations import OPERATIONS

#: Working precision in bits, the first tried and the last.
PRECISIONS: Final = (256, 1024)
#: A constant with more digits than this was rounded: it stands for any number within a few ulp.
EXACT_DIGITS: Final = 12
_ULPS: Final = 4


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """While the block runs, balls are computed with ``bits`` bits."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def constant_ball(value: float) -> arb:
    """Return the number that a literal stands for: exact if it is short, a few ulp wide if it was rounded."""
    if not np.isfinite(value):
        return arb("nan")
    digits = Decimal(repr(float(value)))
    if len(digits.normalize().as_tuple().digits) <= EXACT_DIGITS:
        exact = Fraction(digits)
        return arb(fmpq(exact.numerator, exact.denominator))
    return arb(float(value), _ULPS * float(np.spacing(abs(value))))


def balls(tape: Tape, ids: Ids, bits: int = PRECISIONS[0]) -> list[arb]:
    """Return the balls of the given entries, evaluated from the symbols' witnesses."""
    needed = _needed(tape, ids)
    done: dict[int, Any] = {}
    with precision(bits):
        for block in tape.blocks:
            rows = np.flatnonzero(needed[block.start : block.stop])
            if rows.size:
                _evaluate(tape, block, rows.tolist(), done)
        return [done[i] for i in ids.ravel().tolist()]


def _needed(tape: Tape, ids: Ids) -> Any:
    needed = np.zeros(len(tape), dtype=bool)
    needed[ids.ravel()] = True
    for block in reversed(tape.blocks):
        rows = needed[block.start : block.stop]
        if not rows.any() or not block.args:
            continue
        if block.operation == "sum":
            lengths = np.diff(np.append(block.args[1], len(block.args[0])))
            needed[block.args[0][np.repeat(rows, lengths)]] = True
        elif block.operation == "matmul":
            table = rows.reshape(block.args[0].shape[0], -1)
            needed[block.args[0][table.any(axis=1)]] = True
            needed[block.args[1][:, table.any(axis=0)]] = True
        else:
            for part in block.args:
                needed[part[rows]] = True
    return needed


def _evaluate(tape: Tape, block: Block, rows: Sequence[int], done: dict[int, Any]) -> None:
    start = block.start
    if block.operation == "symbol":
        for row in rows:
            done[start + row] = arb(float(tape.values[start + row]))
    elif block.operation == "constant":
        for row in rows:
            done[start + row] = constant_ball(float(tape.values[start + row]))
    elif block.operation == "sum":
        edges = [*block.args[1].tolist(), len(block.args[0])]
        segments = list(pairwise(edges))
        flat = block.args[0].tolist()
        for row in rows:
            low, high = segments[row]
            done[start + row] = sum((done[i] for i in flat[low:high]), arb(0))
    elif block.operation == "matmul":
        left, right = block.args[0].tolist(), block.args[1].T.tolist()
        width = len(right)
        for row in rows:
            pairs = zip(left[row // width], right[row % width], strict=True)
            done[start + row] = sum((done[i] * done[j] for i, j in pairs), arb(0))
    else:
        ball = OPERATIONS[block.operation].ball
        columns = [part.tolist() for part in block.args]
        for row in rows:
            done[start + row] = ball(*(done[column[row]] for column in columns))

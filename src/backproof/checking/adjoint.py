"""Reverse accumulation over a tape, recorded on the same tape: gradients are entries like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from backproof.checking.lifted import Lifted
from backproof.checking.tape import LEAVES, Block, Ids, Tape
from backproof.checking.tape_operations import OPERATIONS

#: What an edge passes on: block, argument's position, upstream, contribution -> contribution or None.
Edit = Callable[[Block, int, Lifted, Lifted], "Lifted | None"]


def adjoint(
    tape: Tape,
    outputs: Sequence[Ids],
    upstreams: Sequence[Ids],
    wanted: Sequence[Ids],
    edit: Edit | None = None,
) -> list[Lifted]:
    """Return the gradients of ``wanted`` under the upstream gradients, of the same shapes.

    ``edit`` may change what one edge contributes; the unchanged rule is the derivative.
    """
    size, blocks = len(tape), tuple(tape.blocks)
    gradient = np.full(size, tape.zero)
    for output, sent in zip(outputs, upstreams, strict=True):
        _accumulate(tape, gradient, output.ravel(), np.broadcast_to(sent, output.shape).ravel())
    for block in reversed(blocks):
        arriving = gradient[block.start : block.stop]
        if block.operation in LEAVES or not (arriving != tape.zero).any():
            continue
        tape.place = block.line
        for position, targets, upstream, contribution in _edges(tape, block, arriving):
            passed = edit(block, position, upstream, contribution) if edit else contribution
            if passed is not None:
                _accumulate(tape, gradient, targets.ravel(), passed.ids.ravel())
    return [Lifted(tape, gradient[ids]) for ids in wanted]


def _edges(tape: Tape, block: Block, arriving: Ids) -> Iterator[tuple[int, Ids, Lifted, Lifted]]:
    """Yield position, targets, upstream and contribution of every edge into ``block`` that carries a variable."""
    if block.operation == "sum":
        lengths = np.diff(np.append(block.args[1], len(block.args[0])))
        spread = Lifted(tape, np.repeat(arriving, lengths))
        yield 0, block.args[0], spread, spread
    elif block.operation == "matmul":
        left, right = block.args
        matrix = Lifted(tape, arriving.reshape(left.shape[0], right.shape[1]))
        if tape.active[left].any():
            yield 0, left, matrix, Lifted(tape, tape.matmul(matrix.ids, right.T))
        if tape.active[right].any():
            yield 1, right, matrix, Lifted(tape, tape.matmul(left.T, matrix.ids))
    else:
        rows = np.flatnonzero(arriving != tape.zero)
        upstream = Lifted(tape, arriving[rows])
        args = [part[rows] for part in block.args]
        lifted = [Lifted(tape, ids) for ids in args]
        output = Lifted(tape, np.arange(block.start, block.stop)[rows])
        moving = [bool(tape.active[ids].any()) for ids in args]
        if block.operation == "pow" and not moving[1]:
            partials: tuple[Any, ...] = (lifted[1] * lifted[0] ** (lifted[1] - 1), None)
        else:
            partials = OPERATIONS[block.operation].partials(*lifted, output)
        for position, partial in enumerate(partials):
            if moving[position]:
                yield position, args[position], upstream, upstream * partial


def _accumulate(tape: Tape, gradient: Ids, targets: Ids, contributions: Ids) -> None:
    """Add ``contributions`` to the gradient of ``targets``, in which an entry may stand several times."""
    moving = tape.active[targets] & (contributions != tape.zero)
    targets, contributions = targets[moving], contributions[moving]
    if not targets.size:
        return
    order = np.argsort(targets, kind="stable")
    targets, contributions = targets[order], contributions[order]
    first = np.flatnonzero(np.append(True, targets[1:] != targets[:-1]))
    receiving = targets[first]
    known = gradient[receiving]
    held = known != tape.zero
    if len(first) == len(targets) and not held.any():
        gradient[receiving] = contributions
        return
    every = np.insert(contributions, first[held], known[held])
    shift = np.concatenate([[0], np.cumsum(held)[:-1]]).astype(np.int64)
    lengths = np.diff(np.append(first, len(targets))) + held
    starts = first + shift
    single = lengths == 1
    total = np.empty(len(first), dtype=np.int64)
    total[single] = every[starts[single]]
    if not single.all():
        rows = np.repeat(~single, lengths)
        kept = lengths[~single]
        total[~single] = tape.add_up(every[rows], np.concatenate([[0], np.cumsum(kept)[:-1]]))
    gradient[receiving] = total

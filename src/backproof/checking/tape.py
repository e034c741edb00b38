"""A flat record of every operation that user code performs: integer ids, float witnesses, whole arrays at a time.

An entry is an id.  Entries come in blocks, one per array operation, so that recording, evaluating and
reverse accumulation are numpy operations on blocks.  Every entry has a *witness*, its float64 value in
the run that was recorded: it decides comparisons, and so the branch that is being looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backproof.checking.tape_operations import OPERATIONS

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
LEAVES: Final = frozenset({"constant", "symbol"})
#: More entries than this are not recorded.
LARGEST: Final = 6_000_000


class NotLiftable(Exception):
    """User code did something to a recorded array that has no exact meaning; says what."""


@dataclass(frozen=True, slots=True)
class Block:
    """``count`` entries from ``start`` on, made by one operation from the entries in ``args``.

    ``sum`` has flat ``args[0]`` and the starts of its segments in ``args[1]``; ``matmul`` has two matrices of ids.
    ``name`` is the symbol's, ``line`` the place in the user's code.
    """

    operation: str
    start: int
    count: int
    args: tuple[Ids, ...]
    name: str = ""
    line: tuple[str, int] = ("", 0)

    @property
    def stop(self) -> int:
        return self.start + self.count


class Tape:
    """The operations of one run, in the order in which they were performed."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.pattern: list[bytes] = []
        self.thresholds: set[float] = set()
        self.place: tuple[str, int] = ("", 0)
        self._values: Floats = np.zeros(1024)
        self._active = np.zeros(1024, dtype=bool)
        self._size = 0
        self._uniform: dict[float, int] = {}
        self.zero = int(self.constants(np.zeros(()))[()])
        self.one = int(self.constants(np.ones(()))[()])

    def __len__(self) -> int:
        return self._size

    @property
    def values(self) -> Floats:
        """The witness of every entry."""
        return self._values[: self._size]

    @property
    def active(self) -> npt.NDArray[np.bool_]:
        """Which entries depend on a symbol."""
        return self._active[: self._size]

    def _append(self, operation: str, args: tuple[Ids, ...], values: Floats, active: Any, name: str = "") -> Ids:
        start, count = self._size, values.size
        self._size += count
        if self._size > LARGEST:
            raise NotLiftable("too many operations to record")
        if self._size > len(self._values):
            room = 2 * self._size
            self._values = np.concatenate([self._values, np.zeros(room - len(self._values))])
            self._active = np.concatenate([self._active, np.zeros(room - len(self._active), dtype=bool)])
        self._values[start : self._size] = values.ravel()
        self._active[start : self._size] = active
        self.blocks.append(Block(operation, start, count, args, name, self.place))
        return np.arange(start, self._size).reshape(values.shape)

    def symbols(self, name: str, values: Any) -> Ids:
        """Return one new entry per value, each a variable."""
        return self._append("symbol", (), np.array(values, dtype=np.float64), True, name)

    def constants(self, values: Any) -> Ids:
        """Return entries that stand for known numbers; equal numbers of a uniform array share one."""
        array = np.asarray(values, dtype=np.float64)
        if not array.size:
            return np.zeros(array.shape, dtype=np.int64)
        first = float(array.flat[0])
        if array.size > 1 and not (array == first).all():
            return self._append("constant", (), array, False)
        if first not in self._uniform:
            self._uniform[first] = int(self._append("constant", (), np.array([first]), False)[0])
        return np.full(array.shape, self._uniform[first])

    def record(self, operation: str, *args: Ids) -> Ids:
        """Return the entries of an elementwise operation on broadcast ids."""
        spread = np.broadcast_arrays(*args)
        same = self._trivial(operation, spread)
        if same is not None:
            return same
        flat = tuple(part.flatten() for part in spread)  # copies: buffers are written into later
        with np.errstate(all="ignore"):
            values = OPERATIONS[operation].value(*(self.values[part] for part in flat))
        active = np.logical_or.reduce([self.active[part] for part in flat])
        return self._append(operation, flat, np.asarray(values), active).reshape(spread[0].shape)

    def _trivial(self, operation: str, args: Any) -> Ids | None:
        """Return the operand that an operation with a neutral constant leaves unchanged."""
        neutral = {"mul": self.one, "add": self.zero}.get(operation)
        if neutral is None or not args[0].size:
            return None
        for one, other in (args, args[::-1]):
            if one.flat[0] == neutral and (one == neutral).all():
                return np.array(other)
        return None

    def add_up(self, ids: Ids, starts: Ids) -> Ids:
        """Return the sums of the segments of flat ``ids`` that begin at ``starts`` (none empty)."""
        if len(ids) == len(starts):
            return np.array(ids)
        values = np.add.reduceat(self.values[ids], starts)
        active = np.logical_or.reduceat(self.active[ids], starts)
        return self._append("sum", (ids, starts), values, active)

    def sum_rows(self, ids: Ids) -> Ids:
        """Return the sums over the last axis."""
        width = ids.shape[-1]
        if not ids.size:
            return np.full(ids.shape[:-1], self.zero)
        starts = np.arange(0, ids.size, width)
        return self.add_up(ids.flatten(), starts).reshape(ids.shape[:-1])

    def matmul(self, left: Ids, right: Ids) -> Ids:
        """Return the entries of the product of two matrices of ids."""
        if not left.size or not right.size:
            return np.full((left.shape[0], right.shape[1]), self.zero)
        left, right = np.array(left), np.array(right)
        with np.errstate(all="ignore"):
            values = self.values[left] @ self.values[right]
        rows, columns = np.any(self.active[left], axis=1), np.any(self.active[right], axis=0)
        active: Any = np.logical_or.outer(rows, columns)
        return self._append("matmul", (left, right), values, active.ravel())

    def note_thresholds(self, *operands: Any) -> None:
        """Note the plain numbers that a recorded value is compared with: there may be kinks."""
        for operand in operands:
            if isinstance(operand, (int, float)) or (isinstance(operand, np.ndarray) and operand.ndim == 0):
                self.thresholds.add(float(operand))

    def decide(self, decision: Any) -> Any:
        """Return ``decision`` after noting it: it is part of the branch pattern."""
        self.pattern.append(np.asarray(decision).tobytes())
        return decision

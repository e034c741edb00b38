"""Terms with axes on recorded arrays: the catalogue's formulas become entries of the tape that holds a layer's run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backproof.calculus.arrays import Evaluator, Field, aligned, sizes_of
from backproof.checking.lifted import Lifted
from backproof.checking.lifted_values import ids_of
from backproof.checking.tape import Ids, Tape
from backproof.domains import Context
from backproof.indexing import axis_of
from backproof.terms import Term


def _is_recorded(array: Any) -> bool:
    return type(array) is Lifted


class RecordingEvaluator(Evaluator):
    """Evaluates terms as ``Evaluator`` does, with recorded arrays among the values."""

    def __init__(self, tape: Tape, arrays: Mapping[str, Any], context: Context, sizes: Mapping[str, int]) -> None:
        self.tape, self.context = tape, context
        self.arrays = {name: array if _is_recorded(array) else np.asarray(array) for name, array in arrays.items()}
        self.sizes = sizes_of(self.arrays, context.shapes, sizes)
        self.dtype = np.dtype(float)
        self.done = {}

    def values(self, term: Term, axes: Sequence[str]) -> Lifted:
        """Return the entries of ``term``, one dimension for each of ``axes``."""
        lengths = [self.sizes[axis_of(axis)] for axis in axes]
        found = np.broadcast_to(aligned(self(term), tuple(axes)), lengths)
        return Lifted(self.tape, np.array(ids_of(self.tape, found)))

    def _evaluate(self, term: Term, whole: bool) -> Field:
        if term.head == "erf":
            field = self(term.args[0], whole)
            return self._field(self.tape.record("erf", ids_of(self.tape, field.array)), field.indices)
        return super()._evaluate(term, whole)

    def _field(self, ids: Ids, indices: tuple[str, ...]) -> Field:
        made: Any = Lifted(self.tape, ids)
        return Field(made, indices)

    def _contraction(self, factors: Sequence[Term], axes: tuple[str, ...]) -> Field:
        """Return a sum of products: a matrix product, or only the products that known factors leave."""
        fields = [self(factor) for factor in factors]
        known = [field for field in fields if not _is_recorded(field.array)]
        moving = [field for field in fields if _is_recorded(field.array)]
        if not moving:
            return super()._contraction(factors, axes)
        indices = tuple(dict.fromkeys([name for field in fields for name in field.indices] + list(axes)))
        kept = tuple(name for name in indices if name not in axes)
        if not known and len(moving) == 2:
            product = self._product(moving[0], moving[1], kept, axes)
            if product is not None:
                return product
        lengths = [self._size(name) for name in indices]
        weights = np.ones(lengths)
        for field in known:
            weights = weights * aligned(field, indices)
        places = np.nonzero(weights)
        terms = [self._picked(field, indices, lengths, places) for field in moving]
        total = terms[0]
        for term in terms[1:]:
            total = self.tape.record("mul", total, term)
        factor = weights[places]
        total = self.tape.record("mul", self.tape.constants(factor), total) if (factor != 1).any() else total
        return self._field(self._added(total, places, indices, lengths, kept), kept)

    def _product(self, left: Field, right: Field, kept: tuple[str, ...], axes: tuple[str, ...]) -> Field | None:
        """Return a product of two matrices, if the sum is one: no index that is kept stands in both."""
        if any(name in left.indices and name in right.indices for name in kept) or any(
            name not in left.indices or name not in right.indices for name in axes
        ):
            return None
        rows = tuple(name for name in kept if name in left.indices)
        columns = tuple(name for name in kept if name in right.indices)
        sizes = {name: self._size(name) for name in (*kept, *axes)}
        inner = int(np.prod([sizes[name] for name in axes]))
        a = ids_of(self.tape, aligned(left, (*rows, *axes))).reshape(-1, inner)
        b = ids_of(self.tape, aligned(right, (*axes, *columns))).reshape(inner, -1)
        made = self.tape.matmul(a, b).reshape([sizes[name] for name in (*rows, *columns)])
        return self._field(made, (*rows, *columns))

    def _picked(self, field: Field, indices: tuple[str, ...], lengths: Sequence[int], places: Any) -> Any:
        return np.broadcast_to(ids_of(self.tape, aligned(field, indices)), lengths)[places]

    def _added(self, entries: Any, places: Any, indices: Any, lengths: Any, kept: tuple[str, ...]) -> Ids:
        """Return the sums of entries that share the indices ``kept``; where there is none, zero."""
        shape = tuple(n for name, n in zip(indices, lengths, strict=True) if name in kept)
        among = tuple(place for name, place in zip(indices, places, strict=True) if name in kept)
        flat = np.ravel_multi_index(among, shape) if among else np.zeros(len(entries), dtype=np.int64)
        result = np.full(int(np.prod(shape)), self.tape.zero)
        order = np.argsort(flat, kind="stable")
        found, starts = np.unique(flat[order], return_index=True)
        if entries.size:
            result[found] = self.tape.add_up(entries[order], starts)
        return result.reshape(shape)

"""The numbers of a walk: every value forward, then for every edge what arrives, its slope and what it sends back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from backproof.calculus.arrays import evaluate_tensor
from backproof.calculus.fields import has_axes, outputs_of, shapes_of
from backproof.derivation import Derivation, Pullback
from backproof.domains import Context
from backproof.emit.picture import Numbers
from backproof.indexing import free_indices
from backproof.terms import Term, mul

Array = np.ndarray[Any, Any]
#: Significant digits of a number that stands alone, of an entry of an array, and of one in a picture.
_ALONE: Final = 5
_ENTRY: Final = 4
_DRAWN: Final = 3
#: What is left of a difference that rounding errors alone keep from being zero.
_NOTHING: Final = 1e-12
#: More entries than these are shown as their count.
_MOST: Final = 9


@dataclass(frozen=True, slots=True)
class Start:
    """What a walk begins with: inputs and upstream gradients by name, and the length of every axis."""

    values: Mapping[str, Array]
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EdgeNumbers:
    """One edge with its numbers; ``local`` has one dimension for each free index of the local derivative."""

    edge: Pullback
    upstream: Array
    local: Array
    product: Array


@dataclass(frozen=True, slots=True)
class WalkNumbers:
    """Every value and the upstream gradient of every output, by name; edges as the gradient travels."""

    values: Mapping[str, Array]
    upstreams: Mapping[str, Array]
    edges: tuple[EdgeNumbers, ...]


def sent(derivation: Derivation, edge: Pullback) -> Term:
    """Return what an edge sends back: upstream times local derivative, with axes summed over the entries."""
    return edge.contribution if has_axes(derivation.node) else mul(edge.upstream, edge.local)


def backward_edges(derivation: Derivation) -> Iterator[Pullback]:
    """Yield the edges in the order in which the gradient travels."""
    for operation in reversed(derivation.operations):
        yield from (edge for edge in derivation.pullbacks if edge.upstream.data == f"d{operation.output.data}")


def walk_numbers(derivation: Derivation, start: Start) -> WalkNumbers:
    """Return the numbers of all steps; an upstream gradient that is not given is one in every entry."""
    known = dict(start.values)
    context = Context(shapes=shapes_of(derivation.node))

    def value(term: Term, axes: tuple[str, ...]) -> Array:
        with np.errstate(all="ignore"):
            return evaluate_tensor(term, axes, known, context, start.sizes)

    for operation in derivation.operations:
        known[operation.output.data] = value(operation.term, _axes(operation.output))
    outputs = outputs_of(derivation.node)
    upstreams = {output: known.setdefault(f"d{output}", np.ones_like(known[output])) for output in outputs}
    values = {name: known[name] for name in known if name not in {f"d{output}" for output in outputs}}
    found = []
    for edge in backward_edges(derivation):
        if edge.upstream.data not in known:
            continue
        slope = value(edge.local, free_indices(edge.local))
        product = value(sent(derivation, edge), _axes(edge.gradient))
        found.append(EdgeNumbers(edge, known[edge.upstream.data], slope, product))
        name = edge.gradient.data
        known[name] = known[name] + product if name in known else product
    return WalkNumbers(values, upstreams, tuple(found))


def _axes(entry: Term) -> tuple[str, ...]:
    return tuple(arg.data for arg in entry.args)


def edge_numbers(derivation: Derivation, given: Mapping[str, float]) -> Numbers:
    """Return the numbers that the picture of a graph without axes shows; an upstream gradient is 1 unless given."""
    return picture_numbers(
        derivation, walk_numbers(derivation, Start({n: np.asarray(v) for n, v in given.items()}, {}))
    )


def picture_numbers(derivation: Derivation, found: WalkNumbers) -> Numbers:
    """Return the numbers as they stand in a picture; edges between the same two values are added."""
    sums: dict[tuple[str, str], Array] = {}
    for each in found.edges:
        ends = each.edge.gradient.data[1:], each.edge.upstream.data[1:]
        sums[ends] = sums.get(ends, 0.0) + each.product
    sums |= {(output, ""): upstream for output, upstream in found.upstreams.items()}
    values = {name: drawn(value) for name, value in found.values.items()}
    return Numbers(values, {ends: drawn(value) for ends, value in sums.items()})


# ------------------------------------------------------------------ how numbers are written


def shown(value: Any) -> str:
    """Return a number in at most five significant digits, an array with its entries in at most four."""
    return _written(np.asarray(value).tolist(), _ENTRY if np.ndim(value) else _ALONE)


def _written(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_written(part, digits) for part in value)}]"
    return _number(value, digits)


def _number(value: float, digits: int) -> str:
    if not np.isfinite(value):
        return "undefined"
    return "0" if abs(value) < _NOTHING else f"{float(value):.{digits}g}".replace("-", "−")


def drawn(value: Any) -> str:
    """Return a number, or an array row by row, as it stands on an edge; a large one as how many entries it has."""
    array = np.asarray(value)
    if array.ndim == 0:
        return shown(array)
    if array.size > _MOST:
        return "×".join(map(str, array.shape))
    rows = array.reshape(-1, array.shape[-1])
    return "\n".join(", ".join(_number(entry, _DRAWN) for entry in row) for row in rows)

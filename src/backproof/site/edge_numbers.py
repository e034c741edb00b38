"""The numbers on the edges of a graph: what every value is, and what every single use of it sends back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backproof.checking.evaluating import FLOAT, evaluate
from backproof.derivation import Derivation
from backproof.emit.picture import Numbers


def shown(value: Any) -> str:
    """Return a number in at most five significant digits; nothing where there is none."""
    return "" if value is None else f"{float(value):.5g}".replace("-", "−")


def edge_numbers(derivation: Derivation, given: Mapping[str, float]) -> Numbers:
    """Return the values and the gradients of every edge; an output's upstream gradient is 1 unless given."""
    primal: dict[str, Any] = dict(given)
    for operation in derivation.operations:
        primal[operation.output.data] = evaluate(operation.term, primal, FLOAT)
    used = {term.data for operation in derivation.operations for term in operation.inputs if term.head == "sym"}
    arriving: dict[str, Any] = {}
    edges: dict[tuple[str, str], Any] = {}
    for operation in reversed(derivation.operations):
        name = operation.output.data
        if name not in used or name in derivation.node.outputs:
            edges[name, ""] = given.get(f"d{name}", 1.0)
            arriving[name] = arriving.get(name, 0.0) + edges[name, ""]
        for edge in derivation.pullbacks:
            if edge.upstream.data == f"d{name}" and arriving.get(name) is not None:
                slope = evaluate(edge.local, primal, FLOAT)
                source = edge.gradient.data[1:]
                sent = None if slope is None else arriving[name] * slope
                edges[source, name] = _sum(edges.get((source, name), 0.0), sent)
                arriving[source] = _sum(arriving.get(source, 0.0), sent)
    return Numbers(
        {name: shown(value) for name, value in primal.items()},
        {edge: shown(value) for edge, value in edges.items()},
    )


def _sum(known: Any, more: Any) -> Any:
    return None if known is None or more is None else known + more

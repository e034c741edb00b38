"""The numbers of a graph: evaluated in float64 through the layers, with the exact rationals beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import numpy as np

from backproof.calculus.fields import has_axes
from backproof.checking.evaluating import EXACT, FLOAT, Table, evaluate
from backproof.checking.state import State, Witness, plural
from backproof.derivation import Derivation, Local, NumberRow, Operation
from backproof.examples import array_rows
from backproof.layers import LAYERS
from backproof.terms import Term, as_fraction

#: Operations that go through their layer, two inputs at a time.
LAYERED: Final = frozenset({"mul", "add"})
_SLACK: Final = 4


def number_rows(derivation: Derivation) -> tuple[NumberRow, ...]:
    """Return every value of the graph with its gradient, exact where rational, and as float64 gives it.

    The inputs are the numbers of the graph, else of the node's first example; without either, no rows.
    The upstream gradient is 1 unless the example gives one.
    """
    if has_axes(derivation.node):
        return array_rows(derivation)
    given = _given(derivation)
    inputs = [declared.name for declared in derivation.node.inputs]
    if not given.keys() >= set(inputs):
        return ()
    exact, precise = _exact(derivation, given), _layered(derivation, given)
    order = dict.fromkeys([*inputs, *(op.output.data for op in derivation.operations)])
    return tuple(
        NumberRow(
            name,
            exact.primal.get(name),
            _shown(precise.primal.get(name)),
            exact.gradient.get(name),
            _shown(precise.gradient.get(name)),
        )
        for name in order
    )


def _given(derivation: Derivation) -> dict[str, Fraction]:
    node = derivation.node
    first = node.examples[0].given if node.examples else ()
    written = ((name, as_fraction(term)) for name, term in node.values or first)
    return {name: value for name, value in written if value is not None}


def _shown(value: Any) -> str:
    return "" if value is None else repr(float(value))


@dataclass(slots=True)
class Run:
    """One evaluation of a graph: ``primal`` values and ``gradient`` by name."""

    primal: dict[str, Any]
    gradient: dict[str, Any] = field(default_factory=dict)

    def accumulate(self, value: Term, contribution: Any) -> None:
        """Add what one use of ``value`` contributes; a constant has no gradient."""
        if value.head == "sym" and contribution is not None:
            known = self.gradient.get(value.data)
            self.gradient[value.data] = contribution if known is None else known + contribution


def _upstream(derivation: Derivation, given: Mapping[str, Fraction]) -> tuple[str, Fraction]:
    output = derivation.node.lines[-1].name
    return output, given.get(f"d{output}", Fraction(1))


def _exact(derivation: Derivation, given: Mapping[str, Fraction]) -> Run:
    """Return the exact values and gradients, as far as they are rational."""
    run = Run(dict(given))
    for operation in derivation.operations:
        value = evaluate(operation.term, run.primal, EXACT)
        run.primal |= {} if value is None else {operation.output.data: value}
    output, upstream = _upstream(derivation, given)
    run.gradient[output] = upstream
    for operation in reversed(derivation.operations):
        _pull_back(run, operation, derivation.locals, EXACT)
    return run


def _layered(derivation: Derivation, given: Mapping[str, Fraction]) -> Run:
    """Return the float64 values and gradients: products and sums by their layers."""
    run = Run({name: float(value) for name, value in given.items()})
    layers: dict[Term, list[Any]] = {}
    for operation in derivation.operations:
        if operation.kind in LAYERED:
            value, layers[operation.output] = _through(operation, run.primal)
        else:
            value = evaluate(operation.term, run.primal, FLOAT)
        run.primal[operation.output.data] = value
    output, upstream = _upstream(derivation, given)
    run.gradient[output] = float(upstream)
    for operation in reversed(derivation.operations):
        if operation.output in layers:
            _pull_through(run, operation, layers[operation.output])
        else:
            _pull_back(run, operation, derivation.locals, FLOAT)
    return run


def _pull_back(run: Run, operation: Operation, rows: Iterable[Local], table: Table) -> None:
    """Accumulate upstream times local derivative for every use of a value by ``operation``."""
    upstream = run.gradient.get(operation.output.data)
    if upstream is None:
        return
    for row in rows:
        if row.output is operation.output:
            slope = evaluate(row.term, run.primal, table)
            run.accumulate(row.input, None if slope is None else upstream * slope)


def _through(operation: Operation, primal: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """Return the value of a product or sum, and the layer of each pair: ``(a*b)*c`` has two."""
    value, *rest = (evaluate(term, primal, FLOAT) for term in operation.inputs)
    layers = []
    for other in rest:
        layers.append(LAYERS[operation.kind]())
        value = layers[-1].forward(value, other)
    return value, layers


def _pull_through(run: Run, operation: Operation, layers: list[Any]) -> None:
    upstream = run.gradient.get(operation.output.data)
    if upstream is None:
        return
    for layer, term in zip(reversed(layers), reversed(operation.inputs), strict=False):
        upstream, contribution = layer.backward(upstream)
        run.accumulate(term, contribution)
    run.accumulate(operation.inputs[0], upstream)


# ------------------------------------------------------------------ the witness of a graph


def graph_witness(derivation: Derivation) -> Witness:
    """Agrees if every number that float64 gives through the layers is the exact one, but for rounding."""
    rows = number_rows(derivation)
    pairs = list(_pairs(rows))
    if not pairs:
        return Witness(State.ABSENT, "no numbers to put in")
    largest = max(abs(float(exact)) for _, exact, _ in pairs)
    roundings = _SLACK * len(derivation.operations)
    allowed = roundings * float(np.finfo(np.float64).eps) * max(largest, 1.0)
    for name, exact, shown in pairs:
        if not shown or not abs(float(shown) - float(exact)) <= allowed:
            detail = f"{name} is {shown or 'missing'} in float64, exactly {exact}"
            return Witness(State.DISAGREED, detail, len(pairs))
    detail = f"{plural(len(pairs), 'number')} through the layers in float64 agree with the exact ones"
    return Witness(State.AGREED, detail, len(pairs))


def _pairs(rows: Iterable[NumberRow]) -> Iterator[tuple[str, Fraction, str]]:
    for row in rows:
        if row.exact is not None:
            yield row.name, row.exact, row.value
        if row.gradient_exact is not None:
            yield f"d{row.name}", row.gradient_exact, row.gradient_value

"""A node of the catalogue fed with a layer's arguments: its outputs and its derivation's gradients, recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from backproof.calculus.fields import context_with_axes, entry, has_axes, outputs_of
from backproof.checking.lifted import Lifted
from backproof.checking.lifted_values import ids_of
from backproof.checking.recorded_terms import RecordingEvaluator
from backproof.checking.specification import evaluate, gradient_formula
from backproof.checking.tape import Tape
from backproof.domains import Context, Definition
from backproof.errors import BackproofError, NotDerivable
from backproof.language.document import Node
from backproof.terms import Term, sym


@cache
def stated_context(node: Node) -> Context:
    """Return the lines of a node with axes, every gradient defined as the last expression of its chain."""
    context = context_with_axes(node)
    stated = {
        str(chain.target.data): Definition(str(chain.target.data), chain.steps[-1].right,
                                           tuple(str(axis.data) for axis in chain.target.args))
        for chain in node.chains
    }  # fmt: skip
    shapes = dict(context.shapes) | {name: definition.axes for name, definition in stated.items()}
    return Context(dict(context.definitions) | stated, context.domains, shapes)


@dataclass(frozen=True)
class NodeForward:
    """A node, with the layer's argument that each input of it is.

    ``numbers`` are inputs that the layer keeps to itself, ``transposed`` and ``labels`` the inputs that a layer
    takes the other way round, or as numbers of classes in the place of ones; ``sizes`` those of axes of windows.
    """

    node: Node
    inputs: dict[str, str]
    numbers: Mapping[str, float] = field(default_factory=dict)
    transposed: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_axes(self) -> bool:
        return has_axes(self.node)

    @property
    def moving(self) -> dict[str, str]:
        """The layer's argument of each input of which the node states a gradient."""
        stated = {str(chain.target.data) for chain in self.node.chains}
        return {name: mine for name, mine in self.inputs.items() if f"d{name}" in stated}

    def lines(self, values: Mapping[str, Any]) -> dict[Term, Any]:
        """Return the value of every input and line of a node without axes."""
        known: dict[Term, Any] = {sym(name): value for name, value in self.given(values).items()}
        for line in self.node.lines:
            known[sym(line.name)] = evaluate(line.term, known)
        return known

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value of every input of the node."""
        found: dict[str, Any] = {
            name: int(value) if value == int(value) else value for name, value in self.numbers.items()
        }
        for name, mine in self.inputs.items():
            value = values[mine]
            value = value.T if name in self.transposed else value
            found[name] = np.eye(_classes(self, name, values))[value] if name in self.labels else value
        return found

    def outputs(self, tape: Tape, values: Mapping[str, Any], sizes: Mapping[str, int] | None = None) -> list[Lifted]:
        """Return the entries of the node's outputs; raises ShapeError where the arrays do not fit its axes."""
        if not self.has_axes:
            lines = self.lines(values)
            return [Lifted(tape, ids_of(tape, lines[sym(name)])) for name in outputs_of(self.node)]
        context = stated_context(self.node)
        evaluator = RecordingEvaluator(tape, self.given(values), context, dict(self.sizes) | dict(sizes or {}))
        return [evaluator.values(_plain(name, context), context.shapes[name]) for name in outputs_of(self.node)]

    def gradients(self, tape: Tape, values: Mapping[str, Any], upstreams: Sequence[Lifted]) -> dict[str, Lifted]:
        """Return the derivation's gradients by the layer's arguments, as far as the node states them."""
        if self.has_axes:
            return self._with_axes(tape, values, upstreams)
        lines = self.lines(values) | {
            sym(f"d{name}"): sent for name, sent in zip(outputs_of(self.node), upstreams, strict=True)
        }
        found = {}
        for name, mine in self.moving.items():
            term = gradient_formula(self.node, name)
            if term is None:
                continue
            try:
                value = evaluate(term, lines)
            except KeyError:
                continue
            if np.shape(value) == np.shape(values[mine]):
                found[mine] = Lifted(tape, ids_of(tape, value))
        return found

    def _with_axes(self, tape: Tape, values: Mapping[str, Any], upstreams: Sequence[Lifted]) -> dict[str, Lifted]:
        context = stated_context(self.node)
        sent = {f"d{name}": array for name, array in zip(outputs_of(self.node), upstreams, strict=True)}
        evaluator = RecordingEvaluator(tape, self.given(values) | sent, context, self.sizes)
        found = {}
        for name, mine in self.moving.items():
            if type(values[mine]) is not Lifted:
                continue
            gradient = evaluator.values(_plain(f"d{name}", context), context.shapes[f"d{name}"])
            found[mine] = Lifted(tape, gradient.ids.T) if name in self.transposed else gradient
        return found


def _classes(forward: NodeForward, name: str, values: Mapping[str, Any]) -> int:
    """Return how many classes there are: the size of that axis of another input."""
    axes = {given.name: given.axes for given in forward.node.inputs}
    wanted = axes[name][-1]
    for other, mine in forward.inputs.items():
        if other != name and wanted in axes[other]:
            return int(np.shape(values[mine])[axes[other].index(wanted)])
    raise NotDerivable(f"the number of classes of {name} is not known")


def _plain(name: str, context: Context) -> Term:
    return entry(name, context.shapes[name])


#: What says that a node does not fit a layer's arrays.
MISFITS = (BackproofError, ValueError, TypeError, KeyError, IndexError)

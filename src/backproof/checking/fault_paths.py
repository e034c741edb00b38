"""Faults inside the chain rule: a rule that was left out, halved or doubled, or the slope of another function."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np

from backproof import catalogue
from backproof.checking.evidence import Evidence
from backproof.checking.fault_formulas import elementwise_formulas, formula_edits
from backproof.checking.lifted import Lifted
from backproof.checking.node_forward import NodeForward
from backproof.checking.specification import evaluate, gradient_formula, node_named
from backproof.checking.tape import LEAVES, Block
from backproof.checking.tape_operations import OPERATIONS
from backproof.checking.tracing import Trace
from backproof.language import parse_expression
from backproof.language.document import Node
from backproof.terms import Term, sym, symbols

Named = tuple[str, str]
Formulas = Callable[[Evidence], Iterator[tuple[Term, Any]]]
Change = Callable[[Lifted, Lifted, Block], "Lifted | None"]
#: What may have been done to the contribution of one edge: name, message, the changed contribution.
EDITS: Final[tuple[tuple[str, str, Change], ...]] = (
    ("dropped path", "the path through {} is left out", lambda upstream, contribution, block: None),
    ("sign", "the path through {} has the wrong sign", lambda upstream, contribution, block: -contribution),
    ("dropped factor", "the local derivative of {} is left out", lambda upstream, contribution, block: upstream),
    ("factor", "the path through {} comes in half", lambda upstream, contribution, block: contribution / 2),
    ("factor", "the path through {} comes in twice", lambda upstream, contribution, block: 2 * contribution),
)  # fmt: skip
#: More operations than this are not gone through one by one.
_MANY: Final = 120


def dropped_path(evidence: Evidence) -> Named | None:
    """Return the one rule whose change explains all samples, with the line that it belongs to.

    Paths that cancel out, such as that through the maximum that softmax subtracts, may be missing besides.
    """
    pairs = [(case, case.reference.trace) for case in evidence.telling if case.reference.trace is not None]
    if not pairs or len(pairs) < len(evidence.telling) or pairs[0][1].forward_blocks > _MANY:
        return None
    pairs = [(case, record) for case, record in pairs if _structure(record) == _structure(pairs[0][1])]
    first = pairs[0][1]
    edges = [(index, position) for index, position in _edges(first)]
    silent = frozenset(edge for edge in edges if _is_silent(pairs, edge, evidence.argument))
    for edge in edges:
        for name, message, change in (*EDITS, *_other_slopes(first.tape.blocks[edge[0]])):
            for dropped in (frozenset(), silent) if silent else (frozenset(),):
                if all(_explains(record, edge, change, dropped, evidence.argument, case) for case, record in pairs):
                    return name, message.format(_line(first.tape.blocks[edge[0]]))
    return None


def _structure(record: Trace) -> tuple[str, ...]:
    """Return the operations of a forward pass: a single number has no sums, and other edges."""
    return tuple(block.operation for block in record.tape.blocks[: record.forward_blocks])


def _other_slopes(block: Block) -> Iterator[tuple[str, str, Change]]:
    """Yield the slopes of other functions in the place of this one's, in terms of its output."""
    for name in _BY_OUTPUT if block.operation in _BY_OUTPUT else ():
        if name != block.operation:
            message = f"the slope of {name} stands where that of {block.operation} ought to, {{}}"
            yield "derivative of another function", message, partial(_with_slope, name)


def _with_slope(name: str, upstream: Lifted, _: Lifted, block: Block) -> Lifted | None:
    if upstream.size != block.count:
        return None
    return _BY_OUTPUT[name](upstream, Lifted(upstream.tape, np.arange(block.start, block.stop)))


#: Slopes in terms of the output.
_BY_OUTPUT: Final[dict[str, Callable[[Lifted, Lifted], Lifted]]] = {
    "expit": lambda upstream, y: upstream * y * (1 - y),
    "tanh": lambda upstream, y: upstream * (1 - y * y),
    "exp": lambda upstream, y: upstream * y,
}  # fmt: skip


def _edges(record: Trace) -> Iterator[tuple[int, int]]:
    """Yield the operations of the forward pass with the positions of their moving arguments, the last first."""
    for index in range(record.forward_blocks - 1, -1, -1):
        block = record.tape.blocks[index]
        if block.operation in LEAVES:
            continue
        count = 1 if block.operation == "sum" else len(block.args)
        for position in range(count):
            if record.tape.active[block.args[position]].any():
                yield index, position


def _gradient(
    record: Trace, edge: tuple[int, int] | None, change: Any, dropped: frozenset[tuple[int, int]], argument: str
) -> Any:
    """Return a gradient with one edge changed and others dropped."""
    starts = {(record.tape.blocks[i].start, p) for i, p in dropped if i < record.forward_blocks}
    target = (record.tape.blocks[edge[0]].start, edge[1]) if edge is not None else None

    def edit(block: Block, at: int, upstream: Lifted, contribution: Lifted) -> Lifted | None:
        if (block.start, at) in starts:
            return None
        if (block.start, at) != target:
            return contribution
        changed = change(upstream, contribution, block)
        return changed if changed is None or changed.shape == contribution.shape else contribution

    return record.differentiate(edit)[argument]


def _is_silent(pairs: Any, edge: tuple[int, int], argument: str) -> bool:
    """Say whether a path contributes nothing to the gradient."""
    for case, record in pairs:
        if edge[0] >= record.forward_blocks:
            return False
        found = _gradient(record, None, None, frozenset({edge}), argument)
        if np.shape(found) != np.shape(case.expected) or not np.allclose(found, case.expected, rtol=1e-9, atol=1e-12):
            return False
    return True


def _explains(
    record: Trace, edge: tuple[int, int], change: Any, dropped: frozenset[tuple[int, int]], argument: str, case: Any
) -> bool:
    """Say whether the gradient with one rule changed is what was found."""
    if edge[0] >= record.forward_blocks:
        return False
    found = _gradient(record, edge, change, dropped - {edge}, argument)
    if np.shape(found) != np.shape(case.found):
        return False
    scale = 1e-7 * (np.abs(found) + np.max(np.abs(found), initial=0.0))
    return bool((np.abs(found - case.found) <= case.room + scale).all())


def _line(block: Block) -> str:
    file, number = block.line
    text = linecache.getline(file, number).strip() if number else ""
    return f"line {number}, `{text}`" if text else f"the operation {block.operation}"


def changed_formula(evidence: Evidence, source: Formulas = elementwise_formulas) -> Named | None:
    """Return the one change of the gradient's formula that explains all samples: a term, a sign, a branch."""
    telling = evidence.telling
    for formula, values in source(evidence):
        for name, message, changed in formula_edits(formula):
            if all(case.resembles(_evaluated(changed, values(case))) for case in telling):
                return name, message
    return None


def _evaluated(term: Term, values: dict[Term, Any]) -> Any:
    try:
        with np.errstate(all="ignore"):
            return np.broadcast_to(evaluate(term, values), np.shape(values[sym("dout")]))
    except (KeyError, ValueError):
        return np.nan


def other_function(evidence: Evidence) -> Named | None:
    """Return the function of the catalogue whose derivative was found, if there is one."""
    argument = evidence.argument
    telling = evidence.telling
    if any(not case.is_same_shape or np.shape(case.done.outputs[0]) != np.shape(case.expected) for case in telling):
        return None
    for name in catalogue.names():
        node = node_named(name)
        if node is None or len(node.inputs) != 1:
            continue
        forward = NodeForward(node, {node.inputs[0].name: argument})
        if all(_is_gradient(forward, case, argument) for case in telling):
            return "derivative of another function", f"it is the derivative of {name}"
        if all(_is_output_form(node, case, argument) for case in telling):
            return "derivative of another function", f"it is the slope of {name}, in terms of an output y of {name}"
    for name in _ELEMENTARY:
        if all(case.resembles(_slope(name, case, argument)) for case in telling):
            return "derivative of another function", f"it is the derivative of {name}"
    return None


_ELEMENTARY: Final = (
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "atan",
    "log",
    "sqrt",
    "exp",
    "tanh",
    "erf",
    "asinh",
    "log1p",
)


def _slope(name: str, case: Any, argument: str) -> Any:
    """Return upstream times the slope of an elementary function."""
    x = np.asarray(case.sample.values[argument])
    operation = OPERATIONS[name]
    with np.errstate(all="ignore"):
        return case.done.upstreams[0] * operation.partials(x, operation.value(x))[0]


#: Gradients in terms of the output, of nodes whose files state the forward pass alone.
_OUTPUT_FORMS: Final[dict[str, Term]] = {
    "tanh": parse_expression("dy*(1 - y^2)"), "exp": parse_expression("dy*y"), "sqrt": parse_expression("dy/(2*y)"),
}  # fmt: skip


def _is_output_form(node: Node, case: Any, argument: str) -> bool:
    """Say whether what was found is the node's gradient formula, with this layer's output for y."""
    formula = gradient_formula(node, node.inputs[0].name) or _OUTPUT_FORMS.get(node.name)
    output = node.lines[-1].name
    known = {
        sym(node.inputs[0].name): case.sample.values[argument], sym(output): case.done.outputs[0],
        sym(f"d{output}"): case.done.upstreams[0],
    }  # fmt: skip
    if formula is None or not {name.data for name in symbols(formula)} <= {key.data for key in known}:
        return False
    with np.errstate(all="ignore"):
        found = evaluate(formula, known)
    return bool(np.shape(found) == np.shape(case.found) and np.allclose(found, case.found, rtol=1e-8, atol=1e-12))


def _is_gradient(forward: NodeForward, case: Any, argument: str) -> bool:
    from backproof.checking.examination import trace_node
    from backproof.checking.shapes import Sample
    from backproof.checking.tape import NotLiftable

    sample = Sample(case.sample.name, {argument: case.sample.values[argument]}, frozenset(), case.sample.seed)
    try:
        found = trace_node(forward, sample, case.done.upstreams).expected[argument].witness
    except (NotLiftable, ValueError):
        return False
    with np.errstate(all="ignore"):
        return bool(np.shape(found) == np.shape(case.found) and np.allclose(found, case.found, rtol=1e-8, atol=1e-12))

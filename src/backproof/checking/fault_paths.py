"""Faults inside the chain rule: a rule that was left out, halved or doubled, or the slope of another function."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from backproof import catalogue
from backproof.checking.evidence import Evidence
from backproof.checking.lifted import Lifted
from backproof.checking.specification import NodeForward, evaluate, gradient_formula, node_named
from backproof.checking.tape import LEAVES, Block
from backproof.checking.tracing import Trace
from backproof.language.document import Node
from backproof.terms import sym, symbols

Named = tuple[str, str]
#: What may have been done to the contribution of one edge: name, message, the changed contribution.
EDITS: Final[tuple[tuple[str, str, Callable[[Lifted, Lifted], Lifted | None]], ...]] = (
    ("dropped path", "the path through {} is left out", lambda upstream, contribution: None),
    ("sign", "the path through {} has the wrong sign", lambda upstream, contribution: -contribution),
    ("dropped factor", "the local derivative of {} is left out", lambda upstream, contribution: upstream),
    ("factor", "the path through {} comes in with a factor 1/2", lambda upstream, contribution: contribution / 2),
    ("factor", "the path through {} comes in twice", lambda upstream, contribution: 2 * contribution),
)  # fmt: skip
#: More operations than this are not gone through one by one.
_MANY: Final = 120


def dropped_path(evidence: Evidence) -> Named | None:
    """Return the one rule whose change explains all samples, with the line that it belongs to."""
    telling = evidence.telling
    records = [case.reference.trace for case in telling]
    if not records or any(record is None for record in records):
        return None
    first = records[0]
    if first is None or first.forward_blocks > _MANY:
        return None
    for index, position in _edges(first):
        for name, message, change in EDITS:
            if all(
                _explains(record, index, position, change, evidence.argument, case)
                for record, case in zip(records, telling, strict=True)
                if record is not None
            ):
                return name, message.format(_line(first.tape.blocks[index]))
    return None


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


def _explains(record: Trace, index: int, position: int, change: Any, argument: str, case: Any) -> bool:
    """Say whether the gradient with one rule changed is what was found."""
    if index >= record.forward_blocks:
        return False
    target = record.tape.blocks[index].start

    def edit(block: Block, at: int, upstream: Lifted, contribution: Lifted) -> Lifted | None:
        if block.start != target or at != position:
            return contribution
        changed = change(upstream, contribution)
        return changed if changed is None or changed.shape == contribution.shape else contribution

    found = record.differentiate(edit)[argument]
    if np.shape(found) != np.shape(case.found):
        return False
    scale = 1e-7 * (np.abs(found) + np.max(np.abs(found), initial=0.0))
    return bool((np.abs(found - case.found) <= case.room + scale).all())


def _line(block: Block) -> str:
    file, number = block.line
    text = linecache.getline(file, number).strip() if number else ""
    return f"line {number}, `{text}`" if text else f"the operation {block.operation}"


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
    return None


def _is_output_form(node: Node, case: Any, argument: str) -> bool:
    """Say whether what was found is the node's gradient formula, with this layer's output for y."""
    formula = gradient_formula(node, node.inputs[0].name)
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

"""Finds the catalogue's node that a layer is: the declared one, or that of its name, confirmed by the forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backproof.checking.aliases import longer, meant
from backproof.checking.findings import Finding, Outcome
from backproof.checking.matching import assignments, is_fitting, is_large, misfit, signature
from backproof.checking.node_forward import NodeForward
from backproof.checking.running_user import UserError, begin
from backproof.checking.specification import nodes
from backproof.language.document import Node

if TYPE_CHECKING:
    from backproof.checking.examination import Examination
    from backproof.checking.shapes import Sample

#: Roundings that two forward passes may be apart: many where the layer's own pass could not be recorded.
_SLACK: Final = 16
_UNRECORDED: Final = 1024
_EPS: Final = float(np.finfo(np.float64).eps)


def specify(examination: Examination, declared: str) -> None:
    """Set the examination's node: the first that the name may mean and whose forward agrees in every sample.

    Where none agrees, a declared node is a finding, and another one a note.
    """
    name = declared or examination.layer.name
    wanted = meant(name) if declared else (*meant(name), *longer(name))
    reasons = []
    for node in nodes(wanted):
        forward, reason = _confirmed(examination, node)
        if forward is not None:
            examination.specified(forward, bool(declared))
            _note_numbers(examination, forward)
            return
        reasons.append((node, reason))
    if declared:
        examination.problems.append(_refused(declared, reasons, examination))
    elif reasons:
        node, reason = reasons[0]
        examination.notes.append(
            f"it is not the catalogue's {node.name}: {reason}; checked against its own forward pass"
        )


def _confirmed(examination: Examination, node: Node) -> tuple[NodeForward | None, str]:
    """Return the first way of feeding a node in which its forward is the layer's, or why there is none."""
    given = examination.samples[0]
    try:
        state, _ = _forward_pass(examination, given)
    except UserError as error:
        return None, str(error)
    reason = ""
    for forward in assignments(node, examination.layer, given.values, state):
        differing = next(_differing(examination, forward), "")
        if not differing:
            return forward, ""
        reason = _telling(reason, differing)
    return None, reason or f"it takes {signature(node)}, the layer {_shapes(given)}"


def _telling(old: str, new: str) -> str:
    """Return the reason that says most: outputs of the right shape that differ say more than a misfit."""
    return new if not old or ("differ" in new and "differ" not in old) else old


def _differing(examination: Examination, forward: NodeForward) -> Iterator[str]:
    """Yield where the forward pass is not the node's, at the samples whose arrays fit it."""
    fitting = [given for given in examination.samples if is_fitting(forward, given.values) and _has_entries(given)]
    if not fitting:
        yield "no sample fits its axes"
    for given in [sample for i, sample in enumerate(fitting) if not i or not is_large(sample)]:
        try:
            _, outputs = _forward_pass(examination, given)
        except UserError as error:
            yield str(error)
            continue
        try:
            record = examination.reference(given).trace
        except UserError:  # backward raises, which is told elsewhere
            record = None
        own: Any = 0.0
        slack = _UNRECORDED * _EPS
        if record is not None and len(record.outputs) == 1:
            own, slack = record.bound_of(record.outputs[0]), _SLACK * _EPS
        reason = misfit(forward, given.values, outputs, slack, own)
        if reason:
            yield f"{reason} (sample: {given.name}; {_shapes(given)})"


def _forward_pass(examination: Examination, given: Sample) -> tuple[Any, tuple[Any, ...]]:
    """Return the instance and the outputs of a sample, whether backward runs or not; raises UserError."""
    try:
        done = examination.run(given)
    except UserError:
        return begin(examination.layer, given)
    return done.state, done.outputs


def _has_entries(given: Sample) -> bool:
    return all(np.size(value) for value in given.values.values())


def _shapes(given: Sample) -> str:
    arrays = (f"{name} {np.shape(value)}" for name, value in given.values.items() if isinstance(value, np.ndarray))
    return "is given " + ", ".join(arrays)


def _note_numbers(examination: Examination, forward: NodeForward) -> None:
    """Note what was found by trying: numbers, transposed arrays, names that differ."""
    said = [f"{name} = {value:g}" for name, value in forward.numbers.items()]
    said += [f"{axis} has the size {size}" for axis, size in forward.sizes.items()]
    said += [f"{name} is {mine}, transposed" for name, mine in forward.inputs.items() if name in forward.transposed]
    said += [f"{name} is {mine}" for name, mine in forward.inputs.items()
             if name != mine and name not in forward.transposed]  # fmt: skip
    if said:
        examination.notes.append(f"as the catalogue's {forward.node.name}: {', '.join(said)}")


def _refused(declared: str, reasons: Sequence[tuple[Node, str]], examination: Examination) -> Finding:
    """Return what is to be said of a declared node that the layer is not, with the one that it is, if it is one."""
    tried = tuple(f"{node.name}({signature(node)}): {reason}" for node, reason in reasons)
    if not tried:
        return Finding("value", Outcome.UNKNOWN, f"no node of the catalogue is called {declared}")
    others = (*longer(declared), *meant(examination.layer.name))
    known = [node.name for node, _ in reasons]
    found = (n.name for n in nodes(others) if n.name not in known and _confirmed(examination, n)[0] is not None)
    other = next(found, "")
    message = f"forward is not that of {declared}" + (f", but that of {other}" if other else "")
    return Finding("value", Outcome.FAILED, message, fault="another forward pass", details=tried)

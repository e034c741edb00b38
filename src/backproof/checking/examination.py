"""One layer under examination: how it is fed, what it should give, and what it gives, each computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from backproof.checking.differences import differences
from backproof.checking.findings import Finding, Outcome
from backproof.checking.framework import framework_gradients
from backproof.checking.instances import arrays_of
from backproof.checking.layer import Layer, is_array
from backproof.checking.lifted import Lifted
from backproof.checking.matching import is_fitting, is_large, output_sizes
from backproof.checking.node_forward import MISFITS, NodeForward
from backproof.checking.running_user import Pass, UserError, once, private
from backproof.checking.seeding import seeded
from backproof.checking.shapes import SIZES, VARIATIONS, Plan, Sample, draw, plans, sample
from backproof.checking.specifying import specify
from backproof.checking.tape import NotLiftable, Tape
from backproof.checking.tracing import Trace, differentiate, symbols_of, trace

EPS: Final = float(np.finfo(np.float64).eps)
#: How many times the first-order rounding error two correct results may be apart.
SLACK: Final = 16
#: Where a bound overflows, though the gradient is finite, so many roundings of the gradient itself stand for it.
_UNKNOWN: Final = 1024


@dataclass
class Reference:
    """What a sample ought to give; ``bounds`` are rounding errors in units of the machine epsilon.

    ``is_own``: the record is that of the layer's own forward pass, not of a node of the catalogue.
    """

    source: str
    outputs: tuple[Any, ...]
    gradients: dict[str, Any]
    bounds: dict[str, Any]
    trace: Trace | None = None
    is_own: bool = False

    def tolerance(self, name: str, eps: float = EPS) -> Any:
        """Return how far an entry of a gradient may be from the expected one."""
        bounds = self.bounds[name]
        size = np.abs(self.gradients[name])
        known = np.where(np.isfinite(bounds), bounds, np.where(np.isfinite(size), _UNKNOWN * size, np.inf))
        return SLACK * eps * known + np.finfo(np.float64).tiny


@dataclass
class Examination:
    """A layer, its plan and samples, and everything that has been computed about it."""

    layer: Layer
    plan: Plan
    samples: list[Sample]
    seed: int = 0
    node: NodeForward | None = None
    is_declared: bool = False
    prove: bool = False
    notes: list[str] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    refusal: str = ""
    budget: float = 2.0
    _passes: dict[int, Pass | UserError] = field(default_factory=dict)
    _references: dict[int, Reference] = field(default_factory=dict)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The arguments and parameters of which no gradient is returned."""
        given = self.samples[0]
        try:
            returned = self.run(given).gradients
        except UserError:
            return ()
        names = [name for name, value in given.values.items() if is_array(value) and name not in given.constants]
        return tuple(name for name in names if name not in returned)

    def run(self, given: Sample) -> Pass:
        """Return the float run of a sample; raises UserError."""
        key = id(given)
        if key not in self._passes:
            try:
                self._passes[key] = once(self.layer, given)
            except UserError as error:
                self._passes[key] = error
        found = self._passes[key]
        if isinstance(found, UserError):
            raise found.with_traceback(None)
        return found

    def reference(self, given: Sample) -> Reference:
        """Return what a sample ought to give, from the layer's own forward pass if it can be recorded."""
        key = id(given)
        if key not in self._references:
            self._references[key] = self.expect(given, self.run(given).upstreams)
        return self._references[key]

    def expect(self, given: Sample, upstreams: Sequence[Any], with_backward: bool = True) -> Reference:
        """Return what a sample ought to give under the given upstream gradients."""
        own = self._expect_own(given, upstreams, with_backward)
        if own is not None:
            return self.declared(own, given)
        if self.node is not None:
            found = self.expect_node(given, upstreams)
            if found is not None:
                return found
        exact = framework_gradients(self.layer, given, upstreams)
        if exact is not None:
            return Reference("automatic differentiation of its own forward pass", *exact)
        return Reference("numeric differences of its own forward pass", *differences(self.layer, given, upstreams))

    def _expect_own(self, given: Sample, upstreams: Sequence[Any], with_backward: bool) -> Reference | None:
        """Return the derivative of the layer's own forward pass, if that can be recorded."""
        if not self.layer.is_traceable or self.refusal:
            return None
        try:
            record = trace(self.layer, given, upstreams, with_backward)
        except NotLiftable as refusal:
            if given.name == "ordinary":
                self.refusal = str(refusal)
            return None
        return _from_trace(record, record.expected, "its own forward pass", is_own=True)

    def declared(self, own: Reference, given: Sample) -> Reference:
        """Return a reference with the derivation's gradients of the node in the place of its own, where there are."""
        record = own.trace
        if self.node is None or record is None or not is_fitting(self.node, given.values):
            return own
        if is_large(given) and given is not self.samples[0]:
            return own
        values = given.values | {name: Lifted(record.tape, ids.copy()) for name, ids in record.inputs.items()}
        sent = [Lifted(record.tape, ids.copy()) for ids in record.upstreams]
        try:
            stated = self.node.gradients(record.tape, values, sent)
        except (NotLiftable, *MISFITS):
            return own
        for name, lifted in stated.items():
            if name not in record.expected:
                continue
            if _is_near(record, lifted, record.expected[name]):
                record.stated[name] = lifted
            elif not self.problems:
                self.problems.append(_contradiction(self.node.node.name, name))
        if not record.stated:
            return own
        source = f"the catalogue's {self.node.node.name} and its own forward pass"
        return _from_trace(record, record.expected | record.stated, source, is_own=True)

    def specified(self, forward: NodeForward, is_declared: bool) -> None:
        """Take a node of the catalogue as the specification of everything that is computed from now on."""
        self.node, self.is_declared = forward, is_declared
        known = {id(given): given for given in self.samples}
        for key, own in self._references.items():
            if key in known:
                self._references[key] = self.declared(own, known[key]) if own.is_own else own
        self._references = {key: found for key, found in self._references.items() if found.is_own}

    def expect_node(self, given: Sample, upstreams: Sequence[Any]) -> Reference | None:
        """Return what the catalogue's node gives for a sample, if it can be evaluated there."""
        if self.node is None or not is_fitting(self.node, given.values):
            return None
        try:
            record = trace_node(self.node, given, upstreams)
        except (NotLiftable, *MISFITS):
            return None
        return _from_trace(record, record.expected | record.stated, f"the catalogue's {self.node.node.name}")


def trace_node(node: NodeForward, given: Sample, upstreams: Sequence[Any] | None) -> Trace:
    """Return the record of a node of the catalogue on a sample, with the gradients that its derivation states."""
    tape = Tape()
    values = symbols_of(tape, given)
    inputs = {name: value.ids.copy() for name, value in values.items() if type(value) is Lifted}
    lengths = {} if upstreams is None else output_sizes(node, upstreams)
    with seeded(given.seed):
        record = differentiate(tape, inputs, node.outputs(tape, values, lengths), upstreams, given.seed)
        sent = [Lifted(tape, ids.copy()) for ids in record.upstreams]
        record.stated = node.gradients(tape, values, sent)
    return record


def _is_near(record: Trace, left: Lifted, right: Lifted) -> bool:
    """Say whether two recorded gradients agree to rounding."""
    room = SLACK * EPS * (record.bound(left) + record.bound(right))
    return left.shape == right.shape and bool((np.abs(left.witness - right.witness) <= room).all())


def _contradiction(node: str, name: str) -> Finding:
    message = f"the gradient of {name} that the catalogue's {node} states is not the derivative of this forward pass"
    return Finding("value", Outcome.UNKNOWN, message, name)


def _from_trace(record: Trace, gradients: Mapping[str, Lifted], source: str, is_own: bool = False) -> Reference:
    return Reference(
        source,
        tuple(record.tape.values[ids] for ids in record.outputs),
        {name: lifted.witness for name, lifted in gradients.items()},
        {name: record.bound(lifted) + record.bound(record.expected[name]) for name, lifted in gradients.items()},
        record,
        is_own,
    )


# ------------------------------------------------------------------ how to feed it


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may say of a layer: constructor arguments, shapes, the node, and which checks to run."""

    node: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    shapes: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    seed: int = 0
    prove: bool = False


class NotFed(Exception):
    """No way was found to run the layer; says what was tried last."""


def examine(layer: Layer, settings: Settings) -> Examination:
    """Return the examination of a layer, with a plan under which its forward pass runs; raises NotFed."""
    plan, passed_over = _plan(layer, settings)
    if passed_over is not None:
        examination = _prepared(layer, passed_over[0], settings)
        if examination.node is not None and examination.node.has_axes:
            return examination  # the catalogue says that these are the right shapes: so backward is wrong
    examination = _prepared(layer, plan, settings)
    if passed_over is not None:
        examination.problems.append(_only_for_some(*passed_over))
    return examination


def _only_for_some(plan: Plan, reason: str) -> Finding:
    shapes = ", ".join(f"{name} [{text.replace(' ', ', ')}]" for name, text in plan.shapes.items())
    message = f"forward takes {shapes} as well, but then {reason}"
    return Finding("value", Outcome.WARNING, message, fault="backward fails for other shapes")


def _prepared(layer: Layer, plan: Plan, settings: Settings) -> Examination:
    """Return the examination of a layer that is fed in a certain way."""
    examination = Examination(layer, plan, [], settings.seed, prove=settings.prove)
    variations = VARIATIONS[:2] if _is_fixed(plan) else VARIATIONS
    examination.samples = [_sample(layer, plan, name, SIZES | sizes, settings.seed) for name, sizes in variations]
    if plan.is_rows and not _keeps_arrays(layer, examination.samples[0]):
        examination.samples += list(_other_shapes(layer, plan, settings.seed))
    taken = [given for given in examination.samples if _runs(examination, given)]
    refused = [given.name for given in examination.samples if not any(given is other for other in taken)]
    if refused:
        examination.notes.append(f"forward does not take: {', '.join(refused)}")
    examination.samples = taken
    specify(examination, settings.node or layer.node)
    return examination


def _plan(layer: Layer, settings: Settings) -> tuple[Plan, tuple[Plan, str] | None]:
    """Return the first plan under which both passes run, and the first before it under which backward raises."""
    given = {"arguments": settings.arguments, "shapes": settings.shapes}
    ranked: list[tuple[int, Plan]] = []
    reason = "nothing fits the names of its arguments"
    raising: tuple[Plan, str] | None = None
    for plan in plans(layer, given):
        score, why = _score(layer, plan, settings.seed)
        reason = reason if score < _UNUSABLE else why or reason
        if score <= 1:  # a wrong shape is the layer's mistake, not the plan's
            return plan, raising
        raising = raising or ((plan, why) if score < _UNUSABLE else None)
        ranked.append((score, plan))
    usable = [(score, plan) for score, plan in ranked if score < _UNUSABLE]
    if not usable:
        raise NotFed(f"no arguments were found that it accepts: {reason}")
    return usable[0][1], None


_UNUSABLE: Final = 3


def _score(layer: Layer, plan: Plan, seed: int) -> tuple[int, str]:
    """Return 0 if a plan works, 1 if gradients have other shapes, 2 if backward raises, more if forward does."""
    given = sample(layer, plan, "ordinary", SIZES, seed)
    try:
        found = once(layer, given)
    except UserError as error:
        return (_UNUSABLE if error.stage == "forward" else 2), str(error)
    if not found.outputs or not all(np.issubdtype(np.asarray(y).dtype, np.number) for y in found.outputs):
        return _UNUSABLE, f"forward returns no numbers, but {_kinds(found.outputs)}"
    if not all(np.isfinite(y).all() and np.size(y) for y in found.outputs):
        return _UNUSABLE, "the output is not finite"
    shapes = [(np.shape(g), np.shape(given.values[n])) for n, g in found.gradients.items() if n in given.values]
    return (0 if shapes and all(a == b for a, b in shapes) else 1), ""


def _kinds(outputs: Sequence[Any]) -> str:
    """Return what outputs are that are no numbers."""
    return ", ".join(type(np.asarray(y).flat[0]).__name__ if np.size(y) else "nothing" for y in outputs) or "nothing"


def _sample(layer: Layer, plan: Plan, name: str, sizes: Mapping[str, int], seed: int) -> Sample:
    """Return a sample, with random values for the parameters that the layer makes for itself."""
    made = sample(layer, plan, name, sizes, seed)
    try:
        done = once(layer, made)
    except UserError:
        return made
    own = layer.parameters(done.state)
    moving = {n for n in made.constants if n in done.gradients and is_array(made.values[n])}
    made = Sample(made.name, made.values, made.constants - moving, made.seed)
    rng = np.random.default_rng([seed, 5])
    values = {key: draw(" ".join(map(str, np.shape(value))), sizes, rng, 1, True) for key, value in own.items()}
    return Sample(made.name, made.values | values, made.constants, made.seed)


def _keeps_arrays(layer: Layer, given: Sample) -> bool:
    """Say whether a fresh instance has arrays of its own, whose shapes inputs have to fit."""
    try:
        return any(np.ndim(array) for _, array in arrays_of(layer.start(private(given.values))))
    except Exception:  # whatever a constructor raises is told where it is run
        return False


def _is_fixed(plan: Plan) -> bool:
    """Say whether every shape was given in numbers."""
    words = [word for text in plan.shapes.values() for word in text.split()]
    return bool(words) and not any(len(word.lstrip("0123456789")) == 1 for word in words)


#: Shapes for layers that take any: scale, and shape as a specification.
ROWS: Final = (
    ("wide", 6.0, "5 4"), ("a vector", 1.0, "7"), ("three axes", 1.0, "2 3 4"), ("no axes", 1.0, ""),
    ("empty", 1.0, "0 3"),
)  # fmt: skip


def _other_shapes(layer: Layer, plan: Plan, seed: int) -> list[Sample]:
    made = []
    for name, scale, text in ROWS:
        shapes = {key: " ".join([text, *given.split()[2:]]).strip() for key, given in plan.shapes.items()}
        made.append(sample(layer, Plan(plan.profile, shapes, plan.settings), name, SIZES, seed, scale))
    return made


def _runs(examination: Examination, given: Sample) -> bool:
    """Say whether the forward pass takes a sample; the ordinary one must be taken."""
    try:
        examination.run(given)
    except UserError as error:
        return error.stage != "forward" or given.name == "ordinary"
    return True

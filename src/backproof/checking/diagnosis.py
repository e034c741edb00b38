"""Names the mistake: every candidate is confirmed, for undoing the fault makes every sample agree.

First come faults of a gradient as a whole (a sign, a factor, a missing sum), then single edits of the backward
pass's source that repair it, then single rules of the derivative that were left out, then pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from backproof.checking.check_values import NEARLY, Mismatch
from backproof.checking.evidence import Case, Evidence, evidence_of, fits
from backproof.checking.examination import Examination
from backproof.checking.fault_formulas import derived_formulas, formulas
from backproof.checking.fault_paths import changed_formula, dropped_path, other_function
from backproof.checking.findings import Finding, Outcome
from backproof.checking.layer import is_array
from backproof.checking.repairs import Repair, repairs
from backproof.checking.running_user import UserError, begin
from backproof.checking.seeding import seeded

Undo = Callable[[Case], Any]
#: Shown at most so many wrong arguments of a layer in full.
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Fault:
    """A named mistake: what to say of it, and the parts when it is two."""

    name: str
    message: str


# ------------------------------------------------------------------ the table of faults


def _sign(evidence: Evidence) -> Fault | None:
    return _if(evidence, lambda case: -case.found, "sign", "it has the wrong sign")


def _if(evidence: Evidence, undo: Undo, name: str, message: str) -> Fault | None:
    return Fault(name, message) if fits(evidence, undo) else None


def _transposed(evidence: Evidence) -> Fault | None:
    return (
        _if(evidence, lambda case: case.found.T, "transposed operand", "it is transposed")
        if all(case.found.ndim > 1 for case in evidence.cases)
        else None
    )


def _batch_sum(evidence: Evidence) -> Fault | None:
    def undo(case: Case) -> Any:
        extra = case.found.ndim - case.expected.ndim
        return case.found.sum(axis=tuple(range(extra)) if extra else 0, keepdims=not extra)

    if all(case.found.ndim > case.expected.ndim for case in evidence.cases):
        return _if(evidence, undo, "missing batch sum", "it is not summed over the batch")
    return None


def _kept_axis(evidence: Evidence) -> Fault | None:
    if any(case.found.size != case.expected.size or case.is_same_shape for case in evidence.cases):
        return None
    undo = lambda case: case.found.reshape(case.expected.shape)  # noqa: E731 - one expression
    return _if(evidence, undo, "kept or lost axis", "it has the right entries in another shape")


def _factor(evidence: Evidence) -> Fault | None:
    """A factor that is the same for all entries of a sample: a number, or a size."""
    factors = [case.factor for case in evidence.telling]
    if not factors or any(factor is None or not np.isfinite(factor) or factor == 0 for factor in factors):
        return None
    for sign in (1.0, -1.0):
        fault = _size_factor(evidence, sign) or _setting_factor(evidence, sign)
        if fault is not None:
            return fault if sign > 0 else Fault(f"sign and {fault.name}", f"it has the wrong sign, and {fault.message}")
    first = factors[0]
    if first is None or not np.allclose([factor or 0.0 for factor in factors], first, rtol=1e-6):
        return None
    shown = _shown_factor(1 / first)
    return _if(evidence, lambda case: case.found * first, "factor", f"it is {shown} times what it ought to be")


def _shown_factor(value: float) -> str:
    for below in range(1, 13):
        if abs(value * below - round(value * below)) < 1e-6:
            return f"{round(value * below)}" if below == 1 else f"{round(value * below)}/{below}"
    return f"{value:.6g}"


def _size_factor(evidence: Evidence, sign: float) -> Fault | None:
    for label, size in _sizes(evidence):
        if len({size(case) for case in evidence.telling}) < 2:
            continue
        if fits(evidence, lambda case, size=size: sign * case.found * size(case)):  # type: ignore[misc]
            if evidence.is_parameter:
                return Fault("mean for sum", f"it is a mean over {label} where it ought to be a sum")
            return Fault("extra 1/N", f"it is divided by the {label} once too often")
        if fits(evidence, lambda case, size=size: sign * case.found / size(case)):  # type: ignore[misc]
            return Fault("missing 1/N", f"it is not divided by the {label}")
    return None


def _sizes(evidence: Evidence) -> Iterator[tuple[str, Callable[[Case], float]]]:
    """Yield the sizes of a sample that a factor may be: the batch, the features, the number of entries."""

    def of(name: str, axis: int) -> Callable[[Case], float]:
        def size(case: Case) -> float:
            shape = np.shape(case.sample.values[name])
            return float(shape[axis]) if -len(shape) <= axis < len(shape) else 1.0

        return size

    names = {
        n: np.ndim(v) for n, v in evidence.cases[0].sample.values.items() if isinstance(v, np.ndarray) and np.ndim(v)
    }
    data = [n for n in names if n in evidence.examination.layer.forward_names] or list(names)
    yield from (("batch size", of(name, 0)) for name in data[:1])
    yield from (("number of features", of(name, -1)) for name in data[:1])
    yield from ((f"number of entries of {name}", partial(_entry_count, name=name)) for name in data)
    yield from ((f"size of axis {i} of {name}", of(name, i)) for name, d in names.items() for i in range(d))


def _entry_count(case: Case, name: str) -> float:
    return float(np.size(case.sample.values[name]))


def _setting_factor(evidence: Evidence, sign: float) -> Fault | None:
    settings = {
        n: float(v) for n, v in evidence.cases[0].sample.values.items()
        if isinstance(v, (int, float)) and not isinstance(v, bool) and v not in (0, 1)
    }  # fmt: skip
    for name, value in settings.items():
        for label, number in ((name, value), (f"1 - {name}", 1 - value), (f"{name} + 1", value + 1)):
            if number and fits(evidence, lambda case, number=number: sign * case.found * number):  # type: ignore[misc]
                return Fault("factor", f"the factor {label} is missing")
            if number and fits(evidence, lambda case, number=number: sign * case.found / number):  # type: ignore[misc]
                return Fault("factor", f"the factor {label} is one too many")
    return None


def _ignored(evidence: Evidence) -> Fault | None:
    """A parameter that is left out as a factor, or applied twice."""
    for name in evidence.arrays:
        if name == evidence.argument:
            continue
        with np.errstate(all="ignore"):
            if fits(evidence, lambda case, name=name: _times(case.found, case.sample.values[name])):  # type: ignore[misc]
                return Fault(f"{name} ignored", f"the factor {name} is missing")
            if fits(evidence, lambda case, name=name: _times(case.found, 1 / case.sample.values[name])):  # type: ignore[misc]
                return Fault(f"{name} applied twice", f"it has the factor {name} once too often")
    return None


def _times(left: Any, right: Any) -> Any:
    try:
        product = left * right
    except ValueError:
        return np.nan
    return product if np.shape(product) == np.shape(left) else np.nan


def _upstream(evidence: Evidence) -> Fault | None:
    """The upstream gradient is left out, or comes in twice."""
    if evidence.under(lambda sent: np.ones_like(sent)):
        return Fault("upstream ignored", "the upstream gradient is ignored: the result is that for an upstream of 1")
    if evidence.under(lambda sent: sent * sent):
        return Fault("upstream applied twice", "the upstream gradient comes in twice")
    if evidence.under(np.abs):
        return Fault("upstream's sign lost", "the sign of the upstream gradient is lost")
    for place in range(len(evidence.cases[0].done.upstreams)):
        if len(evidence.cases[0].done.upstreams) > 1 and evidence.under(lambda sent: 0 * sent, place):
            return Fault("dropped path", f"the upstream gradient of output {place + 1} is left out")
    return None


def _mask(evidence: Evidence) -> Fault | None:
    """The gradient passes where the forward pass has chosen another branch."""
    if not any((case.expected == 0).any() and case.is_same_shape for case in evidence.telling):
        return None
    missing = lambda case: np.where(case.expected == 0, 0, case.found)  # noqa: E731 - one expression
    if fits(evidence, missing):
        return Fault("mask missing", "it passes where nothing ought to pass")
    scaled = lambda case: np.where(case.expected == 0, 0, case.found * _ratio(case))  # noqa: E731 - one expression
    if fits(evidence, scaled) and any(((case.expected == 0) & (case.found != 0)).any() for case in evidence.telling):
        return Fault("mask missing", "it passes where nothing ought to pass, and the rest is out by a factor")
    inverted = lambda case: np.where((case.expected == 0) != (case.found == 0), case.expected, np.nan)  # noqa: E731
    if fits(evidence, inverted):
        return Fault("mask inverted", "it passes exactly where nothing ought to pass")
    return None


def _ratio(case: Case) -> float:
    """Return the factor of the first entry that passes."""
    passing = np.flatnonzero(np.ravel(case.expected))
    found = np.ravel(case.found)[passing[:1]]
    return float(np.ravel(case.expected)[passing[0]] / found[0]) if found.size and found[0] else np.nan


def _misrouted(evidence: Evidence) -> Fault | None:
    """The right amounts arrive at other entries than those that the forward pass has chosen."""
    for case in evidence.telling:
        if not case.is_same_shape or ((case.found != 0) == (case.expected != 0)).all():
            return None
        left, right = np.sort(np.ravel(case.found)), np.sort(np.ravel(case.expected))
        if not np.allclose(left[left != 0].sum(), right[right != 0].sum(), rtol=1e-9) or (case.expected != 0).all():
            return None
    return Fault("wrong mask", "it flows to other entries than those that the forward pass has chosen")


def _redrawn(evidence: Evidence) -> Fault | None:
    """Backward draws random numbers of its own: with forward's it would be right."""
    examination = evidence.examination
    for case in evidence.telling:
        try:
            state, _ = begin(examination.layer, case.sample)
            with seeded(case.sample.seed, examination.layer.functions):
                _set_back(state, examination.layer.start(case.done.values))
                found = examination.layer.backward(state, [np.array(u) for u in case.done.upstreams])
        except Exception:
            return None
        if not case.accepts(np.asarray(found.get(evidence.argument, np.nan))):
            return None
    return Fault("mask redrawn", "backward draws new random numbers where it ought to use those of forward")


def _set_back(state: Any, fresh: Any) -> None:
    """Give the generators of a used instance the state of those of a fresh one."""
    for name, value in getattr(fresh, "__dict__", {}).items():
        if isinstance(value, np.random.Generator) and isinstance(vars(state).get(name), np.random.Generator):
            vars(state)[name].bit_generator.state = value.bit_generator.state


def _order(evidence: Evidence) -> Fault | None:
    """Two gradients are returned in each other's place."""
    for other in evidence.cases[0].done.gradients:
        if other == evidence.argument or not fits(evidence, partial(_gradient, name=other)):
            continue
        theirs: list[Any] = [case.reference.gradients.get(other) for case in evidence.telling]
        if all(
            np.shape(e) == np.shape(c.found) and c.resembles(e) for e, c in zip(theirs, evidence.telling, strict=True)
        ):
            return Fault("argument order", f"it is returned in the place of {other}'s gradient")
    return None


def _gradient(case: Case, name: str) -> Any:
    return case.done.gradients.get(name, np.nan)


def _at_output(evidence: Evidence) -> Fault | None:
    """The slope is taken at the output where it ought to be taken at the input."""
    if evidence.at(lambda case: case.done.outputs[0]):
        return Fault("y used for x", "the slope is taken at the output, not at the input")
    return None


#: One row each, the surest first.
FAULTS: Final[tuple[Callable[[Evidence], Fault | None], ...]] = (
    _sign, _redrawn, _batch_sum, _transposed, _kept_axis, _upstream, _factor, _ignored, _mask, _order, _misrouted,
    _at_output,
)  # fmt: skip
#: What may go wrong together with another fault: undone first.
FIRST: Final[tuple[tuple[str, Undo], ...]] = (
    ("sign", lambda case: -case.found),
    ("transposed operand", lambda case: case.found.T),
    ("missing batch sum", lambda case: case.found.sum(axis=0) if case.found.ndim > case.expected.ndim else np.nan),
    ("factor", lambda case: 2 * case.found),
    ("factor", lambda case: case.found / 2),
)  # fmt: skip


# ------------------------------------------------------------------ the diagnosis


def diagnose(examination: Examination, wrong: Sequence[Mismatch]) -> list[Finding]:
    """Return a finding for every argument whose gradient is wrong, with its fault where one is confirmed."""
    arguments = list(dict.fromkeys(m.argument for m in wrong if not _is_close(wrong, m.argument)))
    found: list[Finding] = []
    if not wrong:
        return _raising(examination)
    edits = repairs(examination, arguments)
    for argument in arguments[:_SHOWN]:
        evidence = evidence_of(examination, argument)
        found.append(_finding(evidence, wrong, edits.get(argument)))
    return found


def _raising(examination: Examination) -> list[Finding]:
    """Return the edits after which a backward that raises gives the right gradients."""
    given = examination.samples[0]
    names = [n for n, v in given.values.items() if is_array(v) and n not in given.constants]
    found = repairs(examination, names)
    every = {(repair.fault, repair.line): name for name, repair in found.items()}
    return [
        Finding("value", Outcome.FAILED, f"{_WITH_ONE_EDIT} of {name} is right: {found[name].message}",
                name, fault, (), line, found[name].patch)
        for (fault, line), name in every.items()
    ]  # fmt: skip


_WITH_ONE_EDIT: Final = "with one edit backward runs and the gradient"


def _is_close(wrong: Sequence[Mismatch], argument: str) -> bool:
    return all(m.relative < NEARLY for m in wrong if m.argument == argument)


def _finding(evidence: Evidence, wrong: Sequence[Mismatch], repair: Repair | None) -> Finding:
    fault = name_fault(evidence, repair)
    mismatch = next(
        (m for m in wrong if m.argument == evidence.argument and m.sample.name == "ordinary"), None
    ) or next(m for m in wrong if m.argument == evidence.argument)
    message = f"the gradient of {evidence.argument} is wrong"
    message += f": {fault.message}" if fault else "; no single fault that is known explains it"
    expected, found = formulas(evidence)
    return Finding(
        "value", Outcome.FAILED, message, evidence.argument, fault.name if fault else "",
        tuple(_entries(mismatch)), repair.line if repair else _place(evidence), repair.patch if repair else "",
        expected, found,
    )  # fmt: skip


def name_fault(evidence: Evidence, repair: Repair | None) -> Fault | None:
    """Return the fault that explains all samples: of the table, of an edit, of a dropped rule, or of two."""
    if not evidence.telling:
        return None
    try:
        fault = next((fault for row in FAULTS if (fault := row(evidence)) is not None), None)
        if fault is not None and not (fault.name in _VAGUE and repair is not None):
            return fault
        if repair is not None:
            is_mask = fault is not None and fault.name == "mask missing" and repair.fault.endswith("ignored")
            return Fault("mask missing" if is_mask else repair.fault, repair.message)
        if fault is not None:
            return fault
        node = evidence.examination.node
        rows = (dropped_path, other_function) if node is not None and node.has_axes else (other_function, dropped_path)
        named = changed_formula(evidence) or rows[0](evidence) or rows[1](evidence)
        named = named or changed_formula(evidence, derived_formulas)
        return Fault(*named) if named else _two(evidence)
    except UserError:
        return None


#: Names that an edit of the source says better.
_VAGUE: Final = frozenset({"factor", "kept or lost axis", "mask missing"})


def _two(evidence: Evidence) -> Fault | None:
    for name, undo in FIRST:
        rest = evidence.after(undo)
        if rest is None:
            continue
        for row in FAULTS:
            fault = row(rest) if row is not _redrawn else None
            if fault is not None and fault.name != name:
                return Fault(f"{name} and {fault.name}", f"two faults: {name}; and {fault.message}")
    return None


def _entries(mismatch: Mismatch) -> Iterator[str]:
    if mismatch.is_shape:
        kind = getattr(mismatch.found, "dtype", type(mismatch.found).__name__)
        yield f"{kind} of shape {np.shape(mismatch.found)} where the shape {np.shape(mismatch.expected)} is expected"
        return
    bad = np.argwhere(np.atleast_1d(mismatch.bad))
    place = tuple(int(i) for i in bad[0])
    expected, found = np.atleast_1d(mismatch.expected)[place], np.atleast_1d(mismatch.found)[place]
    where = f"[{', '.join(map(str, place))}]" if np.ndim(mismatch.found) else ""
    total = np.size(mismatch.found)
    yield (
        f"{len(bad)} of {total} entries differ (sample: {mismatch.sample.name}); "
        f"{mismatch.argument}{where} gets {found:.9g} instead of {expected:.9g}"
    )


def _place(evidence: Evidence) -> int:
    code = getattr(evidence.examination.layer.backward_function, "__code__", None)
    return int(code.co_firstlineno) if code is not None else 0

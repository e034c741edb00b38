"""Value and agreement: forward against the declared forward, every entry of backward against the derivation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from backproof.checking.balls import balls
from backproof.checking.examination import EPS, SLACK, Examination, Reference
from backproof.checking.findings import Finding, Outcome, Row, row
from backproof.checking.lifted import Lifted
from backproof.checking.running_user import Pass, UserError, finish
from backproof.checking.shapes import Sample
from backproof.checking.state import plural
from backproof.checking.tracing import Trace, upstreams_for

#: Below this relative difference a wrong gradient is that of a slightly different forward pass.
NEARLY: Final = 1e-4
#: A trace with more entries is not evaluated in high precision.
LARGEST_EXACT: Final = 20_000
DIGITS: Final = 60
#: Fewer digits than this are worth a warning.
_FEW: Final = 6


@dataclass(frozen=True)
class Mismatch:
    """A gradient that is not what it ought to be in one sample."""

    argument: str
    sample: Sample
    expected: Any
    found: Any
    tolerance: Any
    reference: Reference

    @property
    def is_shape(self) -> bool:
        """Say whether it is no array of numbers of that shape at all."""
        return bool(np.shape(self.expected) != np.shape(self.found)) or not _numeric(self.found)

    @property
    def bad(self) -> Any:
        """Which entries differ; NaN equals nothing."""
        return ~(np.abs(self.found - self.expected) <= self.tolerance)

    @property
    def relative(self) -> float:
        """The largest difference beside the largest expected entry."""
        if self.is_shape or not np.isfinite(self.found).all():
            return np.inf
        scale = float(np.max(np.abs(self.expected), initial=0.0))
        return float(np.max(np.abs(self.found - self.expected), initial=0.0)) / scale if scale else np.inf


def tolerance(reference: Reference, name: str, found: Any) -> Any:
    """Return how far the entries of a found gradient may be from the expected ones."""
    eps = EPS
    if np.issubdtype(np.asarray(found).dtype, np.floating):
        eps = max(EPS, float(np.finfo(np.asarray(found).dtype).eps))
    allowed = reference.tolerance(name, eps)
    record = reference.trace
    mine = record.found.get(name) if record is not None else None
    if record is not None and type(mine) is Lifted and mine.shape == np.shape(allowed):
        rounding = record.bound(mine)  # infinite where backward divides by zero: that forgives nothing
        allowed = allowed + SLACK * eps * np.where(np.isfinite(rounding), rounding, 0)
    return allowed


def compare(reference: Reference, done: Pass, given: Sample) -> Iterator[Mismatch]:
    """Yield the gradients of a run that are not the expected ones."""
    for name, expected in reference.gradients.items():
        if name not in done.gradients:
            continue
        found = np.asarray(done.gradients[name])
        allowed = tolerance(reference, name, found)
        mismatch = Mismatch(name, given, expected, found, allowed, reference)
        if mismatch.is_shape or mismatch.bad.any():
            yield mismatch


def _numeric(found: Any) -> bool:
    return bool(np.issubdtype(np.asarray(found).dtype, np.number))


def mismatches(examination: Examination) -> list[Mismatch]:
    """Return every wrong gradient of every sample."""
    found: list[Mismatch] = []
    for given in examination.samples:
        try:
            found += compare(examination.reference(given), examination.run(given), given)
        except UserError:
            continue
    return found


def check_value(examination: Examination, wrong: list[Mismatch]) -> Row:
    """Every entry of every gradient is the derivative of the specification, linear in the upstream gradient."""
    problems = [*_raising(examination), *examination.problems]
    linear = [] if wrong else list(_linearity(examination))
    detail = _detail(examination)
    found = row("value", problems + linear, detail)
    notes = list(_missing(examination))
    names = _vacuous(examination)
    if names:
        message = f"the gradient of {', '.join(names)} is 0 in every sample: vacuous"
        notes.append(Finding("value", Outcome.WARNING, message))
    return row("value", [*problems, *linear, *notes], detail) if notes else found


def _missing(examination: Examination) -> Iterator[Finding]:
    """Yield the arguments without a gradient: a failure where its place is there and stays empty, else a warning."""
    for name in examination.unchecked:
        place = _empty_place(examination, name)
        if place:
            message = f"backward leaves {place} empty: it gives no gradient of {name}"
            yield Finding("value", Outcome.FAILED, message, name, "gradient missing")
        else:
            message = f"no gradient of {name} is given: it is not checked"
            yield Finding("value", Outcome.WARNING, message, name, "gradient missing")


def _empty_place(examination: Examination, name: str) -> str:
    """Return the attribute in which the gradient of an argument is kept, if it is still None."""
    kept = getattr(examination.run(examination.samples[0]).state, "__dict__", {})
    usual = (f"d{name}", f"grad_{name}", f"{name}_grad", f"d_{name}", f"grad{name}")
    return next((place for place in usual if place in kept and kept[place] is None), "")


def _raising(examination: Examination) -> Iterator[Finding]:
    for given in examination.samples:
        try:
            examination.run(given)
        except UserError as error:
            where = "" if given.name == "ordinary" else f" (sample: {given.name})"
            yield Finding(
                "value", Outcome.FAILED, f"{error}{where}", details=(_sizes(given),), line=_line_of(error.error)
            )
            return


def _line_of(error: BaseException) -> int:
    trace = error.__traceback__
    line = 0
    while trace is not None:
        if "backproof" not in trace.tb_frame.f_code.co_filename:
            line = line or 0
            line = trace.tb_lineno if "numpy" not in trace.tb_frame.f_code.co_filename else line
        trace = trace.tb_next
    return line


def _sizes(given: Sample) -> str:
    shapes = (f"{name} {np.shape(value)}" for name, value in given.values.items() if isinstance(value, np.ndarray))
    return "with " + ", ".join(shapes)


def _linearity(examination: Examination) -> Iterator[Finding]:
    """Yield a finding where backward is not linear in the upstream gradient, or zero does not give zero."""
    given = examination.samples[0]
    if not examination.layer.takes_upstream:
        return
    try:
        first = examination.run(given)
        again = [u for u in upstreams_for(first.outputs, given.seed + 1)]
        both = [2 * u - 3 * v for u, v in zip(first.upstreams, again, strict=True)]
        results = [_gradients(examination, given, sent) for sent in (again, both, [0 * u for u in again])]
    except UserError:
        return  # reported where it was first raised
    for name, gradient in first.gradients.items():
        second, combined, nothing = (np.asarray(result.get(name, np.nan)) for result in results)
        scale = np.abs(gradient) * 2 + np.abs(second) * 3
        reference = examination.reference(given)
        slack = 64 * (np.max(tolerance(reference, name, gradient), initial=0) if name in reference.bounds else EPS)
        if not (np.abs(combined - (2 * gradient - 3 * second)) <= slack + 64 * EPS * scale).all():
            yield Finding(
                "value", Outcome.FAILED, f"the gradient of {name} is not linear in the upstream gradient", name
            )
        elif nothing.any():
            yield Finding("value", Outcome.FAILED, f"a zero upstream gradient gives a gradient of {name}", name)


def _gradients(examination: Examination, given: Sample, sent: Any) -> dict[str, Any]:
    from backproof.checking.running_user import begin

    state, _ = begin(examination.layer, given)
    return {n: np.array(g) for n, g in finish(examination.layer, state, [np.array(u) for u in sent]).items()}


def _vacuous(examination: Examination) -> list[str]:
    """Return the arguments whose expected gradient is zero wherever it was looked at."""
    seen: dict[str, bool] = {}
    for given in examination.samples:
        try:
            reference = examination.reference(given)
        except UserError:
            continue
        for name, expected in reference.gradients.items():
            if np.size(expected):
                seen[name] = seen.get(name, False) or bool(np.any(np.abs(expected) > reference.tolerance(name)))
    found = {name for given in examination.samples[:1] for name in _returned(examination, given)}
    return [name for name, moving in seen.items() if not moving and name in found]


def _returned(examination: Examination, given: Sample) -> set[str]:
    try:
        return set(examination.run(given).gradients)
    except UserError:
        return set()


def _detail(examination: Examination) -> str:
    entries, source = 0, ""
    for given in examination.samples:
        try:
            reference = examination.reference(given)
            entries += sum(np.size(reference.gradients.get(n, ())) for n in examination.run(given).gradients)
        except UserError:
            continue
        source = source or reference.source
    if not source:
        return "backward runs in no sample"
    samples = plural(len(examination.samples), "sample")
    return f"{plural(entries, 'entry')} in {samples} against {source}"


# ------------------------------------------------------------------ agreement, in 60 digits


@dataclass
class Agreement:
    """How the lifted backward compares with the derivative of the lifted forward."""

    points: int = 0
    patterns: int = 0
    digits: float = DIGITS
    refuted: tuple[str, ...] = ()
    place: str = ""
    compared: frozenset[str] = frozenset()


def agreement(examination: Examination) -> Agreement:
    """Return how far both sides agree in high precision, over all samples that were recorded."""
    result = Agreement()
    patterns = set()
    for given in examination.samples:
        try:
            reference = examination.reference(given)
        except UserError:
            continue
        record = reference.trace
        if record is None or record.refusal or not record.found or len(record.tape) > LARGEST_EXACT:
            continue
        if not reference.is_own:
            continue
        result.points += 1
        patterns.add(tuple(record.tape.pattern))
        for name in record.expected:
            digits = exact_digits(record, name)
            if digits is not None:
                result.compared |= {name}
            if digits is not None and digits <= 0 and name not in result.refuted:
                result.refuted += (name,)
                result.place = given.name
            result.digits = min(result.digits, digits if digits is not None else DIGITS)
    result.patterns = len(patterns)
    return result


def exact_digits(record: Trace, name: str) -> float | None:
    """Return to how many digits a gradient agrees: 0 if it provably differs, None if there is nothing to compare."""
    found, expected = record.found.get(name), record.expected[name]
    if type(found) is not Lifted or found.shape != expected.shape or not found.size:
        return None
    if (found.ids == expected.ids).all():
        return DIGITS
    left, right = balls(record.tape, found.ids), balls(record.tape, expected.ids)
    room = (SLACK * EPS * (record.bound(found) + record.bound(expected))).ravel()
    broken = ~np.isfinite(found.witness.ravel()) & np.isfinite(expected.witness.ravel())
    if broken.any():
        return 0.0
    digits = float(DIGITS)
    for one, other, allowed in zip(left, right, room.tolist(), strict=True):
        gap = one - other
        if gap.contains(0):
            scale = max(float(abs(other).upper()), allowed / (SLACK * EPS), 1e-300)
            width = float(gap.rad()) / scale if gap.is_finite() else 1.0
            digits = min(digits, DIGITS if width == 0 else -np.log10(width))
        elif float(abs(gap).lower()) <= allowed:
            digits = min(digits, 15.0)
        else:
            return 0.0
    return max(digits, 1.0)


def check_agreement(examination: Examination, wrong: list[Mismatch]) -> Row:
    """Backward is the derivative of this very forward pass, in high precision where both could be recorded."""
    if examination.refusal:
        outcome = Outcome.PASSED if not wrong else Outcome.FAILED
        return Row("agreement", Outcome.SKIPPED if outcome is Outcome.FAILED else outcome,
                   f"in float64 only: {examination.refusal}")  # fmt: skip
    if not examination.layer.is_traceable:
        return Row("agreement", Outcome.PASSED if not wrong else Outcome.SKIPPED, "in float64 only")
    result = agreement(examination)
    if not result.points:
        return Row("agreement", Outcome.PASSED if not wrong else Outcome.SKIPPED, _unrecorded(examination))
    close = [m for m in wrong if m.relative < NEARLY]
    if result.refuted:
        named = {m.argument for m in wrong} - {m.argument for m in close}
        rest = [name for name in result.refuted if name not in named]
        found = [_disagreeing(name, result, close) for name in rest]
        if not rest:
            return Row("agreement", Outcome.FAILED, f"refuted for {', '.join(result.refuted)}")
        return row("agreement", found, f"refuted for {', '.join(rest)}")
    digits = int(min(DIGITS, result.digits + 1e-9))
    proved = f"; {_proofs(examination)}" if examination.prove else ""
    patterns = plural(result.patterns, "branch pattern")
    constants = "" if digits >= DIGITS else ", as far as rounded constants tell"
    where = f"at {plural(result.points, 'point')} of {patterns}"
    left = [name for name in dict.fromkeys(m.argument for m in wrong) if name not in result.compared]
    if left:
        return Row("agreement", Outcome.FAILED, f"the gradient of {', '.join(left)} cannot be compared")
    if digits < _FEW:
        message = f"only {digits} digits can be compared: constants or the conditions of the values leave no more"
        return row("agreement", [Finding("agreement", Outcome.WARNING, message)], f"agrees to {digits} digits {where}")
    return Row("agreement", Outcome.PASSED, f"agrees to {digits} digits {where}{constants}{proved}")


def _proofs(examination: Examination) -> str:
    from backproof.checking.proving import prove

    return str(prove(examination))


def _disagreeing(name: str, result: Agreement, close: list[Mismatch]) -> Finding:
    size = max((m.relative for m in close if m.argument == name), default=0.0)
    how = f"; they differ by {size:.1e}, relatively" if size else ""
    return Finding(
        "agreement", Outcome.FAILED, f"the gradient of {name} is not that of this forward pass{how}", name,
        "derivative of a slightly different forward", (f"sample: {result.place}",),
    )  # fmt: skip


def _unrecorded(examination: Examination) -> str:
    for given in examination.samples:
        try:
            record = examination.reference(given).trace
        except UserError:
            continue
        if record is not None and record.refusal:
            return f"in float64 only: {record.refusal}"
    return "in float64 only"

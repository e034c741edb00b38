"""Domain: kinks from both sides and one ulp beside them, huge numbers, equal entries."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from backproof.checking.balls import balls
from backproof.checking.examination import Examination
from backproof.checking.findings import Finding, Outcome, Row, row
from backproof.checking.layer import is_array
from backproof.checking.running_user import UserError, begin, once, private
from backproof.checking.seeding import seeded
from backproof.checking.shapes import Sample

#: Where exp over- and underflows in float32 and float64, and beyond.
LARGE: Final = (-1000.0, -745.5, -100.0, -88.9, -30.0, 30.0, 88.9, 100.0, 709.9, 1000.0)
_HUGE: Final = 1e300
#: Of more entries only the floats are looked at.
_MANY_BALLS: Final = 300
#: How far beside a kink the one-sided slopes are taken, and how well they must fit.
BESIDE: Final = 1e-7
FIT: Final = 1e-5


def scalar_argument(examination: Examination) -> str:
    """Return the only moving argument of an elementwise layer, or nothing."""
    given = examination.samples[0]
    moving = [n for n, v in given.values.items() if is_array(v) and n not in given.constants]
    outputs = examination.run(given).outputs
    if len(moving) != 1 or not examination.plan.is_rows or len(outputs) != 1:
        return ""
    return moving[0] if all(_keeps_shape(examination, sample, moving[0]) for sample in examination.samples) else ""


def _keeps_shape(examination: Examination, given: Sample, name: str) -> bool:
    """Say whether the output has the shape of an input."""
    try:
        outputs = examination.run(given).outputs
    except UserError:
        return True
    return bool(np.shape(outputs[0]) == np.shape(given.values[name]))


def _at(examination: Examination, name: str, points: Sequence[float]) -> Sample:
    given = examination.samples[0]
    return Sample("points", given.values | {name: np.array(points, dtype=np.float64)}, given.constants, given.seed)


def expected_slopes(examination: Examination, name: str, points: Sequence[float]) -> Any:
    """Return what they ought to be, from 50 digits where the forward pass could be recorded."""
    ones = [np.ones(len(points))]
    reference = examination.expect(_at(examination, name, points), ones, with_backward=False)
    if reference.trace is None:
        return reference.gradients[name]
    exact = balls(reference.trace.tape, reference.trace.expected[name].ids)
    return np.array([_float(ball) for ball in exact])


def _float(ball: Any) -> float:
    try:
        return float(ball.mid()) if ball.is_finite() else float("nan")
    except (OverflowError, ValueError):
        return float("inf")


def check_domain(examination: Examination, wrong: list[Any]) -> Row:
    """Kinks, huge values, ties and flat inputs are what they ought to be."""
    try:
        name = scalar_argument(examination)
    except UserError:
        return Row("domain", Outcome.SKIPPED, "backward does not run")
    if wrong:
        return Row("domain", Outcome.SKIPPED, "its values are wrong anyway")
    if is_random(examination):
        return Row("domain", Outcome.SKIPPED, "it draws random numbers")
    try:
        found = list(_elementwise(examination, name)) if name else list(_structured(examination))
    except UserError as error:
        return row("domain", [Finding("domain", Outcome.FAILED, str(error))], "")
    detail = found.pop().message if found and found[-1].check == "detail" else "huge values and ties"
    return row("domain", found, detail)


def is_random(examination: Examination) -> bool:
    """Say whether the output depends on the seed, or on how often the instance has been used."""
    given, layer = examination.samples[0], examination.layer
    first = examination.run(given).outputs
    other = Sample(given.name, given.values, given.constants, given.seed + 1)
    state, _ = begin(layer, given)
    try:
        again = layer.forward(state, private(given.values))
    except Exception as error:
        raise UserError("forward, for the second time,", error) from error
    pairs = [*zip(first, once(layer, other).outputs, strict=True), *zip(first, again, strict=True)]
    return any(not np.array_equal(a, b) for a, b in pairs)


def _elementwise(examination: Examination, name: str) -> Iterator[Finding]:
    conventions = []
    for jump in jumps(examination, name):
        finding = jump.mistake(name)
        if finding is not None:
            yield finding
        elif jump.is_kink:
            conventions.append(jump.convention)
    if not is_positive_only(examination, name):
        yield from _huge(examination, name)
    yield Finding("detail", Outcome.PASSED, ", ".join(conventions) or "no kink found; huge values")


@dataclass(frozen=True, slots=True)
class Jump:
    """A place where a slope may jump: what it ought to be on both sides, and what backward gives on and beside it."""

    place: float
    left: float
    right: float
    slopes: tuple[float, ...]

    @property
    def slack(self) -> float:
        return FIT * max(1.0, abs(self.left), abs(self.right))

    @property
    def is_kink(self) -> bool:
        return abs(self.left - self.right) > 2 * self.slack

    @property
    def convention(self) -> str:
        """Which slope the layer takes on the kink."""
        at = self.slopes[0]
        sides = {"of the left": self.left, "of the right": self.right}
        side = next((side for side, slope in sides.items() if abs(at - slope) <= self.slack), "between")
        return f"slope {at:.6g} ({side}) at {self.place:g}"

    def mistake(self, name: str) -> Finding | None:
        """Return a finding where a slope on the place, or one or eight ulp beside it, is none of both sides'."""
        low, high = min(self.left, self.right) - self.slack, max(self.left, self.right) + self.slack
        at, *near = self.slopes
        if not low <= at <= high:
            allowed = f"[{min(self.left, self.right):.6g}, {max(self.left, self.right):.6g}]"
            message = f"at {name} = {self.place:g} the slope is {at:.6g}, outside of {allowed}"
            return Finding("domain", Outcome.FAILED, message, name, "wrong subgradient")
        sides = (self.left, None, None, self.right)  # one ulp beside, the forward pass may itself round across
        for ulps, slope, side in zip(_ULPS, near, sides, strict=True):
            if not (low <= slope <= high) or (side is not None and abs(slope - side) > self.slack):
                message = f"beside a kink, at {name} = {_beside(self.place, ulps)!r}, the slope is {slope:.6g}"
                return Finding("domain", Outcome.FAILED, message, name, "wrong subgradient")
        return None


_ULPS: Final = (-8, -1, 1, 8)


def jumps(examination: Examination, name: str) -> list[Jump]:
    """Return the places at which the forward pass and its slopes are finite, with the slopes there."""
    places = places_of(examination, name)
    steps = [BESIDE * max(1.0, abs(place)) for place in places]
    sides = [place + sign * step for place, step in zip(places, steps, strict=True) for sign in (-1, 1)]
    expected = np.asarray(expected_slopes(examination, name, sides)).reshape(-1, 2)
    points = [x for place in places for x in (place, *(_beside(place, ulps) for ulps in _ULPS))]
    with np.errstate(all="ignore"):
        done = once(examination.layer, _at(examination, name, points), [np.ones(len(points))])
    found = np.broadcast_to(done.gradients.get(name, np.nan), (len(points),)).reshape(-1, 5)
    outputs = np.asarray(done.outputs[0]).reshape(-1, 5)
    return [
        Jump(place, float(left), float(right), tuple(map(float, slopes)))
        for place, (left, right), slopes, values in zip(places, expected, found, outputs, strict=True)
        if np.isfinite([left, right]).all() and np.isfinite(values[0])
    ]


def is_positive_only(examination: Examination, name: str) -> bool:
    """Say whether an argument is drawn from the positive numbers alone."""
    return "positive" in examination.plan.shapes.get(name, "") or "unit" in examination.plan.shapes.get(name, "")


def places_of(examination: Examination, name: str) -> list[float]:
    """Return where a slope may jump: the numbers that the forward pass compares with, 0 and 1."""
    record = examination.reference(examination.samples[0]).trace
    compared = record.tape.thresholds if record is not None else set()
    places = sorted({*compared, -1.0, 0.0, 1.0})
    kind = examination.plan.shapes.get(name, "")
    return [p for p in places if not (("positive" in kind and p <= 0) or ("unit" in kind and not 0 < p < 1))]


def _beside(place: float, ulps: int) -> float:
    """Return the number so many units in the last place away; beside 0, the smallest numbers are too small."""
    return float(place + ulps * np.spacing(abs(place))) if place else ulps * 1e-300


def _huge(examination: Examination, name: str) -> Iterator[Finding]:
    expected = expected_slopes(examination, name, LARGE)
    places = [x for x, right in zip(LARGE, expected, strict=True) if np.isfinite(right) and abs(right) < _HUGE]
    if not places:
        return
    sample = _at(examination, name, places)
    layer = examination.layer
    with seeded(sample.seed, layer.functions), warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        np.seterr(under="ignore")
        warnings.simplefilter("always")
        values = {key: np.array(v) if isinstance(v, np.ndarray) else v for key, v in sample.values.items()}
        try:
            state = layer.start(values)
            layer.forward(state, values)
            found = np.asarray(layer.backward(state, [np.ones(len(places))])[name])
        except Exception as error:
            raise UserError("with huge values a pass", error) from error
    for place, got, right in zip(places, found, expected_slopes(examination, name, places), strict=True):
        if not np.isfinite(got):
            message = f"at {name} = {place:g} the gradient is {got}, not {right:.6g}"
            yield Finding("domain", Outcome.FAILED, message, name,
                          "not finite")  # fmt: skip
            return
        if not abs(got - right) <= 1e-6 * abs(right) + 1e-12:
            message = f"at {name} = {place:g} the slope is {got:.6g}, not {right:.6g}"
            yield Finding("domain", Outcome.FAILED, message, name,
                          "wrong for huge values")  # fmt: skip
            return
    if caught:
        text = str(caught[0].message)
        yield Finding("domain", Outcome.WARNING, f"right, but with a warning for huge {name}: {text}", name,
                      "overflow warning")  # fmt: skip


def _structured(examination: Examination) -> Iterator[Finding]:
    """Yield what goes wrong with equal entries, huge entries and flat columns."""
    given = examination.samples[0]
    name = next(
        (n for n in examination.layer.forward_names if is_array(given.values.get(n)) and n not in given.constants), ""
    )
    value: Any = given.values.get(name)
    if not name or np.ndim(value) < 2 or "real" not in f"{examination.plan.shapes.get(name, '')} real".split()[-1]:
        return
    specials = {"equal entries": np.full(np.shape(value), 0.75), "huge entries": np.asarray(value) * 600}
    for what, special in specials.items():
        sample = Sample(what, given.values | {name: special}, given.constants, given.seed)
        yield from _finite(examination, sample, name, what)


def _finite(examination: Examination, sample: Sample, name: str, what: str) -> Iterator[Finding]:
    """Yield a finding where the gradient is not finite and ought to be."""
    try:
        done = once(examination.layer, sample)
        found = np.asarray(done.gradients.get(name, np.nan))
        if np.isfinite(found).all():
            return
        reference = examination.expect(sample, done.upstreams, with_backward=False)
    except UserError as error:
        yield Finding("domain", Outcome.FAILED, f"{what} in {name}: {error}", name)
        return
    expected: Any = reference.gradients.get(name, np.nan)
    if reference.trace is not None and np.size(expected) <= _MANY_BALLS:
        exact = balls(reference.trace.tape, reference.trace.expected[name].ids)
        expected = np.array([_float(ball) for ball in exact])
    if np.isfinite(expected).all():
        yield Finding("domain", Outcome.FAILED, f"{what} in {name}: the gradient is not finite", name, "not finite")

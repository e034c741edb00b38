"""What speaks for a fault: the found and the expected gradient of one argument in every sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from backproof.checking.check_values import tolerance
from backproof.checking.examination import Examination, Reference
from backproof.checking.layer import is_array
from backproof.checking.running_user import Pass, UserError
from backproof.checking.shapes import Sample

#: An undone fault must explain an entry to so many digits, whatever the rounding.
CLOSE: Final = 1e-7


@dataclass(frozen=True)
class Case:
    """One argument in one sample: what was found, what was expected, and the whole run."""

    argument: str
    sample: Sample
    found: Any
    expected: Any
    room: Any
    done: Pass
    reference: Reference

    @property
    def is_same_shape(self) -> bool:
        return bool(np.shape(self.found) == np.shape(self.expected))

    def accepts(self, candidate: Any) -> bool:
        """Say whether a candidate is the expected gradient."""
        if np.shape(candidate) != np.shape(self.expected):
            return False
        scale = CLOSE * (np.abs(self.expected) + np.max(np.abs(self.expected), initial=0.0))
        with np.errstate(all="ignore"):
            return bool((np.abs(candidate - self.expected) <= self.room + scale).all())

    def resembles(self, candidate: Any) -> bool:
        """Say whether a candidate is what was found."""
        if np.shape(candidate) != np.shape(self.found):
            return False
        scale = CLOSE * (np.abs(candidate) + np.max(np.abs(candidate), initial=0.0))
        with np.errstate(all="ignore"):
            return bool((np.abs(candidate - self.found) <= scale).all())

    @property
    def factor(self) -> float | None:
        """The number that turns what was found into what was expected, by least squares."""
        if not self.is_same_shape:
            return None
        with np.errstate(all="ignore"):
            below = float(np.sum(self.found * self.found))
            return float(np.sum(self.found * self.expected)) / below if below else None


@dataclass(frozen=True)
class Evidence:
    """All cases of one argument; ``telling`` are those in which the gradient is wrong."""

    examination: Examination
    argument: str
    cases: tuple[Case, ...]
    _memory: dict[str, Any] = field(default_factory=dict)

    @property
    def telling(self) -> list[Case]:
        return [case for case in self.cases if not case.accepts(case.found)]

    @property
    def is_parameter(self) -> bool:
        """Say whether the argument is one that a batch is summed for."""
        layer = self.examination.layer
        return (
            self.argument not in layer.forward_names[:1]
            and self.argument in self.cases[0].sample.values
            and (
                np.ndim(self.cases[0].expected) < np.ndim(self.cases[0].done.outputs[0])
                or self.argument not in layer.forward_names
            )
        )

    @property
    def arrays(self) -> list[str]:
        """The names of all arrays of floats of a sample."""
        return [n for n, v in self.cases[0].sample.values.items() if is_array(v) and np.size(v)]

    def under(self, change: Callable[[Any], Any], place: int | None = None) -> bool:
        """Say whether what was found is right for changed upstream gradients, or for the one of output ``place``."""

        def expected(case: Case) -> Any:
            sent = [
                change(np.asarray(u)) if place in (None, i) else np.asarray(u)
                for i, u in enumerate(case.done.upstreams)
            ]
            reference = self.examination.expect(case.sample, sent, with_backward=False)
            return reference.gradients[self.argument]

        return self._is_found(expected)

    def at(self, place: Callable[[Case], Any]) -> bool:
        """Say whether what was found is the gradient at another value of the argument."""

        def expected(case: Case) -> Any:
            value = np.asarray(place(case))
            if value.shape != np.shape(case.sample.values[self.argument]):
                return np.nan
            moved = Sample(
                case.sample.name, case.sample.values | {self.argument: value}, case.sample.constants, case.sample.seed
            )
            return self.examination.expect(moved, case.done.upstreams, with_backward=False).gradients[self.argument]

        return self.argument in self.cases[0].sample.values and self._is_found(expected)

    def _is_found(self, expected: Callable[[Case], Any]) -> bool:
        """Say whether a changed expectation is what was found, in every case in which it matters."""
        telling = self.telling
        for case in telling:
            try:
                candidate = replace(case, expected=np.asarray(expected(case)))
            except UserError:
                return False
            if not candidate.accepts(case.found):
                return False
        return bool(telling)

    def after(self, undo: Callable[[Case], Any]) -> Evidence | None:
        """Return the evidence that is left when one fault has been undone."""
        cases = []
        for case in self.cases:
            found = undo(case)
            if np.shape(found) != np.shape(case.expected):
                return None
            cases.append(replace(case, found=np.asarray(found)))
        return Evidence(self.examination, self.argument, tuple(cases))


def evidence_of(examination: Examination, argument: str) -> Evidence:
    """Return the evidence about one argument, from every sample that runs."""
    cases = []
    for given in examination.samples:
        try:
            done, reference = examination.run(given), examination.reference(given)
        except UserError:
            continue
        if argument in done.gradients and argument in reference.gradients and np.size(reference.gradients[argument]):
            found = np.asarray(done.gradients[argument])
            if not np.issubdtype(found.dtype, np.number):
                continue
            cases.append(
                Case(
                    argument,
                    given,
                    found,
                    reference.gradients[argument],
                    tolerance(reference, argument, found),
                    done,
                    reference,
                )
            )
    return Evidence(examination, argument, tuple(cases))


def fits(evidence: Evidence, undo: Callable[[Case], Any]) -> bool:
    """Say whether undoing a fault makes every case agree; cases that agreed anyway need not."""
    telling = evidence.telling
    return bool(telling) and all(case.accepts(undo(case)) for case in telling)

"""Layout: the order and the strides of arrays in memory change no gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from backproof.checking.check_contracts import copies, failed, is_finite, same
from backproof.checking.check_values import tolerance
from backproof.checking.examination import Examination
from backproof.checking.findings import Finding, Outcome, Row, row
from backproof.checking.running_user import UserError, begin, finish
from backproof.checking.shapes import Sample
from backproof.checking.state import plural


def _strided(array: Any) -> Any:
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1])) if array.ndim else array
    view = wide[..., ::2]
    view[...] = array
    return view


def _reversed(array: Any) -> Any:
    return array[::-1].copy()[::-1]


def _read_only(array: Any) -> Any:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


#: Memory layouts that must not change a gradient.
LAYOUTS: Final[dict[str, Callable[[Any], Any]]] = {
    "Fortran order": np.asfortranarray, "strided": _strided, "negative strides": _reversed, "read-only": _read_only,
}  # fmt: skip


def check_layout(examination: Examination, wrong: list[Any]) -> Row:
    """The memory layout of upstream gradient and inputs changes nothing."""
    given = examination.samples[0]
    found: list[Finding] = []
    try:
        done = examination.run(given)
    except UserError:
        return Row("layout", Outcome.SKIPPED, "backward does not run")
    if not is_finite(examination, given):
        return Row("layout", Outcome.SKIPPED, "its gradients are not finite")
    if not examination.layer.takes_upstream or not all(np.ndim(y) for y in done.outputs):
        return Row("layout", Outcome.SKIPPED, "the upstream gradient is one number")
    for name, arrange in LAYOUTS.items():
        sent = [arrange(np.array(u)) for u in done.upstreams]
        found += _laid_out(examination, given, sent, done.gradients, f"{name} upstream")
    constant = [np.full(np.shape(u), 1.5) for u in done.upstreams]
    try:
        state, _ = begin(examination.layer, given)
        plain = copies(finish(examination.layer, state, constant))
    except UserError:
        plain = {}
    spread = [np.broadcast_to(np.float64(1.5), np.shape(u)) for u in done.upstreams]
    found += _laid_out(examination, given, spread, plain, "stride-0 upstream")
    found += _inputs(examination, given, done)
    return row("layout", _first_of_each(found), plural(len(LAYOUTS) + 2, "layout"))


def _first_of_each(found: list[Finding]) -> list[Finding]:
    kept: dict[str, Finding] = {}
    for finding in found:
        kept.setdefault(finding.fault, finding)
    return list(kept.values())


def _laid_out(
    examination: Examination, given: Sample, sent: list[Any], expected: dict[str, Any], name: str
) -> Iterator[Finding]:
    try:
        state, _ = begin(examination.layer, given)
        found = finish(examination.layer, state, sent)
    except UserError as error:
        if "read-only" in str(error):
            yield failed("layout", f"{name}: {error}", "", "upstream overwritten")
        else:
            yield failed("layout", f"{name}: {error}", "", "memory order")
        return
    reference = examination.reference(given)
    for key, value in expected.items():
        room = (
            tolerance(reference, key, value)
            if key in reference.bounds and np.shape(reference.bounds[key]) == np.shape(value)
            else 0
        )
        if not same(value, found.get(key, np.nan), room):
            yield failed("layout", f"{name}: another gradient of {key}", key, "memory order")


def _inputs(examination: Examination, given: Sample, done: Any) -> Iterator[Finding]:
    values = {
        name: np.asfortranarray(value) if isinstance(value, np.ndarray) else value
        for name, value in given.values.items()
    }
    yield from _laid_out(
        examination, Sample(given.name, values, given.constants, given.seed), done.upstreams, done.gradients,
        "Fortran-ordered inputs",
    )  # fmt: skip

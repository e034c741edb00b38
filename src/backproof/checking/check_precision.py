"""Precision: how many ulp the gradients lose in float32 and float16, beside 50 digits; reported, never a failure."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from backproof.checking.check_contracts import as_dtype
from backproof.checking.check_domain import expected_slopes, is_positive_only, scalar_argument
from backproof.checking.examination import Examination
from backproof.checking.findings import Outcome, Row
from backproof.checking.running_user import UserError, begin, finish, once
from backproof.checking.shapes import Sample

DTYPES: Final = (np.float32, np.float16)
#: The form that keeps the digits, by node.
STABLE: Final[dict[str, str]] = {
    "sigmoid": "exp(-|x|)/(1 + exp(-|x|))^2 keeps them all; y*(1 - y) loses them where y rounds to 1",
    "tanh": "4*exp(-2|x|)/(1 + exp(-2|x|))^2 keeps them all; 1 - y^2 loses them where y rounds to 1",
    "softplus": "max(x, 0) + log1p(exp(-|x|)) neither overflows nor loses digits",
    "log-sigmoid": "min(x, 0) - log1p(exp(-|x|)) neither overflows nor loses digits",
    "silu": "write the slope with exp(-|x|): y*(1 - y) loses its digits where y rounds to 1",
    "mish": "write tanh(softplus(x)) with exp(-|x|); 1 - y^2 loses its digits where y rounds to 1",
    "gelu-tanh": "write 1 - tanh(u)^2 as 4*exp(-2|u|)/(1 + exp(-2|u|))^2",
    "softmax": "subtract the largest entry of each row before exp",
    "log-softmax": "x - max - log(sum(exp(x - max))), not the logarithm of the softmax",
    "logsumexp": "subtract the largest entry of each row before exp, and add it afterwards",
    "softmax-cross-entropy": "take log-softmax of the shifted scores, not the logarithm of the softmax",
}  # fmt: skip
#: Above so many ulp a point counts as lost, and above so many at the worst point a better form is told.
_MANY: Final = 4
_TOLD: Final = 100
#: Above so many times the rounding that is to be expected, a better form is told.
_EXPECTED: Final = 16


def check_precision(examination: Examination, wrong: list[Any]) -> Row:
    """How far float32 and float16 are from 50 digits: reported, never a failure."""
    if wrong:
        return Row("precision", Outcome.SKIPPED, "its values are wrong anyway")
    said = []
    is_poor = False
    for dtype in DTYPES:
        try:
            name = scalar_argument(examination)
            detail, poor = _ulps(examination, name, dtype) if name else _relative(examination, dtype)
        except (UserError, KeyError, TypeError, ValueError) as error:
            detail, poor = f"does not run: {error}", False
        said.append(f"{np.dtype(dtype)}: {detail}")
        is_poor = is_poor or poor
    node = examination.node.node.name if examination.node else ""
    hint = f"; {STABLE[node]}" if is_poor and node in STABLE else ""
    return Row("precision", Outcome.PASSED, "; ".join(said) + hint)


def _ulps(examination: Examination, name: str, dtype: Any) -> tuple[str, bool]:
    """Return how many ulp the slope of an elementwise layer is out at worst, and whether that is poor."""
    low = 0.01 if is_positive_only(examination, name) else -30.0
    high = 0.99 if "unit" in examination.plan.shapes.get(name, "") else 30.0
    points = np.linspace(low, high, 120).astype(dtype)  # not 0, nor any other whole number: there may be kinks
    given = as_dtype(examination.samples[0], dtype)
    sample = Sample(str(np.dtype(dtype)), given.values | {name: points}, given.constants, given.seed)
    state, outputs = begin(examination.layer, sample)
    found = np.asarray(finish(examination.layer, state, [np.ones_like(outputs[0])])[name], dtype=np.float64)
    expected = expected_slopes(examination, name, points.astype(np.float64).tolist())
    limits = np.finfo(dtype)
    inside = np.clip(np.abs(expected), float(limits.tiny), float(limits.max)).astype(dtype)
    with np.errstate(all="ignore"):
        ulps = np.abs(found - expected) / np.spacing(inside).astype(np.float64)
    ulps = np.where(np.isfinite(ulps), ulps, np.inf)
    worst = int(np.argmax(ulps))
    share = float(np.mean(ulps > _MANY))
    many = f", more than {_MANY} ulp at {share:.0%} of points" if share else ""
    return f"at most {ulps[worst]:.3g} ulp (at {name} = {points[worst]:.4g}){many}", bool(ulps[worst] > _TOLD)


def _relative(examination: Examination, dtype: Any) -> tuple[str, bool]:
    """Return the worst error beside the rounding that the condition explains, and whether that is poor."""
    sample = as_dtype(examination.samples[0], dtype)
    done = once(examination.layer, sample)
    exact = Sample(sample.name, as_dtype(sample, np.float64).values, sample.constants, sample.seed)
    reference = examination.expect(exact, [u.astype(np.float64) for u in done.upstreams], with_backward=False)
    worst = lost = 0.0
    for name, gradient in done.gradients.items():
        if name in reference.gradients and np.shape(gradient) == np.shape(reference.gradients[name]):
            room = np.maximum(reference.bounds[name], np.finfo(np.float64).tiny)
            gap = np.abs(gradient.astype(np.float64) - reference.gradients[name])
            gap = np.where(np.isfinite(gap), gap, np.inf)
            largest = dtype(np.max(np.abs(reference.gradients[name]), initial=np.finfo(dtype).tiny))
            with np.errstate(all="ignore"):
                lost = max(lost, float(np.max(gap, initial=0.0) / np.spacing(largest).astype(np.float64)))
            worst = max(worst, float(np.max(gap / (room * np.finfo(dtype).eps), initial=0.0)))
    ulps = f"at most {lost:.3g} ulp of the largest entry"
    return f"{ulps}, {worst:.2g} of the rounding to be expected", worst > _EXPECTED

"""Local derivatives agree with numerical slopes, and a wrong one does not get past the kernel."""

from __future__ import annotations

import mpmath
import pytest

from backproof.calculus import local
from backproof.calculus.local import local_derivatives
from backproof.calculus.numeric import lambdify_terms
from backproof.graph import operations
from backproof.kernel import Kind
from backproof.language import to_source
from backproof.terms import Term

from .helpers import derivation, node

#: One operation each, and a point inside its domain.
OPERATIONS = [
    ("-x", {"x": 0.7}),
    ("x + t + 2", {"x": 0.7, "t": -1.3}),
    ("x - t", {"x": 0.7, "t": -1.3}),
    ("x*t*2", {"x": 0.7, "t": -1.3}),
    ("x*x", {"x": 0.7}),
    ("x/t", {"x": 0.7, "t": -1.3}),
    ("1/x", {"x": -0.7}),
    ("2/x", {"x": 0.7}),
    ("x^2", {"x": -0.7}),
    ("x^5", {"x": -0.7}),
    ("x^(1/2)", {"x": 0.7}),
    ("x^t", {"x": 0.7, "t": -1.3}),
    ("2^x", {"x": 0.7}),
    ("exp(x)", {"x": 0.7}),
    ("log(x)", {"x": 0.7}),
    ("sqrt(x)", {"x": 0.7}),
    ("abs(x)", {"x": -0.7}),
    ("sign(x)", {"x": -0.7}),
    ("sin(x)", {"x": 0.7}),
    ("cos(x)", {"x": 0.7}),
    ("tan(x)", {"x": 0.7}),
    ("atan(x)", {"x": 0.7}),
    ("sinh(x)", {"x": 0.7}),
    ("cosh(x)", {"x": 0.7}),
    ("tanh(x)", {"x": 0.7}),
    ("erf(x)", {"x": 0.7}),
    ("max(0, x)", {"x": 0.7}),
    ("max(0, x)", {"x": -0.7}),
    ("max(x, t, 1)", {"x": 1.7, "t": -1.3}),
    ("min(x, t)", {"x": 0.7, "t": -1.3}),
    ("where(x > t, x, t)", {"x": 0.7, "t": -1.3}),
    ("where(x < 0 or t < 0, x, t)", {"x": 0.7, "t": -1.3}),
]


@pytest.mark.parametrize(("text", "point"), OPERATIONS, ids=[text for text, _ in OPERATIONS])
def test_the_local_derivatives_sum_to_the_numerical_slope(text: str, point: dict[str, float]) -> None:
    (step,) = operations(node([f"y = {text}"], ", ".join(point)))
    used = [value for value in step.inputs if value.head == "sym"]
    rows = [row for value, row in zip(step.inputs, local_derivatives(step), strict=True) if value in used]
    assert gap(step.term, [short for _, short in rows], used, point) < 1e-20
    assert gap(step.term, [plain for plain, _ in rows], used, point) < 1e-20


def gap(primal: Term, slopes: list[Term], used: list[Term], point: dict[str, float]) -> mpmath.mpf:
    """Return how far a step along (1, 2, …) disagrees with the sum of the local derivatives."""
    along = {name: i + 1 for i, name in enumerate(point)}
    with mpmath.workdps(50):
        function = lambdify_terms([primal], list(point), "mpmath")
        output = function(*point.values())[0]
        table = lambdify_terms(slopes, [*point, "y"], "mpmath")(*point.values(), output)
        total = mpmath.fsum(along[v.data] * slope for v, slope in zip(used, table, strict=True))
        line = mpmath.diff(
            lambda h: function(*(mpmath.mpf(point[n]) + h * along[n] for n in point))[0],
            0,
            h=mpmath.mpf("1e-15"),
        )
        return abs(total - line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exp(x)", "y"),
        ("1/x", "-y^2"),
        ("sqrt(x)", "1/(2*y)"),
        ("tanh(x)", "1 - y^2"),
        ("tan(x)", "1 + y^2"),
        ("2^x", "y*log(2)"),
        ("log(x)", "1/x"),
        ("x^3", "3*x^2"),
        ("x^k", "k*x^(k - 1)"),
        ("abs(x)", "sign(x)"),
        ("max(0, x)", "where(x > 0, 1, 0)"),
        ("min(1, x)", "where(x < 1, 1, 0)"),
        ("erf(x)", "2*exp(-x^2)/sqrt(pi)"),
        ("sqrt(2/pi)*x", "sqrt(2/pi)"),
        ("0.044715*x", "0.044715"),
        ("where(x > 0, x, 0)", "where(x > 0, 1, 0)"),
    ],
)
def test_a_local_derivative_is_in_the_output_where_that_is_simpler(text: str, expected: str) -> None:
    found = derivation(f"y = {text}", inputs="x, k")
    assert next(to_source(row.term) for row in found.locals if row.input.data == "x") == expected


def test_a_kind_is_differentiated_once() -> None:
    local._derive.cache_clear()
    derivation("a = exp(x)", "b = exp(a)", "y = exp(b)")
    assert local._derive.cache_info().misses == 1


def test_a_wrong_local_derivative_is_refuted_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    right = local.derivative
    monkeypatch.setattr(local, "derivative", lambda primal, variable: -right(primal, variable))
    local._derive.cache_clear()
    found = derivation("y = tanh(x)")
    local._derive.cache_clear()
    assert found.chains[0].steps[0].verdict.kind is Kind.REFUTED

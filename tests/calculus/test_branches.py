"""Nodes with kinks are derived interval by interval and joined into one formula."""

from __future__ import annotations

from fractions import Fraction

import pytest

from backproof.calculus.regions import regions
from backproof.domains import NAMED, REAL
from backproof.graph import operations
from backproof.kernel import Kind
from backproof.language import to_source
from backproof.terms import names

from .helpers import chain, derivation, node

RELU = ["y = max(0, x)", "at x = 0: dx = 0"]
ELU = ["y = where(x > 0, x, alpha*(exp(x) - 1))", "at x = 0: dx = dy*alpha"]
HARD_TANH = ["y = max(-1, min(1, x))", "at x = -1: dx = 0", "at x = 1: dx = 0"]
HARD_SWISH = ["y = x*max(0, min(1, x/6 + 1/2))", "at x = -3: dx = 0", "at x = 3: dx = dy"]


@pytest.mark.parametrize(
    ("lines", "inputs", "expected"),
    [
        (RELU, "x", "where(x > 0, dy, 0)"),
        (ELU, "x, alpha", "dy*where(x > 0, 1, alpha + y)"),
        (HARD_TANH, "x", "where(abs(x) < 1, dy, 0)"),
        (HARD_SWISH, "x", "where(x >= 3, dy, where(x > -3, dy*(3 + 2*x)/6, 0))"),
        (["y = max(1, min(2, x))"], "x", "where(1 < x and x < 2, dy, 0)"),
        (["y = abs(x)*x"], "x", "dy*2*abs(x)"),
        (["y = max(0, x)^2"], "x", "where(x > 0, dy*2*x, 0)"),
        (["y = abs(x)"], "x: positive", "dy"),
    ],
)
def test_the_branches_are_joined(lines: list[str], inputs: str, expected: str) -> None:
    judged = chain(derivation(*lines, inputs=inputs))
    assert to_source(judged.result) == expected
    assert all(step.verdict.is_accepted for step in judged.steps)


def test_a_stated_convention_makes_the_steps_true_everywhere() -> None:
    judged = chain(derivation(*HARD_TANH))
    assert {step.verdict.kind for step in judged.steps} == {Kind.PROVED}


@pytest.mark.parametrize(
    ("line", "domain", "cuts"),
    [
        ("y = max(0, x)", REAL, [0]),
        ("y = max(0, x)", NAMED["positive"], []),
        ("y = max(-1, min(1, x))", REAL, [-1, 1]),
        ("y = abs(x^2 - 4)", REAL, [-2, 2]),
        ("y = where(2*x > 1, x, 0)", REAL, [Fraction(1, 2)]),
        ("y = where(not (x > 1 and x < 2), x, 0)", REAL, [1, 2]),
    ],
)
def test_the_real_line_is_cut_where_a_choice_changes(line: str, domain: object, cuts: list[int]) -> None:
    found = regions(operations(node([line])), {"x": domain})  # type: ignore[dict-item]
    assert found is not None
    assert [part.low for part in found[1][1:]] == cuts


@pytest.mark.parametrize(
    ("line", "inputs"), [("y = max(x, t)", "x, t"), ("y = abs(exp(x) - 2)", "x"), ("y = abs(x^2 - 2)", "x")]
)
def test_a_cut_that_is_no_rational_number_is_not_made(line: str, inputs: str) -> None:
    steps = operations(node([line], inputs))
    assert regions(steps, {name: REAL for name in inputs.split(", ")}) is None


def test_a_choice_between_two_inputs_is_tidied_branch_by_branch() -> None:
    judged = chain(derivation("y = max(x, t)", inputs="x, t"))
    assert to_source(judged.result) == "where(x > t, dy, 0)"
    (condition,) = judged.steps[0].verdict.conditions
    assert (condition.head, set(names(condition))) == ("ne", {"x", "t"})

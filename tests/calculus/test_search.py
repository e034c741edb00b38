"""Steps are found from the forward pass alone, to the form that a person would keep."""

from __future__ import annotations

import pytest

from backproof.derivation import JudgedChain
from backproof.language import to_source

from .helpers import chain, derivation, written

#: Forward lines, inputs, and the final form of the first input's gradient.
FORMS = [
    (["y = x*exp(-x^2)"], "x", "dy*exp(-x^2)*(1 - 2*x^2)"),
    (["y = log(1 + exp(x))"], "x", "dy*(1 - exp(-y))"),
    (["y = tanh(x)"], "x", "dy*(1 - y^2)"),
    (["y = exp(x)"], "x", "dy*y"),
    (["y = sqrt(x)"], "x: positive", "dy/(2*y)"),
    (["y = 1/x"], "x: nonzero", "-dy*y^2"),
    (["y = log(x)"], "x: positive", "dy/x"),
    (["y = -log(1 + exp(-x))"], "x", "dy*(1 - exp(y))"),
    (["y = exp(-exp(-x))"], "x", "-dy*y*log(y)"),
    (["y = 2/(1 + exp(-2*x)) - 1"], "x", "dy*(1 - y^2)"),
    (["y = (exp(x) - exp(-x))/(exp(x) + exp(-x))"], "x", "dy*(1 - y^2)"),
    (["y = exp(x)/(1 + exp(x))"], "x", "dy*y*(1 - y)"),
    (["y = x/(1 + x)"], "x: positive", "dy*(1 - y)^2"),
    (["y = x/(1 + abs(x))"], "x", "dy*(1 - abs(y))^2"),
    (["y = sqrt(1 + x^2)"], "x", "dy*x/y"),
    (["y = x^3"], "x", "dy*3*x^2"),
    (["y = atan(x)"], "x", "dy/(1 + x^2)"),
    (["y = x^4 + x"], "x", "dy*(1 + 4*x^3)"),
    (["s = 1/(1 + exp(-x))", "y = x*s"], "x", "dy*(s + y*(1 - s))"),
    (["s = log(1 + exp(x))", "t = tanh(s)", "y = x*t"], "x", "dy*(t + x*(1 - t^2)*(1 - exp(-s)))"),
    (["p = (1 + erf(x/sqrt(2)))/2", "y = x*p"], "x", "dy*(p + x*exp(-x^2/2)/sqrt(2*pi))"),
    (["r = y - t", "e = r^2/2"], "y, t", "de*(y - t)"),
    (["e = -(t*log(p) + (1 - t)*log(1 - p))"], "p: (0, 1), t", "de*(p - t)/(p*(1 - p))"),
    (
        ["p = 1/(1 + exp(-x))", "e = -(t*log(p) + (1 - t)*log(1 - p))"],
        "x, t",
        "de*(p - t)",
    ),
    (["y = a*b"], "a, b", "dy*b"),
    (["y = a - b"], "a, b", "dy"),
    (["y = (a - b)/(a + b)"], "a: positive, b: positive", "dy*2*b/(a + b)^2"),
]


def first(lines: list[str], inputs: str) -> JudgedChain:
    return derivation(*lines, inputs=inputs).chains[0]


@pytest.mark.parametrize(("lines", "inputs", "expected"), FORMS)
def test_the_final_form_is_the_one_a_person_keeps(lines: list[str], inputs: str, expected: str) -> None:
    assert to_source(first(lines, inputs).result) == expected


@pytest.mark.parametrize(("lines", "inputs", "expected"), FORMS)
def test_every_found_step_is_accepted_by_the_kernel(lines: list[str], inputs: str, expected: str) -> None:
    assert all(step.verdict.is_accepted for step in first(lines, inputs).steps), expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["y = x*exp(-x^2)"],
            [
                ("dy*exp(-x^2) - dy*x*exp(-x^2)*2*x", "chain-rule"),
                ("dy*exp(-x^2)*(1 - 2*x^2)", "factor"),
            ],
        ),
        (
            ["y = log(1 + exp(x))"],
            [
                ("dy*exp(x)/(1 + exp(x))", "chain-rule"),
                ("dy*(exp(y) - 1)/exp(y)", "definition of y"),
                ("dy*(1 - exp(-y))", "cancel"),
            ],
        ),
        (
            ["y = tanh(x)"],
            [("dy*(1 - tanh(x)^2)", "chain-rule"), ("dy*(1 - y^2)", "definition of y")],
        ),
        (
            ["s = 1/(1 + exp(-x))", "y = x*s"],
            [
                ("dy*s + dy*x*s^2*exp(-x)", "chain-rule"),
                ("dy*s + dy*x*s^2*(1/s - 1)", "definition of s"),
                ("dy*(s + y*(1 - s))", "cancel"),
            ],
        ),
    ],
)
def test_the_steps_are_one_idea_a_line(lines: list[str], expected: list[tuple[str, str]]) -> None:
    assert written(first(lines, "x")) == expected


@pytest.mark.parametrize(
    ("line", "inputs", "reason"),
    [
        ("y = x^2", "x", "$y$ takes the same value at $x$ and $-x$."),
        ("y = exp(-x^2)", "x", "$y$ takes the same value at $x$ and $-x$."),
        ("y = sin(x)", "x", "$y$ falls at $x = 2$ and rises at $x = 1$."),
        ("y = x/(1 + exp(-x))", "x", "$y$ falls at $x = -2$ and rises at $x = 1$."),
        ("y = x*(1 + erf(x/sqrt(2)))/2", "x", "$y$ falls at $x = -1$ and rises at $x = 1$."),
    ],
)
def test_a_gradient_that_needs_the_input_says_why(line: str, inputs: str, reason: str) -> None:
    assert chain(derivation(line, inputs=inputs)).note == f"No form in $y$ alone: {reason}"


def test_the_domain_decides_an_inverse_with_two_values() -> None:
    assert "takes the same value" not in chain(derivation("y = x^2", inputs="x: positive")).note


def test_a_form_that_needs_more_conditions_is_not_taken() -> None:
    found = chain(derivation("y = a/b", inputs="a, b: nonzero"), "db")
    assert to_source(found.result) == "-dy*a/b^2"


@pytest.mark.parametrize(
    "line",
    [
        "y = 9^9^9*x",
        "y = x^(9^9^9)",
        "y = (x + 1)^400*(x + 2)^400",
        "y = (x + a + b + c)^100",
        "y = (exp(300*x) - exp(-200*x))/(exp(7*x) + exp(-300*x))",
    ],
)
def test_a_formula_that_would_explode_is_left_as_it_is(line: str) -> None:
    found = derivation(line, inputs="x, a, b, c")
    assert found.chains[0].steps[0].rule == "chain-rule"


def test_a_tower_of_functions_is_shown_by_the_names_of_its_values() -> None:
    found = first(["y = " + "exp(-" * 60 + "x" + ")" * 60], "x")
    assert "exp" not in to_source(found.result)


def test_two_runs_find_the_same_steps() -> None:
    lines = ["p = 1/(1 + exp(-x))", "q = 1 - p", "y = p*q"]
    assert written(first(lines, "x")) == written(first(lines, "x"))

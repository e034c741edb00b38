"""A reason that names a known rule must explain its step; a missing reason is inferred."""

from __future__ import annotations

import pytest

from backproof.calculus.rules import WARNING

from .helpers import chain, derivation

LINES = ("s = 1/(1 + exp(-x))", "y = x*s")
FIRST = "dx = dy*s + dy*x*s^2*exp(-x)"


@pytest.mark.parametrize(
    ("step", "reason", "warning"),
    [
        ("dy*(s + x*s^2*exp(-x))", "factor", ""),
        ("dy*(s + x*s^2*exp(-x))", "definition of s", WARNING),
        ("dy*(s + x*s^2*exp(-x))", "chain rule", WARNING),
        ("dy*s + dy*x*s^2*(1/s - 1)", "definition of s", ""),
        ("dy*s + dy*x*s^2*(1/s - 1)", "definition of y", WARNING),
        ("dy*s + dy*x*s^2*(1/s - 1)", "cancel", WARNING),
        ("dy*s + dy*y*s*exp(-x)", "definition-of y", ""),
        ("dy*s + dy*x*s^2*(1/s - 1)", "as one sees at once", ""),
    ],
)
def test_a_known_rule_must_explain_its_step(step: str, reason: str, warning: str) -> None:
    judged = chain(derivation(*LINES, FIRST, f"   = {step} -- {reason}"))
    assert judged.steps[1].verdict.is_accepted
    assert judged.steps[1].warning == warning


def test_the_chain_rule_explains_a_gradient() -> None:
    assert chain(derivation(*LINES, f"{FIRST} -- chain rule")).steps[0].warning == ""


def test_a_false_step_is_not_also_warned_about() -> None:
    judged = chain(derivation(*LINES, FIRST, "   = dy*s -- factor"))
    assert judged.steps[1].warning == ""


@pytest.mark.parametrize(
    ("step", "rule"),
    [
        ("dy*(s + x*s^2*exp(-x))", "factor"),
        ("dy*s + dy*y*s*exp(-x)", "definition of y"),
        ("dy*s + dy*x*s^2*(1/s - 1)", ""),
    ],
)
def test_a_missing_reason_is_inferred_where_it_is_plain_to_see(step: str, rule: str) -> None:
    assert chain(derivation(*LINES, FIRST, f"   = {step}")).steps[1].rule == rule


def test_the_first_step_of_a_gradient_is_the_chain_rule() -> None:
    assert chain(derivation(*LINES, FIRST)).steps[0].rule == "chain-rule"


def test_a_derivative_taken_is_named_so() -> None:
    judged = chain(derivation("y = a*b", "da = dy*D(y, a)", "   = dy*b", inputs="a, b"), "da")
    assert [step.rule for step in judged.steps] == ["chain-rule", "derivative"]

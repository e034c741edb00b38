"""A step is tried in a part of what is in force; nothing is proved there that is false in the whole."""

from __future__ import annotations

import pytest

from backproof.calculus import derive
from backproof.derivation import Derivation, JudgedStep
from backproof.kernel import Kind
from backproof.language import parse_document, to_source

SOFTMAX = """node softmax(x[n, k])
e[n, k] = exp(x[n, k])
s[n] = sum[k](e[n, k])
y[n, k] = e[n, k]/s[n]
"""
MASKED = """node masked(x[n, k], m[n, k])
e[n, k] = exp(x[n, k])*[m[n, k] > 0]
s[n] = sum[k](e[n, k])
y[n, k] = e[n, k]/s[n]
"""
WINDOWS = """node windows(x[a], step: natural)
z[p, u] = x[p*step + u]
y[p] = max[u](z[p, u])
"""


def derivation_of(text: str) -> Derivation:
    return derive(parse_document(f"```derive\n{text}\n```\n").nodes[0])


def last_step(text: str) -> JudgedStep:
    """Return the last step of the first chain that the text states."""
    return derivation_of(text).chains[0].steps[-1]


def conditions(step: JudgedStep) -> list[str]:
    return [to_source(condition) for condition in step.verdict.conditions]


def test_lines_that_a_derivative_goes_through_are_not_taken_for_free_names() -> None:
    text = SOFTMAX + "dx[n, k] = sum[k'](dy[n, k']*D(y[n, k'], x[n, k])) = sum[k'](0*dy[n, k']*D(y[n, k'], x[n, k]))"
    assert last_step(text).verdict.kind is Kind.REFUTED


def test_a_line_that_stands_on_both_sides_has_a_value_only_where_it_is_defined() -> None:
    step = last_step(MASKED + "dx[n, k] = y[n, k]*(dy[n, k] - sum[k'](dy[n, k']*y[n, k']))")
    assert conditions(step) == ["s[n] != 0"]


def test_a_line_that_always_has_a_value_adds_no_condition() -> None:
    step = last_step(SOFTMAX + "dx[n, k] = y[n, k]*(dy[n, k] - sum[k'](dy[n, k']*y[n, k']))")
    assert step.verdict.kind is Kind.PROVED


def test_what_an_earlier_chain_needed_is_a_condition_of_what_uses_its_result() -> None:
    text = WINDOWS + ("dz[p, u] = dy[p]*[z[p, u] = y[p]]\ndx[a] = sum[p, u](dy[p]*[z[p, u] = y[p]]*[p*step + u = a])")
    assert conditions(derivation_of(text).chains[1].steps[0]) == ["sum[u]([z[p, u] = max[u](z[p, u])]) = 1"]


@pytest.mark.parametrize(
    "wrong",
    ["de[n, k] = dy[n, k]/s[n]", "ds[n] = sum[k](dy[n, k]*y[n, k])/s[n]", "dx[n, k] = de[n, k]*y[n, k]"],
)
def test_a_false_chain_is_refuted_and_teaches_nothing(wrong: str) -> None:
    text = SOFTMAX + wrong + "\n" + "dx[n, k] = y[n, k]*(dy[n, k] - sum[k'](dy[n, k']*y[n, k']))" * ("dx" not in wrong)
    verdicts = [chain.steps[0].verdict.kind for chain in derivation_of(text).chains]
    assert verdicts[0] is Kind.REFUTED
    assert Kind.REFUTED not in verdicts[1:]
    assert Kind.UNKNOWN not in verdicts[1:]


def test_two_results_that_refer_to_each_other_do_not_go_round_in_circles() -> None:
    text = SOFTMAX + (
        "de[n, k] = dx[n, k]/e[n, k]\n"
        "dx[n, k] = de[n, k]*e[n, k]\n"
        "ds[n] = -sum[k](de[n, k]*e[n, k] - dx[n, k] + dy[n, k]*y[n, k])/s[n]"
    )
    assert [chain.steps[0].verdict.kind for chain in derivation_of(text).chains] == [Kind.PROVED] * 3

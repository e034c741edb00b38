"""The kernel's four verdicts, by family: what is true, what is false, what needs a condition, what stays open."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import backproof.kernel
from backproof.domains import NAMED, Context, Domain
from backproof.kernel import Kind, Verdict, judge
from backproof.language import parse_expression, to_source
from tests.fuzz.steps import all_corpus_steps

#: True steps of the corpus that the kernel leaves open, each with its reason in docs/trust.md.
OPEN = {"circular.md:35", "second_derivatives.md:53"}

CONDITIONAL = [
    ("x/x", "1", "x != 0"),
    ("exp(log(x))", "x", "x > 0"),
    ("sqrt(x)*sqrt(x)", "x", "x >= 0"),
    ("D(max(0,x), x)", "where(x > 0, 1, 0)", "x != 0"),
    ("D(abs(x), x)", "sign(x)", "x != 0"),
    ("D(log(x), x)", "1/x", "x > 0"),
    ("D(x^(3/2), x)", "3/2*sqrt(x)", "x > 0"),
    ("D(D(log(x), x), x)", "-1/x^2", "x > 0"),
    ("tan(x)^2+1", "1/cos(x)^2", "cos(x) != 0"),
    ("D(sign(x), x)", "0", "x != 0"),
    ("D(D(sign(x), x), x)", "0", "x != 0"),
    ("D(x^(5/exp(log(2))), x)", "5/2*x*sqrt(x)", "x > 0"),
]
FALSE = [
    ("sqrt(x^2)", "x"), ("sqrt(w/x)", "sqrt(w*x)/x"), ("D(tanh(x), x)", "1 + tanh(x)^2"), ("abs(x)", "x"),
    ("1.00000000000000000000000000000000001*x", "x"), ("x", "-x + 1"), ("max(x, w)", "min(x, w)"),
    ("where(x = 0, 0, D(max(0,x), x))", "where(x >= 0, 1, 0)"), ("log(1+exp(x))", "max(0, x)"),
    ("exp(x+w)", "exp(x) + exp(w)"), ("sin(2*x)", "2*sin(x)"), ("erf(x)", "tanh(x)"), ("(x+1)^2", "x^2+1"),
]  # fmt: skip
NOWHERE = [
    ("1/0", "2/0"), ("1/(x-x)", "2/(x-x)"), ("log(-1-x^2)", "log(-1-x^2)"), ("sqrt(-1-x^2)", "sqrt(-1-x^2)"),
    ("1/(sqrt(x*w)-sqrt(x)*sqrt(w))", "2/(sqrt(x*w)-sqrt(x)*sqrt(w))"), ("0^(-1)", "0^(-1)"),
]  # fmt: skip


def verdict_on(left: str, right: str, **domains: str) -> Verdict:
    context = Context({}, {name: NAMED[domain] for name, domain in domains.items()})
    return judge(parse_expression(left), parse_expression(right), context)


@pytest.mark.parametrize("step", all_corpus_steps(), ids=lambda step: step.origin)
def test_every_true_step_of_the_corpus_is_proved(step):
    verdict = judge(step.left, step.right, step.context)
    assert (verdict.kind is Kind.PROVED) is (step.origin not in OPEN)
    assert verdict.kind is not Kind.REFUTED


@pytest.mark.parametrize(("left", "right", "condition"), CONDITIONAL)
def test_a_step_that_needs_a_condition_is_proved_under_it(left, right, condition):
    verdict = verdict_on(left, right)
    assert verdict.kind is Kind.PROVED_IF
    assert [to_source(term) for term in verdict.conditions] == [condition]


@pytest.mark.parametrize(("left", "right"), FALSE)
def test_a_false_step_is_refuted_at_a_point(left, right):
    verdict = verdict_on(left, right)
    assert verdict.kind is Kind.REFUTED
    assert verdict.point


@pytest.mark.parametrize(("left", "right"), FALSE)
def test_a_false_step_is_refuted_with_its_sides_exchanged(left, right):
    assert verdict_on(right, left).kind is Kind.REFUTED


@pytest.mark.parametrize(("left", "right"), NOWHERE)
def test_what_is_defined_nowhere_is_not_proved(left, right):
    assert verdict_on(left, right).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("left", "right", "domain"),
    [
        ("sqrt(-1/x)", "sqrt(-x)/x", "negative"),
        ("D(D(log(x), x), x)", "-1/x^2", "negative"),
        ("D(log(-2*x), x)", "1/x", "positive"),
    ],
)
def test_a_domain_on_which_the_step_is_false_refutes_it(left, right, domain):
    assert verdict_on(left, right, x=domain).kind is Kind.REFUTED


def test_zero_to_a_positive_integer_that_varies_is_zero():
    context = Context({}, {"k": Domain(low=Fraction(1), low_open=False, integer=True)})
    assert judge(parse_expression("(x-x)^k"), parse_expression("0"), context).kind is Kind.PROVED


def test_a_slope_where_an_inner_slope_jumps_does_not_exist():
    verdict = verdict_on("where(x = 0, D(D(x*abs(w), w), x), 1)", "where(x = 0, where(w = 0, 1, sign(w)), 1)")
    assert [to_source(term) for term in verdict.conditions] == ["w != 0"]


def test_the_kernel_imports_only_terms_domains_errors_and_flint():
    allowed = {"backproof.terms", "backproof.domains", "backproof.errors", "flint"}
    imported = {
        node.module
        for path in Path(backproof.kernel.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    ours = {name for name in imported if name.split(".")[0] in ("backproof", "flint", "sympy", "numpy", "mpmath")}
    assert {name for name in ours if not name.startswith("backproof.kernel")} <= allowed


SCRIPT = """
import json
from backproof.kernel import judge
from tests.fuzz.steps import all_corpus_steps, trial
steps = all_corpus_steps()
some = steps[::25] + [trial(number, 3, steps) for number in range(20)]
verdicts = [judge(step.left, step.right, step.context) for step in some]
print(json.dumps([[v.kind.value, v.reason, str(v.point), v.left, v.right, v.certificate] for v in verdicts]))
"""


def test_verdicts_and_certificates_do_not_depend_on_the_hash_seed():
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root / "src"), str(root)])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "7")
    }
    assert len(outputs) == 1

"""What would take too long is refused before it is begun."""

from __future__ import annotations

import time

import pytest

from backproof.domains import Context
from backproof.kernel import Kind, judge
from backproof.language import parse_expression

LARGE = {
    "a broken exponent close to two": ("cosh(x)^2.000000000000000000000000000001", "the exponent 1000000"),
    "a number to such an exponent": ("2.000000000000000000000000000001^2.000000000000000000000000000001", "exponent"),
    "a high exponent": ("(x+1)^1000001", "the exponent 1000001"),
    "a high exponent of a root": ("x^123456789.5", "the exponent 246913579"),
    "a root of high order": ("(2*x)^(1/1000003)", "the exponent 1000003"),
    "a number without small factors": ("sqrt(15226050279225333605356183781326374297180681149613)", "prime factors"),
    "a tower": ("2^2^2^2^2^2", "the exponent"),
    "a product of sums": ("(x+w)^200*(x+p)^200*(w+k)^200", "the power 200"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), LARGE.values(), ids=LARGE.keys())
def test_a_step_beyond_the_limits_is_unknown_at_once(text, reason):
    start = time.process_time()
    verdict = judge(parse_expression(text), parse_expression("x^(5/7)*p"), Context(), refute=False)
    assert verdict.kind is Kind.UNKNOWN
    assert reason in verdict.reason
    assert time.process_time() - start < 1

"""A second index over an axis has a prime, and every index stands at the place of its own axis."""

from __future__ import annotations

import pytest

from backproof.errors import SourceError
from backproof.language import parse_document, parse_expression, to_source

WRONG = [
    ("node f(x[n, d])", "y[n] = sum[d](x[d, n])", "4:15: the index 'd' stands at the axis 'n' of x[n, d]"),
    ("node f(x[n])", "y[n] = x[n']", "4:10: the index 'n'' is neither bound, as in sum[n'](…)"),
    ("node f(x[n])", "y[n, m'] = x[n]", "4:6: 'm'' is a second index of 'm', which is no axis yet"),
    ("node f(x[n])", "y[n] = x[n]/size(n')", "4:18: a length has no prime; write size(n)"),
    ("node f(x[n])", "y = x'", "4:5: 'x'' has a prime; only an index may have one"),
    ("node f(x)", "y = f'(x)", "4:5: 'f'' has a prime; only an index may have one"),
    ("node f(x')", "y = x", "3:8: 'x'' has a prime; only an index may have one"),
    ("node f(x)", "y' = x", "4:1: 'y'' has a prime; only an index may have one"),
]


def test_reads_and_prints_primes() -> None:
    """What is printed is what was read."""
    text = "sum[n', n''](x[n', k]*y[n'', n]*[n' = n''])"
    assert to_source(parse_expression(text)) == text


def test_gradients_have_the_axes_of_their_variables() -> None:
    """A square array has one axis twice, with and without a prime."""
    lines = "S[n, n'] = sum[d](x[n, d]*x[n', d])\ndS[n, n'] = 0"
    node = parse_document(f"```derive\nnode f(x[n, d])\n{lines}\n```\n").nodes[0]
    assert node.lines[0].axes == ("n", "n'")
    assert to_source(node.chains[0].target) == "dS[n, n']"


@pytest.mark.parametrize(("header", "line", "message"), WRONG)
def test_refuses_an_index_out_of_place(header: str, line: str, message: str) -> None:
    """The place and the axes are named."""
    with pytest.raises(SourceError) as caught:
        parse_document(f"# F\n```derive\n{header}\n{line}\n```\n")
    assert f":{message}" in str(caught.value)

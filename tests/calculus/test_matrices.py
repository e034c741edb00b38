"""A plain contraction of two matrices is shown as a matrix product."""

from __future__ import annotations

import pytest

from backproof.calculus.matrices import matrix_form
from backproof.language import parse_expression

FORMS = [
    ("dx[n, d]", "sum[k](dy[n, k]*W[d, k])", r"dx = dy \cdot W^T"),
    ("dW[d, k]", "sum[n](dy[n, k]*x[n, d])", r"dW = x^T \cdot dy"),
    ("dQ[i, d]", "sum[j](dS[i, j]*K[j, d])", r"dQ = dS \cdot K"),
    ("dV_next[j, e]", "sum[i](P[i, j]*dy[i, e])", r"dV_{next} = P^T \cdot dy"),
]
NONE = [
    ("db[k]", "sum[n](dy[n, k])"),
    ("dx[n, d]", "dy[n, d]*g[d]"),
    ("dx[n, d]", "sum[k](dy[n, k]*W[n, d])"),
    ("dx[a, b]", "sum[u](dy[a, a + u]*W[u, b])"),
    ("dx[n, d]", "sum[k](dy[n, k]*W[d, k]*m[n, k])"),
]


@pytest.mark.parametrize(("target", "result", "expected"), FORMS)
def test_writes_the_matrix_form(target: str, result: str, expected: str) -> None:
    """Which operand is transposed follows from its indices."""
    assert matrix_form(parse_expression(target), parse_expression(result)) == expected


@pytest.mark.parametrize(("target", "result"), NONE)
def test_writes_nothing_else_as_matrices(target: str, result: str) -> None:
    """Sums, products by entry and shifted reads have no matrix form."""
    assert not matrix_form(parse_expression(target), parse_expression(result))

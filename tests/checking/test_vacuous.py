"""A gradient that is zero whatever arrives is reported as vacuous: a wrong backward pass would pass its check."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backproof
from backproof.audit.documents import check_document
from backproof.audit.findings import Severity, exit_code
from backproof.checking.findings import Outcome
from backproof.language import parse_document

BATCH_NORM = """
m[d] = mean[n](x[n, d])
c[n, d] = x[n, d] - m[d]
v[d] = mean[n](c[n, d]^2)
h[n, d] = c[n, d]/sqrt(v[d] + 1e-5)
"""
UNDER_SUM = f"node batch-norm-under-sum(x[n, d]){BATCH_NORM}L = sum[n, d](h[n, d])"
ALONE = f"node batch-norm-alone(x[n, d]){BATCH_NORM}"


def findings(text: str) -> list[tuple[Severity, str]]:
    report = check_document(parse_document(f"```derive\n{text}\n```\n"))
    return [(finding.severity, finding.message) for finding in report.findings]


def test_batch_norm_under_a_sum_is_a_vacuous_derivation() -> None:
    message = "warning: dx is zero whatever arrives, so that its check is vacuous"
    assert findings(UNDER_SUM) == [(Severity.WARNING, message)]


def test_batch_norm_by_itself_is_not() -> None:
    assert findings(ALONE) == []


@pytest.mark.parametrize("text", ["node flat(x)\ny = x - x", "node late(x[n])\ny[n] = 0*x[n]"])
def test_a_gradient_that_cancels_is_vacuous_with_and_without_axes(text: str) -> None:
    ((severity, message),) = findings(text)
    assert (severity, "vacuous" in message) == (Severity.WARNING, True)


def test_a_warning_leaves_the_exit_code_alone() -> None:
    report = check_document(parse_document(f"```derive\n{UNDER_SUM}\n```\n"))
    assert exit_code(report.findings) == 0


class BatchNorm:
    """Batch normalisation by itself, with a right backward pass times ``factor``."""

    factor = 1.0

    def forward(self, x: Any) -> Any:
        centred = x - x.mean(axis=0)
        self.s = np.sqrt((centred**2).mean(axis=0) + x.dtype.type(1e-5))
        self.h = centred / self.s
        return self.h

    def pulled(self, dout: Any) -> Any:
        return (dout - dout.mean(axis=0) - self.h * (dout * self.h).mean(axis=0)) / self.s

    def backward(self, dout: Any) -> Any:
        return self.h.dtype.type(self.factor) * self.pulled(dout)


class Wrong(BatchNorm):
    """Five times too much, and of the wrong sign."""

    factor = -5.0


class UnderSum(BatchNorm):
    """The same, under the sum of all outputs."""

    def forward(self, x: Any) -> Any:
        return super().forward(x).sum()

    def backward(self, dout: Any) -> Any:
        return self.h.dtype.type(self.factor) * self.pulled(np.full(self.h.shape, dout, self.h.dtype))


class WrongUnderSum(UnderSum):
    """Five times too much, and of the wrong sign: nothing times minus five is nothing."""

    factor = -5.0


def value_row(layer: type[Any]) -> Any:
    report = backproof.check_layer(layer, only=("value",), shapes={"x": (5, 3)})
    (row,) = [each for each in report.rows if each.check == "value"]
    return row


@pytest.mark.parametrize("layer", [UnderSum, WrongUnderSum])
def test_a_layer_whose_true_gradient_is_zero_is_told_so(layer: type[Any]) -> None:
    assert any("vacuous" in finding.message for finding in value_row(layer).findings)


def test_the_same_mistake_is_found_where_the_gradient_is_not_zero() -> None:
    assert value_row(BatchNorm).outcome is Outcome.PASSED
    assert value_row(Wrong).outcome is Outcome.FAILED

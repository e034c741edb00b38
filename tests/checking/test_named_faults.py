"""Every mistake that the checker promises to name is planted once, found, named, and undone where a patch is given."""

from __future__ import annotations

import numpy as np
import pytest

import backproof
from backproof.checking.findings import Outcome
from tests.benchmarks.checker import is_named, report_of
from tests.checking import elementwise_sources, layer_mutants, structured_mutants
from tests.mylayers import book

MUTANTS = {
    mutant.id: mutant
    for table in (structured_mutants, layer_mutants, elementwise_sources)
    for mutant in reversed(table.mutants())
}  # fmt: skip
#: What may be wrong, and a layer in which it is.
PLANTED = {
    "sign": "book.Affine: sign", "factor": "book.Affine: factor", "missing 1/N": "book.SoftmaxWithLoss: missing 1/N",
    "extra 1/N": "sigmoid: extra 1/N", "mean for sum": "layers/affine.Affine: mean for sum",
    "missing batch sum": "layers/batch_norm.BatchNorm: missing batch sum",
    "wrong axis": "layers/affine.Affine: wrong axis", "transposed operand": "lists.Dense: transposed operand",
    "x used for y": "sigmoid: x used for y", "y used for x": "gelu: y used for x",
    "dropped term": "slopes.gelu: dropped term", "dropped path": "layers/softmax.Softmax: dropped path",
    "dropped path of the mean": "layers/batch_norm.BatchNorm: mean path dropped",
    "dropped path of the variance": "layers/batch_norm.BatchNorm: variance path dropped",
    "dropped path of an output": "layers/recurrent.LSTMStep: dropped path",
    "upstream ignored": "layers/embedding.Embedding: upstream ignored",
    "upstream applied twice": "sigmoid: upstream applied twice", "mask missing": "layers/dropout.Dropout: mask missing",
    "mask inverted": "book.ReLU: mask inverted", "mask redrawn": "layers/dropout.Dropout: mask redrawn",
    "stale cache": "layers/affine.Affine: stale cache", "gamma ignored": "layers/batch_norm.BatchNorm: gamma ignored",
    "wrong subgradient": "relu: wrong subgradient",
    "derivative of another function": "layers/elementwise.Sigmoid: derivative of another function",
    "derivative of a slightly different forward": "book.SoftmaxWithLoss: another forward",
    "argument order": "layers/recurrent.RNNStep: argument order",
    "upstream overwritten": "book.ReLU: upstream overwritten",
    "output is the cache": "book.Softmax: output is the cache",
    "gradients accumulated": "layers/embedding.Embedding: gradients accumulated",
    "two faults": "book.Affine: two faults",
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_mistake_is_named(fault: str) -> None:
    mutant = MUTANTS[PLANTED[fault]]
    report = report_of(mutant, abs(hash(fault)))
    assert is_named(report, mutant), str(report)


def test_a_gradient_that_stays_none_is_missing() -> None:
    class Affine(book.Affine):
        def backward(self, dout: np.ndarray) -> np.ndarray:
            self.dW = self.x.T @ dout
            return dout @ self.W.T

    report = backproof.check_layer(Affine)
    assert report.outcome is Outcome.FAILED
    assert report.faults == ("gradient missing",)
    assert report.unchecked == ("b",)


def test_a_division_by_zero_in_backward_forgives_nothing() -> None:
    class Dropout(book.Dropout):
        def backward(self, dout: np.ndarray) -> np.ndarray:
            return dout / self.mask

    assert backproof.check_layer(Dropout).outcome is Outcome.FAILED


def test_a_parameter_that_backward_updates_is_told() -> None:
    class Affine(book.Affine):
        def backward(self, dout: np.ndarray) -> np.ndarray:
            dx = super().backward(dout)
            self.W -= 0.1 * self.dW
            return dx

    assert "parameter updated in backward" in backproof.check_layer(Affine).faults


def test_a_backward_that_fails_for_the_shapes_of_its_node_is_wrong() -> None:
    class Softmax(book.Softmax):
        def backward(self, dout: np.ndarray) -> np.ndarray:
            dx = self.y * dout
            return dx - self.y * np.sum(dx, axis=-1)

    report = backproof.check_layer(Softmax)
    assert report.outcome is Outcome.FAILED
    assert "backward raises ValueError" in str(report)


def test_a_helper_of_backward_is_repaired_as_well() -> None:
    report = report_of(MUTANTS["layers/recurrent.RNNStep: transposed operand"], 0)
    patches = [finding.patch for finding in report.findings if finding.patch]
    assert any("self.Wh.T" in patch for patch in patches)


@pytest.mark.parametrize("seed", ["", "3"])
def test_a_layer_that_draws_from_its_own_generator_is_not_flagged(seed: str) -> None:
    class Dropout:
        def __init__(self) -> None:
            self.rng = np.random.default_rng(int(seed) if seed else None)

        def forward(self, x: np.ndarray) -> np.ndarray:
            self.mask = (self.rng.random(x.shape) > 0.4) / 0.6
            return x * self.mask

        def backward(self, dout: np.ndarray) -> np.ndarray:
            return dout * self.mask

    assert backproof.check_layer(Dropout)

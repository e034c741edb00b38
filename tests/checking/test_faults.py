"""The tester is tested: planted mistakes are found and named, right layers are left in peace."""

from __future__ import annotations

import numpy as np
import pytest

import backproof
from tests.benchmarks.checker import is_found, is_named, reports
from tests.checking import elementwise_sources, structured_mutants
from tests.checking.elementwise_sources import Mutant

#: A few of the matrix, one of each kind; tests/benchmarks/checker.py goes through all of it.
STRUCTURED = {mutant.id: mutant for mutant in structured_mutants.mutants()}
CHOSEN = [
    "book.Affine: transposed gradient", "book.Affine: mean for sum", "book.Affine: missing batch sum",
    "book.Affine: wrong axis", "book.Affine: stale cache", "book.Softmax: dropped path", "book.Softmax: wrong axis",
    "book.SoftmaxWithLoss: missing 1/N", "book.SoftmaxWithLoss: upstream ignored",
    "book.SoftmaxWithLoss: another forward", "book.BatchNorm: gamma ignored", "book.BatchNorm: mean path dropped",
    "book.BatchNorm: variance path dropped", "book.Dropout: mask redrawn", "book.ReLU: upstream overwritten",
    "book.ReLU: mask inverted", "book.Mul: argument order", "lists.RNN: derivative of another function",
    "lists.Embedding: gradients accumulated", "slopes.sigmoid: y for x", "functions.Div: power",
]  # fmt: skip
SOURCES = elementwise_sources.sources()


def report_of(mutant: Mutant) -> object:
    only = mutant.layer.split(".")[1] if "." in mutant.layer else ""
    return reports(mutant.source, f"planted_{abs(hash(mutant.id))}", only)[0]


@pytest.mark.parametrize("name", CHOSEN)
def test_a_planted_mistake_is_found_and_named(name: str) -> None:
    mutant = STRUCTURED[name]
    report = report_of(mutant)
    assert is_found(report, mutant)
    assert is_named(report, mutant), report.faults


@pytest.mark.parametrize("name", ["relu", "abs", "hard-tanh", "elu", "sigmoid", "div", "huber"])
def test_a_right_layer_is_not_flagged(name: str) -> None:
    (report,) = reports(SOURCES[name], f"right_{name.replace('-', '_')}")
    assert report, str(report)


class Sigmoid:
    def forward(self, x: np.ndarray) -> np.ndarray:
        self.y = 1 / (1 + np.exp(-x))
        return self.y + 0

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return dout * self.y * (1 - self.y)


class Tanh(Sigmoid):
    def forward(self, x: np.ndarray) -> np.ndarray:
        self.y = np.tanh(x)
        return self.y + 0


def test_check_layer_gives_an_object_with_text_and_html() -> None:
    report = backproof.check_layer(Sigmoid, node="sigmoid", shapes={"x": (4, 3)})
    assert report
    assert "value" in str(report)
    assert "<table>" in report._repr_html_()


def test_a_layer_that_is_not_the_declared_node_fails_in_its_forward() -> None:
    report = backproof.check_layer(Tanh, node="sigmoid", only=("value",))
    assert "another forward pass" in report.faults


def test_the_slope_of_another_function_is_named() -> None:
    report = backproof.check_layer(Tanh)
    assert report.faults[0] == "derivative of another function"
    assert "sigmoid" in str(report)


def test_html_escapes_what_comes_from_the_file() -> None:
    report = backproof.check_layer(type("<script>", (Tanh,), {}))
    assert "<script>" not in report._repr_html_()


def test_entries_are_proved_on_request() -> None:
    report = backproof.check_layer(Sigmoid, prove=True)
    (row,) = (row for row in report.rows if row.check == "agreement")
    assert "1 of 1 entries proved" in row.detail


def test_a_check_may_be_left_out() -> None:
    report = backproof.check_layer(Sigmoid, skip=("domain", "precision"))
    assert "domain" not in [row.check for row in report.rows]

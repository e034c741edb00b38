"""A layer is held to a node of the catalogue, with axes or without, once its forward pass is that node's."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

import backproof
from backproof.checking.aliases import longer, meant
from backproof.checking.findings import Outcome
from backproof.cli import main
from tests.mylayers import book, lists

#: Layers of the examples with the node that each of them is.
NODES = {
    book.Affine: "affine", book.Softmax: "softmax", book.SoftmaxWithLoss: "softmax-cross-entropy",
    book.MeanSquaredError: "mean-squared-error", book.BatchNorm: "batch-norm", book.Convolution: "convolution",
    book.Pooling: "max-pooling", lists.RNN: "rnn-step", lists.Embedding: "embedding", lists.LayerNorm: "layer-norm",
}  # fmt: skip


class Linear:
    """An affine layer with its weights the other way round, as some libraries keep them."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.weight, self.bias = weight, bias

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, dout: np.ndarray) -> np.ndarray:
        self.dweight, self.dbias = dout.T @ self.x, dout.sum(axis=0)
        return dout @ self.weight


class Attention:
    """Attends to keys; the softmax runs over the wrong axis in the backward pass of the mistaken one."""

    axis = -1

    def forward(self, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
        scores = np.exp(q @ k.T / np.sqrt(q.shape[-1]))
        self.q, self.k, self.v, self.p = q, k, v, scores / scores.sum(axis=-1, keepdims=True)
        return self.p @ v

    def backward(self, dout: np.ndarray) -> tuple[np.ndarray, ...]:
        dp = dout @ self.v.T
        ds = self.p * (dp - (dp * self.p).sum(axis=self.axis, keepdims=True)) / np.sqrt(self.q.shape[-1])
        return ds @ self.k, ds.T @ self.q, self.p.T @ dout


class MistakenAttention(Attention):
    axis = 0


class LabelledLoss:
    """Softmax and cross-entropy with the numbers of the classes as targets."""

    def forward(self, x: np.ndarray, t: np.ndarray) -> np.ndarray:
        shifted = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = shifted / shifted.sum(axis=1, keepdims=True), t
        return -np.mean(np.log(self.y[np.arange(len(t)), t]))

    def backward(self, dout: float = 1.0) -> np.ndarray:
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dout * dx / len(self.t)


@pytest.mark.parametrize("layer", NODES)
def test_a_layer_is_recognised_by_its_name_and_its_forward(layer: type) -> None:
    report = backproof.check_layer(layer, only=("value",))
    assert report, str(report)
    assert report.specification == f"the catalogue's {NODES[layer]} (by its name, its forward agrees)"
    assert report.formulas


@pytest.mark.parametrize("layer", NODES)
def test_a_layer_may_be_declared_to_be_a_node(layer: type) -> None:
    report = backproof.check_layer(layer, node=NODES[layer], only=("value",))
    assert report, str(report)
    assert "(declared)" in report.specification
    assert f"the catalogue's {NODES[layer]} and its own" in report.rows[0].detail


def test_transposed_weights_are_recognised() -> None:
    report = backproof.check_layer(Linear)
    assert report
    assert "the catalogue's affine" in report.specification
    assert any("W is weight, transposed" in note for note in report.notes)


def test_numbers_of_classes_stand_for_targets_of_ones() -> None:
    report = backproof.check_layer(LabelledLoss, node="softmax-cross-entropy")
    assert report, str(report)
    assert "softmax-cross-entropy (declared)" in report.specification


def test_a_name_of_several_nodes_means_the_one_whose_forward_agrees() -> None:
    report = backproof.check_layer(Attention)
    assert "scaled-dot-product-attention" in report.specification


def test_a_mistake_is_told_with_the_formula_of_the_node() -> None:
    report = backproof.check_layer(MistakenAttention, node="attention", only=("value",))
    assert report.outcome is Outcome.FAILED
    assert any(formula.startswith("dq[i, d] = ") for formula in report.formulas)


def test_another_node_is_named_where_the_layer_is_that_one() -> None:
    report = backproof.check_layer(book.Tanh, node="sigmoid", only=("value",))
    (finding,) = report.findings
    assert finding.message == "forward is not that of sigmoid, but that of tanh"


def test_arrays_that_do_not_fit_the_axes_are_explained() -> None:
    report = backproof.check_layer(Linear, node="softmax", only=("value",))
    (finding,) = report.findings
    assert "the axis k of x has 3 entries, elsewhere 2" in finding.details[0]


def test_inputs_that_are_missing_are_explained() -> None:
    report = backproof.check_layer(book.Dropout, node="dropout", only=("value",))
    assert "it takes x[n, d], m[n, d], ratio, the layer is given x (4, 3)" in str(report)


def test_a_node_that_does_not_exist_is_a_misuse() -> None:
    result = CliRunner().invoke(main, ["check", "mylayers.py", "--as", "sofmax"])
    assert result.exit_code == 2
    assert "softmax" in result.output


def test_a_forward_that_is_nearly_the_nodes_is_not_taken_for_it() -> None:
    class Softmax(book.Softmax):
        def forward(self, x: np.ndarray) -> np.ndarray:
            return super().forward(x) + 1e-10

    report = backproof.check_layer(Softmax, only=("value",))
    assert report.specification == "its own forward pass"
    assert "they differ by" in report.notes[-1]


@pytest.mark.parametrize(
    ("name", "nodes"),
    [("MyLinear", ("affine",)), ("gelu", ("gelu",)), ("Pool", ("max-pooling", "average-pooling")), ("Unheard", ())],
)
def test_names_stand_for_nodes(name: str, nodes: tuple[str, ...]) -> None:
    assert meant(name) == nodes


def test_longer_names_are_other_candidates() -> None:
    assert longer("gelu") == ("gelu-tanh",)

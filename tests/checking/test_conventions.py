"""Every style of the example files is found and checked, without a line of configuration."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from backproof.checking.aliases import plain_name
from backproof.checking.conventions import CONVENTIONS
from backproof.checking.discovery import Options, split_path
from backproof.checking.findings import Outcome
from backproof.checking.runner import check_path
from backproof.checking.specification import node_named

FOLDER = Path(__file__).parents[1] / "mylayers"
EXPECTED = {
    "book": ["Mul", "ReLU", "Sigmoid", "Tanh", "Affine", "Softmax", "SoftmaxWithLoss", "MeanSquaredError", "BatchNorm",
             "Dropout", "Convolution", "Pooling"],
    "lists": ["MatMul", "RNN", "Embedding", "Dense", "LayerNorm"],
    "pairs": ["affine", "relu", "batchnorm", "dropout", "conv", "svm_loss"],
    "slopes": ["sigmoid", "tanh", "leaky_relu", "gelu"],
    "functions": ["Square", "Exp", "Sin", "Div", "MatMul"],
    "marked": ["Squash", "bend"],
    "torch_functions": ["Exp", "Linear", "Swish"],
    "jax_functions": ["log1pexp", "scaled_product"],
}  # fmt: skip
NEEDS = {"torch_functions": "torch", "jax_functions": "jax"}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_example_is_found_and_right(name: str) -> None:
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    report = check_path(str(FOLDER / f"{name}.py"), Options(time_limit=300))
    assert (report.error, [layer.name for layer in report.layers]) == ("", EXPECTED[name])
    assert [layer.name for layer in report.layers if not layer] == []


def test_a_convention_is_one_row() -> None:
    assert len({row.name for row in CONVENTIONS}) == len(CONVENTIONS)


def test_one_layer_of_a_file_may_be_named() -> None:
    report = check_path(f"{FOLDER / 'slopes.py'}::tanh", Options(only=("value",)))
    assert [layer.name for layer in report.layers] == ["tanh"]


def test_a_name_that_is_not_there_is_an_error_with_the_names_that_are() -> None:
    report = check_path(f"{FOLDER / 'slopes.py'}::tahn")
    assert report.exit_code == 2
    assert "did you mean" in report.error


def test_two_functions_may_be_named_as_a_layer(tmp_path: Path) -> None:
    file = tmp_path / "odd.py"
    file.write_text("def run(x):\n    return x**3\n\n\ndef pull(x):\n    return 3 * x**2\n")
    report = check_path(str(file), Options(forward="run", backward="pull"))
    assert [layer.outcome for layer in report.layers] == [Outcome.PASSED]


def test_a_notebook_is_read_without_its_magic(tmp_path: Path) -> None:
    file = tmp_path / "notes.ipynb"
    file.write_text(
        '{"cells": [{"cell_type": "code", "source": ["%matplotlib inline\\n", "import numpy as np\\n"]}, '
        '{"cell_type": "code", "source": ["def cube(x):\\n", "    return x**3\\n", "def cube_grad(x):\\n", '
        '"    return 3 * x\\n"]}]}'
    )
    report = check_path(str(file))
    assert [layer.outcome for layer in report.layers] == [Outcome.FAILED]
    assert report.layers[0].faults == ("power",)


def test_pyproject_says_how_a_layer_is_fed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.backproof.layers.Blend]\narguments = {weight = 0.25}\nshapes = {first = [3, 2], second = [3, 2]}\n"
    )
    file = tmp_path / "blend.py"
    file.write_text(
        "class Blend:\n    def __init__(self, weight):\n        self.weight = weight\n"
        "    def forward(self, first, second):\n        return self.weight * first + second\n"
        "    def backward(self, dout):\n        return self.weight * dout, dout.copy()\n"
    )
    report = check_path(str(file))
    assert [layer.outcome for layer in report.layers] == [Outcome.PASSED]


@pytest.mark.parametrize(
    ("name", "node"),
    [("Sigmoid", "sigmoid"), ("MySigmoidLayer", "sigmoid"), ("ReLU", "relu"), ("LeakyReLU", "leaky-relu"),
     ("swish", "silu"), ("hard_tanh", "hard-tanh"), ("SELU", "selu")],
)  # fmt: skip
def test_names_and_aliases_lead_to_nodes(name: str, node: str) -> None:
    found = node_named(name)
    assert (found.name if found else plain_name(name)) == node


def test_a_path_may_carry_names() -> None:
    assert split_path("a/b.py::One::Two") == ("a/b.py", ("One", "Two"))

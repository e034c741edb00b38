"""Every style of the example files is found and checked, without a line of configuration."""

from __future__ import annotations

import importlib.util
import json
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


STYLES = {
    "a class that is called": (
        "class Square:\n    def __call__(self, x):\n        self.x = x\n        return x * x\n"
        "    def backward(self, dout):\n        return 2 * self.x * dout\n",
        "Square",
    ),
    "slots": (
        "class Square:\n    __slots__ = ('x',)\n    def forward(self, x):\n        self.x = x\n        return x * x\n"
        "    def backward(self, dout):\n        return 2 * self.x * dout\n",
        "Square",
    ),
    "keyword-only arguments": (
        "class Scale:\n    def __init__(self, *, factor: float):\n        self.factor = factor\n"
        "    def forward(self, x):\n        return self.factor * x\n"
        "    def backward(self, dout):\n        return self.factor * dout\n",
        "Scale",
    ),
    "a data class": (
        "from dataclasses import dataclass\n@dataclass\nclass Scale:\n    factor: float\n"
        "    def forward(self, x):\n        return self.factor * x\n"
        "    def backward(self, dout):\n        return self.factor * dout\n",
        "Scale",
    ),
    "a loss that returns its gradient": (
        "def l2_loss(x, y):\n    loss = ((x - y) ** 2).sum()\n    dx = 2 * (x - y)\n    return loss, dx\n",
        "l2_loss",
    ),
    "sizes with other names": (
        "import numpy as np\nclass Dense:\n    def __init__(self, this, that):\n"
        "        self.W = np.random.randn(this, that)\n    def forward(self, x):\n        self.x = x\n"
        "        return np.dot(x, self.W)\n    def backward(self, dout):\n"
        "        self.dW = self.x.T @ dout\n        return dout @ self.W.T\n",
        "Dense",
    ),
    "star imports": (
        "from numpy import *\nclass Gauss:\n    def forward(self, x):\n        self.x = x\n        return exp(-x * x)\n"
        "    def backward(self, dout):\n        return -2 * self.x * exp(-self.x * self.x) * dout\n",
        "Gauss",
    ),
    "tabs and carriage returns": (
        "class Cube:\r\n\tdef forward(self, x):\r\n\t\tself.x = x\r\n\t\treturn x**3\r\n"
        "\tdef backward(self, dout):\r\n\t\treturn 3 * self.x**2 * dout\r\n",
        "Cube",
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_other_styles_are_checked_as_well(style: str, tmp_path: Path) -> None:
    source, name = STYLES[style]
    file = tmp_path / "style.py"
    file.write_bytes(source.encode())
    (layer,) = check_path(str(file)).layers
    assert layer.name == name
    assert layer, str(layer)


def test_a_module_may_import_from_its_package(tmp_path: Path) -> None:
    package = tmp_path / "nets"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "helpers.py").write_text("def twice(x):\n    return 2 * x\n")
    (package / "layers.py").write_text(
        "from .helpers import twice\nclass Twice:\n    def forward(self, x):\n        return twice(x)\n"
        "    def backward(self, dout):\n        return twice(dout)\n"
    )
    (layer,) = check_path(str(package / "layers.py")).layers
    assert layer, str(layer)


@pytest.mark.parametrize("keyword", ["yield x", "await x"])
def test_layers_that_return_no_numbers_leave_the_others_alone(keyword: str, tmp_path: Path) -> None:
    start = "async " if "await" in keyword else ""
    file = tmp_path / "odd.py"
    file.write_text(
        f"class Odd:\n    {start}def forward(self, x):\n        {keyword}\n    {start}def backward(self, dout):\n"
        f"        {keyword.replace('x', 'dout')}\n" + STYLES["slots"][0]
    )
    outcomes = {layer.name: layer.outcome for layer in check_path(str(file)).layers}
    assert outcomes["Odd"] is Outcome.UNKNOWN
    assert outcomes["Square"] in (Outcome.PASSED, Outcome.WARNING)


def test_a_notebook_says_in_which_cell_a_layer_stands(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "code", "source": ["import numpy as np\n", "a = 1"]},
        {"cell_type": "code", "source": [STYLES["slots"][0].replace("2 * self.x", "self.x")]},
    ]
    file = tmp_path / "notes.ipynb"
    file.write_text(json.dumps({"cells": cells}))
    (layer,) = check_path(str(file)).layers
    assert any("code cell 2 begins at line 3" in note for note in layer.notes)
    assert [finding.line for finding in layer.findings if finding.patch] == [9]

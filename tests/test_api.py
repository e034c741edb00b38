"""The package from Python: what a notebook or a script gets, and what is loaded for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import backproof as bp
from backproof.kernel.verdict import Kind

PACKAGE = Path(bp.__file__).parent
SIGMOID = "node sigmoid(x)\ny = 1/(1 + exp(-x))\n"
SOFTMAX = "node soft(x[n, k])\ne[n, k] = exp(x[n, k])\ny[n, k] = e[n, k]/sum[k](e[n, k])\n"


def test_importing_the_package_loads_neither_sympy_nor_numpy() -> None:
    program = "import json, sys, backproof; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert {"sympy", "numpy", "flint", "mpmath", "click"} & set(json.loads(done.stdout)) == set()


def test_there_are_at_most_fifteen_public_names() -> None:
    assert len(bp.__all__) <= 15


@pytest.mark.parametrize("name", bp.__all__)
def test_a_public_name_exists_and_is_listed(name: str) -> None:
    assert getattr(bp, name) is not None
    assert name in dir(bp)


@pytest.mark.parametrize("name", [name for name in bp.__all__ if name != "__version__"])
def test_a_public_name_is_documented(name: str) -> None:
    assert getattr(bp, name).__doc__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'backproof' has no attribute 'derivation_of'$"):
        bp.derivation_of  # noqa: B018 (asking is the test)


@pytest.mark.parametrize(
    ("what", "gradients"),
    [
        ("sigmoid", {"x": "dy*y*(1 - y)"}),
        ("x*exp(-x^2)", {"x": "dy*exp(-x^2)*(1 - 2*x^2)"}),
        (SIGMOID, {"x": "dy*y*(1 - y)"}),
        (f"# Mine\n\n```derive\n{SIGMOID}```\n", {"x": "dy*y*(1 - y)"}),
        ("mul", {"a": "dy*b", "b": "dy*a"}),
    ],
)
def test_a_name_an_expression_and_a_text_are_derived(what: str, gradients: dict[str, str]) -> None:
    assert {name: str(formula) for name, formula in bp.derive(what).gradient.items()} == gradients


def test_a_file_is_derived(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text(f"```derive\n{SIGMOID}```\n", encoding="utf-8")
    assert bp.derive(path).name == "sigmoid"


def test_one_node_of_several_is_chosen_by_name() -> None:
    assert bp.derive("node f(x)\ny = 2*x\nnode g(x)\ny = 3*x", node="g").name == "g"


def test_several_nodes_want_a_choice() -> None:
    with pytest.raises(bp.NotDerivable, match=r"^<text> has several nodes, so choose one by node=: f, g$"):
        bp.derive("node f(x)\ny = 2*x\nnode g(x)\ny = 3*x")


def test_a_node_that_a_file_does_not_have_is_unknown() -> None:
    with pytest.raises(bp.UnknownName, match=r"^unknown name 'h'; did you mean f or g\?$"):
        bp.derive("node f(x)\ny = 2*x\nnode g(x)\ny = 3*x", node="h")


def test_a_misspelt_name_suggests_the_nearest() -> None:
    with pytest.raises(bp.UnknownName, match="sigmoid"):
        bp.derive("sigmoyd")


def test_claims_alone_have_no_derivation() -> None:
    with pytest.raises(bp.NotDerivable, match=r"has no node; check\(\) judges claims"):
        bp.derive("given x\nclaim x + x = 2*x")


def test_a_mistake_in_a_text_is_found_in_its_own_lines() -> None:
    with pytest.raises(bp.SourceError) as raised:
        bp.derive("node f(x)\ny = 2*")
    assert (raised.value.line, raised.value.path) == (2, "<text>")


def test_the_findings_of_one_node_are_its_own() -> None:
    text = "node f(x)\ny = 2*x\ndx = dy*3\nnode g(x)\ny = 3*x"
    assert [finding.line for finding in bp.derive(text, node="f").findings] == [3]
    assert bp.derive(text, node="g").is_verified


def test_a_step_shows_both_sides_its_reason_and_its_verdict() -> None:
    first = bp.derive("sigmoid").steps[0]
    assert str(first) == "dx = dy*y^2*exp(-x)  -- chain rule (proved)"
    assert first.verdict.kind is Kind.PROVED
    assert first.right.latex() == r"\frac{\partial L}{\partial y}\, y^{2} e^{-x}"
    assert first.right.text() == "∂L/∂y · y² e⁻ˣ"


def test_a_gradient_that_is_not_there_is_an_unknown_name() -> None:
    with pytest.raises(bp.UnknownName, match=r"^unknown name 'z'; did you mean x\?$"):
        bp.derive("sigmoid").gradient["z"]


@pytest.mark.parametrize(
    ("made", "shows"),
    [
        (lambda d: d.text(), "∂L/∂x = ∂L/∂y · y² e⁻ˣ"),
        (lambda d: str(d), "All 4 steps are proved."),
        (lambda d: d.latex(), r"\begin{align*}"),
        (lambda d: d.latex(standalone=True), r"\documentclass{article}"),
        (lambda d: d.latex(aligned=True), r"\begin{aligned}"),
        (lambda d: d.latex(beamer=True), r"\documentclass[aspectratio=169]{beamer}"),
        (lambda d: d.html(), '<math displaystyle="true">'),
        (lambda d: d.html(standalone=True), "<!DOCTYPE html>"),
        (lambda d: d.svg(), "<svg "),
        (lambda d: d._repr_html_(), '<article class="backproof"'),
        (lambda d: str(d.numpy()), "def backward("),
        (lambda d: d.markdown(), "# Sigmoid"),
        (lambda d: d.json(), '"schema": 1'),
        (lambda d: d._repr_latex_(), r"$\displaystyle \begin{aligned}"),
        (lambda d: d._repr_markdown_(), "$$"),
        (lambda d: d.gradient["x"]._repr_latex_(), r"$\displaystyle \frac{\partial L}{\partial y}\, y (1 - y)$"),
        (lambda d: d.steps[0]._repr_latex_(), r"$\displaystyle \frac{\partial L}{\partial x} = "),
        (repr, "<Derived sigmoid: All 4 steps are proved.>"),
    ],
)  # fmt: skip
def test_a_derivation_is_shown_in_every_format(made: object, shows: str) -> None:
    assert shows in made(bp.derive("sigmoid"))  # type: ignore[operator]


def test_two_kinds_of_latex_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^choose one of standalone, beamer and aligned$"):
        bp.derive("sigmoid").latex(standalone=True, aligned=True)


def test_a_check_is_true_only_if_everything_is_verified() -> None:
    assert bp.check("sigmoid")
    assert not bp.check(SIGMOID + "dx = dy*y*(1 + y)")
    assert "step 1 of dx is false" in str(bp.check(SIGMOID + "dx = dy*y*(1 + y)"))


def test_a_check_names_every_witness() -> None:
    said = bp.check("sigmoid").witnesses["sigmoid"]
    assert {name: text.split(":")[0] for name, text in said.items()} == dict.fromkeys(
        ("kernel", "sympy", "numeric"), "agreed"
    )


def test_a_derivation_runs_on_arrays_of_any_shape() -> None:
    x, dy = np.linspace(-3, 3, 6).reshape(2, 3), np.arange(6.0).reshape(2, 3) - 2.5
    passes = bp.derive("sigmoid").numpy()
    y = passes.forward(x)
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-x)), rtol=1e-14)
    np.testing.assert_allclose(passes.backward(dy, x=x)["x"], dy * y * (1 - y), rtol=1e-14)


def test_a_derivation_with_axes_runs_on_arrays_of_its_shape() -> None:
    x, dy = np.linspace(-1, 1, 6).reshape(2, 3), np.arange(6.0).reshape(2, 3) - 2.5
    passes = bp.derive(SOFTMAX).numpy()
    y = passes.forward(x)
    expected = y * (dy - (dy * y).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(passes.backward(dy, x)["x"], expected, rtol=1e-13)


def test_arrays_must_be_those_of_the_node() -> None:
    with pytest.raises(TypeError, match=r"^mul takes the arrays a, b$"):
        bp.derive("mul").numpy().forward(np.ones(3))


#: What is typed into a notebook, by a name for its cell.
CELLS = {
    "import": f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\nimport backproof as bp",
    "derive": "bp.derive('sigmoid')",
    "gradient": "bp.derive('sigmoid').gradient['x']",
    "step": "bp.derive('sigmoid').steps[-1]",
    "check": "bp.check('sigmoid')",
    "layer": """
class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + __import__("numpy").exp(-x))
        return self.y
    def backward(self, dout):
        return dout * self.y * (1 + self.y)
bp.check_layer(Sigmoid)""",
}


@pytest.fixture(scope="module")
def displayed() -> dict[str, dict[str, str]]:
    """What a notebook shows below every cell, run by a real kernel."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS.values()])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    shown = [cell.outputs[0]["data"] if cell.outputs else {} for cell in book.cells]
    return dict(zip(CELLS, shown, strict=True))


@pytest.mark.filterwarnings("ignore")  # of the libraries that run notebooks
@pytest.mark.parametrize(
    ("cell", "kind", "shows"),
    [
        ("derive", "text/latex", r"\begin{aligned}"),
        ("derive", "text/html", '<math displaystyle="true">'),
        ("derive", "text/markdown", "# Sigmoid"),
        ("derive", "text/plain", "<Derived sigmoid: All 4 steps are proved.>"),
        ("gradient", "text/latex", r"$\displaystyle \frac{\partial L}{\partial y}\, y (1 - y)$"),
        ("step", "text/latex", r"e^{-x}} = \frac{\partial L}{\partial y}\, y (1 - y)$"),
        ("check", "text/plain", "4 of 4 steps accepted"),
        ("layer", "text/html", "the sign of `self.y` is wrong"),
    ],
)
def test_a_notebook_shows_mathematics(displayed: dict[str, dict[str, str]], cell: str, kind: str, shows: str) -> None:
    assert shows in displayed[cell][kind]

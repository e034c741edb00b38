"""Reports as LaTeX, in a narrow terminal, and beside derivations in one JSON document."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from backproof.checking.report import layer_text
from backproof.checking.report_latex import as_latex
from backproof.checking.runner import check_path
from backproof.cli import main
from tests.emit.test_latex_compiles import compiled

SOURCE = """
import numpy as np
class Softmax:
    def forward(self, x_1):
        e = np.exp(x_1 - x_1.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return self.y.copy()
    def backward(self, dout):
        return self.y * (dout - np.mean(dout * self.y, axis=1, keepdims=True))  # 100 % wrong
class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y + 0
    def backward(self, dout):
        return dout * self.y * (1 + self.y)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my_layers.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_report_compiles(file: Path, tmp_path: Path) -> None:
    compiled(as_latex([check_path(str(file)), check_path("missing_%_file.py")], standalone=True), tmp_path)


def test_the_report_has_the_formula_expected_beside_the_one_found(file: Path) -> None:
    text = as_latex([check_path(f"{file}::Sigmoid")])
    assert r"\frac{\partial \mathcal{L}}{\partial x} &= " in text
    assert r"\text{expected}" in text
    assert r"\text{found}" in text


def test_a_fragment_or_a_document_can_be_asked_for(file: Path) -> None:
    fragment = CliRunner().invoke(main, ["check", str(file), "--latex"])
    document = CliRunner().invoke(main, ["check", str(file), "--latex", "--standalone"])
    assert fragment.exit_code == document.exit_code == 1
    assert r"\documentclass" not in fragment.output
    assert document.output.startswith(r"\documentclass")


def test_lines_fit_the_width_except_for_code(file: Path) -> None:
    report = check_path(str(file)).layers[0]
    text = layer_text(report, width=72)
    place = f"({file}:{report.line})"
    patches = [line.strip() for finding in report.findings for line in finding.patch.splitlines()]
    assert all(len(line) <= 72 for line in text.splitlines() if line.strip() not in [*patches, place])


def test_code_and_derivations_make_one_json_document(file: Path) -> None:
    result = CliRunner().invoke(main, ["check", str(file), "relu", "--json"])
    data = json.loads(result.output)
    assert result.exit_code == data["exit_code"] == 1
    assert [Path(found["path"]).name for found in data["files"]] == ["relu.md", "my_layers.py"]


@pytest.mark.parametrize("option", ["--junit", "--sarif", "--github", "--latex"])
def test_formats_for_code_hold_no_derivations(option: str, file: Path) -> None:
    result = CliRunner().invoke(main, ["check", str(file), "relu", option])
    assert result.exit_code == 2
    assert "is for code alone" in result.output


def test_precision_is_told_in_float32_and_float16(file: Path) -> None:
    file.write_text(SOURCE.replace("1 + self.y)", "1 - self.y)"))
    (report,) = check_path(f"{file}::Sigmoid").layers
    (row,) = (row for row in report.rows if row.check == "precision")
    assert "float32: at most" in row.detail
    assert "float16: at most" in row.detail
    assert "exp(-|x|)" in row.detail

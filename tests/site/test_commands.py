"""``derive graph`` and ``derive docs`` from the command line."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backproof.cli import main

from ..test_imports import modules_after

CLAIM = "# A claim\n\n```derive\ngiven x\nclaim (x + 1)^2 = x^2 + 2*x + 1\n```\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_graph_is_drawn_as_svg() -> None:
    assert ET.fromstring(run("graph", "sigmoid", "--labels", "text").output).tag.endswith("svg")


@pytest.mark.parametrize(("form", "start"), [("--tikz", r"\begin{tikzpicture}"), ("--dot", 'digraph "fruit"')])
def test_a_graph_is_drawn_in_other_languages(form: str, start: str) -> None:
    assert run("graph", "fruit", form).output.startswith(start)


def test_numbers_for_arrays_are_a_misuse() -> None:
    done = run("graph", "softmax", "--values", "x=1")
    assert done.exit_code == 2
    assert "x is an array; numbers are for graphs of numbers" in done.output


@pytest.mark.parametrize(("name", "start"), [("g.dot", "digraph"), ("g.tex", r"\begin"), ("g.svg", "<svg")])
def test_the_name_of_the_file_says_in_which(name: str, start: str, tmp_path: Path) -> None:
    assert run("graph", "mul", "-o", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_a_graph_with_numbers_shows_them() -> None:
    assert {"715", "165", "2.2"} <= set(run("graph", "fruit", "--dot").output.replace("\\n", '"').split('"'))


def test_numbers_can_be_given() -> None:
    assert '"0.73106\\n2"' in run("graph", "sigmoid", "--dot", "--values", "x=1,dy=2").output


def test_symbols_can_be_asked_for() -> None:
    assert "∂L/∂price" in run("graph", "fruit", "--dot", "--symbols").output


@pytest.mark.parametrize(
    ("values", "said"),
    [("z=1", "z is no input (the inputs are x)"), ("x", "'x' is not NAME=NUMBER"), ("x=y", "'x=y' is not NAME=NUMBER")],
)
def test_values_that_do_not_fit_are_a_misuse(values: str, said: str) -> None:
    done = run("graph", "sigmoid", "--values", values)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


@pytest.mark.parametrize("form", ["--html", "--svg", "--tikz", "--dot"])
def test_the_fallback_command_knows_the_formats(form: str) -> None:
    assert run("mul", form).exit_code == 0


def test_docs_writes_a_site_and_says_what_is_new(tmp_path: Path) -> None:
    (tmp_path / "claim.md").write_text(CLAIM, encoding="utf-8")
    done = run("docs", str(tmp_path / "claim.md"), "-o", str(tmp_path / "site"))
    assert done.exit_code == 0
    assert "1 page, 1 of them new" in done.output
    assert (tmp_path / "site" / "claim.html").is_file()


def test_docs_leaves_a_folder_of_something_else_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    done = run("docs", "-o", str(tmp_path))
    assert done.exit_code == 2
    assert "is no site of derivations" in done.output


def test_a_site_without_news_loads_neither_sympy_nor_numpy(tmp_path: Path) -> None:
    (tmp_path / "claim.md").write_text(CLAIM, encoding="utf-8")
    arguments = ("docs", str(tmp_path / "claim.md"), "-o", str(tmp_path / "site"))
    run(*arguments)
    assert modules_after(*arguments) & {"sympy", "numpy", "flint"} == set()

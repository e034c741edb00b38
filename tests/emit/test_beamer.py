"""Slides: every step is uncovered by one click, nothing runs off a slide, and they compile."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from backproof.cli import main
from backproof.emit import emit_all
from backproof.emit.beamer import emit_beamer
from tests.emit.examples import NAMES, SPECIAL, derivations

FRAME = re.compile(r"\\begin\{frame\}\{(.*?)\}\n(.*?)\\end\{frame\}", re.DOTALL)


def frames(document: str, title: str) -> list[str]:
    return [body for found, body in FRAME.findall(document) if found == title]


def test_the_steps_come_one_by_one() -> None:
    (steps,) = frames(emit_beamer(derivations("sigmoid")[0]), "Derivation")
    assert re.findall(r"\\uncover<(\d)->\{\{\}=\{\}", steps) == ["2", "3", "4"]


def test_the_first_step_is_there_from_the_start() -> None:
    (steps,) = frames(emit_beamer(derivations("sigmoid")[0]), "Derivation")
    assert steps.startswith("\\begin{align*}\n\\frac{\\partial L}{\\partial x} & = ")


def test_a_slide_that_goes_on_with_a_chain_says_of_what() -> None:
    steps = frames(emit_beamer(derivations("batch-norm")[0]), "Derivation")
    assert len(steps) > 1
    assert [body.split("&", 1)[0].count(r"\partial L") for body in steps] == [1] * len(steps)


@pytest.mark.parametrize("name", NAMES)
def test_no_slide_holds_more_than_fourteen_lines(name: str) -> None:
    found = [body for each in derivations(name) for _, body in FRAME.findall(emit_beamer(each))]
    assert max(body.count(r"\\[3pt]") for body in found) < 14


def test_several_derivations_make_one_document() -> None:
    document = emit_all([*derivations("sigmoid"), SPECIAL["numbered"]], "beamer")
    assert document.count(r"\documentclass") == document.count(r"\end{document}") == 1


def test_slides_are_asked_for_with_latex() -> None:
    done = CliRunner().invoke(main, ["sigmoid", "--latex", "--beamer", "--no-cache"])
    assert done.stdout.startswith(r"\documentclass[aspectratio=169]{beamer}")
    assert CliRunner().invoke(main, ["sigmoid", "--html", "--beamer"]).exit_code == 2


def has_beamer() -> bool:
    found = shutil.which("kpsewhich") and subprocess.run(["kpsewhich", "beamer.cls"], capture_output=True, check=False)
    return bool(shutil.which("pdflatex") and found and found.returncode == 0)


@pytest.mark.skipif(not has_beamer(), reason="beamer is not installed")
@pytest.mark.parametrize("name", ["sigmoid", "batch-norm", "fruit"])
def test_slides_compile_without_overfull_boxes(name: str, tmp_path: Path) -> None:
    (tmp_path / "slides.tex").write_text(emit_all(derivations(name), "beamer"), encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "slides.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = (tmp_path / "slides.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log
    assert re.findall("Overfull.*", log) == []


@pytest.mark.skipif(not has_beamer(), reason="beamer is not installed")
def test_slides_of_a_stranger_compile(tmp_path: Path) -> None:
    (tmp_path / "slides.tex").write_text(emit_beamer(SPECIAL["hostile"]), encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "slides.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]

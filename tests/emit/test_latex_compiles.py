"""What LaTeX says of our documents: they compile, and nothing leaves the page."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from backproof.emit import emit_all

from .examples import NAMES, SPECIAL, derivations

pytestmark = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


def compiled(document: str, folder: Path) -> str:
    (folder / "page.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = run.stdout.decode("latin-1")
    assert run.returncode == 0, log[-2000:]
    return log


def test_the_catalogue_compiles_without_overfull_boxes(tmp_path: Path) -> None:
    found = [derivation for name in NAMES for derivation in derivations(name)]
    assert "Overfull" not in compiled(emit_all(found, "latex", standalone=True), tmp_path)


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_a_fragment_compiles_inside_an_article_with_amsmath(name: str, tmp_path: Path) -> None:
    fragment = emit_all([SPECIAL[name]], "latex")
    opening = "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n"
    document = f"{opening}{fragment}\\end{{document}}\n"
    assert "Overfull" not in compiled(document, tmp_path)

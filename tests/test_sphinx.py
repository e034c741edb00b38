"""The Sphinx extension: what a page shows in every format, and that a false step is a warning at its own line."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from textwrap import dedent

import pytest

import backproof

pytest.importorskip("sphinx")
pytestmark = pytest.mark.filterwarnings("ignore")  # of Sphinx and of what it imports

CONF = """
project = "notes"
extensions = ["backproof.sphinx_ext"]
html_math_renderer = "backproof"
html_theme = "basic"
"""
MYST = CONF.replace('["', '["myst_parser", "')


class Built:
    """A project built in a folder: the warnings, and the text of its files."""

    def __init__(self, folder: Path, builder: str, jobs: int = 1, conf: str = CONF) -> None:
        from sphinx.application import Sphinx
        from sphinx.util.docutils import docutils_namespace

        (folder / "conf.py").write_text(conf, encoding="utf-8")
        warnings, self.folder = io.StringIO(), folder / f"_{builder}"
        places = (folder, folder, self.folder, folder / "_doctrees")
        with docutils_namespace():
            Sphinx(*places, builder, status=None, warning=warnings, parallel=jobs).build()
        self.warnings = re.sub(r"\x1b\[[\d;]*m", "", warnings.getvalue()).replace(f"{folder}{os.sep}", "")

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


def build(folder: Path, page: str, builder: str = "html", name: str = "index.rst", **options: object) -> Built:
    """Return the project with one page of this text."""
    (folder / name).write_text(dedent(page), encoding="utf-8")
    return Built(folder, builder, **options)  # type: ignore[arg-type]


PAGE = """
    Notes
    =====

    The gate :formula:`dx = dy*y*(1 - y)` is smooth, :math:`x^2` is not meant.

    .. derivation:: sigmoid
       :parts: graph steps

    .. derivation::

       node f(x)
       y = 3*x

    .. computational-graph:: apple
"""


def formulas(html: str) -> list[ET.Element]:
    return [ET.fromstring(found.replace("&#160;", " ")) for found in re.findall(r"<math.*?</math>", html, re.DOTALL)]


def test_html_shows_mathematics_without_a_script(tmp_path: Path) -> None:
    built = build(tmp_path, PAGE)
    page = built.text("index.html")
    assert built.warnings == ""
    assert len(formulas(page)) == 19
    assert "<svg " in page
    assert re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(?:https?:)?//[^"]*"|mathjax', page, re.IGNORECASE) == []


def test_the_font_and_its_licence_stand_beside_the_pages(tmp_path: Path) -> None:
    built = build(tmp_path, PAGE)
    names = {path.name for path in (built.folder / "_static").iterdir()}
    assert {"embedded.css", "mathfont.css", "stix-two-math.woff2", "OFL.txt"} <= names
    assert "_static/embedded.css" in built.text("index.html")


def test_no_id_stands_twice_on_a_page(tmp_path: Path) -> None:
    page = build(tmp_path, "A\n=\n\n.. derivation:: sigmoid\n   :parts: all\n\n" * 2).text("index.html")
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) > 10


def test_every_link_within_a_derivation_leads_somewhere(tmp_path: Path) -> None:
    page = build(tmp_path, "A\n=\n\n.. derivation:: sigmoid\n").text("index.html")
    targets = re.findall(r'href="#(sigmoid[^"]+)"', page)
    assert targets
    assert set(targets) <= set(re.findall(r' id="([^"]+)"', page))


def test_latex_holds_the_steps_and_the_picture(tmp_path: Path) -> None:
    latex = build(tmp_path, PAGE, "latex").text("notes.tex")
    assert latex.count(r"\begin{align*}") == 3
    assert r"$\partial L/\partial x = \partial L/\partial y \cdot y (1 - y)$" in latex
    assert r"\begin{tikzpicture}" in latex
    assert r"\usepackage{tikz}" in latex


def test_text_shows_the_steps(tmp_path: Path) -> None:
    text = build(tmp_path, PAGE, "text").text("index.txt")
    assert "= ∂L/∂y · y (1 − y)                     ✓ definition of y" in text
    assert "The gate ∂L/∂x = ∂L/∂y · y (1 − y) is smooth" in text


@pytest.mark.parametrize(("builder", "name"), [("man", "notes.1"), ("texinfo", "notes.texi"), ("xml", "index.xml")])
def test_other_formats_are_written(builder: str, name: str, tmp_path: Path) -> None:
    assert "y (1 − y)" in build(tmp_path, PAGE, builder).text(name).replace("\\", "")


FALSE = """
    Notes
    =====

    .. derivation::
       :parts: steps

       node f(x)
       y = x^2

       dx = dy * 2*x
          = dy * x
"""


def test_a_false_step_is_a_warning_at_its_line(tmp_path: Path) -> None:
    warnings = build(tmp_path, FALSE).warnings
    assert warnings.startswith("index.rst:12: WARNING: step 2 of dx is false\n    dy*2*x  =  dy*x\n")
    assert "[backproof.false]" in warnings


def test_a_false_step_is_shown_as_false(tmp_path: Path) -> None:
    assert "Step 2 of" in build(tmp_path, FALSE).text("index.html")


def test_a_false_step_ends_a_strict_build(tmp_path: Path) -> None:
    (tmp_path / "index.rst").write_text(dedent(FALSE), encoding="utf-8")
    (tmp_path / "conf.py").write_text(CONF, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-qW", "-b", "html", str(tmp_path), str(tmp_path / "out")]
    source = Path(backproof.__file__).parents[1]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(source)}, capture_output=True, check=False)
    assert done.returncode == 1


def test_a_warning_can_be_silenced_by_its_kind(tmp_path: Path) -> None:
    built = build(tmp_path, FALSE, conf=CONF + 'suppress_warnings = ["backproof.false"]\n')
    assert built.warnings == ""


@pytest.mark.parametrize(
    ("directive", "warning"),
    [
        (".. derivation:: sigmoyd", "index.rst:4: WARNING: unknown name 'sigmoyd'; did you mean sigmoid"),
        (".. derivation:: none.md", "index.rst:4: WARNING: [Errno 2] No such file or directory"),
        (".. derivation::\n\n   node f(x)\n   y = 2*\n", "index.rst:7: WARNING: expected an expression"),
        (".. derivation:: sigmoid\n   :node: relu\n", "index.rst:4: WARNING: unknown name 'relu'; did you mean"),
        (".. computational-graph:: sigmoid\n   :values: z=1\n", "index.rst:4: WARNING: unknown name 'z'"),
        (".. computational-graph:: sigmoid\n   :values: x=y\n", "<values>:1: WARNING: 'x=y' is not NAME=NUMBER"),
        ("A :formula:`x +`.", "index.rst:4: WARNING: expected an expression"),
        (".. derivation:: sigmoid\n   :parts: story\n", "index.rst:4: ERROR: Error in \"derivation\" directive"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_warning_and_the_page_is_built(directive: str, warning: str, tmp_path: Path) -> None:
    built = build(tmp_path, f"A\n=\n\n{directive}\n")
    assert built.warnings.startswith(warning)
    assert (built.folder / "index.html").is_file()


def test_a_page_is_read_again_when_its_derivation_changes(tmp_path: Path) -> None:
    mine = tmp_path / "mine.md"
    mine.write_text("```derive\nnode f(x)\ny = 3*x\n```\n", encoding="utf-8")
    page = "A\n=\n\n.. derivation:: mine.md\n"
    assert build(tmp_path, page, "text").text("index.txt").count("∂L/∂y · 3") == 1
    mine.write_text("```derive\nnode f(x)\ny = 5*x\n```\n", encoding="utf-8")
    os.utime(mine, (2_000_000_000, 2_000_000_000))
    assert Built(tmp_path, "text").text("index.txt").count("∂L/∂y · 5") == 1


def test_pages_are_read_in_parallel(tmp_path: Path) -> None:
    pages = [f"page{number}" for number in range(12)]
    [(tmp_path / f"{name}.rst").write_text(f"{name}\n======\n\n.. derivation:: relu\n") for name in pages]
    built = build(tmp_path, "A\n=\n\n.. toctree::\n\n" + "\n".join(f"   {name}" for name in pages), jobs=2)
    assert built.warnings == ""
    assert all("<math" in built.text(f"{name}.html") for name in pages)


MARKDOWN = """\
# Notes

The gate {formula}`dx = dy*y*(1 - y)`.

```{derivation}
:parts: steps

node f(x)
y = x^2

dx = dy * x
```

````{derivation}
```derive
node g(x)
y = 3*x
dx = dy*2
```
````

```derive
node h(x)
y = x  -- shown in colour
```
"""


def test_markdown_pages_have_the_same_directives(tmp_path: Path) -> None:
    pytest.importorskip("myst_parser")
    built = build(tmp_path, MARKDOWN, name="index.md", conf=MYST)
    places = re.findall(r"(?m)^(index\.md:\d+): WARNING: (.*)$", built.warnings)
    assert places == [("index.md:11", "step 1 of dx is false"), ("index.md:18", "step 1 of dx is false")]
    assert "highlight-derive" in built.text("index.html")


def has_tex() -> bool:
    """Whether there is pdflatex with what Sphinx's own classes ask for."""
    wanted = ("tabulary.sty", "tgtermes.sty", "tikz.sty")
    return bool(shutil.which("pdflatex")) and all(
        subprocess.run(["kpsewhich", name], capture_output=True, check=False).returncode == 0 for name in wanted
    )


@pytest.mark.skipif(not has_tex(), reason="Sphinx's LaTeX needs texlive-latex-extra and tex-gyre")
def test_the_latex_of_a_project_compiles(tmp_path: Path) -> None:
    folder = build(tmp_path, f"{PAGE}\n    .. derivation:: softmax\n       :parts: all\n", "latex").folder
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "notes.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-1500:]
    assert re.findall(rb"Overfull.*|Missing character.*", (folder / "notes.log").read_bytes()) == []

"""The pages of the documentation: their Python prints what they show, and Sphinx builds them without a warning."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from backproof.cli.check import check_file

DOCS = Path(__file__).parents[1] / "docs"
SOURCE = DOCS.parent / "src"
SESSION = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(DOCS.glob("*.md"))


def session_of(page: Path) -> str:
    """The interactive sessions of a page, one after the other."""
    return "\n".join(SESSION.findall(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", [page for page in PAGES if session_of(page)], ids=lambda page: page.stem)
def test_python_prints_what_the_page_shows(page: Path) -> None:
    session = doctest.DocTestParser().get_doctest(session_of(page), {}, page.stem, str(page), 0)
    said: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False).run(session, out=said.append)
    assert results.failed == 0, "".join(said)


@pytest.mark.parametrize("name", ["tutorial", "conventions"])
def test_the_derivations_of_a_page_hold(name: str) -> None:
    assert [str(finding) for finding in check_file(DOCS / f"{name}.md").findings] == []


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = {name for block in re.findall(r"```\{toctree\}(.*?)```", index, re.DOTALL) for name in block.split()}
    assert {page.stem for page in PAGES} - {"index"} <= listed


@pytest.mark.skipif(not os.environ.get("BACKPROOF_DOCS"), reason="it takes a minute: BACKPROOF_DOCS=1 builds the pages")
def test_the_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(tmp_path)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")

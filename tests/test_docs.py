"""The pages of the documentation: their Python prints what they show, and as built they are whole in a browser."""

from __future__ import annotations

import doctest
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import backproof
from backproof import catalogue
from backproof.audit.files import check_file

from . import browsing

DOCS = Path(__file__).parents[1] / "docs"
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


@pytest.mark.parametrize("name", ["tutorial", "conventions", "language"])
def test_the_derivations_of_a_page_hold(name: str) -> None:
    assert [str(finding) for finding in check_file(DOCS / f"{name}.md").findings] == []


def test_every_convention_of_the_catalogue_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (DOCS / "conventions.md").read_text(encoding="utf-8"), re.MULTILINE)
    stated = {name for name in catalogue.names() if "\nat " in catalogue.load(name).text}
    assert {name for row in rows for name in re.findall("`(.*?)`", row)} == stated


def test_every_public_name_is_on_the_page_about_python() -> None:
    shown = re.findall(r"^\.\. auto\w+:: (\w+)(?:\(\))?$", (DOCS / "api.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(shown) == {*backproof.__all__} - {"__version__"}


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = {name for block in re.findall(r"```\{toctree\}(.*?)```", index, re.DOTALL) for name in block.split()}
    assert {page.stem for page in PAGES} - {"index"} <= listed


#: The pages as Sphinx has built them.
BUILT = Path(os.environ.get("BACKPROOF_DOCS", "/nowhere"))
browsed = pytest.mark.skipif(
    not (browsing.IS_HERE and BUILT.is_dir()), reason="needs chromium, and the built pages in BACKPROOF_DOCS"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing.chromium() as driver:
        yield driver


@browsed
@pytest.mark.parametrize("page", sorted(BUILT.rglob("*.html")), ids=lambda page: page.stem)
def test_a_built_page_opens_whole_and_asks_for_nothing(browser: Any, page: Path) -> None:
    browsing.complaints(browser), browsing.requested(browser)
    browsing.opened(browser, page)
    assert (browsing.complaints(browser), browsing.requested(browser) - {"file", "data"}) == ([], set())
    assert browsing.overflows(browser, 1280, 360) == []


@browsed
@pytest.mark.skipif(browsing.axe() is None, reason="needs axe-core-python")
@pytest.mark.parametrize("page", ["index", "tutorial", "use-in-sphinx", "catalogue/sigmoid", "catalogue/softmax"])
def test_axe_finds_nothing_serious(browser: Any, page: str) -> None:
    assert browsing.barriers(browsing.opened(browser, BUILT / f"{page}.html"), "article") == []

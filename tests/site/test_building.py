"""The site is whole or not there, holds nothing from outside, and only what changed is made anew."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from backproof import certificates
from backproof.site import Source, build
from backproof.site import folder as folders
from backproof.site.building import sources

SIGMOID = (
    "# Sigmoid\n\nSquashes.\n\n```derive\nnode sigmoid(x)\ny = 1/(1 + exp(-x))\n\n"
    "example x = 1 -> y = 0.731058578630\n```\n"
)
HOSTILE = (
    '# <script>alert(1)</script> & "co"\n\nProse with <img src=http://evil.example/x.png>'
    " and [a](javascript:alert(2)) and $\\href{http://evil.example}{x}$.\n\n"
    "```derive\nnode n(x)\ny = 2*x\n\ndx = 2*dy -- <u>bold</u> & so on\n```\n"
)
FALSE = "# False\n\n```derive\nnode wrong(x)\ny = x^2\n\ndx = dy*x\n```\n"
BROKEN = "# Broken\n\n```derive\nnode n(x\n```\n"
CLAIM = "# A claim\n\n```derive\ngiven x\nclaim (x + 1)^2 = x^2 + 2*x + 1\n```\n"
TEXTS = {"sigmoid": SIGMOID, "hostile": HOSTILE, "false": FALSE, "broken": BROKEN, "claim": CLAIM}
VOID = {"meta", "link", "input", "br", "hr", "img"}


def given(**texts: str) -> list[Source]:
    return [Source(name, f"{name}.md", text) for name, text in texts.items()]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "site"
    build(given(**TEXTS), folder)
    return folder


class Tree(HTMLParser):
    """Checks that every element is closed in order, and collects what refers to something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open += [] if tag in VOID else [tag]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.references += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "srcset")]
        self.wrong += [name for name, _ in attrs if name.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


PAGES = [*TEXTS, "index"]


def page(site: Path, name: str) -> str:
    return (site / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_element_of_a_page_is_closed_and_every_id_is_its_own(site: Path, name: str) -> None:
    tree = Tree(page(site, name))
    assert (tree.open, tree.wrong) == ([], [])
    assert len(tree.ids) == len(set(tree.ids))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_refers_to_its_own_site_only(site: Path, name: str) -> None:
    references = [r.partition("#")[0] for r in Tree(page(site, name)).references if not r.startswith(("data:,", "#"))]
    assert [r for r in references if not (site / r).is_file()] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_within_a_page_have_their_targets(site: Path, name: str) -> None:
    tree = Tree(page(site, name))
    assert {r[1:] for r in tree.references if r.startswith("#")} <= {*tree.ids}


@pytest.mark.parametrize("file", ["page.css", "site.css", "walk.js", "search.js", "copy.js"])
def test_the_assets_ask_for_nothing_outside(site: Path, file: str) -> None:
    text = (site / "assets" / file).read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]+\.|@import|fetch\(|XMLHttpRequest|import\(|eval\(|innerHTML", text)


def test_the_font_comes_with_its_licence(site: Path) -> None:
    assert (site / "assets" / "stix-two-math.woff2").read_bytes()[:4] == b"wOF2"
    assert "SIL OPEN FONT LICENSE" in (site / "assets" / "OFL.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["hostile", "index"])
def test_a_stranger_cannot_put_markup_on_a_page(site: Path, name: str) -> None:
    text = page(site, name)
    assert "<script>alert" not in text
    assert {"img", "u"} & set(Tree(text).tags) == set()
    assert [r for r in Tree(text).references if r.startswith("javascript")] == []


def test_a_false_step_is_shown_as_false(site: Path) -> None:
    assert 'class="mark refuted"' in page(site, "false")
    assert "<strong>False</strong>" in page(site, "false")


def test_a_file_that_cannot_be_read_is_a_page_that_says_where(site: Path) -> None:
    assert "broken.md:4:" in page(site, "broken")


def test_a_claim_has_its_steps(site: Path) -> None:
    assert 'class="mark proved"' in page(site, "claim")


def test_the_page_has_its_numbers_without_javascript(site: Path) -> None:
    assert '<output data-value="y">0.73106</output>' in page(site, "sigmoid")


def test_the_index_finds_pages_by_their_words(site: Path) -> None:
    assert 'data-words="sigmoid sigmoid sigmoid squashes"' in page(site, "index")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_weighs_at_most_120_kilobytes(site: Path, name: str) -> None:
    assert (site / f"{name}.html").stat().st_size <= 120_000


# ------------------------------------------------------------------ whole and incremental


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.html")}


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    build(given(sigmoid=SIGMOID), tmp_path / "s")
    before = stamps(tmp_path / "s")
    assert build(given(sigmoid=SIGMOID), tmp_path / "s").rendered == 0
    assert stamps(tmp_path / "s") == before


def test_only_the_changed_page_is_rendered(tmp_path: Path) -> None:
    build(given(sigmoid=SIGMOID, claim=CLAIM), tmp_path / "s")
    done = build(given(sigmoid=SIGMOID.replace("Squashes", "Bends"), claim=CLAIM), tmp_path / "s")
    assert (done.pages, done.rendered) == (2, 1)
    assert "Bends" in page(tmp_path / "s", "sigmoid")
    assert "Bends" in page(tmp_path / "s", "index")


def test_a_page_that_went_is_gone(tmp_path: Path) -> None:
    build(given(sigmoid=SIGMOID, claim=CLAIM), tmp_path / "s")
    build(given(sigmoid=SIGMOID), tmp_path / "s")
    assert not (tmp_path / "s" / "claim.html").exists()


def test_a_page_that_somebody_removed_comes_back(tmp_path: Path) -> None:
    build(given(sigmoid=SIGMOID, claim=CLAIM), tmp_path / "s")
    (tmp_path / "s" / "claim.html").unlink()
    assert build(given(sigmoid=SIGMOID, claim=CLAIM), tmp_path / "s").rendered == 1
    assert "claim" in page(tmp_path / "s", "claim")


def test_certificates_stay_with_a_page_that_did_not_change(tmp_path: Path) -> None:
    build(given(sigmoid=SIGMOID, claim=CLAIM), tmp_path / "s")
    before = sorted(path.name for path in (tmp_path / "s" / "certificates").iterdir())
    assert build(given(sigmoid=SIGMOID, claim=CLAIM.replace("A claim", "Another")), tmp_path / "s").rendered == 1
    assert sorted(path.name for path in (tmp_path / "s" / "certificates").iterdir()) == before


def test_a_certificate_that_somebody_removed_comes_back(tmp_path: Path) -> None:
    build(given(claim=CLAIM), tmp_path / "s")
    (tmp_path / "s" / "certificates" / "claim-1.json").unlink()
    assert build(given(claim=CLAIM), tmp_path / "s").rendered == 1
    assert (tmp_path / "s" / "certificates" / "claim-1.json").is_file()


def test_the_certificates_of_claims_and_of_false_steps_are_confirmed(site: Path) -> None:
    assert {checked.state for checked in certificates.verify(site / "certificates")} == {"confirmed"}
    assert 'href="certificates/claim-1.json"' in page(site, "claim")


def test_two_jobs_write_the_same_site_as_one(tmp_path: Path) -> None:
    build(given(sigmoid=SIGMOID, claim=CLAIM), tmp_path / "one", jobs=1)
    build(given(sigmoid=SIGMOID, claim=CLAIM), tmp_path / "two", jobs=2)
    names = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert [(tmp_path / "one" / name).read_bytes() for name in names] == [
        (tmp_path / "two" / name).read_bytes() for name in names
    ]


def test_a_false_step_is_found_again_without_rendering(tmp_path: Path) -> None:
    first = build(given(false=FALSE), tmp_path / "s")
    again = build(given(false=FALSE), tmp_path / "s")
    assert (again.rendered, again.worst, again.findings) == (0, 1, first.findings)


def test_a_broken_manifest_means_a_new_site(tmp_path: Path) -> None:
    build(given(claim=CLAIM), tmp_path / "s")
    (tmp_path / "s" / folders.MANIFEST).write_text("{", encoding="utf-8")
    assert build(given(claim=CLAIM), tmp_path / "s").rendered == 1


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(folders.NotOurs, match="is no site of derivations"):
        build(given(claim=CLAIM), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_interrupted_run_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(given(claim=CLAIM), tmp_path / "s")
    before = page(tmp_path / "s", "claim")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("backproof.site.building._finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(given(claim=CLAIM.replace("A claim", "Another")), tmp_path / "s")
    assert page(tmp_path / "s", "claim") == before
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_the_new_folder_takes_the_place_of_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    build(given(claim=CLAIM), tmp_path / "s")
    build(given(claim=CLAIM.replace("A claim", "Another")), tmp_path / "s")
    assert "Another" in page(tmp_path / "s", "claim")
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_site_that_was_moved_aside_when_the_run_was_killed_comes_back(tmp_path: Path) -> None:
    build(given(claim=CLAIM), tmp_path / "s")
    (tmp_path / "s").rename(tmp_path / ".s.backproof-x-old")
    with folders.replacing(tmp_path / "s"):
        assert (tmp_path / "s" / "claim.html").is_file()


def test_the_manifest_names_every_page(site: Path) -> None:
    manifest = json.loads((site / folders.MANIFEST).read_text(encoding="utf-8"))
    assert [each["name"] for each in manifest["pages"]] == list(TEXTS)


def test_files_of_one_name_make_two_pages(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "x.md").write_text(CLAIM, encoding="utf-8")
    (tmp_path / "a" / "X.md").write_text(CLAIM, encoding="utf-8")
    (tmp_path / "index.md").write_text(CLAIM, encoding="utf-8")
    names = [source.name for source in sources([tmp_path])]
    assert len(set(names)) == 3
    assert "index" not in names


def test_a_second_derivation_stands_a_level_deeper(tmp_path: Path) -> None:
    build(given(both=SIGMOID + "\n```derive\ngiven x\nclaim x + x = 2*x\n```\n"), tmp_path / "s")
    assert re.findall(r"<h([123])[^>]*>(Sigmoid|Claim|Derivation)<", page(tmp_path / "s", "both")) == [
        ("1", "Sigmoid"), ("2", "Derivation"), ("2", "Claim"), ("3", "Derivation"),
    ]  # fmt: skip

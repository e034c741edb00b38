"""Every page of the catalogue is valid, links to what is there, weighs little, and its certificates are confirmed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from backproof import catalogue, certificates
from tests.emit.test_mathml import CORE

html5lib = pytest.importorskip("html5lib")

PAGES = (*catalogue.names(), "index")
MATHML = "{http://www.w3.org/1998/Math/MathML}"
SVG = re.compile(r"<svg .*?</svg>", re.DOTALL)


def text(site: Path, name: str) -> str:
    return (site / f"{name}.html").read_text(encoding="utf-8")


def tree(site: Path, name: str) -> Any:
    return html5lib.HTMLParser(strict=True).parse(text(site, name))


#: Graphs of so many edges that nobody walks through them; the plain steps beside them have walks.
LONG = {"packed-gru-step", "packed-lstm-step"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_valid_html(site: Path, name: str) -> None:
    assert tree(site, name).find(".//{http://www.w3.org/1999/xhtml}main") is not None


@pytest.mark.parametrize("name", PAGES)
def test_every_id_of_a_page_is_its_own(site: Path, name: str) -> None:
    ids = [element.attrib["id"] for element in tree(site, name).iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", PAGES)
def test_every_formula_of_a_page_is_mathml_core(site: Path, name: str) -> None:
    parts = [each for math in tree(site, name).iter(f"{MATHML}math") for each in math.iter()]
    tags = {(part.tag.removeprefix(MATHML), len(part)) for part in parts}
    assert {(tag, count) for tag, count in tags if tag not in CORE or CORE[tag] not in (None, count)} == set()


@pytest.mark.parametrize("name", catalogue.names())
def test_every_picture_of_a_page_is_valid_xml_with_a_title(site: Path, name: str) -> None:
    roots = [ET.fromstring(found) for found in SVG.findall(text(site, name))]
    assert len(roots) >= 2 - (name in LONG)
    assert all(root.find("{http://www.w3.org/2000/svg}title").text for root in roots)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_refers_to_files_and_places_that_exist(site: Path, name: str) -> None:
    elements = list(tree(site, name).iter())
    links = [element.attrib.get("href") or element.attrib.get("src") or "" for element in elements]
    ids = {element.attrib.get("id") for element in elements}
    files = {link.partition("#")[0] for link in links if not link.startswith(("data:,", "#", "https://"))} - {""}
    assert {file for file in files if not (site / file).is_file()} == set()
    assert {link[1:] for link in links if link.startswith("#")} <= ids


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_catalogue_weighs_at_most_120_kilobytes(site: Path, name: str) -> None:
    assert (site / f"{name}.html").stat().st_size <= 120_000


@pytest.mark.parametrize("name", catalogue.names())
def test_a_page_has_a_walk_and_code(site: Path, name: str) -> None:
    page = text(site, name)
    assert ('class="walk"' in page) is (name not in LONG)
    assert "<summary>numpy</summary>" in page


def test_every_certificate_of_the_site_is_confirmed(site: Path) -> None:
    states = {checked.state for checked in certificates.verify(site / "certificates")}
    assert states == {"confirmed"}


PROVED = re.compile(r"-proof-\d+\"><strong>Proved")


@pytest.mark.parametrize("name", catalogue.names())
def test_every_proved_step_has_a_certificate_or_says_why_not(site: Path, name: str) -> None:
    page = text(site, name)
    linked = len(re.findall(r'<a href="certificates/[^"]*">Certificate</a>', page))
    assert linked + page.count("No certificate: ") == len(PROVED.findall(page))

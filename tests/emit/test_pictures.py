"""The picture of a graph: what stands on its edges, and that SVG, TikZ and DOT show all of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from backproof.emit import emit_dot, emit_svg, emit_tikz
from backproof.emit.picture import Numbers, Picture, flattened, indicator, picture
from backproof.emit.svg import pile
from backproof.emit.text import term_text
from backproof.language import parse_expression, to_source
from backproof.terms import Term

from .examples import HOSTILE, NAMES, SPECIAL, derivations

SVG = "{http://www.w3.org/2000/svg}"


def said(shown: Picture, words: tuple[object, ...]) -> str:
    return "".join(term_text(word, shown.scope) if isinstance(word, Term) else str(word) for word in words)


def edges(name: str, **options: object) -> dict[str, str]:
    """Gradient by value, of every edge that has one."""
    shown = picture(derivations(name)[0], **options)  # type: ignore[arg-type]
    return {said(shown, edge.value): said(shown, edge.gradient) for edge in shown.edges if edge.gradient}


def test_sigmoid_has_the_labels_of_the_book() -> None:
    assert edges("sigmoid") == {
        "x": "∂L/∂y · y² e⁻ˣ",
        "−x": "−∂L/∂y · y² e⁻ˣ",
        "e⁻ˣ": "−∂L/∂y · y²",
        "1 + e⁻ˣ": "−∂L/∂y · y²",
        "y": "∂L/∂y",
    }


def test_named_values_keep_their_names() -> None:
    assert edges("fruit")["goods"] == "∂L/∂price · tax"


@pytest.mark.parametrize(("upto", "count"), [(0, 1), (1, 2), (2, 3), (4, 5), (9, 5), (None, 5)])
def test_the_signal_travels_back_one_operation_at_a_time(upto: int | None, count: int) -> None:
    assert len(edges("sigmoid", upto=upto)) == count


def test_the_operation_that_was_reached_is_lit() -> None:
    shown = picture(derivations("sigmoid")[0], upto=2)
    assert [vertex.name for vertex in shown.vertices if vertex.is_active] == ["c"]


def test_numbers_stand_instead_of_symbols() -> None:
    numbers = Numbers({"apple": "100"}, {("apple", "basket"): "2.2"})
    assert edges("fruit", numbers=numbers) == {"100": "2.2"}


def test_a_name_is_shown_where_a_gradient_mentions_it() -> None:
    assert "u = √(2/π) c" in edges("gelu-tanh")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("dy*(-y^2)*(-1)", "dy*y^2"),
        ("-(-x)", "x"),
        ("dy*(a*b)*1", "dy*a*b"),
        ("dy*(-a)", "-dy*a"),
    ],
)
def test_products_are_flat_with_their_sign_in_front(given: str, expected: str) -> None:
    assert to_source(flattened(parse_expression(given))) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("where(x > 0, 1, 0)", "[x > 0]"),
        ("where(x > 0, 0, 1)", "[x <= 0]"),
        ("where(x > 0, x, 1)", "where(x > 0, x, 1)"),
    ],
)
def test_zero_or_one_is_an_indicator(given: str, expected: str) -> None:
    assert to_source(indicator(parse_expression(given))) == expected


# ------------------------------------------------------------------ SVG


@pytest.mark.parametrize("name", NAMES)
def test_every_svg_is_valid_xml_with_a_title_and_a_description(name: str) -> None:
    roots = [ET.fromstring(emit_svg(each)) for each in derivations(name)]
    assert all(root.find(f"{SVG}title").text and root.find(f"{SVG}desc").text for root in roots)


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_no_file_makes_an_invalid_svg(name: str) -> None:
    assert ET.fromstring(emit_svg(SPECIAL[name])).tag == f"{SVG}svg"


def test_a_title_cannot_smuggle_markup_into_the_svg() -> None:
    title = ET.fromstring(emit_svg(HOSTILE)).find(f"{SVG}title")
    assert title.text.startswith("\\input{/etc/passwd} & 100%")


@pytest.mark.parametrize("name", NAMES)
def test_an_svg_refers_to_nothing_outside(name: str) -> None:
    text = "".join(emit_svg(each) for each in derivations(name)).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|url\(|href|@import", text)


def test_an_svg_is_light_and_dark() -> None:
    assert "prefers-color-scheme:dark" in emit_svg(derivations("sigmoid")[0])


def test_every_edge_has_its_value_and_gradient_as_text() -> None:
    root = ET.fromstring(emit_svg(derivations("fruit")[0]))
    texts = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    assert {"goods", "∂L/∂price · tax", "×", "+"} <= texts


def test_several_pictures_are_one_document() -> None:
    root = ET.fromstring(pile([emit_svg(derivations(name)[0]) for name in ("apple", "fruit")]))
    assert len(root.findall(f"{SVG}svg")) == 2


# ------------------------------------------------------------------ TikZ and DOT


@pytest.mark.parametrize("name", NAMES)
def test_every_graph_is_one_tikzpicture(name: str) -> None:
    pictures = [emit_tikz(each) for each in derivations(name)]
    assert all(text.count(r"\begin{tikzpicture}") == text.count(r"\end{tikzpicture}") == 1 for text in pictures)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
@pytest.mark.parametrize("name", ["sigmoid", "fruit", "huber"])
def test_a_tikzpicture_compiles(name: str, tmp_path: Path) -> None:
    if not Path("/usr/share/texlive/texmf-dist/tex/latex/pgf/frontendlayer/tikz.sty").exists():
        pytest.skip("needs texlive-pictures")
    (tmp_path / "graph.tex").write_text(emit_tikz(derivations(name)[0], standalone=True), encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "graph.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_dot_has_each_edge_once(name: str) -> None:
    counts = [(emit_dot(each).count(" -> "), len(picture(each).edges)) for each in derivations(name)]
    assert all(found == wanted for found, wanted in counts)


def test_dot_quotes_what_a_stranger_wrote() -> None:
    assert '"\\\\input{/etc/passwd} & 100% _of_ #1 ~ ^ {"' in emit_dot(HOSTILE)


# ------------------------------------------------------------------ outlines


@pytest.mark.parametrize("name", ["sigmoid", "fruit", "huber", "softmax"])
def test_outlined_labels_need_no_font(name: str) -> None:
    pytest.importorskip("ziamath")
    root = ET.fromstring(emit_svg(derivations(name)[0], outlined=True))
    assert list(root.iter(f"{SVG}text")) == []
    assert len(list(root.iter(f"{SVG}path"))) > 20


def test_outlines_take_the_colours_of_the_reader() -> None:
    pytest.importorskip("ziamath")
    assert '"black"' not in emit_svg(derivations("sigmoid")[0], outlined=True)

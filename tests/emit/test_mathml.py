"""MathML is well-formed, whatever the term and wherever its line turns; a page of it is valid and closed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.emit import emit_html
from backproof.emit.breaking import break_lines
from backproof.emit.html_text import blocks, tex
from backproof.emit.latex_style import HANG
from backproof.emit.mathml import MATHML, line_mathml, math, settled, term_mathml
from backproof.emit.typography import Typesetter
from backproof.language import parse_expression
from backproof.terms import Term

from .examples import NAMES, SCOPE, SPECIAL, TERMS, derivations

#: The elements of MathML Core that we write; each with how many children it must have (None: any).
CORE = {
    "math": None, "mrow": None, "mi": 0, "mn": 0, "mo": 0, "mtext": 0, "mspace": 0, "mfrac": 2, "msqrt": None,
    "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "mtable": None, "mtr": None, "mtd": None,
}  # fmt: skip


def misshapen(root: ET.Element) -> list[str]:
    """Elements that are not of MathML Core, or have another number of children than they must."""
    tags = [(element.tag.rpartition("}")[2], len(element)) for element in root.iter()]
    return [tag for tag, count in tags if tag not in CORE or CORE[tag] not in (None, count)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x^2", "<msup><mrow><mi>x</mi></mrow><mrow><mn>2</mn></mrow></msup>"),
        ("1/x", "<mfrac><mrow><mn>1</mn></mrow><mrow><mi>x</mi></mrow></mfrac>"),
        ("dx", "<mfrac><mrow><mo>∂</mo><mi>L</mi></mrow><mrow><mo>∂</mo><mi>x</mi></mrow></mfrac>"),
        ("alpha", "<mi>α</mi>"),
        ("x1", "<msub><mi>x</mi><mn>1</mn></msub>"),
        ("2*x", "<mn>2</mn><mo>&#x2062;</mo><mi>x</mi>"),
        ("a - x", "<mi>a</mi><mo>−</mo><mi>x</mi>"),
        (
            "(a + x)^2",
            '<msup><mrow><mrow><mo form="prefix" lspace="0" rspace="0">(</mo><mi>a</mi><mo>+</mo><mi>x</mi>'
            '<mo form="postfix" lspace="0" rspace="0">)</mo></mrow></mrow><mrow><mn>2</mn></mrow></msup>',
        ),
    ],
)
def test_writes_each_construct(source: str, expected: str) -> None:
    assert settled(Typesetter(MATHML, SCOPE)(parse_expression(source)).text) == expected


@given(TERMS)
def test_every_term_is_mathml_core(term: Term) -> None:
    assert misshapen(ET.fromstring(term_mathml(term, SCOPE, display=True))) == []


@given(TERMS, st.integers(3, 40))
def test_every_line_of_a_broken_term_is_mathml_core(term: Term, width: int) -> None:
    lines = break_lines(Typesetter(MATHML, SCOPE)(term), width, HANG)
    assert [misshapen(ET.fromstring(math(line_mathml(line)))) for line in lines] == [[] for _ in lines]


@pytest.mark.parametrize("name", NAMES)
def test_every_page_is_well_formed(name: str) -> None:
    assert all(ET.fromstring(emit_html(each)).tag == "article" for each in derivations(name))


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_no_file_makes_a_malformed_page(name: str) -> None:
    root = ET.fromstring(emit_html(SPECIAL[name]))
    assert {"script", "img", "iframe"} & {element.tag for element in root.iter()} == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_link_of_a_page_has_its_target(name: str) -> None:
    text = "".join(emit_html(each) for each in derivations(name))
    targets, ids = re.findall(r'href="#([^"]*)"', text), re.findall(r' id="([^"]*)"', text)
    assert set(targets) <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_its_own_asks_for_nothing(name: str) -> None:
    text = "".join(emit_html(each, standalone=True) for each in derivations(name))
    assert not re.search(r"""(src|href)=["'](?!#)|url\(|@import""", text)


def test_every_step_is_linked_to_what_it_was_proved_by() -> None:
    (found,) = derivations("sigmoid")
    assert emit_html(found).count('class="mark proved" href="#sigmoid-proof-') == len(found.steps)


def test_a_definition_is_linked_to_its_line() -> None:
    assert '<a href="#sigmoid-line-y">definition of ' in emit_html(derivations("sigmoid")[0])


@pytest.mark.parametrize(
    ("name", "said"),
    [("refuted", "is false"), ("unknown", "no rule applies"), ("conditional", "Holds where")],
)
def test_a_page_says_what_was_not_simply_proved(name: str, said: str) -> None:
    assert said in emit_html(SPECIAL[name])


# ------------------------------------------------------------------ prose


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x_i^2", "<msubsup><mi>x</mi><mrow><mi>i</mi></mrow><mrow><mn>2</mn></mrow></msubsup>"),
        (r"\frac{1}{n}", "<mfrac><mrow><mn>1</mn></mrow><mrow><mi>n</mi></mrow></mfrac>"),
        (r"\alpha \le 1", "<mi>α</mi><mo>≤</mo><mn>1</mn>"),
        (r"\sqrt{x}", "<msqrt><mrow><mi>x</mi></mrow></msqrt>"),
        ("a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
    ],
)
def test_tex_in_prose_becomes_mathml(source: str, expected: str) -> None:
    assert tex(source) == f"<math><mrow>{expected}</mrow></math>"


@pytest.mark.parametrize("source", [r"\input{x}", r"\frac{1", "{" * 400, r"\href{a}{b}", "<script>"])
def test_tex_that_we_do_not_know_is_shown_or_escaped(source: str) -> None:
    assert "script>" not in tex(source).replace("&lt;script&gt;", "")
    assert ET.fromstring(tex(source)).tag in ("code", "math")


@given(st.text(alphabet=r"\{}^_$xfrac12 <&>`*[]()sqrthat-", max_size=60))
def test_no_prose_makes_malformed_html(text: str) -> None:
    assert ET.fromstring(f"<div>{''.join(blocks(text))}</div>").tag == "div"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("see [tanh](tanh.md)", '<p>see <a href="tanh.html">tanh</a></p>'),
        ("see [here](https://example.org/a)", '<p>see <a href="https://example.org/a">here</a></p>'),
        ("see [it](javascript:alert(1))", "<p>see it)</p>"),
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        ("a < b & *c*", "<p>a &lt; b &amp; <em>c</em></p>"),
    ],
)
def test_prose_becomes_html(source: str, expected: str) -> None:
    assert "".join(blocks(source)) == expected

"""Every format writes every derivation, and holds back nothing of a verdict."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.emit import DRAWINGS, EMITTERS, emit_all, emit_json, emit_latex, emit_markdown, emit_text
from backproof.terms import Term

from .examples import HOSTILE, NAMES, NUMBERED, REFUTED, SPECIAL, TERMS, derivations

GOLDEN = ("sigmoid", "relu", "apple", "softplus")
#: The formats that say everything; a drawing and the steps alone do not.
DOCUMENTS = sorted({*EMITTERS} - {*DRAWINGS, "aligned"})
FILES = {"text": "txt", "latex": "tex"}


@pytest.mark.parametrize("form", sorted(EMITTERS))
@pytest.mark.parametrize("name", NAMES)
def test_writes_every_derivation_of_the_catalogue(name: str, form: str) -> None:
    least = 200 if form in DOCUMENTS else 20
    assert all(len(EMITTERS[form](derivation)) > least for derivation in derivations(name))


@pytest.mark.parametrize("form", sorted(EMITTERS))
@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_writes_derivations_that_no_honest_file_would_give(name: str, form: str) -> None:
    assert EMITTERS[form](SPECIAL[name])


@pytest.mark.parametrize("form", sorted(FILES))
@pytest.mark.parametrize("name", GOLDEN)
def test_the_document_is_the_golden_one(name: str, form: str, golden) -> None:
    golden(f"{name}.{FILES[form]}", emit_all(derivations(name), form))


@pytest.mark.parametrize("form", ["text", "latex", "markdown"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("refuted", "is false"),
        ("refuted", "they differ by a factor"),
        ("unknown", "is not decided"),
        ("unknown", "both sides agree at 5 random points"),
        ("conditional", "1 proved under the condition beside it"),
    ],
)
def test_says_what_was_not_simply_proved(name: str, said: str, form: str) -> None:
    assert said in " ".join(EMITTERS[form](SPECIAL[name]).split())


@pytest.mark.parametrize(("form", "condition"), [("text", "x ≠ 0"), ("latex", r"x \ne 0"), ("markdown", r"x \ne 0")])
def test_prints_the_condition_of_a_step(form: str, condition: str) -> None:
    assert condition in EMITTERS[form](SPECIAL["conditional"])


@pytest.mark.parametrize("form", DOCUMENTS)
def test_shows_exact_numbers_beside_those_of_float64(form: str) -> None:
    document = EMITTERS[form](NUMBERED)
    assert "220.00000000000003" in document
    assert re.search(r"\b2\.2\b", document)


def test_several_derivations_make_one_json_document() -> None:
    document = json.loads(emit_all([NUMBERED, HOSTILE], "json"))
    assert [each["name"] for each in document["derivations"]] == ["apple", "made"]


def test_several_derivations_make_one_article() -> None:
    assert emit_all([NUMBERED, HOSTILE], "latex", standalone=True).count(r"\documentclass") == 1


# ------------------------------------------------------------------ text


@pytest.mark.parametrize("width", [80, 60, 120])
@pytest.mark.parametrize("name", NAMES)
def test_text_stays_within_its_columns(name: str, width: int) -> None:
    lines = [line for each in derivations(name) for line in emit_text(each, width=width).splitlines()]
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_even_a_hostile_text_stays_within_80_columns(name: str) -> None:
    assert max(map(len, emit_text(SPECIAL[name]).splitlines())) <= 80


@given(TERMS, st.integers(50, 90))
def test_a_step_of_any_kind_stays_within_the_columns(term: Term, width: int) -> None:
    step = replace(REFUTED.steps[0], right=term)
    derivation = replace(REFUTED, chains=(replace(REFUTED.chains[0], steps=(step,)),))
    assert max(map(len, emit_text(derivation, width=width).splitlines())) <= width


def test_text_has_no_colour_unless_asked() -> None:
    assert "\x1b" not in emit_text(SPECIAL["refuted"])


def test_colour_changes_nothing_else() -> None:
    coloured = emit_text(SPECIAL["refuted"], colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == emit_text(SPECIAL["refuted"])


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in emit_text(SPECIAL["escaping"])


@pytest.mark.parametrize(("name", "mark"), [("refuted", "✗"), ("unknown", "?"), ("conditional", "✓ cancel, if x ≠ 0")])
def test_text_marks_every_step(name: str, mark: str) -> None:
    assert mark in emit_text(SPECIAL[name])


# ------------------------------------------------------------------ markdown


def blocks(document: str) -> list[str]:
    return re.findall(r"\$\$\n(.*?)\n\$\$", document, re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_mathematics_in_markdown_survives_markdown(name: str) -> None:
    found = "".join(block for each in derivations(name) for block in blocks(emit_markdown(each)))
    assert found
    assert not re.search(r"\\[^A-Za-z]|\\operatorname|\*|}_{|[<>]", found)


def test_a_title_in_markdown_is_what_the_author_wrote() -> None:
    assert emit_markdown(HOSTILE).splitlines()[0].startswith(r"# \\input\{/etc/passwd\} \& 100%")


# ------------------------------------------------------------------ json


def test_json_has_a_schema_and_one_based_places() -> None:
    document = json.loads(emit_json(derivations("sigmoid")[0]))
    assert document["schema"] == 1
    assert document["derivations"][0]["chains"][0]["steps"][0]["span"]["line"] > 1


def test_json_gives_terms_in_their_source_form() -> None:
    (found,) = json.loads(emit_json(derivations("sigmoid")[0]))["derivations"]
    assert found["gradients"] == {"x": "dy*y*(1 - y)"}


# ------------------------------------------------------------------ latex


@pytest.mark.parametrize("command", ["input", "write", "def"])
def test_latex_runs_nothing_from_the_file(command: str) -> None:
    assert f"\\{command}" not in emit_latex(HOSTILE)


def test_a_standalone_document_is_an_article() -> None:
    document = emit_latex(derivations("relu")[0], standalone=True)
    assert document.startswith("\\documentclass{article}")
    assert document.endswith("\\end{document}\n")


# ------------------------------------------------------------------ imports


def test_emitting_needs_neither_sympy_nor_numpy() -> None:
    code = "import backproof.emit, sys; sys.exit(bool({'sympy', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

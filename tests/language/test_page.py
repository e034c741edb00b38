"""The page on the language says what is so."""

import re
from pathlib import Path

import pytest

from backproof.errors import SourceError
from backproof.language import grammar, parse_document, parse_expression
from backproof.terms import FUNCTIONS
from tests.language.trees import tree

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")


def blocks(mark: str, word: str) -> list[str]:
    return re.findall(rf"^{mark}{word}\n(.*?)^{mark}$", PAGE, re.MULTILINE | re.DOTALL)


OUTSIDE = re.sub(r"^(~{3,}).*?^\1$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
WRONG = list(zip(blocks("~~~", "wrong"), blocks("```", "message"), strict=True))


def test_every_derive_block_of_the_page_is_read() -> None:
    page = "\n" + "\n".join(re.findall(r"^```derive$(.*?)^```$", OUTSIDE, re.MULTILINE | re.DOTALL))
    document = parse_document(PAGE, "docs/language.md")
    assert [node.name for node in document.nodes] == re.findall(r"^(?:node|graph) ([\w-]+)", page, re.MULTILINE)
    assert len(document.claims) == page.count("\nclaim ")


@pytest.mark.parametrize("text", blocks("~~~~", "markdown"))
def test_the_complete_file_is_read(text: str) -> None:
    assert parse_document(text).title == "Sigmoid"


@pytest.mark.parametrize("row", "".join(blocks("```", "trees")).splitlines())
def test_the_trees_are_as_shown(row: str) -> None:
    text, _, shown = row.rpartition("  ")
    assert tree(parse_expression(text)) == shown


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_the_error_is_as_shown(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_document(text, "notes.md")
    assert f"{caught.value}\n" == message


@pytest.mark.parametrize(
    "limit",
    [
        f"{grammar.MAX_CHARACTERS:,} characters",
        f"digits of a number | {grammar.MAX_DIGITS:,}",
        f"from 1e-{grammar.MAX_EXPONENT} to 1e{grammar.MAX_EXPONENT}",
        f"{grammar.MAX_NAME} characters",
        f"inside one another | {grammar.MAX_DEPTH:,}",
        f"reduction | {grammar.MAX_AXES}",
        f"claim | {grammar.MAX_GIVEN}",
    ],
)
def test_the_limits_are_as_stated(limit: str) -> None:
    assert limit in PAGE


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_the_page_names_every_function(function: str) -> None:
    assert re.search(rf"\b{function}\b", PAGE)

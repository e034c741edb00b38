"""Markdown is split into prose, kept as it stands, and derive fences."""

import pytest

from backproof.errors import SourceError
from backproof.language import Node, Prose, parse_document

NODE = "node f(x)\ny = 2*x\n"


def kinds(text: str) -> list[str]:
    return [type(block).__name__ for block in parse_document(text).blocks]


@pytest.mark.parametrize(
    "text",
    [
        f"```derive\n{NODE}```",
        f"~~~derive\n{NODE}~~~",
        f"`````derive\n{NODE}`````",
        f"```derive\n{NODE}``````",
        "   ``` derive\n   node f(x)\n   y = 2*x\n  ```  ",
        f"~~~ derive of a node\n{NODE}~~~\n",
        "```derive\r\nnode f(x)\r\ny = 2*x\r\n```\r\n",
        "\ufeff```derive\nnode f(x)\ny = 2*x\n```",
    ],
)
def test_finds_a_derive_fence(text: str) -> None:
    assert [node.name for node in parse_document(text).nodes] == ["f"]


@pytest.mark.parametrize(
    "text",
    [
        f"~~~markdown\n```derive\n{NODE}```\n~~~",
        f"````\n```derive\n{NODE}```\n````",
        "```python\n# no heading\nx = 1\n```",
        "Some `derive` in ``` a line.",
        "",
    ],
)
def test_leaves_everything_else_to_the_prose(text: str) -> None:
    assert set(kinds(text)) <= {"Prose"}


def test_keeps_prose_as_it_stands_with_its_line() -> None:
    prose = "Über $x \\le 1$: −x \u202eü\n\n* a list\n"
    document = parse_document(f"# T\n```derive\n{NODE}```\n{prose}")
    assert document.blocks[2] == Prose(prose, 6)


def test_a_later_fence_continues_the_node_at_its_own_place() -> None:
    document = parse_document(f"one\n```derive\n{NODE}```\ntwo\n```derive\ndx = 2*dy\n```\n")
    assert [type(block) for block in document.blocks] == [Prose, Node, Prose]
    assert len(document.nodes[0].chains) == 1


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Sigmoid\n", "Sigmoid"),
        ("prose\n\n## A title  ##\n# Another", "A title"),
        ("# C#\n", "C#"),
        ("#hashtag\n", ""),
        ("```python\n# comment\n```\n# Title", "Title"),
        ("\ufeff# Marked", "Marked"),
        ("#  \n# Second", "Second"),
    ],
)
def test_the_first_heading_is_the_title(text: str, title: str) -> None:
    assert parse_document(text).title == title


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a\n```derive\nnode f(x)", (2, 1), "this fence is never closed; close it with a line ```"),
        ("~~~python\nx", (1, 1), "this fence is never closed; close it with a line ~~~"),
        ("````derive\n```\n", (1, 1), "this fence is never closed; close it with a line ````"),
        ("* item\n\n    ```derive\n", (3, 1), "a derive fence stands at the margin: indent it at most 3 spaces"),
        ("> ```derive\n", (1, 1), "a derive fence stands at the margin: indent it at most 3 spaces"),
        ("1. ~~~ derive\n", (1, 1), "a derive fence stands at the margin: indent it at most 3 spaces"),
        ("```Derive\n```", (1, 4), "write derive for 'Derive'"),
        ("```derive,x\n```", (1, 4), "write derive for 'derive,x'"),
        ("# T\n```derive\n\n```", (2, 1), "the derive blocks define no node, graph or claim"),
        ("a\nb\rc\n", (2, 2), "a carriage return stands alone; a line ends with a line feed"),
    ],
)
def test_refuses_a_fence_that_would_go_unchecked(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_document(text, "notes.md")
    assert (caught.value.line, caught.value.column, caught.value.message) == (*place, message)

"""A file from a stranger answers with one short error, or is read in time proportional to its length."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.errors import SourceError
from backproof.language import parse_document, parse_expression
from backproof.language.grammar import STATEMENTS

DEEP = "more than 2000 brackets, signs or powers inside one another"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(" * 100_000, DEEP),
        ("(" * 2001 + "x" + ")" * 2001, DEEP),
        ("- " * 99_000 + "x", DEEP),
        ("x " * 100_001, "more than 100,000 words, numbers and signs"),
        ("x^" * 10_000 + "x", DEEP),
        ("x/" * 10_000 + "x", DEEP),
        ("x[" * 10_000, DEEP),
        ("exp(" * 10_000, DEEP),
        ("sum[k](" * 10_000, DEEP),
        ("not " * 10_000 + "x > 0", DEEP),
        (")" * 100_000, "expected an expression, found ')'"),
        ("-" * 100_000, "expected an expression, found '--'; '--' starts a reason, write -(-x)"),
        ("1" * 1001, "the number has more than 1000 digits"),
        ("1e" + "9" * 1001, "the number has more than 1000 digits"),
        ("1e401", "the number lies outside 1e-400 … 1e400"),
        ("1e-999999999999", "the number lies outside 1e-400 … 1e400"),
        ("x" * 101, "the name is longer than 100 characters"),
        ("x[" + ", ".join(f"i{n}" for n in range(33)) + "]", "more than 32 axes"),
        ("sum[" + ", ".join(f"i{n}" for n in range(33)) + "](x)", "more than 32 axes"),
        ("x" * 1_000_001, "the text is longer than 1,000,000 characters"),
    ],
)
def test_refuses_what_is_beyond_a_limit(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_expression(text)
    assert caught.value.message == message
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text",
    [
        "node " + "a-" * 100_000 + "a(x)",
        "node f(x[" + ", ".join(f"a{n}" for n in range(10_000)) + "])",
        "given " + ", ".join(f"a{n}" for n in range(10_000)),
        "node f(" + ", ".join(f"abcdef{n}" for n in range(10_000)) + ")\ny = abcdef",
    ],
)
def test_refuses_a_hostile_statement_with_a_short_error(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_document(f"```derive\n{text}\n```")
    assert len(str(caught.value)) < 400


def test_reads_ten_thousand_lines_and_gradients() -> None:
    lines = [f"a{n} = 2*x" for n in range(10_000)]
    gradients = [f"da{n} = 1" for n in range(9_999)]
    text = "\n".join(["```derive", "node f(x)", *lines, *gradients, "```"])
    assert len(parse_document(text).nodes[0].chains) == 9_999


WORDS = [
    *STATEMENTS,
    *["x", "y", "dx", "dy", "exp", "sum", "[k]", "where", "D", "size", "not", "and", "inf", "pi", "f(x)"],
    *["(", ")", "[", "]", "+", "-", "*", "/", "^", "=", ":", ",", "->", " -- ", "#", "<", ">=", "1", "0.5"],
    *["\n", "\n", "\n", " ", "\t", "\r", "é", "\u202e", "\0", "positive", "```", "node g(x)\ny = x\n"],
]


def refusal(parse: Callable[[str], object], text: str) -> SourceError:
    """Return the error of ``text``, or one at its start where there is none."""
    try:
        parse(text)
    except SourceError as error:
        return error
    return SourceError("", 1, 1, "")


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_any_words_are_a_document_or_a_source_error_inside_the_text(words: list[str]) -> None:
    text = "```derive\nnode f(x)\ny = x\n" + "".join(words) + "\n```\n"
    error = refusal(parse_document, text)
    assert 1 <= error.column <= len(text.split("\n")[error.line - 1]) + 1


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_a_printable_source_error(text: str) -> None:
    assert str(refusal(parse_expression, text)).replace("\n", "").isprintable()

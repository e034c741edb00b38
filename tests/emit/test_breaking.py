"""Where long lines turn."""

from hypothesis import given
from hypothesis import strategies as st

from backproof.emit.breaking import break_lines, line_text
from backproof.emit.text_style import TEXT
from backproof.emit.typography import Typesetter
from backproof.language import parse_expression
from backproof.terms import Term

from .examples import SCOPE, TERMS


def lines(source: str, width: int) -> list[str]:
    box = Typesetter(TEXT, SCOPE)(parse_expression(source))
    return [line_text(line) for line in break_lines(box, width, 4)]


def test_turns_at_a_sum_rather_than_at_a_product() -> None:
    assert lines("x*y*a*x*y + x*y*a*x*y", 14) == ["x y a x y", "+ x y a x y"]


def test_turns_outside_brackets_rather_than_inside() -> None:
    assert lines("(x + y)*(a + y)*(x + a)", 20) == ["(x + y) (a + y)", "· (x + a)"]


def test_a_turned_product_gets_a_dot() -> None:
    assert lines("apple_price*apple_price", 16) == ["apple_price", "· apple_price"]


def test_a_comma_stays_at_the_end_of_its_line() -> None:
    assert lines("max(apple_price, apple_price)", 20) == ["max(apple_price,", "apple_price)"]


@given(TERMS, st.integers(10, 60))
def test_breaking_loses_no_piece(term: Term, width: int) -> None:
    box = Typesetter(TEXT, SCOPE)(term)
    broken = break_lines(box, width, 4)
    assert tuple(piece for line in broken for piece in line) == box.pieces


@given(TERMS, st.integers(10, 60))
def test_only_a_single_piece_may_be_wider_than_the_line(term: Term, width: int) -> None:
    broken = break_lines(Typesetter(TEXT, SCOPE)(term), width, 4)
    assert all(
        len(line) == 1 or sum(p.width for p in line) + sum(p.glue_width for p in line[1:]) <= width for line in broken
    )

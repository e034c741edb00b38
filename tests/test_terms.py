"""Terms are shared, keep their author's order, and are walked without recursion."""

from fractions import Fraction

import pytest

from backproof.language import parse_expression
from backproof.terms import as_fraction


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", Fraction(3)),
        ("-0.5", Fraction(-1, 2)),
        ("-2/3/4", Fraction(-1, 6)),
        ("- " * 1900 + "1", Fraction(1)),
        ("1/0", None),
        ("1/(0/5)", None),
        ("x", None),
        ("-x/2", None),
        ("1 + 1", None),
    ],
)
def test_a_literal_number_has_a_value_at_any_depth(text: str, value: Fraction | None) -> None:
    assert as_fraction(parse_expression(text)) == value

"""Terms are written so that reading gives back the same term."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.language import parse_expression, to_source
from backproof.language.grammar import REDUCTION_WORDS
from backproof.terms import (
    FUNCTIONS,
    RELATIONS,
    Term,
    add,
    call,
    derivative,
    div,
    idx,
    make,
    mul,
    neg,
    num,
    power,
    reduction,
    relation,
    size,
    sym,
    where,
)

_axes = st.sampled_from(["i", "j", "k", "n"])
_names = st.sampled_from(["x", "y", "dy", "alpha_1", "W", "pi"])
_decimals = st.builds(lambda digits, places: Fraction(digits, 10**places), st.integers(0, 10**25), st.integers(0, 40))
_numbers = st.one_of(st.integers(0, 12), _decimals).map(num)
_indices = st.recursive(
    _axes.map(idx) | st.integers(0, 9).map(num),
    lambda index: st.builds(add, index, index) | st.builds(mul, index, index) | index.map(neg),
    max_leaves=4,
)
_indexed = st.builds(lambda name, index: sym(name, *index), st.sampled_from("xyW"), st.lists(_indices, max_size=3))
_leaves = st.one_of(_numbers, _names.map(sym), _indexed, _axes.map(size))
_unary = sorted(name for name, count in FUNCTIONS.items() if count == 1)


def _joined(condition: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    some = st.lists(condition, min_size=2, max_size=3)
    negated = condition.map(lambda operand: make("not", [operand]))
    return st.one_of(condition, negated, st.builds(make, st.sampled_from(["and", "or"]), some))


def _compose(term: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    some = st.lists(term, min_size=2, max_size=4)
    comparison = st.builds(relation, st.sampled_from(sorted(RELATIONS)), term, term)
    condition = _joined(_joined(comparison))
    axes = st.lists(_axes, min_size=1, max_size=2, unique=True)
    return st.one_of(
        st.builds(make, st.sampled_from(["add", "mul", "max", "min"]), some),
        st.builds(make, st.just("call"), some, st.sampled_from(["leaky-relu", "mul"])),
        st.builds(div, term, term),
        st.builds(power, term, term),
        term.map(neg),
        st.builds(call, st.sampled_from(_unary), term),
        st.builds(where, condition, term, term),
        st.builds(lambda i, j: make("bracket", [relation("eq", i, j)]), _indices, _indices),
        st.builds(reduction, st.sampled_from(sorted(REDUCTION_WORDS)), axes, term),
        st.builds(derivative, term, st.one_of(_names.map(sym), _indexed)),
    )


TERMS = st.recursive(_leaves, _compose, max_leaves=25)


@settings(deadline=None)
@given(TERMS)
def test_reading_undoes_writing(term: Term) -> None:
    assert parse_expression(to_source(term)) is term


@settings(deadline=None)
@given(TERMS, TERMS, st.sampled_from(sorted(RELATIONS)))
def test_reading_undoes_writing_of_conditions(left: Term, right: Term, head: str) -> None:
    term = relation(head, left, right)
    assert parse_expression(to_source(term)) is term


@pytest.mark.parametrize(
    "text",
    [
        "dy*y*(1 - y)",
        "dy*1/c*b/c",
        "-x^2 + y",
        "(-x)^2",
        "x^-1",
        "x^(-y)",
        "x^(a/b)",
        "2^3^x",
        "a - (b - c)",
        "a*(-b)",
        "-(-x)",
        "1e-7*x",
        "0.01*x",
        "3.1415926535897932384626433832795",
        "1e30",
        "100",
        "not (x > 0 or y > 0)",
        "where(x > 0 and y <= 1, x, -0.5)",
        "sum[n, k](x[n, k]*[n = k + 1])",
        "leaky_relu(x, alpha)",
        "size(n)*pi",
    ],
)
def test_writes_as_its_author_would(text: str) -> None:
    assert to_source(parse_expression(text)) == text


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda term: call("exp", term), "exp(" * 1000 + "x" + ")" * 1000),
        (lambda term: power(sym("x"), term), "x^" * 1000 + "x"),
        (neg, "-(" * 999 + "-x" + ")" * 999),
    ],
)
def test_writes_a_thousand_levels(build, expected: str) -> None:  # type: ignore[no-untyped-def]
    term = sym("x")
    for _ in range(1000):
        term = build(term)
    assert to_source(term) == expected
    assert parse_expression(expected) is term


def test_writes_ten_thousand_terms() -> None:
    term = add(*(neg(sym(f"x{i}")) for i in range(10_000)))
    assert parse_expression(to_source(term)) is term


@pytest.mark.parametrize("text", ["1e400", "1e-400", "9." + "1" * 999, "0." + "0" * 398 + "17", "123e-5", "1234567e15"])
def test_every_number_that_can_be_read_can_be_written_and_read_again(text: str) -> None:
    term = parse_expression(text)
    assert parse_expression(to_source(term)) is term

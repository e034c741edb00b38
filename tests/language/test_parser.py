"""Expressions become exactly the trees that their author wrote."""

from fractions import Fraction

import pytest

from backproof.language import parse_expression
from backproof.terms import ZERO, add, idx, num, sym
from tests.language.trees import tree

TREES = {
    "a - b + c": "add(a, neg(b), c)",
    "a + -b": "add(a, neg(b))",
    "a - -b": "add(a, neg(neg(b)))",
    "(a + b) + c": "add(add(a, b), c)",
    "a + (b + c)": "add(a, add(b, c))",
    "a - (b - c)": "add(a, neg(add(b, neg(c))))",
    "-x*y": "neg(mul(x, y))",
    "-x + y": "add(neg(x), y)",
    "-x/y": "neg(div(x, y))",
    "-x^2": "neg(pow(x, 2))",
    "(-x)^2": "pow(neg(x), 2)",
    "x^-1": "pow(x, neg(1))",
    "x^-y^2": "pow(x, neg(pow(y, 2)))",
    "x^y^z": "pow(x, pow(y, z))",
    "(x^y)^z": "pow(pow(x, y), z)",
    "2*x^3": "mul(2, pow(x, 3))",
    "dy * 1/c * b/c": "mul(dy, div(1, c), div(b, c))",
    "a*b/c": "mul(a, div(b, c))",
    "a/b/c": "div(div(a, b), c)",
    "a/b*c": "mul(div(a, b), c)",
    "(a*b)/c": "div(mul(a, b), c)",
    "a*(b*c)": "mul(a, mul(b, c))",
    "a*-b*c": "mul(a, neg(b), c)",
    "a*-b/c": "mul(a, div(neg(b), c))",
    "a/-b^2": "div(a, neg(pow(b, 2)))",
    "exp(-x)": "exp(neg(x))",
    "max(a, b, c)": "max(a, b, c)",
    "max[k](x[k])": "reduce_max:k(sym:x(k))",
    "min[i, j](x[i, j])": "reduce_min:i,j(sym:x(i, j))",
    "sum[k](x[n, k]*[k = j])": "sum:k(mul(sym:x(n, k), bracket(eq(k, j))))",
    "x[2*n + 1]": "sym:x(add(mul(2, n), 1))",
    "x[t[n]]": "sym:x(sym:t(n))",
    "size(n)*x": "mul(size:n, x)",
    "where(x > 0, x, 0)": "where(gt(x, 0), x, 0)",
    "where(not x > 0 and y != 1 or z <= 2, 1, 0)": "where(or(and(not(gt(x, 0)), ne(y, 1)), le(z, 2)), 1, 0)",
    "where((a < b or c >= d) and not (e = f), 1, 0)": "where(and(or(lt(a, b), ge(c, d)), not(eq(e, f))), 1, 0)",
    "a + b < c*d": "lt(add(a, b), mul(c, d))",
    "D(tanh(x), x)": "D(tanh(x), x)",
    "D(y[n], x[n])": "D(sym:y(n), sym:x(n))",
    "leaky_relu(x, 0.5)": "call:leaky-relu(x, 1/2)",
    "pi/4": "div(pi, 4)",
    "x  # a comment": "x",
    "(a\n + b)": "add(a, b)",
}


@pytest.mark.parametrize(("text", "expected"), TREES.items())
def test_reads_the_tree_as_written(text: str, expected: str) -> None:
    assert tree(parse_expression(text)) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        ("1e-7", Fraction(1, 10**7)),
        ("1E+2", Fraction(100)),
        ("2.50e1", Fraction(25)),
        ("007", Fraction(7)),
        ("1.00000000000000000000000000001", 1 + Fraction(1, 10**29)),
        ("0e399", Fraction(0)),
    ],
)
def test_numbers_are_exact(text: str, value: Fraction) -> None:
    assert parse_expression(text) is num(value)


def test_a_bare_name_between_index_brackets_is_an_index() -> None:
    assert parse_expression("x[n]") is sym("x", idx("n"))


def test_equal_texts_are_the_same_term() -> None:
    assert parse_expression("x*(y + 1)") is parse_expression("x * ( y+1 )")


def test_a_sum_of_ten_thousand_terms_is_one_sum() -> None:
    names = [f"x{i}" for i in range(10_000)]
    assert parse_expression(" + ".join(names)) is add(*map(sym, names))


def test_an_expression_a_thousand_brackets_deep_is_read() -> None:
    assert parse_expression("(" * 1000 + "0" + ")" * 1000) is ZERO


def test_takes_a_call_of_a_known_node() -> None:
    assert tree(parse_expression("soft_sign(x)", known=["soft-sign"])) == "call:soft-sign(x)"

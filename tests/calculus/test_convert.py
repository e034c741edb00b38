"""Terms survive the way to SymPy and back, and come back as a person writes them."""

from __future__ import annotations

import pytest
import sympy as sp

from backproof.calculus.convert import NotConvertible, Translation, complexity
from backproof.domains import NAMED
from backproof.language import parse_expression, to_source
from backproof.terms import call, sym


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-y^2 + 1", "1 - y^2"),
        ("x*dy", "dy*x"),
        ("x*2*dy", "dy*2*x"),
        ("(1/2)*x", "x/2"),
        ("(3/2)*x", "3*x/2"),
        ("x^-1*dy", "dy/x"),
        ("x^-2*dy", "dy/x^2"),
        ("1/(2*y)*dy", "dy/(2*y)"),
        ("exp(-x)*y", "y*exp(-x)"),
        ("x^(1/2)", "sqrt(x)"),
        ("x^(-1/2)", "1/sqrt(x)"),
        ("sqrt(2/pi)*x", "sqrt(2/pi)*x"),
        ("x/sqrt(2*pi)", "x/sqrt(2*pi)"),
        ("x/sqrt(2)", "x/sqrt(2)"),
        ("0.044715*x^3", "0.044715*x^3"),
        ("0.5*x", "0.5*x"),
        ("where(x > 0, dy, 0)", "where(x > 0, dy, 0)"),
        ("max(0, x)", "max(0, x)"),
        ("-x - 1", "-1 - x"),
        ("exp(1)", "exp(1)"),
    ],
)
def test_a_formula_comes_back_as_a_person_writes_it(text: str, expected: str) -> None:
    translation = Translation(upstream=[sym("dy")])
    assert to_source(translation.from_sympy(translation.to_sympy(parse_expression(text)))) == expected


def test_symbols_have_neutral_names() -> None:
    expr = Translation().to_sympy(parse_expression("x + y"))
    assert sorted(symbol.name for symbol in expr.free_symbols) == ["v0", "v1"]


def test_what_sympy_should_not_see_is_one_symbol() -> None:
    translation = Translation()
    term = parse_expression("2*D(x^2, x)")
    assert translation.from_sympy(translation.to_sympy(term)) is term


def test_a_domain_becomes_what_sympy_may_assume() -> None:
    translation = Translation({"x": NAMED["positive"]})
    assert translation.symbol(sym("x")).is_positive


@pytest.mark.parametrize("expr", [sp.zoo, sp.oo, sp.I, sp.nan, sp.gamma(sp.Symbol("z"))])
def test_what_is_no_real_formula_does_not_come_back(expr: sp.Expr) -> None:
    with pytest.raises(NotConvertible):
        Translation().from_sympy(expr)


def test_a_tower_of_3000_functions_is_converted_without_recursion() -> None:
    term = sym("x")
    for _ in range(3000):
        term = call("exp", term)
    assert Translation().to_sympy(term).func is sp.exp


def test_complexity_counts_every_occurrence() -> None:
    assert complexity(parse_expression("x + x")) > complexity(parse_expression("2*x"))

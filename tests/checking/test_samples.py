"""Samples lie in the domain, on both sides of every kink, and are the same for the same seed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from backproof.checking.evaluating import EXACT, FLOAT, evaluate
from backproof.checking.samples import beside, draw, points
from backproof.domains import NAMED, Domain
from backproof.language import parse_document, parse_expression
from backproof.language.document import Node

DOMAINS = {
    **NAMED,
    "(0, 1)": Domain(low=Fraction(0), high=Fraction(1)),
    "[2, 5] integer": Domain(Fraction(2), Fraction(5), False, False, integer=True),
    "(-inf, 3) integer": Domain(high=Fraction(3), integer=True),
    "(-1, 1) without 0": Domain(Fraction(-1), Fraction(1), nonzero=True),
}


@pytest.mark.parametrize("name", DOMAINS)
def test_every_draw_lies_in_the_domain(name: str) -> None:
    rng = np.random.default_rng(0)
    drawn = [draw(DOMAINS[name], rng) for _ in range(200)]
    assert all(DOMAINS[name].contains(value) for value in drawn)
    assert len(set(drawn)) > 3


def test_draws_have_both_signs_where_the_domain_has() -> None:
    rng = np.random.default_rng(0)
    assert {draw(NAMED["real"], rng) > 0 for _ in range(20)} == {True, False}


def node(text: str) -> Node:
    return parse_document(f"```derive\n{text}\n```\n").nodes[0]


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("node f(x)\ny = abs(x)\nat x = 0: dx = 0", "x"),
        ("node f(x, k: positive)\ny = max(x, k)\nat x = k: dx = 0", "x - k"),
        ("node f(x, k)\ny = abs(x^2 - k)\nat x^2 = k: dx = 0", "x^2 - k"),
    ],
)
def test_both_sides_of_a_kink_are_visited_and_the_kink_is_not(text: str, gap: str) -> None:
    subject = node(text)
    near = list(beside(subject, subject.kinks[0], np.random.default_rng(1)))
    signs = {evaluate(parse_expression(gap), point, EXACT) > 0 for point in near}
    assert signs == {True, False}
    assert all(evaluate(parse_expression(gap), point, EXACT) for point in near)


def test_the_same_seed_gives_the_same_points() -> None:
    subject = node("node f(x, p: (0, 1))\ny = x*p")
    assert list(points(subject, (), 7)) == list(points(subject, (), 7))
    assert list(points(subject, (), 7)) != list(points(subject, (), 8))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/3 + 1/6", Fraction(1, 2)),
        ("2 - 3*x", Fraction(-4)),
        ("x^-2", Fraction(1, 4)),
        ("where(x > 1, 5, 1/0)", Fraction(5)),
        ("max(x, 3) + min(x, 3) + abs(-x) + sign(-x)", Fraction(6)),
        ("where(x > 1 and not x = 3, 1, 0)", Fraction(1)),
        ("1/(x - 2)", None),
        ("x^(1/2)", None),
        ("exp(x)", None),
        ("z", None),
    ],
)
def test_exact_values_are_exact_or_missing(text: str, value: Fraction | None) -> None:
    assert evaluate(parse_expression(text), {"x": Fraction(2)}, EXACT) == value


def test_floats_are_added_in_the_order_of_the_term() -> None:
    values = {"a": 1e16, "b": 1.0, "c": -1e16}
    assert evaluate(parse_expression("a + b + c"), values, FLOAT) == (1e16 + 1.0) - 1e16


def test_a_float_that_does_not_exist_is_missing() -> None:
    assert evaluate(parse_expression("log(x)"), {"x": -1.0}, FLOAT) is None

"""Forward lines become one operation per value, and gradients accumulate over them without recursion."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from backproof.graph import Graph, operations
from backproof.language import parse_document, parse_expression, to_source
from backproof.language.document import Node
from backproof.terms import Term, add, call, mul, neg, sym


def node(*lines: str, inputs: str = "x") -> Node:
    text = "\n".join([f"```derive\nnode sample({inputs})", *lines, "```"])
    return parse_document(text).nodes[0]


def shown(*lines: str, inputs: str = "x") -> list[str]:
    steps = operations(node(*lines, inputs=inputs))
    return [f"{to_source(step.output)} = {to_source(step.term)} ({step.kind})" for step in steps]


@pytest.mark.parametrize(
    ("lines", "inputs", "expected"),
    [
        (
            ["y = x*exp(-x^2)"],
            "x",
            ["a = x^2 (square)", "b = -a (neg)", "c = exp(b) (exp)", "y = x*c (mul)"],
        ),
        (
            ["a = -x", "b = exp(a)", "c = 1 + b", "y = 1/c"],
            "x",
            ["a = -x (neg)", "b = exp(a) (exp)", "c = 1 + b (add)", "y = 1/c (reciprocal)"],
        ),
        (["y = a - b"], "a, b", ["y = a - b (sub)"]),
        (["y = x + x*x"], "x", ["a = x*x (mul)", "y = x + a (add)"]),
        (["y = max(0, x)"], "x", ["y = max(0, x) (relu)"]),
        (["y = x^3"], "x", ["y = x^3 (power)"]),
        (["y = x/3"], "x", ["y = x/3 (div)"]),
        (["y = x"], "x", ["y = x (copy)"]),
        (["s = 1.5", "y = s*x"], "x", ["s = 1.5 (copy)", "y = s*x (mul)"]),
        (["y = sqrt(2/pi)*x"], "x", ["y = sqrt(2/pi)*x (mul)"]),
        (
            ["y = where(x > 0, x, exp(x) - 1)"],
            "x",
            ["a = exp(x) (exp)", "b = a - 1 (sub)", "y = where(x > 0, x, b) (where)"],
        ),
        (
            ["y = where(x^2 > 1 and x < 3, x, 0)"],
            "x",
            ["a = x^2 (square)", "y = where(a > 1 and x < 3, x, 0) (where)"],
        ),
    ],
)
def test_a_line_is_split_into_one_operation_per_value(lines: list[str], inputs: str, expected: list[str]) -> None:
    assert shown(*lines, inputs=inputs) == expected


def test_a_subterm_that_occurs_twice_is_one_value() -> None:
    assert shown("y = exp(-x) + 1/exp(-x)") == [
        "a = -x (neg)",
        "b = exp(a) (exp)",
        "c = 1/b (reciprocal)",
        "y = b + c (add)",
    ]


def test_an_unnamed_subterm_is_not_taken_for_a_line_of_the_same_formula() -> None:
    assert shown("a = -x", "y = exp(-x) + a") == [
        "a = -x (neg)",
        "b = -x (neg)",
        "c = exp(b) (exp)",
        "y = c + a (add)",
    ]


def test_a_name_in_use_is_not_given_to_an_intermediate_value() -> None:
    assert shown("y = exp(-a)", inputs="a") == ["b = -a (neg)", "y = exp(b) (exp)"]


def test_an_operation_lists_a_value_used_twice_twice() -> None:
    assert [to_source(v) for v in operations(node("y = x*x"))[0].inputs] == ["x", "x"]


def test_an_operation_lists_what_its_condition_compares() -> None:
    (step,) = operations(node("y = where(x > t, x, 0)", inputs="x, t"))
    assert [to_source(value) for value in step.inputs] == ["x", "t", "x", "0"]


def test_a_tower_20000_levels_high_is_split_without_recursion() -> None:
    term = sym("x")
    for _ in range(20_000):
        term = call("exp", term)
    template = node("y = x")
    line = template.lines[0]
    deep = Node("deep", template.inputs, (type(line)("y", (), term, line.span),), template.span)
    assert len(operations(deep)) == 20_000


FORWARD: dict[str, Callable[..., Any]] = {
    "add": lambda *values: sum(values[1:], values[0]),
    "mul": lambda u, v: u * v,
    "neg": lambda u: -u,
    "exp": math.exp,
    "reciprocal": lambda one, u: one / u,
    "gt": lambda u, v: u > v,
    "where": lambda condition, true, false: true if condition else false,
}
PULLBACKS: dict[str, Callable[..., Any]] = {
    "add": lambda g, v, y: [g] * len(v),
    "mul": lambda g, v, y: (g * v[1], g * v[0]),
    "neg": lambda g, v, y: (-g,),
    "exp": lambda g, v, y: (g * y,),
    "reciprocal": lambda g, v, y: (None, -g * y * y),
    "where": lambda g, v, y: (None, g, None) if v[0] else (None, None, g),
}


def gradients(given: dict[str, Any], *lines: str) -> tuple[dict[str, Any], dict[str, Any]]:
    steps = operations(node(*lines, inputs=", ".join(given)))
    graph = Graph.build(steps)
    leaves = {key: given[key] if isinstance(key, str) else key.data for key in graph.leaves}
    primal = graph.forward(leaves, FORWARD)
    gradient = graph.backward(primal, graph.names[steps[-1].output.data], 1, PULLBACKS)
    return tuple({k: values[i] for k, i in graph.names.items()} for values in (primal, gradient))  # type: ignore[return-value]


def test_the_shopping_cart_is_exact_in_fractions() -> None:
    given = {"apple": Fraction(100), "n": Fraction(2), "tax": Fraction(11, 10)}
    primal, gradient = gradients(given, "total = apple*n", "price = total*tax")
    assert primal["price"] == 220
    assert [gradient[name] for name in given] == [Fraction(11, 5), 110, 200]


def test_every_intermediate_value_is_kept() -> None:
    primal, _ = gradients({"x": 0.0}, "a = -x", "b = exp(a)", "c = 1 + b", "y = 1/c")
    assert primal == {"x": 0.0, "a": 0.0, "b": 1.0, "c": 2.0, "y": 0.5}


def test_contributions_are_summed_where_a_value_is_used_twice() -> None:
    _, gradient = gradients({"x": 3}, "a = x*x", "y = a*x + x")
    assert gradient["x"] == 3 * 3**2 + 1


def test_a_value_that_does_not_reach_the_output_has_no_gradient() -> None:
    _, gradient = gradients({"x": 3, "z": 4}, "a = z*z", "y = x*x")
    assert (gradient["a"], gradient["z"]) == (None, None)


@pytest.mark.parametrize(("x", "slope"), [(2, 2), (-1, 5)])
def test_the_gradient_follows_the_branch_that_was_taken(x: int, slope: int) -> None:
    _, gradient = gradients({"x": x}, "y = where(x > 0, 2*x, 5*x)")
    assert gradient["x"] == slope


def test_terms_are_an_arithmetic_too() -> None:
    forward = {"mul": mul, "neg": neg}
    pullbacks = {
        "mul": lambda g, v, y: (mul(g, v[1]), mul(g, v[0])),
        "neg": lambda g, v, y: (neg(g),),
    }
    graph = Graph.build(operations(node("y = -x*x")))
    primal = graph.forward({"x": sym("x")}, forward)
    gradient: list[Term | None] = graph.backward(primal, graph.names["y"], sym("dy"), pullbacks, add)
    assert gradient[graph.names["x"]] is parse_expression("(-dy)*x + (-dy)*x")


def test_100000_nodes_accumulate_without_recursion() -> None:
    graph = Graph()
    value = graph.leaf("x")
    for _ in range(100_000):
        value = graph.apply("neg", value)
    primal = graph.forward({"x": 1.0}, FORWARD)
    assert graph.backward(primal, value, 1.0, PULLBACKS)[0] == 1.0


def test_equal_operations_are_one_value() -> None:
    graph = Graph()
    x = graph.leaf("x")
    assert graph.apply("exp", x) == graph.apply("exp", x)

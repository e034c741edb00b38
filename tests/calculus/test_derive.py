"""A derivation holds the graph, the backward pass and a chain per input, every step judged."""

from __future__ import annotations

import pytest

from backproof.calculus import derive_document, gradient_context, judge_claim
from backproof.catalogue import load, names
from backproof.derivation import JudgedStep
from backproof.errors import NotDerivable
from backproof.kernel import Kind
from backproof.language import parse_document, to_source
from backproof.terms import sym

from .helpers import chain, derivation, node, written

SIGMOID = ("a = -x", "b = exp(a)", "c = 1 + b", "y = 1/c")


def test_the_sigmoid_is_derived_from_its_forward_pass_alone() -> None:
    assert written(chain(derivation(*SIGMOID))) == [
        ("dy*y^2*exp(-x)", "chain-rule"),
        ("dy*y^2*(1/y - 1)", "definition of y"),
        ("dy*y*(1 - y)", "cancel"),
    ]


def test_the_backward_pass_says_what_arrives_and_what_leaves() -> None:
    pullbacks = derivation(*SIGMOID).pullbacks
    assert [f"{to_source(p.gradient)} = {to_source(p.contribution)}" for p in pullbacks] == [
        "dc = -dy*y^2",
        "db = dc",
        "da = db*b",
        "dx = -da",
    ]


def test_a_value_used_twice_gets_two_contributions() -> None:
    pullbacks = derivation("y = x*x").pullbacks
    assert [to_source(p.contribution) for p in pullbacks] == ["dy*x", "dy*x"]


def test_stated_steps_are_kept_with_their_places() -> None:
    lines = [*SIGMOID, "dx = dy*y^2*exp(-x) -- chain rule", "   = dy*y*(1 - y)"]
    judged = chain(derivation(*lines))
    assert not judged.found
    assert written(judged) == [("dy*y^2*exp(-x)", "chain rule"), ("dy*y*(1 - y)", "")]
    assert [step.span.line for step in judged.steps if step.span] == [7, 8]


def test_a_false_stated_step_is_refuted_and_the_others_are_not() -> None:
    lines = [*SIGMOID, "dx = dy*y^2*exp(-x)", "   = dy*y*(1 + y)", "   = dy*(y + y^2)"]
    kinds = [step.verdict.kind for step in chain(derivation(*lines)).steps]
    assert kinds == [Kind.PROVED, Kind.REFUTED, Kind.PROVED]


def test_a_stated_gradient_of_a_line_is_judged_too() -> None:
    found = derivation(*SIGMOID, "dc = -dy*y^2", "dx = -db*b", "db = dc")
    assert [step.verdict.kind for step in found.steps] == [Kind.PROVED] * 3


def test_inputs_without_a_stated_chain_are_derived() -> None:
    found = derivation("y = a*b", "da = dy*b", inputs="a, b")
    assert [(c.target.data, c.found) for c in found.chains] == [("da", False), ("db", True)]


def test_an_input_that_is_not_used_has_gradient_zero() -> None:
    assert written(chain(derivation("y = x", inputs="x, z"), "dz")) == [("0", "chain-rule")]


def test_the_convention_at_a_kink_is_part_of_the_gradient() -> None:
    context = gradient_context(node(["y = max(0, x)", "at x = 0: dx = 0"]))
    assert to_source(context.definitions["dx"].term) == "where(x = 0, 0, dy*D(y, x))"


def test_without_a_convention_the_kink_is_a_condition() -> None:
    verdict = chain(derivation("y = max(0, x)")).steps[0].verdict
    assert verdict.kind is Kind.PROVED_IF
    assert [to_source(condition) for condition in verdict.conditions] == ["x != 0"]


def test_an_unusual_convention_is_written_into_the_gradient() -> None:
    judged = chain(derivation("y = max(0, x)", "at x = 0: dx = dy/2"))
    assert written(judged)[0] == ("where(x = 0, dy/2, dy*where(x > 0, 1, 0))", "chain-rule")
    assert [step.verdict.kind for step in judged.steps] == [Kind.PROVED] * len(judged.steps)


def test_a_division_by_zero_is_refused() -> None:
    with pytest.raises(NotDerivable, match="y has no derivative"):
        derivation("y = x/0")


def test_a_call_in_a_document_stands_for_the_node_that_it_names() -> None:
    text = "```derive\nnode twice(u)\nv = 2*u\n```\n```derive\nnode sample(x)\ny = twice(x)^2\n```"
    found = derive_document(parse_document(text))[1]
    assert chain(found).result is not sym("dx")
    assert chain(found).steps[-1].verdict.kind is Kind.PROVED


def test_prose_goes_to_the_node_that_follows() -> None:
    text = "# Title\n\nAbout it.\n\n```derive\nnode sample(x)\ny = 2*x\n```"
    found = derive_document(parse_document(text))[0]
    assert found.title == "Title"
    assert "About it." in found.prose


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("D(tanh(x), x) = 1 - tanh(x)^2", Kind.PROVED),
        ("D(tanh(x), x) = 1 + tanh(x)^2", Kind.REFUTED),
    ],
)
def test_a_claim_is_judged_by_itself(claim: str, kind: Kind) -> None:
    document = parse_document(f"```derive\ngiven x\nclaim {claim}\n```")
    assert judge_claim(document.claims[0]).steps[0].verdict.kind is kind


def steps(name: str) -> list[JudgedStep]:
    return [step for found in derive_document(load(name)) for step in found.steps]


def is_scalar(name: str) -> bool:
    nodes = load(name).nodes
    return not any(part.axes for node in nodes for part in (*node.inputs, *node.lines))


@pytest.mark.parametrize("name", [name for name in names() if is_scalar(name)])
def test_every_step_of_the_catalogue_is_accepted(name: str) -> None:
    assert [step.verdict.reason for step in steps(name) if not step.verdict.is_accepted] == []
    assert [step.warning for step in steps(name) if step.warning] == []

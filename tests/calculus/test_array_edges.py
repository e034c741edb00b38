"""What every line of arrays sends back to what it reads: it adds up to the gradient that the kernel knows."""

from __future__ import annotations

import pytest

from backproof import catalogue
from backproof.calculus import derive
from backproof.calculus.array_edges import array_edges
from backproof.calculus.fields import has_axes, local_context, outputs_of
from backproof.inlining import inline_calls
from backproof.kernel import Kind, judge
from backproof.language import parse_document, to_source
from backproof.language.document import Node
from backproof.terms import add


def node(text: str) -> Node:
    return parse_document(f"```derive\n{text}\n```\n").nodes[0]


def nodes() -> dict[str, Node]:
    found = (each for name in catalogue.names() for each in catalogue.load(name).nodes)
    return {each.name: inline_calls(each, catalogue.find_node) for each in found if has_axes(each)}


NODES = nodes()
SOFTMAX = node("node softmax(x[n, k])\ne[n, k] = exp(x[n, k])\ns[n] = sum[k](e[n, k])\ny[n, k] = e[n, k]/s[n]")
#: Nodes for whose contributions the kernel finds no proof: choices of the largest entry, masks, gates along an axis.
UNDECIDED = {
    "causal-attention", "contrastive-infonce", "max-pooling", "maxout", "mixture-of-experts-gate", "packed-gru-step",
    "prelu", "triplet-loss",
}  # fmt: skip


def test_every_read_entry_has_its_slope() -> None:
    rows = [(to_source(each.output), to_source(each.input), to_source(each.term)) for each in array_edges(SOFTMAX)[0]]
    assert rows == [
        ("e[n, k]", "x[n, k]", "e[n, k]"),
        ("s[n]", "e[n, k]", "1"),
        ("y[n, k]", "e[n, k]", "1/s[n]"),
        ("y[n, k]", "s[n]", "-y[n, k]/s[n]"),
    ]


def test_what_is_sent_back_is_summed_over_the_entries_that_read() -> None:
    rows = [(to_source(each.gradient), to_source(each.contribution)) for each in array_edges(SOFTMAX)[1]]
    assert rows == [
        ("ds[n]", "-sum[k](dy[n, k]*y[n, k]/s[n])"),
        ("de[n, k]", "dy[n, k]/s[n]"),
        ("de[n, k]", "ds[n]"),
        ("dx[n, k]", "de[n, k]*e[n, k]"),
    ]


def test_an_entry_that_a_sum_reads_again_and_again_counts_each_time() -> None:
    (local,), (edge,) = array_edges(node("node f(x[n], w[n, k])\ny[n] = sum[k](x[n])"))
    assert (to_source(local.term), to_source(edge.contribution)) == ("sum[k](1)", "sum[k](dy[n])")


def test_what_reaches_no_output_sends_nothing_back() -> None:
    assert array_edges(node("node f(x[n]) -> y\nz[n] = exp(x[n])\ny[n] = 2*x[n]"))[1][0].upstream.data == "dy"


@pytest.mark.parametrize("name", NODES)
def test_the_contributions_of_all_lines_are_the_gradient(name: str) -> None:
    arriving: dict[object, list[object]] = {}
    for edge in array_edges(NODES[name])[1]:
        arriving.setdefault(edge.gradient, []).append(edge.contribution)
    inner = {target: parts for target, parts in arriving.items() if target.data[1:] not in outputs_of(NODES[name])}
    kinds = {judge(t, add(*parts), local_context(NODES[name], t.data)).kind for t, parts in inner.items()}
    assert kinds == {Kind.PROVED} or (name in UNDECIDED and kinds <= {Kind.PROVED, Kind.UNKNOWN})


@pytest.mark.parametrize("name", ["softmax", "embedding", "lstm-step"])
def test_a_derivation_has_an_edge_for_every_local_derivative(name: str) -> None:
    found = derive(NODES[name])
    assert len(found.locals) == len(found.pullbacks) > 0

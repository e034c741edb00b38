"""The derivation of a node with axes: the backward pass line by line, for every size."""

from __future__ import annotations

from collections.abc import Iterator

from backproof.calculus.fields import context_with_axes, entry
from backproof.calculus.judging import Judge
from backproof.calculus.stated import judge_chain
from backproof.derivation import Derivation, JudgedChain, Operation
from backproof.graph import kind_of
from backproof.language.document import Line, Node
from backproof.terms import REDUCTIONS, symbols


def derive_with_axes(node: Node, title: str = "", prose: str = "") -> Derivation:
    """Return the derivation of a node with axes: every line is one operation, with a gradient of its own."""
    context = context_with_axes(node)
    judge = Judge(context)
    return Derivation(
        node=node,
        context=context,
        operations=tuple(_operation(line) for line in node.lines),
        locals=(),
        pullbacks=(),
        chains=tuple(_chains(node, judge)),
        kinks=node.kinks,
        title=title,
        prose=prose,
    )


def _operation(line: Line) -> Operation:
    term = line.term
    kind = term.head if term.head in REDUCTIONS else kind_of(term)
    return Operation(entry(line.name, line.axes), term, symbols(term), kind)


def _chains(node: Node, judge: Judge) -> Iterator[JudgedChain]:
    for chain in node.chains:
        yield judge_chain(chain, judge)

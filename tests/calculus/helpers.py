"""What the tests of the calculus share: nodes from text, and chains as text."""

from __future__ import annotations

from collections.abc import Iterable

from backproof.calculus import derive
from backproof.derivation import Derivation, JudgedChain
from backproof.language import parse_document, to_source
from backproof.language.document import Node


def node(lines: Iterable[str], inputs: str = "x") -> Node:
    """Return the node with these lines."""
    text = "\n".join([f"```derive\nnode sample({inputs})", *lines, "```"])
    return parse_document(text).nodes[0]


def derivation(*lines: str, inputs: str = "x") -> Derivation:
    """Return the derivation of the node with these lines."""
    return derive(node(lines, inputs))


def chain(found: Derivation, name: str = "dx") -> JudgedChain:
    """Return the chain of one gradient."""
    return next(chain for chain in found.chains if chain.target.data == name)


def written(judged: JudgedChain) -> list[tuple[str, str]]:
    """Return the steps of a chain as pairs (expression, rule)."""
    return [(to_source(step.right), step.rule) for step in judged.steps]

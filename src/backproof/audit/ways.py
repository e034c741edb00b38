"""What a wrong gradient does with the ways by which a value reaches the output: leaves one out, turns its sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from backproof.calculus.fields import has_axes, is_differentiable, outputs_of
from backproof.calculus.index_rule import contribution
from backproof.calculus.judging import Judge
from backproof.calculus.tensors import Backward
from backproof.derivation import Derivation
from backproof.language import to_source
from backproof.terms import ONE, Term, add, neg


@dataclass(frozen=True, slots=True)
class Way:
    """What one line contributes to the gradient of a value that it reads, and the same without the local derivative."""

    line: str
    slope: Term
    contribution: Term
    bare: Term


@dataclass(frozen=True, slots=True)
class Wrong:
    """A gradient as somebody wrote it who made one mistake, and the sentence that names the mistake."""

    term: Term
    sentence: str


def wrong_gradients(derivation: Derivation, gradient: str) -> Iterator[Wrong]:
    """Yield the gradient ``dv`` with one mistake in one of the ways from ``v`` to the output."""
    ways = ways_of(derivation, gradient.removeprefix("d"))
    for place, way in enumerate(ways):
        others = [other.contribution for other in ways[:place] + ways[place + 1 :]]
        through, what = f"through {way.line}", to_source(way.contribution)
        if others:
            yield Wrong(add(*others), f"the path {through} is missing: {what}")
        yield Wrong(add(*others, neg(way.contribution)), f"the path {through} has the wrong sign: {what} is right")
        if way.bare is not way.contribution:
            slope = to_source(way.slope)
            yield Wrong(add(*others, way.bare), f"the path {through} lacks its local derivative {slope}")


def ways_of(derivation: Derivation, name: str) -> list[Way]:
    """Return the ways by which the value reaches the output, for a node with axes."""
    node = derivation.node
    domains = {given.name: given.domain for given in node.inputs}
    is_value = name in derivation.context.shapes and is_differentiable(domains.get(name))
    if not has_axes(node) or not is_value or name in outputs_of(node):
        return []
    backward = Backward(node, Judge(derivation.context))
    shapes = derivation.context.shapes
    found = []
    for use in backward.uses.get(name, []):
        if use.line.name in backward.reaching:
            upstream = backward.upstream(use.line)
            parts = (contribution(each, shapes[name], upstream, shapes) for each in (use, replace(use, slope=ONE)))
            right, bare = (part.contracted for part in parts)
            found.append(Way(use.line.name, use.slope, right, bare))
    return found

"""The edges of a graph of arrays: the entry that a line reads, the slope there, and what the line sends back to it."""

from __future__ import annotations

from collections.abc import Iterator

from backproof.calculus.fields import entry, is_differentiable, outputs_of, shapes_of
from backproof.calculus.index_rule import Use, contribution, joined, uses
from backproof.calculus.refining import dressed
from backproof.derivation import Local, Pullback
from backproof.errors import NotDerivable
from backproof.language.document import Line, Node
from backproof.terms import ONE, Term, reduction, symbols


def array_edges(node: Node) -> tuple[tuple[Local, ...], tuple[Pullback, ...]]:
    """Return the local derivative of every entry that a line reads, and in backward order what is sent to it.

    A local derivative holds for each entry that is read and is in the line's indices; the contribution is summed
    over all entries of the line that read it.  Both are empty where no rule differentiates a line.
    """
    shapes = shapes_of(node)
    try:
        found = list(_uses(node))
    except NotDerivable:
        return (), ()
    pullbacks = []
    for use in reversed(found):
        axes = shapes[use.entry.data]
        upstream = entry(f"d{use.line.name}", use.line.axes)
        sent = dressed(contribution(use, axes, upstream, shapes).contracted, axes)
        pullbacks.append(Pullback(entry(f"d{use.entry.data}", axes), upstream, _slope(use), sent))
    locals_ = (Local(entry(use.line.name, use.line.axes), use.entry, _slope(use)) for use in found)
    return tuple(locals_), tuple(pullbacks)


def _uses(node: Node) -> Iterator[Use]:
    """Yield every use of a value that an input varies and an output depends on, in the order of the lines."""
    active = {given.name for given in node.inputs if is_differentiable(given.domain)}
    reaching = _reaching(node.lines, outputs_of(node))
    for line in node.lines:
        found = uses(line, active)
        active |= {line.name} if found else set()
        yield from found if line.name in reaching else ()


def _reaching(lines: tuple[Line, ...], outputs: tuple[str, ...]) -> set[str]:
    """Return the values on which an output depends."""
    reaching = set(outputs)
    for line in reversed(lines):
        if line.name in reaching:
            reaching.update(part.data for part in symbols(line.term))
    return reaching


def _slope(use: Use) -> Term:
    """Return the slope, summed over bound indices that the entry does not name."""
    free = tuple(name for name in use.bound if name not in use.entry.axes)
    factors = use.slope.args if use.slope.head == "mul" else (use.slope,)
    slope = joined(tuple(sorted(factors, key=lambda factor: factor.head == "div" and factor.args[0] is ONE)))
    return reduction("sum", free, slope) if free else slope

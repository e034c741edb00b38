"""Nodes with axes, or with several outputs: what their lines and gradients stand for, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from backproof.domains import Context, Definition, Domain
from backproof.indexing import fresh
from backproof.language.document import Kink, Node
from backproof.terms import Term, add, derivative, idx, mul, reduction, sym, where

Shapes = Mapping[str, tuple[str, ...]]


def has_axes(node: Node) -> bool:
    """Say whether the gradients of ``node`` are sums over entries, or over several outputs."""
    shapes = [given.axes for given in node.inputs] + [line.axes for line in node.lines]
    return any(shapes) or len(node.outputs) > 1


def outputs_of(node: Node) -> tuple[str, ...]:
    return node.outputs or (node.lines[-1].name,)


def shapes_of(node: Node) -> dict[str, tuple[str, ...]]:
    """Return the axes of every input and line, and of the gradient of each."""
    shapes = {given.name: given.axes for given in node.inputs}
    shapes |= {line.name: line.axes for line in node.lines}
    return shapes | {f"d{name}": axes for name, axes in shapes.items()}


def entry(name: str, axes: Iterable[str]) -> Term:
    """Return the entry of a variable at the plain indices of its axes."""
    return sym(name, *map(idx, axes))


def is_differentiable(domain: Domain | None) -> bool:
    """Say whether a gradient makes sense: not with respect to integers, such as the rows of a table."""
    return domain is None or not domain.integer


def context_with_axes(node: Node) -> Context:
    """Return the lines of ``node``, and the gradient of every value, as definitions.

    The gradient of ``v`` is the sum over all entries of all outputs,
    ``dv[n] = sum[n'](dy[n']*D(y[n'], v[n]))``, at a kink the value that the node states.
    """
    shapes = shapes_of(node)
    domains = {given.name: given.domain for given in node.inputs}
    definitions = {line.name: Definition(line.name, line.term, line.axes) for line in node.lines}
    outputs = outputs_of(node)
    for name in (*domains, *definitions):
        if name not in outputs and is_differentiable(domains.get(name)):
            term = _with_kinks(f"d{name}", _total(outputs, name, shapes), node.kinks)
            definitions |= {f"d{name}": Definition(f"d{name}", term, shapes[name])}
    return Context(definitions, domains, shapes)


def _total(outputs: Iterable[str], name: str, shapes: Shapes) -> Term:
    variable = entry(name, shapes[name])
    parts = []
    for output in outputs:
        axes = fresh(shapes[output], shapes[name])
        slope = derivative(entry(output, axes), variable)
        product = mul(entry(f"d{output}", axes), slope)
        parts.append(reduction("sum", axes, product) if axes else product)
    return add(*parts)


def _with_kinks(gradient: str, plain: Term, kinks: Sequence[Kink]) -> Term:
    for kink in reversed(kinks):
        if kink.gradient == gradient:
            plain = where(kink.condition, kink.value, plain)
    return plain

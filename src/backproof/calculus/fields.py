"""Nodes with axes, or with several outputs: what their lines and gradients stand for, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from backproof.derivation import Derivation
from backproof.domains import Context, Definition, Domain
from backproof.indexing import fresh, reindex
from backproof.language.document import Kink, Line, Node
from backproof.terms import Term, add, derivative, idx, make, mul, names, reduction, sym, where

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


def solved_context(derivation: Derivation) -> Context:
    """Return the lines of a derivation, with every derived gradient defined as the result of its chain."""
    context = derivation.context
    solved = dict(context.definitions)
    for chain in derivation.chains:
        name = str(chain.target.data)
        solved[name] = Definition(name, chain.result, context.shapes.get(name, ()))
    return replace(context, definitions=solved)


def local_context(node: Node, target: str) -> Context:
    """Return the context in which only the gradient ``target`` is a definition, by one step of the chain rule.

    ``dv`` is the sum over the lines ``u`` that use ``v`` of ``du`` times the local derivative of that line.  The
    gradients ``du`` are free names, so what is proved here holds whatever arrives, and so for what does arrive.
    """
    shapes = shapes_of(node)
    domains = {given.name: given.domain for given in node.inputs}
    definitions = {line.name: Definition(line.name, line.term, line.axes) for line in node.lines}
    name = target[1:]
    if name in shapes and name not in outputs_of(node) and is_differentiable(domains.get(name)):
        term = _with_kinks(target, _through_lines(node, name, shapes), node.kinks)
        definitions[target] = Definition(target, term, shapes[name])
    return Context(definitions, domains, shapes)


def _through_lines(node: Node, name: str, shapes: Shapes) -> Term:
    variable = entry(name, shapes[name])
    return add(*(_through_line(node, line, variable, shapes) for line in node.lines if name in names(line.term)))


def _through_line(node: Node, line: Line, variable: Term, shapes: Shapes) -> Term:
    axes = fresh(line.axes, shapes[variable.data])
    places = {old: idx(new) for old, new in zip(line.axes, axes, strict=True)}
    slope = make("partial", (reindex(line.term, places), variable))
    product = mul(_arriving(node, line, axes, shapes), slope)
    return reduction("sum", axes, product) if axes else product


def _arriving(node: Node, line: Line, axes: Sequence[str], shapes: Shapes) -> Term:
    """Return the gradient of a line: for an output that other lines use, theirs is added to the upstream."""
    own = entry(f"d{line.name}", axes)
    if line.name not in outputs_of(node) or not any(line.name in names(other.term) for other in node.lines):
        return own
    variable = entry(line.name, line.axes)
    through = _through_lines(node, variable.data, shapes)
    return add(own, reindex(through, {old: idx(new) for old, new in zip(line.axes, axes, strict=True)}))


def _with_kinks(gradient: str, plain: Term, kinks: Sequence[Kink]) -> Term:
    for kink in reversed(kinks):
        if kink.gradient == gradient:
            plain = where(kink.condition, kink.value, plain)
    return plain

"""The walk-through: every operation forward, then every edge backward, with numbers that sliders change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from backproof.calculus.fields import has_axes, outputs_of
from backproof.derivation import Derivation, Operation
from backproof.emit.html import Writer
from backproof.emit.picture import Numbers, picture
from backproof.emit.svg import draw
from backproof.indexing import free_indices
from backproof.site.sliders import sliders, start_of
from backproof.site.walk_numbers import (
    EdgeNumbers,
    Start,
    WalkNumbers,
    picture_numbers,
    sent,
    shown,
    walk_numbers,
)
from backproof.terms import FUNCTIONS, REDUCTIONS, RELATIONS, Term, as_fraction, derivative, make, postorder, sym

#: Ems of a number in the picture that may change, and of an entry of an array.
_ROOM: Final = 4.6
_ENTRY: Final = 3.7
#: A walk over more edges loses its reader.
MOST_EDGES: Final = 16
#: What the script computes with.
_HEADS: Final = (
    {"num", "sym", "idx", "size", "add", "mul", "neg", "div", "pow", "max", "min", "abs", "sign", "where", "bracket"}
    | {"and", "or", "not"}
    | set(FUNCTIONS)
    | set(RELATIONS)
    | set(REDUCTIONS)
)


def walk_through(derivation: Derivation, writer: Writer) -> str:
    """Return the section: controls, picture and steps; nothing without a backward pass of some edges and numbers."""
    is_walked = 0 < len(derivation.pullbacks) <= MOST_EDGES and _is_numeric(derivation)
    start = start_of(derivation) if is_walked else None
    if start is None:
        return ""
    found = walk_numbers(derivation, start)
    numbers = picture_numbers(derivation, found)
    room = {name: _room(numbers, name) for name in found.values}
    drawing = draw(picture(derivation, numbers=numbers), prefix=f"walk-{writer.prefix}", style=False, least=room)
    data = json.dumps(_data(derivation, start, found), ensure_ascii=True).replace("<", "\\u003c")
    return (
        f'<div class="walk" id="{writer.prefix}-walk-box">\n'
        f'<script type="application/json">{data}</script>\n'
        f"{_controls()}\n{sliders(derivation, writer, start)}\n"
        f'<div class="scroll" tabindex="0" role="group" aria-label="Picture with numbers">{shrinking(drawing)}</div>\n'
        f'<ol class="walk-steps">\n{"".join(_steps(derivation, writer, found))}</ol>\n</div>'
    )


def _is_numeric(derivation: Derivation) -> bool:
    """Say whether every name has a number, and every operation is one that the script knows."""
    known = {given.name for given in derivation.node.inputs} | {"pi"}
    known |= {operation.output.data for operation in derivation.operations}
    terms = [operation.term for operation in derivation.operations]
    upstreams = {edge.upstream.data for edge in derivation.pullbacks}
    parts = list(postorder(*terms, *(sent(derivation, edge) for edge in derivation.pullbacks)))
    return all(part.head in _HEADS and (part.head != "sym" or part.data in known | upstreams) for part in parts)


def _room(numbers: Numbers, name: str) -> float:
    """Return how many ems the numbers of a value may come to take."""
    columns = max(row.count(", ") + 1 for row in numbers.values[name].split("\n"))
    return _ROOM if columns == 1 else _ENTRY * columns


def shrinking(drawing: str) -> str:
    """Return the drawing so that it gives way a little on a narrow page, before it scrolls."""
    width = int(drawing.partition(' width="')[2].partition('"')[0])
    return drawing.replace("<svg ", f'<svg style="max-width:100%;height:auto;min-width:{0.72 * width:.0f}px" ', 1)


def _controls() -> str:
    buttons = "".join(
        f'<button type="button" data-move="{move}">{words}</button>'
        for move, words in (("start", "Start"), ("back", "← Back"), ("on", "On →"), ("end", "End"))
    )
    return (
        f'<div class="controls" hidden role="group" aria-label="Walk through the graph">{buttons}'
        '<span class="place" aria-live="polite"></span></div>'
        '<p class="hint" hidden>The arrow keys ← and → walk as well.</p>'
    )


# ------------------------------------------------------------------ steps


def _steps(derivation: Derivation, writer: Writer, found: WalkNumbers) -> Iterator[str]:
    for operation in derivation.operations:
        yield _forward(operation, writer, found)
    for number, each in enumerate(found.edges):
        yield _backward(number, each, writer, derivation)


def _forward(operation: Operation, writer: Writer, found: WalkNumbers) -> str:
    name = operation.output.data
    equation = writer.term(make("eq", (operation.output, operation.term)))
    value = f'<b>= <output data-value="{escape(name)}">{shown(found.values[name])}</output></b>'
    return (
        f'<li data-kind="forward" data-name="{escape(name)}"><span class="way">forward</span> '
        f"<span>{equation}</span> {value}</li>\n"
    )


def _backward(number: int, each: EdgeNumbers, writer: Writer, derivation: Derivation) -> str:
    """Return one edge: what arrives, the local derivative, and what is sent on, with axes by its formula."""
    edge = each.edge
    source, target = edge.gradient.data[1:], edge.upstream.data[1:]
    read, formula = sym(source), ""
    if has_axes(derivation.node):
        read = derivation.locals[-1 - derivation.pullbacks.index(edge)].input
        formula = f" {writer.term(edge.contribution)}"
    slope = derivative(sym(target, *edge.upstream.args), read)
    slope = slope if as_fraction(edge.local) is not None else make("eq", (slope, edge.local))
    parts = {
        "upstream": (writer.term(edge.upstream), each.upstream),
        "local": (writer.term(slope), each.local),
        "product": (f"to {writer.term(edge.gradient)}:{formula}", each.product),
    }
    said = " ".join(
        f'<span class="{part}">{text} <b>= <output data-part="{part}">{shown(value)}</output></b></span>'
        for part, (text, value) in parts.items()
    )
    return (
        f'<li data-kind="backward" data-edge="{number}" data-from="{escape(source)}" data-to="{escape(target)}">'
        f'<span class="way">backward</span> {said}</li>\n'
    )


# ------------------------------------------------------------------ data for the script


def _data(derivation: Derivation, start: Start, found: WalkNumbers) -> dict[str, Any]:
    axes = {operation.output.data: [arg.data for arg in operation.output.args] for operation in derivation.operations}
    return {
        "start": {name: array.tolist() for name, array in {**start.values, **_upstreams(found)}.items()},
        "outputs": list(outputs_of(derivation.node)),
        "sizes": dict(start.sizes),
        "operations": [[name, axes[name], _plain(o.term)] for o in derivation.operations for name in [o.output.data]],
        "edges": [_edge(derivation, each) for each in found.edges],
    }


def _upstreams(found: WalkNumbers) -> dict[str, Any]:
    return {f"d{output}": upstream for output, upstream in found.upstreams.items()}


def _edge(derivation: Derivation, each: EdgeNumbers) -> list[Any]:
    """Return source, target, the local derivative and what is sent, both with the indices of their entries."""
    edge = each.edge
    gradient = [arg.data for arg in edge.gradient.args]
    local = list(free_indices(edge.local))
    ends = [edge.gradient.data[1:], edge.upstream.data[1:]]
    return [*ends, local, _plain(edge.local), gradient, _plain(sent(derivation, edge))]


def _plain(term: Term) -> Any:
    """Return a term as nested lists: a number, the name of one, or the head with its arguments."""
    number = as_fraction(term)
    if number is not None:
        return float(number)
    if term.head == "sym" and not term.args:
        return str(term.data)
    if term.head in ("sym", "idx", "size") or term.head in REDUCTIONS:
        named = list(term.data) if term.head in REDUCTIONS else term.data
        return [term.head, named, *(_plain(arg) for arg in term.args)]
    return [term.head, *(_plain(arg) for arg in term.args)]

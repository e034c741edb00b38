"""The walk-through: every operation forward, then every edge backward, with numbers that sliders change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from html import escape
from typing import Any, Final

from backproof.derivation import Derivation, Operation, Pullback
from backproof.domains import Domain
from backproof.emit.html import Writer
from backproof.emit.picture import Numbers, picture
from backproof.emit.svg import draw
from backproof.language.document import Declaration
from backproof.site.edge_numbers import edge_numbers
from backproof.terms import Term, as_fraction, derivative, make

#: Ems that every number has in the picture.
_ROOM: Final = 4.6


def walk_through(derivation: Derivation, writer: Writer) -> str:
    """Return the section: controls, picture and steps; nothing for a node with axes or without a backward pass."""
    inputs = derivation.node.inputs
    if not derivation.pullbacks or any(given.axes for given in inputs) or not _is_numeric(derivation):
        return ""
    start = {given.name: float(_start(derivation, given)) for given in inputs}
    output = derivation.node.lines[-1].name
    start[f"d{output}"] = float(_examples(derivation).get(f"d{output}", Fraction(1)))
    numbers = edge_numbers(derivation, start)
    drawing = draw(picture(derivation, numbers=numbers), prefix=f"walk-{writer.prefix}", style=False, least=_ROOM)
    data = json.dumps(_data(derivation, start, output), ensure_ascii=True).replace("<", "\\u003c")
    return (
        f'<div class="walk" id="{writer.prefix}-walk-box" data-output="{escape(output)}">\n'
        f'<script type="application/json">{data}</script>\n'
        f"{_controls(writer)}\n{_sliders(derivation, writer, start, output)}\n"
        f'<div class="scroll" tabindex="0" role="group" aria-label="Picture with numbers">{shrinking(drawing)}</div>\n'
        f'<ol class="walk-steps">\n{"".join(_steps(derivation, writer, numbers))}</ol>\n</div>'
    )


def _is_numeric(derivation: Derivation) -> bool:
    inputs = {given.name for given in derivation.node.inputs}
    made = {operation.output.data for operation in derivation.operations}
    used = {term.data for operation in derivation.operations for term in operation.inputs if term.head == "sym"}
    return used - made <= inputs | {"pi"} and not any(operation.output.args for operation in derivation.operations)


def shrinking(drawing: str) -> str:
    """Return the drawing so that it gives way a little on a narrow page, before it scrolls."""
    width = int(drawing.partition(' width="')[2].partition('"')[0])
    return drawing.replace("<svg ", f'<svg style="max-width:100%;height:auto;min-width:{0.72 * width:.0f}px" ', 1)


# ------------------------------------------------------------------ inputs


def _examples(derivation: Derivation) -> dict[str, Fraction]:
    node = derivation.node
    first = node.examples[0].given if node.examples else ()
    written = ((name, as_fraction(term)) for name, term in node.values or first)
    return {name: value for name, value in written if value is not None}


def _start(derivation: Derivation, given: Declaration) -> Fraction:
    """Return the value of the example, else one inside the domain."""
    known = _examples(derivation).get(given.name)
    if known is not None:
        return known
    low, high = _ends(given.domain, Fraction(1))
    return Fraction(1) if low <= 1 <= high else (low + high) / 2


def _ends(domain: Domain, value: Fraction) -> tuple[Fraction, Fraction]:
    """Return the ends of the slider: inside the domain, and with the value within them."""
    reach = max(Fraction(4), 2 * abs(value))
    low = -reach if domain.low is None else domain.low
    high = (max(low, Fraction(0)) + reach) if domain.high is None else domain.high
    margin = Fraction(1) if domain.integer else (high - low) / 100
    if domain.low is not None and domain.low_open:
        low += margin
    if domain.high is not None and domain.high_open:
        high -= margin
    return low, high


def _sliders(derivation: Derivation, writer: Writer, start: dict[str, float], output: str) -> str:
    rows = []
    for given in derivation.node.inputs:
        value = Fraction(start[given.name]).limit_denominator(10**6)
        low, high = _ends(given.domain, value)
        low = max(low, Fraction(0)) if derivation.node.is_graph and value > 0 else low  # amounts and prices
        whole = given.domain.integer or (value.denominator == 1 and value >= 2)
        rows.append(_slider(writer, given.name, writer.term(make("sym", (), given.name)), value, (low, high), whole))
    value = Fraction(start[f"d{output}"]).limit_denominator(10**6)
    upstream = writer.term(make("sym", (), f"d{output}"))
    reach = max(abs(value) * 2, Fraction(2))
    rows.append(_slider(writer, f"d{output}", upstream, value, (-reach, reach), False))
    return f'<div class="sliders" hidden>{"".join(rows)}</div>'


def _slider(
    writer: Writer, name: str, label: str, value: Fraction, ends: tuple[Fraction, Fraction], whole: bool
) -> str:
    low, high = ends
    step = 1.0 if whole else float(high - low) / 200
    anchor = f"{writer.prefix}-slider-{name}"
    span = f'min="{float(low):g}" max="{float(high):g}" step="{step:g}" value="{float(value):.12g}"'
    return (
        f'<label for="{anchor}">{label}</label><input type="range" id="{anchor}" data-name="{escape(name)}" '
        f'aria-label="{escape(name)}" {span}>'
        f'<output for="{anchor}">{float(value):.5g}</output>'
    )


def _controls(writer: Writer) -> str:
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


def _steps(derivation: Derivation, writer: Writer, numbers: Numbers) -> Iterator[str]:
    for operation in derivation.operations:
        yield _forward(operation, writer, numbers)
    for operation in reversed(derivation.operations):
        for edge in derivation.pullbacks:
            if edge.upstream.data == f"d{operation.output.data}":
                yield _backward(edge, writer, numbers)


def _forward(operation: Operation, writer: Writer, numbers: Numbers) -> str:
    name = operation.output.data
    equation = writer.term(make("eq", (operation.output, operation.term)))
    value = numbers.values.get(name, "")
    return (
        f'<li data-kind="forward" data-name="{escape(name)}"><span class="way">forward</span> {equation} '
        f'<b>= <output data-value="{escape(name)}">{value}</output></b></li>\n'
    )


def _backward(edge: Pullback, writer: Writer, numbers: Numbers) -> str:
    source, target = edge.gradient.data[1:], edge.upstream.data[1:]
    local = writer.term(derivative(make("sym", (), target), make("sym", (), source)))
    shown = writer.term(edge.local)
    sent = numbers.gradients.get((source, target), "")
    parts = {
        "upstream": f'{writer.term(edge.upstream)} <b>= <output data-part="upstream"></output></b>',
        "local": f'{local} = {shown} <b>= <output data-part="local"></output></b>',
        "product": f'to {writer.term(edge.gradient)}<b>: <output data-part="product">{sent}</output></b>',
    }
    said = " ".join(f'<span class="{part}">{text}</span>' for part, text in parts.items())
    return (
        f'<li data-kind="backward" data-from="{escape(source)}" data-to="{escape(target)}">'
        f'<span class="way">backward</span> {said}</li>\n'
    )


# ------------------------------------------------------------------ data for the script


def _data(derivation: Derivation, start: dict[str, float], output: str) -> dict[str, Any]:
    return {
        "start": start,
        "output": output,
        "operations": [[operation.output.data, _plain(operation.term)] for operation in derivation.operations],
        "edges": [
            [edge.gradient.data[1:], edge.upstream.data[1:], _plain(edge.local)] for edge in derivation.pullbacks
        ],
    }


def _plain(term: Term) -> Any:
    """Return a term as nested lists: a number, a name, or the head with its arguments."""
    number = as_fraction(term)
    if number is not None:
        return float(number)
    if term.head == "sym":
        return str(term.data)
    return [term.head, *(_plain(arg) for arg in term.args)]

"""What a walk begins with, and the sliders that change it: one for every entry that may vary freely."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from html import escape
from itertools import product
from typing import Final

import numpy as np

from backproof.calculus.fields import has_axes, outputs_of
from backproof.derivation import Derivation
from backproof.domains import REAL, Domain
from backproof.emit.html import Writer
from backproof.examples import Worked
from backproof.language.document import Declaration
from backproof.lists import entries
from backproof.site.walk_numbers import Array, Start, shown
from backproof.terms import Term, as_fraction, num, sym

#: More sliders than these are folded away.
_MANY: Final = 6
Ends = tuple[Fraction, Fraction]


def start_of(derivation: Derivation) -> Start | None:
    """Return the numbers of the first example, else some inside the domains; None for axes without an example."""
    if not has_axes(derivation.node):
        return Start(dict(_numbers(derivation)), {})
    if not derivation.node.examples:
        return None
    worked = Worked(derivation, derivation.node.examples[0])
    names = {given.name: given.domain for given in derivation.node.inputs}
    names |= {f"d{output}": REAL for output in outputs_of(derivation.node)}
    values = {name: _array(value, worked, name, names[name]) for name, value in worked.given.items() if name in names}
    return Start(values, worked.sizes) if values.keys() >= {given.name for given in derivation.node.inputs} else None


def _array(value: Term, worked: Worked, name: str, domain: Domain) -> Array:
    flat = [float(number) for _, number in entries(value)]
    return np.asarray(flat, int if domain.integer else float).reshape(worked.shape(name))


def _numbers(derivation: Derivation) -> Iterator[tuple[str, Array]]:
    node = derivation.node
    written = node.values or (node.examples[0].given if node.examples else ())
    known = {name: value for name, value in ((n, as_fraction(term)) for n, term in written) if value is not None}
    for given in node.inputs:
        yield given.name, np.asarray(float(known.get(given.name, _inside(given.domain))))
    for output in outputs_of(node):
        yield f"d{output}", np.asarray(float(known.get(f"d{output}", 1)))


def _inside(domain: Domain) -> Fraction:
    low, high = _ends(domain, Fraction(1))
    return Fraction(1) if low <= 1 <= high else (low + high) / 2


def _ends(domain: Domain, value: Fraction) -> Ends:
    """Return the ends of the slider: inside the domain, and with the value within them."""
    reach = max(Fraction(4), 2 * abs(value))
    low = -reach if domain.low is None else domain.low
    high = (max(low, Fraction(0)) + reach) if domain.high is None else domain.high
    margin = Fraction(1) if domain.integer else (high - low) / 100
    if domain.low is not None and domain.low_open:
        low += margin
    if domain.high is not None and domain.high_open:
        high -= margin
    return min(low, value), max(high, value)


def sliders(derivation: Derivation, writer: Writer, start: Start) -> str:
    """Return the sliders; they are hidden until a script moves them."""
    rows = [row for given in derivation.node.inputs for row in _rows(derivation, writer, given, start)]
    for output in outputs_of(derivation.node):
        name = f"d{output}"
        for at, value in _entries(start.values.get(name, np.asarray(1.0))):
            reach = max(abs(value) * 2, Fraction(2))
            rows.append(_slider(writer, name, at, value, (-reach, reach), False))
    body = f'<div class="sliders">{"".join(rows)}</div>'
    if len(rows) > _MANY:
        body = f"<details><summary>Change the inputs</summary>{body}</details>"
    return f'<div class="given" hidden>{body}</div>'


def _rows(derivation: Derivation, writer: Writer, given: Declaration, start: Start) -> Iterator[str]:
    """Yield a slider for every entry; none where entries depend on one another, or choose among places."""
    if given.domain.constraint or (given.domain.integer and has_axes(derivation.node)):
        return
    for at, value in _entries(start.values[given.name]):
        low, high = _ends(given.domain, value)
        low = max(low, Fraction(0)) if derivation.node.is_graph and value > 0 else low  # amounts and prices
        whole = given.domain.integer or (not at and value.denominator == 1 and value >= 2)
        yield _slider(writer, given.name, at, value, (low, high), whole)


def _entries(array: Array) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    for at in product(*map(range, array.shape)):
        yield at, Fraction(float(array[at])).limit_denominator(10**6)


def _slider(writer: Writer, name: str, at: tuple[int, ...], value: Fraction, ends: Ends, whole: bool) -> str:
    low, high = ends
    step = 1.0 if whole else float(high - low) / 200
    anchor = "-".join([writer.prefix, "slider", name, *map(str, at)])
    place = [str(i + 1) for i in at]
    label = writer.term(sym(name, *map(num, place)))
    spoken = escape(" ".join([name, *place]))
    span = f'min="{float(low):g}" max="{float(high):g}" step="{step:g}" value="{float(value):.12g}"'
    return (
        f'<div class="slider"><label for="{anchor}">{label}</label>'
        f'<input type="range" id="{anchor}" data-name="{escape(name)}" '
        f'data-at="{",".join(map(str, at))}" aria-label="{spoken}" {span}>'
        f'<output for="{anchor}">{shown(float(value))}</output></div>'
    )

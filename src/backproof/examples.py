"""The numbers of an example: what every value and gradient comes to, entry by entry, in certain digits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Final

from backproof.calculus.fields import outputs_of, solved_context
from backproof.derivation import Derivation, NumberRow
from backproof.domains import Context
from backproof.indexing import axis_of
from backproof.kernel import decimal_value
from backproof.kernel.ground import Grounder, entry_name
from backproof.language.document import Example
from backproof.lists import Shape, built, entries, shape_of
from backproof.terms import Term, as_fraction, idx, num, sym

DIGITS: Final = 50
#: A fraction is shown as it is up to this denominator; what is longer is rounded to so many places.
_LARGEST: Final = 99
_PLACES: Final = 4
#: Two numbers whose difference is within the digits that are certain.
_EXACT: Final = Fraction(1, 10 ** (DIGITS - 10))


class Worked:
    """One example of a derivation with axes: sizes and inputs are given, everything else follows."""

    def __init__(self, derivation: Derivation, example: Example) -> None:
        self.derivation = derivation
        self.context = solved_context(derivation)
        self.given = dict(example.given)
        for output in outputs_of(derivation.node):
            if not self.axes(output):
                self.given.setdefault(f"d{output}", num(1))
        self.sizes = dict(self._lengths(dict(example.expected) | self.given))
        self.point = dict(self._entries())
        self.ground = Grounder(self.context, self.sizes, self.point)

    def axes(self, name: str) -> tuple[str, ...]:
        return self.context.shapes.get(name, ())

    def _lengths(self, arrays: Mapping[str, Term]) -> Iterator[tuple[str, int]]:
        for name, value in arrays.items():
            number = as_fraction(value)
            if name.startswith("size(") and number is not None:
                yield name[5:-1], int(number)
            yield from zip(map(axis_of, self.axes(name)), shape_of(value) or (), strict=True)

    def _entries(self) -> Iterator[tuple[str, Fraction]]:
        for name, value in self.given.items():
            for at, number in entries(value):
                yield self.name(name, at), number

    def shape(self, name: str) -> Shape:
        return tuple(self.sizes[axis_of(axis)] for axis in self.axes(name))

    def is_known(self, name: str) -> bool:
        """Say whether the example determines ``name``: a gradient needs every upstream gradient."""
        if name in self.given or any(line.name == name for line in self.derivation.node.lines):
            return True
        upstreams = {f"d{output}" for output in outputs_of(self.derivation.node)}
        return name in self.context.definitions and upstreams <= self.given.keys()

    def places(self, name: str) -> Iterator[Shape]:
        return product(*map(range, self.shape(name)))

    @staticmethod
    def name(name: str, at: Shape) -> str:
        """Return the name of one entry, as the points of the kernel have it."""
        return entry_name(name, list(at)) if at else name

    def scalar(self, name: str, at: Shape) -> Term:
        """Return what one entry stands for, written out down to the entries of the inputs."""
        axes = self.axes(name)
        return self.ground(sym(name, *map(idx, axes)), dict(zip(axes, at, strict=True)))

    def entry(self, name: str, at: Shape) -> Fraction | None:
        """Return one entry in fifty certain digits; None where it has no value."""
        scalar = self.scalar(name, at)
        context = Context(self.ground.definitions, {**self.context.domains, **self.ground.domains})
        text = decimal_value(scalar, self.point, context, digits=DIGITS)
        return None if text in ("undefined", "undecided") else Fraction(text)

    def row(self, name: str) -> NumberRow:
        """Return all entries of a value and of its gradient as they are shown."""
        primal, gradient = self.array(name), self.array(f"d{name}")
        rounded = any(map(_is_rounding, [*primal.values(), *gradient.values()]))
        arrays = [built(self.shape(name), found, shortened) if found else None for found in (primal, gradient)]
        return NumberRow(name, None, "", array=arrays[0], gradient_array=arrays[1], rounded=rounded)

    def array(self, name: str) -> dict[Shape, Fraction]:
        """Return the entries of ``name`` by place; none where one of them has no value."""
        if not self.is_known(name):
            return {}
        found = {at: self.entry(name, at) for at in self.places(name)}
        known = {at: value for at, value in found.items() if value is not None}
        return known if len(known) == len(found) else {}


def _is_rounding(value: Fraction) -> bool:
    return abs(value.limit_denominator(_LARGEST) - value) > _EXACT


def shortened(value: Fraction) -> Fraction:
    """Return a number that is short enough to be shown: a small fraction as it is, else rounded."""
    return round(value, _PLACES) if _is_rounding(value) else value.limit_denominator(_LARGEST)


def array_rows(derivation: Derivation) -> tuple[NumberRow, ...]:
    """Return every value of the first example with its gradient; no rows where a node with axes has no example."""
    if not derivation.node.examples:
        return ()
    worked = Worked(derivation, derivation.node.examples[0])
    names = [given.name for given in derivation.node.inputs] + [line.name for line in derivation.node.lines]
    return tuple(map(worked.row, names))


def misfits(derivation: Derivation, example: Example) -> Iterator[tuple[str, Shape, Fraction, str]]:
    """Yield every number of an example that is not what the derivation gives: its place, itself, what is right."""
    worked = Worked(derivation, example)
    for name, value in example.expected:
        for at, written in entries(value):
            found = worked.entry(name, at) if worked.is_known(name) else None
            if found is None or not is_rounded(found, written):
                yield name, at, written, "undefined" if found is None else f"{float(found):.12g}"


def is_rounded(value: Fraction, written: Fraction) -> bool:
    """Say whether ``written`` is ``value``, rounded where it is a decimal fraction."""
    places = _decimal_places(written)
    if places:
        return bool(abs(value - written) <= Fraction(1, 2 * 10**places))
    return bool(abs(value - written) <= max(Fraction(1), abs(value)) * _EXACT)


def _decimal_places(value: Fraction) -> int:
    """Return how many decimals ``value`` is written with; 0 for whole numbers and other fractions."""
    return next((n for n in range(DIGITS) if (value * 10**n).denominator == 1), 0)

"""The point that refutes a step: as a person reads it, and the values of other expressions there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from backproof.domains import Context
from backproof.kernel import Verdict, decimal_value
from backproof.kernel.ground import Grounder, TooLarge
from backproof.terms import Term, symbols

DIGITS: Final = 15
#: More entries than that are counted, not shown.
MAX_ENTRIES: Final = 12
_PARTS: Final = re.compile(r"(size|index)\b\W*([\w']+)\W*|([^\[]+)(?:\[([\d,]+)\])?")
Point = Mapping[str, Fraction]
Places = dict[tuple[int, ...], Fraction]


class Counterexample:
    """A refuting point, at which expressions of the same step have values."""

    def __init__(self, verdict: Verdict, context: Context) -> None:
        self.point = dict(verdict.point)
        self.sizes = {axis: int(n) for axis, n in _named("size", self.point)}
        self.indices = {index: int(n) for index, n in _named("index", self.point)}
        self.context = context
        self.ground = Grounder(context, self.sizes, self.point)

    def value(self, term: Term) -> Fraction | None:
        """Return the value of ``term``, or None where it has none here that is certain."""
        try:
            scalar = self.ground(term, self.indices)
        except (KeyError, TooLarge):
            return None
        domains = {**self.context.domains, **self.ground.domains}
        context = Context({**self.context.definitions, **self.ground.definitions}, domains)
        if any(name.data not in self.point for name in symbols(scalar) if name.data not in context.definitions):
            return None
        return number(decimal_value(scalar, self.point, context, digits=DIGITS))


def number(digits: str) -> Fraction | None:
    """Return the value of a decimal, or None where a side is undefined or undecided."""
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None
    return Fraction(value) if value.is_finite() else None


def written(point: Point) -> tuple[str, ...]:
    """Return the point in words: the indices and sizes, then every variable, arrays by their rows."""
    sizes = [f"{axis} = {value}" for axis, value in _named("size", point)]
    indices = [f"{index} = {value}" for index, value in _named("index", point)]
    variables = [f"{name} = {_array(places)}" for name, places in _variables(point).items()]
    if not sizes:
        return (", ".join(variables),)
    lengths = f"sizes {', '.join(sizes)}"
    return (f"{', '.join(indices)} ({lengths})" if indices else lengths, *variables)


def _named(kind: str, point: Point) -> Iterator[tuple[str, Fraction]]:
    for name, value in point.items():
        found = _PARTS.fullmatch(name)
        if found and found.group(1) == kind:
            yield found.group(2), value


def _variables(point: Point) -> dict[str, Places]:
    found: dict[str, Places] = {}
    for name, value in point.items():
        parts = _PARTS.fullmatch(name)
        if parts and parts.group(3):
            places = tuple(map(int, parts.group(4).split(","))) if parts.group(4) else ()
            found.setdefault(parts.group(3), {})[places] = value
    return found


def _array(places: Places) -> str:
    """Return the entries in nested brackets, a dot where an entry plays no part."""
    if len(places) > MAX_ENTRIES:
        return f"({len(places)} entries, the first {', '.join(str(places[at]) for at in sorted(places)[:3])}, …)"
    shape = [max(column) + 1 for column in zip(*places, strict=True)]

    def rows(prefix: tuple[int, ...]) -> str:
        if len(prefix) == len(shape):
            return str(places.get(prefix, "·"))
        return f"[{', '.join(rows((*prefix, i)) for i in range(shape[len(prefix)]))}]"

    return rows(())

"""Terms at given sizes: reductions written out, entries as scalars, for the search of refuting points."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Final

from backproof.kernel.indices import axis_of
from backproof.terms import REDUCTIONS, ZERO, Term, add, as_fraction, call, div, make, mul, num, rebuild, sym

MAX_ENTRIES: Final = 20_000
Sizes = Mapping[str, int]


class TooLarge(Exception):
    """Written out, the term has too many entries."""


class Grounder:
    """Writes terms out: ``shapes`` gives the axes of each name, ``values`` the integers used as indices."""

    def __init__(self, sizes: Sizes, shapes: Mapping[str, tuple[str, ...]], values: Mapping[str, Fraction]) -> None:
        self.sizes = sizes
        self.shapes = shapes
        self.values = values
        self.entries = 0
        self.done: dict[tuple[Term, tuple[int, ...]], Term] = {}

    def __call__(self, term: Term, where: Mapping[str, int]) -> Term:
        """Return ``term`` at the indices ``where`` as a term without axes."""
        key = (term, tuple(where[axis] for axis in term.axes))
        if key not in self.done:
            self.entries += 1
            if self.entries > MAX_ENTRIES:
                raise TooLarge
            self.done[key] = self.write(term, where)
        return self.done[key]

    def write(self, term: Term, where: Mapping[str, int]) -> Term:
        if term.head == "idx":
            return num(where[term.data])
        if term.head == "size":
            return num(self.sizes[axis_of(term.data)])
        if term.head in REDUCTIONS:
            return self.reduction(term, where)
        args = tuple(self(arg, where) for arg in term.args)
        if term.head == "sym":
            return self.entry(term.data, args)
        if term.head == "D":
            return make("D", args)
        return rebuild(term, args)

    def reduction(self, term: Term, where: Mapping[str, int]) -> Term:
        ranges = [range(self.sizes[axis_of(axis)]) for axis in term.data]
        parts = [self(term.args[0], {**where, **dict(zip(term.data, at, strict=True))}) for at in product(*ranges)]
        if term.head == "mean":
            return div(add(*parts), num(len(parts)))
        if term.head == "logsumexp":
            return call("log", add(*(call("exp", part) for part in parts)))
        return {"sum": add, "prod": mul}.get(term.head, self.extreme(term.head))(*parts)

    def extreme(self, head: str):  # type: ignore[no-untyped-def]
        name = "max" if head == "reduce_max" else "min"
        return lambda *parts: parts[0] if len(parts) == 1 else call(name, *parts)

    def entry(self, name: str, args: tuple[Term, ...]) -> Term:
        """Return one entry as a scalar name; a read outside its axis is zero."""
        if not args:
            return sym(name)
        places = [self.integer(arg) for arg in args]
        for place, axis in zip(places, self.shapes.get(name, ()), strict=False):
            if not 0 <= place < self.sizes[axis_of(axis)]:
                return ZERO
        return sym(entry_name(name, places))

    def integer(self, term: Term) -> int:
        value = as_fraction(term)
        if value is None:
            value = _exact(term, self.values)
        if value.denominator != 1:
            raise TooLarge
        return int(value)


def entry_name(name: str, places: list[int]) -> str:
    return f"{name}[{','.join(map(str, places))}]"


def _exact(term: Term, values: Mapping[str, Fraction]) -> Fraction:
    if term.head == "sym":
        if term.data not in values:
            raise TooLarge
        return values[term.data]
    if term.head == "num":
        return Fraction(term.data)
    parts = [_exact(arg, values) for arg in term.args]
    if term.head == "neg":
        return -parts[0]
    total = parts[0]
    for part in parts[1:]:
        total = total + part if term.head == "add" else total * part
    return total



"""Terms at given sizes: reductions written out, entries as scalars, for the search of refuting points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random
from types import MappingProxyType
from typing import Final

from backproof.domains import Context, Definition, Domain
from backproof.kernel.indices import axis_of
from backproof.terms import (
    REDUCTIONS,
    RELATIONS,
    ZERO,
    Term,
    add,
    as_fraction,
    call,
    div,
    make,
    mul,
    names,
    num,
    postorder,
    rebuild,
    sym,
)

MAX_ENTRIES: Final = 20_000
#: Sizes are not made larger than this for the sake of places that are named by number.
MAX_PLACE: Final = 7
Sizes = Mapping[str, int]


class TooLarge(Exception):
    """Written out, the term has too many entries."""


class Grounder:
    """Writes terms out at given sizes; ``values`` are the integers that may be used as indices."""

    def __init__(self, context: Context, sizes: Sizes, values: Mapping[str, Fraction]) -> None:
        self.context = context
        self.sizes = sizes
        self.values = values
        self.done: dict[tuple[Term, str, tuple[int, ...]], Term] = {}
        self.definitions: dict[str, Definition] = {}
        self.domains: dict[str, Domain] = {}
        self.held = ""

    def __call__(self, term: Term, where: Mapping[str, int]) -> Term:
        """Return ``term`` at the indices ``where`` as a term without axes, definitions unfolded."""
        key = (term, self.held, tuple(where[axis] for axis in term.axes))
        if key not in self.done:
            if len(self.done) > MAX_ENTRIES:
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
        if term.head == "D":
            return self.slope(term, where)
        if term.head == "sym":
            return self.symbol(term, where)
        return rebuild(term, tuple(self(arg, where) for arg in term.args))

    def symbol(self, term: Term, where: Mapping[str, int]) -> Term:
        definition = self.context.definitions.get(term.data)
        if definition is not None and term.data != self.held:
            places = [self.integer(self(arg, where)) for arg in term.args]
            if not self.is_inside(places, definition.axes):
                return ZERO
            return self(definition.term, dict(zip(definition.axes, places, strict=True)))
        return self.entry(term.data, tuple(self(arg, where) for arg in term.args))

    def slope(self, term: Term, where: Mapping[str, int]) -> Term:
        """Return a derivative by one entry; that entry is defined beside it where it is a line of its own."""
        outer, self.held = self.held, term.args[1].data
        expression, variable = (self(arg, where) for arg in term.args)
        self.held = outer
        if variable.head != "sym":
            return ZERO
        if term.args[1].data in self.context.definitions:
            self.define(term.args[1], where)
        return make("D", (expression, variable))

    def define(self, variable: Term, where: Mapping[str, int]) -> None:
        for places in product(*(range(self.sizes[axis_of(a)]) for a in self.context.definitions[variable.data].axes)):
            name = entry_name(variable.data, list(places)) if places else variable.data
            if name not in self.definitions:
                indices = tuple(num(place) for place in places)
                value = self(make("sym", indices, variable.data), where)
                self.definitions[name] = Definition(name, value)

    def reduction(self, term: Term, where: Mapping[str, int]) -> Term:
        ranges = [range(self.sizes[axis_of(axis)]) for axis in term.data]
        parts = [self(term.args[0], {**where, **dict(zip(term.data, at, strict=True))}) for at in product(*ranges)]
        if term.head == "mean":
            return div(add(*parts), num(len(parts)))
        if term.head == "logsumexp":
            return call("log", add(*(call("exp", part) for part in parts)))
        if term.head in ("sum", "prod") or len(parts) == 1:
            return mul(*parts) if term.head == "prod" else add(*parts)
        return call("max" if term.head == "reduce_max" else "min", *parts)

    def entry(self, name: str, args: tuple[Term, ...]) -> Term:
        """Return one entry as a scalar name; a read outside its axis is zero."""
        if not args:
            return sym(name)
        places = [self.integer(arg) for arg in args]
        if not self.is_inside(places, self.context.shapes.get(name, ())):
            return ZERO
        entry = entry_name(name, places)
        self.domains[entry] = self.context.domain(name)
        return sym(entry)

    def places(self, axes: tuple[str, ...]) -> Iterator[dict[str, int]]:
        """Yield every choice of values for the indices."""
        for at in product(*(range(self.sizes[axis_of(axis)]) for axis in axes)):
            yield dict(zip(axes, at, strict=True))

    def is_inside(self, places: list[int], axes: tuple[str, ...]) -> bool:
        return all(0 <= place < self.sizes[axis_of(axis)] for place, axis in zip(places, axes, strict=False))

    def integer(self, term: Term) -> int:
        value = as_fraction(term)
        if value is None:
            value = _exact(term, self.values)
        if value.denominator != 1:
            raise TooLarge
        return int(value)


@dataclass(frozen=True, slots=True)
class Scene:
    """One step at given sizes and one choice of its free indices: scalars throughout."""

    left: Term
    right: Term
    context: Context
    free: tuple[str, ...]
    fixed: tuple[tuple[str, Fraction], ...]


def scenes(left: Term, right: Term, context: Context) -> Iterator[Scene]:
    """Yield the step as it is where it has no axes, else at a few sizes and entries."""
    if not (context.shapes or left.axes or right.axes or _has_axes(left, right)):
        yield Scene(left, right, context, tuple(free_names(left, right, context)), ())
        return
    axes = sorted({axis_of(axis) for axis in _all_axes(left, right, context)})
    for lengths in ((2, 3), (3, 2), (1, 2)):
        sizes = {axis: lengths[i % 2] for i, axis in enumerate(axes)}
        for seed in range(2):
            try:
                yield _scene(left, right, context, sizes, Random(seed))  # noqa: S311
            except TooLarge:
                continue
    named = _named_places(left, right, context)
    for place in sorted({place for found in named.values() for place in found}):
        sizes = {axis: 1 + max(named.get(axis, {1})) for axis in axes}
        try:
            yield _scene(left, right, context, sizes, Random(0), dict.fromkeys(named, place))  # noqa: S311
        except TooLarge:
            continue


def _named_places(left: Term, right: Term, context: Context) -> dict[str, set[int]]:
    """Return the places that a step names by number, by axis, as in ``a[n, 2]`` and ``[q = 2]``."""
    found: dict[str, set[int]] = {}
    for part in postorder(left, right, *(made.term for made in context.definitions.values())):
        axes = context.shapes.get(part.data, ()) if part.head == "sym" else ()
        pairs = [*zip(part.args, axes, strict=False)]
        if part.head in RELATIONS and part.args[0].head == "idx":
            pairs.append((part.args[1], part.args[0].data))
        for place, axis in pairs:
            number = as_fraction(place)
            if number is not None and number.denominator == 1 and 0 <= number <= MAX_PLACE:
                found.setdefault(axis_of(axis), set()).add(int(number))
    return found


def _scene(
    left: Term,
    right: Term,
    context: Context,
    sizes: dict[str, int],
    random: Random,
    places: Mapping[str, int] = MappingProxyType({}),
) -> Scene:
    """Return a step at given sizes, at random indices; with ``places`` at those, and at different ones elsewhere."""
    values = _integers(context, sizes, random)
    ground = Grounder(context, sizes, values)
    names_ = sorted({*left.axes, *right.axes})
    at = {name: random.randrange(sizes[axis_of(name)]) for name in names_}
    if places:
        numbered = [(name, places.get(axis_of(name), i)) for i, name in enumerate(names_)]
        at = {name: place % sizes[axis_of(name)] for name, place in numbered}
    a, b = ground(left, at), ground(right, at)
    scalars = Context(ground.definitions, {**context.domains, **ground.domains})
    free = tuple(name for name in free_names(a, b, scalars) if name not in values)
    fixed = [(name, value) for name, value in values.items()]
    fixed += _constrained(context, ground, random)
    known = {name for name, _ in fixed}
    fixed += [(f"size({axis})", Fraction(length)) for axis, length in sizes.items()]
    fixed += [(f"index {name}", Fraction(place)) for name, place in at.items()]
    return Scene(a, b, scalars, tuple(n for n in free if n not in known), tuple(fixed))


def _integers(context: Context, sizes: dict[str, int], random: Random) -> dict[str, Fraction]:
    """Return values for the integer variables, which may be used as indices."""
    values: dict[str, Fraction] = {}
    for name, domain in context.domains.items():
        if domain.integer and not domain.constraint:
            low = max(domain.low or 0, 0)
            for places in product(*(range(sizes[axis_of(axis)]) for axis in context.shapes.get(name, ()))):
                entry = entry_name(name, list(places)) if places else name
                choice = int(low) + random.randrange(2)
                values[entry] = Fraction(choice if domain.contains(Fraction(choice)) else int(low) + 1)
    return values


def _constrained(context: Context, ground: Grounder, random: Random) -> list[tuple[str, Fraction]]:
    """Return entries of one-hot and simplex variables that sum to one over their axis."""
    found: list[tuple[str, Fraction]] = []
    for name, domain in context.domains.items():
        if not domain.constraint or name in context.definitions:
            continue
        shape = context.shapes.get(name, ())
        along = shape.index(domain.axis)
        length = ground.sizes[domain.axis]
        rest = [range(ground.sizes[axis]) if axis != domain.axis else range(1) for axis in shape]
        for places in product(*rest):
            parts = _one(length, domain.constraint, random)
            for i, part in enumerate(parts):
                place = [*places[:along], i, *places[along + 1 :]]
                found.append((entry_name(name, place), part))
    return found


def _one(length: int, constraint: str, random: Random) -> list[Fraction]:
    if constraint == "onehot":
        chosen = random.randrange(length)
        return [Fraction(int(i == chosen)) for i in range(length)]
    parts = [random.randint(1, 9) for _ in range(length)]
    return [Fraction(part, sum(parts)) for part in parts]


def free_names(left: Term, right: Term, context: Context) -> list[str]:
    """Return the names without a definition that the sides come down to, in order of appearance."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    stack = [right, left]
    while stack:
        for name in names(stack.pop()):
            if name in seen:
                continue
            seen.add(name)
            if name in context.definitions:
                stack.append(context.definitions[name].term)
            elif name != "pi" or "pi" in context.domains:
                found[name] = None
    return list(found)


def _has_axes(*roots: Term) -> bool:
    return any(part.head in REDUCTIONS for part in postorder(*roots))


def _all_axes(left: Term, right: Term, context: Context) -> Iterator[str]:
    yield from (axis for shape in context.shapes.values() for axis in shape)
    roots = (left, right, *(d.term for d in context.definitions.values()))
    for part in postorder(*roots):
        yield from part.axes
        if part.head in REDUCTIONS:
            yield from part.data
        if part.head == "size":
            yield part.data


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

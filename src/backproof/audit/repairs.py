"""The smallest changes of an expression: what a false step may have got wrong, each under its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from backproof.indexing import axis_of, fresh, reindex
from backproof.terms import ONE, REDUCTIONS, RELATIONS, TWO, Term, add, idx, make, mul, neg, num, power, rebuild

#: Each function beside the one that it is most often mistaken for.
MISTAKEN: Final[dict[str, str]] = {
    "sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh", "max": "min", "min": "max",
    "tanh": "tan", "tan": "tanh", "exp": "log", "log": "exp", "sign": "abs", "abs": "sign",
    "gt": "lt", "lt": "gt", "le": "ge", "ge": "le",
    "sum": "mean", "mean": "sum", "reduce_max": "reduce_min", "reduce_min": "reduce_max",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Repair:
    """``old``, a part of an expression, became ``new``; ``whole`` is the expression that this makes."""

    fault: str
    old: Term
    new: Term
    whole: Term


@dataclass(frozen=True, slots=True)
class Material:
    """What may be missing: variables and numbers of the step and its definitions, sizes, the step's indices."""

    variables: tuple[Term, ...] = ()
    numbers: tuple[Term, ...] = ()
    lengths: tuple[Term, ...] = ()
    indices: tuple[Term, ...] = ()


Change = Callable[[Term, Material], Iterator[Term]]


def _signs(term: Term, _: Material) -> Iterator[Term]:
    if term.head == "add":
        for place, part in enumerate(term.args):
            flipped = part.args[0] if part.head == "neg" else neg(part)
            yield add(*term.args[:place], flipped, *term.args[place + 1 :])
    elif term.head == "neg":
        yield term.args[0]
    elif term.head in ("sym", "mul", "div"):
        yield neg(term)


def _exponents(term: Term, _: Material) -> Iterator[Term]:
    if term.head == "pow":
        base, exponent = term.args
        yield base
        for change in (1, -1):
            yield make("pow", (base, _shifted(exponent, change)))
    elif term.head in ("sym", "call", "add"):
        yield power(term, 2)


def _shifted(exponent: Term, change: int) -> Term:
    return num(exponent.data + change) if exponent.head == "num" else add(exponent, num(change))


def _superfluous_factors(term: Term, _: Material) -> Iterator[Term]:
    if term.head == "mul":
        yield from _without_each(term, mul)
    elif term.head == "div":
        yield term.args[0]


def _superfluous_terms(term: Term, _: Material) -> Iterator[Term]:
    if term.head == "add":
        yield from _without_each(term, add)


def _without_each(term: Term, build: Callable[..., Term]) -> Iterator[Term]:
    for place in range(len(term.args)):
        yield build(*term.args[:place], *term.args[place + 1 :])


def _missing_factors(term: Term, material: Material) -> Iterator[Term]:
    if term.head != "num":
        parts = term.args if term.head == "mul" else (term,)
        for factor in (TWO, *material.variables, *material.lengths):
            yield mul(factor, *parts)


def _missing_terms(term: Term, material: Material) -> Iterator[Term]:
    parts = term.args if term.head == "add" else (term,)
    for summand in (ONE, *material.variables):
        yield add(summand, *parts)


def _functions(term: Term, _: Material) -> Iterator[Term]:
    if term.head in MISTAKEN:
        yield make(MISTAKEN[term.head], term.args, term.data)


def _variables(term: Term, material: Material) -> Iterator[Term]:
    if term.head == "sym":
        yield from (other for other in material.variables if other is not term)


def _indices(term: Term, material: Material) -> Iterator[Term]:
    """Yield an entry with two of its indices exchanged, or with another index over the same axis."""
    if term.head != "sym":
        return
    places = [place for place, arg in enumerate(term.args) if arg.head == "idx"]
    for a, b in combinations(places, 2):
        args = list(term.args)
        args[a], args[b] = args[b], args[a]
        yield rebuild(term, tuple(args))
    for place in places:
        for other in material.indices:
            if other is not term.args[place] and axis_of(other.data) == axis_of(term.args[place].data):
                yield rebuild(term, (*term.args[:place], other, *term.args[place + 1 :]))


def _summed_axes(term: Term, _: Material) -> Iterator[Term]:
    """Yield a reduction over another axis of its body, and one over an axis less."""
    if term.head not in REDUCTIONS:
        return
    (body,) = term.args
    for index in term.data:
        others = tuple(other for other in term.data if other != index)
        back = reindex(body, {index: idx(axis_of(index))})
        if others:
            yield make(term.head, (back,), others)
        for axis in body.axes:
            if axis not in term.data:
                (bound,) = fresh((axis,), back.axes)
                yield make(term.head, (reindex(back, {axis: idx(bound)}),), (*others, bound))


def _branches(term: Term, _: Material) -> Iterator[Term]:
    if term.head == "where":
        condition, true, false = term.args
        yield make("where", (condition, false, true))


def _constants(term: Term, material: Material) -> Iterator[Term]:
    if term.head == "num":
        for value in (2 * term.data, term.data / 2, term.data + 1, term.data - 1):
            yield num(value)
        yield from (other for other in material.numbers if other is not term)
        yield from (entry for entry in material.variables if entry.args)


#: What may be wrong at one place, the likeliest first.
FAULTS: Final[dict[str, Change]] = {
    "a sign": _signs,
    "an index": _indices,
    "the axis of a sum": _summed_axes,
    "an exponent": _exponents,
    "a superfluous factor": _superfluous_factors,
    "a superfluous term": _superfluous_terms,
    "the function": _functions,
    "the variable": _variables,
    "the two cases": _branches,
    "a constant": _constants,
    "a missing factor": _missing_factors,
    "a missing term": _missing_terms,
}
#: What may be wrong inside a comparison: ``-x < 0`` for ``x > 0`` is no mistake that people make.
IN_COMPARISONS: Final = frozenset({"a constant", "the function", "the variable"})


@dataclass(frozen=True, slots=True)
class Place:
    """A part of an expression, what puts another in its place, and whether a comparison holds it."""

    part: Term
    put: Callable[[Term], Term]
    compared: bool = False


def places(root: Term) -> Iterator[Place]:
    """Yield every place of ``root``, the outermost first."""
    queue = [Place(root, lambda new: new)]
    for place in queue:
        yield place
        compared = place.compared or place.part.head in RELATIONS
        for position, arg in enumerate(place.part.args):
            queue.append(Place(arg, _put_argument(place, position), compared))


def _put_argument(outer: Place, position: int) -> Callable[[Term], Term]:
    before, after = outer.part.args[:position], outer.part.args[position + 1 :]
    return lambda new: outer.put(rebuild(outer.part, (*before, new, *after)))


def repairs(root: Term, material: Material) -> Iterator[Repair]:
    """Yield every change of one place of ``root``, all of one fault before those of the next."""
    spots = [place for place in places(root) if place.part.head not in ("idx", "size")]
    for fault, change in FAULTS.items():
        for place in spots:
            if place.compared and fault not in IN_COMPARISONS:
                continue
            for new in change(place.part, material):
                yield Repair(fault, place.part, new, place.put(new))

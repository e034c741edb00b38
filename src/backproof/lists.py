"""Arrays of numbers as terms: nested lists, as an example writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from backproof.terms import Term, as_fraction, make, num

Shape = tuple[int, ...]


def listed(parts: Sequence[Term]) -> Term:
    return make("list", parts)


def shape_of(value: Term) -> Shape | None:
    """Return how many entries an array has in each dimension (a number has none), or None where rows differ."""
    if value.head != "list":
        return ()
    shapes = {shape_of(part) for part in value.args}
    inner = shapes.pop() if shapes else ()
    return None if inner is None or shapes else (len(value.args), *inner)


def entries(value: Term) -> Iterator[tuple[Shape, Fraction]]:
    """Yield every place of an array, in order, with its number."""
    if value.head == "list":
        for i, part in enumerate(value.args):
            yield from (((i, *at), number) for at, number in entries(part))
        return
    number = as_fraction(value)
    if number is not None:
        yield (), number


def built(shape: Shape, found: Mapping[Shape, Fraction], shown: Callable[[Fraction], Fraction], at: Shape = ()) -> Term:
    """Return the array with the entries of ``found``, each as it is ``shown``."""
    if len(at) == len(shape):
        return num(shown(found[at]))
    return listed([built(shape, found, shown, (*at, i)) for i in range(shape[len(at)])])


def nested(value: Term) -> str | list[object]:
    """Return an array as lists of texts."""
    return [nested(part) for part in value.args] if value.head == "list" else str(as_fraction(value))

"""What the forward lines say when they are read backwards: ``e/s`` is ``y``, so ``e`` is ``y*s``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from backproof.calculus.monomials import Expander, Monomial, written
from backproof.indexing import reindex
from backproof.language.document import Line
from backproof.terms import Term, idx, postorder, rebuild, sym


@dataclass(frozen=True, slots=True)
class Reading:
    """``pattern`` is ``value`` at all indices of the line's axes: a definition, used from right to left."""

    name: str
    axes: tuple[str, ...]
    pattern: Term
    value: Term


def readings(lines: Sequence[Line]) -> tuple[Reading, ...]:
    """Return what the lines say read backwards, the later lines first."""
    return tuple(one for line in reversed(lines) for one in _of_line(line, {x.name for x in lines}))


def _of_line(line: Line, names: Collection[str]) -> Iterator[Reading]:
    own = sym(line.name, *map(idx, line.axes))
    body = line.term
    if body.args and body.head not in ("sym", "neg") and set(body.axes) == set(line.axes):
        yield Reading(line.name, line.axes, body, own)
    if body.head == "sqrt" and body.args[0].args:
        yield Reading(line.name, line.axes, body.args[0], written(Monomial(powers=((own, 2),))))
    solved = _numerator(line, names)
    if solved is not None:
        yield Reading(line.name, line.axes, *solved)


def _numerator(line: Line, names: Collection[str]) -> tuple[Term, Term] | None:
    """Return the numerator ``e`` of a line ``y = e/s``, and ``y*s``; an input is not worth that."""
    if line.term.head != "div":
        return None
    above, below = line.term.args
    is_known = above.head == "sym" and above.data not in names
    if is_known or set(above.axes) != set(line.axes) or above.head in ("num", "mul", "neg"):
        return None
    own = Monomial(powers=((sym(line.name, *map(idx, line.axes)), 1),))
    scale = Expander(eager=False)(below)
    if len(scale) != 1 or any(n < 0 for _, n in scale[0].powers):
        return None
    return above, written(own.times(scale[0]))


def rewrite(root: Term, reading: Reading) -> Term:
    """Return ``root`` with every instance of the pattern replaced by the value at the same indices."""
    done: dict[Term, Term] = {}
    for term in postorder(root):
        places = match(reading.pattern, term, reading.axes)
        if places is None:
            done[term] = rebuild(term, tuple(done[arg] for arg in term.args))
        else:
            done[term] = reindex(reading.value, places)
    return done[root]


def match(pattern: Term, term: Term, axes: tuple[str, ...]) -> dict[str, Term] | None:
    """Return the indices at which ``term`` is ``pattern``, or None; bound indices must have equal names."""
    places: dict[str, Term] = {}
    stack = [(pattern, term)]
    while stack:
        wanted, found = stack.pop()
        if wanted.head == "idx" and wanted.data in axes:
            if places.setdefault(wanted.data, found) is not found:
                return None
        elif (wanted.head, wanted.data, len(wanted.args)) != (found.head, found.data, len(found.args)):
            return None
        else:
            stack.extend(zip(wanted.args, found.args, strict=True))
    return places if places.keys() == set(axes) else None

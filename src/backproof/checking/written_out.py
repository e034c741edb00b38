"""The SymPy witness of a node with axes: sums written out at small sizes, differentiated entry by entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np
import sympy as sp

from backproof.calculus.convert import TO_SYMPY
from backproof.calculus.fields import is_differentiable, outputs_of, shapes_of
from backproof.checking.samples import draw
from backproof.checking.state import State, Witness, plural
from backproof.derivation import Derivation
from backproof.domains import REAL, Domain
from backproof.errors import NotDerivable
from backproof.examples import Worked
from backproof.indexing import axis_of
from backproof.kernel.ground import TooLarge
from backproof.language.document import Declaration, Example, Node, Span
from backproof.lists import Shape, built
from backproof.terms import REDUCTIONS, Term, num, postorder

#: Digits in which SymPy computes, and how many of them must agree with the derived gradient.
DIGITS: Final = 60
AGREEING: Final = 30
#: What is smaller is taken for a rounded zero.
TINY: Final = sp.Float(10) ** -AGREEING
#: Entries of every input that are looked at, at each choice of sizes, if one of them moves anything.
ENTRIES: Final = 3
#: The lengths that axes take in turn; two choices, so that no size is special.
LENGTHS: Final = ((2, 3), (3, 1))
Sizes = Mapping[str, int]


def written_out_witness(derivation: Derivation, seed: int = 0) -> Witness:
    """Agrees if SymPy's own derivative of the sums, written out, is the derived gradient at random exact points.

    It speaks of the sizes that it names, and of no others.
    """
    moving: set[str] = set()
    seen, shown = 0, []
    for lengths in LENGTHS:
        rng = np.random.default_rng(seed)
        sizes = sizes_of(derivation.node, lengths)
        try:
            scene = Scene(derivation, sizes, rng)
            for name, at, own, derived in scene.pairs(rng):
                if not _agree(own, derived):
                    return Witness(State.DISAGREED, _difference(name, at, own, derived, sizes), seen)
                seen += 1
                moving |= {name} if abs(own) > TINY else set()
        except (NotDerivable, TooLarge) as refusal:
            return Witness(State.ABSENT, str(refusal) or "too large to be written out")
        shown.append(", ".join(f"{axis} = {length}" for axis, length in sizes.items()))
    zero = tuple(given.name for given in scene.varying if given.name not in moving)
    detail = f"its own derivative agrees in {plural(seen, 'entry')} at the sizes {' and '.join(shown)}"
    return Witness(State.AGREED, "; ".join([detail, *(f"d{name} is 0 at all of them" for name in zero)]), seen, zero)


def sizes_of(node: Node, lengths: tuple[int, ...]) -> dict[str, int]:
    """Return a length for every axis of a node, ``lengths`` in turn."""
    axes = [axis for shape in shapes_of(node).values() for axis in shape]
    axes += [axis for line in node.lines for part in postorder(line.term) if part.head in REDUCTIONS
             for axis in part.data]  # fmt: skip
    return {axis: lengths[i % len(lengths)] for i, axis in enumerate(dict.fromkeys(map(axis_of, axes)))}


class Scene:
    """A node at given sizes and one random point: every entry of its outputs as a scalar term."""

    def __init__(self, derivation: Derivation, sizes: Sizes, rng: np.random.Generator) -> None:
        self.derivation = derivation
        node = derivation.node
        shapes = shapes_of(node)
        given = [(f"size({axis})", num(length)) for axis, length in sizes.items()]
        given += [(declared.name, _array(declared, sizes, rng)) for declared in node.inputs]
        for output in outputs_of(node):
            given.append((f"d{output}", _array(Declaration("", shapes[output], REAL, node.span), sizes, rng)))
        self.worked = Worked(derivation, Example(tuple(given), (), Span(1, 1, 1)))
        self.varying = [each for each in node.inputs if is_differentiable(each.domain)]
        self.terms = {
            (output, at): self.worked.scalar(output, at)
            for output in outputs_of(node)
            for at in self.worked.places(output)
        }
        self.order = list(postorder(*self.terms.values()))
        self.numbers = self._convert(set(), {})

    def pairs(self, rng: np.random.Generator) -> Iterator[tuple[str, Shape, Any, Any]]:
        """Yield entries of gradients: the input, the place, SymPy's value and the derived one.

        A few of every input, and more until one of them is not zero.
        """
        for given in self.varying:
            places = list(self.worked.places(given.name))
            moving = False
            for number, place in enumerate(rng.permutation(len(places))):
                if number >= ENTRIES and moving:
                    break
                own, derived = self.slope(given.name, places[place]), self.worked.entry(f"d{given.name}", places[place])
                moving = moving or abs(own) > TINY
                yield given.name, places[place], own, None if derived is None else _float(derived)

    def slope(self, name: str, at: Shape) -> Any:
        """Return SymPy's derivative of the loss by one entry, at the point."""
        entry = self.worked.name(name, at)
        x = sp.Symbol("x", real=True)
        moved: set[Term] = set()
        for term in self.order:
            if (term.head == "sym" and term.data == entry) or any(arg in moved for arg in term.args):
                moved.add(term)
        found = self._convert(moved, {entry: x})
        loss = sp.Add(*(
            _float(self.worked.point[self.worked.name(f"d{output}", place)]) * found[term]
            for (output, place), term in self.terms.items() if term in moved
        ))  # fmt: skip
        value = sp.diff(loss, x).subs(x, _float(self.worked.point[entry]))
        return value.evalf(DIGITS)

    def _convert(self, moved: set[Term], symbols: Mapping[str, Any]) -> dict[Term, Any]:
        """Return SymPy's expression of every term in ``moved`` (all, where it is empty); others are numbers."""
        done: dict[Term, Any] = dict(self.numbers) if moved else {}
        for term in self.order:
            if moved and term not in moved:
                continue
            if term.head == "num":
                done[term] = _float(term.data)
            elif term.head == "sym":
                done[term] = symbols.get(term.data) or self._constant(term.data)
            elif term.head == "bracket":
                done[term] = sp.Piecewise((1, done[term.args[0]]), (0, True))
            elif term.head in TO_SYMPY:
                done[term] = TO_SYMPY[term.head](*(done[arg] for arg in term.args))
            else:
                raise NotDerivable(f"not a plain number: {term.head}")
        return done

    def _constant(self, name: str) -> Any:
        return sp.pi.evalf(DIGITS) if name == "pi" else _float(self.worked.point[name])


def _float(value: Fraction) -> Any:
    """Return a number as SymPy computes with it: whole ones exactly, so that powers stay powers."""
    if value.denominator == 1:
        return sp.Integer(value.numerator)
    return sp.Float(sp.Rational(value.numerator, value.denominator), DIGITS)


def _array(given: Declaration, sizes: Sizes, rng: np.random.Generator) -> Term:
    """Return exact random entries of the domain; row numbers are 0 or 1, a stride is 1."""
    shape = tuple(sizes[axis_of(axis)] for axis in given.axes)
    found = {at: _number(given, rng) for at in np.ndindex(*shape)}
    if given.domain.constraint:
        along = given.axes.index(given.domain.axis)
        for at in np.ndindex(*(1 if i == along else length for i, length in enumerate(shape))):
            row = [(*at[:along], i, *at[along + 1 :]) for i in range(shape[along])]
            found |= dict(zip(row, _distribution(given.domain, len(row), rng), strict=True))
    return built(shape, found, lambda value: value)


def _number(given: Declaration, rng: np.random.Generator) -> Fraction:
    small = Fraction(int(rng.integers(2)) if given.axes else 1)
    return small if given.domain.integer and given.domain.contains(small) else draw(given.domain, rng)


def _distribution(domain: Domain, length: int, rng: np.random.Generator) -> list[Fraction]:
    if domain.integer:
        chosen = int(rng.integers(length))
        return [Fraction(int(i == chosen)) for i in range(length)]
    weights = [int(weight) for weight in rng.integers(1, 9, length)]
    return [Fraction(weight, sum(weights)) for weight in weights]


def _agree(own: Any, derived: Any) -> bool:
    if derived is None or not own.is_number or not own.is_finite:
        return False
    scale = max(1, abs(own), abs(derived))
    return bool(abs(own - derived) <= scale * TINY)


def _difference(name: str, at: Shape, own: Any, derived: Any, sizes: Sizes) -> str:
    place = f"[{', '.join(map(str, at))}]" if at else ""
    where = ", ".join(f"{axis} = {length}" for axis, length in sizes.items())
    found = "undefined" if derived is None else f"{float(derived):.8g}"
    return f"d{name}{place} is {found}, SymPy has {sp.sstr(own.evalf(8))} (at the sizes {where})"

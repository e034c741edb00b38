"""Mutants of expressions, and an evaluator of its own that says whether a mutant really differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from random import Random
from typing import Any

import mpmath

from backproof.derivation import Derivation
from backproof.domains import Domain
from backproof.terms import ONE, Term, add, make, mul, neg, num, power, rebuild

mpmath.mp.dps = 50
Number = Any
Point = Mapping[str, Number]

ELEMENTARY: dict[str, Callable[..., Number]] = {
    "add": lambda *parts: mpmath.fsum(parts),
    "mul": lambda *parts: mpmath.fprod(parts),
    "neg": lambda x: -x,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: mpmath.power(x, y),
    "exp": mpmath.exp,
    "log": mpmath.log,
    "sqrt": mpmath.sqrt,
    "abs": abs,
    "sign": mpmath.sign,
    "max": max,
    "min": min,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "where": lambda condition, true, false: true if condition else false,
}


class Evaluator:
    """Evaluates terms of a derivation in 50 digits; the kernel has no part in it."""

    def __init__(self, derivation: Derivation) -> None:
        self.lines = {step.output.data: step.term for step in derivation.operations}

    def value(self, term: Term, point: Point) -> Number:
        if term.head == "num":
            return mpmath.mpf(term.data.numerator) / term.data.denominator
        if term.head == "sym":
            return self.variable(term.data, point)
        if term.head == "D":
            name, held = term.args[1].data, dict(point)
            place = self.variable(name, point)
            return mpmath.diff(lambda x: self.value(term.args[0], {**held, name: x}), place)
        return ELEMENTARY[term.head](*(self.value(arg, point) for arg in term.args))

    def variable(self, name: str, point: Point) -> Number:
        if name in point:
            return point[name]
        return mpmath.pi if name == "pi" else self.value(self.lines[name], point)

    def differ(self, left: Term, right: Term, points: list[Point]) -> bool:
        """Say whether both terms have values at some point, and not the same."""
        return any(self._differ_at(left, right, point) for point in points)

    def _differ_at(self, left: Term, right: Term, point: Point) -> bool:
        try:
            one, other = self.value(left, point), self.value(right, point)
        except ArithmeticError:
            return False
        real = all(mpmath.im(x) == 0 and mpmath.isfinite(x) for x in (one, other))
        return bool(real and abs(one - other) > mpmath.mpf(10) ** -20 * (1 + abs(one)))


def points_of(derivation: Derivation) -> list[Point]:
    """Return points of the domain, the special ones among them, with signed upstream gradients."""
    random = Random(1)
    output = f"d{derivation.operations[-1].output.data}"
    axes = [list(values_in(given.domain, random)) for given in derivation.node.inputs]
    names = [given.name for given in derivation.node.inputs]
    corners = [dict(zip(names, values, strict=True)) for values in product(*axes)]
    chosen = corners if len(corners) <= 40 else random.sample(corners, 40)
    return [{**point, output: mpmath.mpf(random.choice((-7, 11))) / 4} for point in chosen]


def values_in(domain: Domain, random: Random) -> Iterator[Number]:
    """Yield kinks that occur in the catalogue, then random numbers, as far as they are in ``domain``."""
    special = [mpmath.mpf(n) for n in (-3, -1, 0, 1, 3)]
    drawn = [mpmath.mpf(random.randint(-999, 999)) / random.choice((173, 409, 1009)) for _ in range(8)]
    for value in special + drawn:
        above = domain.low is None or value > domain.low.numerator / mpmath.mpf(domain.low.denominator)
        below = domain.high is None or value < domain.high.numerator / mpmath.mpf(domain.high.denominator)
        if above and below and not (domain.nonzero and value == 0):
            yield value


# ------------------------------------------------------------------ mutants


def flip_sign(term: Term) -> Iterator[Term]:
    if term.head == "neg":
        yield term.args[0]
    elif term.head not in ("num", "lt", "le", "gt", "ge", "eq", "ne"):
        yield neg(term)


def drop_factor(term: Term) -> Iterator[Term]:
    if term.head == "mul":
        for place in range(len(term.args)):
            yield mul(*term.args[:place], *term.args[place + 1 :])
    elif term.head == "div":
        yield from (term.args[0], make("div", (ONE, term.args[1])))


def drop_term(term: Term) -> Iterator[Term]:
    if term.head == "add":
        for place in range(len(term.args)):
            yield add(*term.args[:place], *term.args[place + 1 :])


def change_exponent(term: Term) -> Iterator[Term]:
    if term.head == "pow":
        yield from (term.args[0], make("pow", (term.args[0], add(term.args[1], ONE))))
    elif term.head == "sym" and term.data != "pi":
        yield power(term, 2)


def change_constant(term: Term) -> Iterator[Term]:
    if term.head == "num":
        yield from (num(term.data + 1), num(term.data * 2))


MUTATIONS: dict[str, Callable[[Term], Iterator[Term]]] = {
    "sign": flip_sign,
    "dropped factor": drop_factor,
    "dropped term": drop_term,
    "exponent": change_exponent,
    "constant": change_constant,
}


def mutants(root: Term, mutate: Callable[[Term], Iterator[Term]]) -> Iterator[Term]:
    """Yield ``root`` with one place mutated, for every place of it."""
    yield from mutate(root)
    if root.head == "D":
        return
    for place, arg in enumerate(root.args):
        for new in mutants(arg, mutate):
            yield rebuild(root, (*root.args[:place], new, *root.args[place + 1 :]))

"""Knows where to look: random exact points of a domain, and points close to both sides of every kink."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import numpy as np

from backproof.checking.evaluating import EXACT, evaluate
from backproof.domains import Domain
from backproof.language.document import Kink, Node
from backproof.terms import Term, names, postorder, sub

Point = dict[str, Fraction]
#: How far beside a kink is looked.
BESIDE: Final = (Fraction(1, 8), Fraction(1, 2**20))
_ATTEMPTS: Final = 64
_FINENESS: Final = 2**20


def _fine(value: float) -> Fraction:
    return Fraction(round(value * _FINENESS), _FINENESS)


def _unbounded(domain: Domain, rng: np.random.Generator) -> Fraction:
    """Return a number of the domain, seldom larger than 4 in distance from its end or from 0."""
    if domain.low is not None and domain.high is not None:
        return domain.low + (domain.high - domain.low) * _fine(rng.uniform(0.02, 0.98))
    distance = _fine(math.exp(rng.normal(0, 0.8))) + Fraction(1, _FINENESS)
    if domain.low is not None:
        return domain.low + distance
    if domain.high is not None:
        return domain.high - distance
    return distance * int(rng.choice([-1, 1]))


def _whole(domain: Domain, rng: np.random.Generator) -> Fraction:
    low = domain.high - 6 if domain.low is None and domain.high is not None else domain.low
    start = -3 if low is None else math.ceil(low)
    end = start + 6 if domain.high is None else math.floor(domain.high)
    return Fraction(int(rng.integers(start, max(start, end), endpoint=True)))


def draw(domain: Domain, rng: np.random.Generator) -> Fraction:
    """Return a random number of ``domain``, of either sign where it has both."""
    kind = _whole if domain.integer else _unbounded
    for _ in range(_ATTEMPTS):
        value = kind(domain, rng)
        if domain.contains(value):
            return value
    return value


def draw_point(node: Node, rng: np.random.Generator) -> Point:
    """Return a random value for every input of ``node``."""
    return {given.name: draw(given.domain, rng) for given in node.inputs}


def is_inside(node: Node, point: Point) -> bool:
    """Say whether every input has a value in its domain."""
    return all(given.domain.contains(point[given.name]) for given in node.inputs)


def _boundaries(condition: Term) -> Iterator[tuple[Term, Term]]:
    for part in postorder(condition):
        if part.head in ("eq", "lt", "le", "gt", "ge", "ne"):
            yield part.args[0], part.args[1]


def crossings(node: Node, kink: Kink, rng: np.random.Generator) -> Iterator[tuple[Point, str]]:
    """Yield exact points on ``kink``, each with the input that crosses it there."""
    for left, right in _boundaries(kink.condition):
        point = draw_point(node, rng)
        for moving, still in ((left, right), (right, left)):
            if moving.head == "sym" and moving.data in point and moving.data not in names(still):
                place = evaluate(still, point, EXACT)
                if place is not None:
                    yield point | {moving.data: place}, moving.data


def _found(node: Node, gap: Term, rng: np.random.Generator) -> Iterator[Point]:
    """Yield one point on each side of ``gap = 0``, found by trying."""
    missing = {True, False}
    for _ in range(_ATTEMPTS):
        point = draw_point(node, rng)
        value = evaluate(gap, point, EXACT)
        if value and (value > 0) in missing:
            missing.discard(value > 0)
            yield point


def beside(node: Node, kink: Kink, rng: np.random.Generator) -> Iterator[Point]:
    """Yield points of the domain on both sides of ``kink``."""
    crossed = list(crossings(node, kink, rng))
    for point, moving in crossed:
        for step in (-BESIDE[0], BESIDE[0], -BESIDE[1], BESIDE[1]):
            near = point | {moving: point[moving] + step}
            if is_inside(node, near):
                yield near
    if not crossed:
        for left, right in _boundaries(kink.condition):
            yield from _found(node, sub(left, right), rng)


def points(node: Node, kinks: tuple[Kink, ...], seed: int, count: int = 10) -> Iterator[Point]:
    """Yield ``count`` random points of the domain of ``node``, then points beside every kink."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield draw_point(node, rng)
    for kink in kinks:
        yield from beside(node, kink, rng)

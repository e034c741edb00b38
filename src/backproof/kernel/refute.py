"""Points: where a step is refuted, where its conditions hold, and where both sides agree to 60 digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import prod
from random import Random
from typing import Final

from backproof.domains import Context
from backproof.kernel import balls
from backproof.kernel.cases import Case
from backproof.kernel.certificate import SCHEMA
from backproof.kernel.ground import Grounder, Scene, scenes
from backproof.kernel.slopes import HOLDS
from backproof.kernel.verdict import Kind, Verdict
from backproof.terms import Term, sub

SAMPLES: Final = 24


def find_point(left: Term, right: Term, context: Context, failed: Case | None) -> Verdict | None:
    """Return the refutation by a point at which both sides have values that are certainly different.

    Where no sampled point gives both sides a value, a point at which just one of them has one refutes as well.
    """
    lonely, common = None, False
    for scene in scenes(left, right, context):
        for point in _candidates(scene, failed):
            for precision in balls.PRECISIONS:
                a = balls.value_at(scene.left, scene.context, point, precision)
                b = balls.value_at(scene.right, scene.context, point, precision)
                if a is None or b is None:
                    continue
                common = common or not (isinstance(a, str) or isinstance(b, str))
                if balls.differ(a, b):
                    return _refuted(point, a, b, precision)
                if isinstance(a, str) != isinstance(b, str) and lonely is None:
                    lonely = _refuted(point, a, b, precision)
    return None if common else lonely


def _refuted(point: dict[str, Fraction], left: balls.Value, right: balls.Value, precision: int) -> Verdict:
    certificate = {
        "schema": SCHEMA,
        "point": {name: str(value) for name, value in point.items()},
        "precision": precision,
        "balls": [balls.shown(left), balls.shown(right)],
    }
    return Verdict(
        Kind.REFUTED,
        point=tuple(point.items()),
        left=balls.decimal(left),
        right=balls.decimal(right),
        certificate=certificate,
    )


def _points(scene: Scene, count: int) -> Iterator[dict[str, Fraction]]:
    special = () if scene.fixed else scene.free
    for point in balls.points(scene.context, scene.free, count, special):
        yield {**point, **dict(scene.fixed)}


def _candidates(scene: Scene, failed: Case | None) -> Iterator[dict[str, Fraction]]:
    if failed is not None and not scene.fixed:
        yield from _inside(scene.context, scene.free, failed)
    yield from _points(scene, 2 if scene.fixed else SAMPLES)


def _inside(context: Context, free: tuple[str, ...], case: Case) -> Iterator[dict[str, Fraction]]:
    """Yield points inside a case: random parameters, the names solved for them."""
    random = Random(2)  # noqa: S311  # reproducible sampling, no secret
    for _ in range(8):
        point = {name: balls.random_value(context.domain(name), random) for name in free}
        for parameter in case.positive:
            point[parameter] = Fraction(random.randint(1, 32), 8)
        try:
            for name in reversed(case.values):
                point[name] = exact_value(case.values[name], point)
        except (KeyError, ZeroDivisionError):  # no rational point: an irrational boundary such as sqrt(2)
            continue
        inside = {name: point[name] for name in free}
        if all(context.domain(name).contains(value) for name, value in inside.items()):
            yield inside


def exact_value(term: Term, point: balls.Point) -> Fraction:
    """Return the value of a rational expression at a point; KeyError where it is not rational."""
    if term.head == "num":
        return Fraction(term.data)
    if term.head == "sym":
        return point[term.data]
    values = [exact_value(arg, point) for arg in term.args]
    return ARITHMETIC[term.head](values)


ARITHMETIC: Final[dict[str, Callable[[list[Fraction]], Fraction]]] = {
    "neg": lambda values: -values[0],
    "add": lambda values: sum(values, Fraction(0)),
    "mul": lambda values: Fraction(prod(values)),
    "div": lambda values: values[0] / values[1],
}


def holds_somewhere(left: Term, right: Term, context: Context, conditions: tuple[Term, ...]) -> bool:
    """Say whether a point was found at which every condition holds and both sides have values."""
    for scene in scenes(left, right, context):
        written = [part for condition in conditions for part in _written_out(condition, scene, context)]
        for point in _points(scene, SAMPLES):
            if all(_holds(part, scene.context, point) for part in written) and _is_defined(scene, point):
                return True
    return False


def _written_out(condition: Term, scene: Scene, context: Context) -> Iterator[Term]:
    """Yield a condition at every value of its free indices, at the sizes of the scene."""
    if not scene.fixed:
        yield condition
        return
    fixed = dict(scene.fixed)
    sizes = {name[5:-1]: int(value) for name, value in fixed.items() if name.startswith("size(")}
    ground = Grounder(context, sizes, fixed)
    for at in ground.places(condition.axes):
        yield ground(condition, at)


def _holds(condition: Term, context: Context, point: balls.Point) -> bool:
    value = balls.value_at(sub(*condition.args), context, point, 256)
    if value is None or isinstance(value, str):
        return False
    try:
        return HOLDS[condition.head](balls.certain_sign(value))
    except balls.Undecided:
        return False


def _is_defined(scene: Scene, point: balls.Point) -> bool:
    values = [balls.value_at(side, scene.context, point, 256) for side in (scene.left, scene.right)]
    return all(value is not None and not isinstance(value, str) for value in values)


def agreements(left: Term, right: Term, context: Context) -> int:
    """Return the number of sampled points, at most six, at which both sides agree to 60 digits."""
    count = 0
    for scene in scenes(left, right, context):
        for point in _points(scene, 6):
            values = [balls.value_at(side, scene.context, point, 512) for side in (scene.left, scene.right)]
            if not any(value is None or isinstance(value, str) for value in values):
                count += bool(abs(values[0] - values[1]).abs_upper() < 1e-60)  # type: ignore[operator]
        if count >= 6:
            break
    return count


def decimal_value(term: Term, point: balls.Point, context: Context, digits: int = 50) -> str:
    """Return the decimal digits of a term's value at a point that are certain, or ``"undefined"``."""
    value = balls.value_at(term, context, point, 4 * digits + 64)
    return "undecided" if value is None else balls.decimal(value, digits)

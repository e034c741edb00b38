"""The numeric witness: a layer's forward and backward pass, entry by entry beside the derivation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import mpmath
import numpy as np

from backproof.checking.composed import Composed, Values, lambdify
from backproof.checking.evaluating import EXACT, evaluate
from backproof.checking.running import Array, backward, build, forward, signed
from backproof.checking.samples import Point, crossings, draw, draw_point, is_inside
from backproof.checking.state import State, Witness, plural
from backproof.derivation import Derivation
from backproof.domains import Domain
from backproof.language.document import Example, Node
from backproof.layers import Signature

DTYPES: Final = (np.float32, np.float64)
#: No entry, one, a size of 1, and no two sizes equal.
SHAPES: Final[tuple[tuple[int, ...], ...]] = ((), (1,), (2, 1, 4), (5, 3), (0, 2))
#: Far outside the range in which exp is a finite float.
EXTREMES: Final = (-1000, 1000)
#: Digits of the reference: enough for 1 - y where y differs from 1 by the smallest float.
DIGITS: Final = 360
#: How many roundings, each as large as one of the inputs or the result may suffer, are forgiven.
SLACK: Final = 8


class Disagreement(Exception):
    """Where a layer and the derivation differ."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A layer beside the derivation that it must follow; ``reference`` is in ``DIGITS`` digits."""

    node: Node
    composed: Composed
    layer: type[Any]
    signature: Signature
    reference: Callable[[Values], tuple[Any, ...]]

    @property
    def named(self) -> dict[str, str]:
        """The layer's name of each input of the node."""
        return dict(zip(self.composed.inputs, self.signature.inputs, strict=True))

    def run(self, values: Mapping[str, Any], upstream: Any = None) -> dict[str, Any]:
        """Return the output under its name, and the gradient of ``x`` as ``dx``."""
        given = {layers: values[name] for name, layers in self.named.items()}
        instance = build(self.layer, self.signature, given)
        (output,) = forward(instance, self.signature, given)
        gradients = backward(instance, self.signature, (upstream,))
        found = {f"d{name}": gradients.get(layers) for name, layers in self.named.items()}
        return {self.composed.upstream[1:]: output} | {
            name: gradient for name, gradient in found.items() if gradient is not None
        }


def numeric_witness(
    derivation: Derivation, composed: Composed, layer: type[Any], signature: Signature, seed: int = 0
) -> Witness:
    """Agrees if forward and backward of ``layer`` are the derivation's, entry by entry.

    Random signed upstreams, both dtypes, several shapes, both sides of every kink and the kink itself,
    ±1000; then the examples of the node.  What is tolerated follows from the dtype and the condition.
    """
    if len(composed.inputs) != len(signature.inputs):
        return Witness(State.ABSENT, "the layer takes other inputs than the node")
    formulas = [composed.output, *composed.conventions.values()]
    reference = lambdify(composed, formulas)
    subject = Subject(derivation.node, composed, layer, signature, reference)
    compared = 0
    try:
        for arrays, upstream in _inputs(subject, seed):
            compared += _compare(subject, arrays, upstream)
        for example in derivation.node.examples:
            compared += _follow(subject, example)
    except Disagreement as found:
        return Witness(State.DISAGREED, str(found), compared)
    detail = f"layer and derivation agree in {plural(compared, 'entry')}, float32 and float64"
    return Witness(State.AGREED, detail, compared)


# ------------------------------------------------------------------ where to compare

Arrays = dict[str, Array]


def _inputs(subject: Subject, seed: int) -> Iterator[tuple[Arrays, Array]]:
    """Yield the inputs by name and an upstream gradient, for every dtype and shape."""
    rng = np.random.default_rng(seed)
    for dtype in DTYPES:
        for shape in SHAPES:
            arrays = {g.name: _filled(g.domain, rng, shape, dtype) for g in subject.node.inputs}
            yield arrays, signed(rng, shape).astype(dtype)
        special = list(_special(subject.node, rng, dtype))
        if special:
            arrays = {name: np.array([p[name] for p in special], dtype) for name in special[0]}
            yield arrays, signed(rng, (len(special),)).astype(dtype)


def _filled(domain: Domain, rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    array = np.empty(shape, dtype)
    for place in np.ndindex(shape):
        array[place] = float(draw(domain, rng))
    return array


def _special(node: Node, rng: np.random.Generator, dtype: Any) -> Iterator[dict[str, Any]]:
    """Yield points at the extremes, on every kink and one float beside it."""
    for given in node.inputs:
        for extreme in EXTREMES:
            point = draw_point(node, rng) | {given.name: Fraction(extreme)}
            if is_inside(node, point):
                yield _floats(point, dtype)
    for kink in node.kinks:
        for point, moving in crossings(node, kink, rng):
            at = _floats(point, dtype)
            for toward in (-np.inf, at[moving], np.inf):
                yield at | {moving: np.nextafter(at[moving], dtype(toward))}


def _floats(point: Point, dtype: Any) -> dict[str, Any]:
    return {name: dtype(float(value)) for name, value in point.items()}


# ------------------------------------------------------------------ how to compare


def _compare(subject: Subject, arrays: Arrays, upstream: Array) -> int:
    """Return how many entries agree; raises Disagreement at the first that does not."""
    names = (subject.composed.upstream[1:], *(f"d{name}" for name in subject.composed.conventions))
    found = _guarded(subject, arrays, upstream)
    like = {f"d{name}": array for name, array in arrays.items()}
    for name, array in found.items():
        _same_kind(name, np.asarray(array), like.get(name, upstream))
    given = [*(arrays[name] for name in subject.composed.inputs), upstream]
    compared = 0
    for place in np.ndindex(upstream.shape):
        values = [array[place] for array in given]
        expected = _expected(subject, values, float(np.finfo(upstream.dtype).eps))
        for name, (value, tolerance) in zip(names, expected, strict=True):
            if name in found:
                entry = np.asarray(found[name])[place]
                _close(name, entry, value, tolerance, _where(subject, values))
                compared += 1
    return compared


def _guarded(subject: Subject, arrays: Arrays, upstream: Array) -> dict[str, Any]:
    """Return what the layer gives; raises Disagreement if it warns, fails or writes into its arguments."""
    for array in (*arrays.values(), upstream):
        array.flags.writeable = False
    try:
        with np.errstate(all="raise", under="ignore"):
            return subject.run(arrays, upstream)
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:
        where = f"{upstream.dtype} of shape {upstream.shape}"
        raise Disagreement(f"the layer fails for {where}: {error}") from error


def _same_kind(name: str, array: Array, like: Array) -> None:
    if (array.shape, array.dtype) != (like.shape, like.dtype):
        kind, wanted = (f"{a.dtype} of shape {a.shape}" for a in (array, like))
        raise Disagreement(f"{name} is {kind}, not {wanted}")


def _expected(subject: Subject, values: Sequence[Any], eps: float) -> list[tuple[Any, Any]]:
    """Return every reference value with what may be tolerated: its rounding, and that of each input."""
    with mpmath.workdps(DIGITS):
        exact = [mpmath.mpf(float(value)) for value in values]
        base = subject.reference(exact)
        moves = [[abs(value) for value in base]]
        for position, value in enumerate(exact):
            moved = [*exact[:position], value * (1 + mpmath.mpf(eps)), *exact[position + 1 :]]
            change = zip(subject.reference(moved), base, strict=True)
            moves.append([abs(new - old) / eps for new, old in change])
        return [(value, SLACK * eps * sum(parts)) for value, parts in zip(base, zip(*moves, strict=True), strict=True)]


def _close(name: str, entry: Any, value: Any, tolerance: Any, where: str) -> None:
    smallest = float(np.finfo(entry.dtype).tiny)
    with mpmath.workdps(DIGITS):
        near = abs(mpmath.mpf(float(entry)) - value) <= tolerance + smallest
    if not near:  # NaN is near nothing
        raise Disagreement(f"{name} is {entry!s}, not {mpmath.nstr(value, 9)}, at {where}")


def _where(subject: Subject, values: Sequence[Any]) -> str:
    named = zip(subject.composed.variables, values, strict=True)
    return ", ".join(f"{name} = {value!s}" for name, value in named) + f" ({values[-1].dtype})"


# ------------------------------------------------------------------ examples


def _follow(subject: Subject, example: Example) -> int:
    """Return how many numbers of ``example`` the layer gives; raises Disagreement at the first other."""
    point = {subject.composed.upstream: Fraction(1)}
    point |= {name: evaluate(term, {}, EXACT) for name, term in example.given}
    if not point.keys() >= set(subject.composed.variables):
        return 0
    values = {name: np.float64(float(value)) for name, value in point.items()}
    found = subject.run(values, values[subject.composed.upstream])
    compared = 0
    for name, term in example.expected:
        written = evaluate(term, {}, EXACT)
        if name in found and written is not None:
            _rounds_to(name, float(found[name]), written)
            compared += 1
    return compared


def _rounds_to(name: str, value: float, written: Fraction) -> None:
    """Raise Disagreement unless ``written`` is ``value`` to the decimals that it has."""
    places = next((n for n in range(40) if (written * 10**n).denominator == 1), 40)
    half = 0.5 * 10.0**-places if places else 0.0
    allowed = half + SLACK * float(np.finfo(np.float64).eps) * abs(value)
    if not abs(value - float(written)) <= allowed:
        raise Disagreement(f"{name} is {value!r} in the example, not {float(written)!r}")

"""Three independent witnesses of a derivation: the kernel, SymPy and the numbers of a layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

import mpmath
import numpy as np

from backproof.calculus.fields import has_axes
from backproof.checking.composed import Composed, Values, compose, differentiate, lambdify
from backproof.checking.numbers import graph_witness
from backproof.checking.numeric import numeric_witness
from backproof.checking.samples import Point, points
from backproof.checking.state import State, Witness, plural
from backproof.checking.tensors import PACKED, tensor_witness
from backproof.checking.written_out import written_out_witness
from backproof.derivation import Derivation
from backproof.errors import NotDerivable
from backproof.kernel import Kind
from backproof.language.document import Declaration
from backproof.layers import LAYERS, SIGNATURES

#: Decimal digits in which SymPy's gradient and the derived one are compared, and how many must agree.
DIGITS: Final = 50
AGREEING: Final = 30


def cross_check(derivation: Derivation, seed: int = 0, thorough: bool = True) -> dict[str, Witness]:
    """Return what the kernel, SymPy and the numpy layer say of ``derivation``, each for itself.

    SymPy writes out the sums of a node with axes only where the check is ``thorough``.
    """
    return {
        "kernel": kernel_witness(derivation),
        "sympy": _sympy(derivation, seed, thorough),
        "numeric": _numeric(derivation, seed),
    }


def _sympy(derivation: Derivation, seed: int, thorough: bool) -> Witness:
    if has_axes(derivation.node) and not thorough:
        return Witness(State.ABSENT, "derive check asks it")
    if has_axes(derivation.node):
        return written_out_witness(derivation, seed)
    try:
        return sympy_witness(derivation, compose(derivation), seed)
    except NotDerivable as refusal:
        return Witness(State.ABSENT, str(refusal))


def _numeric(derivation: Derivation, seed: int) -> Witness:
    name = PACKED.get(derivation.node.name, derivation.node.name)
    if derivation.node.is_graph:
        return graph_witness(derivation)
    if name not in LAYERS:
        return Witness(State.ABSENT, "no numpy layer")
    if has_axes(derivation.node):
        return tensor_witness(derivation, LAYERS[name], SIGNATURES[name], seed)
    try:
        composed = compose(derivation)
    except NotDerivable as refusal:
        return Witness(State.ABSENT, str(refusal))
    return numeric_witness(derivation, composed, LAYERS[name], SIGNATURES[name], seed)


# ------------------------------------------------------------------ kernel


def kernel_witness(derivation: Derivation) -> Witness:
    """Agrees if every input that is a variable has a gradient, and every step of it was accepted."""
    missing = [given.name for given in derivation.node.inputs if not _is_derived(derivation, given)]
    if missing:
        return Witness(State.DISAGREED, f"no gradient of {', '.join(missing)}")
    counts = Counter(step.verdict.kind for step in derivation.steps)
    rejected = [step for step in derivation.steps if not step.verdict.is_accepted]
    detail = ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind])
    total = plural(len(derivation.steps), "step")
    state = State.DISAGREED if rejected else State.AGREED
    return Witness(state, f"{total}, {detail}" if detail else "no steps", len(derivation.steps))


def _is_derived(derivation: Derivation, given: Declaration) -> bool:
    """Say whether an input has its gradient, or is data that needs none."""
    is_data = given.domain.integer or bool(given.domain.constraint)
    return is_data or given.name in derivation.gradients


# ------------------------------------------------------------------ SymPy


def sympy_witness(derivation: Derivation, composed: Composed, seed: int = 0) -> Witness:
    """Agrees if SymPy's own derivative of the composed expression is the derived gradient.

    Both are evaluated in 50 digits at random points of the domain and on both sides of every kink.
    """
    names = tuple(composed.gradients)
    own = differentiate(composed)
    theirs = lambdify(composed, [own[name] for name in names])
    ours = lambdify(composed, composed.gradients.values())
    rng = np.random.default_rng(seed)
    seen = 0
    moving: set[str] = set()
    with mpmath.workdps(DIGITS):
        for point in points(derivation.node, derivation.kinks, seed):
            upstream = Fraction(int(rng.integers(-999, 999)) * 2 + 1, 1000)
            given = [*(point[name] for name in composed.inputs), upstream]
            values = [mpmath.mpf(value.numerator) / value.denominator for value in given]
            found, expected = _values(ours, values), _values(theirs, values)
            if found is None and expected is None:
                continue
            bad = _different(names, found, expected)
            if bad:
                return Witness(State.DISAGREED, f"{bad} at {_shown(point)}", seen * len(names))
            seen += 1
            moving |= {name for name, value in zip(names, expected or (), strict=True) if value}
    if not seen:
        return Witness(State.ABSENT, "no point of the domain at which SymPy gives a number")
    zero = tuple(name for name in names if name not in moving)
    detail = f"its own derivative agrees at {plural(seen, 'point')} to {AGREEING} digits"
    vacuous = [f"d{name} is 0 at all of them" for name in zero]
    return Witness(State.AGREED, "; ".join([detail, *vacuous]), seen * len(names), zero)


def _values(function: Callable[[Values], tuple[Any, ...]], values: Values) -> tuple[Any, ...] | None:
    """Return the values of ``function``, or ``None`` where one of them does not exist."""
    try:
        found = function(values)
    except (ArithmeticError, ValueError):
        return None
    return found if all(mpmath.isfinite(value) for value in found) else None


def _different(names: Sequence[str], found: Any, expected: Any) -> str:
    if found is None or expected is None:
        return f"the {'derived' if found is None else 'SymPy'} gradient does not exist"
    for name, left, right in zip(names, found, expected, strict=True):
        scale = max(1, abs(left), abs(right))
        if not abs(left - right) <= scale * mpmath.mpf(10) ** -AGREEING:
            return f"d{name} is {mpmath.nstr(left, 8)}, SymPy has {mpmath.nstr(right, 8)}"
    return ""


def _shown(point: Point) -> str:
    return ", ".join(f"{name} = {float(value):.6g}" for name, value in point.items())

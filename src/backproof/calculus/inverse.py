"""Reading the forward pass backwards: which intermediate values the output alone determines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from backproof.calculus.paths import Flow
from backproof.derivation import Operation
from backproof.terms import ONE, Term, add, as_fraction, call, div, mul, neg, power, sub

#: An inverse: (output, values of all inputs, place of the unknown) -> the unknown, or None.
Inverse = Callable[[Term, Sequence[Term], int], Term | None]


def _of_sum(output: Term, inputs: Sequence[Term], place: int) -> Term:
    return add(output, *(neg(other) for i, other in enumerate(inputs) if i != place))


def _of_product(output: Term, inputs: Sequence[Term], place: int) -> Term:
    return div(output, mul(*(other for i, other in enumerate(inputs) if i != place)))


def _of_quotient(output: Term, inputs: Sequence[Term], place: int) -> Term:
    if place == 0:
        return mul(output, inputs[1])
    return div(inputs[0], output)


def _of_power(output: Term, inputs: Sequence[Term], place: int) -> Term | None:
    exponent = as_fraction(inputs[1])
    is_odd = exponent is not None and exponent.denominator == 1 and exponent.numerator % 2
    return power(output, div(ONE, inputs[1])) if place == 0 and is_odd else None


#: kind -> how one input follows from the output and the other inputs; a missing kind is many-to-one.
INVERSE: Final[dict[str, Inverse]] = {
    "copy": lambda y, v, i: y,
    "neg": lambda y, v, i: neg(y),
    "add": _of_sum,
    "sub": lambda y, v, i: add(y, v[1]) if i == 0 else sub(v[0], y),
    "mul": _of_product,
    "div": _of_quotient,
    "reciprocal": _of_quotient,
    "exp": lambda y, v, i: call("log", y),
    "log": lambda y, v, i: call("exp", y),
    "sqrt": lambda y, v, i: power(y, 2),
}


def read_backwards(flow: Flow, start: Term) -> dict[Term, Term]:
    """Return the values that ``start`` determines, each as a term in ``start`` and fixed values.

    From y = 1/c and c = 1 + b it reads c = 1/y and b = 1/y - 1.
    """
    found: dict[Term, Term] = {start: start}
    producers = {step.output: step for step in flow.operations}
    pending = [start]
    while pending:
        value = pending.pop()
        step = producers.get(value)
        if step is None:
            continue
        unknown = [i for i, given in enumerate(step.inputs) if given in flow.active]
        if len(unknown) != 1 or step.kind not in INVERSE:
            continue
        given = step.inputs[unknown[0]]
        inverse = _solve(step, found[value], unknown[0])
        if inverse is not None and given not in found:
            found[given] = inverse
            pending.append(given)
    return found


def _solve(step: Operation, output: Term, place: int) -> Term | None:
    return INVERSE[step.kind](output, step.inputs, place)

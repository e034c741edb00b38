"""Reading the forward pass backwards: which intermediate values one value alone determines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from backproof.derivation import Operation
from backproof.terms import Term, add, call, div, mul, neg, power, sub

#: An inverse: (output, values of all inputs, place of the unknown) -> the unknown.
Inverse = Callable[[Term, Sequence[Term], int], Term]


def _of_sum(output: Term, inputs: Sequence[Term], place: int) -> Term:
    return _sum(output, *(neg(other) for i, other in enumerate(inputs) if i != place))


def _sum(*parts: Term) -> Term:
    return add(*(p for part in parts for p in (part.args if part.head == "add" else (part,))))


def _of_product(output: Term, inputs: Sequence[Term], place: int) -> Term:
    return div(output, mul(*(other for i, other in enumerate(inputs) if i != place)))


def _of_quotient(output: Term, inputs: Sequence[Term], place: int) -> Term:
    return mul(output, inputs[1]) if place == 0 else div(inputs[0], output)


#: kind -> how one input follows from the output and the other inputs; a missing kind is many-to-one.
INVERSE: Final[dict[str, Inverse]] = {
    "copy": lambda y, v, i: y,
    "neg": lambda y, v, i: neg(y),
    "add": _of_sum,
    "sub": lambda y, v, i: _sum(y, v[1]) if i == 0 else sub(v[0], y),
    "mul": _of_product,
    "div": _of_quotient,
    "reciprocal": _of_quotient,
    "exp": lambda y, v, i: call("log", y),
    "log": lambda y, v, i: call("exp", y),
    "atan": lambda y, v, i: call("tan", y),
    "sqrt": lambda y, v, i: power(y, 2),
}


def read_backwards(operations: Sequence[Operation], start: Term, unknown: Collection[Term]) -> dict[Term, Term]:
    """Return the values that ``start`` determines, each as a term in ``start`` and known values.

    From y = 1/c and c = 1 + b it reads c = 1/y and b = 1/y - 1.  It goes on while an operation has one
    unknown input and an inverse.
    """
    found = {start: start}
    for step in reversed(operations):
        if step.output not in found or step.kind not in INVERSE:
            continue
        places = [i for i, value in enumerate(step.inputs) if value in unknown]
        if len(places) == 1 and step.inputs[places[0]] not in found:
            inverse = INVERSE[step.kind](found[step.output], step.inputs, places[0])
            found[step.inputs[places[0]]] = inverse
    return found

"""The table of elementwise operations: float value, local derivatives, ball value and term of each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from flint import arb

from backproof.terms import ONE, TWO, Term, add, call, div, mul, neg, num, power, sub, sym


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: ``value`` on floats, ``partials`` of the arguments and the output, ``ball`` on arb, ``term``.

    ``partials`` are written with operators and numpy functions, and so hold for floats and for recorded arrays.
    """

    value: Callable[..., Any]
    partials: Callable[..., tuple[Any, ...]]
    ball: Callable[..., Any]
    term: Callable[..., Term]


def _erf(values: Any) -> Any:
    return np.vectorize(math.erf, otypes=[np.float64])(values) if np.size(values) else values


def _ball_power(base: arb, exponent: arb) -> arb:
    whole = exponent.unique_fmpz() if exponent.is_exact() else None
    return base ** (exponent if whole is None else int(whole))


def _expit(values: Any) -> Any:
    decay = np.exp(-np.abs(values))
    return np.where(values < 0, decay, 1) / (1 + decay)


OPERATIONS: Final[dict[str, Operation]] = {
    "add": Operation(np.add, lambda a, b, y: (1, 1), lambda a, b: a + b, add),
    "sub": Operation(np.subtract, lambda a, b, y: (1, -1), lambda a, b: a - b, sub),
    "mul": Operation(np.multiply, lambda a, b, y: (b, a), lambda a, b: a * b, mul),
    "div": Operation(np.divide, lambda a, b, y: (1 / b, -y / b), lambda a, b: a / b, div),
    "neg": Operation(np.negative, lambda a, y: (-1,), lambda a: -a, neg),
    "pow": Operation(
        np.power, lambda a, b, y: (b * a ** (b - 1), y * np.log(a)), _ball_power, power
    ),
    "exp": Operation(np.exp, lambda a, y: (y,), arb.exp, lambda a: call("exp", a)),
    "expm1": Operation(np.expm1, lambda a, y: (y + 1,), arb.expm1, lambda a: sub(call("exp", a), ONE)),
    "log": Operation(np.log, lambda a, y: (1 / a,), arb.log, lambda a: call("log", a)),
    "log1p": Operation(np.log1p, lambda a, y: (1 / (1 + a),), arb.log1p, lambda a: call("log", add(ONE, a))),
    "sqrt": Operation(np.sqrt, lambda a, y: (1 / (2 * y),), arb.sqrt, lambda a: call("sqrt", a)),
    "tanh": Operation(np.tanh, lambda a, y: (1 - y * y,), arb.tanh, lambda a: call("tanh", a)),
    "sinh": Operation(np.sinh, lambda a, y: (np.cosh(a),), arb.sinh, lambda a: call("sinh", a)),
    "cosh": Operation(np.cosh, lambda a, y: (np.sinh(a),), arb.cosh, lambda a: call("cosh", a)),
    "sin": Operation(np.sin, lambda a, y: (np.cos(a),), arb.sin, lambda a: call("sin", a)),
    "cos": Operation(np.cos, lambda a, y: (-np.sin(a),), arb.cos, lambda a: call("cos", a)),
    "tan": Operation(np.tan, lambda a, y: (1 + y * y,), arb.tan, lambda a: call("tan", a)),
    "atan": Operation(np.arctan, lambda a, y: (1 / (1 + a * a),), arb.atan, lambda a: call("atan", a)),
    "erf": Operation(
        _erf,
        lambda a, y: (np.exp(-a * a) * (2 / math.sqrt(math.pi)),),
        arb.erf,
        lambda a: call("erf", a),
    ),
    "expit": Operation(
        _expit,
        lambda a, y: (y * (1 - y),),
        lambda a: 1 / (1 + (-a).exp()),
        lambda a: div(ONE, add(ONE, call("exp", neg(a)))),
    ),
    "asinh": Operation(
        np.arcsinh,
        lambda a, y: (1 / np.sqrt(1 + a * a),),
        arb.asinh,
        lambda a: call("log", add(a, call("sqrt", add(power(a, 2), ONE)))),
    ),
    "arcsin": Operation(
        np.arcsin,
        lambda a, y: (1 / np.sqrt(1 - a * a),),
        arb.asin,
        lambda a: call("atan", div(a, call("sqrt", sub(ONE, power(a, 2))))),
    ),
    "arccos": Operation(
        np.arccos,
        lambda a, y: (-1 / np.sqrt(1 - a * a),),
        arb.acos,
        lambda a: sub(div(sym("pi"), TWO), call("atan", div(a, call("sqrt", sub(ONE, power(a, 2)))))),
    ),
    "cbrt": Operation(
        np.cbrt,
        lambda a, y: (1 / (3 * y * y),),
        lambda a: a.root(3),
        lambda a: power(a, div(ONE, num(3))),
    ),
}  # fmt: skip

"""Knows what every head of a term means for numbers: exact fractions, and floats."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from backproof.terms import Term, postorder

Table = Mapping[str, Callable[..., Any]]
_MAX_EXPONENT: Final = 1000


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1 or abs(exponent) > _MAX_EXPONENT or (not base and exponent < 0):
        return None
    return base ** int(exponent)


def _quotient(above: Fraction, below: Fraction) -> Fraction | None:
    return above / below if below else None


def _sign(value: Any) -> Any:
    return (value > 0) - (value < 0)


_LOGIC: Final[dict[str, Callable[..., Any]]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq,
    "ne": operator.ne, "and": lambda *u: all(u), "or": lambda *u: any(u), "not": operator.not_,
    "max": max, "min": min, "abs": abs, "neg": operator.neg, "mul": lambda *u: math.prod(u),
}  # fmt: skip
#: On fractions; ``None`` where the value is not rational or does not exist.
EXACT: Final[Table] = _LOGIC | {
    "num": lambda value: value, "add": lambda *u: sum(u, Fraction(0)), "div": _quotient,
    "pow": _power, "sign": lambda u: Fraction(_sign(u)),
}  # fmt: skip
#: On floats, in the order of the term: ``a + b + c`` is ``(a + b) + c``.
FLOAT: Final[Table] = _LOGIC | {
    "num": float, "add": lambda *u: sum(u[1:], u[0]), "div": operator.truediv, "pow": operator.pow,
    "sign": lambda u: float(_sign(u)),
} | {
    name: getattr(math, name)
    for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "erf")
}  # fmt: skip


def evaluate(root: Term, values: Mapping[str, Any], table: Table) -> Any:
    """Return the value of ``root`` under a table, or ``None`` where it has none there."""
    done: dict[Term, Any] = {}
    for term in postorder(root):
        done[term] = _one(term, tuple(done[arg] for arg in term.args), values, table)
    return done[root]


def _one(term: Term, args: tuple[Any, ...], values: Mapping[str, Any], table: Table) -> Any:
    if term.head == "sym":
        return values.get(term.data)
    if term.head == "num":
        return table["num"](term.data)
    if term.head == "where":
        return None if args[0] is None else args[1] if args[0] else args[2]
    if term.head not in table or any(arg is None for arg in args):
        return None
    try:
        return table[term.head](*args)
    except (ArithmeticError, ValueError):
        return None

"""Why a gradient has no form in the output alone: two points that the output cannot tell apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import sympy as sp

#: Where the sign of a derivative is looked at.
_POINTS: Final = tuple(map(sp.Rational, (1, -1, 2, -2, 3, -3, 0, "1/2", "-1/2", 5, -5)))


def refusal(primal: Any, local: Any, variable: Any, name: str, output: str) -> str:
    """Return in Markdown why ``local`` is no function of ``output = primal(variable)``, or that no form was found.

    An even function takes every value twice.  A differentiable function of one interval that falls at one
    point and rises at another takes some value at a falling and at a rising point, so that its derivative
    is no function of its value.
    """
    x, y = _math(name), _math(output)
    if _is_two_sided(variable) and _is_even(primal, variable) and not _is_even(local, variable):
        return f"No form in {y} alone: {y} takes the same value at {x} and {_math(f'-{name}')}."
    signs = dict(reversed(list(_signs(local, variable))))
    if {1, -1} <= signs.keys():
        falling, rising = (_math(f"{name} = {signs[sign]}") for sign in (-1, 1))
        return f"No form in {y} alone: {y} falls at {falling} and rises at {rising}."
    return f"No form in {y} alone was found."


def _math(text: str) -> str:
    """Return ``text`` as mathematics in Markdown; names of several letters are words."""
    return text if re.search(r"[A-Za-z_]{2}", text) else f"${text}$"


def _is_two_sided(variable: Any) -> bool:
    return variable.is_nonnegative is None and variable.is_nonpositive is None


def _is_even(expr: Any, variable: Any) -> bool:
    return bool(expr.subs(variable, -variable) == expr)


def _signs(local: Any, variable: Any) -> Iterator[tuple[int, Any]]:
    """Yield the sign of the derivative and the point, for the points of the variable's domain."""
    for point in _POINTS:
        if (variable.is_nonnegative and point < 0) or (variable.is_nonpositive and point > 0):
            continue
        value = sp.N(local.subs(variable, point))
        if value.is_real and abs(value) > sp.Rational(1, 10**9):
            yield (1 if value > 0 else -1), point

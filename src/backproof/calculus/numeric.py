"""Formulas as functions on arrays: SymPy's lambdify, with numpy or in many digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import mpmath
import numpy as np
import sympy as sp

from backproof.calculus.convert import Translation
from backproof.terms import Term, sym

#: Names that numpy spells differently from SymPy, or does not have.
_NUMPY: Final[dict[str, Any]] = {"erf": np.vectorize(lambda x: float(mpmath.erf(x)), otypes=[float])}
DIGITS: Final = 50


def lambdify_terms(
    terms: Sequence[Term], inputs: Sequence[str], modules: str = "numpy"
) -> Callable[..., tuple[Any, ...]]:
    """Return a function of the inputs, in order, that gives the value of every term.

    ``modules="numpy"``: arrays of any shape, in the dtype of the inputs.  ``modules="mpmath"``: numbers in
    50 digits.  Constants come back in the shape of the inputs.
    """
    translation = Translation()
    symbols = [translation.symbol(sym(name)) for name in inputs]
    expressions = [translation.to_sympy(term) for term in terms]
    if modules == "mpmath":
        return _in_digits(sp.lambdify(symbols, expressions, "mpmath", cse=True))
    return _on_arrays(sp.lambdify(symbols, expressions, [_NUMPY, "numpy"], cse=True))


def _in_digits(function: Callable[..., list[Any]]) -> Callable[..., tuple[Any, ...]]:
    def evaluate(*values: Any) -> tuple[Any, ...]:
        with mpmath.workdps(DIGITS):
            return tuple(mpmath.mpf(value) for value in function(*map(mpmath.mpf, values)))

    return evaluate


def _on_arrays(function: Callable[..., list[Any]]) -> Callable[..., tuple[Any, ...]]:
    def evaluate(*values: Any) -> tuple[Any, ...]:
        arrays = np.broadcast_arrays(*map(np.asarray, values))
        dtype = np.result_type(*arrays)
        with np.errstate(all="ignore"):
            results = function(*arrays)
        return tuple(np.broadcast_to(np.asarray(r, dtype), arrays[0].shape) for r in results)

    return evaluate

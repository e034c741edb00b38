"""The matrix form of a gradient that is a plain contraction of two arrays with two axes: dX = dY·Wᵀ."""

from __future__ import annotations

from collections.abc import Iterable

from backproof.derivation import JudgedChain
from backproof.terms import Term


def matrix_note(chains: Iterable[JudgedChain]) -> str:
    """Return a sentence with the matrix form of every result that has one, or nothing."""
    forms = [form for chain in chains if chain.steps and (form := matrix_form(chain.target, chain.result))]
    return f"As matrices: {', '.join(f'${form}$' for form in forms)}." if forms else ""


def matrix_form(target: Term, result: Term) -> str:
    """Return ``dx = dy \\cdot W^T`` for ``dx[n, d] = sum[k](dy[n, k]*W[d, k])``, or nothing."""
    total = result
    if total.head != "sum" or len(total.data) != 1 or total.args[0].head != "mul" or len(target.args) != 2:
        return ""
    factors, row, column = total.args[0].args, *(arg.data for arg in target.args)
    if len(factors) != 2 or not all(map(_is_matrix, factors)):
        return ""
    left, right = factors if row in factors[0].axes else factors[::-1]
    bound = total.data[0]
    if set(left.axes) != {row, bound} or set(right.axes) != {bound, column} or row == column:
        return ""
    first = _written(left, is_turned=left.args[0].data == bound)
    second = _written(right, is_turned=right.args[1].data == bound)
    return f"{_name(target)} = {first} \\cdot {second}"


def _is_matrix(factor: Term) -> bool:
    return factor.head == "sym" and len(factor.args) == 2 and all(arg.head == "idx" for arg in factor.args)


def _name(term: Term) -> str:
    stem, _, index = str(term.data).partition("_")
    return f"{stem}_{{{index}}}" if index else stem


def _written(factor: Term, is_turned: bool) -> str:
    return f"{_name(factor)}^T" if is_turned else _name(factor)

"""Local derivatives: one per kind of operation, derived by SymPy once, in the output where that is simpler."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from backproof.calculus.convert import NotConvertible, Translation
from backproof.derivation import Local, Operation
from backproof.errors import NotDerivable
from backproof.graph import with_operands
from backproof.terms import Term, add, as_fraction, substitute, sym

_OUTPUT = sym("output")


@lru_cache(maxsize=4096)
def _input(position: int) -> Term:
    return sym(f"input {position}")


@lru_cache(maxsize=4096)
def _derive(operation: Term, arity: int) -> tuple[tuple[Term, Term], ...]:
    """Return ∂operation/∂input for every input, in the inputs and in the output where no input is left."""
    inputs = tuple(_input(i) for i in range(arity))
    translation = Translation(first=inputs)
    primal = translation.to_sympy(operation)
    output = translation.symbol(_OUTPUT)
    rows = []
    for given in inputs:
        plain = derivative(primal, translation.symbol(given))
        written = translation.from_sympy(plain)
        short = plain.subs(primal, output)
        is_free = bool(plain.free_symbols) and not short.free_symbols - {output}
        rows.append((written, translation.from_sympy(short) if is_free else written))
    return tuple(rows)


def derivative(primal: Any, variable: Any) -> Any:
    """Return SymPy's derivative, with x^n/x written as x^(n - 1)."""
    plain = primal.diff(variable)
    return sp.powsimp(plain) if isinstance(primal, sp.Pow) and not primal.exp.is_number else plain


def local_derivatives(operation: Operation) -> tuple[tuple[Term, Term], ...]:
    """Return for every input ∂output/∂input twice: in the inputs, and in the output where that is simpler."""
    if operation.kind == "copy":
        one = _derive(_input(0), 1)
        return one if operation.term.head == "sym" else ()
    values = operation.inputs
    if operation.kind == "add":  # each of n summands alike: SymPy would walk the whole sum n times
        return _derive(add(_input(0), _input(1)), 2)[:1] * len(values)
    places = [_input(i) if as_fraction(value) is None else value for i, value in enumerate(values)]
    try:
        rows = _derive(with_operands(operation.term, places), len(values))
    except NotConvertible as error:
        raise NotDerivable(f"{operation.output.data} has no derivative: {error}") from error
    names = {_input(i): value for i, value in enumerate(values)} | {_OUTPUT: operation.output}
    return tuple((substitute(plain, names), substitute(short, names)) for plain, short in rows)


def locals_of(operation: Operation) -> tuple[Local, ...]:
    """Return the local derivative of every use of a value by ``operation``, the shortest form each."""
    return tuple(
        Local(operation.output, value, short)
        for value, (_, short) in zip(operation.inputs, local_derivatives(operation), strict=False)
        if value.head == "sym"
    )

"""Elimination: a gradient in terms of the output where several ways lead from the input to it."""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm
from typing import Any, Final

import sympy as sp

#: Points at which a proposed elimination is tried before the kernel judges it.
_TRIALS: Final = (sp.Rational(7, 10), sp.Rational(13, 10), sp.Rational(-3, 10), sp.Rational(-17, 10))
MAX_DEGREE: Final = 6


def eliminate(primal: Any, local: Any, variable: Any, output: Any) -> Iterator[Any]:
    """Yield ``local`` as a function of ``output``, where ``output = primal(variable)``.

    Both must be rational in one exponential of the variable, or in the variable itself; that one is
    eliminated by a linear solution or by a resultant.
    """
    rational = _in_one_generator((primal, local), variable)
    if rational is None:
        return
    (primal_t, local_t), generator = rational
    if generator not in local_t.free_symbols:
        yield local_t
        return
    relation = sp.numer(sp.together(primal_t - output))
    degree = sp.degree(relation, generator)
    if not 1 <= degree <= MAX_DEGREE:
        return
    proposals = (
        _by_solution(relation, local_t, generator) if degree == 1 else _by_resultant(relation, local_t, generator)
    )
    for proposal in proposals:
        if _agrees(proposal, primal, local, variable, output):
            yield proposal


def _in_one_generator(parts: tuple[Any, ...], variable: Any) -> Any:
    """Return the parts as rational functions of one generator, and the generator."""
    plain = [part.rewrite(sp.exp) if part.has(sp.tanh, sp.sinh, sp.cosh) else part for part in parts]
    exponents = {e.exp for part in plain for e in part.atoms(sp.exp) if e.has(variable)}
    if not exponents:
        return (plain, variable) if _is_rational(plain, variable) else None
    base = min(exponents, key=sp.default_sort_key)
    ratios = {e: sp.cancel(e / base) for e in exponents}
    if any(not ratio.is_Rational for ratio in ratios.values()):
        return None
    if any(abs(ratio.p) > MAX_DEGREE or ratio.q > MAX_DEGREE for ratio in ratios.values()):
        return None
    unit = sp.Rational(1, lcm(*(int(ratio.q) for ratio in ratios.values())))
    generator = sp.Dummy("t", positive=True)
    swap = {sp.exp(e): generator ** (ratio / unit) for e, ratio in ratios.items()}
    swapped = [part.xreplace(swap) for part in plain]
    if any(part.has(variable) for part in swapped) or not _is_rational(swapped, generator):
        return None
    return swapped, generator


def _is_rational(parts: list[Any], generator: Any) -> bool:
    return all(part.is_rational_function(generator) for part in parts)


def _by_solution(relation: Any, local: Any, generator: Any) -> Iterator[Any]:
    slope, constant = sp.Poly(relation, generator).all_coeffs()
    yield sp.cancel(local.subs(generator, -constant / slope))


def _by_resultant(relation: Any, local: Any, generator: Any) -> Iterator[Any]:
    target = sp.Dummy("g")
    top, bottom = sp.fraction(sp.together(local))
    resultant = sp.resultant(relation, sp.expand(target * bottom - top), generator)
    for factor, _ in sp.factor_list(resultant)[1]:
        if sp.degree(factor, target) == 1:
            slope, constant = sp.Poly(factor, target).all_coeffs()
            yield sp.cancel(-constant / slope)


def _agrees(proposal: Any, primal: Any, local: Any, variable: Any, output: Any) -> bool:
    """Say whether a proposal agrees with ``local`` at the trial points of the variable's domain."""
    others = (primal + local).free_symbols - {variable}
    fixed = {other: sp.Rational(3 + 2 * i, 7) for i, other in enumerate(sorted(others, key=str))}
    for point in _TRIALS:
        if (variable.is_positive and point < 0) or (variable.is_negative and point > 0):
            continue
        at = {**fixed, variable: point}
        value = primal.subs(at)
        gap = sp.N(proposal.subs(output, value).subs(fixed) - local.subs(at))
        if not (gap.is_real and abs(gap) < 1e-9):
            return False
    return True

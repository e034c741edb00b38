"""Other ways to write a formula: what SymPy proposes, and which of them a person would keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import sympy as sp

from backproof.calculus.convert import NotConvertible, Translation, complexity, is_negative
from backproof.terms import Term, postorder

#: Formulas with more to read than this are left as they are.
MAX_COMPLEXITY: Final = 400

#: What may be proposed for a gradient, by the cheapest first.
PROPOSALS: Final[tuple[Callable[[Any], Any], ...]] = (
    lambda e: e,
    sp.expand,
    sp.cancel,
    sp.factor,
    sp.together,
    sp.factor_terms,
    lambda e: sp.cancel(sp.expand(e)),
    lambda e: sp.factor(sp.expand(e)),
    lambda e: sp.expand(sp.cancel(e)),
    lambda e: sp.powsimp(sp.expand(e)),
)


def shorter_forms(term: Term, upstream: Term, translation: Translation) -> list[Term]:
    """Return other forms of a gradient that are shorter to read, the shortest first."""
    size = complexity(term)
    if size > MAX_COMPLEXITY:
        return []
    front = translation.symbol(upstream)
    plain = translation.to_sympy(term)
    local = plain.subs(front, 1)
    found: dict[Term, int] = {}
    for proposal in _proposals(local):
        try:
            form = translation.from_sympy(upright(sp.Mul(front, proposal)))
        except NotConvertible:
            continue
        cost = complexity(form)
        if cost < size or (cost == size and form is not term):
            found.setdefault(form, cost)
    return sorted((form for form in found if form is not term), key=found.__getitem__)


def _proposals(local: Any) -> Iterator[Any]:
    for propose in PROPOSALS:
        try:
            yield propose(local)
        except (sp.PolynomialError, NotImplementedError, AttributeError):
            continue


def upright(product: Any) -> Any:
    """Return a product with conjugate factors multiplied out and signs where a person puts them.

    ``-(y - 1)*(y + 1)`` becomes ``1 - y**2``, ``-y*(y - 1)`` becomes ``y*(1 - y)``.
    """
    factors = _multiply_conjugates(list(sp.Mul.make_args(product)))
    sign = 1
    flipped = []
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Integer and all(map(is_negative, base.args)):
            sign *= -1 if exponent % 2 else 1
            factor = sp.Pow(_negated(base), exponent)
        flipped.append(factor)
    return _spend_sign(sp.Mul(sign, *flipped))


def _negated(total: Any) -> Any:
    return sp.Add(*(-part for part in total.args))


def _spend_sign(product: Any) -> Any:
    """Use a leading minus sign up by turning a difference around."""
    factors = list(sp.Mul.make_args(product))
    if not is_negative(product):
        return product
    for place, factor in enumerate(factors):
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Integer and exponent % 2 and any(map(is_negative, base.args)):
            factors[place] = sp.Pow(_negated(base), exponent)
            return sp.Mul(-1, *factors)
    return product


def _multiply_conjugates(factors: list[Any]) -> list[Any]:
    for i, left in enumerate(factors):
        for j in range(i + 1, len(factors)):
            merged = _difference_of_squares(left, factors[j])
            if merged is not None:
                rest = [f for k, f in enumerate(factors) if k not in (i, j)]
                return _multiply_conjugates([*rest, merged])
    return factors


def _difference_of_squares(left: Any, right: Any) -> Any:
    (a, p), (b, q) = left.as_base_exp(), right.as_base_exp()
    if p != q or not (a.is_Add and b.is_Add) or len(a.args) != 2 or len(b.args) != 2:
        return None
    merged = sp.expand(a * b)
    return sp.Pow(merged, p) if merged.is_Add and len(merged.args) == 2 else None


def name_of(before: Term, after: Term) -> str:
    """Return the name of the rule that a reader sees at work between two forms of one gradient."""
    if _count(after, "div") < _count(before, "div"):
        return "cancel"
    if _count(after, "add") < _count(before, "add") or _is_sum(before) > _is_sum(after):
        return "factor"
    if _is_sum(after) > _is_sum(before):
        return "expand"
    return "collect"


def _count(root: Term, head: str) -> int:
    uses = {term: 0 for term in postorder(root)}
    uses[root] = 1
    for term in reversed(list(postorder(root))):
        for arg in term.args:
            uses[arg] += uses[term]
    return sum(uses[term] for term in uses if term.head == head)


def _is_sum(term: Term) -> bool:
    return term.head == "add"

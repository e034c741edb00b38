"""Other ways to write a formula: what SymPy proposes, and which of them a person would keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import comb, prod
from typing import Any, Final

import sympy as sp

from backproof.calculus.convert import NotConvertible, Translation, complexity, is_negative
from backproof.terms import Term, postorder

#: Formulas with more to read than this are left as they are.
MAX_COMPLEXITY: Final = 400
#: Formulas that have more terms than this when they are multiplied out are not.
MAX_EXPANDED: Final = 300
#: Nor are powers beyond this, of a sum or of an exponential.
MAX_DEGREE: Final = 20


def _by_factors(expr: Any) -> Any:
    """Shorten every term of a sum by itself, and in it the factors in the same names by themselves."""
    return sp.Add(*map(_shorten_factors, sp.Add.make_args(expr)))


def _shorten_factors(product: Any) -> Any:
    groups: dict[Any, Any] = {}
    for factor in sp.Mul.make_args(product):
        key = frozenset(factor.free_symbols)
        groups[key] = groups.get(key, sp.S.One) * factor
    shortened = []
    for group in groups.values():
        forms = (upright(sp.factor(group)), sp.expand(group), sp.cancel(group))
        shortened.append(min(forms, key=sp.count_ops))
    return sp.Mul(*shortened)


def _by_groups(expr: Any) -> Any:
    """Gather the terms of a sum that share their composed factors: a*(1 - t) + b*(1 - t)."""
    groups: dict[Any, Any] = {}
    for term in sp.Add.make_args(expr):
        composed = [f for f in sp.Mul.make_args(term) if not f.as_base_exp()[0].is_Atom]
        key = sp.Mul(*composed)
        groups[key] = groups.get(key, sp.S.Zero) + term / key
    return sp.Add(*(key * _pull_common(rest) for key, rest in groups.items()))


def _pull_common(total: Any) -> Any:
    """Return a sum with the powers that all its terms share, and a number if it is in all, in front."""
    terms = [term.as_coeff_Mul() for term in sp.Add.make_args(total)]
    powers = [rest.as_powers_dict() for _, rest in terms]
    shared = set.intersection(*map(set, powers))
    common = sp.Mul(*(base ** min(p[base] for p in powers) for base in shared if _has_order(base, powers)))
    if len({coefficient for coefficient, _ in terms}) == 1:
        common *= terms[0][0]
    inner = sp.Add(*(coefficient * rest / common for coefficient, rest in terms))
    return sp.Mul(common, inner, evaluate=not common.is_Rational)


def _has_order(base: Any, powers: list[Any]) -> bool:
    return all(p[base].is_Rational for p in powers)


#: What may be proposed for a local derivative of any size.
PLAIN: Final[tuple[Callable[[Any], Any], ...]] = (
    lambda e: e,
    lambda e: sp.factor_terms(e, clear=False),
)
#: What may be proposed besides where multiplying out is affordable, the cheapest first.
PROPOSALS: Final[tuple[Callable[[Any], Any], ...]] = (
    *PLAIN,
    sp.expand,
    sp.cancel,
    sp.factor,
    sp.together,
    lambda e: sp.factor(sp.expand(e)),
    lambda e: sp.expand(sp.cancel(e)),
    lambda e: sp.factor_terms(sp.expand(e), clear=False),
    _by_factors,
    lambda e: sp.factor_terms(_by_factors(e), clear=False),
    lambda e: _by_groups(_by_factors(e)),
)
#: What SymPy raises where a method does not apply to a formula.
_INAPPLICABLE: Final = (sp.PolynomialError, NotImplementedError, AttributeError, ValueError)


def shorter_forms(
    term: Term, upstream: Term, translation: Translation, products: Iterable[tuple[Term, Term]] = ()
) -> list[Term]:
    """Return other forms of a gradient that are shorter to read, the shortest first.

    ``products`` are definitions ``(name, product)``; a form may use the name for the product.
    """
    size = complexity(term)
    if size > MAX_COMPLEXITY:
        return []
    front = translation.symbol(upstream)
    try:
        local = _with_moduli(translation.to_sympy(term).subs(front, 1))
        folds = [(translation.to_sympy(body), translation.symbol(name)) for name, body in products]
    except NotConvertible:
        return []
    found: dict[Term, int] = {}
    for proposal in _proposals(local, folds):
        form = written(sp.Mul(front, proposal), translation)
        if form is not None and form is not term:
            found.setdefault(form, complexity(form))
    return sorted(
        (form for form, cost in found.items() if cost < size or (cost == size and _is_split(term))),
        key=lambda form: (found[form], max(len(t.args) for t in postorder(form))),
    )


def _with_moduli(expr: Any) -> Any:
    """Write x*sign(x) as |x|."""
    for sign in expr.atoms(sp.sign):
        expr = expr.subs(sign.args[0] * sign, sp.Abs(sign.args[0]))
    return expr


def written(product: Any, translation: Translation) -> Term | None:
    """Return a product as a person writes it, or None where it is no real formula."""
    try:
        return translation.from_sympy(upright(product))
    except NotConvertible:
        return None


def _is_split(term: Term) -> bool:
    """Say whether the upstream gradient stands in several terms of a sum."""
    return term.head == "add"


def _proposals(local: Any, folds: list[tuple[Any, Any]]) -> Iterator[Any]:
    seen = set()
    for propose in PROPOSALS if is_affordable(local) else PLAIN:
        try:
            proposal = propose(local)
        except _INAPPLICABLE:
            continue
        if proposal in seen:
            continue
        for form in (proposal, *(proposal.subs(body, name) for body, name in folds)):
            if form not in seen:
                seen.add(form)
                yield form


def is_affordable(expr: Any) -> bool:
    """Say whether polynomial methods end soon on ``expr``: few terms, low degrees."""
    degrees = [power.exp for power in expr.atoms(sp.Pow) if power.exp.is_Rational]
    degrees += [e.exp.as_coeff_Mul()[0] for e in expr.atoms(sp.exp)]
    return max(map(abs, degrees), default=0) <= MAX_DEGREE and expanded_size(expr) <= MAX_EXPANDED


def expanded_size(expr: Any) -> int:
    """Return a bound on the number of terms that multiplying ``expr`` out would make."""
    inner = [expanded_size(arg) for arg in expr.args]
    if expr.is_Add:
        return sum(inner)
    if expr.is_Pow and expr.exp.is_Integer:
        return comb(inner[0] + abs(int(expr.exp)) - 1, inner[0] - 1)
    return prod(inner)


def upright(product: Any) -> Any:
    """Return a product with conjugate factors multiplied out and signs where a person puts them.

    ``-(y - 1)*(y + 1)`` becomes ``1 - y**2``, ``-y*(y - 1)`` becomes ``y*(1 - y)``.
    """
    factors = _multiply_conjugates(list(sp.Mul.make_args(product)))
    upside_down = [factor for factor in factors if _is_upside_down(factor)]
    flips = sum(1 for factor in upside_down if _is_odd_sum(factor))
    turned = [_turn(factor) if factor in upside_down else factor for factor in factors]
    coefficient, rest = sp.Mul((-1) ** flips, *turned).as_coeff_Mul()
    if not (coefficient.is_Rational and coefficient < 0):
        return sp.Mul(coefficient, rest)
    return _spend_sign(coefficient, list(sp.Mul.make_args(rest)))


def _is_odd_sum(factor: Any) -> bool:
    base, exponent = factor.as_base_exp()
    return bool(base.is_Add and exponent.is_Integer and exponent % 2)


def _turn(factor: Any) -> Any:
    """Return an even power of a sum, or minus an odd one, with all its signs changed."""
    base, exponent = factor.as_base_exp()
    return sp.Pow(sp.Add(*(-part for part in base.args)), exponent)


def _is_upside_down(factor: Any) -> bool:
    """Say whether a sum begins with a negative number, or has no positive term at all."""
    base, exponent = factor.as_base_exp()
    if not (base.is_Add and exponent.is_Integer):
        return False
    parts = base.args
    return any(part.is_Rational and part < 0 for part in parts) or all(map(is_negative, parts))


def _spend_sign(coefficient: Any, factors: list[Any]) -> Any:
    """Use a leading minus sign up by turning a difference around, one without a number if there is one."""
    places = [i for i, factor in enumerate(factors) if _is_odd_sum(factor) and _has_minus(factor)]
    places.sort(key=lambda i: any(part.is_Rational for part in factors[i].as_base_exp()[0].args))
    if places:
        factors[places[0]] = _turn(factors[places[0]])
        coefficient = -coefficient
    return sp.Mul(coefficient, *factors)


def _has_minus(factor: Any) -> bool:
    return any(map(is_negative, factor.as_base_exp()[0].args))


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
    """Return the name of the rule that a reader sees at work between two forms of one formula."""
    if _count(after, "div") < _count(before, "div"):
        return "cancel"
    gain = _openness(after) - _openness(before)
    return "collect" if gain == 0 else "expand" if gain > 0 else "factor"


def _openness(term: Term) -> int:
    """Return 2 for a sum, 1 for one factor times a sum, 0 for anything else."""
    if term.head == "neg":
        return _openness(term.args[0])
    if term.head == "mul" and len(term.args) == 2 and term.args[1].head == "add":
        return 1
    return 2 if term.head == "add" else 0


def _count(root: Term, head: str) -> int:
    """Return how often ``head`` is written in ``root``."""
    order = list(postorder(root))
    uses = dict.fromkeys(order, 0)
    uses[root] = 1
    for term in reversed(order):
        for arg in term.args:
            uses[arg] += uses[term]
    return sum(count for term, count in uses.items() if term.head == head)

"""Sums over symbolic sizes: linearity, pulling out, contraction of brackets, renaming, shifting.

A sum ends as size(k), as a contraction, or as a generator whose key does not depend on the names of its bound
indices.  Every rule holds for each size of each axis, so a step proved here is proved for every size.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import count, permutations, product
from typing import TYPE_CHECKING, Final

from flint import fmpq

from backproof.kernel.indices import axis_of, for_every, freshen, has_bound, is_bound, ordered, reindex, renumber
from backproof.kernel.ring import Quotient, TooBig
from backproof.terms import (
    ONE,
    Term,
    call,
    idx,
    make,
    mul,
    neg,
    power,
    reduction,
    relation,
    size,
    sub,
)

if TYPE_CHECKING:
    from backproof.kernel.normal import Normal

MAX_BOUND: Final = 7
#: Where the numbers of the outermost bound indices of a generator begin.
FIRST: Final = 900

#: A factor of a summand: its term and its exponent.
Factor = tuple[Term, int]


# Reductions ----------------------------------------------------------------------------------------


def reduce(normal: Normal, term: Term) -> Quotient:
    """Return the normal form of a reduction over named axes."""
    body = term.args[0]
    if term.head == "mean":
        lengths = mul(*(size(axis_of(axis)) for axis in term.data))
        return normal(reduction("sum", term.data, body)) / normal(lengths)
    if term.head == "logsumexp":
        return normal(call("log", reduction("sum", term.data, call("exp", body))))
    if term.head == "reduce_min":
        return -normal(reduction("reduce_max", term.data, neg(body)))
    value = normal(body)
    if term.head == "sum":
        return sum_over(normal, term.data, value)
    return opaque(normal, term.head, term.data, value)


def opaque(normal: Normal, head: str, axes: tuple[str, ...], value: Quotient) -> Quotient:
    """Return a generator for a reduction without algebra of its own; a maximum loses what is constant."""
    shown = canonical(reduction(head, axes, value.term()))
    sign = normal.signs.of(value) or None
    return normal.ring.generator(shown, head, shown, sign=sign, argument=(value,))


def sum_over(normal: Normal, axes: Iterable[str], value: Quotient) -> Quotient:
    """Return the sum of ``value``; its sign is kept where every entry has it."""
    names = tuple(axes)
    picked, total = _picked(normal, names, value)
    for name in names:
        total = _linear(normal, (name,), total, partial(_sum_of_product, normal, name))
    if not picked.is_zero():
        total += _linear(normal, names, picked, partial(_sum_of_picked, normal, names))
    if normal.signs.is_nonnegative(value):
        normal.signs.learn_nonnegative(total)
    return total


def _picked(normal: Normal, names: tuple[str, ...], value: Quotient) -> tuple[Quotient, Quotient]:
    """Return the terms with a bracket that picks a plain index for one of several bound ones, and the others."""
    ring = normal.ring
    numbers = {g.number for g in ring.generators if g.head == "delta" and _pair(g.term, names)}
    zero = ring.context.constant(0)
    if len(names) < 2 or not numbers:
        return ring.quotient(zero), value
    terms = ring.monomials(value.numerator)
    parts = [ring.monomial(m) * fmpq(c.numerator, c.denominator) for m, c in terms if not numbers.isdisjoint(dict(m))]
    picked = sum(parts, zero)
    rest = Quotient(ring, value.numerator - picked, value.denominator)
    return Quotient(ring, picked, value.denominator).lowest(), rest.lowest()


def _pair(delta: Term, names: Collection[str]) -> tuple[str, Term] | None:
    """Return one of the bound indices and the plain index over the same axis that a bracket picks for it."""
    subject = delta.args[0]
    if subject.head != "add" or len(subject.args) != 2:
        return None
    first, second = (part.args[0] if part.head == "neg" else part for part in subject.args)
    is_difference = first is not second and (subject.args[0].head == "neg") != (subject.args[1].head == "neg")
    if not is_difference or first.head != "idx" or second.head != "idx" or axis_of(first.data) != axis_of(second.data):
        return None
    pairs = ((first.data, second), (second.data, first))
    return next(((name, place) for name, place in pairs if name in names), None)


def open_pair(normal: Normal, value: Quotient) -> tuple[str, Term] | None:
    """Return two free indices whose equality decides whether ``value`` is zero; None where there are none."""
    for monomial, _ in normal.ring.monomials(value.numerator):
        for number, _ in monomial:
            term = normal.ring.generators[number].term
            pair = _pair(term, term.axes) if term.head == "delta" and not has_bound(term) else None
            if pair is not None:
                return pair
    return None


def _sum_of_picked(normal: Normal, names: tuple[str, ...], factors: tuple[Factor, ...]) -> Quotient:
    """Return the sum of a product in which brackets pick plain indices, all of them at once."""
    places: dict[str, Term] = {}
    rest = list(factors)
    for factor in factors:
        pair = None
        if factor[0].head == "delta" and factor[1] > 0:
            pair = _pair(reindex(factor[0], places), [name for name in names if name not in places])
        if pair is not None:
            rest.remove(factor)
            name, place = pair
            places = {old: reindex(at, {name: place}) for old, at in places.items()} | {name: place}
    left = [name for name in names if name not in places]
    return sum_over(normal, left, contracted(normal, places, rest))


def _linear(
    normal: Normal, names: tuple[str, ...], value: Quotient, of_product: Callable[[tuple[Factor, ...]], Quotient]
) -> Quotient:
    """Return the sum over bound indices term by term, each a factor without them times what ``of_product`` says."""
    ring = normal.ring
    outside, inside = ring.one, []
    content, below = ring.factors(value.denominator)
    for factor, times in below:
        term = ring.term(factor)
        if any(name in term.axes for name in names):
            inside.append((term, -times))
        else:
            outside *= ring.quotient(factor) ** times
    groups: dict[tuple[Factor, ...], Quotient] = {}
    for monomial, number in ring.monomials(value.numerator):
        parts = [(i, e, ring.generators[i].term) for i, e in monomial]
        free = tuple((i, e) for i, e, term in parts if not any(name in term.axes for name in names))
        bound = tuple((term, e) for _, e, term in parts if any(name in term.axes for name in names))
        part = ring.quotient(ring.monomial(free)) * ring.constant(number)
        key = (*bound, *inside)
        groups[key] = groups[key] + part if key in groups else part
    total = ring.zero
    for factors, coefficient in groups.items():
        if not coefficient.is_zero():
            total += coefficient * of_product(factors)
    return total / (outside * ring.constant(content))


def _sum_of_product(normal: Normal, name: str, factors: tuple[Factor, ...]) -> Quotient:
    if not factors:
        return normal(size(axis_of(name)))
    for i, (term, times) in enumerate(factors):
        if term.head == "delta" and times > 0:
            found = _solve(normal, term.args[0], name)
            rest = factors[:i] + factors[i + 1 :]
            if found is not None and _is_in_range(normal, found, name, rest):
                return contracted(normal, {name: found}, rest)
    return _generators(normal, [name], list(factors))


def contracted(normal: Normal, places: Mapping[str, Term], rest: Iterable[Factor]) -> Quotient:
    """Return the product at the indices that brackets pick; what is known at the bound ones holds there too."""
    for known in list(normal.signs.nonnegative.values()):
        fact = normal.ring.term(known)
        if any(name in fact.axes for name in places):
            normal.signs.learn_nonnegative(normal(reindex(freshen(fact), places)))
    return normal(reindex(freshen(_product(rest)), places))


def _product(factors: Iterable[Factor]) -> Term:
    return mul(*(term if times == 1 else power(term, times) for term, times in factors))


def _solve(normal: Normal, subject: Term, name: str) -> Term | None:
    """Return the index term at which a difference of indices is zero; None where the index has a stride."""
    value = normal(subject)
    generator = normal(idx(name))
    rest = [value - generator, value + generator]
    for sign, other in zip((-1, 1), rest, strict=True):
        solution = other.term()
        if name not in solution.axes:
            return (-other if sign == -1 else other).term()
    return None


def _is_in_range(normal: Normal, found: Term, name: str, rest: tuple[Factor, ...]) -> bool:
    """Say whether the solution runs within the axis, or else the product is zero outside it."""
    if found.head == "idx" and axis_of(found.data) == axis_of(name):
        return True
    return any(_reads(normal, part, name) for factor, times in rest if times > 0 for part in (factor,))


def _reads(normal: Normal, factor: Term, name: str) -> bool:
    """Say whether the factor is an entry whose index over this axis is exactly ``name``: zero outside."""
    if factor.head == "sum":
        parts = factor.args[0].args if factor.args[0].head == "mul" else factor.args
        return any(_reads(normal, part, name) for part in parts)
    if factor.head != "sym":
        return False
    declared = normal.context.shapes.get(factor.data, ())
    return any(arg is idx(name) and axis == axis_of(name) for arg, axis in zip(factor.args, declared, strict=False))


# Generators ----------------------------------------------------------------------------------------


def _generators(normal: Normal, names: list[str], factors: list[Factor]) -> Quotient:
    """Return the product of one generator for each group of factors that share bound indices."""
    names, factors = _flatten(names, factors)
    if len(names) > MAX_BOUND:
        raise TooBig(f"a sum over {len(names)} indices at once")
    for i, (term, times) in enumerate(factors):
        for name in names if term.head == "delta" and times > 0 else ():
            found = _solve(normal, term.args[0], name)
            rest = tuple(factors[:i] + factors[i + 1 :])
            if found is not None and _is_in_range(normal, found, name, rest):
                others = [other for other in names if other != name]
                return sum_over(normal, others, contracted(normal, {name: found}, rest))
    result = normal.ring.one
    while names:
        group, used = {names[0]}, []
        grown = True
        while grown:
            used = [f for f in factors if group & set(f[0].axes)]
            wider = group | {a for f in used for a in f[0].axes if a in names}
            grown, group = wider != group, wider
        inner = [name for name in names if name in group]
        result *= _generator(normal, inner, used)
        names = [name for name in names if name not in group]
        factors = [f for f in factors if f not in used]
    for term, times in factors:
        result *= normal(term) ** times
    return result


def _flatten(names: list[str], factors: list[Factor]) -> tuple[list[str], list[Factor]]:
    """Pull the sums among the factors up into one sum; their indices step aside."""
    flat: list[Factor] = []
    for term, times in factors:
        if term.head != "sum" or times < 0:
            flat.append((term, times))
            continue
        for _ in range(times):
            taken = {*names, *(axis for f, _ in [*flat, *factors] for axis in f.axes)}
            renamed = _renamed(term, taken)
            names = [*names, *renamed.data]
            body = renamed.args[0]
            parts = body.args if body.head == "mul" else (body,)
            flat.extend(_factor(part) for part in parts)
    return names, flat


def _factor(term: Term) -> Factor:
    if term.head == "pow":
        exponent = term.args[1]
        times = -int(exponent.args[0].data) if exponent.head == "neg" else int(exponent.data)
        return term.args[0], times
    return term, 1


def _renamed(term: Term, taken: set[str]) -> Term:
    names: list[str] = []
    for axis in term.data:
        level = 1
        while f"{axis_of(axis)}~{level}" in {*taken, *names, *term.axes}:
            level += 1
        names.append(f"{axis_of(axis)}~{level}")
    moved = {idx(old): idx(f"{old}~{i}") for i, old in enumerate(term.data)}
    body = reindex(term.args[0], {old.data: new for old, new in moved.items()})
    body = reindex(body, {new.data: idx(name) for new, name in zip(moved.values(), names, strict=True)})
    return make(term.head, (body,), tuple(names))


def _generator(normal: Normal, names: list[str], factors: list[Factor]) -> Quotient:
    if not factors:
        return normal(mul(*(size(axis_of(name)) for name in names)))
    shifted = _shifted(normal, names, factors)
    shown = canonical(reduction("sum", names, _product(shifted)))
    known = normal.ring.find(shown)
    if known is not None:
        return known
    assumed = _assumed_total(normal, names, factors)
    if assumed is not None:
        return assumed
    value = normal(_product(factors))
    sign = normal.signs.of(value) or None
    above = sign == 1 or (sign is None and normal.signs.is_nonnegative(value))
    return normal.ring.generator(shown, "sum", shown, sign=sign, is_nonnegative=above, argument=(value,))


def _assumed_total(normal: Normal, names: list[str], factors: list[Factor]) -> Quotient | None:
    """Return 1 for the sum of a one-hot or simplex variable over its axis: an assumption, recorded as one."""
    if len(names) != 1 or len(factors) != 1:
        return None
    term, times = factors[0]
    domain = normal.context.domain(term.data) if term.head == "sym" else None
    if domain is None or not domain.constraint or domain.axis != axis_of(names[0]):
        return None
    if times != 1 and domain.constraint != "onehot":
        return None
    if sum(arg is idx(names[0]) for arg in term.args) != 1:
        return None
    normal.conditions[relation("eq", for_every(reduction("sum", names, term)), ONE)] = None
    return normal.ring.one


def _shifted(normal: Normal, names: list[str], factors: list[Factor]) -> list[Factor]:
    """Return the summand with each bound index moved so that a chosen read has it plain.

    Reads outside an axis are zero, so a sum whose summand reads an entry exactly at the bound index runs over
    all integers, and may be shifted or reflected.
    """
    for name in list(names):
        reads = _unit_reads(normal, name, factors)
        if all(shift is idx(name) for shift, _ in reads):
            continue
        if not any(_reads(normal, factor, name) for factor, times in factors if times > 0):
            continue
        options = [(name, factors)]
        for shift, axis in reads:
            target = f"{axis}~{_top(factors) + 1}"
            moved = [(reindex(t, {name: _subst(normal, shift, name, target)}), e) for t, e in factors]
            options.append((target, [(_tidy(normal, t), e) for t, e in moved]))
        chosen = min(
            options,
            key=lambda option: _order(option[0], [n for n in names if n != name], option[1]),
        )
        if chosen[0] != name:
            names[names.index(name)] = chosen[0]
            factors = chosen[1]
    return factors


def _order(name: str, others: list[str], factors: list[Factor]) -> str:
    return ordered(canonical(reduction("sum", [name, *others], _product(factors))))[1]


def _top(factors: list[Factor]) -> int:
    marks = [axis.split("~")[1] for term, _ in factors for axis in term.axes if is_bound(axis)]
    return max((int(mark) for mark in marks), default=0)


def _unit_reads(normal: Normal, name: str, factors: list[Factor]) -> list[tuple[Term, str]]:
    """Return the index terms, with their axes, at which entries are read with coefficient one of ``name``."""
    found: list[tuple[Term, str]] = []
    for term, _ in factors:
        if term.head != "sym":
            continue
        declared = normal.context.shapes.get(term.data, ())
        for arg, axis in zip(term.args, declared, strict=False):
            if name in arg.axes and _solve(normal, arg, name) is not None:
                found.append((arg, axis))
    return found


def _subst(normal: Normal, shift: Term, name: str, target: str) -> Term:
    """Return the index term for ``name`` when the read index is to be ``target``."""
    solved = _solve(normal, sub(shift, idx(target)), name)
    return idx(target) if solved is None else solved


def _tidy(normal: Normal, term: Term) -> Term:
    if term.head != "sym":
        return term
    return make("sym", tuple(normal(arg).term() for arg in term.args), term.data)


def _unused(names: Sequence[str], taken: Iterable[str]) -> list[str]:
    """Return a name over the same axis for each of ``names``, the first ones that are not taken."""
    used, found = {*taken} - {*names}, list[str]()
    for name in names:
        number = next(i for i in count(FIRST) if f"{axis_of(name)}~{i}" not in used)
        found.append(f"{axis_of(name)}~{number}")
        used.add(found[-1])
    return found


def canonical(term: Term) -> Term:
    """Return a reduction that does not depend on the names of its bound indices or the order of its parts."""
    names = list(term.data)
    body = freshen(term.args[0])
    by_axis: dict[str, list[str]] = {}
    for name in names:
        by_axis.setdefault(axis_of(name), []).append(name)
    axes = sorted(by_axis)
    candidates = []
    for order in product(*(permutations(by_axis[axis]) for axis in axes)):
        flat = [name for group in order for name in group]
        fresh = _unused(flat, body.axes)
        moved = reindex(body, {name: idx(new) for name, new in zip(flat, fresh, strict=True)})
        candidates.append(ordered(make(term.head, (renumber(moved),), tuple(fresh))))
    return min(candidates, key=lambda candidate: candidate[1])[0]

"""Sums of products whose factors are entries, functions and sums over axes: pulled out, merged and collected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import Final

from backproof.indexing import axis_of, fresh, reindex
from backproof.language import to_source
from backproof.terms import (
    ONE,
    REDUCTIONS,
    ZERO,
    Term,
    add,
    as_fraction,
    div,
    idx,
    make,
    mul,
    neg,
    num,
    postorder,
    power,
    reduction,
    size,
)


@dataclass(frozen=True, slots=True)
class Monomial:
    """A number times powers of factors that are no products themselves, in the order in which they were met."""

    number: Fraction = Fraction(1)
    powers: tuple[tuple[Term, int], ...] = ()

    def times(self, other: Monomial) -> Monomial:
        """Return the product."""
        powers = dict(self.powers)
        for factor, times in other.powers:
            powers[factor] = powers.get(factor, 0) + times
        return Monomial(self.number * other.number, tuple((f, n) for f, n in powers.items() if n))

    def to(self, exponent: int) -> Monomial:
        """Return an integer power."""
        return Monomial(self.number**exponent, tuple((f, n * exponent) for f, n in self.powers))


Polynomial = tuple[Monomial, ...]
UNIT: Final = (Monomial(),)


def atom(term: Term, exponent: int = 1) -> Polynomial:
    return (Monomial(Fraction(1), ((term, exponent),)),)


class Expander:
    """Takes terms apart; an ``eager`` one multiplies sums out, else a sum within a product stays a factor."""

    def __init__(self, eager: bool) -> None:
        self.eager = eager

    def __call__(self, root: Term) -> Polynomial:
        """Return ``root`` as a sum of products, equal products merged."""
        done: dict[Term, Polynomial] = {}
        for term in postorder(root):
            done[term] = merged(self._one(term, [done[arg] for arg in term.args]))
        return done[root]

    def _one(self, term: Term, parts: list[Polynomial]) -> Polynomial:
        number = as_fraction(term) if term.head == "num" else None
        if number is not None:
            return (Monomial(number),) if number else ()
        if term.head == "add":
            return tuple(one for part in parts for one in part)
        if term.head == "neg":
            return tuple(Monomial(-one.number, one.powers) for one in parts[0])
        if term.head == "mul":
            return reduce(self._product, parts, UNIT)
        if term.head == "div":
            return self._product(parts[0], self._power(term.args[1], parts[1], -1))
        if term.head == "pow":
            return self._raised(term, parts)
        if term.head in ("sum", "mean"):
            total = tuple(m for one in parts[0] for m in summed(one, term.data))
            return total if term.head == "sum" else tuple(one.times(_lengths(term.data, -1)) for one in total)
        return atom(term)

    def _product(self, left: Polynomial, right: Polynomial) -> Polynomial:
        if len(left) == 1 and not left[0].powers:
            return tuple(left[0].times(b) for b in right)
        if not self.eager:
            left, right = (part if len(part) < 2 else self._held(part) for part in (left, right))
        return tuple(a.times(b) for a in left for b in right)

    def _held(self, part: Polynomial) -> Polynomial:
        """Return a sum as one factor, but for what all its terms share."""
        shared, rest = split_common(part)
        return (shared.times(atom(_sum(rest))[0]),)

    def _raised(self, term: Term, parts: list[Polynomial]) -> Polynomial:
        exponent = as_fraction(term.args[1])
        if exponent is None or exponent.denominator != 1:
            return atom(term)
        return self._power(term.args[0], parts[0], int(exponent))

    def _power(self, base: Term, part: Polynomial, exponent: int) -> Polynomial:
        if len(part) == 1:
            return (part[0].to(exponent),)
        return atom(base, exponent) if part else atom(ZERO, exponent)


def merged(part: Iterable[Monomial]) -> Polynomial:
    """Return the sum with equal products added up."""
    total: dict[frozenset[tuple[Term, int]], Monomial] = {}
    for one in part:
        key = frozenset(one.powers)
        known = total.get(key)
        total[key] = one if known is None else Monomial(known.number + one.number, known.powers)
    return tuple(one for one in total.values() if one.number)


# ------------------------------------------------------------------ sums over axes


def _lengths(axes: Iterable[str], exponent: int) -> Monomial:
    return Monomial(Fraction(1), tuple((size(axis_of(axis)), exponent) for axis in axes))


def summed(one: Monomial, axes: Sequence[str]) -> Polynomial:
    """Return the sum of a product over axes: what does not depend on them stands in front."""
    free = tuple((f, n) for f, n in one.powers if not set(f.axes) & set(axes))
    bound = [(f, n) for f, n in one.powers if set(f.axes) & set(axes)]
    result = Monomial(one.number, free)
    rest = list(axes)
    while rest:
        group, inner = _connected(rest[0], bound, axes)
        part = _sum_of(inner, [axis for axis in rest if axis in group]) if inner else _lengths(rest[:1], 1)
        result = result.times(part)
        rest = [axis for axis in rest if axis not in group]
    return (result,)


def _connected(
    axis: str, factors: list[tuple[Term, int]], axes: Sequence[str]
) -> tuple[set[str], list[tuple[Term, int]]]:
    """Return the axes tied to ``axis`` by factors in common, and those factors."""
    group = {axis}
    while True:
        inner = [pair for pair in factors if group & set(pair[0].axes)]
        wider = group | {a for f, _ in inner for a in f.axes if a in axes}
        if wider == group:
            return group, inner
        group = wider


def _sum_of(factors: list[tuple[Term, int]], axes: list[str]) -> Monomial:
    if len(factors) == 1 and factors[0][0].head == "sum" and factors[0][1] == 1:
        inner = factors[0][0]
        names = fresh(inner.data, {*inner.args[0].axes, *axes} - set(inner.data))
        moved = reindex(inner.args[0], dict(zip(inner.data, map(idx, names), strict=True)))
        return Monomial(powers=((_canonical([*axes, *names], moved), 1),))
    ordered = sorted(factors, key=lambda pair: _order(pair[0]))
    return Monomial(powers=((_canonical(axes, _joined(ordered)), 1),))


def _order(factor: Term) -> tuple[int, str]:
    """Gradients first, then entries, then the rest."""
    is_gradient = factor.head == "sym" and factor.data[0] == "d"
    return (0 if is_gradient else 1 if factor.head == "sym" else 2), to_source(factor)


def _canonical(axes: Sequence[str], body: Term) -> Term:
    """Return the sum under bound indices with as few primes as tell them from the free ones."""
    inner = {name for part in postorder(body) if part.head in REDUCTIONS for name in part.data}
    names = fresh(axes, {*body.axes, *inner} - set(axes))
    return reduction("sum", names, reindex(body, dict(zip(axes, map(idx, names), strict=True))))


# ------------------------------------------------------------------ back to terms


def split_common(part: Polynomial) -> tuple[Monomial, Polynomial]:
    """Return what all products share, and what remains of each."""
    first = dict(part[0].powers)
    for one in part[1:]:
        powers = dict(one.powers)
        for factor in list(first):
            other = powers.get(factor, 0)
            if other * first[factor] <= 0:
                del first[factor]
            else:
                first[factor] = min(first[factor], other, key=abs)
    shared = Monomial(_content(part), tuple(first.items()))
    return shared, tuple(one.times(shared.to(-1)) for one in part)


def _content(part: Polynomial) -> Fraction:
    """Return the number in front: with it the others are integers, at least one of them positive."""
    top = reduce(gcd, (abs(one.number.numerator) for one in part))
    bottom = reduce(lcm, (one.number.denominator for one in part))
    return Fraction(top, bottom) * (-1 if all(one.number < 0 for one in part) else 1)


def collected(part: Polynomial) -> Term:
    """Return the sum as a person writes it: what all terms share in front, no leading minus sign if possible."""
    if not part:
        return ZERO
    if len(part) == 1:
        return written(part[0])
    shared, rest = split_common(part)
    total = _sum(rest)
    if not shared.powers and abs(shared.number) == 1:
        return _sum(part)
    return _times(shared, total)


def _sum(part: Polynomial) -> Term:
    return add(*(written(one) for one in sorted(part, key=lambda one: one.number < 0)))


def _times(shared: Monomial, total: Term) -> Term:
    """Return ``shared*total``: a quotient in front, but ``dL*(y - t)/n`` behind upstream gradients alone."""
    above = [f for f, n in shared.powers if n > 0]
    alone = all(_order(f)[0] == 0 for f in above)
    if alone:
        over = Monomial(abs(shared.number), tuple((f, n) for f, n in shared.powers if n < 0))
        front = [*(power_of(f, n) for f, n in shared.powers if n > 0)]
        made = mul(*front, _over(total, over))
    else:
        made = mul(written(Monomial(abs(shared.number), shared.powers)), total)
    return neg(_flat(made)) if shared.number < 0 else _flat(made)


def _over(total: Term, one: Monomial) -> Term:
    below = _below(one)
    made = div(total, below) if below is not ONE else total
    return make("mul", (num(one.number.numerator), made)) if one.number.numerator != 1 else made


def _flat(term: Term) -> Term:
    parts = [inner for part in term.args for inner in (part.args if part.head == "mul" else (part,))]
    return mul(*parts) if term.head == "mul" else term


def power_of(factor: Term, exponent: int) -> Term:
    return factor if exponent == 1 else power(factor, exponent)


def _below(one: Monomial) -> Term:
    numbers = [num(one.number.denominator)] if one.number.denominator != 1 else []
    return mul(*numbers, *(power_of(f, -n) for f, n in one.powers if n < 0))


def _joined(powers: Iterable[tuple[Term, int]]) -> Term:
    return written(Monomial(Fraction(1), tuple(powers)))


def _rank(factor: Term) -> int:
    """Plain factors stand before sums, and these before sums over axes."""
    return 2 if factor.head in REDUCTIONS else int(factor.head == "add")


def written(one: Monomial) -> Term:
    """Return the product as it is written, a sum over its number of terms as a mean."""
    one = _with_means(one)
    above = [power_of(f, n) for f, n in sorted(one.powers, key=lambda p: _rank(p[0])) if n > 0]
    number = abs(one.number.numerator)
    if number != 1 or not above:
        above.insert(0, num(number))
    below = _below(one)
    if below is not ONE:
        entries = [i for i, factor in enumerate(above) if not _rank(factor)]
        place = max(entries, default=len(above) - 1)
        above[place] = div(above[place], below)
    return mul(*above) if one.number > 0 else neg(mul(*above))


def _with_means(one: Monomial) -> Monomial:
    powers = dict(one.powers)
    for factor in [f for f, n in one.powers if f.head == "sum" and n == 1]:
        lengths = [size(axis_of(axis)) for axis in factor.data]
        if len(set(lengths)) == len(lengths) and all(powers.get(length, 0) < 0 for length in lengths):
            del powers[factor]
            powers[make("mean", factor.args, factor.data)] = 1
            for length in lengths:
                powers[length] += 1
    return Monomial(one.number, tuple((f, n) for f, n in powers.items() if n))

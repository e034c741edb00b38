"""The index rule: upstream times the slope of a line's body times a bracket for every index of an entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from backproof.calculus.entrywise import slope_of
from backproof.errors import NotDerivable
from backproof.indexing import axis_of, fresh, reindex
from backproof.language.document import Line
from backproof.terms import (
    ONE,
    REDUCTIONS,
    TWO,
    ZERO,
    Term,
    add,
    as_fraction,
    call,
    div,
    idx,
    make,
    mul,
    neg,
    num,
    postorder,
    power,
    reduction,
    relation,
    size,
    sub,
    sym,
    where,
)

Shapes = Mapping[str, tuple[str, ...]]
#: The index at which an entry is read, and the index at which its gradient is asked for.
Pair = tuple[Term, Term]


@dataclass(frozen=True, slots=True)
class Use:
    """One entry that a line reads, the slope of the line's body in it, and the indices that run over both."""

    line: Line
    entry: Term
    slope: Term
    bound: tuple[str, ...]


# ------------------------------------------------------------------ slopes


def _larger(term: Term, place: int, head: str) -> Term:
    """Return the bracket of ``max`` or ``min``: 1 where the argument at ``place`` is the one chosen."""
    chosen = term.args[place]
    others = (arg for i, arg in enumerate(term.args) if i != place)
    return mul(*(make("bracket", (relation(head, chosen, other),)) for other in others))


_OPPOSITE: Final = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


def _taken(condition: Term, side: int) -> Term:
    """Return 1 where a choice takes this side (1: the condition holds, 2: it does not)."""
    if condition.head not in _OPPOSITE:
        return where(condition, *((ONE, ZERO) if side == 1 else (ZERO, ONE)))
    head = condition.head if side == 1 else _OPPOSITE[condition.head]
    return make("bracket", (relation(head, *condition.args),))


def _power_slope(term: Term, place: int, own: Term) -> Term:
    base, exponent = term.args
    if place == 1:
        return mul(own, call("log", base))
    number = as_fraction(exponent)
    if number is None:
        return mul(exponent, power(base, sub(exponent, ONE)))
    rest = base if number == 2 else power(base, num(number - 1))
    return mul(exponent, rest)


#: The slope of one operation in its argument at ``place``; ``own`` is the value of the operation.
SLOPES: Final[dict[str, Callable[[Term, int, Term], Term]]] = {
    "add": lambda t, i, own: ONE,
    "neg": lambda t, i, own: neg(ONE),
    "mul": lambda t, i, own: mul(*(arg for j, arg in enumerate(t.args) if j != i)),
    "div": lambda t, i, own: div(ONE, t.args[1]) if i == 0 else neg(div(own, t.args[1])),
    "pow": _power_slope,
    "exp": lambda t, i, own: own,
    "log": lambda t, i, own: div(ONE, t.args[0]),
    "sqrt": lambda t, i, own: div(ONE, mul(TWO, own)),
    "abs": lambda t, i, own: call("sign", t.args[0]),
    "sign": lambda t, i, own: ZERO,
    "max": lambda t, i, own: _larger(t, i, "gt"),
    "min": lambda t, i, own: _larger(t, i, "lt"),
    "sin": lambda t, i, own: call("cos", t.args[0]),
    "cos": lambda t, i, own: neg(call("sin", t.args[0])),
    "tan": lambda t, i, own: add(ONE, power(own, 2)),
    "atan": lambda t, i, own: div(ONE, add(ONE, power(t.args[0], 2))),
    "sinh": lambda t, i, own: call("cosh", t.args[0]),
    "cosh": lambda t, i, own: call("sinh", t.args[0]),
    "tanh": lambda t, i, own: sub(ONE, power(own, 2)),
    "erf": lambda t, i, own: mul(div(TWO, call("sqrt", sym("pi"))), call("exp", neg(power(t.args[0], 2)))),
    "where": lambda t, i, own: _taken(t.args[0], i) if i else ZERO,
    "sum": lambda t, i, own: ONE,
    "mean": lambda t, i, own: div(ONE, mul(*(size(axis_of(axis)) for axis in t.data))),
    "logsumexp": lambda t, i, own: call("exp", sub(t.args[0], own)),
    "reduce_max": lambda t, i, own: make("bracket", (relation("eq", t.args[0], own),)),
    "reduce_min": lambda t, i, own: make("bracket", (relation("eq", t.args[0], own),)),
    "prod": lambda t, i, own: div(own, t.args[0]),
}
#: Heads below which nothing is differentiated.
_FLAT: Final = frozenset({"bracket", "size", "idx", "num"})


def uses(line: Line, active: Collection[str]) -> tuple[Use, ...]:
    """Return every entry of an active name that the line reads, equal ones with their slopes added."""
    body = _apart(line.term, line.axes)
    found: dict[tuple[Term, tuple[str, ...]], list[Term]] = {}
    for entry, factors, bound in _entries(body, sym(line.name, *map(idx, line.axes)), active):
        found.setdefault((entry, bound), []).append(joined(factors))
    return tuple(Use(line, entry, add(*slopes), bound) for (entry, bound), slopes in found.items())


def joined(factors: tuple[Term, ...]) -> Term:
    """Return the product without ones, its sign in front."""
    kept: list[Term] = []
    sign = 1
    for factor in factors:
        if factor.head == "neg":
            sign, factor = -sign, factor.args[0]
        for part in factor.args if factor.head == "mul" else (factor,):
            _put(kept, part)
    kept.sort(key=lambda part: part.head != "num")
    return mul(*kept) if sign == 1 else neg(mul(*kept))


def _put(kept: list[Term], factor: Term) -> None:
    """Add a factor to a product; ``1/b`` goes below the factor before it."""
    if factor is ONE:
        return
    if not kept or factor.head != "div" or factor.args[0] is not ONE:
        kept.append(factor)
        return
    last, below = kept.pop(), factor.args[1]
    if last.head == "div":
        last, below = last.args[0], mul(last.args[1], below)
    kept.append(div(last, below))


def _apart(root: Term, axes: tuple[str, ...]) -> Term:
    """Return ``root`` with every bound index different from the line's own and from those around it."""

    def visit(term: Term, taken: frozenset[str]) -> Term:
        if not any(part.head in REDUCTIONS for part in postorder(term)):
            return term
        if term.head not in REDUCTIONS:
            return make(term.head, (visit(arg, taken) for arg in term.args), term.data)
        names = fresh(term.data, taken) if set(term.data) & taken else term.data
        body = reindex(term.args[0], dict(zip(term.data, map(idx, names), strict=True)))
        return make(term.head, (visit(body, taken | set(names)),), tuple(names))

    return visit(root, frozenset(axes))


_Found = tuple[Term, tuple[Term, ...], tuple[str, ...]]


def _entries(root: Term, whole: Term, active: Collection[str]) -> Iterator[_Found]:
    """Yield every reading of an active entry with the factors of its slope and the indices bound around it."""
    stack: list[_Found] = [(root, (), ())]
    while stack:
        term, factors, bound = stack.pop()
        own = whole if term is root else term
        if term.head in _FLAT or not _reads(term, active):
            continue
        if term.head == "sym":
            yield term, factors, bound
            continue
        short = slope_of(term, own)
        if short is not None:
            entry, slope = short
            yield entry, (*factors, slope), bound
            continue
        if term.head not in SLOPES:
            raise NotDerivable(f"no rule differentiates {term.head}")
        inner = (*bound, *term.data) if term.head in REDUCTIONS else bound
        below = [
            (arg, (*factors, slope), inner)
            for place, arg in enumerate(term.args)
            if (slope := SLOPES[term.head](term, place, own)) is not ZERO
        ]
        stack.extend(reversed(below))


def _reads(term: Term, active: Collection[str]) -> bool:
    return any(part.head == "sym" and part.data in active for part in postorder(term))


# ------------------------------------------------------------------ brackets


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one use adds to a gradient: with every bracket, and with those resolved that can be."""

    bracketed: Term
    contracted: Term


def contribution(use: Use, axes: tuple[str, ...], upstream: Term, shapes: Shapes) -> Contribution:
    """Return what ``use`` adds to the gradient of its entry at the indices ``axes``.

    ``upstream`` is the gradient of the line at the line's plain indices.
    """
    own = use.line.axes + use.bound
    names = fresh(own, axes)
    places = dict(zip(own, map(idx, names), strict=True))
    read = reindex(use.entry, places)
    pairs = list(zip(read.args, map(idx, axes), strict=True))
    line = names[: len(use.line.axes)]
    body = joined((reindex(upstream, places), reindex(use.slope, places)))
    first = [pair for pair in pairs if pair[0].head == "idx" and pair[0].data in line]
    rest = [pair for pair in pairs if pair not in first]
    opened = _contract(list(names), body, first, shapes, tuple(rest))
    return Contribution(opened, _contract(list(names), body, first + rest, shapes))


def _summed(names: Collection[str], factors: list[Term]) -> Term:
    body = joined(tuple(factors))
    if not names:
        return body
    if body.head == "neg":
        return neg(reduction("sum", names, body.args[0]))
    return reduction("sum", names, body)


def _contract(names: list[str], body: Term, pairs: list[Pair], shapes: Shapes, rest: tuple[Pair, ...] = ()) -> Term:
    """Return the sum with every bracket of ``pairs`` resolved that an index of the sum solves."""
    pending, kept = _plain_first(pairs), [_bracket(pair) for pair in rest]
    while pending:
        left, right = pending.pop(0)
        found = next((s for name in names if (s := _solution(name, left, right, body, shapes))), None)
        if found is None:
            kept.append(_bracket((left, right)))
            continue
        name, place = found
        names.remove(name)
        body = reindex(body, {name: place})
        pending = [(reindex(a, {name: place}), b) for a, b in pending]
        kept = [reindex(bracket, {name: place}) for bracket in kept]
    return _summed(names, [body, *kept])


def _bracket(pair: Pair) -> Term:
    return make("bracket", (relation("eq", *pair),))


def _plain_first(pairs: list[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: pair[0].head != "idx")


def _solution(name: str, left: Term, right: Term, body: Term, shapes: Shapes) -> tuple[str, Term] | None:
    """Return the index term for ``name`` at which ``left = right``, if every term of the sum is covered by it."""
    if left.head == "idx":
        return (name, right) if left.data == name else None
    parts = left.args if left.head == "add" else (left,)
    signs = [_sign_of(name, part) for part in parts]
    if sum(map(abs, signs)) != 1 or any(name in p.axes for p, s in zip(parts, signs, strict=True) if not s):
        return None
    if not _vanishes_outside(name, body, shapes):
        return None
    sign = sum(signs)
    rest = [part for part, s in zip(parts, signs, strict=True) if not s]
    moved = [part.args[0] if part.head == "neg" else neg(part) for part in rest]
    if sign > 0:
        return name, _sum(right, *moved)
    return name, _sum(*rest, neg(right))


def _sum(*parts: Term) -> Term:
    """Return an index sum in a readable order: what is added before what is subtracted."""
    flat = [inner for part in parts for inner in (part.args if part.head == "add" else (part,))]
    return add(*sorted(flat, key=lambda part: part.head == "neg"))


def _sign_of(name: str, part: Term) -> int:
    if part.head == "neg":
        return -1 if part.args[0] is idx(name) else 0
    return 1 if part is idx(name) else 0


def _vanishes_outside(name: str, body: Term, shapes: Shapes) -> bool:
    """Say whether a factor is an entry at exactly this index: zero outside the axis."""
    factors = body.args[0] if body.head == "neg" else body
    for factor in factors.args if factors.head == "mul" else (factors,):
        if factor.head == "sym":
            for arg, axis in zip(factor.args, shapes.get(factor.data, ()), strict=False):
                if arg is idx(name) and axis_of(axis) == axis_of(name):
                    return True
    return False

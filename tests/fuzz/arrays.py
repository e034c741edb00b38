"""Steps about sums, rewritten by rules of which many are false; judged with the refuter off and evaluated.

``python -m tests.fuzz.arrays --count 2000 --seed 1`` prints every step that was accepted and is false.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random

from backproof.domains import NAMED, Context
from backproof.indexing import axis_of, fresh, reindex
from backproof.kernel import Kind, judge
from backproof.language import to_source
from backproof.terms import (
    REDUCTIONS,
    Term,
    add,
    call,
    div,
    idx,
    make,
    mul,
    neg,
    num,
    power,
    rebuild,
    reduction,
    size,
    sym,
)

SHAPES = {"a": ("n",), "b": ("n",), "e": ("n",), "M": ("n", "k"), "w": ("k",)}
POSITIVE = ("e", "p", "q")
SCALARS = ("p", "q", "r")
CONTEXT = Context({}, {name: NAMED["positive"] for name in POSITIVE}, SHAPES)
NUMBERS = tuple(Fraction(text) for text in ("2", "3", "10", "1/2", "0.1", "5/2", "7"))


# ------------------------------------------------------------------ random terms


def entry(random: Random, scope: tuple[str, ...]) -> Term:
    """Return a variable, with indices that run in ``scope``."""
    known = [name for name, axes in SHAPES.items() if all(any(axis_of(i) == a for i in scope) for a in axes)]
    name = random.choice([*known, *known, *SCALARS])
    return sym(name, *(idx(random.choice([i for i in scope if axis_of(i) == a])) for a in SHAPES.get(name, ())))


def positive(random: Random, scope: tuple[str, ...]) -> Term:
    """Return a term that is above zero."""
    first = sym("e", idx("n")) if "n" in scope and random.random() < 0.4 else sym(random.choice(("p", "q")))
    scaled = mul(num(random.choice(NUMBERS)), first)
    return random.choice([first, add(scaled, num(random.choice(NUMBERS))), call("exp", entry(random, scope))])


def written(random: Random, scope: tuple[str, ...], depth: int) -> Term:
    """Return a random term whose free indices are in ``scope``."""
    if depth == 0:
        return random.choice([entry(random, scope), entry(random, scope), num(random.choice(NUMBERS))])
    kind = random.choice(("sum", "sum", "mean", "add", "mul", "mul", "div", "neg", "square", "root", "exp"))
    if kind in ("sum", "mean"):
        (index,) = fresh((random.choice("nk"),), scope)
        return reduction(kind, (index,), written(random, (*scope, index), depth - 1))
    inner = written(random, scope, depth - 1)
    if kind in ("add", "mul"):
        return make(kind, (inner, written(random, scope, depth - 1)))
    if kind == "div":
        return div(inner, positive(random, scope))
    if kind == "root":
        return mul(inner, call("sqrt", positive(random, scope)))
    return {"neg": neg, "square": lambda u: power(u, 2), "exp": lambda u: mul(u, call("exp", entry(random, scope)))}[
        kind
    ](inner)


# ------------------------------------------------------------------ rules, true and false


def rewritten(term: Term, random: Random) -> Iterator[Term]:
    """Yield what a term may be taken for, rightly or wrongly."""
    if term.head in ("sum", "mean"):
        yield from _reduced(term, random)
    if term.head == "div":
        top, bottom = term.args
        number = num(random.choice(NUMBERS))
        yield div(div(top, number), div(bottom, number))
        yield div(top, mul(bottom, number))
        yield mul(top, div(num(1), bottom))
        if top.head == "add":
            yield add(*(div(part, bottom) for part in top.args))
            yield add(div(top.args[0], bottom), *top.args[1:])
    if term.head == "mul":
        yield mul(*reversed(term.args))
        yield mul(*term.args[1:])
    if term.head == "sqrt" and term.args[0].head == "add":
        yield add(*(call("sqrt", part) for part in term.args[0].args))
        number = num(random.choice(NUMBERS))
        yield mul(call("sqrt", number), call("sqrt", div(term.args[0], number)))
    if term.head == "pow":
        yield mul(term.args[0], term.args[0])
        if term.args[0].head == "add":
            yield add(*(power(part, 2) for part in term.args[0].args))
    if term.head == "num":
        yield num(random.choice(NUMBERS))
        yield add(num(term.data / 2), num(term.data / 2))


def _reduced(term: Term, random: Random) -> Iterator[Term]:
    (index,), (body,) = term.data, term.args
    length = size(axis_of(index))
    yield make("mean" if term.head == "sum" else "sum", (body,), term.data)
    yield div(reduction("sum", (index,), body), length)
    yield mul(reduction("mean", (index,), body), length)
    (other,) = fresh((index,), {*body.axes, index})
    yield make(term.head, (reindex(body, {index: idx(other)}),), (other,))
    if index not in body.axes:
        yield body
        yield mul(body, length)
    if body.head == "add":
        yield add(*(make(term.head, (part,), term.data) for part in body.args))
    if body.head in ("mul", "div"):
        out, kept = random.choice([(body.args[0], body.args[1:]), (body.args[-1], body.args[:-1])])
        rest = kept[0] if len(kept) == 1 else mul(*kept)
        plain = make(term.head, (rest,), term.data)
        yield mul(out, plain) if body.head == "mul" else div(make(term.head, (body.args[0],), term.data), body.args[1])
        yield mul(make(term.head, (out,), term.data), plain)
    if body.head in ("sum", "mean") and term.head == body.head:
        yield make(body.head, (make(term.head, body.args, term.data),), body.data)
    if body.head == "pow":
        yield power(make(term.head, (body.args[0],), term.data), 2)


def changed(root: Term, random: Random) -> Iterator[Term]:
    """Yield ``root`` with one place rewritten."""
    yield from rewritten(root, random)
    for place, arg in enumerate(root.args if root.head != "sym" else ()):
        for new in changed(arg, random):
            yield rebuild(root, (*root.args[:place], new, *root.args[place + 1 :]))


# ------------------------------------------------------------------ evaluation


@dataclass(frozen=True)
class Point:
    """Sizes, and a number for every entry."""

    sizes: Mapping[str, int]
    values: Mapping[tuple[str, tuple[int, ...]], float]


def point(random: Random) -> Point:
    sizes = {"n": random.randint(1, 3), "k": random.randint(1, 3)}
    values = {}
    for name in (*SHAPES, *SCALARS):
        for at in product(*(range(sizes[axis]) for axis in SHAPES.get(name, ()))):
            values[name, at] = random.uniform(0.2, 1.8) * (1 if name in POSITIVE else random.choice((1, -1)))
    return Point(sizes, values)


ARITHMETIC: dict[str, Callable[..., float]] = {
    "add": lambda *u: math.fsum(u), "mul": lambda *u: math.prod(u), "neg": lambda u: -u,
    "div": lambda u, v: u / v, "pow": lambda u, v: u**v, "exp": math.exp, "sqrt": math.sqrt,
}  # fmt: skip


def value(term: Term, where: Point, at: Mapping[str, int]) -> float:
    """Return the value of a term, entry by entry."""
    if term.head == "num":
        return float(term.data)
    if term.head == "size":
        return where.sizes[term.data]
    if term.head == "sym":
        return where.values[term.data, tuple(at[arg.data] for arg in term.args)]
    if term.head in REDUCTIONS:
        (index,) = term.data
        length = where.sizes[axis_of(index)]
        total = math.fsum(value(term.args[0], where, {**at, index: i}) for i in range(length))
        return total / length if term.head == "mean" else total
    return ARITHMETIC[term.head](*(value(arg, where, at) for arg in term.args))


def is_false(left: Term, right: Term, random: Random) -> bool:
    """Say whether the sides clearly differ at one of some points, both having values there."""
    for _ in range(12):
        where = point(random)
        try:
            one, other = (value(side, where, {}) for side in (left, right))
        except (ArithmeticError, ValueError):
            continue
        if isinstance(one, float) and abs(one - other) > 1e-7 * max(1.0, abs(one), abs(other)):
            return True
    return False


# ------------------------------------------------------------------ trials


def trial(seed: int) -> tuple[Term, Term, Kind]:
    """Return a step and its verdict, no point having been looked for."""
    random = Random(seed)
    left = right = reduction("sum", ("n",), written(random, ("n",), random.randint(1, 3)))
    for _ in range(random.randint(1, 3)):
        choices = list(changed(right, random))
        right = random.choice(choices) if choices else right
    return left, right, judge(left, right, CONTEXT, refute=False, with_certificate=False).kind


def main() -> int:
    """Run the trials; 1 if a false step was accepted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    met: Counter[tuple[str, bool]] = Counter()
    for seed in range(given.seed * 10**6, given.seed * 10**6 + given.count):
        left, right, kind = trial(seed)
        wrong = is_false(left, right, Random(seed))
        met[kind.value, wrong] += 1
        if wrong and kind in (Kind.PROVED, Kind.PROVED_IF):
            print(f"FALSE, {kind.value}, seed {seed}: {to_source(left)} = {to_source(right)}", flush=True)
    for (kind, wrong), count in sorted(met.items()):
        print(f"{kind}, {'false' if wrong else 'true as far as seen'}: {count}")
    return int(any(wrong and kind != Kind.UNKNOWN.value for kind, wrong in met))


if __name__ == "__main__":
    sys.exit(main())

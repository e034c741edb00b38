"""Steps about arrays for the campaign: mutants of the catalogue's, random ones, and an evaluator of their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import mpmath
from mpmath import mpf

from backproof import catalogue
from backproof.calculus import gradient_context
from backproof.calculus.fields import has_axes
from backproof.domains import NAMED, Context, Domain
from backproof.errors import BackproofError
from backproof.inlining import inline_calls, lookup_in
from backproof.kernel import Kind, Verdict, judge
from backproof.terms import (
    REDUCTIONS,
    RELATIONS,
    Term,
    add,
    call,
    div,
    idx,
    make,
    mul,
    neg,
    num,
    postorder,
    power,
    rebuild,
    reduction,
    relation,
    size,
    sub,
    substitute,
    sym,
    where,
)

from .campaign import CONTRARY, Failure, value_in
from .evaluator import Dual, Evaluator, Tie, UndefinedHere, Unsure, inverse, negative, parts, plus, primal, sign, times
from .steps import Trial

DIGITS = 60
CLOSE = mpf(10) ** -35
SIZES = ((2, 3), (3, 2), (1, 2), (3, 1))
Where = Mapping[str, int]
Entries = dict[tuple[str, tuple[int, ...]], Any]


# The evaluator -----------------------------------------------------------------------------------


@dataclass
class ArrayEvaluator(Evaluator):
    """Values of terms with indices at given sizes: reductions as loops, derivatives by dual numbers."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    where: Where = field(default_factory=dict)
    entries: Entries = field(default_factory=dict)
    known: dict[Any, Any] = field(default_factory=dict)

    def at(self, term: Term, where: Where) -> Any:
        """Return the value of ``term`` at the indices ``where``."""
        key = (term, tuple(where[axis] for axis in term.axes))
        if key not in self.known:
            outer, self.where = self.where, where
            try:
                self.known[key] = super().value(term)
            finally:
                self.where = outer
        return self.known[key]

    def value(self, term: Term) -> Any:
        return self.at(term, self.where)

    def _idx(self, term: Term) -> Any:
        return mpf(self.where[term.data])

    def _size(self, term: Term) -> Any:
        return mpf(self.length(term.data))

    def length(self, index: str) -> int:
        return self.sizes[index.rstrip("'")]

    def _sym(self, term: Term) -> Any:
        places = tuple(self.place(arg) for arg in term.args)
        axes = self.context.shapes.get(term.data, ())
        definition = self.context.definitions.get(term.data)
        axes = definition.axes if definition is not None else axes
        if any(not 0 <= place < self.length(axis) for place, axis in zip(places, axes, strict=False)):
            return mpf(0)
        if (term.data, places) in self.entries:
            return self.entries[term.data, places]
        if definition is not None:
            return self.at(definition.term, dict(zip(definition.axes, places, strict=True)))
        if term.data == "pi":
            return +mpmath.pi
        raise Unsure(term.data)

    def place(self, index: Term) -> int:
        value = primal(self.value(index))
        nearest = int(mpmath.nint(value))
        if abs(value - nearest) > CLOSE:
            raise Unsure
        return nearest

    def each(self, term: Term) -> list[Any]:
        ranges = [range(self.length(index)) for index in term.data]
        outer = dict(self.where)
        return [
            self.at(term.args[0], {**outer, **dict(zip(term.data, at, strict=True))}) for at in product(*ranges)
        ]

    def _sum(self, term: Term) -> Any:
        total: Any = mpf(0)
        for part in self.each(term):
            total = plus(total, part)
        return total

    def _mean(self, term: Term) -> Any:
        return times(self._sum(term), inverse(mpf(len(self.each(term)))))

    def _prod(self, term: Term) -> Any:
        total: Any = mpf(1)
        for part in self.each(term):
            total = times(total, part)
        return total

    def _extreme(self, term: Term, direction: int) -> Any:
        best, *others = self.each(term)
        for other in others:
            if sign(plus(other, negative(best))) == direction:
                best = other
        return best

    def _reduce_max(self, term: Term) -> Any:
        return self._extreme(term, 1)

    def _reduce_min(self, term: Term) -> Any:
        return self._extreme(term, -1)

    def _logsumexp(self, term: Term) -> Any:
        return self.value(call("log", reduction("sum", term.data, call("exp", term.args[0]))))

    def slope(self, function: Term, variable: Term, shift: mpf) -> Any:
        tag = self.depth + 1
        key = (variable.data, tuple(self.place(arg) for arg in variable.args))
        axes = self.context.shapes.get(variable.data, ())
        if any(not 0 <= place < self.length(axis) for place, axis in zip(key[1], axes, strict=True)):
            return mpf(0)
        moved = Dual(plus(self.value(variable), shift), mpf(1), tag)
        inner = replace(self, entries={**self.entries, key: moved}, depth=tag, known={}, where=dict(self.where))
        return parts(inner.value(function), tag)[1]

    def slope_at_join(self, function: Term, variable: Term) -> Any:
        raise Unsure


@dataclass(frozen=True)
class Scene:
    """Sizes and a value for every entry of every array, and for every variable without axes."""

    sizes: dict[str, int]
    entries: Entries

    def value(self, term: Term, context: Context, where: Where) -> mpf | None:
        """Return the value, None where there is none; raises Unsure."""
        with mpmath.workdps(DIGITS):
            evaluator = ArrayEvaluator(context, {}, 0, None, self.sizes, dict(where), self.entries)
            try:
                value = evaluator.value(term)
            except UndefinedHere:
                return None
            except (OverflowError, mpmath.libmp.libhyper.NoConvergence, Tie, RecursionError) as problem:
                raise Unsure from problem
            if not mpmath.isfinite(value) or abs(value) > mpf(10) ** 300:
                raise Unsure
            return value


def scenes(context: Context, random: Random) -> Iterator[Scene]:
    """Yield random entries at every pair of sizes."""
    axes = sorted({axis for shape in context.shapes.values() for axis in shape})
    for lengths in SIZES:
        sizes = {axis: lengths[i % 2] for i, axis in enumerate(axes)}
        entries: Entries = {}
        for name in free_variables(context):
            entries |= _entries(name, context, sizes, random)
        yield Scene(sizes, entries)


def free_variables(context: Context) -> list[str]:
    return sorted({*context.domains, *context.shapes} - context.definitions.keys())


def _entries(name: str, context: Context, sizes: Mapping[str, int], random: Random) -> Entries:
    domain, shape = context.domain(name), context.shapes.get(name, ())
    every = list(product(*(range(sizes[axis]) for axis in shape)))
    if not domain.constraint:
        values = [value_in(domain, random) for _ in every]
        return {(name, at): mpf(v.numerator) / v.denominator for at, v in zip(every, values, strict=True)}
    along = shape.index(domain.axis)
    found: Entries = {}
    for at in every:
        if at[along]:
            continue
        rest = [mpf(random.randint(1, 9)) for _ in range(sizes[domain.axis])]
        if domain.constraint == "onehot":
            chosen = random.randrange(len(rest))
            rest = [mpf(i == chosen) for i in range(len(rest))]
        for i, part in enumerate(rest):
            found[name, (*at[:along], i, *at[along + 1 :])] = part / sum(rest)
    return found


def wrongly_accepted(trial: Trial, verdict: Verdict, random: Random) -> Failure | None:
    """Return sizes and entries at which an accepted step is false, if there are any."""
    axes = sorted({*trial.left.axes, *trial.right.axes})
    for scene in [scene for _ in range(3) for scene in scenes(trial.context, random)]:
        try:
            if not _hold_everywhere(verdict.conditions, trial.context, scene):
                continue
            for at in product(*(range(scene.sizes[axis.rstrip("'")]) for axis in axes)):
                outcome = _compared(trial, scene, dict(zip(axes, at, strict=True)))
                if outcome != "equal":
                    return Failure(trial, verdict.kind.value, {}, f"{outcome} at {scene} {at}")
        except Unsure:
            continue
    return None


NAME = re.compile(r"(size|index)\b\W*([\w']+)\W*|([^\[]+)(?:\[([\d,]+)\])?")


def wrongly_refuted(trial: Trial, verdict: Verdict) -> Failure | None:
    """Return the refutation's point where the evaluator finds no difference at it."""
    sizes, where, entries = {}, {}, {}
    for name, value in verdict.point:
        kind, axis, variable, places = NAME.fullmatch(name).groups()  # type: ignore[union-attr]
        if kind:
            (sizes if kind == "size" else where)[axis] = int(value)
        else:
            at = tuple(map(int, places.split(","))) if places else ()
            entries[variable, at] = mpf(value.numerator) / value.denominator
    try:
        outcome = _compared(trial, Scene(sizes, entries), where)
    except (Unsure, KeyError):
        return None
    return Failure(trial, "refuted", dict(verdict.point), outcome) if outcome == "equal" else None


def attempt(
    trial: Trial, number: int, counts: Counter[str], with_refuter: bool = True, with_laws: bool = False
) -> list[Failure]:
    """Judge one trial; count the verdicts; return what the evaluator contradicts.  The only law: sides swapped."""
    blind = judge(trial.left, trial.right, trial.context, refute=False, with_certificate=False)
    counts[f"blind {blind.kind.value}"] += 1
    failures = [wrongly_accepted(trial, blind, Random(number))] if blind.is_accepted else []
    if not blind.is_accepted:  # a number lost or found on the way shows in steps that are true without it
        factor = num(Random(number).choice((2, 10, Fraction(1, 2), Fraction(1, 10))))
        scaled = replace(trial, right=mul(factor, trial.right))
        other = judge(scaled.left, scaled.right, scaled.context, refute=False, with_certificate=False)
        counts["scaled"] += 1
        failures.append(wrongly_accepted(scaled, other, Random(number)) if other.is_accepted else None)
    if with_refuter:
        seeing = judge(trial.left, trial.right, trial.context)
        counts[seeing.kind.value] += 1
        if seeing.kind is Kind.REFUTED:
            failures.append(wrongly_refuted(trial, seeing))
        if blind.is_accepted != seeing.is_accepted:
            failures.append(Failure(trial, f"{blind.kind.value} / {seeing.kind.value}", {}, "the refuter changed it"))
    if with_laws:
        other = judge(trial.right, trial.left, trial.context)
        if CONTRARY.get(other.kind) is blind.kind:
            failures.append(Failure(trial, f"swapped: {blind.kind.value} became {other.kind.value}", {}, "swapped"))
    return [failure for failure in failures if failure is not None]


def _hold_everywhere(conditions: tuple[Term, ...], context: Context, scene: Scene) -> bool:
    for condition in conditions:
        for at in product(*(range(scene.sizes[axis.rstrip("'")]) for axis in condition.axes)):
            value = scene.value(sub(*condition.args), context, dict(zip(condition.axes, at, strict=True)))
            if value is None:
                return False
            if 0 < abs(value) < CLOSE:
                raise Unsure
            holds = {"gt": value > 0, "ge": value >= 0, "ne": value != 0, "eq": value == 0}
            if not holds[condition.head]:
                return False
    return True


def _compared(trial: Trial, scene: Scene, where: Where) -> str:
    a, b = (scene.value(side, trial.context, where) for side in (trial.left, trial.right))
    if a is None or b is None:
        return "undefined"
    gap, scale = abs(a - b), 1 + max(abs(a), abs(b))
    if CLOSE * scale < gap < mpf(10) ** -15 * scale:
        raise Unsure
    return "equal" if gap <= CLOSE * scale else f"{a} and {b}"


# Trials ------------------------------------------------------------------------------------------

SHAPES = {"x": ("n",), "y": ("n",), "A": ("n", "k"), "B": ("n", "k"), "q": ("n",), "t": ("n", "k"), "g": ("k",)}
DOMAINS = {"q": NAMED["positive"], "p": NAMED["positive"], "t": Domain(constraint="onehot", axis="k")}
NUMBERS = (0, 1, 2, 3, 10, Fraction(1, 10), Fraction(1, 2), 7)
LOGIC = (*RELATIONS, "and", "or", "not")
Scope = frozenset[str]


def all_catalogue_steps() -> list[Trial]:
    """Return every step about arrays of the catalogue, with what its names stand for."""
    found = []
    for name in catalogue.names():
        document = catalogue.load(name)
        for node in document.nodes:
            try:
                inlined = inline_calls(node, lookup_in(document))
                context = gradient_context(inlined)
            except BackproofError:
                continue
            if has_axes(inlined) and not inlined.kinks:
                steps = [step for chain in inlined.chains for step in chain.steps]
                found += [Trial(step.left, step.right, context, name) for step in steps]
    return found


def random_context() -> Context:
    return Context({}, {**dict.fromkeys(("w", *SHAPES), Domain()), **DOMAINS}, SHAPES)


def random_term(random: Random, depth: int, scope: Scope) -> Term:
    """Return a random term whose free indices are of ``scope``."""
    if depth == 0 or random.random() < 0.1:
        return _leaf(random, scope)
    kind = random.randrange(11)
    if kind < 4:
        index = random.choice("nk")
        while index in scope:
            index += "'"
        head = random.choice(("sum", "sum", "sum", "mean", "reduce_max", "prod", "logsumexp"))
        return make(head, (random_term(random, depth - 1, scope | {index}),), (index,))
    inner = [random_term(random, depth - 1, scope) for _ in range(2)]
    if kind == 4:
        below = (sym("p"), add(mul(num(10), sym("p")), num(1)), add(power(inner[1], 2), num(Fraction(1, 10))))
        return div(inner[0], random.choice(below))
    if kind == 5:
        return power(inner[0], num(random.choice((2, 3))))
    if kind == 6:
        return call(random.choice(("exp", "tanh", "sqrt", "abs")), inner[0])
    if kind == 7:
        chosen = relation(random.choice(("gt", "ge")), random_term(random, depth - 1, scope), num(0))
        return where(chosen, *inner) if random.random() < 0.5 else mul(make("bracket", (chosen,)), inner[0])
    return (add(*inner), mul(*inner), sub(*inner))[kind % 3]


def _leaf(random: Random, scope: Scope) -> Term:
    by_axis = {axis: [i for i in sorted(scope) if i.rstrip("'") == axis] for axis in "nk"}
    possible = [name for name, shape in SHAPES.items() if all(by_axis[axis] for axis in shape)]
    kind = random.randrange(8)
    if possible and kind < 5:
        name = random.choice(possible)
        places = [idx(random.choice(by_axis[axis])) for axis in SHAPES[name]]
        if random.random() < 0.1:
            places[0] = add(places[0], num(1))
        return sym(name, *places)
    pairs = [found for found in by_axis.values() if len(found) > 1]
    if pairs and kind == 5:
        return make("bracket", (relation(random.choice(("eq", "lt")), *map(idx, random.choice(pairs)[:2])),))
    return random.choice((sym("w"), sym("p"), size(random.choice("nk")), num(random.choice(NUMBERS))))


def rewritten(term: Term, random: Random) -> Term:
    """Return ``term`` with one rewriting somewhere; some of them are false."""
    places = [place for place in postorder(term) if place.head not in ("idx", "bracket", *LOGIC)]
    for _ in range(12):
        place = random.choice(places)
        options = [other for other in _options(place, random) if set(other.axes) <= set(place.axes)]
        if options:
            return substitute(term, {place: random.choice(options)})
    return term


def _options(t: Term, random: Random) -> list[Term]:
    found = list(REWRITES.get(t.head, lambda _t: [])(t))
    number = num(random.choice((2, 10, Fraction(1, 10))))
    return [*found, div(mul(number, t), number), mul(t, div(sym("p"), sym("p")))] if random.random() < 0.4 else found


def _of_sum(t: Term) -> list[Term]:
    (body,), bound = t.args, t.data
    found = [mul(make("mean", (body,), bound), *map(size, (index.rstrip("'") for index in bound)))]
    if body.head == "add":
        found.append(add(*(make("sum", (part,), bound) for part in body.args)))
    if body.head == "mul":
        outside = [part for part in body.args if not set(part.axes) & set(bound)]
        inside = [part for part in body.args if set(part.axes) & set(bound)]
        if outside and inside:
            found.append(mul(*outside, make("sum", (mul(*inside),), bound)))
            found.append(mul(*outside, *(make("sum", (part,), bound) for part in inside)))
        found.append(mul(*(make("sum", (part,), bound) for part in body.args)))
    if body.head == "div" and not set(body.args[1].axes) & set(bound):
        found.append(div(make("sum", (body.args[0],), bound), body.args[1]))
    if body.head == "neg":
        found.append(neg(make("sum", body.args, bound)))
    if body.head == "sum" and bound != body.data:
        found.append(make("sum", (make("sum", body.args, bound),), body.data))
    if not set(body.axes) & set(bound):
        found += [mul(size(bound[0].rstrip("'")), body), body]
    return found


def _of_power(t: Term) -> list[Term]:
    base, exponent = t.args
    found = [mul(base, base)] if exponent is num(2) else [mul(base, power(base, 2))]
    if base.head in ("sum", "mean"):
        found.append(make(base.head, (power(base.args[0], exponent),), base.data))
    if base.head == "mul":
        found.append(mul(*(power(part, exponent) for part in base.args)))
    return found


def _of_product(t: Term) -> list[Term]:
    first, rest = t.args[0], mul(*t.args[1:])
    found = [mul(rest, first)]
    if rest.head == "add":
        found.append(add(*(mul(first, part) for part in rest.args)))
    if rest.head in ("sum", "mean", "reduce_max") and not set(first.axes) & set(rest.data):
        found.append(make(rest.head, (mul(first, rest.args[0]),), rest.data))
    return found


def _of_quotient(t: Term) -> list[Term]:
    above, below = t.args
    found = [mul(above, div(num(1), below)), div(mul(num(10), above), mul(num(10), below))]
    if below.head == "add":
        found += [div(num(1), div(below, above)), div(above, add(*below.args[::-1]))]
        found.append(div(above, add(*(mul(num(10), part) for part in below.args))))
    return found


REWRITES: dict[str, Callable[[Term], list[Term]]] = {
    "sum": _of_sum,
    "pow": _of_power,
    "mul": _of_product,
    "div": _of_quotient,
    "mean": lambda t: [div(make("sum", t.args, t.data), *(size(i.rstrip("'")) for i in t.data)), *t.args],
    "reduce_max": lambda t: [neg(make("reduce_min", (neg(t.args[0]),), t.data)), make("reduce_min", t.args, t.data)],
    "logsumexp": lambda t: [call("log", make("sum", (call("exp", t.args[0]),), t.data))],
    "prod": lambda t: [power(make("prod", (power(t.args[0], 2),), t.data), num(Fraction(1, 2)))],
    "add": lambda t: [add(*t.args[::-1])],
    "exp": lambda t: [mul(*(call("exp", part) for part in t.args[0].args))] if t.args[0].head == "add" else [],
    "sqrt": lambda t: [div(t.args[0], t)],
}


def mutated(term: Term, random: Random) -> Term:
    """Return ``term`` with one small change somewhere: a number, an index, a reduction, a sign, a part."""
    places = [place for place in postorder(term) if place.head not in ("D", *LOGIC)]
    inside = {arg for place in postorder(term) if place.head == "D" for arg in place.args}
    for _ in range(20):
        place = random.choice(places)
        change = _change(place, random, term)
        if place not in inside and change is not None and set(change.axes) <= {*place.axes, *term.axes}:
            return substitute(term, {place: change})
    return neg(term)


def _change(place: Term, random: Random, term: Term) -> Term | None:
    if place.head == "idx":
        return None
    if place.head == "num":
        return num(place.data + random.choice((1, Fraction(1, 10), 9)))
    if place.head == "sym" and place.args and random.random() < 0.7:
        others = [t for t in postorder(term) if t.head == "idx"]
        at = random.randrange(len(place.args))
        old = place.args[at]
        same = [o for o in others if old.head == "idx" and o.data.rstrip("'") == old.data.rstrip("'")]
        chosen = random.choice(same) if same else None
        return None if chosen is None else rebuild(place, (*place.args[:at], chosen, *place.args[at + 1 :]))
    if place.head in REDUCTIONS and random.random() < 0.5:
        return make(random.choice(("sum", "mean", "reduce_max", "reduce_min")), place.args, place.data)
    if place.head in ("add", "mul") and random.random() < 0.6:
        at = random.randrange(len(place.args))
        return {"add": add, "mul": mul}[place.head](*place.args[:at], *place.args[at + 1 :])
    return random.choice((neg(place), mul(num(10), place), power(place, 2), div(place, num(2))))


def _denominator_taken_out(random: Random) -> Trial:
    """Return a sum of quotients beside the quotient of the sum, which may be off by a number."""
    body = random_term(random, 2, frozenset({"n"}))
    numbers = [num(random.choice((2, 3, 10, Fraction(1, 10), Fraction(1, 2)))) for _ in range(2)]
    below = power(add(mul(numbers[0], sym("p")), numbers[1]), num(random.choice((1, 1, 2))))
    left, right = reduction("sum", ("n",), div(body, below)), div(reduction("sum", ("n",), body), below)
    lost = random.choice((num(1), num(1), *numbers, power(numbers[0], num(2))))
    return Trial(left, random.choice((mul, div))(right, lost), random_context(), "denominator")


def trial(number: int, seed: int, base: list[Trial]) -> Trial:
    """Return the trial with this number: a mutant of a step of the catalogue, or a random term and a rewriting."""
    random = Random(f"arrays {seed}:{number}")
    if number % 4 == 0:
        step = random.choice(base)
        sides = [step.left, step.right]
        i = 1 if sides[0].head == "sym" else random.randrange(2)
        sides[i] = mutated(sides[i], random)
        return Trial(sides[0], sides[1], step.context, step.origin)
    if number % 8 == 2:
        return _denominator_taken_out(random)
    left = random_term(random, random.choice((2, 3, 3, 4)), frozenset(random.choice(((), ("n",), ("n", "k")))))
    right = left
    for _ in range(random.randint(1, 4)):
        right = rewritten(right, random)
    if random.random() < 0.3:
        right = mutated(right, random)
    return Trial(left, right, random_context(), "random")

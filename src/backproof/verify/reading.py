"""How the checker reads choices, definitions and derivatives, written again from the language's own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce

from backproof import terms
from backproof.domains import Context, Definition
from backproof.terms import (
    ONE,
    TWO,
    ZERO,
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
    reduction,
    size,
    sub,
    sym,
    where,
)
from backproof.verify.generators import axis_of
from backproof.verify.polynomials import DOWN, UP, WEAK, Signs, require

HOLDS: dict[str, Signs] = {
    "lt": DOWN, "le": frozenset({-1, 0}), "gt": UP, "ge": WEAK, "eq": frozenset({0}), "ne": frozenset({-1, 1}),
}  # fmt: skip
CONDITIONS = frozenset({*HOLDS, "and", "or", "not"})
CHOICES = frozenset({"max", "min", "abs", "sign", "where", "bracket"})
SLOPES: dict[str, Callable[[Term, Term], Term]] = {
    "neg": lambda u, y: neg(ONE), "exp": lambda u, y: y, "log": lambda u, y: div(ONE, u),
    "sqrt": lambda u, y: div(ONE, mul(TWO, y)), "sin": lambda u, y: call("cos", u),
    "cos": lambda u, y: neg(call("sin", u)), "tan": lambda u, y: add(ONE, power(y, 2)),
    "atan": lambda u, y: div(ONE, add(ONE, power(u, 2))), "sinh": lambda u, y: call("cosh", u),
    "cosh": lambda u, y: call("sinh", u), "tanh": lambda u, y: sub(ONE, power(y, 2)),
    "erf": lambda u, y: mul(div(TWO, call("sqrt", sym("pi"))), call("exp", neg(power(u, 2)))),
}  # fmt: skip
#: Other functions and reductions by those that the checker knows.
SAME: dict[str, Callable[[Term], Term]] = {
    "mean": lambda t: div(reduction("sum", t.data, t.args[0]), mul(*(size(axis_of(a)) for a in t.data))),
    "logsumexp": lambda t: call("log", reduction("sum", t.data, call("exp", t.args[0]))),
    "reduce_min": lambda t: neg(reduction("reduce_max", t.data, neg(t.args[0]))),
    "sqrt": lambda t: power(t.args[0], div(ONE, TWO)),
    "tan": lambda t: div(call("sin", *t.args), call("cos", *t.args)),
    "sinh": lambda t: div(sub(call("exp", *t.args), call("exp", neg(*t.args))), TWO),
    "cosh": lambda t: div(add(call("exp", *t.args), call("exp", neg(*t.args))), TWO),
    "tanh": lambda t: sub(ONE, div(TWO, add(call("exp", mul(TWO, *t.args)), ONE))),
}


class Fork(Exception):
    """A subject is zero at the point, and the derivative depends on its sign beside it."""


class Reader:
    """Reads choices and derivatives; what a value and a sign is, the two kinds of reader say."""

    context: Context
    marks = 0

    def sign(self, subject: Term) -> int:
        raise NotImplementedError

    def turn(self, subject: Term, other: Term) -> int:
        """Return 1 or -1 where the subject is a positive or a negative multiple of the other everywhere, else 0."""
        return int(subject is other)

    # Names ---------------------------------------------------------------------------------------------

    def renamed(self, root: Term) -> Term:
        """Return a term with every bound index under a name that is used nowhere else."""

        def rule(t: Term) -> Term:
            if t.head not in terms.REDUCTIONS:
                return t
            self.marks += 1
            names = [f"{axis_of(axis)}#t{self.marks}.{i}" for i, axis in enumerate(t.data)]
            return reduction(t.head, names, at(t.args[0], dict(zip(t.data, map(idx, names), strict=True))))

        return terms.transform(root, rule) if root.reduces else root

    def instantiated(self, made: Definition, use: Term) -> Term:
        """Return what a name stands for at the indices of one use: zero where they are outside its axes."""
        places = dict(zip(made.axes, use.args, strict=True))
        guards = [
            guard
            for axis, place in places.items()
            if not (place.head == "idx" and axis_of(place.data) == axis_of(axis))
            for guard in (add(place, ONE), sub(size(axis_of(axis)), place))
        ]
        whole = at(self.renamed(made.term), places)
        return mul(*(make("positive", (guard,)) for guard in guards), whole) if guards else whole

    def unfolded(self, t: Term, stop: Term) -> Term:
        """Return ``t`` with every definition in place of its name, but for that of ``stop``."""
        done: dict[Term, Term] = {}

        def walk(t: Term) -> Term:
            if t not in done:
                if t.head == "sym" and t.data != stop.data and t.data in self.context.definitions:
                    done[t] = walk(self.instantiated(self.context.definitions[t.data], t))
                else:
                    done[t] = terms.rebuild(t, tuple(map(walk, t.args)))
            return done[t]

        return walk(t)

    # Choices -------------------------------------------------------------------------------------------

    def chosen(self, t: Term, sign: Callable[[Term], int]) -> Term:
        if t.head in ("max", "min"):
            ahead = 1 if t.head == "max" else -1
            return reduce(lambda a, b: b if sign(sub(b, a)) == ahead else a, t.args)
        if t.head == "abs":
            return neg(t.args[0]) if sign(t.args[0]) < 0 else t.args[0]
        if t.head == "sign":
            return num(sign(t.args[0]))
        true, false = t.args[1:] if t.head == "where" else (ONE, ZERO)
        return true if self.holds(t.args[0], sign) else false

    def holds(self, t: Term, sign: Callable[[Term], int]) -> bool:
        if t.head in HOLDS:
            return sign(sub(*t.args)) in HOLDS[t.head]
        parts = [self.holds(arg, sign) for arg in t.args]
        return not parts[0] if t.head == "not" else all(parts) if t.head == "and" else any(parts)

    # Derivatives ---------------------------------------------------------------------------------------

    def sides(self, function: Term, x: Term) -> tuple[list[tuple[Term, dict[Term, int]]], list[tuple[Term, Term]]]:
        """Return the function as it reads on every side of the point, with the signs that are taken there, and what
        has to have a value there."""
        variables = {x.data, *(t.args[1].data for t in terms.postorder(function) if t.head == "D")}
        pending: list[dict[Term, int]] = [{}]
        found: list[tuple[Term, dict[Term, int]]] = []
        inner: list[tuple[Term, Term]] = []
        while pending:
            taken = pending.pop()

            def sign(subject: Term, taken: dict[Term, int] = taken) -> int:
                for other, side in taken.items():
                    if turn := self.turn(subject, other):
                        return side * turn
                value = self.sign(subject)
                if variables & set(terms.names(subject)):
                    inner.append((subject, x))
                    if value == 0:
                        raise Fork(subject)
                return value

            try:
                found.append((self.plain(function, sign, inner, {}), taken))
            except Fork as fork:
                require(len(pending) < 200, "too many joins")
                pending += [{**taken, fork.args[0]: side} for side in (0, -1, 1)]
        return found, inner

    def plain(
        self, t: Term, sign: Callable[[Term], int], inner: list[tuple[Term, Term]], done: dict[Term, Term]
    ) -> Term:
        """Return ``t`` without choices and derivatives; the functions of derivatives are added to ``inner``."""
        if t not in done:
            done[t] = self.plain_here(t, sign, inner, done)
        return done[t]

    def plain_here(
        self, t: Term, sign: Callable[[Term], int], inner: list[tuple[Term, Term]], done: dict[Term, Term]
    ) -> Term:
        if t.head == "where" and not is_indexed(t.args[0]):
            condition = self.plain(t.args[0], sign, inner, done)
            return self.plain(t.args[1 if self.holds(condition, sign) else 2], sign, inner, done)
        made = terms.rebuild(t, tuple(self.plain(arg, sign, inner, done) for arg in t.args))
        if t.head in CHOICES and not is_indexed(made.args[0] if t.head in ("where", "bracket") else made):
            return self.chosen(made, sign)
        if t.head == "D":
            inner.append((made.args[0], made.args[1]))
            return slope(made.args[0], made.args[1])
        return made


def at(t: Term, places: dict[str, Term]) -> Term:
    return terms.substitute(t, {idx(name): place for name, place in places.items()})


def is_indexed(t: Term) -> bool:
    """Say whether a choice depends on a bound index, or on nothing but indices."""
    return any("#" in axis for axis in t.axes) or (bool(t.axes) and not terms.names(t))


def indicator(t: Term) -> Term:
    """Return a condition as a term that is 1 where it holds, else 0."""
    if t.head in HOLDS:
        left, right = t.args
        if t.head in ("eq", "ne"):
            equal = make("delta", (sub(left, right),))
            return equal if t.head == "eq" else sub(ONE, equal)
        first, second = (left, right) if t.head in ("gt", "le") else (right, left)
        above = make("positive", (sub(first, second),))
        return above if t.head in ("gt", "lt") else sub(ONE, above)
    parts = [indicator(arg) for arg in t.args]
    if t.head == "not":
        return sub(ONE, parts[0])
    return mul(*parts) if t.head == "and" else sub(ONE, mul(*(sub(ONE, part) for part in parts)))


def without_choice(t: Term) -> Term:
    """Return a choice written with indicators; every branch must have a value then."""
    if t.head == "bracket":
        return indicator(t.args[0])
    if t.head == "where":
        taken = indicator(t.args[0])
        return add(mul(taken, t.args[1]), mul(sub(ONE, taken), t.args[2]))
    if t.head in ("max", "min"):
        turned = (lambda u: u) if t.head == "max" else neg
        return reduce(lambda a, b: add(b, mul(sub(a, b), make("positive", (turned(sub(a, b)),)))), t.args)
    ahead = sub(make("positive", t.args), make("positive", (neg(t.args[0]),)))
    return mul(t.args[0], ahead) if t.head == "abs" else ahead


def moves(x: Term, t: Term) -> bool:
    return x.data in terms.names(t)


def slope(root: Term, x: Term) -> Term:
    """Return the derivative of a term without choices, apart from those that an index decides."""
    require(x.head == "sym", "a derivative by what is no name")
    done: dict[Term, Term] = {}
    for t in terms.postorder(root):
        done[t] = ZERO if not moves(x, t) or t.head in CONDITIONS else slope_of(t, x, [done[arg] for arg in t.args])
    return done[root]


def slope_of(t: Term, x: Term, inner: list[Term]) -> Term:
    if t.head == "sym":
        if t.data != x.data:
            return ZERO
        return mul(*(make("delta", (sub(a, b),)) for a, b in zip(t.args, x.args, strict=True) if a is not b))
    if t.head == "add":
        return add(*(each for each in inner if each is not ZERO))
    if t.head == "mul":
        parts = (mul(*t.args[:i], each, *t.args[i + 1 :]) for i, each in enumerate(inner) if each is not ZERO)
        return add(*parts)
    if t.head == "div":
        return div(sub(inner[0], mul(t, inner[1])), t.args[1])
    if t.head == "pow":
        return slope_of_power(t, inner)
    if t.head in terms.REDUCTIONS:
        return slope_of_reduction(t, inner[0])
    if t.head in CHOICES:
        return slope_of_choice(t, x, inner)
    require(t.head in SLOPES, f"no derivative of {t.head}")
    return mul(inner[0], SLOPES[t.head](t.args[0], t))


def slope_of_power(t: Term, inner: list[Term]) -> Term:
    base, n = t.args
    still = inner[0] is ZERO or terms.as_fraction(n) == 0
    along = ZERO if still else mul(n, power(base, sub(n, ONE)), inner[0])
    return along if inner[1] is ZERO else add(along, mul(t, call("log", base), inner[1]))


def slope_of_reduction(t: Term, inner: Term) -> Term:
    body, axes = t.args[0], t.data
    if t.head in ("sum", "mean"):
        return reduction(t.head, axes, inner)
    if t.head == "logsumexp":
        return reduction("sum", axes, mul(call("exp", sub(body, t)), inner))
    if t.head == "prod":
        return mul(t, reduction("sum", axes, div(inner, body)))
    reached = make("delta", (sub(body, t),))
    return mul(make("unique", (t,)), reduction("sum", axes, mul(reached, inner)))


def slope_of_choice(t: Term, x: Term, inner: list[Term]) -> Term:
    """Differentiate branch by branch; at a join that the variable moves there is no slope."""
    gaps = [sub(*part.args) for part in terms.postorder(t.args[0]) if part.head in HOLDS]
    if t.head in ("max", "min"):
        require(len(t.args) == 2, "a choice of many under a sum")
        first = make("gt" if t.head == "max" else "lt", t.args)
        gaps, taken = [sub(*t.args)], [where(first, *inner)]
    elif t.head == "abs":
        gaps, taken = [t.args[0]], [where(make("gt", (t.args[0], ZERO)), inner[0], neg(inner[0]))]
    elif t.head == "sign":
        gaps, taken = [t.args[0]], []
    else:
        taken = [where(t.args[0], *inner[1:])] if t.head == "where" else []
    return add(*taken, *(make("join", (gap,)) for gap in gaps if moves(x, gap)))


def interior(function: Term, x: Term) -> Iterator[tuple[Term, Term]]:
    """Yield each base that ``x`` moves with an exponent that may be no integer."""
    for t in terms.postorder(function):
        n = div(ONE, TWO) if t.head == "sqrt" else t.args[1] if t.head == "pow" else ONE
        value = terms.as_fraction(n)
        if (value is None or value.denominator != 1) and moves(x, t.args[0]):
            yield t.args[0], n

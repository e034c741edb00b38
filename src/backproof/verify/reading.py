"""How the checker reads choices and derivatives, written again from the language's own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce

from backproof import terms
from backproof.domains import Context
from backproof.terms import ONE, TWO, ZERO, Term, add, call, div, mul, neg, num, power, sub, sym
from backproof.verify.polynomials import DOWN, UP, WEAK, Signs, require

HOLDS: dict[str, Signs] = {
    "lt": DOWN, "le": frozenset({-1, 0}), "gt": UP, "ge": WEAK, "eq": frozenset({0}), "ne": frozenset({-1, 1}),
}  # fmt: skip
SLOPES: dict[str, Callable[[Term, Term], Term]] = {
    "neg": lambda u, y: neg(ONE), "exp": lambda u, y: y, "log": lambda u, y: div(ONE, u),
    "sqrt": lambda u, y: div(ONE, mul(TWO, y)), "sin": lambda u, y: call("cos", u),
    "cos": lambda u, y: neg(call("sin", u)), "tan": lambda u, y: add(ONE, power(y, 2)),
    "atan": lambda u, y: div(ONE, add(ONE, power(u, 2))), "sinh": lambda u, y: call("cosh", u),
    "cosh": lambda u, y: call("sinh", u), "tanh": lambda u, y: sub(ONE, power(y, 2)),
    "erf": lambda u, y: mul(div(TWO, call("sqrt", sym("pi"))), call("exp", neg(power(u, 2)))),
}  # fmt: skip


class Fork(Exception):
    """A subject is zero at the point, and the derivative depends on its sign beside it."""


class Reader:
    """Reads choices and derivatives; what a value and a sign is, the two kinds of reader say."""

    context: Context

    def sign(self, subject: Term) -> int:
        raise NotImplementedError

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

    def unfolded(self, t: Term, stop: Term, done: dict[Term, Term]) -> Term:
        """Return ``t`` with every definition in place of its name, but for ``stop``."""
        if t not in done:
            if t.head == "sym" and t is not stop and t.data in self.context.definitions:
                done[t] = self.unfolded(self.context.definitions[t.data].term, stop, done)
            else:
                done[t] = terms.rebuild(t, tuple(self.unfolded(arg, stop, done) for arg in t.args))
        return done[t]

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
        if t.head == "where":
            condition = self.plain(t.args[0], sign, inner, done)
            return self.plain(t.args[1 if self.holds(condition, sign) else 2], sign, inner, done)
        made = terms.rebuild(t, tuple(self.plain(arg, sign, inner, done) for arg in t.args))
        if t.head in CHOICES:
            return self.chosen(made, sign)
        if t.head == "D":
            inner.append((made.args[0], made.args[1]))
            return slope(made.args[0], made.args[1])
        return made

    def sides(self, function: Term, x: Term) -> tuple[list[Term], list[tuple[Term, Term]]]:
        """Return the function as it reads on every side of the point."""
        variables = {x, *(t.args[1] for t in terms.postorder(function) if t.head == "D")}
        pending: list[dict[Term, int]] = [{}]
        found: list[Term] = []
        inner: list[tuple[Term, Term]] = []
        while pending:
            taken = pending.pop()

            def sign(subject: Term, taken: dict[Term, int] = taken) -> int:
                if subject in taken:
                    return taken[subject]
                value = self.sign(subject)
                if variables & set(terms.postorder(subject)):
                    inner.append((subject, x))
                    if value == 0:
                        raise Fork(subject)
                return value

            try:
                found.append(self.plain(function, sign, inner, {}))
            except Fork as fork:
                require(len(pending) < 200, "too many joins")
                pending += [{**taken, fork.args[0]: side} for side in (-1, 0, 1)]
        return list(dict.fromkeys(found)), inner


CHOICES = frozenset({"max", "min", "abs", "sign", "where", "bracket"})


def slope(t: Term, x: Term) -> Term:
    """Return the derivative of a term without choices."""
    require(x.head == "sym", "a derivative by what is no name")
    if t is x:
        return ONE
    if x not in set(terms.postorder(t)):
        return ZERO
    inner = [slope(arg, x) for arg in t.args]
    if t.head == "add":
        return add(*inner)
    if t.head == "mul":
        return add(*(mul(*t.args[:i], each, *t.args[i + 1 :]) for i, each in enumerate(inner)))
    if t.head == "div":
        return div(sub(inner[0], mul(t, inner[1])), t.args[1])
    if t.head == "pow":
        base, n = t.args
        still = inner[0] is ZERO or terms.as_fraction(n) == 0
        along = ZERO if still else mul(n, power(base, sub(n, ONE)), inner[0])
        return along if inner[1] is ZERO else add(along, mul(t, call("log", base), inner[1]))
    require(t.head in SLOPES, f"no derivative of {t.head}")
    return mul(inner[0], SLOPES[t.head](t.args[0], t))


def interior(function: Term, x: Term) -> Iterator[tuple[Term, Term]]:
    """Yield each base that ``x`` moves with an exponent that may be no integer."""
    for t in terms.postorder(function):
        n = div(ONE, TWO) if t.head == "sqrt" else t.args[1] if t.head == "pow" else ONE
        value = terms.as_fraction(n)
        if (value is None or value.denominator != 1) and x in set(terms.postorder(t.args[0])):
            yield t.args[0], n

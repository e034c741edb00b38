"""Derivatives as the kernel takes them: one table of local derivatives, and the choice of branch at a join."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from backproof.domains import Definition
from backproof.kernel.indices import axis_of, freshen, has_bound, reindex, runs_over
from backproof.terms import (
    ONE,
    REDUCTIONS,
    RELATIONS,
    TWO,
    ZERO,
    Term,
    add,
    as_fraction,
    call,
    div,
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
    sym,
    where,
)

#: d(output)/d(argument), given the argument and the output.
SLOPE: Final[dict[str, Callable[[Term, Term], Term]]] = {
    "neg": lambda u, y: neg(ONE),
    "exp": lambda u, y: y,
    "log": lambda u, y: div(ONE, u),
    "sqrt": lambda u, y: div(ONE, mul(TWO, y)),
    "sin": lambda u, y: call("cos", u),
    "cos": lambda u, y: neg(call("sin", u)),
    "tan": lambda u, y: add(ONE, power(y, 2)),
    "atan": lambda u, y: div(ONE, add(ONE, power(u, 2))),
    "sinh": lambda u, y: call("cosh", u),
    "cosh": lambda u, y: call("sinh", u),
    "tanh": lambda u, y: sub(ONE, power(y, 2)),
    "erf": lambda u, y: mul(div(TWO, call("sqrt", sym("pi"))), call("exp", neg(power(u, 2)))),
}
#: Conditions: true or false, so that they have no slope; a choice by one has its joins.
CONDITIONS: Final = frozenset({*RELATIONS, "and", "or", "not"})
#: Heads that choose between branches by the sign of a subject.
CHOICES: Final = frozenset({"max", "min", "abs", "sign", "where", "bracket"})

HALF: Final = num(Fraction(1, 2))
MAX_JOINS: Final = 40

#: Which sign a subject is taken to have.
Chooser = Callable[[Term], int]


class NotDifferentiable(Exception):
    """A derivative was asked of something that has none here."""


def unfold(root: Term, definitions: Mapping[str, Definition], stop: Term | None = None) -> Term:
    """Return ``root`` with every definition replaced by its term, except that of ``stop``."""
    done: dict[Term, Term] = {}
    stack = [root]
    while stack:
        term = stack[-1]
        found = None
        if term.head == "sym" and term.data in definitions and not (stop and stop.data == term.data):
            found = instantiate(definitions[term.data], term)
        needed = (found,) if found is not None else term.args
        missing = [arg for arg in needed if arg not in done]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        done[term] = done[found] if found is not None else rebuild(term, tuple(done[arg] for arg in term.args))
    return done[root]


def instantiate(definition: Definition, use: Term) -> Term:
    """Return the definition's term at the indices of one use, its bound indices numbered; zero outside the axes."""
    term = freshen(definition.term)
    if not definition.axes:
        return term
    places = dict(zip(definition.axes, use.args, strict=True))
    inside = [guard for axis, place in places.items() if not runs_over(place, axis) for guard in _guards(axis, place)]
    return mul(*inside, reindex(term, places))


def _guards(axis: str, place: Term) -> tuple[Term, Term]:
    """Return the indicators of 0 <= place and of place < size."""
    return make("positive", (add(place, ONE),)), make("positive", (sub(size(axis_of(axis)), place),))


def differentiate(root: Term, variable: Term) -> Term:
    """Return the derivative of a term without choices and definitions with respect to a symbol."""
    slope: dict[Term, Term] = {}
    for term in postorder(root):
        slope[term] = _slope(term, variable, slope)
    return slope[root]


def _slope(term: Term, variable: Term, slope: Mapping[Term, Term]) -> Term:
    if term.head == "sym":
        return _match(term, variable)
    inner = [slope[arg] for arg in term.args]
    if all(part is ZERO for part in inner) or term.head in CONDITIONS:
        return ZERO
    if term.head == "add":
        return add(*(part for part in inner if part is not ZERO))
    if term.head == "mul":
        return add(*_product_rule(term.args, inner))
    if term.head == "div":
        return _quotient_rule(term, inner)
    if term.head == "pow":
        return _power_rule(term, inner)
    if term.head in REDUCTIONS:
        return _reduced_slope(term, inner[0])
    if term.head in CHOICES:
        return _chosen_slope(term, variable, inner)
    if term.head not in SLOPE:
        raise NotDifferentiable(f"the kernel has no derivative for {term.head}")
    return mul(inner[0], SLOPE[term.head](term.args[0], term))


def _match(term: Term, variable: Term) -> Term:
    """Return 1 where the entry is the variable's, else 0: a bracket for each index."""
    if term.data != variable.data:
        return ZERO
    pairs = [(a, b) for a, b in zip(term.args, variable.args, strict=True) if a is not b]
    return mul(*(make("delta", (sub(a, b),)) for a, b in pairs))


def _reduced_slope(term: Term, inner: Term) -> Term:
    body, axes = term.args[0], term.data
    if term.head in ("sum", "mean"):
        return make(term.head, (inner,), axes)
    if term.head == "logsumexp":
        return reduction("sum", axes, mul(call("exp", sub(body, term)), inner))
    if term.head == "prod":
        return mul(term, reduction("sum", axes, div(inner, body)))
    reached = make("delta", (sub(body, term),))
    return mul(make("unique", (term,)), reduction("sum", axes, mul(reached, inner)))


def _chosen_slope(term: Term, variable: Term, inner: list[Term]) -> Term:
    """Differentiate a choice under a sum: branch by branch, nowhere at a join that the variable moves."""
    args = term.args
    if term.head in ("max", "min") and len(args) == 2:
        above = relation("gt" if term.head == "max" else "lt", *args)
        return add(where(above, *inner), _join(sub(*args), variable))
    if term.head == "abs":
        return add(where(relation("gt", args[0], ZERO), inner[0], neg(inner[0])), _join(args[0], variable))
    if term.head == "sign":
        return _join(args[0], variable)
    if term.head in ("where", "bracket"):
        gaps = [sub(*part.args) for part in postorder(args[0]) if part.head in HOLDS]
        taken = [where(args[0], *inner[1:])] if term.head == "where" else []
        return add(*taken, *(_join(gap, variable) for gap in gaps))
    raise NotDifferentiable(f"the kernel has no derivative for {term.head} of {len(args)} terms under a sum")


def _join(gap: Term, variable: Term) -> Term:
    return make("join", (gap,)) if moves(variable, gap) else ZERO


def moves(variable: Term, term: Term) -> bool:
    """Say whether a term may change with the variable."""
    return any(part.head == "sym" and part.data == variable.data for part in postorder(term))


def _product_rule(args: tuple[Term, ...], inner: list[Term]) -> Iterator[Term]:
    for i, part in enumerate(inner):
        if part is not ZERO:
            yield mul(*(part if j == i else arg for j, arg in enumerate(args)))


def _quotient_rule(term: Term, inner: list[Term]) -> Term:
    bottom = term.args[1]
    if inner[1] is ZERO:
        return div(inner[0], bottom)
    return div(sub(inner[0], mul(term, inner[1])), bottom)


def _power_rule(term: Term, inner: list[Term]) -> Term:
    base, exponent = term.args
    if as_fraction(exponent) == 0:
        return ZERO
    along_base = mul(exponent, power(base, sub(exponent, ONE)), inner[0])
    along_exponent = mul(term, call("log", base), inner[1])
    if inner[1] is ZERO:
        return along_base
    return along_exponent if inner[0] is ZERO else add(along_base, along_exponent)


#: Whether a relation holds, given the sign of left - right.
HOLDS: Final[dict[str, Callable[[int], bool]]] = {
    "lt": lambda s: s < 0,
    "le": lambda s: s <= 0,
    "gt": lambda s: s > 0,
    "ge": lambda s: s >= 0,
    "eq": lambda s: s == 0,
    "ne": lambda s: s != 0,
}


def holds(condition: Term, sign: Chooser) -> bool:
    """Say whether a condition holds, given the signs of its subjects."""
    if condition.head in HOLDS:
        return HOLDS[condition.head](sign(sub(*condition.args)))
    if condition.head == "not":
        return not holds(condition.args[0], sign)
    every = condition.head == "and"
    return (all if every else any)([holds(arg, sign) for arg in condition.args])


def choose(term: Term, sign: Chooser) -> Term:
    """Return the branch that a choice takes, given the signs of its subjects."""
    if term.head in ("max", "min"):
        best = term.args[0]
        for other in term.args[1:]:
            above = sign(sub(best, other)) >= 0
            best = best if above is (term.head == "max") else other
        return best
    if term.head == "abs":
        return term.args[0] if sign(term.args[0]) >= 0 else neg(term.args[0])
    if term.head == "sign":
        return num(sign(term.args[0]))
    true, false = term.args[1:] if term.head == "where" else (ONE, ZERO)
    return true if holds(term.args[0], sign) else false


#: A function and the symbol by which it is differentiated.
Function = tuple[Term, Term]


def resolve(root: Term, sign: Chooser, functions: list[Function]) -> Term:
    """Return ``root`` without choices and inner derivatives, each choice taken by ``sign``.

    A branch that is not taken is not looked at.  The functions of inner derivatives are added to ``functions``:
    a derivative exists only where its function does.
    """
    done: dict[Term, Term] = {}
    stack = [root]
    while stack:
        term = stack[-1]
        missing = [arg for arg in _wanted(term, sign, done) if arg not in done]
        stack.extend(missing)
        if missing:
            continue
        stack.pop()
        if term not in done:
            done[term] = _resolved(term, sign, done, functions)
    return done[root]


def _wanted(term: Term, sign: Chooser, done: Mapping[Term, Term]) -> tuple[Term, ...]:
    if term.head != "where" or _is_indexed(term):
        return term.args
    condition = term.args[0]
    return (condition, _branch(term, sign, done)) if condition in done else (condition,)


def _branch(term: Term, sign: Chooser, done: Mapping[Term, Term]) -> Term:
    return term.args[1] if holds(done[term.args[0]], sign) else term.args[2]


def _resolved(term: Term, sign: Chooser, done: Mapping[Term, Term], functions: list[Function]) -> Term:
    if term.head == "where" and not _is_indexed(term):
        return done[_branch(term, sign, done)]
    plain = rebuild(term, tuple(done[arg] for arg in term.args))
    if term.head in CHOICES and not _is_indexed(plain):
        return choose(plain, sign)
    if term.head == "D":
        function, variable = plain.args
        if variable.head != "sym":
            raise NotDifferentiable("the kernel has no derivative by a line within a derivative")
        functions.append((function, variable))
        return differentiate(function, variable)
    return plain


def interior(functions: Iterable[Function]) -> tuple[Function, ...]:
    """Return each base that the variable moves, with its exponent: where that is not whole, the base is positive."""
    found: dict[Function, None] = {}
    for function, variable in functions:
        for term in postorder(function):
            exponent = HALF if term.head == "sqrt" else term.args[1] if term.head == "pow" else ONE
            if not _is_whole(exponent) and moves(variable, term.args[0]):
                found[term.args[0], exponent] = None
    return tuple(found)


def _is_whole(exponent: Term) -> bool:
    value = as_fraction(exponent)
    return value is not None and value.denominator == 1


def _is_indexed(term: Term) -> bool:
    """Say whether a choice depends on a bound index, or on nothing but indices."""
    subject = term.args[0] if term.head in ("where", "bracket") else term
    return has_bound(subject) or (bool(subject.axes) and all(part.head != "sym" for part in postorder(subject)))


class _Fork(Exception):
    """A join was met whose side is not chosen yet."""


@dataclass(frozen=True, slots=True)
class Side:
    """A function as it reads where every join has the sign that is given for it."""

    signs: tuple[tuple[Term, int], ...]
    function: Term


def sides(root: Term, variable: Term, sign: Chooser, name: Callable[[Term], tuple[Term, int]]) -> Sides:
    """Return ``root`` as it reads on every side of the joins that the point sits on, and inner functions.

    Subjects of choices count as inner functions: next to the point they need values as well.

    A join is a subject that is zero in this case and that the variable, or that of a derivative within, moves.
    ``name`` gives the same term for subjects that differ by a rational factor only, with the factor's sign.
    """
    variables = {variable, *(term.args[1] for term in postorder(root) if term.head == "D")}

    def is_moved(subject: Term) -> bool:
        return any(moves(each, subject) for each in variables)

    pending: list[dict[Term, int]] = [{}]
    found: list[Side] = []
    inner: list[Function] = []
    joins = 0
    while pending:
        taken = pending.pop()

        def chooser(subject: Term, taken: dict[Term, int] = taken) -> int:
            if taken and is_moved(subject):
                known, direction = name(subject)
                if known in taken:
                    return taken[known] * direction
            value = sign(subject)
            if is_moved(subject):
                inner.append((subject, variable))
            if value == 0 and is_moved(subject):
                raise _Fork(name(subject)[0])
            return value

        try:
            found.append(Side(tuple(taken.items()), resolve(root, chooser, inner)))
        except _Fork as fork:
            joins += 1
            if joins > MAX_JOINS:
                raise NotDifferentiable("too many joins meet in a point") from None
            pending.extend({**taken, fork.args[0]: side} for side in (-1, 0, 1))
    return Sides(tuple(found), tuple(dict.fromkeys(inner)))


@dataclass(frozen=True, slots=True)
class Sides:
    """Every side of a point, and the functions of the derivatives within."""

    found: tuple[Side, ...]
    inner: tuple[Function, ...]

    @property
    def joins(self) -> tuple[Term, ...]:
        return tuple(dict.fromkeys(join for side in self.found for join, _ in side.signs))

    def beside(self, crossed: Iterable[Term]) -> tuple[Term, ...]:
        """Return the functions on the sides that have points next to this one.

        A join that the variable crosses (its slope is not zero) is zero at this point only: the side on which
        it is zero has no points beside this one.
        """
        gone = set(crossed)
        kept = (side for side in self.found if not any(s == 0 and join in gone for join, s in side.signs))
        return tuple(dict.fromkeys(side.function for side in kept))

"""The proof of a step, case by case: every word of the certificate is checked, none is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from backproof import terms
from backproof.domains import Context
from backproof.terms import ONE, ZERO, Term, add, div, idx, mul, neg, num, sub, sym
from backproof.verify.case import Case
from backproof.verify.polynomials import (
    NONZERO,
    UP,
    WEAK,
    Rejected,
    Signs,
    primitive,
    require,
    scaled,
)
from backproof.verify.polynomials import ZERO as ONLY_ZERO
from backproof.verify.reading import at
from backproof.verify.signs import Empty

#: What a condition says of the difference of its sides.
CONDITIONS: dict[str, Signs] = {"gt": UP, "ge": WEAK, "ne": NONZERO, "eq": ONLY_ZERO}


def check_proof(left: Term, right: Term, context: Context, certificate: dict[str, Any]) -> tuple[Term, ...]:
    """Return the conditions under which the certificate proves the step; raise Rejected where it does not."""
    rows = read_rows(certificate)
    sides = [rows[i] for i in certificate["sides"]]
    require(len(sides) == 2 and sides[0] is left and sides[1] is right, "a certificate for another step")
    conditions = tuple(rows[i] for i in certificate["conditions"])
    definitions = [made.term for made in context.definitions.values()]
    require(is_plain(left, right, *conditions, *definitions), "a name that is the checker's own")
    for condition in conditions:
        require(condition.head in CONDITIONS, "a condition of another kind")
        context = narrowed(context, condition)
    free = [str(name) for name in certificate["free"]]
    require(len(set(free)) == len(free) and not set(free) & set(context.definitions), "a name twice, or a line")
    seen = 0
    for leaf in leaves(certificate["tree"], free, context, rows):
        try:
            case = Case(context, leaf.values)
            hear(case, leaf.node, rows)
            learn(case, conditions, [*leaf.facts])
            hear(case, leaf.node, rows)
            gap = case.same(*(case.value(at(case.renamed(side), leaf.places)) for side in (left, right)))
        except Empty:
            continue
        seen += 1
        require(gap, "the sides differ in a case")
    require(seen, "the sides are defined nowhere")
    return conditions


def read_rows(certificate: dict[str, Any]) -> list[Term]:
    """Return the terms of a certificate; none has a name that is the checker's own."""
    rows: list[Term] = []
    for head, data, args in certificate["rows"]:
        require("#" not in str(data), "a name that is the checker's own")
        value = Fraction(data) if head == "num" else tuple(data) if isinstance(data, list) else data
        rows.append(terms.make(head, [rows[i] for i in args], value))
    return rows


def is_certain(condition: Term, context: Context) -> bool:
    """Say whether a condition holds everywhere, at all values of its indices."""
    pending, names = [Leaf({}, {})], reached(condition, context)
    for name in names:
        pending = [
            leaf.told({}, name, value, *facts)
            for leaf in pending
            for value, facts in covering(context, name, leaf.parameter())
        ]
        require(len(pending) < 200, "too many cases")
    for leaf in pending:
        case = Case(context, leaf.values)
        try:
            learn(case, (), [*leaf.facts])
            if not case.signs(case.value(sub(*condition.args))) <= CONDITIONS[condition.head]:
                return False
        except Empty:
            continue
    return True


def reached(root: Term, context: Context) -> list[str]:
    """Return the names without a definition that a term comes down to."""
    found: dict[str, None] = {}
    pending = [root]
    while pending:
        for name in terms.names(pending.pop()):
            if name not in found and name in context.definitions:
                pending.append(context.definitions[name].term)
            found[name] = None
    return [name for name in found if name not in context.definitions and name != "pi"]


def is_plain(*roots: Term) -> bool:
    """Say whether terms have no parameters and no bound indices of the checker's."""
    parts = terms.postorder(*roots)
    used = (name for t in parts for name in (t.data if isinstance(t.data, tuple) else (t.data,)))
    return not any(isinstance(name, str) and (name.startswith("_") or "#" in name) for name in used)


def narrowed(context: Context, condition: Term) -> Context:
    """Return the context in which a condition on a name alone is part of its domain."""
    subject, bound = condition.args
    generic = all(arg.head == "idx" for arg in subject.args) and len(set(subject.args)) == len(subject.args)
    if subject.head != "sym" or bound is not ZERO or not generic or subject.data in context.definitions:
        return context
    domain, head = context.domain(subject.data), condition.head
    if head == "ne":
        domain = replace(domain, nonzero=True)
    elif head in ("gt", "ge") and (domain.low is None or domain.low < 0):
        domain = replace(domain, low=Fraction(0), low_open=head == "gt")
    elif head == "gt" and domain.low == 0:
        domain = replace(domain, low_open=True)
    return replace(context, domains={**context.domains, subject.data: domain})


def learn(case: Case, conditions: tuple[Term, ...], facts: list[tuple[Term, Signs]]) -> None:
    """Learn every condition, which holds for all values of its indices, and every fact; one may need others first."""
    pending = [*facts, *((sub(*c.args), CONDITIONS[c.head]) for c in conditions)]
    while pending:
        waiting = []
        for subject, signs in pending:
            try:
                case.learn(case.value(subject), signs)
            except Rejected:
                waiting.append((subject, signs))
        require(len(waiting) < len(pending), "a fact without a value")
        pending = waiting
    case.conditions = tuple((sub(*c.args), CONDITIONS[c.head]) for c in conditions)


def hear(case: Case, node: dict[str, Any], rows: list[Term]) -> None:
    """Take factors and angles from the certificate; those without a value are left out."""
    for kind, kept in (("factors", case.hints), ("angles", case.angles)):
        for row in node.get(kind, ()):
            try:
                value = case.value(rows[row])
            except Rejected:
                continue
            if kind == "angles":
                kept += [value] if value and value not in kept else []
            elif len(q := case.cleared(value)[0]) > 1 and primitive(q)[1] not in kept:
                kept.append(primitive(q)[1])


# Cases -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Leaf:
    """A case at the end of the tree: what names are there, and which signs subjects have."""

    node: dict[str, Any]
    values: dict[str, Term]
    facts: tuple[tuple[Term, Signs], ...] = ()
    places: dict[str, Term] = field(default_factory=dict)

    def parameters(self) -> set[str]:
        return {n for value in self.values.values() for n in terms.names(value) if n.startswith("_")}

    def parameter(self) -> Term:
        return sym(f"_{len(self.parameters())}")

    def told(self, node: dict[str, Any], name: str, value: Term | None, *facts: tuple[Term, Signs]) -> Leaf:
        values = self.values if value is None else {**self.values, name: value}
        return replace(self, node=node, values=values, facts=(*self.facts, *facts))

    def placed(self, node: dict[str, Any], name: str, place: Term) -> Leaf:
        """Return the case in which a free index is the same as another."""
        moved = {old: place if where is idx(name) else where for old, where in self.places.items()}
        facts = tuple((at(subject, {name: place}), signs) for subject, signs in self.facts)
        return replace(self, node=node, facts=facts, places={**moved, name: place})


def leaves(tree: dict[str, Any], free: list[str], context: Context, rows: list[Term]) -> Iterator[Leaf]:
    """Yield the cases at the ends of the tree, having checked at every fork that its parts cover the whole."""
    stack = [(Leaf(tree, {}), free)]
    while stack:
        leaf, names = stack.pop()
        parts = leaf.node["parts"]
        if names:
            said = [None if row is None else rows[row] for (_, _, row), _ in parts]
            require([key[:2] for key, _ in parts] == [["name", names[0]]] * len(parts), "a name is passed over")
            every = covering(context, names[0], leaf.parameter())
            every = [(None, [])] if said == [None] else every
            require(said == [value for value, _ in every], "parts that do not cover a domain")
            for (_, child), (value, facts) in zip(parts, every, strict=True):
                stack.append((leaf.told(child, names[0], value, *facts), names[1:]))
        elif not parts:
            yield leaf
        elif parts[0][0][0] == "index":
            ((first, together), (second, apart)) = parts
            name, place = str(first[1]), rows[first[2]]
            require(first == second and place.head == "idx" and place.data != name, "not two indices")
            unequal = (sub(idx(name), place), NONZERO)
            stack += [(leaf.placed(together, name, place), []), (leaf.told(apart, "", None, unequal), [])]
        else:
            require([key[2] for key, _ in parts] == [1, 0, -1], "a sign is missing")
            require(len({key[1] for key, _ in parts}) == 1, "signs of different subjects")
            for (kind, row, sign, *solved), child in parts:
                subject = rows[row]
                named = {n for n in terms.names(subject) if n.startswith("_")}
                require(named <= leaf.parameters(), "a parameter of which nothing is known")
                if kind == "sign":
                    stack.append((leaf.told(child, "", None, (subject, frozenset({sign}))), []))
                else:
                    name, value = str(solved[0]), rows[solved[1]]
                    require(name not in leaf.values and name not in context.definitions, "a name that is known")
                    require(not context.shapes.get(name), "an array as a number")
                    require(solves(context, leaf, subject, sign, name, value), "a value that a name need not have")
                    stack.append((leaf.told(child, name, value), []))


def covering(context: Context, name: str, p: Term) -> list[tuple[Term | None, list[tuple[Term, Signs]]]]:
    """Return terms in a positive parameter that together take every value of a domain, with what holds there beside;
    None: the name itself."""
    domain = context.domain(name)
    low, high = domain.low, domain.high
    if context.shapes.get(name):
        is_open = domain.low_open and domain.high_open and not (domain.integer or domain.constraint)
        entry = sym(p.data, *map(idx, context.shapes[name]))
        return [(interior_of(low, high, entry) if is_open else None, [])]
    lows = [num(low)] if low is not None and not domain.low_open else []
    highs = [num(high)] if high is not None and not domain.high_open else []
    made: list[tuple[Term | None, list[tuple[Term, Signs]]]] = [(end, []) for end in (*lows, *highs)]
    if low is not None and low == high:
        return made[:1]
    inside = None if domain.integer else interior_of(low, high, p)
    if inside is None and not domain.integer and made:
        inside = p if lows else neg(p)
    beside = [(sub(sym(name), end), UP) for end in lows] + [(sub(end, sym(name)), UP) for end in highs]
    return [*made, (inside, beside if inside is None else [])]


def interior_of(low: Fraction | None, high: Fraction | None, p: Term) -> Term | None:
    """Return an open interval as a term in a positive parameter; None where the name itself will do."""
    if low is not None and high is not None:
        return div(add(num(low), mul(num(high), p)), add(ONE, p))
    if low is not None:
        return add(num(low), p) if low else None
    return sub(num(high), p) if high else None


def solves(context: Context, leaf: Leaf, subject: Term, sign: int, name: str, value: Term) -> bool:
    """Say whether the name has this value, for some positive parameter, wherever the subject has the sign.

    The subject is c*name + rest with a number c.  With the value it is a positive number times the parameter,
    times the sign; or name is positive, c*(name - r) the subject, and the value r*p/(1 + p) takes all of (0, r).
    """
    p = leaf.parameter()
    before, after = Case(context, leaf.values), Case(context, {**leaf.values, name: value})
    line, atom = before.value(subject), before.of("atom", name)
    ((monomial, _),) = atom.items()
    slope = line.get(monomial, Fraction(0))
    rest = {m: v for m, v in line.items() if m != monomial}
    if not slope or before.mentions(rest, monomial[0][0]):
        return False
    made = after.value(subject)
    if not sign or not made:
        return not made and not sign
    if made == scaled(after.of("atom", p.data), sign * abs(next(iter(made.values())))):
        return True
    root = -rest.get((), Fraction(0)) / slope
    below = mul(num(root), div(p, add(ONE, p)))
    positive = before.own(monomial[0][0]) == UP and set(rest) == {()} and root > 0
    return bool(positive and sign == (-1 if slope > 0 else 1) and value is below)

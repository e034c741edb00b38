"""The proof of a step, case by case: every word of the certificate is checked, none is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import lcm
from typing import Any

from backproof import terms
from backproof.domains import Context, Domain
from backproof.terms import ONE, ZERO, Term, add, call, div, mul, neg, num, sub, sym
from backproof.verify.polynomials import (
    ANY,
    DOWN,
    UNIT,
    UP,
    WEAK,
    Poly,
    Rejected,
    Signs,
    Value,
    divided,
    plus,
    product_of,
    raised,
    require,
    sum_of,
    times,
)  # fmt: skip
from backproof.verify.reading import CHOICES, Reader, interior, slope


class Empty(Exception):
    """No point lies in the case."""


def narrowed(domain: Domain, head: str) -> Domain:
    """Return the part of the domain in which the name itself is positive, at least zero, or not zero."""
    if head == "ne":
        return replace(domain, nonzero=True)
    if domain.low is None or domain.low < 0:
        return replace(domain, low=Fraction(0), low_open=head == "gt")
    return replace(domain, low_open=True) if head == "gt" and domain.low == 0 else domain


def covering(domain: Domain, p: Term) -> list[Term | None]:
    """Return terms in a positive parameter that together take every value of the domain; None: the name itself."""
    low, high = domain.low, domain.high
    made: list[Term | None] = [
        num(end)
        for end, is_open in ((low, domain.low_open), (high, domain.high_open))
        if end is not None and not is_open
    ]
    if low is not None and low == high:
        return made[:1]
    if domain.integer or (low is None and high is None):
        return [*made, None]
    if low is not None and high is not None:
        return [*made, div(add(num(low), mul(num(high), p)), add(ONE, p))]
    if low is not None:
        return [*made, add(num(low), p) if low else None if domain.low_open else p]
    return [*made, sub(num(high or 0), p) if high else None if domain.high_open else neg(p)]


def signs_of_domain(domain: Domain) -> Signs:
    """Return the signs that a number of the domain can have, closed ends included."""
    above = domain.low is None or domain.low < 0
    below = domain.high is None or domain.high > 0
    zero = domain.contains(Fraction(0))
    return frozenset({-1} if above else set()) | ({1} if below else set()) | ({0} if zero else set())


def read_poly(data: Any) -> Poly:
    return {tuple((int(g), int(e)) for g, e in monomial): Fraction(value) for value, monomial in data}


class Case(Reader):
    """One case: what names are, what is known there, and the value of every term."""

    def __init__(self, context: Context, values: dict[str, Term], hints: dict[str, Any], rows: list[Term]) -> None:
        self.context, self.values = context, values
        self.generators: list[dict[str, Any]] = [dict(g) for g in hints["generators"]]
        for i, g in enumerate(self.generators):
            if g["head"] != "atom":
                g["of"] = (read_poly(g["of"][0]), read_poly(g["of"][1]))
                used = [number for p in g["of"] for monomial in p for number, _ in monomial]
                require(all(0 <= number < i for number in used), "a function of itself")
        self.claims = {rows[i]: (read_poly(n), read_poly(d)) for i, n, d in hints["values"]}
        self.factors = {}
        for whole, lead, parts in hints["factors"]:
            split = [(read_poly(f), int(n)) for f, n in parts]
            again: Poly = {(): Fraction(lead)}
            for factor, n in split:
                again = times(again, raised(factor, n))
            require(again == read_poly(whole), "factors that do not multiply up")
            key, direction = self.key(again)
            self.factors[key] = (direction if Fraction(lead) > 0 else -direction, split)
        self.known: dict[Any, Signs] = {}
        self.zeros: list[Poly] = []
        self.done: dict[Term, Value] = {}
        self.own: dict[int, Signs] = {}

    # Signs ----------------------------------------------------------------------------------------

    @staticmethod
    def key(p: Poly) -> tuple[Any, int]:
        """Return one key for all multiples of a polynomial, and the sign of the multiple."""
        lead = p[max(p)]
        return tuple(sorted((m, v / lead) for m, v in p.items())), 1 if lead > 0 else -1

    def learn(self, p: Poly, signs: Signs) -> None:
        if not signs & self.signs(p):
            raise Empty
        key, direction = self.key(p)
        self.known[key] = self.known.get(key, ANY) & product_of(signs, frozenset({direction}))
        if signs == {0} and any(p):
            self.zeros.append(p)

    def learn_value(self, value: Value, signs: Signs) -> None:
        whole = times(*value)
        if not whole:
            if 0 not in signs:
                raise Empty
            return
        self.learn(whole, signs)
        key, direction = self.key(value[0])
        lead, factors = self.factors.get(key, (direction, [(value[0], 1)]))
        rest, open_ones = frozenset({lead * direction}), []
        for factor, n in [*factors, (value[1], 1)]:
            one = self.even(self.signs(factor), n)
            if one in (UP, DOWN):
                rest = product_of(rest, one)
            else:
                open_ones.append((factor, n))
        for factor, _ in open_ones if 0 not in signs else ():
            self.learn(factor, frozenset({-1, 1}))
        if len(open_ones) == 1 and open_ones[0][1] % 2:
            self.learn(open_ones[0][0], product_of(signs, rest))

    def of(self, value: Value) -> Signs:
        return product_of(self.signs(value[0]), self.signs(value[1]))

    def signs(self, p: Poly, depth: int = 0) -> Signs:
        """Return the signs that a polynomial may have on the case: everything that is known, at once."""
        if not p:
            return frozenset({0})
        key, direction = self.key(p)
        found = product_of(self.known.get(key, ANY), frozenset({direction}))
        found &= sum_of([product_of(UP if v > 0 else DOWN, *(self.power(g, e) for g, e in m)) for m, v in p.items()])
        if depth < 4 and len(found) > 1:
            found &= self.by_factors(p, key, depth) & self.by_exponents(p) & self.by_square(p, depth)
        if not found:
            raise Empty
        return found

    def by_factors(self, p: Poly, key: Any, depth: int) -> Signs:
        if key not in self.factors:
            return ANY
        lead, parts = self.factors[key]
        known = (self.even(self.signs(factor, depth + 1), n) for factor, n in parts)
        return product_of(frozenset({lead * self.key(p)[1]}), *known)

    @staticmethod
    def even(signs: Signs, n: int) -> Signs:
        return signs if n % 2 else frozenset(s * s for s in signs)

    def power(self, g: int, n: int) -> Signs:
        return self.even(self.generator(g), n)

    def by_exponents(self, p: Poly) -> Signs:
        """c*(exp(u) - exp(v)) has the sign of c*(u - v); a sum of whole multiples of logs that of a product, less 1."""
        heads = [self.generators[g]["head"] for m in p for g, _ in m]
        if len(p) == 2 and set(heads) <= {"exp"} and sum(p.values()) == 0:
            (m, c), (n, _) = p.items()
            gap = self.minus(self.exponent(m), self.exponent(n))
            return product_of(UP if c > 0 else DOWN, self.of(gap))
        if set(heads) == {"log"} and all(len(m) == 1 and m[0][1] == 1 for m in p):
            unit = min(abs(c) for c in p.values())
            total: Value = (UNIT, UNIT)
            for m, c in p.items():
                if (c / unit).denominator != 1 or abs(c / unit) > 8:
                    return ANY
                total = self.times(total, self.raised(self.generators[m[0][0]]["of"], int(c / unit)))
            return self.of(self.minus(total, (UNIT, UNIT)))
        return ANY

    def exponent(self, monomial: Any) -> Value:
        total: Value = ({}, UNIT)
        for g, n in monomial:
            total = self.plus(total, self.times(({(): Fraction(n)}, UNIT), self.generators[g]["of"]))
        return total

    def by_square(self, p: Poly, depth: int) -> Signs:
        """a*v^2 + b*v + c with 4ac > b^2 has the sign of a."""
        for g in {g for m in p for g, n in m if n == 2}:
            parts: list[Poly] = [{}, {}, {}]
            if any(dict(m).get(g, 0) > 2 for m in p):
                continue
            for m, v in p.items():
                parts[dict(m).get(g, 0)][tuple(x for x in m if x[0] != g)] = v
            gap = plus(times({(): Fraction(4)}, times(parts[2], parts[0])), times(parts[1], parts[1]), Fraction(-1))
            if gap and self.signs(gap, depth + 1) == UP:
                return self.signs(parts[2], depth + 1)
        return ANY

    def generator(self, i: int) -> Signs:
        """Return the signs of a generator; one that is no real number on the case is refused."""
        if i not in self.own:
            self.own[i] = ANY  # while it is looked for
            try:
                self.own[i] = self.generator_signs(self.generators[i])
            except Rejected:
                del self.own[i]
                raise
        return self.own[i]

    def generator_signs(self, g: dict[str, Any]) -> Signs:
        head = g["head"]
        if head == "atom":
            known = {*self.values, *self.context.definitions}
            require(g["name"] not in known, "an atom that is defined")
            signs = self.atom_signs(g["name"])
            require(g["degree"] == 1 or signs == UP, "the root of an atom that may be negative")
            return signs
        require(0 not in self.signs(g["of"][1]), "a function of what may have no value")
        inner = self.of(g["of"])
        if head == "exp":
            return UP
        if head == "log":
            require(inner == UP, "the logarithm of what may not be positive")
            return self.of(self.minus(g["of"], (UNIT, UNIT)))
        if head == "root":
            require(inner <= WEAK and set(g["of"][1]) == {()}, "the root of what may be negative")
            return inner
        require(head in ("atan", "erf", "cos", "sin"), "an unknown function")
        return inner if head in ("atan", "erf") else ANY

    def atom_signs(self, name: str) -> Signs:
        if name.startswith("_"):
            return UP
        if name == "pi" and "pi" not in self.context.domains:
            return UP
        return signs_of_domain(self.context.domain(name))

    def need(self, value: Value, signs: Signs, why: str) -> None:
        require(self.of(value) <= signs, why)

    # Arithmetic ------------------------------------------------------------------------------------

    def reduced(self, p: Poly) -> Poly:
        """Apply root^n = radicand and sin^2 = 1 - cos^2 until none applies."""
        while True:
            for m, v in p.items():
                for g, n in m:
                    made = self.relation(g)
                    if made and n >= made[0]:
                        rest = tuple((h, e - made[0] if h == g else e) for h, e in m if h != g or e > made[0])
                        p = plus(plus(p, {m: -v}), times({rest: v}, made[1]))
                        break
                else:
                    continue
                break
            else:
                return p

    def relation(self, i: int) -> tuple[int, Poly] | None:
        g = self.generators[i]
        if g["head"] == "root":
            self.generator(i)
            return int(g["degree"]), times(g["of"][0], {(): 1 / g["of"][1][()]})
        if g["head"] == "sin":
            before = self.generators[i - 1]
            require(i > 0 and before["head"] == "cos" and before["of"] == g["of"], "a sine without its cosine")
            self.generator(i)
            return 2, {(): Fraction(1), ((i - 1, 2),): Fraction(-1)}
        return None

    def simple(self, value: Value) -> Value:
        return self.reduced(value[0]), self.reduced(value[1])

    def plus(self, a: Value, b: Value) -> Value:
        if a[1] == b[1]:
            return plus(a[0], b[0]), a[1]
        return self.simple((plus(times(a[0], b[1]), times(b[0], a[1])), times(a[1], b[1])))

    def minus(self, a: Value, b: Value) -> Value:
        return self.plus(a, (plus({}, b[0], Fraction(-1)), b[1]))

    def times(self, a: Value, b: Value) -> Value:
        return self.simple((times(a[0], b[0]), times(a[1], b[1])))

    def raised(self, a: Value, n: int) -> Value:
        top, bottom = a if n >= 0 else (a[1], a[0])
        return self.simple((raised(top, abs(n)), raised(bottom, abs(n))))

    def same(self, a: Value, b: Value) -> bool:
        gap = self.reduced(plus(times(a[0], b[1]), times(b[0], a[1]), Fraction(-1)))
        for zero in self.zeros:
            gap = gap and divided(gap, zero)[1]
        return not gap

    # Terms -----------------------------------------------------------------------------------------

    def sign(self, subject: Term) -> int:
        signs = self.of(self.value(subject))
        require(len(signs) == 1, "a sign that is not known")
        return next(iter(signs))

    def value(self, t: Term) -> Value:
        """Return the value of a term: worked out, and where it is claimed, compared and taken as claimed."""
        if t not in self.done:
            made = self.work_out(t)
            claim = self.claims.get(t)
            if claim is not None and made is not claim:
                self.need((claim[1], UNIT), frozenset({-1, 1}), "a denominator that may be zero")
                require(self.same(made, claim), "a value that is not what is claimed")
                made = claim
            self.done[t] = made
        return self.done[t]

    def work_out(self, t: Term) -> Value:
        if t.head == "sym":
            return self.name(t)
        if t.head in CHOICES:
            return self.value(self.chosen(t, self.sign))
        if t.head == "D":
            return self.derivative(t)
        rule = getattr(self, "_" + t.head, None)
        require(rule is not None, f"no rule for {t.head}")
        value: Value = rule(t, *(self.value(arg) for arg in t.args))  # type: ignore[misc]
        return value

    def name(self, t: Term) -> Value:
        require(not t.args, "an entry of an array")
        if t.data in self.values:
            return self.value(self.values[t.data])
        if t.data in self.context.definitions:
            return self.value(self.context.definitions[t.data].term)
        for i, g in enumerate(self.generators):
            if g["head"] == "atom" and g["name"] == t.data:
                self.generator(i)
                return {((i, g["degree"]),): Fraction(1)}, UNIT
        raise Rejected(f"no generator for {t.data}")

    def derivative(self, t: Term) -> Value:
        function, x = self.unfolded(t.args[0], t.args[1], {}), t.args[1]
        found, inner = self.sides(function, x)
        for each, by in [*((side, x) for side in found), *inner]:
            self.value(each)
            for base, n in interior(each, by):
                exponent = self.value(n)
                constant = set(exponent[0]) <= {()} and set(exponent[1]) == {()}
                if not constant or (exponent[0].get((), Fraction(0)) / exponent[1][()]).denominator != 1:
                    self.need(self.value(base), UP, "a derivative at the edge of a root")
        slopes = [self.value(slope(side, x)) for side in found]
        here = self.value(function)
        require(all(self.same(self.value(side), here) for side in found), "a jump")
        require(all(self.same(each, slopes[0]) for each in slopes), "a corner")
        return slopes[0]

    def _num(self, t: Term) -> Value:
        return ({(): t.data} if t.data else {}), UNIT

    def _add(self, t: Term, *args: Value) -> Value:
        total: Value = ({}, UNIT)
        for arg in args:
            total = self.plus(total, arg)
        return total

    def _mul(self, t: Term, *args: Value) -> Value:
        total: Value = (UNIT, UNIT)
        for arg in args:
            total = self.times(total, arg)
        return total

    def _neg(self, t: Term, a: Value) -> Value:
        return self.minus(({}, UNIT), a)

    def _div(self, t: Term, a: Value, b: Value) -> Value:
        self.need(b, frozenset({-1, 1}), "a division by what may be zero")
        return self.times(a, (b[1], b[0]))

    def claimed(self, t: Term) -> Value:
        require(t in self.claims, f"nothing is said of a term with {t.head}")
        claim = self.claims[t]
        self.need((claim[1], UNIT), frozenset({-1, 1}), "a denominator that may be zero")
        for part in claim:
            for monomial in part:
                for g, _ in monomial:
                    self.generator(g)
        return claim

    def _pow(self, t: Term, base: Value, exponent: Value) -> Value:
        if set(exponent[0]) <= {()} and set(exponent[1]) == {()}:
            n = exponent[0].get((), Fraction(0)) / exponent[1][()]
            if n < 0:
                self.need(base, frozenset({-1, 1}), "a negative power of what may be zero")
            if n.denominator == 1:
                return self.raised(base, int(n))
            return self.rooted(t, base, n)
        self.need(base, UP, "a power of what may not be positive")
        claim = self.claimed(t)
        logarithm = self.value(call("log", t.args[0]))
        require(self.is_exp(claim, self.times(exponent, logarithm)), "a power that is not what is claimed")
        return claim

    def rooted(self, t: Term, base: Value, n: Fraction) -> Value:
        self.need(base, WEAK, "the root of what may be negative")
        claim = self.claimed(t)
        require(self.same(self.raised(claim, n.denominator), self.raised(base, n.numerator)), "a wrong root")
        self.need(claim, WEAK, "a root that may be negative")
        return claim

    def _sqrt(self, t: Term, a: Value) -> Value:
        return self.rooted(t, a, Fraction(1, 2))

    def _exp(self, t: Term, a: Value) -> Value:
        claim = self.claimed(t)
        require(self.is_exp(claim, a), "an exponential that is not what is claimed")
        return claim

    def _log(self, t: Term, a: Value) -> Value:
        self.need(a, UP, "the logarithm of what may not be positive")
        claim = self.claimed(t)
        require(self.is_exp(a, claim), "a logarithm that is not what is claimed")
        return claim

    def is_exp(self, v: Value, u: Value) -> bool:
        """Say whether v = exp(u): exponentials are taken out of v, and what is left of u must be logarithms."""
        top, bottom = v
        for i, g in enumerate(self.generators):
            if g["head"] == "exp":
                up, down = (min(dict(m).get(i, 0) for m in p) if p else 0 for p in (top, bottom))
                top, bottom = (_lowered(p, i, n) for p, n in ((top, up), (bottom, down)))
                u = self.minus(u, self.times(({(): Fraction(up - down)} if up != down else {}, UNIT), g["of"]))
        rest, remainder = divided(u[0], u[1])
        rest, remainder = self.reduced(rest), self.reduced(remainder)
        if remainder or any(len(m) != 1 or m[0][1] != 1 or self.generators[m[0][0]]["head"] != "log" for m in rest):
            return False
        q = lcm(*(c.denominator for c in rest.values())) if rest else 1
        power: Value = (UNIT, UNIT)
        for monomial, c in rest.items():
            number = monomial[0][0]
            self.generator(number)
            power = self.times(power, self.raised(self.generators[number]["of"], int(c * q)))
        return self.same(self.raised((top, bottom), q), power) and (q == 1 or self.of((top, bottom)) == UP)

    def circle(self, u: Value) -> tuple[Value, Value]:
        """Return (cos u, sin u) by the addition theorem over the angles of the cosines."""
        result: tuple[Value, Value] = ((UNIT, UNIT), ({}, UNIT))
        total: Value = ({}, UNIT)
        whole, rest = divided(*u)
        for i, g in enumerate(self.generators):
            if g["head"] != "cos":
                continue
            angle = g["of"]
            here, below = (whole, UNIT) if set(angle[1]) == {()} else (rest, u[1])
            a, b = times(here, angle[1]), times(angle[0], below)
            n = a.get(max(b), Fraction(0)) / b[max(b)]
            if n.denominator != 1 or abs(n) > 64:
                continue
            if n:
                other = self.generators[i + 1]
                require(other["head"] == "sin" and other["of"] == angle, "a cosine without its sine")
                self.generator(i)
            total = self.plus(total, self.times(({(): n} if n else {}, UNIT), angle))
            c1: Value = ({((i, 1),): Fraction(1)}, UNIT)
            s1: Value = ({((i + 1, 1),): Fraction(1 if n > 0 else -1)}, UNIT)
            for _ in range(abs(int(n))):
                c, s = result
                turned = self.plus(self.times(s, c1), self.times(c, s1))
                result = self.minus(self.times(c, c1), self.times(s, s1)), turned
        require(self.same(total, u), "an angle that is not a sum of the angles")
        return result

    def _cos(self, t: Term, a: Value) -> Value:
        return self.circle(a)[0]

    def _sin(self, t: Term, a: Value) -> Value:
        return self.circle(a)[1]

    def _tan(self, t: Term, a: Value) -> Value:
        cosine, sine = self.circle(a)
        self.need(cosine, frozenset({-1, 1}), "a tangent where the cosine may be zero")
        return self.times(sine, (cosine[1], cosine[0]))

    def _sinh(self, t: Term, a: Value) -> Value:
        up = self.value(call("exp", t.args[0]))
        down = (up[1], up[0])
        if t.head == "tanh":
            top, bottom = self.plus(up, down)
            return self.times(self.minus(up, down), (bottom, top))
        both = self.minus(up, down) if t.head == "sinh" else self.plus(up, down)
        return self.times(both, ({(): Fraction(1, 2)}, UNIT))

    _cosh = _tanh = _sinh

    def _atan(self, t: Term, a: Value) -> Value:
        claim = self.claimed(t)
        if not claim[0]:
            require(self.same(a, ({}, UNIT)), "an odd function that is zero elsewhere")
            return claim
        ((monomial, c),) = claim[0].items()
        require(len(monomial) == 1 and monomial[0][1] == 1 and abs(c) == 1 and claim[1] == UNIT, "no odd function")
        g = self.generators[monomial[0][0]]
        require(g["head"] == t.head and self.same(a, self.times(g["of"], ({(): c}, UNIT))), "another argument")
        return claim

    _erf = _atan


def _lowered(p: Poly, g: int, n: int) -> Poly:
    return {tuple((h, e - n if h == g else e) for h, e in m if h != g or e > n): v for m, v in p.items()}


# Cases -------------------------------------------------------------------------------------------------


def check_proof(left: Term, right: Term, context: Context, certificate: dict[str, Any]) -> tuple[Term, ...]:
    """Return the conditions under which the certificate proves the step; raise Rejected where it does not."""
    rows: list[Term] = []
    for head, data, args in certificate["rows"]:
        rows.append(terms.make(head, [rows[i] for i in args], Fraction(data) if head == "num" else data))
    sides = [rows[i] for i in certificate["sides"]]
    require(sides[0] is left and sides[1] is right and len(sides) == 2, "a certificate for another step")
    conditions = tuple(rows[i] for i in certificate["conditions"])
    for condition in conditions:
        if condition.args[0].head == "sym" and condition.args[1] is ZERO and condition.head in ("gt", "ge", "ne"):
            name = condition.args[0].data
            require(name not in context.definitions, "a condition on a line")
            narrower = narrowed(context.domain(name), condition.head)
            context = replace(context, domains={**context.domains, name: narrower})
    free = [str(name) for name in certificate["free"]]
    require(len(set(free)) == len(free), "a name twice")
    seen = 0
    for values, facts, hints in leaves(certificate["tree"], free, context, rows):
        case = Case(context, values, hints, rows)
        try:
            learn_all(case, [*((f, frozenset({s})) for f, s in facts), *map(assumption, conditions)])
        except Empty:
            continue
        seen += 1
        require(case.same(case.value(left), case.value(right)), "the sides differ in a case")
    require(seen, "the sides are defined nowhere")
    return conditions


def assumption(condition: Term) -> tuple[Term, Signs]:
    signs = {"gt": UP, "ge": WEAK, "ne": frozenset({-1, 1})}.get(condition.head)
    require(signs is not None, "a condition of another kind")
    return sub(*condition.args), signs or ANY


def learn_all(case: Case, pending: list[tuple[Term, Signs]]) -> None:
    """Learn every fact and condition; one may need others before it has a value."""
    while pending:
        waiting = []
        for subject, signs in pending:
            try:
                case.learn_value(case.value(subject), signs)
                case.own.clear()
            except Rejected:
                waiting.append((subject, signs))
        require(len(waiting) < len(pending), "a fact without a value")
        pending = waiting


Leaf = tuple[dict[str, Term], list[tuple[Term, int]], dict[str, Any]]


def leaves(tree: dict[str, Any], free: list[str], context: Context, rows: list[Term]) -> Iterator[Leaf]:
    """Yield the cases at the ends of the tree, having checked at every fork that its parts cover the whole."""
    stack: list[tuple[dict[str, Any], list[str], dict[str, Term], list[tuple[Term, int]]]] = [(tree, free, {}, [])]
    while stack:
        node, names, values, facts = stack.pop()
        parts = [(key, child) for key, child in node["parts"]]
        if names:
            name, fresh = names[0], sym(f"_{parameters(values)}")
            said = [None if value is None else rows[value] for (_, _, value), _ in parts]
            require([key[:2] for key, _ in parts] == [["name", name]] * len(parts), "a name is passed over")
            require(said == covering(context.domain(name), fresh), "parts that do not cover a domain")
            for (_, child), value in zip(parts, said, strict=True):
                inside = ends(name, context.domain(name)) if value is None else []
                made = values if value is None else {**values, name: value}
                stack.append((child, names[1:], made, [*facts, *inside]))
        elif not parts:
            yield values, facts, node
        elif parts[0][0][0] == "sign":
            require([key[2] for key, _ in parts] == [1, 0, -1], "a sign is missing")
            require(len({key[1] for key, _ in parts}) == 1, "signs of different subjects")
            stack += [(child, [], values, [*facts, (rows[key[1]], key[2])]) for key, child in parts]
        else:
            solved = [(str(key[1]), rows[key[2]]) for key, _ in parts]
            require(covers(solved, values, context), "parts that do not cover what a name can be")
            for (name, value), (_, child) in zip(solved, parts, strict=True):
                stack.append((child, [], {**values, name: value}, facts))


def ends(name: str, domain: Domain) -> list[tuple[Term, int]]:
    """Return what holds of a name beside its closed ends, which are cases of their own."""
    low = [(sub(sym(name), num(domain.low)), 1)] if domain.low is not None and not domain.low_open else []
    high = [(sub(num(domain.high), sym(name)), 1)] if domain.high is not None and not domain.high_open else []
    return [*low, *high]


def parameters(values: dict[str, Term]) -> int:
    return len({n for value in values.values() for n in terms.names(value) if n.startswith("_")})


def covers(solved: list[tuple[str, Term]], values: dict[str, Term], context: Context) -> bool:
    """Say whether three parts take every value: at + c*p, at, at - d*p for a real; r + p, r, r*p/(1+p) for r > 0."""
    p = sym(f"_{parameters(values)}")
    (first, _), (name, at), (last, _) = solved
    if any(n in values or n in context.definitions or context.domain(n).integer for n, _ in solved):
        return False
    if p.data in terms.names(at) or name in terms.names(at):
        return False
    own = [UP if n.startswith("_") else signs_of_domain(context.domain(n)) for n in (first, last)]
    if first == last == name and own[0] != UP:
        return _step(solved[0][1], at, p) * _step(solved[2][1], at, p) < 0
    root = terms.as_fraction(at)
    if first == last == name and root is not None and root > 0:
        down = mul(num(root), div(p, add(ONE, p)))
        return {solved[0][1], solved[2][1]} == {add(at, p), down}
    return own == [UP, UP] and _is_pair(solved, p)


def _step(value: Term, at: Term, p: Term) -> Fraction:
    """Return c where the value is ``at + c*p``; 0 for anything else."""
    is_step = value.head == "add" and len(value.args) == 2 and value.args[0] is at
    return _scale(value.args[1], p) if is_step else Fraction(0)


def _scale(step: Term, p: Term) -> Fraction:
    if step is p:
        return Fraction(1)
    if step.head == "neg":
        return -_scale(step.args[0], p)
    below = terms.as_fraction(step.args[1]) if step.head == "div" else None
    return _scale(step.args[0], p) / below if below else Fraction(0)


def _is_pair(solved: list[tuple[str, Term]], p: Term) -> bool:
    """x = r*d + p, x = r*d, d = (x + p)/r cover two positive names."""
    whole = {name: value for name, value in (solved[0], solved[2])}
    (x, at) = solved[1]
    d = next((name for name in whole if name != x), "")
    if len(whole) != 2 or at.head != "mul" or len(at.args) != 2 or at.args[1] is not sym(d):
        return False
    ratio = terms.as_fraction(at.args[0])
    if ratio is None or ratio <= 0:
        return False
    return whole[x] is add(at, p) and whole[d] is mul(num(1 / ratio), add(sym(x), p))

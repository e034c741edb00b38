"""Sums over axes of any size: linear, opened where they are factors, contracted by brackets, written in one way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import permutations, product
from typing import Any

from backproof.verify.algebra import Algebra
from backproof.verify.generators import axis_of
from backproof.verify.polynomials import (
    NONZERO,
    UNIT,
    UP,
    ZERO,
    Monomial,
    Poly,
    constant,
    frozen,
    minus,
    plus,
    primitive,
    require,
    scaled,
)

Places = Mapping[str, Poly]


class Sums(Algebra):
    """Reductions and the indicators that stand in them; a bound index is ``axis#number``."""

    count = 0

    def fresh(self, axis: str) -> str:
        self.count += 1
        return f"{axis_of(axis)}#{self.count}"

    # Substitution ------------------------------------------------------------------------------------

    def moved(self, p: Poly, places: Places) -> Poly:
        """Return p with other values of its indices; what needs a sign is looked at again."""
        total: Poly = {}
        for monomial, value in p.items():
            part = constant(value)
            for g, e in monomial:
                same = not self.generators[g].indices & places.keys()
                part = self.times(part, {((g, e),): Fraction(1)} if same else self.moved_power(g, e, places))
            total = plus(total, part)
        return total

    def moved_power(self, i: int, e: Fraction, places: Places) -> Poly:
        g = self.generators[i]
        if g.head in ("sum", "prod", "reduce_max"):
            return self.power(self.moved_reduction(g.head, g.data, g.args[0], places), e)
        args = [self.moved(arg, places) for arg in g.args]
        if g.head in ("base", "log") and all("#" in n and self.runs_over(p, n) for n, p in places.items()):
            self.repeat(g.args[0], args[0])
        if g.head == "idx":
            return self.power(places[g.data], e)
        return self.power(args[0] if g.head == "base" else self.applied(g.head, g.data, args), e)

    def repeat(self, old: Poly, new: Poly) -> None:
        """What is known at every value of a bound index is known at each."""
        signs, (q, below) = self.signs(old), self.cleared(new)
        if len(signs) < 3 and q and not below:
            self.put(q, signs)

    def moved_reduction(self, head: str, names: tuple[str, ...], body: Poly, places: Places) -> Poly:
        fresh = [self.fresh(name) for name in names]
        renamed = {old: self.of("idx", new) for old, new in zip(names, fresh, strict=True)}
        return self.reduction(head, fresh, self.moved(body, {**places, **renamed}))

    def applied(self, head: str, data: Any, args: list[Poly]) -> Poly:
        rules: dict[str, Callable[[Poly], Poly]] = {
            "exp": self.exponential, "log": self.logarithm, "delta": self.delta, "positive": self.positive,
            "atan": lambda p: self.odd("atan", p), "erf": lambda p: self.odd("erf", p),
        }  # fmt: skip
        return rules[head](*args) if head in rules else self.of(head, data, *args)

    def odd(self, head: str, p: Poly) -> Poly:
        p = self.lowest(p)
        if not p:
            return p
        c, _ = primitive(p)
        if (head, None, frozen(scaled(p, -1))) in self.numbers or c < 0:
            return scaled(self.of(head, None, scaled(p, -1)), -1)
        return self.of(head, None, p)

    # Indicators --------------------------------------------------------------------------------------

    def positive(self, p: Poly) -> Poly:
        """Return 1 where p > 0, else 0."""
        signs = self.signs(p)
        if len(signs) == 1 or signs <= frozenset({-1, 0}):
            return constant(int(signs == UP))
        require(self.is_indexed(p), "a sign that is not known")
        q = self.lowest(p)
        return self.of("positive", None, scaled(q, 1 / abs(primitive(q)[0])))

    def delta(self, p: Poly) -> Poly:
        """Return 1 where p = 0, else 0."""
        signs = self.signs(p)
        if signs == ZERO or signs <= NONZERO:
            return constant(int(signs == ZERO))
        require(self.is_indexed(p), "a sign that is not known")
        q = primitive(self.lowest(p))[1]
        known = ("delta", None, frozen(scaled(q, -1))) in self.numbers
        return self.of("delta", None, scaled(q, -1) if known else q)

    # Reductions --------------------------------------------------------------------------------------

    def reduction(self, head: str, names: Iterable[str], body: Poly) -> Poly:
        if head == "sum":
            for name in names:
                body = self.total(name, body)
            return body
        require(head in ("prod", "reduce_max"), f"no rule for {head}")
        made = [self.relabelled(tuple(names), order, body) for order in orders(tuple(names))]
        names, body = min(made, key=lambda one: frozen(one[1]))
        return self.of(head, tuple(names), body)

    def total(self, name: str, body: Poly) -> Poly:
        """Return the sum of body over an index: what is free of the index stands before it."""
        result: Poly = {}
        for monomial, value in body.items():
            inner = tuple((g, e) for g, e in monomial if name in self.generators[g].indices)
            outer = tuple(pair for pair in monomial if pair not in inner)
            result = plus(result, self.times({outer: value}, self.opened((name,), inner)))
        return result

    def opened(self, names: tuple[str, ...], monomial: Monomial) -> Poly:
        """Return the sum of a monomial over indices; sums among its factors become sums around it."""
        for i, (g, e) in enumerate(monomial):
            made = self.generators[g]
            if made.head == "sum" and e >= 1:
                fresh = tuple(self.fresh(n) for n in made.data)
                renamed = {old: self.of("idx", new) for old, new in zip(made.data, fresh, strict=True)}
                less = ((g, e - 1),) if e > 1 else ()
                whole = self.times(
                    {(*monomial[:i], *less, *monomial[i + 1 :]): Fraction(1)}, self.moved(made.args[0], renamed)
                )
                return self.each((*names, *fresh), whole)
        require(len(names) < 8, "a sum over too many indices")
        for g, _ in monomial:
            if self.generators[g].head == "delta":
                for name in names:
                    found = self.solved(self.generators[g].args[0], name)
                    rest = tuple(pair for pair in monomial if pair[0] != g)
                    if found is not None and (self.runs_over(found, name) or self.reads(rest, name)):
                        others = tuple(other for other in names if other != name)
                        return self.each(others, self.moved({rest: Fraction(1)}, {name: found}))
        return self.grouped(names, monomial)

    def each(self, names: tuple[str, ...], body: Poly) -> Poly:
        result: Poly = {}
        for monomial, value in body.items():
            result = plus(result, self.opened(names, monomial), value)
        return result

    def solved(self, p: Poly, name: str) -> Poly | None:
        """Return the value of an index at which p is zero, where p is that index and whole numbers, or its negative."""
        index = self.of("idx", name)
        ((monomial, _),) = index.items()
        c = p.get(monomial, Fraction(0))
        rest = plus(p, index, -c)
        return scaled(rest, -c) if abs(c) == 1 and name not in self.indices(rest) else None

    def reads(self, monomial: Monomial, name: str) -> bool:
        """Say whether an entry is read at exactly this index, along its axis: outside the axis it is zero."""
        return any(self.read_at(g, axis_of(name), self.of("idx", name)) for g, e in monomial if e > 0)

    def read_at(self, i: int, axis: str, place: Poly) -> bool:
        g = self.generators[i]
        shape = self.context.shapes.get(g.data, ()) if g.head == "atom" else ()
        return any(arg == place and axis == along for arg, along in zip(g.args, shape, strict=False))

    def grouped(self, names: tuple[str, ...], monomial: Monomial) -> Poly:
        """Return a product of sums, one for each group of factors that share indices."""
        result, left = {tuple(p for p in monomial if not self.indices_of(p) & set(names)): Fraction(1)}, list(names)
        while left:
            group, grown = {left[0]}, True
            while grown:
                used = tuple(pair for pair in monomial if self.indices_of(pair) & group)
                wider = group | {i for pair in used for i in self.indices_of(pair) if i in names}
                grown, group = wider != group, wider
            inner = tuple(n for n in left if n in group)
            left = [n for n in left if n not in group]
            whole = self.written(inner, used) if used else self.times(*(self.of("size", axis_of(n)) for n in inner))
            result = self.times(result, whole)
        return result

    def indices_of(self, pair: tuple[int, Fraction]) -> frozenset[str]:
        return self.generators[pair[0]].indices

    def written(self, names: tuple[str, ...], monomial: Monomial) -> Poly:
        """Return a sum as the one way to write it: over names of its own, in the order that is first of all."""
        candidates = []
        for shifted, body in self.shifts(names, {monomial: Fraction(1)}):
            candidates += [self.relabelled(shifted, order, body) for order in orders(shifted)]
        found, body = min(candidates, key=lambda one: (len(one[1]), frozen(one[1])))
        if len(names) == 1 and len(monomial) == 1 and self.sums_to_one(monomial[0], found, body):
            return UNIT
        ((inner, value),) = body.items()
        return scaled(self.of("sum", found, {inner: Fraction(1)}), value)

    def relabelled(self, names: tuple[str, ...], order: tuple[str, ...], body: Poly) -> tuple[tuple[str, ...], Poly]:
        level = 1 + max((self.generators[g].level for m in body for g, _ in m), default=0)
        made = tuple(f"{axis_of(name)}#c{level}.{i}" for i, name in enumerate(order))
        return made, self.moved(body, {old: self.of("idx", new) for old, new in zip(order, made, strict=True)})

    def shifts(self, names: tuple[str, ...], body: Poly) -> Iterator[tuple[tuple[str, ...], Poly]]:
        """Yield the sum with its indices moved: one that is read is one over all integers, as entries end in zeros."""
        if not names:
            yield (), body
            return
        name, (monomial,) = names[0], body
        options = [(name, body)]
        for axis, place in self.places(monomial) if self.reads(monomial, name) else ():
            target = self.fresh(axis)
            found = self.solved(minus(place, self.of("idx", target)), name)
            if found is not None and not self.runs_over(place, name):
                options.append((target, self.moved(body, {name: found})))
        for first, moved in options:
            if len(moved) == 1:
                yield from (((first, *rest), whole) for rest, whole in self.shifts(names[1:], moved))

    def places(self, monomial: Monomial) -> Iterator[tuple[str, Poly]]:
        """Yield the indices at which entries are read, with their axes."""
        for g, e in monomial:
            made = self.generators[g]
            if made.head == "atom" and e > 0:
                yield from zip(self.context.shapes.get(made.data, ()), made.args, strict=False)

    def sums_to_one(self, pair: tuple[int, Fraction], names: tuple[str, ...], body: Poly) -> bool:
        """Say whether a condition is that these entries of a one-hot or simplex variable sum to one."""
        g = self.generators[pair[0]]
        domain = self.context.domain(g.data) if g.head == "atom" else None
        if domain is None or pair[1] < 1 or not (domain.constraint == "onehot" or (domain.constraint and pair[1] == 1)):
            return False
        ((((entry, _),), _),) = body.items()
        total = self.of("sum", names, {((entry, Fraction(1)),): Fraction(1)})
        return self.assumed(minus(total, UNIT)) == ZERO


def orders(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the names in all orders that keep those of one axis together, the axes sorted."""
    axes = sorted({axis_of(name) for name in names})
    for parts in product(*(permutations([n for n in names if axis_of(n) == axis]) for axis in axes)):
        yield tuple(name for part in parts for name in part)

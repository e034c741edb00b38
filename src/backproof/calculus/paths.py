"""The chain rule over a graph: what flows along every edge, and the sum over all ways from an input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from backproof.calculus.local import local_derivatives
from backproof.derivation import Local, Operation, Pullback
from backproof.terms import (
    ONE,
    ZERO,
    Term,
    add,
    as_fraction,
    div,
    mul,
    neg,
    postorder,
    rebuild,
    sym,
    where,
)

#: More ways than this from a value to the output are summed in parentheses before they are followed further.
MAX_WAYS: Final = 6
#: More choices than this are not nested in one another.
MAX_CHOICES: Final = 4


@dataclass(frozen=True, slots=True)
class Product:
    """A signed product of factors over a product of divisors, in the order in which they were met."""

    sign: int = 1
    above: tuple[Term, ...] = ()
    below: tuple[Term, ...] = ()

    def times(self, factor: Term) -> Product | None:
        """Return the product with one more factor, or None where it is zero."""
        if as_fraction(factor) == 0:
            return None
        if factor is ONE:
            return self
        if factor.head == "neg":
            return Product(-self.sign, self.above, self.below).times(factor.args[0])
        if factor.head == "mul":
            return self._times_all(factor.args)
        if factor.head == "div":
            top = self.times(factor.args[0])
            bottom = factor.args[1]
            divisors = bottom.args if bottom.head == "mul" else (bottom,)
            return top and Product(top.sign, top.above, top.below + divisors)
        return Product(self.sign, (*self.above, factor), self.below)

    def _times_all(self, factors: Sequence[Term]) -> Product | None:
        result: Product | None = self
        for factor in factors:
            result = result and result.times(factor)
        return result

    @property
    def term(self) -> Term:
        """The product as it is written: ``dy * x * 2/y``."""
        above = self.above or (ONE,)
        if self.below:
            above = (*above[:-1], div(above[-1], mul(*self.below)))
        return mul(*above) if self.sign > 0 else neg(mul(*above))


def product_of(*factors: Term) -> Term:
    """Return the written product of terms, with signs in front and ones left out."""
    product: Product | None = Product()._times_all(factors)
    return product.term if product else ZERO


def gradient_of(value: Term) -> Term:
    """Return the symbol of the gradient that arrives at ``value``: ``dv``."""
    return sym(f"d{value.data}")


@dataclass(frozen=True, slots=True)
class Edge:
    """One use of ``value`` by ``operation``, with its local derivative: plain, and in the output where shorter."""

    operation: Operation
    value: Term
    plain: Term
    local: Term


class Flow:
    """The edges along which gradients flow from the output of ``operations`` back to their inputs."""

    def __init__(self, operations: Sequence[Operation], inputs: Sequence[Term]) -> None:
        self.operations = operations
        self.output = operations[-1].output
        self.definitions = {step.output: step.term for step in operations}
        self.active = _active(operations, inputs)
        self.reaching = _reaching(operations)
        self.edges = tuple(self._edges())
        self._uses: dict[Term, list[Edge]] = {}
        for edge in self.edges:
            self._uses.setdefault(edge.value, []).append(edge)
        self._ways: dict[Term, tuple[Product, ...]] = {self.output: (Product(above=(gradient_of(self.output),)),)}
        for edge in self.edges:
            user = edge.operation.output
            if user not in self._ways:
                self._ways[user] = self._sum(user)

    def _edges(self) -> Iterator[Edge]:
        for step in reversed(self.operations):
            if step.output not in self.active & self.reaching:
                continue
            rows = local_derivatives(step)
            for value, (plain, short) in zip(step.inputs, rows, strict=False):
                if value in self.active:
                    yield Edge(step, value, plain, short)

    @property
    def locals(self) -> tuple[Local, ...]:
        """The local derivative of every edge that an input's gradient passes, in forward order."""
        order = {step.output: place for place, step in enumerate(self.operations)}
        edges = sorted(self.edges, key=lambda edge: order[edge.operation.output])
        return tuple(Local(e.operation.output, e.value, e.local) for e in edges if e.local is not ZERO)

    @property
    def pullbacks(self) -> tuple[Pullback, ...]:
        """What arrives at each operation and what leaves it, in backward order."""
        found = []
        for edge in self.edges:
            upstream = gradient_of(edge.operation.output)
            leaving = product_of(upstream, edge.local)
            if leaving is not ZERO:
                found.append(Pullback(gradient_of(edge.value), upstream, edge.local, leaving))
        return tuple(found)

    def ways(self, value: Term) -> tuple[Product, ...]:
        """Return the products whose sum is the gradient of ``value``: one per way to the output."""
        return self._ways[value] if value in self._ways else self._sum(value)

    def _sum(self, value: Term) -> tuple[Product, ...]:
        found: list[Product] = []
        for edge in self._uses.get(value, ()):
            arriving = self._ways.get(edge.operation.output, ())
            found += [way for one in arriving if (way := one.times(edge.local))]
        if len(found) <= MAX_WAYS:
            return tuple(found)
        return (Product(above=(sum_of(found),)),)

    def dependent(self, value: Term) -> set[Term]:
        """Return the values that change when ``value`` does, itself included."""
        return _active(self.operations, (value,))

    def chain_rule(self, value: Term) -> Term:
        """Return the gradient of ``value`` as the chain rule gives it, in the names of the graph."""
        return sum_of(self.ways(value))


def _active(operations: Sequence[Operation], inputs: Sequence[Term]) -> set[Term]:
    """Return the values that depend on an input."""
    active = set(inputs)
    for step in operations:
        if any(value in active for value in step.inputs):
            active.add(step.output)
    return active


def _reaching(operations: Sequence[Operation]) -> set[Term]:
    """Return the values on which the output depends."""
    reaching = {operations[-1].output}
    for step in reversed(operations):
        if step.output in reaching:
            reaching.update(step.inputs)
    return reaching


def sum_of(products: Sequence[Product]) -> Term:
    """Return the sum of products as it is written; where they depend on a choice, one sum per branch."""
    conditions = {c for one in products for c in map(_chosen, one.above) if c is not None}
    upstream = products[0].above[:1] if products else ()
    if not 0 < len(conditions) <= MAX_CHOICES or any(one.above[:1] != upstream for one in products):
        return _written_sum(products)
    rest = [Product(one.sign, one.above[1:], one.below) for one in products]
    return mul(*upstream, _select(rest))


def _select(products: Sequence[Product]) -> Term:
    for one in products:
        for condition in map(_chosen, one.above):
            if condition is not None:
                sides = (_select(_taken(products, condition, side)) for side in (ONE, ZERO))
                return where(condition, *sides)
    return _written_sum(products)


def _written_sum(products: Sequence[Product]) -> Term:
    """Return the sum in the order of the ways, but no leading minus sign where it can be helped."""
    return add(*(one.term for one in sorted(products, key=lambda one: one.sign < 0)))


def _chosen(factor: Term) -> Term | None:
    is_switch = factor.head == "where" and set(factor.args[1:]) == {ZERO, ONE}
    return factor.args[0] if is_switch else None


def _taken(products: Sequence[Product], condition: Term, side: Term) -> list[Product]:
    """Return the products that remain on one side of a choice, without the factors that made it."""
    kept, gone = (where(condition, *values) for values in ((ONE, ZERO), (ZERO, ONE)))
    if side is ZERO:
        kept, gone = gone, kept
    return [
        Product(one.sign, tuple(f for f in one.above if f is not kept), one.below)
        for one in products
        if gone not in one.above
    ]


def unfold(root: Term, definitions: Mapping[Term, Term], keep: set[Term]) -> Term:
    """Return ``root`` with defined symbols replaced by their definitions, except those to keep."""
    value: dict[Term, Term] = {}
    for name, term in definitions.items():
        value[name] = name if name in keep else replace_names(term, value)
    return replace_names(root, value)


def replace_names(root: Term, value: Mapping[Term, Term]) -> Term:
    """Return ``root`` with symbols replaced, products inside products flattened and signs in front."""
    done: dict[Term, Term] = {}
    for term in postorder(root):
        args = tuple(done[arg] for arg in term.args)
        if term in value:
            done[term] = value[term]
        elif term.head == "mul" and any(map(_joins_a_product, args)):
            done[term] = product_of(*args)
        elif term.head == "add" and any(arg.head == "add" for arg in args):
            done[term] = add(*(p for arg in args for p in (arg.args if arg.head == "add" else (arg,))))
        elif term.head == "neg" and args[0].head == "neg":
            done[term] = args[0].args[0]
        else:
            done[term] = rebuild(term, args)
    return done[root]


def _joins_a_product(factor: Term) -> bool:
    return factor.head in ("neg", "mul") or (factor.head == "div" and factor.args[0] is ONE)

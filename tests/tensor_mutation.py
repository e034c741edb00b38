"""Mutants of steps about tensors, and an evaluator of its own: plain floats, entry by entry, at small sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import permutations, product
from random import Random

from backproof.domains import Domain
from backproof.indexing import axis_of, reindex
from backproof.language.document import Node
from backproof.terms import REDUCTIONS, Term, add, idx, make, num, postorder, rebuild, symbols
from tests.mutation import MUTATIONS as SCALAR_MUTATIONS

Entry = tuple[str, tuple[int, ...]]
At = Mapping[str, int]
STEP = 1e-5
TOLERANCE = 1e-4

ELEMENTARY: dict[str, Callable[..., float]] = {
    "add": lambda *parts: math.fsum(parts),
    "mul": lambda *parts: math.prod(parts),
    "neg": lambda x: -x,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "max": max,
    "min": min,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "erf": math.erf,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "and": lambda *parts: all(parts),
    "or": lambda *parts: any(parts),
    "not": lambda x: not x,
    "bracket": lambda x: int(x),
    "where": lambda condition, true, false: true if condition else false,
}
REDUCED: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "mean": lambda parts: math.fsum(parts) / len(parts),
    "prod": math.prod,
    "reduce_max": max,
    "reduce_min": min,
    "logsumexp": lambda parts: math.log(math.fsum(map(math.exp, parts))),
}


class Evaluator:
    """The entries of a node's values and gradients at one random point; gradients by central differences."""

    def __init__(self, node: Node, seed: int) -> None:
        self.random = Random(seed)  # reproducible sampling, no secret
        self.lines = {line.name: line for line in node.lines}
        self.outputs = node.outputs or (node.lines[-1].name,)
        self.axes = {given.name: given.axes for given in node.inputs}
        self.axes |= {line.name: line.axes for line in node.lines}
        used = sorted({axis_of(axis) for axis in self._all_axes(node)})
        lengths = (3, 2) if len(used) < 6 else (2, 2)
        self.sizes = {axis: lengths[(i + seed) % 2] for i, axis in enumerate(used)}
        self.values: dict[Entry, float] = {}
        self.shift: dict[Entry, float] = {}
        self.gradients: dict[Entry, float] = {}
        for given in node.inputs:
            self._fill(given.name, given.axes, given.domain)
        for output in self.outputs:
            self._fill(f"d{output}", self.axes[output], Domain())

    @staticmethod
    def _all_axes(node: Node) -> Iterator[str]:
        yield from (axis for given in node.inputs for axis in given.axes)
        for line in node.lines:
            yield from line.axes
            for part in postorder(line.term):
                yield from part.data if part.head in REDUCTIONS else ()

    def places(self, axes: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
        return product(*(range(self.sizes[axis_of(axis)]) for axis in axes))

    def _fill(self, name: str, axes: tuple[str, ...], domain: Domain) -> None:
        for at in self.places(axes):
            self.values[name, at] = self._draw(domain)
        if domain.constraint:
            along = axes.index(domain.axis)
            rest = [range(1) if i == along else range(self.sizes[a]) for i, a in enumerate(axes)]
            for at in product(*rest):
                chosen = self.random.randrange(self.sizes[domain.axis])
                for i in range(self.sizes[domain.axis]):
                    self.values[name, (*at[:along], i, *at[along + 1 :])] = float(i == chosen)

    def _draw(self, domain: Domain) -> float:
        low = -2.0 if domain.low is None else float(domain.low)
        high = low + (4 if domain.low is None else 2) if domain.high is None else float(domain.high)
        if domain.integer:
            return float(self.random.randint(int(low), int(low) + 1))
        return self.random.uniform(low + 0.1 * (high - low), high - 0.1 * (high - low))

    def value(self, term: Term, at: At) -> float:
        """Return the value of a term at the indices ``at``."""
        if term.head == "num":
            return float(term.data)
        if term.head == "idx":
            return at[term.data]
        if term.head == "size":
            return self.sizes[axis_of(term.data)]
        if term.head in REDUCTIONS:
            parts = [
                self.value(term.args[0], {**at, **dict(zip(term.data, places, strict=True))})
                for places in self.places(term.data)
            ]
            return REDUCED[term.head](parts)
        if term.head == "sym":
            return self.entry(term.data, tuple(round(self.value(arg, at)) for arg in term.args))
        if term.head == "D":
            variable = term.args[1]
            moved = variable.data, tuple(round(self.value(arg, at)) for arg in variable.args)
            return self.slope(moved, lambda: self.value(term.args[0], at))
        if term.head == "mul":
            return self._product(term.args, at)
        return ELEMENTARY[term.head](*(self.value(arg, at) for arg in term.args))

    def _product(self, args: tuple[Term, ...], at: At) -> float:
        total = 1.0
        for arg in sorted(args, key=lambda part: part.head != "bracket"):
            total *= self.value(arg, at)
            if not total:
                return 0.0
        return total

    def entry(self, name: str, at: tuple[int, ...]) -> float:
        """Return one entry; zero outside of the axes."""
        if name == "pi":
            return math.pi
        axes = self.axes[name] if name in self.axes else self.axes[name[1:]]
        if any(not 0 <= place < self.sizes[axis_of(axis)] for place, axis in zip(at, axes, strict=True)):
            return 0.0
        key = name, at
        if key not in self.values and name not in self.axes:
            return self._gradient(key)
        if key not in self.values:
            line = self.lines[name]
            self.values[key] = self.value(line.term, dict(zip(line.axes, at, strict=True))) + self.shift.get(key, 0.0)
        return self.values[key]

    def _gradient(self, key: Entry) -> float:
        if key not in self.gradients:
            self.gradients[key] = self.slope((key[0][1:], key[1]), self._loss)
        return self.gradients[key]

    def _loss(self) -> float:
        return math.fsum(
            self.values[f"d{output}", at] * self.entry(output, at)
            for output in self.outputs
            for at in self.places(self.axes[output])
        )

    def slope(self, moved: Entry, function: Callable[[], float]) -> float:
        """Return the derivative of ``function`` as one entry moves, later lines following it."""
        return (self._shifted(moved, STEP, function) - self._shifted(moved, -STEP, function)) / (2 * STEP)

    def _shifted(self, moved: Entry, step: float, function: Callable[[], float]) -> float:
        values, shift = self.values, self.shift
        self.values = {key: value for key, value in values.items() if key[0] not in self.lines}
        self.shift = {moved: step}
        if moved in self.values:
            self.values[moved] += step
        try:
            return function()
        finally:
            self.values, self.shift = values, shift

    def tells_apart(self, left: Term, right: Term, mutant: Term) -> bool:
        """Say whether ``mutant`` clearly differs where the step itself holds, at some indices."""
        places = list(self.places(left.axes))
        chosen = places if len(places) <= 6 else self.random.sample(places, 6)
        return any(self._tells_apart(left, right, mutant, dict(zip(left.axes, at, strict=True))) for at in chosen)

    def _tells_apart(self, left: Term, right: Term, mutant: Term, at: At) -> bool:
        try:
            true, stated, other = (self.value(side, at) for side in (left, right, mutant))
        except (ArithmeticError, ValueError):
            return False
        return _agree(true, stated) and not _agree(other, stated)


def _agree(one: float, other: float) -> bool:
    return isinstance(one, complex) or abs(one - other) <= TOLERANCE * (1 + abs(other))


# ------------------------------------------------------------------ mutants

#: A mutation of one place, given the indices that are in scope there.
Mutation = Callable[[Term, tuple[str, ...]], Iterator[Term]]


def _plain(name: str) -> Mutation:
    mutate = SCALAR_MUTATIONS[name]

    def applied(term: Term, scope: tuple[str, ...]) -> Iterator[Term]:
        if term.head not in ("idx", "size", "bracket", "and", "or", "not"):
            yield from mutate(term)

    return applied


def wrong_axis(term: Term, scope: tuple[str, ...]) -> Iterator[Term]:
    """Sum over another index of the summand; the index that was bound takes a free one over its axis."""
    if term.head not in ("sum", "mean"):
        return
    for bound in term.data:
        for free in scope:
            if axis_of(free) == axis_of(bound):
                body = reindex(term.args[0], {bound: idx(free)})
                for other in body.axes:
                    if other != free and other not in term.data:
                        kept = tuple(other if axis == bound else axis for axis in term.data)
                        yield make(term.head, (body,), kept)


def missing_sum(term: Term, scope: tuple[str, ...]) -> Iterator[Term]:
    """Take the first entry, or the one at the free index, in place of the sum over an axis."""
    for bound in term.data if term.head in ("sum", "mean") else ():
        kept = tuple(axis for axis in term.data if axis != bound)
        for place in (num(0), *(idx(free) for free in scope if axis_of(free) == axis_of(bound))):
            body = reindex(term.args[0], {bound: place})
            yield make(term.head, (body,), kept) if kept else body


def wrong_share(term: Term, scope: tuple[str, ...]) -> Iterator[Term]:
    """Take a sum for a mean, or a mean for a sum."""
    if term.head in ("sum", "mean"):
        yield make("mean" if term.head == "sum" else "sum", term.args, term.data)


def transposed(term: Term, scope: tuple[str, ...]) -> Iterator[Term]:
    """Swap two indices over one axis, or read a row of its own in place of another's."""
    if term.head != "sym":
        return
    for first, second in permutations(range(len(term.args)), 2):
        a, b = term.args[first], term.args[second]
        if first < second and a.head == b.head == "idx" and axis_of(a.data) == axis_of(b.data):
            args = list(term.args)
            args[first], args[second] = b, a
            yield rebuild(term, tuple(args))
    for place, arg in enumerate(term.args):
        for other in scope if arg.head == "idx" else ():
            if other != arg.data and axis_of(other) == axis_of(arg.data):
                yield rebuild(term, (*term.args[:place], idx(other), *term.args[place + 1 :]))


def wrong_size(term: Term, scope: tuple[str, ...]) -> Iterator[Term]:
    """Take the length of another axis."""
    if term.head == "size":
        yield from (make("size", (), axis) for axis in dict.fromkeys(map(axis_of, scope)) if axis != term.data)


def shifted(term: Term, scope: tuple[str, ...]) -> Iterator[Term]:
    """Read one place farther on, where a place is computed."""
    for place, arg in enumerate(term.args if term.head == "sym" else ()):
        if arg.head not in ("idx", "num"):
            yield rebuild(term, (*term.args[:place], add(arg, num(1)), *term.args[place + 1 :]))


def other_names(*roots: Term) -> Mutation:
    """Return the mutation that takes another variable of the step, at the same indices."""
    known = symbols(*roots)

    def applied(term: Term, scope: tuple[str, ...]) -> Iterator[Term]:
        if term.head == "sym":
            yield from (other for other in known if other is not term and other.args == term.args)

    return applied


MUTATIONS: dict[str, Mutation] = {
    **{name: _plain(name) for name in ("sign", "dropped factor", "dropped term")},
    "wrong axis": wrong_axis,
    "missing sum": missing_sum,
    "wrong share": wrong_share,
    "transposed operand": transposed,
    "wrong size": wrong_size,
    "shifted index": shifted,
}


def mutants(root: Term, mutate: Mutation, scope: tuple[str, ...]) -> Iterator[Term]:
    """Yield ``root`` with one place mutated, for every place of it where that makes sense."""
    yield from mutate(root, scope)
    if root.head in ("D", "sym", "bracket", "size"):
        return
    inner = (*scope, *root.data) if root.head in REDUCTIONS else scope
    for place, arg in enumerate(root.args):
        for new in mutants(arg, mutate, inner):
            yield rebuild(root, (*root.args[:place], new, *root.args[place + 1 :]))


def step_mutants(left: Term, right: Term, mutate: Mutation) -> Iterator[Term]:
    """Yield every different mutant of a step's right side all of whose indices the step binds."""
    for mutant in dict.fromkeys(mutants(right, mutate, left.axes)):
        if mutant is not right and set(mutant.axes) <= set(left.axes):
            yield mutant

"""The computational graph: forward lines split into single operations, and reverse accumulation over them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, Final, TypeVar

from backproof.derivation import Operation
from backproof.language.document import Node
from backproof.terms import (
    RELATIONS,
    ZERO,
    Term,
    add,
    as_fraction,
    make,
    names,
    neg,
    postorder,
    rebuild,
    sym,
)

V = TypeVar("V")

#: Heads of conditions; their operands are values, they themselves are not.
CONDITIONS: Final = frozenset(RELATIONS) | {"and", "or", "not"}
#: Letters for intermediate values, as a student names them; d, e, i, j, l, o read as something else.
LETTERS: Final = "abcfghkmnpqrstuvw"


# ------------------------------------------------------------------ one operation per value


def is_difference(term: Term) -> bool:
    """Say whether ``term`` is ``left - right``."""
    return term.head == "add" and len(term.args) == 2 and term.args[1].head == "neg"


def operands(term: Term) -> tuple[Term, ...]:
    """Return the terms whose values the outermost operation of ``term`` uses, in order."""
    if is_difference(term):
        return term.args[0], term.args[1].args[0]
    if term.head == "where":
        return (*_compared(term.args[0]), *term.args[1:])
    return term.args


def _compared(condition: Term) -> tuple[Term, ...]:
    return tuple(
        operand for part in walk(condition, _condition_parts) if part.head in RELATIONS for operand in part.args
    )


def _condition_parts(term: Term) -> tuple[Term, ...]:
    return term.args if term.head in CONDITIONS - set(RELATIONS) else ()


def walk(root: Term, children: Callable[[Term], tuple[Term, ...]]) -> Iterator[Term]:
    """Yield every term reached by ``children`` once, children before the terms that have them."""
    seen: set[Term] = set()
    stack = [(root, False)]
    while stack:
        term, ready = stack.pop()
        if ready:
            yield term
        elif term not in seen:
            seen.add(term)
            stack.append((term, True))
            stack.extend((child, False) for child in reversed(children(term)))


def with_operands(term: Term, values: Sequence[Term]) -> Term:
    """Return the outermost operation of ``term`` applied to ``values`` instead of its operands."""
    if is_difference(term):
        return add(values[0], neg(values[1]))
    if term.head != "where":
        return rebuild(term, tuple(values))
    rest = iter(values)
    done: dict[Term, Term] = {}
    for part in walk(term.args[0], _condition_parts):
        inner = rest if part.head in RELATIONS else (done[arg] for arg in part.args)
        done[part] = make(part.head, tuple(next(iter(inner)) for _ in part.args), part.data)
    return make("where", (done[term.args[0]], next(rest), next(rest)))


def kind_of(term: Term) -> str:
    """Return the name of the outermost operation of ``term``, the catalogue's name where it has one."""
    if term.head == "sym" or as_fraction(term) is not None:
        return "copy"
    if is_difference(term):
        return "sub"
    if term.head == "max" and len(term.args) == 2 and ZERO in term.args:
        return "relu"
    if term.head == "div" and as_fraction(term.args[0]) == 1:
        return "reciprocal"
    if term.head == "pow":
        return "square" if as_fraction(term.args[1]) == 2 else "power"
    return term.head


def operations(node: Node) -> tuple[Operation, ...]:
    """Return the forward pass of ``node`` as one operation per value, each before those that use it.

    Subterms without a name get a short one; equal unnamed subterms are one value.  A line is always a
    value of its own, so that its gradient is what its author means by it.
    """
    fresh = _fresh_names(node)
    value: dict[Term, Term] = {}
    found: list[Operation] = []
    for line in node.lines:
        constant = _constants(line.term)
        for term in walk(line.term, partial(_values_below, constant)):
            if term is line.term:
                found.append(_operation(sym(line.name), term, value, constant))
            elif term.head == "sym" or term in constant:
                value[term] = term
            elif term not in value:
                value[term] = sym(next(fresh))
                found.append(_operation(value[term], term, value, constant))
    return tuple(found)


def _values_below(constant: set[Term], term: Term) -> tuple[Term, ...]:
    return () if term in constant else operands(term)


def _constants(root: Term) -> set[Term]:
    found: set[Term] = set()
    for term in postorder(root):
        if term.data == "pi" or (term.head != "sym" and all(arg in found for arg in term.args)):
            found.add(term)
    return found


def _operation(output: Term, term: Term, value: Mapping[Term, Term], constant: set[Term]) -> Operation:
    if term.head == "sym" or term in constant:
        return Operation(output, term, (term,), "copy")
    inputs = tuple(value[operand] for operand in operands(term))
    named = with_operands(term, inputs)
    return Operation(output, named, inputs, kind_of(named))


def _fresh_names(node: Node) -> Iterator[str]:
    taken = {declared.name for declared in node.inputs} | {line.name for line in node.lines}
    for line in node.lines:
        taken.update(names(line.term))
    for chain in node.chains:
        taken.update(names(*(side for step in chain.steps for side in (step.left, step.right))))
    for suffix in count():
        for letter in LETTERS:
            name = f"{letter}{suffix or ''}"
            if name not in taken and f"d{name}" not in taken:
                yield name


# ------------------------------------------------------------------ values and gradients

Forward = Mapping[str, Callable[..., Any]]
#: kind -> (upstream, inputs, output) -> one contribution per input; ``None`` where nothing flows.
Pullbacks = Mapping[str, Callable[[Any, tuple[Any, ...], Any], Sequence[Any]]]


class Graph:
    """Numbered values, each a leaf or one operation on earlier values; equal operations are one value.

    The arithmetic is the caller's: floats, fractions, arrays or terms, given as tables by kind.
    """

    __slots__ = ("_known", "inputs", "kinds", "leaves", "names")

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.inputs: list[tuple[int, ...]] = []
        self.leaves: dict[Hashable, int] = {}
        self.names: dict[str, int] = {}
        self._known: dict[tuple[Any, ...], int] = {}

    def __len__(self) -> int:
        return len(self.kinds)

    def leaf(self, key: Hashable) -> int:
        """Return the number of the leaf ``key`` (a name, or a constant term)."""
        if key not in self.leaves:
            self.leaves[key] = self._append("", ())
        return self.leaves[key]

    def apply(self, kind: str, *inputs: int) -> int:
        """Return the number of the value ``kind(inputs)``."""
        key = (kind, *inputs)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._append(kind, inputs)
        return found

    def _append(self, kind: str, inputs: tuple[int, ...]) -> int:
        self.kinds.append(kind)
        self.inputs.append(inputs)
        return len(self.kinds) - 1

    @classmethod
    def build(cls, steps: Iterable[Operation]) -> Graph:
        """Return the graph of ``steps``; ``names`` gives the number of every named value.

        A leaf is keyed by its name, a constant by its term.  Conditions become operations named by
        their heads (``lt``, ``and``), whose pullback is not asked for.
        """
        graph = cls()
        for step in steps:
            graph.names[step.output.data] = graph._place(step)
        for key, number in graph.leaves.items():
            if isinstance(key, str):
                graph.names.setdefault(key, number)
        return graph

    def _place(self, step: Operation) -> int:
        if step.kind == "copy":
            return self._value(step.term)
        if step.kind == "where":
            condition, true, false = step.term.args
            return self.apply("where", self._condition(condition), *map(self._value, (true, false)))
        return self.apply(step.kind, *map(self._value, step.inputs))

    def _condition(self, condition: Term) -> int:
        done: dict[Term, int] = {}
        for part in walk(condition, _condition_parts):
            of = self._value if part.head in RELATIONS else done.__getitem__
            done[part] = self.apply(part.head, *map(of, part.args))
        return done[condition]

    def _value(self, value: Term) -> int:
        if value.head != "sym":
            return self.leaf(value)
        return self.names[value.data] if value.data in self.names else self.leaf(value.data)

    def forward(self, values: Mapping[Hashable, V], table: Forward) -> list[V]:
        """Return every value of the graph in order, the intermediate ones too, from the leaves' values."""
        primal: list[Any] = [None] * len(self)
        for key, number in self.leaves.items():
            primal[number] = values[key]
        for number, (kind, inputs) in enumerate(zip(self.kinds, self.inputs, strict=True)):
            if kind:
                primal[number] = table[kind](*[primal[i] for i in inputs])
        return primal

    def backward(
        self,
        primal: Sequence[V],
        output: int,
        upstream: V,
        table: Pullbacks,
        accumulate: Callable[[V, V], V] = operator.add,
    ) -> list[V | None]:
        """Return the gradient of every value (``None``: it does not reach ``output``)."""
        gradient: list[Any] = [None] * len(self)
        gradient[output] = upstream
        for number in range(output, -1, -1):
            kind, arriving = self.kinds[number], gradient[number]
            if not kind or arriving is None or kind in CONDITIONS:
                continue
            inputs = self.inputs[number]
            leaving = table[kind](arriving, tuple([primal[i] for i in inputs]), primal[number])
            for i, contribution in zip(inputs, leaving, strict=True):
                if contribution is not None:
                    known = gradient[i]
                    gradient[i] = contribution if known is None else accumulate(known, contribution)
        return gradient

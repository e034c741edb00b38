"""What the picture of a computational graph shows: operations, and the value and gradient on every edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from backproof.derivation import Derivation, Operation, Pullback
from backproof.emit.names import Scope, derivation_scope
from backproof.emit.operations import PLACE, known_function
from backproof.emit.outline import Words
from backproof.emit.prose import visible
from backproof.emit.text_style import TEXT
from backproof.emit.typography import Typesetter
from backproof.terms import (
    ONE,
    REDUCTIONS,
    ZERO,
    Term,
    add,
    as_fraction,
    idx,
    make,
    mul,
    names,
    neg,
    num,
    postorder,
    substitute,
    sym,
    symbols,
    transform,
)

#: How many columns an expression may take on an edge before its name stands for it.
_VALUE: Final = 12
_GRADIENT: Final = 26
_LABEL: Final = 24
_SIGN: Final = 5


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers to show: of every value by its name, of every edge's gradient by (source, target), as text.

    The target of the edge that leaves the graph is the empty string.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    gradients: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vertex:
    """An input (``kind`` is ``input``), an operation, or the place where the output leaves (``output``)."""

    name: str
    kind: str
    label: Words = ()
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """One value on its way to one consumer; ``gradient`` is empty where nothing flows back, or not yet."""

    source: int
    target: int
    value: Words
    gradient: Words = ()
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """The graph as it is drawn, in the scope of its names; the title is plain text."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    scope: Scope
    title: str
    description: str


def picture(derivation: Derivation, *, upto: int | None = None, numbers: Numbers | None = None) -> Picture:
    """Return the picture after the first ``upto`` operations of the backward pass (None: all of them)."""
    steps = [operation.output.data for operation in reversed(derivation.operations)]
    steps = steps if upto is None else steps[: max(0, upto)]
    active = steps[-1] if steps and upto is not None else ""
    inputs = _inputs(derivation)
    outputs = _outputs(derivation)
    vertices = [
        *(Vertex(name, "input", (term,) if numbers else ()) for name, term in inputs.items()),
        *(Vertex(o.output.data, "operation", _label(o), o.output.data == active) for o in derivation.operations),
        *(Vertex(term.data, "output", (term,) if numbers else ()) for term in outputs),
    ]
    at = {(vertex.name, vertex.kind == "output"): i for i, vertex in enumerate(vertices)}
    words = _Labels(derivation, numbers)
    edges = []
    for source, target in _uses(derivation):
        known = target in steps or (not target and (upto is None or upto >= 0))
        end = at[target or source, not target]
        gradient = words.gradient(source, target) if known else ()
        edges.append(Edge(at[source, False], end, words.value(source), gradient, bool(target) and target == active))
    title = visible(derivation.title or derivation.node.name)
    return Picture(tuple(vertices), tuple(edges), words.scope, title, _described(derivation, words))


def _inputs(derivation: Derivation) -> dict[str, Term]:
    made = {operation.output.data for operation in derivation.operations}
    used = [term for o in derivation.operations for given in o.inputs for term in symbols(given)]
    free = {term.data: term for term in reversed(used) if term.data not in made and term.data != "pi"}
    own = {given.name: sym(given.name, *map(idx, given.axes)) for given in derivation.node.inputs}
    return {name: own.get(name, free[name]) for name in dict.fromkeys([*own, *free]) if name in free}


def _outputs(derivation: Derivation) -> tuple[Term, ...]:
    """Return the values that leave the graph: the outputs of the node, and whatever nothing uses."""
    used = {term.data for o in derivation.operations for given in o.inputs for term in symbols(given)}
    return tuple(
        operation.output
        for operation in derivation.operations
        if operation.output.data in derivation.node.outputs or operation.output.data not in used
    )


def _uses(derivation: Derivation) -> Iterator[tuple[str, str]]:
    """Yield (source, consumer) once for every pair; the consumer of an output is the empty string."""
    for operation in derivation.operations:
        found = (term.data for given in operation.inputs for term in symbols(given) if term.data != "pi")
        for name in dict.fromkeys(found):
            yield name, operation.output.data
    for term in _outputs(derivation):
        yield term.data, ""


# ------------------------------------------------------------------ what stands in a circle

_SIGNS: Final = {"add": "+", "sub": "−", "mul": "×", "div": "/", "neg": "−", "copy": "="}
_FUNCTIONS: Final = {"where": "if", "reduce_max": "max", "reduce_min": "min", "prod": "prod", "sum": "∑"}
_POWERS: Final = {num(2): "square", num(3): "cube"}
_ONE_CONSTANT: Final = {"add": "+ ", "mul": "× ", "sub": "− ", "div": "/ "}


def _label(operation: Operation) -> Words:
    """Return the sign of an operation, with the constant that it holds."""
    term, inputs = operation.term, operation.inputs
    known = known_function(operation)
    if known:
        return (known,)
    constants = [value for value in inputs if not _varies(value)]
    if term.head in REDUCTIONS or not _is_single(operation):
        return _several(term, inputs)
    if not constants or operation.kind in ("relu", "where", "copy"):
        return (_SIGNS.get(operation.kind) or _FUNCTIONS.get(operation.kind, operation.kind.replace("_", " ")),)
    is_last = len(inputs) == 2 and (operation.kind in ("add", "mul") or _varies(inputs[0]))
    if operation.kind in _ONE_CONSTANT and is_last:
        return (_ONE_CONSTANT[operation.kind], constants[0])
    if operation.kind in ("square", "power") and constants[-1] in _POWERS:
        return (_POWERS[constants[-1]],)
    held = substitute(term, {value: PLACE for value in inputs if _varies(value)})
    return (held,) if _columns(held) <= _LABEL else ("…",)


def _several(term: Term, inputs: tuple[Term, ...]) -> Words:
    """Return what stands for several operations at once: the sum of products, what it is divided by."""
    if term.head in REDUCTIONS:
        axes = (word for axis in term.data for word in (", ", idx(axis)))
        name = (f"{_FUNCTIONS.get(term.head, term.head)} ", *tuple(axes)[1:])
        return name if term.args[0] in inputs else (*name, " ", *_inner(term.args[0]))
    if term.head == "div" and not _varies(term.args[1]):
        return (*_several(term.args[0], inputs), " / ", term.args[1])
    return (term,) if _columns(term) <= _LABEL else ("…",)


def _inner(term: Term) -> Words:
    """Return the sign of what a reduction runs over, else the expression with places for its entries."""
    held = substitute(term, dict.fromkeys(symbols(term), PLACE))
    short = held if _columns(held) <= _SIGN and PLACE in postorder(held) else "…"
    return (_SIGNS.get(term.head, short),)


def _columns(term: Term) -> float:
    """Return how wide a term is, its indices half as wide as other letters."""
    return Typesetter(TEXT, Scope())(term).width - 2 * sum(len(part.args) for part in postorder(term))


def _varies(term: Term) -> bool:
    return as_fraction(term) is None and any(found.data != "pi" for found in symbols(term))


def _is_single(operation: Operation) -> bool:
    """Say whether the term is one operation on the inputs, not a whole expression."""
    inner = [arg.args[0] if arg.head == "neg" else arg for arg in operation.term.args]
    return operation.kind in ("where", "copy") or all(arg in operation.inputs or not _varies(arg) for arg in inner)


# ------------------------------------------------------------------ what stands on an edge


class _Labels:
    """The words on the edges: expressions where they are short, else names, or numbers where there are any."""

    def __init__(self, derivation: Derivation, numbers: Numbers | None) -> None:
        self.scope = derivation_scope(derivation)
        self.typeset = Typesetter(TEXT, self.scope)
        self.numbers = numbers
        self.names: dict[str, Term] = {o.output.data: o.output for o in derivation.operations} | _inputs(derivation)
        self.outputs = {term.data for term in _outputs(derivation)}
        self.values = self._values(derivation)
        self.contributions = self._contributions(derivation)
        self.mentioned = set(names(*self.contributions.values()))

    def value(self, source: str) -> Words:
        if self.numbers is not None:
            return (self.numbers.values.get(source, ""),)
        shown, name = self.values[source], self.names[source]
        called = shown is not name and {name.data, f"d{name.data}"} & self.mentioned
        return (make("eq", (name, shown)),) if called else (shown,)

    def gradient(self, source: str, target: str) -> Words:
        if self.numbers is not None:
            found = self.numbers.gradients.get((source, target), "")
            return (found,) if found else ()
        term = self.contributions.get((source, target))
        return () if term is None else (term,)

    def _values(self, derivation: Derivation) -> dict[str, Term]:
        """Return what every value is called: one letter says nothing, so a short expression stands for it."""
        shown = dict(self.names)
        for operation in derivation.operations:
            name = operation.output.data
            term = substitute(operation.term, {self.names[given]: shown[given] for given in self._used(operation)})
            short = len(name) == 1 and name not in self.outputs and not operation.output.args
            if short and term.head != "where" and self.typeset(term).width <= _VALUE:
                shown[name] = term
        return shown

    def _used(self, operation: Operation) -> Iterator[str]:
        return (term.data for term in symbols(operation.term) if term.data in self.names)

    def _contributions(self, derivation: Derivation) -> dict[tuple[str, str], Term]:
        """Return the gradient on every edge: what one consumer sends back to one value."""
        uses = list(_uses(derivation))
        times = [source for source, _ in uses]
        arriving = {name: _gradient(self.names[name]) for name in self.names}
        found = {(name, ""): arriving[name] for name in self.outputs}
        edges: dict[tuple[str, str], list[Pullback]] = {}
        for edge in derivation.pullbacks:
            edges.setdefault((edge.gradient.data[1:], edge.upstream.data[1:]), []).append(edge)
        for source, target in reversed([use for use in uses if use[1]]):
            if (source, target) not in edges:
                continue
            if edges[source, target][0].upstream.args or self.names[source].args:
                found |= self._of_arrays(edges[source, target], source, target, times.count(source) == 1)
                continue
            term = add(*(self._composed(edge, arriving) for edge in edges[source, target]))
            short = self._is_short(term)
            found[source, target] = term if short else self._plain(edges[source, target])
            if times.count(source) == 1 and short and term.head != "add":
                arriving[source] = term
        return found

    def _of_arrays(self, edges: list[Pullback], source: str, target: str, is_only: bool) -> dict[tuple[str, str], Term]:
        """Return what arrays send back: the sum over entries where it is short, else its name if it has one."""
        term = add(*(edge.contribution for edge in edges))
        if self._is_short(term):
            return {(source, target): term}
        return {(source, target): _gradient(self.names[source])} if is_only else {}

    def _composed(self, edge: Pullback, arriving: Mapping[str, Term]) -> Term:
        values = {self.names[name]: self.values[name] for name in self.names if self.names[name].args == ()}
        local = indicator(substitute(edge.local, values))
        upstream = arriving.get(edge.upstream.data[1:], edge.upstream)
        if local.head == "num" and local.data == 1:
            return upstream
        return flattened(mul(upstream, local))

    def _plain(self, edges: list[Pullback]) -> Term:
        term = add(*(edge.contribution for edge in edges))
        return term if self._is_short(term) else edges[0].gradient

    def _is_short(self, term: Term) -> bool:
        """Say whether the term fits on an edge, which a list of cases never does."""
        return self.typeset(term).width <= _GRADIENT and all(part.head != "where" for part in postorder(term))


def _gradient(value: Term) -> Term:
    return sym(f"d{value.data}", *value.args)


def flattened(root: Term) -> Term:
    """Return ``root`` with products of products as one product, and signs in front."""

    def flat(term: Term) -> Term:
        if term.head == "neg" and term.args[0].head == "neg":
            return term.args[0].args[0]
        if term.head != "mul":
            return term
        factors = [part for arg in term.args for part in _factors(arg)]
        sign = sum(1 for arg in term.args if arg.head == "neg") % 2
        kept = [part for part in factors if not (part.head == "num" and part.data == 1)]
        product = mul(*kept)
        return neg(product) if sign else product

    return transform(root, flat)


_OPPOSITE: Final = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


def indicator(root: Term) -> Term:
    """Return ``root`` with ``[condition]`` for 1 where the condition holds and 0 elsewhere."""

    def bracketed(term: Term) -> Term:
        if term.head != "where" or term.args[0].head not in _OPPOSITE:
            return term
        condition, *values = term.args
        if values == [ONE, ZERO]:
            return make("bracket", (condition,))
        if values == [ZERO, ONE]:
            return make("bracket", (make(_OPPOSITE[condition.head], condition.args),))
        return term

    return transform(root, bracketed)


def _factors(term: Term) -> tuple[Term, ...]:
    inner = term.args[0] if term.head == "neg" else term
    return inner.args if inner.head == "mul" else (inner,)


def _described(derivation: Derivation, words: _Labels) -> str:
    """Return the graph in sentences, for those who cannot see it."""
    lines = []
    for operation in derivation.operations:
        equation = make("eq", (operation.output, operation.term))
        lines.append(words.typeset(equation).text)
    return f"Computational graph: {'; '.join(lines)}." if lines else "An empty graph."

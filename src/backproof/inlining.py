"""What a call such as ``sigmoid(x)`` stands for: the lines of the node that is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from backproof import catalogue
from backproof.errors import SourceError, UnknownName
from backproof.indexing import free_indices, fresh, reindex
from backproof.language.document import Chain, Claim, Document, Kink, Line, Node, Span
from backproof.terms import Term, idx, substitute, sym, transform

Lookup = Callable[[str], Node]


def lookup_in(document: Document) -> Lookup:
    """Return a lookup that asks ``document`` first and the catalogue second."""
    local = {node.name: node for node in document.nodes}
    return lambda name: local[name] if name in local else catalogue.find_node(name)


class _Inliner:
    """Gives every distinct call lines of its own, named after the node that it calls."""

    def __init__(self, taken: set[str], find: Lookup, callers: tuple[str, ...]) -> None:
        self.taken, self.find, self.callers = taken, find, callers
        self.outputs: dict[Term, Term] = {}
        self.held: dict[Term, str] = {}
        self.lines: list[Line] = []
        self.span = Span(1, 1, 1)

    def name(self, stem: str) -> str:
        """Return ``stem``, or ``stem2``, ``stem3``, … where that is taken."""
        name, count = stem, 1
        while name in self.taken:
            count += 1
            name = f"{stem}{count}"
        self.taken.add(name)
        return name

    def expand(self, call: Term) -> Term:
        """Return what stands for ``call``: the symbol of its last line, or with axes its formula."""
        if call not in self.outputs:
            node = called_node(call, self.find, self.span, self.callers)
            prefix = node.name.replace("-", "_")
            values: dict[Term, Term] = {}
            for given, arg in zip(node.inputs, call.args, strict=True):
                values[sym(given.name)] = self.hold(f"{prefix}_{given.name}", arg)
            for line in node.lines:
                term = substitute(line.term, values)
                name = f"{prefix}_{line.name}"
                values[sym(line.name)] = term if call.axes else self.add_line(name, term)
            self.outputs[call] = values[sym(node.lines[-1].name)]
        return self.outputs[call]

    def hold(self, name: str, arg: Term) -> Term:
        """Return a symbol or number for an argument; any other term is given a line."""
        return arg if arg.head in ("sym", "num") else self.add_line(name, arg)

    def add_line(self, name: str, term: Term) -> Term:
        """Return the entry that a new line defines as ``term``, at plain indices of its axes."""
        indices = free_indices(term)
        axes = fresh(indices)
        plain = reindex(term, dict(zip(indices, map(idx, axes), strict=True)))
        if plain not in self.held:
            self.held[plain] = self.name(name)
            self.lines.append(Line(self.held[plain], axes, plain, self.span))
        return sym(self.held[plain], *map(idx, indices))

    def rewrite(self, line: Line) -> None:
        """Add ``line`` with every call replaced by the output of the called node's lines."""
        self.span = line.span
        term = transform(line.term, lambda part: self.expand(part) if part.head == "call" else part)
        self.lines.append(replace(line, term=term))

    def restate(self, term: Term) -> Term:
        """Return ``term`` with calls replaced: by their lines where they have some, else by their formula."""

        def rule(part: Term) -> Term:
            if part.head != "call":
                return part
            return self.outputs.get(part) or formula(part, self.find, self.span, self.callers)

        return transform(term, rule)

    def restate_chain(self, chain: Chain) -> Chain:
        """Return ``chain`` with the calls of every side replaced."""
        self.span = chain.span
        target, steps = self.restate(chain.target), []
        for step in chain.steps:
            self.span = step.span
            left, right = self.restate(step.left), self.restate(step.right)
            steps.append(replace(step, left=left, right=right))
        return replace(chain, target=target, steps=tuple(steps))

    def restate_kink(self, kink: Kink) -> Kink:
        """Return ``kink`` with the calls of its condition and value replaced."""
        self.span = kink.span
        condition, value = self.restate(kink.condition), self.restate(kink.value)
        return replace(kink, condition=condition, value=value)


def called_node(call: Term, find: Lookup, span: Span, callers: tuple[str, ...] = ()) -> Node:
    """Return the node that ``call`` names, free of calls itself; a misfit is an error at ``span``."""
    name = str(call.data)
    try:
        node = find(name)
    except UnknownName as unknown:
        raise SourceError("", span.line, span.column, str(unknown)) from None
    if name in callers:
        raise SourceError("", span.line, span.column, f"{name} calls itself")
    if len(call.args) != len(node.inputs):
        wanted = ", ".join(given.name for given in node.inputs)
        message = f"{name} takes ({wanted}), not {len(call.args)} values"
        raise SourceError("", span.line, span.column, message)
    if any(given.axes for given in node.inputs):
        message = f"{name} has axes; only a node without axes can be called, entry by entry"
        raise SourceError("", span.line, span.column, message)
    return inline_calls(node, find, (*callers, name))


def formula(call: Term, find: Lookup, span: Span, callers: tuple[str, ...] = ()) -> Term:
    """Return the output of ``call`` as one term in its arguments."""
    node = called_node(call, find, span, callers)
    values = {sym(given.name): arg for given, arg in zip(node.inputs, call.args, strict=True)}
    for line in node.lines:
        values[sym(line.name)] = substitute(line.term, values)
    return values[sym(node.lines[-1].name)]


def inline_calls(node: Node, find: Lookup = catalogue.find_node, callers: tuple[str, ...] = ()) -> Node:
    """Return ``node`` with every call replaced by the lines of the node that is called.

    ``y = x*sigmoid(x)`` becomes the lines ``sigmoid_a = -x``, …, ``sigmoid_y = 1/sigmoid_c`` and
    ``y = x*sigmoid_y``; equal calls share their lines.  A call with indices becomes a formula in its
    arguments, of which those that are no plain entries get lines.
    Raises SourceError, without a path, where a call does not fit.
    """
    taken = {given.name for given in node.inputs} | {line.name for line in node.lines}
    inliner = _Inliner(taken, find, callers)
    for line in node.lines:
        inliner.rewrite(line)
    return replace(
        node,
        lines=tuple(inliner.lines),
        chains=tuple(map(inliner.restate_chain, node.chains)),
        kinks=tuple(map(inliner.restate_kink, node.kinks)),
    )


def inline_claim(claim: Claim, find: Lookup = catalogue.find_node) -> Claim:
    """Return ``claim`` with every call replaced by its formula."""
    return replace(claim, chain=_Inliner(set(), find, ()).restate_chain(claim.chain))

"""The derivation of a node with axes: the backward pass line by line, each gradient in the later ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from backproof.calculus.array_edges import array_edges
from backproof.calculus.fields import context_with_axes, entry, is_differentiable, local_context, outputs_of
from backproof.calculus.index_rule import Use, contribution, uses
from backproof.calculus.judging import Judge
from backproof.calculus.matrices import matrix_note
from backproof.calculus.refining import Refiner, dressed, unordered
from backproof.calculus.stated import judge_chain
from backproof.derivation import Derivation, JudgedChain, JudgedStep, Operation
from backproof.graph import kind_of
from backproof.language.document import Line, Node
from backproof.terms import REDUCTIONS, ZERO, Term, add, postorder, symbols


def derive_with_axes(node: Node, title: str = "", prose: str = "") -> Derivation:
    """Return the derivation of a node with axes: every line is one operation, with a gradient of its own."""
    context = context_with_axes(node)
    chains = list(_chains(node, Judge(context, partial(local_context, node))))
    if chains:
        chains[-1] = replace(chains[-1], note=matrix_note(chains))
    locals_, pullbacks = array_edges(node)
    return Derivation(
        node=node,
        context=context,
        operations=tuple(_operation(line) for line in node.lines),
        locals=locals_,
        pullbacks=pullbacks,
        chains=tuple(chains),
        kinks=node.kinks,
        title=title,
        prose=prose,
    )


def _operation(line: Line) -> Operation:
    term = line.term
    kind = term.head if term.head in REDUCTIONS else kind_of(term)
    return Operation(entry(line.name, line.axes), term, symbols(term), kind)


def _chains(node: Node, judge: Judge) -> Iterator[JudgedChain]:
    """Yield the stated chains in the order of the file, then those found, in backward order.

    A file that states nothing gets a chain for every line that a gradient passes.
    """
    stated = {chain.target.data: judge_chain(chain, judge) for chain in node.chains}
    yield from stated.values()
    inputs = {f"d{given.name}" for given in node.inputs if is_differentiable(given.domain)}
    if inputs <= stated.keys():
        return
    backward = Backward(node, judge)
    for name in backward.order:
        if name in stated:
            backward.refiner.learn(name, stated[name].result)
        else:
            yield backward.chain(name)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One more expression for a chain, with the name of the rule that leads to it."""

    term: Term
    rule: str


class Backward:
    """The backward pass over the lines of a node: which line reads which value, and what flows back."""

    def __init__(self, node: Node, judge: Judge) -> None:
        self.node = node
        self.judge = judge
        self.shapes = judge.context.shapes
        self.outputs = outputs_of(node)
        self.uses: dict[str, list[Use]] = {}
        self.refiner = Refiner(node, judge)
        active = {given.name for given in node.inputs if is_differentiable(given.domain)}
        inputs = tuple(active)
        for line in node.lines:
            found = uses(line, active)
            if found:
                active.add(line.name)
            for use in found:
                self.uses.setdefault(use.entry.data, []).append(use)
        names = [given.name for given in node.inputs if given.name in inputs]
        lines = [line.name for line in reversed(node.lines) if line.name in self._reaching() & active]
        self.order = [f"d{name}" for name in (*lines, *names) if name not in self.outputs]

    def _reaching(self) -> set[str]:
        """Return the values on which an output depends."""
        reaching = set(self.outputs)
        for line in reversed(self.node.lines):
            if line.name in reaching:
                reaching.update(part.data for part in symbols(line.term))
        self.reaching = reaching
        return reaching

    def chain(self, gradient: str) -> JudgedChain:
        """Return the chain of the gradient ``dv``: from the index rule to the form that a person would keep."""
        name = gradient[1:]
        target = left = entry(gradient, self.shapes[name])
        steps: list[JudgedStep] = []
        proposals = list(self._route(name))
        for proposal in proposals:
            verdict = self.judge.step(target, left, proposal.term)
            if verdict.is_accepted:
                steps.append(JudgedStep(left, proposal.term, proposal.rule, verdict))
                left = proposal.term
        if not steps:
            last = proposals[-1]
            steps = [JudgedStep(target, last.term, last.rule, self.judge(target, last.term))]
        self.refiner.learn(gradient, steps[-1].right)
        chain = JudgedChain(target, tuple(steps), found=True)
        self.judge.learn(chain)
        return chain

    def _route(self, name: str) -> Iterator[Proposal]:
        bracketed, contracted = self.total(name)
        axes = self.shapes[name]
        bracketed, contracted = (dressed(term, axes) for term in self.total(name))
        has_sum = any(part.head == "sum" for part in postorder(contracted))
        shown = contracted
        if bracketed is contracted:
            yield Proposal(contracted, "index-rule" if has_sum else "chain-rule")
        else:
            yield Proposal(bracketed, "index-rule")
            yield Proposal(contracted, "contract-bracket")
        for term, rule in self.refiner.route(contracted):
            term = dressed(term, axes)
            if unordered(term) != unordered(shown):
                yield Proposal(term, rule)
                shown = term

    def total(self, name: str) -> tuple[Term, Term]:
        """Return the gradient of a value as the sum over its uses: bracketed where that says more, contracted."""
        axes = self.shapes[name]
        bracketed, contracted = [], []
        for use in sorted(self.uses.get(name, []), key=lambda use: -self.refiner.place[use.line.name]):
            if use.line.name not in self.reaching:
                continue
            found = contribution(use, axes, self.upstream(use.line), self.shapes)
            bracketed.append(found.bracketed)
            contracted.append(found.contracted)
        return _sum(bracketed), _sum(contracted)

    def upstream(self, line: Line) -> Term:
        """Return what arrives at a line: its gradient, for an output that other lines read with what they add."""
        arriving = entry(f"d{line.name}", line.axes)
        if line.name not in self.outputs:
            return arriving
        return _sum([arriving, self.total(line.name)[1]])


def _sum(parts: list[Term]) -> Term:
    """Return the sum without zeros, no leading minus sign where it can be helped."""
    kept = [part for part in parts if part is not ZERO]
    return add(*sorted(kept, key=lambda part: part.head == "neg"))

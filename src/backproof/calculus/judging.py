"""The kernel as the calculus asks it: what is in force, each question once, no conditions of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp

from backproof.calculus.convert import Translation
from backproof.calculus.fields import context_with_axes, has_axes
from backproof.calculus.parts import Parts
from backproof.calculus.paths import gradient_of
from backproof.derivation import JudgedChain, Operation
from backproof.domains import Context, Definition, Domain
from backproof.graph import operations
from backproof.judgement import judge
from backproof.kernel.slopes import unfold
from backproof.kernel.verdict import Kind, Verdict
from backproof.language.document import Kink, Node
from backproof.terms import Term, derivative, mul, sub, sym, where


class Judge:
    """Judges steps in one context and remembers its verdicts.

    ``local`` gives the part of the context that one gradient needs: what is proved there holds in ``context``.
    """

    def __init__(self, context: Context, local: Callable[[str], Context] | None = None) -> None:
        self.context = context
        self._parts = None if local is None else Parts(context, local)
        self._translation = Translation(context.domains)
        self._verdicts: dict[tuple[Term, Term], Verdict] = {}

    def __call__(self, left: Term, right: Term) -> Verdict:
        """Return the kernel's verdict on ``left = right``."""
        key = left, right
        if key not in self._verdicts:
            self._verdicts[key] = self._judged(left, right)
        return self._verdicts[key]

    def step(self, target: Term, left: Term, right: Term) -> Verdict:
        """Return the verdict on a step of a chain whose steps so far are accepted: ``target = left`` is known.

        An undecided ``left = right`` follows from ``target = right`` where that can be proved.
        """
        verdict = self(left, right)
        if verdict.kind is not Kind.UNKNOWN or target is left:
            return verdict
        whole = self(target, right)
        return whole if whole.is_accepted else verdict

    def _judged(self, left: Term, right: Term) -> Verdict:
        for part in () if self._parts is None else self._parts.of(left, right):
            verdict = judge(left, right, part)
            if verdict.is_accepted:
                return verdict
        return judge(left, right, self.context)

    def learn(self, chain: JudgedChain) -> None:
        """Let later steps use the result of a chain, where every step of it is accepted."""
        if self._parts is not None:
            self._parts.learn(chain)

    def accepts(self, left: Term, right: Term, conditions: Sequence[Term] = ()) -> bool:
        """Say whether ``left = right`` holds under no other conditions than these."""
        verdict = self(left, right)
        if not verdict.is_accepted or not set(verdict.conditions) - set(conditions):
            return verdict.is_accepted
        allowed = {self._canonical(condition) for condition in conditions}
        return {self._canonical(condition) for condition in verdict.conditions} <= allowed

    def _canonical(self, condition: Term) -> tuple[str, Any]:
        """Return one form for ``1 + x != 0``, ``x != -1`` and ``-x != 1``."""
        plain = unfold(sub(*condition.args), self.context.definitions)
        difference = self._translation.to_sympy(plain)
        _, primitive = sp.expand(difference).as_coeff_Mul()
        is_symmetric = condition.head in ("eq", "ne")
        negative = is_symmetric and (-primitive).sort_key() < primitive.sort_key()
        return condition.head, -primitive if negative else primitive


def gradient_context(node: Node) -> Context:
    """Return what is in force where the steps of ``node`` are judged.

    Every value of the graph is a definition, and so is every gradient: ``dv = dy*D(y, v)``, at a kink the
    value that the node states.
    """
    if has_axes(node):
        return context_with_axes(node)
    return context_of(operations(node), {g.name: g.domain for g in node.inputs}, node.kinks)


def context_of(steps: Sequence[Operation], domains: Mapping[str, Domain], kinks: Sequence[Kink] = ()) -> Context:
    """Return the definitions that a graph makes, over the domains of its inputs."""
    output = steps[-1].output
    definitions = {step.output.data: Definition(step.output.data, step.term) for step in steps}
    for value in (*map(sym, domains), *(step.output for step in steps[:-1])):
        gradient = gradient_of(value)
        plain = mul(gradient_of(output), derivative(output, value))
        term = _with_kinks(gradient, plain, kinks)
        definitions[gradient.data] = Definition(gradient.data, term)
    return Context(definitions, dict(domains))


def _with_kinks(gradient: Term, plain: Term, kinks: Sequence[Kink]) -> Term:
    for kink in reversed(kinks):
        if kink.gradient == gradient.data:
            plain = where(kink.condition, kink.value, plain)
    return plain

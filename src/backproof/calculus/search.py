"""The search for steps: from the chain-rule product to the form that a person would keep."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backproof.calculus.convert import NotConvertible, Translation, complexity
from backproof.calculus.eliminate import eliminate
from backproof.calculus.inverse import read_backwards
from backproof.calculus.judging import Judge
from backproof.calculus.paths import Flow, gradient_of, product_of, replace_names, unfold
from backproof.calculus.refusal import refusal
from backproof.calculus.regions import has_choices
from backproof.calculus.tidy import MAX_COMPLEXITY, is_affordable, name_of, shorter_forms, written
from backproof.terms import Term, symbols

#: Definitions are written out in a chain only while the result has no more to read than this.
MAX_UNFOLDED: Final = 80
#: What a reader pays for looking a line up.
LINE_COST: Final = 3
#: How many of the shorter forms the kernel is asked about.
MAX_TRIALS: Final = 4


@dataclass(frozen=True, slots=True)
class Proposal:
    """One more expression for a chain, with the name of the rule that leads to it."""

    term: Term
    rule: str


Route = list[Proposal]


class Search:
    """Looks for the steps of one node's gradients; every one but the first is true for ``judge``."""

    def __init__(self, flow: Flow, lines: Sequence[Term], judge: Judge, constants: Collection[Term] = ()) -> None:
        self.flow = flow
        self.judge = judge
        self.output = flow.output
        self.upstream = gradient_of(flow.output)
        self.lines = {line: None for line in lines if line in flow.active} | {flow.output: None}
        self.constants = set(constants)
        self.unproved: list[Term] = []

    def route(self, value: Term) -> Route:
        """Return the chain of ``value``'s gradient: the chain-rule product first, the final form last."""
        named = self.flow.chain_rule(value)
        if complexity(self._by_lines(named)) > MAX_COMPLEXITY:
            return [Proposal(named, "chain-rule")]
        edges = self.flow.edges
        if len(edges) == 1 and edges[0].value is value and edges[0].plain is not edges[0].local:
            plain = product_of(self.upstream, edges[0].plain)
            return [Proposal(plain, "chain-rule"), Proposal(named, self._definition(self.output))]
        routes = (
            self.in_output(named, value),
            self._tidied([Proposal(self._shown(named), "chain-rule")]),
            self._tidied([Proposal(self._by_lines(named), "chain-rule")]),
            self._back_to_lines(named, value),
        )
        return min((self._accepted(route, value) for route in routes if route), key=self._cost)

    def plain(self, value: Term) -> Term:
        """Return the gradient of ``value`` tidied, its definitions written out."""
        route = self._tidied([Proposal(self._shown(self.flow.chain_rule(value)), "chain-rule")])
        return self._accepted(route, value)[-1].term

    def _cost(self, route: Route) -> int:
        """Return how much there is to read in the final form, the definitions it needs included."""
        final = route[-1].term
        used = {name for name in symbols(final) if name in self.lines} - {self.output}
        return complexity(final) + LINE_COST * len(used)

    def _accepted(self, route: Route, value: Term) -> Route:
        """Return the route without the steps that do not hold, or need conditions of their own."""
        conditions = self.judge(gradient_of(value), route[0].term).conditions
        kept = route[:1]
        for proposal in route[1:]:
            if self.judge.accepts(kept[-1].term, proposal.term, conditions):
                kept.append(proposal)
        return kept

    @staticmethod
    def _definition(name: Term) -> str:
        return f"definition of {name.data}"

    def _shown(self, named: Term) -> Term:
        """Return the chain-rule product with every definition written out, while that is readable."""
        shown = unfold(named, self.flow.definitions, {self.output, *self.constants})
        return shown if complexity(shown) <= MAX_UNFOLDED else self._by_lines(named)

    def _by_lines(self, named: Term) -> Term:
        return unfold(named, self.flow.definitions, {*self.lines, *self.constants})

    def _back_to_lines(self, named: Term, value: Term) -> Route:
        """Read unnamed values backwards from the lines that they lead to: exp(-x) = 1/s - 1."""
        shown = self._by_lines(named)
        unknown = self.flow.dependent(value)
        inverse: dict[Term, Term] = {}
        for line in self.lines:
            for found, term in read_backwards(self.flow.operations, line, unknown).items():
                if line is not self.output and found not in self.lines and found is not value:
                    inverse.setdefault(found, term)
        read = self._by_lines(replace_names(named, inverse))
        if read is shown:
            return []
        used = [name for name in symbols(read) if name in inverse.values() or name in self.lines]
        rule = self._definition(used[-1])
        return self._tidied([Proposal(shown, "chain-rule"), Proposal(read, rule)])

    def in_output(self, named: Term, value: Term) -> Route:
        """Return a route to a form in which the output stands for everything that ``value`` moves."""
        unknown = self.flow.dependent(value)
        if not unknown & set(symbols(named)) - {self.output}:
            return []
        start = [Proposal(self._shown(named), "chain-rule")]
        rule = self._definition(self.output)
        inverse = read_backwards(self.flow.operations, self.output, unknown)
        read = replace_names(named, inverse)
        if not unknown & set(symbols(read)) - {self.output}:
            return self._tidied([*start, Proposal(read, rule)])
        eliminated = self._eliminated(start[0].term, value, inverse)
        if eliminated is None:
            return []
        return [*self._tidied(start), Proposal(eliminated, rule)]

    def _eliminated(self, shown: Term, value: Term, inverse: Mapping[Term, Term]) -> Term | None:
        """Return the gradient in the output alone, by elimination of ``value``."""
        deepest = list(inverse)[-1]
        formulas = self.formulas(deepest, shown)
        if formulas is None:
            return None
        translation, primal, local = formulas
        output = translation.symbol(self.output)
        known = translation.to_sympy(inverse[deepest])
        for proposal in eliminate(primal, local, translation.symbol(value), output):
            product = translation.symbol(self.upstream) * proposal.subs(output, known)
            form = written(product, translation)
            if form is not None and self.judge(shown, form).is_accepted:
                return self.shortest(form)
        return None

    def formulas(self, primal: Term, gradient: Term) -> tuple[Translation, Any, Any] | None:
        """Return a value and a gradient (its upstream 1) as SymPy expressions in the inputs, or None."""
        translation = self._translation(gradient)
        plain = [unfold(term, self.flow.definitions, set()) for term in (primal, gradient)]
        if max(map(complexity, plain)) > MAX_COMPLEXITY:
            return None
        try:
            value, slope = map(translation.to_sympy, plain)
        except NotConvertible:
            return None
        slope = slope.subs(translation.symbol(self.upstream), 1)
        affordable = is_affordable(value) and is_affordable(slope)
        return (translation, value, slope) if affordable else None

    def _tidied(self, route: Route) -> Route:
        last = route[-1].term
        short = self.shortest(last)
        if short is last:
            return route
        return [*route, Proposal(short, self._shortened(last, short))]

    def _shortened(self, before: Term, after: Term) -> str:
        """Return the name of the rule that shortens ``before``: a definition where putting it in is all."""
        for name in symbols(after):
            if name in self.lines and replace_names(after, {name: self.flow.definitions[name]}) is before:
                return self._definition(name)
        return name_of(before, after)

    def _translation(self, term: Term) -> Translation:
        return Translation(self.judge.context.domains, symbols(term), [self.upstream])

    def shortest(self, term: Term) -> Term:
        """Return the shortest true form of a gradient; each branch of a choice by itself."""
        products = [
            (step.output, step.term)
            for step in self.flow.operations
            if step.output in self.lines and step.kind == "mul"
        ]
        forms = shorter_forms(term, self.upstream, self._translation(term), products)
        for form in forms[:MAX_TRIALS]:
            if self.judge(term, form).is_accepted:
                return form
            self.unproved.append(form)
        return term


def note(search: Search, value: Term, route: Route) -> str:
    """Return why the final form is not in the output alone, or what could not be proved; else nothing."""
    final = route[-1].term
    if not search.judge(gradient_of(value), route[0].term).is_accepted:
        return ""
    if any(complexity(form) < complexity(final) for form in search.unproved):
        return "A shorter form was proposed, but the kernel could not prove it."
    moved = search.flow.dependent(value) - {search.output}
    is_single = len(search.judge.context.domains) == 1 and not has_choices(search.flow.operations)
    named = search.flow.chain_rule(value)
    if not is_single or not moved & set(symbols(final)) or search.in_output(named, value):
        return ""
    formulas = search.formulas(search.output, named)
    if formulas is None:
        return ""
    translation, primal, local = formulas
    variable = translation.symbol(value)
    return refusal(primal, local, variable, str(value.data), str(search.output.data))

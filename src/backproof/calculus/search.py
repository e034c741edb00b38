"""The search for steps: from the chain-rule product to the form that a person would keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from backproof.calculus.convert import Translation, complexity
from backproof.calculus.inverse import read_backwards
from backproof.calculus.paths import Flow, gradient_of, replace_names, unfold
from backproof.calculus.tidy import name_of, shorter_forms
from backproof.domains import Domain
from backproof.terms import Term, symbols

#: Definitions are written out in a chain only while the result has no more to read than this.
MAX_UNFOLDED: Final = 80


@dataclass(frozen=True, slots=True)
class Proposal:
    """One more expression for a chain, with the name of the rule that leads to it."""

    term: Term
    rule: str


class Search:
    """Looks for the steps of one node's gradients; what it proposes is not yet judged."""

    def __init__(self, flow: Flow, domains: Mapping[str, Domain], is_true: Callable[[Term, Term], bool]) -> None:
        self.flow = flow
        self.domains = domains
        self.is_true = is_true
        self.upstream = gradient_of(flow.output)

    def steps(self, value: Term) -> Iterator[Proposal]:
        """Yield the chain of ``value``'s gradient: the chain-rule product first, the final form last."""
        named = self.flow.chain_rule(value)
        shown = unfold(named, self.flow.definitions, {self.flow.output})
        if complexity(shown) > MAX_UNFOLDED:
            shown = named
        yield Proposal(shown, "chain-rule")
        plain = self.shortest(shown)
        output = self.output_form(named, value)
        if output and complexity(output[-1].term) <= complexity(plain):
            yield from output
        elif plain is not shown:
            yield Proposal(plain, name_of(shown, plain))

    def shortest(self, term: Term) -> Term:
        """Return the shortest true form of a gradient."""
        translation = Translation(self.domains, symbols(term), [self.upstream])
        forms = shorter_forms(term, self.upstream, translation)
        return next((form for form in forms if self.is_true(term, form)), term)

    def output_form(self, named: Term, value: Term) -> list[Proposal]:
        """Return the steps to a form in the output alone, or none."""
        inverse = read_backwards(self.flow, self.flow.output)
        read = replace_names(named, inverse)
        allowed = {self.flow.output, self.upstream}
        if any(name in self.flow.active - allowed for name in symbols(read)):
            return []
        rule = f"definition of {self.flow.output.data}"
        short = self.shortest(read)
        steps = [] if read is named else [Proposal(read, rule)]
        return steps if short is read else [*steps, Proposal(short, name_of(read, short))]

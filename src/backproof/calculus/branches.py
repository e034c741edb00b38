"""The search for steps where a node has kinks: interval by interval, then joined into one formula."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from backproof.calculus.convert import complexity
from backproof.calculus.judging import Judge, context_of
from backproof.calculus.paths import Flow, gradient_of, product_of
from backproof.calculus.regions import Region, join, regions
from backproof.calculus.search import Proposal, Route, Search
from backproof.calculus.tidy import name_of
from backproof.language.document import Kink
from backproof.terms import ONE, ZERO, Term, call, div, mul, neg, postorder, substitute, sym, symbols, where


class BranchSearch(Search):
    """Looks for the steps of a node that chooses between branches."""

    def __init__(
        self,
        flow: Flow,
        lines: Sequence[Term],
        judge: Judge,
        constants: Collection[Term] = (),
        kinks: Sequence[Kink] = (),
    ) -> None:
        super().__init__(flow, lines, judge, constants)
        self._kinks = kinks
        self._split = regions(flow.operations, judge.context.domains)
        self._parts = [self._part(region, lines) for region in self._split[1]] if self._split else []

    def _part(self, region: Region, lines: Sequence[Term]) -> Search:
        """Return the search on one interval, where nothing is chosen."""
        domains = dict(self.judge.context.domains)
        variable = self._split[0].data if self._split else ""
        domains[variable] = region.domain(domains[variable])
        judge = Judge(context_of(region.operations, domains))
        flow = Flow(region.operations, tuple(map(sym, domains)))
        return Search(flow, lines, judge, self.constants)

    def route(self, value: Term) -> Route:
        """Return the chain of ``value``'s gradient: chain rule, branches, and the output where it serves."""
        shown = self._with_conventions(self._shown(self.flow.chain_rule(value)), value)
        start = [Proposal(shown, "chain-rule")]
        if not self._split:
            tidied = self._tidied_inside(shown)
            route = start if tidied is shown else [*start, Proposal(tidied, "branches")]
            return self._accepted(route, value)
        plain = [part.plain(value) for part in self._parts]
        best = [part.route(value)[-1].term for part in self._parts]
        route = self._joined(start, plain, "branches", value)
        return self._joined(route, best, self._definition(self.output), value)

    def _with_conventions(self, shown: Term, value: Term) -> Term:
        """Return the chain-rule product, with the stated value at a kink where it gives another."""
        gradient = gradient_of(value)
        if self.judge(gradient, shown).is_accepted:
            return shown
        stated = self._at_kinks([shown], value)
        return next((way for way in stated if self.judge(gradient, way).is_accepted), shown)

    def _at_kinks(self, ways: Sequence[Term], value: Term) -> Iterator[Term]:
        for kink in self._kinks:
            if kink.gradient == gradient_of(value).data:
                yield from (where(kink.condition, kink.value, way) for way in ways)

    def _joined(self, route: Route, values: Sequence[Term], rule: str, value: Term) -> Route:
        """Return the route with the first way to join the values that is true, where it reads no worse."""
        last = route[-1].term
        for term in self._ways_to_join(values, value):
            if term is last:
                break
            longer = [*route, Proposal(term, self._name(rule, last, term))]
            if complexity(term) <= complexity(last) and self._accepted(longer, value) == longer:
                return longer
        return route

    def _name(self, rule: str, before: Term, after: Term) -> str:
        is_new = self.output in set(symbols(after)) - set(symbols(before))
        return rule if has_where(after) or is_new else name_of(before, after)

    def _ways_to_join(self, values: Sequence[Term], value: Term) -> Iterator[Term]:
        if self._split is None:
            return
        variable, found = self._split
        if len(values) == 2 and found[0].high == 0:
            yield substitute(values[1], {name: call("abs", name) for name in (variable, self.output)})
        bare = [_without(self.upstream, term) for term in values]
        inner = [term for term in bare if term is not None]
        if len(inner) == len(values) and ZERO not in inner:
            ways = [product_of(self.upstream, way) for way in join(variable, found, inner)]
        else:
            ways = list(join(variable, found, values))
        yield from ways
        yield from self._at_kinks(ways, value)

    def _tidied_inside(self, term: Term) -> Term:
        """Return ``term`` with every branch of a choice in its shortest form."""
        if term.head == "where":
            inner = (self._shortest_factor(arg) for arg in term.args[1:])
            return where(term.args[0], *inner)
        if term.head != "mul" or term.args[-1].head != "where":
            return self.shortest(term)
        *front, choice = term.args
        choice = self._tidied_inside(choice)
        if ZERO not in choice.args:
            return mul(*front, choice)
        inner = (product_of(*front, arg) for arg in choice.args[1:])
        return where(choice.args[0], *inner)

    def _shortest_factor(self, factor: Term) -> Term:
        if factor.head == "where":
            return self._tidied_inside(factor)
        short = _without(self.upstream, self.shortest(product_of(self.upstream, factor)))
        return factor if short is None else short


def has_where(term: Term) -> bool:
    """Say whether a choice is written in ``term``."""
    return any(part.head == "where" for part in postorder(term))


def _without(upstream: Term, term: Term) -> Term | None:
    """Return ``term`` without its factor ``upstream``, or None where it does not begin with it."""
    if term is upstream:
        return ONE
    if term is ZERO:
        return ZERO
    if term.head == "neg":
        inner = _without(upstream, term.args[0])
        return inner and neg(inner)
    if term.head == "div":
        inner = _without(upstream, term.args[0])
        return inner and div(inner, term.args[1])
    if term.head == "mul":
        inner = _without(upstream, term.args[0])
        return inner and product_of(inner, *term.args[1:])
    return None

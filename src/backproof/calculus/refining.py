"""From the contracted sum to the form that a person would keep: pull out, put in, read backwards, collect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from backproof.calculus.fields import outputs_of
from backproof.calculus.judging import Judge
from backproof.calculus.monomials import Expander, collected
from backproof.calculus.readings import Reading, readings, rewrite
from backproof.indexing import axis_of, fresh, reindex
from backproof.language.document import Node
from backproof.terms import (
    ONE,
    REDUCTIONS,
    ZERO,
    Term,
    idx,
    make,
    postorder,
    rebuild,
    size,
    substitute,
    symbols,
)

Step = tuple[Term, str]
#: How often gradients of later lines are put in, one round for all that occur.
MAX_ROUNDS: Final = 4
#: A form in other names is refused where it has more to read than this many times the plain one.
GROWTH: Final = 2
SLACK: Final = 12
#: What a reader pays for looking up a line, and the part of that for every line further from the output.
LINE_COST: Final = 8
FARTHER: Final = 0.4


def complexity(root: Term) -> int:
    """Return how much there is to read: operations and names, every time that they stand there."""
    size_of: dict[Term, int] = {}
    for term in postorder(root):
        size_of[term] = 3 if term.head == "sym" else 1 + sum(size_of[arg] for arg in term.args)
    return size_of[root]


def unordered(root: Term) -> str:
    """Return a text that is the same for terms that differ in the order of summands and factors only."""
    text: dict[Term, str] = {}
    for term in postorder(root):
        parts = [text[arg] for arg in term.args]
        parts = sorted(parts) if term.head in ("add", "mul") else parts
        text[term] = f"{term.head}:{term.data}({','.join(parts)})"
    return text[root]


def dressed(root: Term, taken: Iterable[str]) -> Term:
    """Return ``root`` with bound indices that differ from those taken and from those around them."""
    taken = frozenset(taken)
    if not any(part.head in REDUCTIONS for part in postorder(root)):
        return root
    if root.head not in REDUCTIONS:
        return rebuild(root, tuple(dressed(arg, taken | set(root.axes)) for arg in root.args))
    names = fresh(root.data, taken | set(root.axes))
    body = reindex(root.args[0], dict(zip(root.data, map(idx, names), strict=True)))
    return make(root.head, (dressed(body, taken | set(names)),), names)


class Refiner:
    """Looks for the form of each gradient in the values of later lines."""

    def __init__(self, node: Node, judge: Judge) -> None:
        self.judge = judge
        self.readings = readings(node.lines)
        self.place = {line.name: i for i, line in enumerate(node.lines)}
        outputs = outputs_of(node)
        self.inner = {name for name in self.place if name not in outputs}
        self.results: dict[str, Term] = {}
        self.shapes = judge.context.shapes
        self.totals: dict[Term, Term | None] = {}

    def learn(self, gradient: str, result: Term) -> None:
        """Keep the result of a gradient's chain: later chains may put it in."""
        self.results[gradient] = result

    def route(self, contracted: Term) -> list[Step]:
        """Return the steps from a contracted sum to the best form found, each with its rule."""
        plain = collected(Expander(eager=False)(contracted))
        rule = "collect" if _reductions(plain) == _reductions(contracted) else "pull-out"
        base = self._finished([(plain, rule)])
        routes = [base, *self._put_in(base, merging=True), *self._put_in(base, merging=False)]
        return min(
            (route for route in routes if self._may_replace(base, route)),
            key=lambda route: self._cost(route[-1][0]),
        )

    def _put_in(self, base: list[Step], merging: bool) -> Iterator[list[Step]]:
        """Yield routes in which gradients of lines are replaced by the results of their chains, round by round.

        ``merging``: only gradients whose result has a name in common with the rest.
        """
        term, names = base[-1][0], list[str]()
        for _ in range(MAX_ROUNDS):
            found = {}
            for use in symbols(term):
                if use.data in self.results and (not merging or self._merges(use.data, term)):
                    places = dict(zip(self.shapes[use.data], use.args, strict=True))
                    found[use] = reindex(self.results[use.data], places)
            if not found:
                return
            names += [use.data for use in found if use.data not in names]
            term = collected(Expander(eager=False)(_substitute(term, found)))
            yield self._finished([*base, (term, f"definition of {_listed(list(dict.fromkeys(names)))}")])

    def _merges(self, gradient: str, term: Term) -> bool:
        """Say whether the result of a gradient has a name in common with ``term``, also read backwards."""
        around = {part.data for part in symbols(term)} - {gradient}
        for reading in self.readings:
            if reading.pattern.head == "sym" and reading.pattern.data in around:
                around |= {part.data for part in symbols(reading.value)}
        return bool(around & self._inner_names(self.results[gradient]))

    def _finished(self, steps: list[Step]) -> list[Step]:
        """Return the steps continued by readings, known sums, and multiplying out where that shortens."""
        term = steps[-1][0]
        found = list(steps)
        for reading in self.readings:
            better = self._read(term, reading)
            if better is not term:
                found.append((better, f"definition of {reading.name}"))
                term = better
        better = self._with_known_sums(term)
        if better is not term:
            found.append((better, "known-sum"))
            term = better
        best = min((term, *self._forms(term)), key=complexity)
        if best is not term:
            found.append((best, "collect"))
        return found

    def _read(self, term: Term, reading: Reading) -> Term:
        read = rewrite(term, reading)
        if read is term:
            return term
        read = min(self._forms(read), key=complexity)
        before, after = self._rank(term), self._rank(read)
        return read if after <= before else term

    def _rank(self, term: Term) -> tuple[int, int]:
        best = min((term, *self._forms(term)), key=complexity)
        return len(self._inner_names(best)), complexity(best)

    def _forms(self, term: Term) -> Iterator[Term]:
        for eager in (False, True):
            yield collected(Expander(eager)(term))

    def _inner_names(self, term: Term) -> set[str]:
        """Return the lines, and gradients of lines, that a reader must know for ``term``."""
        names = {part.data for part in symbols(term)}
        return {n for n in names if n in self.inner or (n[1:] in self.inner and n[0] == "d")}

    def _may_replace(self, first: list[Step], route: list[Step]) -> bool:
        """Say whether a form in which gradients were put in is worth it: something must be gone for it."""
        plain, term = first[-1][0], route[-1][0]
        if term is plain:
            return True
        before, after = self._inner_names(plain), self._inner_names(term)
        gradients = {name for name in before if name not in self.inner}
        eliminates = bool((before & self.inner) - after) or len(gradients) > 1
        return eliminates and complexity(term) <= GROWTH * complexity(plain) + SLACK

    def _cost(self, term: Term) -> float:
        """Return what there is to read, and to look up: more for the lines far from the output."""
        last = len(self.place) - 1
        looked_up = sum(1 + FARTHER * (last - self.place[n]) for n in map(self._line_of, self._inner_names(term)))
        return complexity(term) + LINE_COST * looked_up

    def _line_of(self, name: str) -> str:
        return name if name in self.inner else name[1:]

    # ------------------------------------------------------------------ known sums

    def _with_known_sums(self, term: Term) -> Term:
        known = {}
        for part in postorder(term):
            if part.head in ("sum", "mean") and (value := self._known(part)) is not None:
                known[part] = value
        if not known:
            return term
        return min(self._forms(substitute(term, known)), key=complexity)

    def _known(self, total: Term) -> Term | None:
        """Return the number that the sum of one value is, if the kernel proves it."""
        body = total.args[0]
        if body.head != "sym" or body.data in self.results or body.data[1:] in self.place:
            return None
        if total not in self.totals:
            count = size(axis_of(total.data[0]))
            candidates = (ONE, ZERO, count) if total.head == "sum" else (ZERO, ONE)
            accepted = (c for c in candidates if self.judge(total, c).is_accepted)
            self.totals[total] = next(accepted, None)
        return self.totals[total]


def _reductions(root: Term) -> set[str]:
    return {unordered(part) for part in postorder(root) if part.head in REDUCTIONS}


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _substitute(root: Term, found: dict[Term, Term]) -> Term:
    """Return ``root`` with terms replaced; bound indices that would catch one of theirs are renamed first."""
    free = {axis for term, new in found.items() for axis in {*new.axes} - {*term.axes}}
    return substitute(root, found) if not free else root

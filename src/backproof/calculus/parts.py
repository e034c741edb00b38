"""Parts of a context: what a step about one gradient needs, so that the kernel has less to unfold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from backproof.derivation import JudgedChain
from backproof.domains import Context, Definition
from backproof.judgement import judge
from backproof.terms import Term, idx, names, sym

Definitions = Mapping[str, Definition]


@dataclass(frozen=True, slots=True)
class Known:
    """The result of an accepted chain, as a definition, and the conditions under which it was accepted."""

    definition: Definition
    conditions: tuple[Term, ...]


class Parts:
    """The contexts in which a step is tried before the whole, each of which says more than the one before.

    ``local`` gives the lines and, as the definition of one gradient, one step of the chain rule.  What a step does
    not trade stays a free name: a line, or a gradient that arrives.  What is proved for any values of those holds
    for what they stand for, wherever they have values.
    """

    def __init__(self, whole: Context, local: Callable[[str], Context]) -> None:
        self.whole = whole
        self.local = local
        self.lines = local("").definitions
        self.place = {name: place for place, name in enumerate(self.lines)}
        self.known: dict[str, Known] = {}
        self.defined: dict[str, tuple[Term, ...] | None] = {}

    def learn(self, chain: JudgedChain) -> None:
        """Keep the result of a chain whose steps are accepted."""
        if chain.target.head == "sym" and all(step.verdict.is_accepted for step in chain.steps):
            name, axes = str(chain.target.data), tuple(arg.data for arg in chain.target.args)
            conditions = dict.fromkeys(c for step in chain.steps for c in step.verdict.conditions)
            self.known[name] = Known(Definition(name, chain.result, axes), tuple(conditions))

    def of(self, left: Term, right: Term) -> Iterator[Context]:
        """Yield the parts for one step: with the definitions that it trades, then with every line as it is defined.

        A derivative may have no trace of the lines that it reads, so these are first left as they are.
        """
        rule = self._rule(str(left.data)) if left.head == "sym" else {}
        few = self._traded(left, right, rule, hidden=self.lines.keys() if rule else frozenset())
        more = self._traded(left, right, few, hidden=frozenset())
        for traded in (few, more) if len(more) > len(few) else (few,):
            open_lines = sorted(_reached([left, right], traded) & self.lines.keys() - traded.keys())
            conditions = [self.conditions_of(name) for name in open_lines]
            if None not in conditions:
                yield self._part(traded, [c for found in conditions for c in found or ()])
        if self.lines.keys() - more.keys():
            yield self._part({**more, **self.lines}, [])

    def _part(self, definitions: Definitions, conditions: Iterable[Term]) -> Context:
        used = [self.known[name] for name, made in definitions.items() if self._is_known(name, made)]
        every = dict.fromkeys([*conditions, *(c for known in used for c in known.conditions)])
        return replace(self.whole, definitions=definitions, whole=self.whole, conditions=tuple(every))

    def _is_known(self, name: str, made: Definition) -> bool:
        return name in self.known and self.known[name].definition is made

    def _traded(self, left: Term, right: Term, given: Definitions, hidden: Set[str]) -> dict[str, Definition]:
        """Return the definitions of what one side has and the other has not, and so on with what those bring in."""
        found = dict(given)
        while True:
            before, after = _reached([left], found), _reached([right], found)
            open_names = (before - hidden) ^ (after - (hidden & before))
            options = (self._definition(name, found) for name in sorted(open_names - found.keys(), key=self._order))
            new = next((made for made in options if made), None)
            if new is None:
                return found
            found |= new

    def _order(self, name: str) -> tuple[int, str]:
        """Put gradients first, from the inputs on, then lines from the output back: none brings in an earlier one."""
        if name in self.lines:
            return len(self.place) - self.place[name], name
        return self.place.get(name[1:], 0) - len(self.place), name

    def _rule(self, gradient: str) -> dict[str, Definition]:
        """Return one step of the chain rule as the definition of a gradient, and the lines that it goes through."""
        if gradient in self.lines or gradient not in self.whole.definitions:
            return {}
        passed = {name: made for name, made in self.lines.items() if gradient[1:] in names(made.term)}
        return {gradient: self.local(gradient).definitions[gradient], **passed}

    def _definition(self, name: str, found: Definitions) -> dict[str, Definition]:
        """Return what a name stands for: for a gradient the result of its chain, where that does not come back."""
        if name in self.lines:
            return {name: self.lines[name]}
        if name in self.known:
            made = self.known[name].definition
            if name not in _reached([made.term], found):
                return {name: made}
        rule = self._rule(name)
        return rule if rule and name not in _reached([rule[name].term], found) else {}

    def conditions_of(self, line: str) -> tuple[Term, ...] | None:
        """Return where a line has a value; None where that is not known."""
        if line not in self.defined:
            made = self.lines[line]
            entry = sym(line, *map(idx, made.axes))
            verdict = judge(entry, entry, self._part({line: made}, []))
            below = [self.conditions_of(name) for name in names(made.term) if name in self.lines]
            found = (verdict.conditions, *below) if verdict.is_accepted else (None,)
            self.defined[line] = None if None in found else tuple(dict.fromkeys(c for f in found for c in f or ()))
        return self.defined[line]


def _reached(roots: Iterable[Term], definitions: Definitions) -> set[str]:
    """Return the names to which terms come down."""
    found: set[str] = set()
    pending = list(roots)
    while pending:
        for name in names(pending.pop()):
            if name not in found:
                found.add(name)
                if name in definitions:
                    pending.append(definitions[name].term)
    return found

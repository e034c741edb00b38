"""Which source name a LaTeX name stands for: the inverse of how a scope shows its variables."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from backproof.derivation import Derivation, JudgedChain
from backproof.emit.latex_style import LATEX
from backproof.emit.names import GREEK, Scope, derivation_scope
from backproof.indexing import axis_of
from backproof.terms import REDUCTIONS, Term, idx, postorder, size, sym

_PLAIN: Final = re.compile(
    r"(?:\\mathit\{(?P<word>(?:[^{}\\]|\\_)+)\}|\\?(?P<letter>[A-Za-z]+'*))"
    r"(?:_\{(?:(?P<digits>\d+)|\\mathrm\{(?P<below>\w+)\})\})?"
)


@dataclass(frozen=True)
class Vocabulary:
    """The names of a document: its scope, and its axes, whose running indices are written like variables."""

    scope: Scope
    axes: frozenset[str] = frozenset()
    _sources: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, scope: Scope, axes: Collection[str] = ()) -> Vocabulary:
        """Return the vocabulary of a scope."""
        shown = {LATEX.name(parts): name for name, parts in scope.shown.items()}
        return cls(scope, frozenset(axes), {LATEX.name(scope.name(axis)): axis for axis in axes} | shown)

    def knows(self, shown: str) -> bool:
        """Say whether a name of the scope or an axis is shown so."""
        return shown in self._sources

    def source(self, shown: str) -> str:
        """Return the name that is shown so; a name outside the scope is spelled the plain way."""
        known = self._sources.get(shown)
        if known is not None:
            return known
        parts = _PLAIN.fullmatch(shown)
        if parts is None:
            return shown.lstrip("\\")
        base = (parts["word"] or parts["letter"]).replace(r"\_", "_")
        return base + (parts["digits"] or (f"_{parts['below']}" if parts["below"] else ""))

    def symbol(self, shown: str, indices: Iterable[Term] = (), *, inside: bool = False) -> Term:
        """Return the variable, the running index or the length of an axis that is shown so.

        A name that is both a variable and an axis is the index ``inside`` a subscript or a bracket.
        """
        name, indices = self.source(shown), tuple(indices)
        is_free = name not in self.scope.shown
        if not indices and axis_of(name) in self.axes and (inside or is_free):
            return idx(name)
        if not indices and is_free and len(name) == 1 and name.lower() in self.axes:
            return size(name.lower())
        return sym(name, *indices)

    @property
    def loss(self) -> str:
        """How the loss is shown."""
        return LATEX.words["loss" if self.scope.is_loss_free else "other loss"]


def vocabulary_of(derivation: Derivation) -> Vocabulary:
    """Return the vocabulary of everything that a derivation's document shows."""
    operations = (term for each in derivation.operations for term in (each.output, each.term))
    locals_ = (term for each in derivation.locals for term in (each.output, each.input, each.term))
    edges = (term for each in derivation.pullbacks for term in (each.gradient, each.contribution))
    lines = (line.term for line in derivation.node.lines)
    roots = [*operations, *locals_, *edges, *lines, *_of_chains(derivation.chains)]
    return Vocabulary.of(derivation_scope(derivation), axes_of(*roots))


def _of_chains(chains: Iterable[JudgedChain]) -> Iterable[Term]:
    for chain in chains:
        yield chain.target
        for step in chain.steps:
            yield from (step.left, step.right, *step.verdict.conditions)


def axes_of(*roots: Term) -> frozenset[str]:
    """Return every axis that the terms name, without primes."""
    found: set[str] = set()
    for term in postorder(*roots):
        if term.head in ("idx", "size"):
            found.add(axis_of(term.data))
        elif term.head in REDUCTIONS:
            found.update(map(axis_of, term.data))
    return frozenset(found)


#: Commands that stand for letters.
LETTERS: Final = frozenset(f"\\{name}" for name in GREEK)

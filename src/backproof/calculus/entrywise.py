"""Slopes of functions of one entry, in terms of their own value: a sigmoid written out has the slope y*(1 - y)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from backproof.calculus.judging import Judge, context_of
from backproof.calculus.paths import Flow
from backproof.calculus.regions import has_choices
from backproof.calculus.search import Search
from backproof.domains import REAL
from backproof.graph import operations
from backproof.language.document import Declaration, Line, Node, Span
from backproof.terms import REDUCTIONS, Term, mul, postorder, substitute, sym, symbols

_X: Final = sym("x")
_Y: Final = sym("y")
_DY: Final = sym("dy")
_PLACE: Final = Span(1, 1, 1)
#: A function is looked at as a whole only if one of these is in it.
_CURVED: Final = frozenset({"exp", "log", "tanh", "erf", "atan"})
_OTHER: Final = REDUCTIONS | {"bracket", "where", "D", "call", "size", "idx", "max", "min", "abs", "sign"}


def slope_of(term: Term, own: Term) -> tuple[Term, Term] | None:
    """Return the one entry that ``term`` is a function of, and the slope in it where that is short in ``own``."""
    entries = [part for part in symbols(term) if part.data != "pi"]
    if len(entries) != 1 or not entries[0].args or (len(term.args[0].args) == 0 and len(term.args) == 1):
        return None
    plain = substitute(term, {entries[0]: _X})
    heads = {part.head for part in postorder(plain)}
    if heads & _OTHER or not heads & _CURVED:
        return None
    short = _short_slope(plain)
    return None if short is None else (entries[0], substitute(short, {_X: entries[0], _Y: own}))


@lru_cache(maxsize=256)
def _short_slope(term: Term) -> Term | None:
    """Return the slope of a function of x in y, or None where the search finds no form without x."""
    node = Node("f", (Declaration("x", (), REAL, _PLACE),), (Line("y", (), term, _PLACE),), _PLACE)
    steps = operations(node)
    if has_choices(steps):
        return None
    flow = Flow(steps, [_X])
    judge = Judge(context_of(steps, {"x": REAL}))
    found = Search(flow, [_Y], judge).route(_X)[-1].term
    names = {part.data for part in symbols(found)}
    if not names <= {"y", "dy", "pi"} or found.head != "mul" or _DY not in found.args:
        return None
    return mul(*(factor for factor in found.args if factor is not _DY))

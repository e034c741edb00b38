"""Certificates: the cases of a proof and what each term is there, as JSON data for a checker that trusts nothing."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

from backproof.domains import Context
from backproof.kernel.normal import Normal
from backproof.terms import Term

SCHEMA: Final = 2


class Rows:
    """Terms by row number, each distinct one once."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.place: dict[Term, int] = {}

    def __call__(self, root: Term) -> int:
        stack = [root]
        while stack:
            term = stack[-1]
            missing = [arg for arg in term.args if arg not in self.place]
            stack.extend(missing)
            if missing:
                continue
            stack.pop()
            if term not in self.place:
                self.place[term] = len(self.rows)
                data = str(term.data) if isinstance(term.data, Fraction) else term.data
                self.rows.append([term.head, data, [self.place[arg] for arg in term.args]])
        return self.place[root]


def certify(
    sides: Iterable[Term], tree: dict[str, Any], free: Iterable[str], conditions: Iterable[Term], context: Context
) -> dict[str, Any]:
    """Return the certificate of a finished proof; with the definitions, where these are a part of a context."""
    rows = Rows()
    stack = [tree]
    while stack:
        node = stack.pop()
        normal = node.pop("normal", None)
        if normal is not None and "parts" not in node:
            node.update(_hints(normal, rows))
        node["parts"] = [[_part(key, rows), child] for key, child in node.get("parts", ())]
        stack.extend(child for _, child in node["parts"])
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "sides": [rows(side) for side in sides],
        "free": list(free),
        "conditions": [rows(condition) for condition in conditions],
        "tree": tree,
        "rows": rows.rows,
    }
    if context.whole is not None:
        made["part"] = {name: [list(d.axes), rows(d.term)] for name, d in context.definitions.items()}
    return made


def _part(key: tuple[Any, ...], rows: Rows) -> list[Any]:
    """Return what a part of a split says: terms by their row."""
    return [rows(each) if isinstance(each, Term) else each for each in key]


def _hints(normal: Normal, rows: Rows) -> dict[str, Any]:
    """Return the factors that the proof has met, and the angles of its circular functions."""
    ring = normal.ring
    below = {str(value.denominator): value.denominator for value in normal.done.values()}
    met = [parts for _, (_, parts) in ring.factored.values()]
    met += [ring.factors(denominator)[1] for denominator in below.values() if not denominator.is_constant()]
    factors = {rows(ring.term(f)): None for parts in met for f, _ in parts if len(f) > 1}
    angles = [rows(generator.term.args[0]) for generator in ring.generators if generator.head == "cos"]
    return {"factors": list(factors), "angles": angles}

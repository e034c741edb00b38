"""Certificates: the cases of a proof and what each term is there, as JSON data for a checker that trusts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Final

from flint import fmpq_mpoly

from backproof.kernel.normal import Normal
from backproof.kernel.ring import Generator, Quotient, Ring
from backproof.terms import FUNCTIONS, Term

SCHEMA: Final = 1
#: Generators that the second checker knows; a proof with others has no certificate yet.
KNOWN: Final = frozenset({"atom", "exp", "log", "root", "cos", "sin", "atan", "erf"})


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
    sides: Iterable[Term], tree: dict[str, Any], free: Iterable[str], conditions: Iterable[Term]
) -> dict[str, Any]:
    """Return the certificate of a finished proof; where it uses what the checker does not know, that is said."""
    rows = Rows()
    stack = [tree]
    if any(key[0] == "index" for key, _ in _parts(tree)):
        return {"schema": SCHEMA, "unsupported": "index"}
    while stack:
        node = stack.pop()
        normal = node.pop("normal", None)
        if normal is not None and "parts" not in node:
            strange = {g.head for g in normal.ring.generators} - KNOWN
            if strange:
                return {"schema": SCHEMA, "unsupported": ", ".join(sorted(strange))}
            node.update(_hints(normal, rows))
        node["parts"] = [[_part(key, rows), child] for key, child in node.get("parts", ())]
        stack.extend(child for _, child in node["parts"])
    return {
        "schema": SCHEMA,
        "sides": [rows(side) for side in sides],
        "free": list(free),
        "conditions": [rows(condition) for condition in conditions],
        "tree": tree,
        "rows": rows.rows,
    }


def _parts(tree: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield every part of a split, and the parts of that."""
    for key, child in tree.get("parts", ()):
        yield key, child
        yield from _parts(child)


def is_certifiable(tree: dict[str, Any]) -> bool:
    """Say whether the checker knows every generator of a proof."""
    normal = tree.get("normal")
    if "parts" in tree:
        return all(key[0] != "index" and is_certifiable(child) for key, child in tree["parts"])
    return normal is None or {g.head for g in normal.ring.generators} <= KNOWN


def _part(key: tuple[Any, ...], rows: Rows) -> list[Any]:
    """Return what a part of a split says: that a name is a term, or that a subject has a sign."""
    kind, subject, value = key
    if kind == "sign":
        return [kind, rows(subject), value]
    return [kind, subject, None if value is None else rows(value)]


def _hints(normal: Normal, rows: Rows) -> dict[str, Any]:
    ring = normal.ring
    for value in list(normal.done.values()):
        if not value.denominator.is_constant():
            ring.factors(value.denominator)
    return {
        "generators": [_generator(generator, ring, rows) for generator in ring.generators],
        "values": [
            [rows(term), *_quotient(value)] for term, value in normal.done.items() if _is_worth_saying(term, value)
        ],
        "factors": [
            [_polynomial(ring, whole), str(lead), [[_polynomial(ring, f), times] for f, times in parts]]
            for whole, (lead, parts) in ring.factored.values()
        ],
    }


def _is_worth_saying(term: Term, value: Quotient) -> bool:
    arithmetic = term.head in ("add", "mul", "div") and not value.denominator.is_one()
    return arithmetic or term.head in FUNCTIONS or term.head == "pow"


def _generator(generator: Generator, ring: Ring, rows: Rows) -> dict[str, Any]:
    if generator.head == "atom":
        name, degree = ring.atoms[generator.number]
        return {"head": "atom", "name": name, "degree": degree}
    *degrees, argument = generator.argument
    made: dict[str, Any] = {"head": generator.head, "of": _quotient(argument)}
    return {**made, "degree": degrees[0]} if degrees else made


def _quotient(value: Quotient) -> list[Any]:
    return [_polynomial(value.ring, value.numerator), _polynomial(value.ring, value.denominator)]


def _polynomial(ring: Ring, polynomial: fmpq_mpoly) -> list[Any]:
    return [[str(value), [list(power) for power in monomial]] for monomial, value in sorted(ring.monomials(polynomial))]

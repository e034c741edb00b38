"""Terms, contexts and verdicts as JSON data: what passes between processes, never code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from backproof.domains import Context, Definition, Domain
from backproof.kernel.verdict import Kind, Verdict
from backproof.terms import Term, make, postorder


def pack_terms(roots: Sequence[Term]) -> dict[str, Any]:
    """Return terms as one list of rows, each distinct subterm once, arguments by row number."""
    rows: list[list[Any]] = []
    place: dict[Term, int] = {}
    for term in postorder(*roots):
        place[term] = len(rows)
        rows.append([term.head, _packed(term.data), [place[arg] for arg in term.args]])
    return {"rows": rows, "roots": [place[root] for root in roots]}


def unpack_terms(data: dict[str, Any]) -> tuple[Term, ...]:
    """Return the very terms that were packed."""
    made: list[Term] = []
    for head, value, args in data["rows"]:
        made.append(make(head, [made[i] for i in args], _unpacked(value)))
    return tuple(made[i] for i in data["roots"])


def _packed(value: Any) -> Any:
    if isinstance(value, Fraction):
        return {"n": str(value)}
    return list(value) if isinstance(value, tuple) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return Fraction(value["n"])
    return tuple(value) if isinstance(value, list) else value


def pack_context(context: Context) -> dict[str, Any]:
    """Return a context as JSON data."""
    definitions = list(context.definitions.values())
    return {
        "names": [[key, made.name, list(made.axes)] for key, made in context.definitions.items()],
        "terms": pack_terms([made.term for made in definitions]),
        "domains": {name: _pack_domain(domain) for name, domain in context.domains.items()},
        "shapes": {name: list(axes) for name, axes in context.shapes.items()},
        "whole": None if context.whole is None else pack_context(context.whole),
        "conditions": pack_terms(context.conditions),
    }


def unpack_context(data: dict[str, Any]) -> Context:
    """Return the context that was packed."""
    named = zip(data["names"], unpack_terms(data["terms"]), strict=True)
    return Context(
        {key: Definition(name, term, tuple(axes)) for (key, name, axes), term in named},
        {name: _unpack_domain(domain) for name, domain in data["domains"].items()},
        {name: tuple(axes) for name, axes in data["shapes"].items()},
        None if data["whole"] is None else unpack_context(data["whole"]),
        unpack_terms(data["conditions"]),
    )


def _pack_domain(domain: Domain) -> dict[str, Any]:
    return {key: _packed(value) for key, value in asdict(domain).items()}


def _unpack_domain(data: dict[str, Any]) -> Domain:
    return Domain(**{key: _unpacked(value) for key, value in data.items()})


def pack_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON data."""
    return {
        "kind": verdict.kind.value,
        "conditions": pack_terms(verdict.conditions),
        "reason": verdict.reason,
        "point": [[name, str(value)] for name, value in verdict.point],
        "left": verdict.left,
        "right": verdict.right,
        "agrees": verdict.agrees,
        "certificate": verdict.certificate,
    }


def unpack_verdict(data: dict[str, Any]) -> Verdict:
    """Return the verdict that was packed."""
    return Verdict(
        Kind(data["kind"]),
        unpack_terms(data["conditions"]),
        data["reason"],
        tuple((name, Fraction(value)) for name, value in data["point"]),
        data["left"],
        data["right"],
        data["agrees"],
        data["certificate"],
    )

"""Certificate files: one JSON file a step, written by ``derive check``, re-checked by ``derive verify``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from backproof.derivation import JudgedStep
from backproof.domains import Context, Definition, Domain
from backproof.errors import BackproofError
from backproof.kernel.verdict import Kind
from backproof.language import parse_expression, to_source
from backproof.terms import Term
from backproof.verify import Rejected, verify_proof, verify_refutation

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Checked:
    """What the second checker says of one file: ``confirmed``, ``rejected`` or ``uncertified``, and why."""

    path: Path
    state: str
    reason: str = ""


def statement(step: JudgedStep, context: Context, place: str) -> dict[str, Any]:
    """Return a step as source text, with its verdict and its certificate."""
    verdict = step.verdict
    return {
        "schema": SCHEMA,
        "place": place,
        "left": to_source(step.left),
        "right": to_source(step.right),
        "definitions": {name: to_source(made.term) for name, made in context.definitions.items()},
        "domains": {name: _pack(domain) for name, domain in context.domains.items()},
        "verdict": verdict.kind.value,
        "conditions": [to_source(condition) for condition in verdict.conditions],
        "certificate": verdict.certificate,
    }


def is_scalar(step: JudgedStep, context: Context) -> bool:
    """Say whether a step is about numbers only; steps about arrays have no certificates yet."""
    return not (context.shapes or step.left.axes or step.right.axes)


def _pack(domain: Domain) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, Fraction) else value for key, value in asdict(domain).items()}


def _unpack(data: dict[str, Any]) -> Domain:
    ends = {end: None if data[end] is None else Fraction(data[end]) for end in ("low", "high")}
    return Domain(**{**data, **ends})


def statements(steps: Iterable[tuple[str, JudgedStep, Context]]) -> Iterator[dict[str, Any]]:
    """Yield the statement of every step that has a certificate."""
    for place, step, context in steps:
        if is_scalar(step, context) and step.verdict.kind is not Kind.UNKNOWN:
            yield statement(step, context, place)


def verify(folder: Path) -> Iterator[Checked]:
    """Yield what the second checker says of every file of a folder."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield check_file(path, json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, BackproofError) as problem:
            yield Checked(path, "rejected", f"not a certificate: {type(problem).__name__}")


def check_file(path: Path, data: dict[str, Any]) -> Checked:
    """Return what the second checker says of the statement in a file."""
    left, right = parse_expression(data["left"]), parse_expression(data["right"])
    definitions = {name: Definition(name, parse_expression(text)) for name, text in data["definitions"].items()}
    context = Context(definitions, {name: _unpack(domain) for name, domain in data["domains"].items()})
    certificate = data["certificate"]
    if "unsupported" in certificate:
        return Checked(path, "uncertified", certificate["unsupported"])
    try:
        if data["verdict"] == Kind.REFUTED.value:
            verify_refutation(left, right, context, certificate)
        else:
            _same_conditions(data, verify_proof(left, right, context, certificate))
    except Rejected as reason:
        return Checked(path, "rejected", str(reason))
    return Checked(path, "confirmed")


def _same_conditions(data: dict[str, Any], conditions: tuple[Term, ...]) -> None:
    if data["conditions"] != [to_source(condition) for condition in conditions]:
        raise Rejected("the conditions are not those of the proof")
    if (data["verdict"] == Kind.PROVED.value) == bool(conditions):
        raise Rejected("the verdict is not that of the proof")

"""Certificate files: one JSON file a step, written by ``derive check``, re-checked by ``derive verify``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from backproof.derivation import JudgedStep
from backproof.domains import Context, Definition
from backproof.errors import BackproofError
from backproof.kernel.verdict import Kind
from backproof.language import parse_document, to_source
from backproof.terms import Term, make, postorder
from backproof.verify import Rejected, verify_conditions, verify_proof, verify_refutation
from backproof.wire import pack_context, pack_terms, unpack_context, unpack_terms

SCHEMA: Final = 2
INDEX: Final = "index.json"
BROKEN: Final = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, BackproofError)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the second checker says of one file, or of a step that has none, and why.

    ``state`` is ``confirmed``, ``rejected``, ``uncertified``, ``missing``, ``extra``, ``changed`` or ``unlisted``.
    """

    name: str
    state: str
    reason: str = ""


# Writing -----------------------------------------------------------------------------------------------


def statement(step: JudgedStep, context: Context, place: str) -> dict[str, Any]:
    """Return a step as source text and as data, with what is in force there, its verdict and its certificate.

    A certificate may be about more than one step, as where a result follows from the start of its chain.
    """
    verdict = step.verdict
    left, right = sides_of(verdict.certificate) or (step.left, step.right)
    return {
        "schema": SCHEMA,
        "place": place,
        "left": to_source(left),
        "right": to_source(right),
        "terms": pack_terms([left, right, *verdict.conditions]),
        "context": pack_context(context),
        "verdict": verdict.kind.value,
        "conditions": [to_source(condition) for condition in verdict.conditions],
        "reason": verdict.reason,
        "certificate": verdict.certificate,
    }


def statements(steps: Iterable[tuple[str, JudgedStep, Context]]) -> Iterator[dict[str, Any]]:
    """Yield the statement of every step, those without a certificate as well."""
    for place, step, context in steps:
        yield statement(step, context, place)


def contents(made: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the texts of all files by name: the certificates, and an index of them and of what they were made from."""
    found: dict[str, str] = {}
    open_steps: list[dict[str, str]] = []
    places: dict[str, str] = {}
    for each in made:
        places.setdefault(each["place"], digest_of(Path(each["place"])))
        if each["verdict"] == Kind.UNKNOWN.value or not each["certificate"]:
            open_steps.append({key: each[key] for key in ("place", "left", "right", "verdict", "reason")})
        else:
            found[f"{len(found) + 1:05d}.json"] = json.dumps(each, ensure_ascii=False) + "\n"
    digests = {name: digest(text) for name, text in found.items()}
    index = {"schema": SCHEMA, "sources": places, "files": digests, "without": open_steps}
    return {**found, INDEX: json.dumps(index, ensure_ascii=False, indent=1) + "\n"}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def digest_of(path: Path) -> str:
    """Return the digest of a source; empty where it cannot be read."""
    try:
        return digest(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""


# Verifying ---------------------------------------------------------------------------------------------


def verify(folder: Path) -> Iterator[Checked]:
    """Yield what the second checker says of every file of a folder, and what its index says beside."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        sources, files, without = dict(index["sources"]), dict(index["files"]), list(index["without"])
        open_steps = [Checked(f"{s['place']}", "uncertified", _named(s)) for s in without]
    except FileNotFoundError:
        yield Checked(INDEX, "unlisted", "without an index nobody knows what is missing, or from what it was made")
        sources, files, open_steps = {}, {path.name: digest_of(path) for path in folder.glob("*.json")}, []
    except BROKEN as problem:
        yield Checked(INDEX, "rejected", f"not an index of certificates: {type(problem).__name__}")
        return
    changed = [place for place, made_from in sources.items() if digest_of(Path(place)) != made_from]
    for place in changed:
        yield Checked(place, "changed", "not the source that the certificates were made from")
    contexts = {place: [] if place in changed else contexts_in(Path(place)) for place in sources}
    for path in sorted({*folder.glob("*.json")} - {folder / INDEX}):
        yield check_path(path, files, contexts)
    yield from (Checked(name, "missing", "in the index, not in the folder") for name in files if not _has(folder, name))
    yield from open_steps


def _named(step: Mapping[str, str]) -> str:
    return f"{step['left']} = {step['right']} is {step['verdict']}: {step['reason'] or 'no certificate'}"


def _has(folder: Path, name: str) -> bool:
    return Path(name).name == name and (folder / name).is_file()


def check_path(path: Path, files: Mapping[str, str], contexts: Mapping[str, list[Context]]) -> Checked:
    """Return what is to be said of one file, whatever it holds."""
    if path.name not in files:
        return Checked(path.name, "extra", "in the folder, not in the index")
    try:
        text = path.read_text(encoding="utf-8")
        if digest(text) != files[path.name]:
            return Checked(path.name, "rejected", "not the file that was written")
        check_statement(json.loads(text), contexts)
    except Rejected as reason:
        return Checked(path.name, "rejected", str(reason))
    except BROKEN as problem:
        return Checked(path.name, "rejected", f"not a certificate: {type(problem).__name__}")
    return Checked(path.name, "confirmed")


def check_statement(data: dict[str, Any], contexts: Mapping[str, list[Context]]) -> None:
    """Return where the second checker confirms a statement, in a context of its source; raise Rejected elsewhere."""
    left, right, *conditions = unpack_terms(data["terms"])
    said = [data["left"], data["right"], *data["conditions"]]
    if said != [to_source(term) for term in (left, right, *conditions)]:
        raise Rejected("the text is not that of the terms")
    context, certificate = unpack_context(data["context"]), data["certificate"]
    if contexts and data["place"] not in contexts:
        raise Rejected("the source is not in the index")
    if context not in (contexts.get(data["place"]) or [context]):
        raise Rejected("what is in force there is not what the source says")
    if data["verdict"] == Kind.REFUTED.value:
        verify_refutation(left, right, context, certificate)
        return
    if (data["verdict"] == Kind.PROVED.value) == bool(conditions) or data["verdict"] not in ACCEPTED:
        raise Rejected("the verdict is not that of the proof")
    part = part_of(context, certificate)
    verify_conditions(verify_proof(left, right, part, certificate), conditions, part)


ACCEPTED: Final = (Kind.PROVED.value, Kind.PROVED_IF.value)


def contexts_in(path: Path) -> list[Context]:
    """Return what is in force in every node and claim of a source, as its text says."""
    from backproof.calculus import claim_context, gradient_context  # SymPy, which nothing else here needs
    from backproof.inlining import inline_calls, inline_claim, lookup_in

    document = parse_document(path.read_text(encoding="utf-8"), str(path))
    find = lookup_in(document)
    nodes = [gradient_context(inline_calls(node, find)) for node in document.nodes]
    return nodes + [claim_context(inline_claim(claim, find)) for claim in document.claims]


def part_of(whole: Context, certificate: dict[str, Any]) -> Context:
    """Return the part of a context that a certificate is about; each line in it is that of the whole.

    A gradient may be stated by one step of the chain rule or by the result of its chain.
    """
    if "part" not in certificate:
        return whole
    rows = rows_of(certificate)
    made = {name: Definition(name, rows[row], tuple(axes)) for name, (axes, row) in certificate["part"].items()}
    for name, definition in made.items():
        if whole.definitions.get(name) != definition and not is_gradient(whole, name):
            raise Rejected(f"the line {name} is not that of the source")
    return replace(whole, definitions=made, whole=whole)


def is_gradient(context: Context, name: str) -> bool:
    """Say whether a name is that of a derivative by a value of the node."""
    made = context.definitions.get(name)
    return made is not None and any(part.head == "D" for part in postorder(made.term))


def rows_of(certificate: dict[str, Any]) -> list[Term]:
    """Return the terms of a certificate."""
    rows: list[Term] = []
    for head, data, args in certificate["rows"]:
        value = Fraction(data) if head == "num" else tuple(data) if isinstance(data, list) else data
        rows.append(make(head, [rows[i] for i in args], value))
    return rows


def sides_of(certificate: dict[str, Any]) -> tuple[Term, Term] | None:
    """Return the step that a proof is about; None for the point of a refutation."""
    if "sides" not in certificate:
        return None
    rows = rows_of(certificate)
    left, right = (rows[i] for i in certificate["sides"])
    return left, right

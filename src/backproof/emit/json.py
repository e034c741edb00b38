"""The derivation as JSON: everything that is known, terms in their source form, places 1-based."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from backproof.derivation import Derivation, JudgedChain, JudgedStep, NumberRow
from backproof.kernel.verdict import Verdict
from backproof.language import to_source
from backproof.language.document import Declaration, Kink, Line, Span
from backproof.lists import nested

#: Grows when a field changes its meaning or goes; a new field leaves it as it is.
SCHEMA: Final = 1

Plain = dict[str, Any]


def emit_json(derivation: Derivation) -> str:
    """Return the derivation as a JSON document with one entry in ``derivations``."""
    return dump([derivation])


def dump(derivations: Iterable[Derivation]) -> str:
    """Return a JSON document of derivations."""
    document = {"schema": SCHEMA, "derivations": [as_plain(each) for each in derivations]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def as_plain(derivation: Derivation) -> Plain:
    """Return everything of a derivation as plain data."""
    node = derivation.node
    return {
        "name": node.name,
        "kind": "graph" if node.is_graph else "node",
        "title": derivation.title,
        "prose": "\n\n".join(filter(None, [derivation.prose, *(text for _, text in derivation.passages)])),
        "span": _span(node.span),
        "accepted": all(step.verdict.is_accepted for step in derivation.steps),
        "inputs": [_declaration(given) for given in node.inputs],
        "lines": [_line(line) for line in node.lines],
        "operations": [
            {
                "output": to_source(operation.output),
                "kind": operation.kind,
                "term": to_source(operation.term),
                "inputs": [to_source(term) for term in operation.inputs],
            }
            for operation in derivation.operations
        ],
        "local_derivatives": [
            {"of": to_source(each.output), "by": to_source(each.input), "term": to_source(each.term)}
            for each in derivation.locals
        ],
        "pullbacks": [
            {
                "gradient": to_source(each.gradient),
                "upstream": to_source(each.upstream),
                "local": to_source(each.local),
                "contribution": to_source(each.contribution),
            }
            for each in derivation.pullbacks
        ],
        "chains": [_chain(chain) for chain in derivation.chains],
        "gradients": {name: to_source(term) for name, term in derivation.gradients.items()},
        "kinks": [_kink(kink) for kink in derivation.kinks],
        "numbers": [_number(row) for row in derivation.numbers],
        "witnesses": {name: str(found) for name, found in derivation.witnesses.items()},
    }


def _span(span: Span | None) -> Plain | None:
    if span is None:
        return None
    return {"line": span.line, "column": span.column, "end": span.end}


def _declaration(given: Declaration) -> Plain:
    return {
        "name": given.name, "axes": list(given.axes), "domain": str(given.domain), "span": _span(given.span),
    }  # fmt: skip


def _line(line: Line) -> Plain:
    return {
        "name": line.name, "axes": list(line.axes), "term": to_source(line.term), "reason": line.reason,
        "span": _span(line.span),
    }  # fmt: skip


def _kink(kink: Kink) -> Plain:
    return {
        "condition": to_source(kink.condition), "gradient": kink.gradient, "value": to_source(kink.value),
        "reason": kink.reason, "span": _span(kink.span),
    }  # fmt: skip


def _chain(chain: JudgedChain) -> Plain:
    return {
        "target": to_source(chain.target),
        "found": chain.found,
        "note": chain.note,
        "result": to_source(chain.result) if chain.steps else None,
        "steps": [_step(step) for step in chain.steps],
    }


def _step(step: JudgedStep) -> Plain:
    return {
        "left": to_source(step.left), "right": to_source(step.right), "rule": step.rule,
        "warning": step.warning, "span": _span(step.span), "verdict": _verdict(step.verdict),
    }  # fmt: skip


def _verdict(verdict: Verdict) -> Plain:
    return {
        "kind": verdict.kind.value,
        "conditions": [to_source(condition) for condition in verdict.conditions],
        "reason": verdict.reason,
        "point": {name: str(value) for name, value in verdict.point},
        "left": verdict.left,
        "right": verdict.right,
        "agrees": verdict.agrees,
        "certificate": _summary(verdict.certificate),
    }


def _summary(certificate: Plain) -> Plain:
    """Return the small fields of a certificate, and how many entries each list has."""
    return {key: len(value) if isinstance(value, list | dict) else value for key, value in certificate.items()}


def _number(row: NumberRow) -> Plain:
    if row.array is not None:
        slopes = None if row.gradient_array is None else nested(row.gradient_array)
        return {"name": row.name, "array": nested(row.array), "gradient_array": slopes}
    exact, slope = (None if v is None else str(v) for v in (row.exact, row.gradient_exact))
    return {
        "name": row.name, "exact": exact, "float64": row.value,
        "gradient_exact": slope, "gradient_float64": row.gradient_value,
    }  # fmt: skip

"""The formula expected beside the formula found, for one entry of a small run."""

from __future__ import annotations

import numpy as np

from backproof.checking.evidence import Evidence
from backproof.checking.formulas import formula
from backproof.checking.lifted import Lifted
from backproof.checking.running_user import UserError
from backproof.checking.shapes import Sample
from backproof.checking.specification import gradient_formula
from backproof.checking.tape import NotLiftable
from backproof.checking.tracing import Trace, trace
from backproof.language import to_source
from backproof.terms import Term, substitute, sym

#: Longer formulas are not shown.
_LONGEST = 160


def formulas(evidence: Evidence) -> tuple[str, str]:
    """Return both formulas as text, each empty where it cannot be written shortly."""
    try:
        return _both(evidence)
    except (NotLiftable, UserError, ValueError, TypeError, IndexError):
        return "", ""


def _both(evidence: Evidence) -> tuple[str, str]:
    examination, argument = evidence.examination, evidence.argument
    if not examination.layer.is_traceable:
        return _catalogued(evidence), ""
    record = _smallest(evidence)
    if record is None:
        return _catalogued(evidence), ""
    names = _names(record)
    found = record.found.get(argument)
    expected = record.expected[argument]
    if type(found) is not Lifted or not found.size or not expected.size:
        return _catalogued(evidence), ""
    place = _differing(record, found, expected)
    shown = _text(record, int(found.ids.flat[min(place, found.size - 1)]), names)
    return _catalogued(evidence) or _text(record, int(expected.ids.flat[place]), names), shown


def _smallest(evidence: Evidence) -> Trace | None:
    """Return the record of a run on single numbers if the layer takes them, else that of the smallest sample."""
    examination = evidence.examination
    if examination.plan.is_rows:
        values = {
            name: np.asarray(value).ravel()[:1].reshape(()) if isinstance(value, np.ndarray) and value.size else value
            for name, value in evidence.telling[0].sample.values.items()
        }
        sample = Sample("one entry", values, evidence.telling[0].sample.constants)
        try:
            return trace(examination.layer, sample)
        except NotLiftable:
            pass
    records = [case.reference.trace for case in evidence.telling if case.reference.trace is not None]
    return min(records, key=lambda record: len(record.tape), default=None)


def _names(record: Trace) -> dict[int, str]:
    """Return the names of the entries of inputs, upstream gradients and outputs: ``x[0, 1]``."""
    names: dict[int, str] = {}
    several = {"y" if len(record.outputs) == 1 else f"y{i}": ids for i, ids in enumerate(record.outputs)}
    sent = {"dout" if len(record.upstreams) == 1 else f"dout{i}": ids for i, ids in enumerate(record.upstreams)}
    for name, ids in (several | sent | record.inputs).items():
        for place in np.ndindex(*ids.shape):
            index = f"[{', '.join(map(str, place))}]" if place else ""
            names[int(ids[place])] = f"{name}{index}"
    return names


def _differing(record: Trace, found: Lifted, expected: Lifted) -> int:
    if found.shape != expected.shape:
        return 0
    gap = np.abs(found.witness - expected.witness).ravel()
    return int(np.argmax(gap > 1e-9 * np.max(gap)))


def _text(record: Trace, entry: int, names: dict[int, str]) -> str:
    outputs = {int(i) for ids in record.outputs for i in ids.ravel()}
    known = {key: name for key, name in names.items() if key != entry or key not in outputs}
    text = to_source(formula(record.tape, entry, known, 120))
    return text if len(text) <= _LONGEST else ""


def _catalogued(evidence: Evidence) -> str:
    node = evidence.examination.node
    if node is None:
        return ""
    theirs = {mine: name for name, mine in node.inputs.items()}
    term = gradient_formula(node.node, theirs.get(evidence.argument, ""))
    if term is None:
        return ""
    output = node.node.lines[-1].name
    renamed: dict[Term, Term] = {sym(name): sym(mine) for name, mine in node.inputs.items()}
    renamed |= {sym(f"d{output}"): sym("dout"), sym(output): sym("y")}
    return to_source(substitute(term, renamed))

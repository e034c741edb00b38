"""The formula expected beside the formula found, for one entry of a small run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from backproof import catalogue
from backproof.checking.evidence import Case, Evidence
from backproof.checking.examination import Examination
from backproof.checking.formulas import formula
from backproof.checking.layer import is_array
from backproof.checking.lifted import Lifted
from backproof.checking.running_user import UserError
from backproof.checking.shapes import Sample
from backproof.checking.specification import evaluate, gradient_formula
from backproof.checking.tape import NotLiftable
from backproof.checking.tracing import Trace, trace
from backproof.language import to_source
from backproof.terms import Term, add, div, mul, neg, postorder, substitute, sym, symbols, where

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
    names = entry_names(record)
    found = record.found.get(argument)
    expected = record.expected[argument]
    if type(found) is not Lifted or not found.size or not expected.size:
        return _catalogued(evidence), ""
    place = _differing(record, found, expected)
    shown = _text(record, int(found.ids.flat[min(place, found.size - 1)]), names)
    wanted = _catalogued(evidence) or _text(record, int(expected.ids.flat[place]), names)
    return wanted or _equation(evidence), shown


def _equation(evidence: Evidence) -> str:
    """Return the gradient of the node with axes as its file states it, in the names of the file."""
    node = evidence.examination.node
    mine = [name for name, theirs in node.inputs.items() if theirs == evidence.argument] if node else []
    start = f"d{mine[0]}[" if mine else " "
    return next((text for text in stated_formulas(evidence.examination) if text.startswith(start)), "")


def _smallest(evidence: Evidence) -> Trace | None:
    """Return the record of a run on single numbers if the layer takes them, else that of the smallest sample."""
    examination = evidence.examination
    if examination.plan.is_uniform:
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
    return min(records, key=lambda record: (_has_flat_axis(record), len(record.tape)), default=None)


def _has_flat_axis(record: Trace) -> bool:
    """Say whether an input has an axis of one entry, over which a sum is no sum."""
    return any(1 in ids.shape for ids in record.inputs.values())


def entry_names(record: Trace) -> dict[int, str]:
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
    term = catalogue_formula(evidence)
    return "" if term is None else to_source(term)


def catalogue_formula(evidence: Evidence) -> Term | None:
    """Return the gradient as the catalogue's node states it, in this layer's names, ``y`` and ``dout``."""
    node = evidence.examination.node
    if node is None or node.has_axes:
        return None
    theirs = {mine: name for name, mine in node.inputs.items()}
    term = gradient_formula(node.node, theirs.get(evidence.argument, ""))
    if term is None:
        return None
    output = node.node.lines[-1].name
    renamed: dict[Term, Term] = {sym(name): sym(mine) for name, mine in node.inputs.items()}
    renamed |= {sym(f"d{output}"): sym("dout"), sym(output): sym("y")}
    return substitute(term, renamed)


def stated_formulas(examination: Examination) -> tuple[str, ...]:
    """Return the gradients of the examination's node as equations, in the names of the catalogue."""
    if examination.node is None:
        return ()
    node = catalogue.find_node(examination.node.node.name)
    stated = {str(chain.target.data): (chain.target, chain.steps[-1].right) for chain in node.chains}
    given = examination.samples[0]
    wanted = [f"d{name}" for name, mine in examination.node.inputs.items() if mine not in given.constants]
    if examination.is_declared and not stated:
        derived = _derived(node.name)
        return tuple(f"d{name} = {to_source(term)}" for name, term in derived.items())
    return tuple(
        f"{to_source(left)} = {to_source(right)}" for left, right in (stated[name] for name in wanted if name in stated)
    )


# ------------------------------------------------------------------ one change of a formula

Values = Callable[[Case], dict[Term, Any]]


def elementwise_formulas(evidence: Evidence) -> Iterator[tuple[Term, Values]]:
    """Yield the gradient's formula of an elementwise layer, with what its names stand for in a case."""
    examination, argument = evidence.examination, evidence.argument
    if not examination.plan.is_uniform or any(
        np.shape(c.done.outputs[0]) != np.shape(c.expected) for c in evidence.telling
    ):
        return

    def values(case: Case) -> dict[Term, Any]:
        known = {sym(name): np.asarray(value) for name, value in case.sample.values.items() if is_array(value)}
        node = examination.node
        inner = {} if node is None or node.has_axes else node.lines(case.sample.values)
        return inner | {sym("y"): case.done.outputs[0]} | known | {sym("dout"): case.done.upstreams[0]}

    stated = catalogue_formula(evidence)
    if stated is not None:
        yield stated, values
    record = _smallest(evidence) if examination.layer.is_traceable else None
    if record is not None and argument in record.expected and record.expected[argument].size == 1:
        try:
            yield formula(record.tape, int(record.expected[argument].ids.flat[0]), entry_names(record), 120), values
        except NotLiftable:
            return


def derived_formulas(evidence: Evidence) -> Iterator[tuple[Term, Values]]:
    """Yield the formula that SymPy derives where the catalogue states only the forward pass."""
    node = evidence.examination.node
    if node is None or node.has_axes or not evidence.examination.plan.is_uniform:
        return
    if catalogue_formula(evidence) is not None:
        return
    theirs = {mine: name for name, mine in node.inputs.items()}
    derived = _derived(node.node.name).get(theirs.get(evidence.argument, ""))
    if derived is None:
        return
    output = node.node.lines[-1].name

    def values(case: Case) -> dict[Term, Any]:
        known = {name: np.asarray(case.sample.values[mine]) for name, mine in node.inputs.items()}
        for line in node.node.lines:
            known[line.name] = evaluate(line.term, {sym(name): value for name, value in known.items()})
        upstream = {sym(f"d{output}"): case.done.upstreams[0], sym("dout"): case.done.upstreams[0]}
        return {sym(name): value for name, value in known.items()} | upstream

    yield derived, values


@cache
def _derived(name: str) -> dict[str, Term]:
    from backproof.calculus import derive

    return derive(catalogue.find_node(name)).gradients


def formula_edits(root: Term) -> Iterator[tuple[str, str, Term]]:
    """Yield a formula with one change each: name, message, the changed formula."""
    for part in postorder(root):
        text = to_source(part)
        for name, message, new in _changes(part):
            yield name, f"{message} in {text}" if len(text) < 60 else message, substitute(root, {part: new})
    for old, new_name in (("y", "x"), ("x", "y")):
        if sym(old) in symbols(root):
            fault = f"{new_name} used for {old}"
            yield fault, f"{new_name} stands where {old} ought to", substitute(root, {sym(old): sym(new_name)})


def _changes(part: Term) -> Iterator[tuple[str, str, Term]]:
    args = part.args
    if part.head == "add":
        for i, arg in enumerate(args):
            rest = args[:i] + args[i + 1 :]
            yield "dropped term", f"the term {to_source(arg)} is left out", add(*rest)
            yield "sign", f"the sign of {to_source(arg)} is wrong", add(*args[:i], neg(arg), *args[i + 1 :])
    elif part.head == "mul":
        for i, arg in enumerate(args):
            yield "dropped factor", f"the factor {to_source(arg)} is left out", mul(*args[:i], *args[i + 1 :])
            yield "superfluous factor", f"the factor {to_source(arg)} comes in twice", mul(*args, arg)
    elif part.head == "div":
        yield "dropped factor", f"the denominator {to_source(args[1])} is left out", args[0]
        yield "dropped factor", f"the denominator {to_source(args[1])} comes in once only", div(part, args[1])
    elif part.head == "where":
        yield "mask missing", "the first branch is taken everywhere", args[1]
        yield "mask missing", "the second branch is taken everywhere", args[2]
        yield "mask inverted", "the branches are exchanged", where(args[0], args[2], args[1])
    elif part.head == "pow":
        yield "power", "the exponent is left out", args[0]
    elif part.head in ("exp", "tanh", "log", "sqrt"):
        yield "dropped factor", f"{part.head} is left out", args[0]

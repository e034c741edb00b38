"""Finds the one edit of the user's backward pass after which every sample agrees: the line, and the patch."""

from __future__ import annotations

import ast
import inspect
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import FunctionType
from typing import Any, Final

import numpy as np

from backproof.checking.edits import EVERYWHERE, VALUES, Scope, last_name, statements
from backproof.checking.evidence import Case, evidence_of
from backproof.checking.examination import Examination
from backproof.checking.layer import OUTPUT_NAMES, UPSTREAM_NAMES, ClassLayer, Layer
from backproof.checking.running_user import Pass, UserError, begin, once
from backproof.checking.tracing import upstreams_for

#: Seconds that may be spent on one layer.
BUDGET: Final = 3.0
_CASES: Final = 3


@dataclass(frozen=True, slots=True)
class Repair:
    """An edit that makes the gradient of an argument right: the fault that it undoes, its line, and the new text."""

    fault: str
    message: str
    line: int
    patch: str


@dataclass
class _Source:
    """The parsed source of a backward pass, and where it begins."""

    tree: ast.Module
    function: ast.FunctionDef
    first: int
    original: Any
    lines: list[str]
    is_helper: bool = False
    is_method: bool = False


def _parse(function: Any) -> _Source | None:
    plain = inspect.unwrap(function)
    if not isinstance(plain, FunctionType) or plain.__closure__:
        return None
    try:
        lines, first = inspect.getsourcelines(plain)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    tree.body[0].decorator_list = []
    return _Source(tree, tree.body[0], first, plain, textwrap.dedent("".join(lines)).splitlines())


def repairs(examination: Examination, arguments: Sequence[str]) -> dict[str, Repair]:
    """Return for each wrong argument the first edit that repairs it, as far as one is found in time."""
    sources = list(sources_of(examination.layer))
    if not sources or not arguments:
        return {}
    cases = {name: evidence_of(examination, name).telling or missing_cases(examination, name) for name in arguments}
    evidence = {name: _chosen(found) for name, found in cases.items()}
    evidence = {name: cases for name, cases in evidence.items() if cases}
    right = _right(examination, arguments)
    deadline = time.perf_counter() + BUDGET
    found: dict[str, Repair] = {}
    for source in sources:
        for fault, message, place, revert in _candidates(source, _scope(examination, source)):
            try:
                if len(found) == len(evidence) or time.perf_counter() > deadline:
                    return found
                layer = _patched(examination.layer, source)
                wanted = {name: cases for name, cases in evidence.items() if name not in found}
                for name in _repaired(layer, wanted, right) if layer else ():
                    found[name] = Repair(fault, message, source.first + place.line - 1, place.text(source))
            finally:
                revert()
    return found


def sources_of(layer: Layer) -> Iterator[_Source]:
    """Yield the source of backward, then those of the methods and functions of the same module that it calls."""
    own = _parse(layer.backward_function)
    if own is None:
        return
    yield own
    called = {part.attr for part in ast.walk(own.function) if isinstance(part, ast.Attribute)}
    called |= {part.id for part in ast.walk(own.function) if isinstance(part, ast.Name)}
    cls = getattr(layer, "cls", None)
    for name in sorted(called):
        method = inspect.getattr_static(cls, name, None) if cls is not None else None
        function = own.original.__globals__.get(name)
        for helper, is_method in ((method, True), (function, False)):
            if isinstance(helper, FunctionType) and helper.__code__ is not own.original.__code__:
                source = _parse(helper)
                if source is not None:
                    yield replace(source, is_helper=True, is_method=is_method)


def missing_cases(examination: Examination, argument: str) -> list[Case]:
    """Return what is expected of an argument in the samples in which backward raises."""
    cases = []
    for given in examination.samples:
        try:
            state, outputs = begin(examination.layer, given)
            sent = upstreams_for(outputs, given.seed)
            reference = examination.expect(given, sent, with_backward=False)
        except UserError:
            continue
        expected = reference.gradients.get(argument)
        if expected is not None and np.size(expected):
            nothing = np.full(np.shape(expected), np.nan)
            room = reference.tolerance(argument)
            cases.append(Case(argument, given, nothing, expected, room, Pass(state, {}, outputs, sent, {}), reference))
    return cases


def _chosen(cases: Sequence[Case]) -> list[Case]:
    """Return a few cases of different sizes, the smallest first."""
    ordered = sorted(cases, key=lambda case: np.size(case.expected))
    return ordered if len(ordered) <= _CASES else [ordered[0], ordered[len(ordered) // 2], ordered[-1]]


def _patched(layer: Layer, source: _Source) -> Layer | None:
    ast.fix_missing_locations(source.tree)
    space: dict[str, Any] = {}
    try:
        code = compile(source.tree, "<candidate>", "exec")
        exec(code, source.original.__globals__, space)  # noqa: S102 - the user's own code with one edit, in the worker
    except (SyntaxError, ValueError, TypeError):
        return None
    function = space[source.function.name]
    function.__defaults__ = source.original.__defaults__
    function.__kwdefaults__ = source.original.__kwdefaults__
    if not source.is_helper:
        return layer.with_backward(function)
    if source.is_method:
        return with_method(layer, function)
    plain = inspect.unwrap(layer.backward_function)
    globals_ = {**plain.__globals__, function.__name__: function}
    return layer.with_backward(FunctionType(plain.__code__, globals_, plain.__name__, plain.__defaults__))


def with_method(layer: Layer, method: FunctionType) -> Layer | None:
    """Return a layer whose class has another method."""
    if not isinstance(layer, ClassLayer):
        return None
    return replace(layer, cls=type(layer.name, (layer.cls,), {method.__name__: method}))


def _right(examination: Examination, wrong: Sequence[str]) -> list[Case]:
    """Return one case for each gradient that is right already, and must stay so."""
    try:
        names = [name for name in examination.run(examination.samples[0]).gradients if name not in wrong]
    except UserError:
        return []
    return [case for name in names for case in evidence_of(examination, name).cases[:1]]


def _keeps(right: Sequence[Case], gradients: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Say whether what was right before an edit is right after it."""
    return all(_accepts(case, gradients.get(case.argument)) for case in right if case.argument not in names)


def _repaired(layer: Layer, evidence: dict[str, list[Case]], kept: Sequence[Case]) -> list[str]:
    """Return the arguments whose gradient is right in every case, if those that were right before still are."""
    right = dict.fromkeys(evidence, True)
    runs: dict[int, Any] = {}
    for name, cases in evidence.items():
        for case in cases:
            key = id(case.sample)
            if key not in runs:
                try:
                    runs[key] = once(layer, case.sample, case.done.upstreams).gradients
                except (UserError, AttributeError, RecursionError):
                    return []
            if not _accepts(case, runs[key].get(name)):
                right[name] = False
                break
    repaired = [name for name, good in right.items() if good]
    if repaired and kept:
        gradients = once(layer, kept[0].sample, kept[0].done.upstreams).gradients
        return repaired if _keeps(kept, gradients, repaired) else []
    return repaired


def _accepts(case: Case, found: Any) -> bool:
    if found is None:
        return False
    found = np.asarray(found)
    return bool(np.issubdtype(found.dtype, np.number)) and case.accepts(found)


# ------------------------------------------------------------------ candidates


@dataclass(frozen=True, slots=True)
class Where:
    """The line of an edit, and the node that holds it."""

    line: int
    holder: Any

    def text(self, source: _Source) -> str:
        """Return the statement that holds the edit, as it stands now."""
        for statement in ast.walk(source.function):
            is_simple = isinstance(statement, ast.stmt) and not hasattr(statement, "body")
            if is_simple and any(node is self.holder for node in ast.walk(statement)):
                return ast.unparse(statement)
        return ""


Candidate = tuple[str, str, Where, Callable[[], None]]


def _candidates(source: _Source, scope: Scope) -> Iterator[Candidate]:
    """Yield edits one after the other, each made in the tree; the last entry takes it back."""
    for rules, chosen in ((EVERYWHERE, _every), (VALUES, _values)):
        for rule in rules:
            for holder, field, index, node in list(chosen(source.function)):
                for fault, message, new in list(rule(node, scope)):
                    _put(holder, field, index, new)
                    held = new if holder is source.function else holder
                    revert = partial(_put, holder, field, index, node)
                    yield fault, message, Where(getattr(node, "lineno", 1), held), revert
        if chosen is _every:
            yield from _renamed(source, scope)
    for index, statement in list(statements(source.function.body)):
        source.function.body[index] = ast.Pass()
        text = ast.unparse(statement)
        revert = partial(source.function.body.__setitem__, index, statement)
        yield "superfluous statement", f"`{text}` is one too many", Where(statement.lineno, None), revert


def _renamed(source: _Source, scope: Scope) -> Iterator[Candidate]:
    """Yield the function with one array put in the place of another wherever it is used."""
    uses: dict[str, list[Place]] = {}
    for place in _every(source.function):
        node = place[3]
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            uses.setdefault(ast.unparse(node), []).append(place)
    for old in scope.arrays:
        places = uses.get(old, [])
        for text, expression in scope.expressions():
            if text == old or len(places) < 2 or old in scope.upstreams:
                continue
            for holder, field, index, _ in places:
                _put(holder, field, index, expression)
            fault, message = f"{last_name(old)} used for {last_name(text)}", f"`{old}` stands where `{text}` ought to"
            yield fault, message, Where(getattr(places[0][3], "lineno", 1), expression), partial(_put_back, places)


def _put_back(places: Sequence[Place]) -> None:
    for holder, field, index, node in places:
        _put(holder, field, index, node)


def _put(holder: Any, field: str, index: int | None, new: ast.AST) -> None:
    if index is None:
        setattr(holder, field, new)
    else:
        getattr(holder, field)[index] = new


Place = tuple[ast.AST, str, "int | None", ast.AST]


def _every(function: ast.FunctionDef) -> Iterator[Place]:
    """Yield every node of the body with where it stands."""
    for statement_index, statement in enumerate(function.body):
        if isinstance(statement, (ast.AugAssign, ast.Assign)):
            yield function, "body", statement_index, statement
        for holder in ast.walk(statement):
            if isinstance(holder, ast.For):
                inner = enumerate(holder.body)
                yield from ((holder, "body", i, s) for i, s in inner if isinstance(s, (ast.AugAssign, ast.Assign)))
            for field, value in ast.iter_fields(holder):
                if isinstance(value, ast.expr):
                    yield holder, field, None, value
                elif isinstance(value, list):
                    yield from ((holder, field, i, part) for i, part in enumerate(value) if isinstance(part, ast.expr))


def _values(function: ast.FunctionDef) -> Iterator[Place]:
    """Yield what is assigned, returned or an operand, the whole values first."""
    places = list(_every(function))
    whole = [p for p in places if isinstance(p[0], (ast.Assign, ast.Return, ast.AugAssign)) and p[1] == "value"]
    tuples = [p for p in places if isinstance(p[0], ast.Tuple) and isinstance(p[0].ctx, ast.Load)]
    operands = [p for p in places if isinstance(p[0], ast.BinOp)]
    yield from (*whole, *tuples, *operands)


def _scope(examination: Examination, source: _Source) -> Scope:
    """Return the arrays that a backward pass can name: its arguments, locals, and what the instance keeps."""
    function = source.function
    parameters = [argument.arg for argument in function.args.args]
    locals_ = [node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    attributes, settings = _attributes(examination, parameters[0] if parameters else "")
    upstreams = [name for name in parameters if name in UPSTREAM_NAMES] or parameters[:1]
    if parameters and parameters[0] in ("self", "ctx"):
        upstreams = parameters[1:2]
        parameters = parameters[1:]
    named = [name for name in parameters if "cache" not in name]
    arrays = dict.fromkeys([*upstreams, *attributes, *named, *locals_])
    return Scope(tuple(arrays), tuple(upstreams), tuple(OUTPUT_NAMES), tuple(settings))


def _attributes(examination: Examination, owner: str) -> tuple[list[str], list[str]]:
    """Return the arrays and the numbers that an instance keeps after a run, as they are written."""
    state, _ = begin(examination.layer, examination.samples[0])
    if owner != "self":
        return [], []
    kept = {name: value for name, value in vars(state).items() if not name.startswith("_backproof")}
    arrays = [
        f"self.{name}" for name, value in kept.items() if isinstance(value, np.ndarray) and value.dtype.kind in "fb"
    ]
    numbers = [
        f"self.{name}"
        for name, value in kept.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    return arrays, [*numbers, *(f"(1 - {name})" for name in numbers)]

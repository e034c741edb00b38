"""Shape, dtype and contract: what a layer owes its caller besides the right numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from backproof.checking.check_values import _sizes
from backproof.checking.examination import Examination
from backproof.checking.findings import Finding, Outcome, Row, row
from backproof.checking.instances import is_float_array
from backproof.checking.layer import is_array
from backproof.checking.running_user import UserError, begin, finish, once, private
from backproof.checking.shapes import Sample, role
from backproof.checking.state import plural
from backproof.checking.tracing import upstreams_for


def failed(check: str, message: str, argument: str = "", fault: str = "", *details: str) -> Finding:
    """Return a finding that is a failure."""
    return Finding(check, Outcome.FAILED, message, argument, fault, details)


def same(left: Any, right: Any, allowed: Any = 0.0) -> bool:
    """Say whether two results are equal, to a few roundings; NaN equals nothing."""
    left, right = np.asarray(left), np.asarray(right)
    if left.shape != right.shape:
        return False
    scale = 1e-12 * np.maximum(np.abs(left), np.abs(right))
    return bool((np.abs(left - right) <= scale + allowed).all())


# ------------------------------------------------------------------ shape and dtype


def check_shapes(examination: Examination, wrong: list[Any]) -> Row:
    """Every gradient has exactly the shape and the dtype of its argument."""
    found: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    for given in _with_dtypes(examination):
        try:
            done = once(examination.layer, given)
        except UserError:
            continue
        for name, gradient in done.gradients.items():
            for finding in _shape(name, gradient, given, done):
                if (name, finding.fault) not in seen:
                    seen.add((name, finding.fault))
                    found.append(finding)
    count = plural(len(examination.samples), "shape")
    return row("shape and dtype", found, f"{count}, float64 and float32")


def _with_dtypes(examination: Examination) -> Iterator[Sample]:
    yield from examination.samples
    yield as_dtype(examination.samples[0], np.float32)


def as_dtype(given: Sample, dtype: Any) -> Sample:
    """Return a sample with its arrays of floats in another dtype."""
    values = {
        name: np.asarray(value).astype(dtype) if is_array(value) and isinstance(value, np.ndarray) else value
        for name, value in given.values.items()
    }
    return Sample(f"{given.name}, {np.dtype(dtype)}", values, given.constants, given.seed)


def _shape(name: str, gradient: Any, given: Sample, done: Any) -> Iterator[Finding]:
    value = np.asarray(given.values.get(name, gradient))
    if name in given.constants:
        return
    if np.shape(gradient) != value.shape:
        message = f"the gradient of {name} has shape {np.shape(gradient)}, {name} has {value.shape}"
        yield failed("shape and dtype", message,
                      name, _shape_fault(np.shape(gradient), value.shape), _sizes(given))  # fmt: skip
    kind = gradient.dtype
    if kind != value.dtype and np.issubdtype(value.dtype, np.floating):
        narrower = not np.issubdtype(kind, np.floating) or np.finfo(kind).eps > np.finfo(value.dtype).eps
        outcome = Outcome.FAILED if narrower else Outcome.WARNING
        yield Finding("shape and dtype", outcome, f"the gradient of {name} is {kind}, {name} is {value.dtype}", name,
                      "narrower dtype" if narrower else "wider dtype")  # fmt: skip


def _shape_fault(found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if found[len(found) - len(wanted) :] == wanted and len(found) > len(wanted):
        return "missing batch sum"
    if found == wanted[::-1] and len(wanted) > 1:
        return "transposed operand"
    if tuple(n for n in found if n != 1) == tuple(n for n in wanted if n != 1):
        return "kept or lost axis"
    return "wrong shape"


# ------------------------------------------------------------------ contract

#: Roles of arrays that an instance keeps and backward only reads.
_PARAMETERS: Final = frozenset({"weight", "bias", "gamma", "wx", "wh"})
Contract = Callable[[Examination, Sample], Iterator[Finding]]


def arguments_left_alone(examination: Examination, given: Sample) -> Iterator[Finding]:
    """Inputs, parameters and the upstream gradient are byte-identical afterwards."""
    layer = examination.layer
    values = private(given.values)
    before = {name: np.asarray(v).tobytes() for name, v in values.items() if isinstance(v, np.ndarray)}
    state, outputs = begin(layer, given, values)
    sent = upstreams_for(outputs, given.seed)
    sent = sent if layer.takes_upstream else [np.ones_like(u) for u in sent]
    bytes_sent = [u.tobytes() for u in sent]
    own = {name: array.copy() for name, array in _own_parameters(state)}
    changed = [name for name, old in before.items() if np.asarray(values[name]).tobytes() != old]
    for name in changed:
        yield failed("contract", f"forward changes {name}", name, "input overwritten")
    finish(layer, state, sent)
    for name, array in _own_parameters(state):
        if name in own and not np.array_equal(array, own[name]):
            message = f"backward changes the parameter {name}; update it after all backward passes"
            yield failed("contract", message, name, "parameter updated in backward")
    for name, old in before.items():
        if np.asarray(values[name]).tobytes() != old and name not in changed:
            yield failed("contract", f"backward changes {name}", name, "input overwritten")
    if [u.tobytes() for u in sent] != bytes_sent:
        yield failed("contract", "backward changes the upstream gradient in place", "", "upstream overwritten",
                      *_composite(examination, given))  # fmt: skip


def _own_parameters(state: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of an instance that are attributes of it, or in a holder of that name."""
    for name, value in getattr(state, "__dict__", {}).items():
        if is_float_array(value) and role(name) in _PARAMETERS:
            yield name, value
        elif name in ("params", "parameters") and isinstance(value, (dict, list)):
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            yield from ((f"{name}[{key!r}]", part) for key, part in parts if is_float_array(part))


def _composite(examination: Examination, given: Sample) -> Iterator[str]:
    """Yield what that does to layer(x) + x, whose other branch uses the same upstream gradient."""
    state, outputs = begin(examination.layer, given)
    sent = upstreams_for(outputs, given.seed)
    before = sent[0].copy()
    gradients = finish(examination.layer, state, sent)
    name = next(iter(gradients), "")
    gradient = np.asarray(gradients.get(name))
    if gradient.shape != before.shape or not (sent[0] != before).any():
        return
    place = tuple(int(i) for i in np.argwhere(sent[0] != before)[0])
    right, got = gradient[place] + before[place], gradient[place] + sent[0][place]
    call = f"{examination.layer.name}({name}) + {name}"
    yield f"in {call} the gradient at {list(place)} becomes {got:.6g} instead of {right:.6g}"


def _fresh(examination: Examination, given: Sample) -> tuple[Any, tuple[Any, ...], list[Any]]:
    state, outputs = begin(examination.layer, given)
    sent = upstreams_for(outputs, given.seed)
    return state, outputs, sent if examination.layer.takes_upstream else [np.ones_like(u) for u in sent]


def copies(gradients: dict[str, Any]) -> dict[str, Any]:
    """Return gradients that nobody else can change."""
    return {name: np.array(value) for name, value in gradients.items()}


def backward_twice(examination: Examination, given: Sample) -> Iterator[Finding]:
    """A second backward gives the same, and does not change what the first returned."""
    state, _, sent = _fresh(examination, given)
    kept = finish(examination.layer, state, private(dict(enumerate(sent))).values())  # type: ignore[arg-type]
    first = copies(kept)
    second = finish(examination.layer, state, [np.array(u) for u in sent])
    for name in first:
        if not same(first[name], second.get(name, np.nan)):
            doubled = same(2 * first[name], second[name])
            fault = "gradients accumulated" if doubled else "cache spent"
            yield failed("contract", f"a second backward gives another gradient of {name}", name, fault)
    forward = examination.layer.forward_names
    other = finish(examination.layer, state, [-3 * u for u in sent])
    for name, value in kept.items():
        if name in forward and name in other and not same(first[name], value):
            yield failed("contract", f"the returned gradient of {name} changes when backward runs again", name,
                          "gradient buffer reused")  # fmt: skip


def output_is_not_cache(examination: Examination, given: Sample) -> Iterator[Finding]:
    """Writing into the output does not change the gradient."""
    state, outputs, sent = _fresh(examination, given)
    expected = examination.run(given).gradients
    for output in outputs:
        if isinstance(output, np.ndarray) and output.flags.writeable and output.ndim:
            output += 1.25
    found = finish(examination.layer, state, [np.array(u) for u in sent])
    wrong = [name for name in expected if not same(expected[name], found.get(name, np.nan))]
    if wrong:
        yield Finding("contract", Outcome.WARNING, "the returned array is the cache: writing into it changes the "
                      f"gradient of {', '.join(wrong)}", wrong[0], "output is the cache")  # fmt: skip


def gradient_is_not_upstream(examination: Examination, given: Sample) -> Iterator[Finding]:
    """Writing into a returned gradient changes neither the upstream gradient nor another gradient."""
    state, _, sent = _fresh(examination, given)
    gradients = finish(examination.layer, state, sent)
    arrays = {n: g for n, g in gradients.items() if isinstance(g, np.ndarray) and g.ndim}
    for name, gradient in arrays.items():
        if any(np.shares_memory(gradient, u) for u in sent):
            yield Finding("contract", Outcome.WARNING, f"the gradient of {name} is the upstream array itself", name,
                          "gradient shares memory")  # fmt: skip
        others = [other for other in arrays if other != name and np.shares_memory(gradient, arrays[other])]
        if others and name < others[0]:
            yield Finding("contract", Outcome.WARNING, f"the gradients of {name} and {others[0]} are one array", name,
                          "gradient shares memory")  # fmt: skip


def forward_in_between(examination: Examination, given: Sample) -> Iterator[Finding]:
    """Another instance's forward in between changes nothing."""
    state, _, sent = _fresh(examination, given)
    other = Sample(given.name, _scaled(given), given.constants, given.seed)
    begin(examination.layer, other)
    found = finish(examination.layer, state, sent)
    expected = examination.run(given).gradients
    if any(not same(expected[name], found.get(name, np.nan)) for name in expected):
        yield failed("contract", "another instance's forward changes this one's gradient", "", "state is shared")


def _scaled(given: Sample) -> dict[str, Any]:
    return {
        name: np.asarray(value)[::-1].copy()
        if is_array(value) and np.ndim(value) and name not in given.constants
        else value
        for name, value in given.values.items()
    }


def instance_reused(examination: Examination, given: Sample) -> Iterator[Finding]:
    """An instance that has been used gives what a fresh one gives, for other values and other sizes."""
    layer = examination.layer
    if not layer.setting_names and not hasattr(layer, "cls"):
        return
    state, _, sent = _fresh(examination, given)
    finish(layer, state, sent)
    moved = Sample(given.name, _scaled(given), given.constants, given.seed)
    bigger = [s for s in examination.samples if s.name in ("one sample", "a vector")]
    parameters = [name for name in given.values if name not in layer.forward_names]
    same_sizes = (s for s in bigger if all(np.shape(s.values[n]) == np.shape(given.values[n]) for n in parameters))
    for other in (moved, *same_sizes):
        other = _with_parameters(other, given, tuple(parameters))
        try:
            expected = once(layer, other)
            outputs = layer.forward(state, private(other.values))
            found = finish(layer, state, [np.array(u) for u in expected.upstreams])
        except UserError as error:
            yield failed("contract", f"a used instance: {error}", "", "stale cache")
            return
        except Exception:
            return
        equal = all(same(a, b) for a, b in zip(outputs, expected.outputs, strict=True))
        wrong = [n for n in expected.gradients if not same(expected.gradients[n], found.get(n, np.nan))]
        if not equal and _settled(layer, state, given, other, outputs):
            yield failed("contract", "a used instance gives another output than a fresh one", "", "stale cache")
            return
        if wrong and equal:
            yield failed("contract", f"a used instance gives another gradient of {', '.join(wrong)} than a fresh one",
                          wrong[0], "stale cache")  # fmt: skip
            return


def _settled(layer: Any, state: Any, given: Sample, other: Sample, outputs: Any) -> bool:
    """Say whether another forward gives the same again: then the instance does not draw, or count, but is stuck.

    The ordinary sample is looked at too: in a small one random numbers may be equal by chance.
    """
    again = layer.forward(state, private(other.values))
    first, second = (layer.forward(state, private(given.values)) for _ in range(2))
    return all(same(a, b) for a, b in [*zip(outputs, again, strict=True), *zip(first, second, strict=True)])


def _with_parameters(other: Sample, given: Sample, names: tuple[str, ...]) -> Sample:
    values = other.values | {name: given.values[name] for name in names if name in given.values}
    return Sample(other.name, values, other.constants, other.seed)


def deterministic(examination: Examination, given: Sample) -> Iterator[Finding]:
    """The same inputs give the same gradients."""
    first, second = once(examination.layer, given), once(examination.layer, given)
    same_output = all(same(a, b) for a, b in zip(first.outputs, second.outputs, strict=True))
    wrong = [n for n in first.gradients if not same(first.gradients[n], second.gradients.get(n, np.nan))]
    if wrong and same_output:
        yield failed("contract", f"the gradient of {', '.join(wrong)} differs from run to run", wrong[0],
                      "not deterministic")  # fmt: skip


CONTRACTS: Final[tuple[Contract, ...]] = (
    deterministic, arguments_left_alone, backward_twice, output_is_not_cache, gradient_is_not_upstream,
    forward_in_between, instance_reused,
)  # fmt: skip


def is_finite(examination: Examination, given: Sample) -> bool:
    """Say whether the gradients of a sample are finite numbers."""
    try:
        gradients = examination.run(given).gradients.values()
    except UserError:
        return False
    return all(np.issubdtype(g.dtype, np.number) and np.isfinite(g).all() for g in gradients)


def check_contract(examination: Examination, wrong: list[Any]) -> Row:
    """Nothing is changed, nothing is shared, everything may be repeated."""
    found: list[Finding] = []
    chosen = [s for s in examination.samples if s.name in ("ordinary", "wide") and is_finite(examination, s)]
    if not chosen:
        return Row("contract", Outcome.SKIPPED, "its gradients are not finite, or backward does not run")
    for contract in CONTRACTS:
        for given in chosen:
            try:
                more = list(contract(examination, given))
            except UserError:
                continue
            known = {(f.fault, f.argument) for f in found}
            found += [f for f in more if (f.fault, f.argument) not in known]
    return row("contract", found, plural(len(CONTRACTS), "contract"))

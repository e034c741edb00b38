"""The numeric witness of a node with axes: a layer's passes beside the derivation's arrays, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from backproof.calculus.arrays import evaluate_tensor
from backproof.calculus.fields import entry, is_differentiable, outputs_of, solved_context
from backproof.checking.running import Array, backward, build, forward, signed
from backproof.checking.state import State, Witness, plural
from backproof.derivation import Derivation
from backproof.domains import Context, Domain
from backproof.errors import BackproofError
from backproof.examples import Worked
from backproof.indexing import axis_of
from backproof.language.document import Declaration, Node
from backproof.layers import Signature
from backproof.terms import symbols

DTYPES: Final = (np.float32, np.float64)
#: Roundings that are forgiven, each as large as one of the largest entry.
SLACK: Final = 64
Sizes = Mapping[str, int]

#: Sizes that the layer needs: windows within images, gates in blocks.  Settings stand under their own names.
INSTANCES: Final[dict[str, tuple[dict[str, int], ...]]] = {
    "convolution": (
        {"n": 2, "c": 3, "h": 7, "w": 8, "f": 5, "u": 4, "v": 1, "stride": 1, "pad": 0},
        {"n": 1, "c": 2, "h": 8, "w": 6, "f": 5, "u": 3, "v": 4, "stride": 2, "pad": 1},
        {"n": 1, "c": 1, "h": 1, "w": 1, "f": 1, "u": 1, "v": 1, "stride": 1, "pad": 0},
    ),
    "max-pooling": (
        {"n": 2, "c": 3, "h": 7, "w": 8, "u": 4, "v": 5, "stride": 1},
        {"n": 1, "c": 2, "h": 8, "w": 9, "u": 3, "v": 4, "stride": 2},
        {"n": 1, "c": 1, "h": 1, "w": 1, "u": 1, "v": 1, "stride": 1},
    ),
    "rnn-step": ({"n": 2, "d": 3, "j": 5, "k": 5}, {"n": 1, "d": 1, "j": 1, "k": 1}, {"n": 4, "d": 1, "j": 3, "k": 3}),
    "gru-step": ({"n": 2, "d": 3, "j": 5, "k": 5}, {"n": 1, "d": 1, "j": 1, "k": 1}, {"n": 4, "d": 2, "j": 3, "k": 3}),
    "lstm-step": ({"n": 2, "d": 3, "j": 5, "k": 5, "m": 20}, {"n": 1, "d": 1, "j": 1, "k": 1, "m": 4}),
}  # fmt: skip
#: Nodes whose parameters have the gates along an axis of their own, and the node whose layer has them side by side.
PACKED: Final = {"packed-lstm-step": "lstm-step", "packed-gru-step": "gru-step"}
INSTANCES["packed-lstm-step"] = (
    {"n": 2, "d": 3, "j": 5, "k": 5, "q": 4}, {"n": 1, "d": 1, "j": 1, "k": 1, "q": 4},
)  # fmt: skip
INSTANCES["packed-gru-step"] = ({"n": 2, "d": 4, "k": 5, "q": 3}, {"n": 1, "d": 1, "k": 1, "q": 3})
INSTANCES["average-pooling"] = INSTANCES["max-pooling"]


class Disagreement(Exception):
    """Where a layer and the derivation differ."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A layer beside the derivation; ``names`` maps the layer's inputs to the node's (or to an axis: its size)."""

    node: Node
    context: Context
    layer: type[Any]
    signature: Signature
    names: Mapping[str, str]


def tensor_witness(derivation: Derivation, layer: type[Any], signature: Signature, seed: int = 0) -> Witness:
    """Agrees if forward and backward of ``layer`` are the derivation's, entry by entry.

    Both dtypes, random signed upstreams, shapes in which no two sizes are equal, and sizes of 1; then the examples.
    """
    names = _matched(derivation.node, derivation.context, signature)
    if names is None:
        return Witness(State.ABSENT, "the layer takes other inputs than the node")
    subject = Subject(derivation.node, solved_context(derivation), layer, signature, names)
    compared = 0
    try:
        for sizes in sizes_of_instances(derivation.node, derivation.context):
            for dtype in DTYPES:
                rng = np.random.default_rng(seed)
                compared += _compare(subject, sizes, values_of(derivation.node, sizes, dtype, rng), dtype, rng)
        for worked in (Worked(derivation, example) for example in derivation.node.examples):
            given = _values_in(worked, derivation.node)
            compared += _compare(subject, worked.sizes, given, np.float64, np.random.default_rng(seed))
    except Disagreement as found:
        return Witness(State.DISAGREED, str(found), compared)
    except BackproofError as refusal:
        return Witness(State.ABSENT, str(refusal))
    detail = f"layer and derivation agree in {plural(compared, 'entry')}, float32 and float64"
    return Witness(State.AGREED, detail, compared)


def _matched(node: Node, context: Context, signature: Signature) -> dict[str, str] | None:
    """Return the node's name of every input of the layer; a setting that is none is the size of an axis."""
    given = [declared.name for declared in node.inputs]
    if len(given) == len(signature.inputs):
        return dict(zip(signature.inputs, given, strict=True))
    known = {axis for declared in node.inputs for axis in declared.axes}
    known |= {axis for output in outputs_of(node) for axis in context.shapes[output]}
    free = [axis for line in node.lines for axis in line.axes if axis not in known]
    free = list(dict.fromkeys(free))
    missing = [name for name in signature.settings if name not in given]
    if len(missing) != len(free) or set(signature.inputs) - set(missing) != set(given):
        return None
    return {name: name for name in given} | dict(zip(missing, free, strict=True))


def sizes_of_instances(node: Node, context: Context) -> Iterator[Sizes]:
    """Yield the sizes at which a node is compared: no two equal, then each 1, then other ones."""
    if node.name in INSTANCES:
        yield from INSTANCES[node.name]
        return
    axes = dict.fromkeys(axis_of(axis) for shape in context.shapes.values() for axis in shape)
    yield {axis: 2 + i for i, axis in enumerate(axes)}
    yield dict.fromkeys(axes, 1)
    yield {axis: 1 if i == 0 else 7 - i for i, axis in enumerate(axes)}


# ------------------------------------------------------------------ values


def values_of(node: Node, sizes: Sizes, dtype: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Return a random value of every input, in its domain."""
    shapes = {given.name: given.axes for given in node.inputs} | {line.name: line.axes for line in node.lines}
    limits: dict[str, list[int]] = {given.name: [2**30, 2**30] for given in node.inputs}
    for part in symbols(*(line.term for line in node.lines)):
        for arg, axis in zip(part.args, shapes.get(part.data, ()), strict=False):
            if arg.head == "sym" and arg.data in limits:
                limits[arg.data].append(sizes[axis])
    return {given.name: _value(given, sizes, dtype, rng, limits[given.name]) for given in node.inputs}


def _value(given: Declaration, sizes: Sizes, dtype: Any, rng: np.random.Generator, limits: Sequence[int]) -> Any:
    """Return a value in the domain of an input, row numbers below the number of rows."""
    shape = tuple(sizes[axis_of(axis)] for axis in given.axes)
    if given.name in sizes:
        return sizes[given.name]
    domain = given.domain
    if domain.constraint:
        return _distribution(domain, given.axes, shape, rng).astype(dtype)
    if domain.integer:
        low = int(domain.low or 0)
        high = int(domain.high) if domain.high is not None else low + 1
        return rng.integers(low, min(high + 1, *limits), shape)
    values = _real(domain, shape, rng)
    return values.astype(dtype) if shape else float(values)


def _real(domain: Domain, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    if domain.low is not None and domain.high is not None:
        low, high = float(domain.low), float(domain.high)
        return np.asarray(low + (high - low) * rng.uniform(0.2, 0.9, shape))
    if domain.low is not None:
        return np.asarray(float(domain.low) + rng.uniform(0.3, 1.9, shape))
    if domain.high is not None:
        return np.asarray(float(domain.high) - rng.uniform(0.3, 1.9, shape))
    return np.asarray(rng.normal(size=shape))


def _distribution(domain: Domain, axes: tuple[str, ...], shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    along = axes.index(domain.axis)
    weights = rng.uniform(0.2, 1.0, shape)
    if domain.constraint == "onehot":
        return np.asarray(weights == weights.max(axis=along, keepdims=True), float)
    return np.asarray(weights / weights.sum(axis=along, keepdims=True))


# ------------------------------------------------------------------ comparison


def _values_in(worked: Worked, node: Node) -> dict[str, Any]:
    """Return the inputs of an example."""
    found: dict[str, Any] = {}
    for given in node.inputs:
        numbers = [worked.point[worked.name(given.name, at)] for at in worked.places(given.name)]
        whole = given.domain.integer and not given.domain.constraint
        array = np.array(numbers, int if whole else np.float64).reshape(worked.shape(given.name))
        found[given.name] = array if given.axes else array.item()
    return found


def _compare(subject: Subject, sizes: Sizes, given: dict[str, Any], dtype: Any, rng: np.random.Generator) -> int:
    """Return how many entries agree; raises Disagreement at the first that does not."""
    lengths = {axis: size for axis, size in sizes.items() if axis not in given}
    named: dict[str, Any] = {name: given[own] if own in given else sizes[own] for name, own in subject.names.items()}
    side_by_side = subject.signature.parameters if subject.node.name in PACKED else ()
    named |= {name: named[name].reshape(*named[name].shape[:-2], -1) for name in side_by_side}
    outputs, gradients, upstreams = _run(subject, named, dtype, rng)
    gradients |= {name: gradients[name].reshape(given[name].shape) for name in side_by_side}
    for output, array in zip(outputs_of(subject.node), outputs, strict=True):
        lengths |= dict(zip(subject.context.shapes[output], array.shape, strict=True))
    arrays = {
        name: np.asarray(value, None if np.asarray(value).dtype.kind == "i" else np.longdouble)
        for name, value in given.items()
    }
    arrays |= {f"d{name}": np.asarray(up, np.longdouble) for name, up in upstreams.items()}
    found = dict(zip(outputs_of(subject.node), outputs, strict=True)) | {
        f"d{subject.names[name]}": value for name, value in gradients.items() if value is not None
    }
    return sum(_agree(subject, name, value, arrays, lengths, dtype) for name, value in found.items())


def _run(
    subject: Subject, named: Mapping[str, Any], dtype: Any, rng: np.random.Generator
) -> tuple[tuple[Array, ...], dict[str, Array], dict[str, Array]]:
    with np.errstate(all="raise", under="ignore"):
        instance = build(subject.layer, subject.signature, named)
        outputs = forward(instance, subject.signature, named)
        upstreams = [np.asarray(signed(rng, output.shape), dtype) for output in map(np.asarray, outputs)]
        gradients = backward(instance, subject.signature, upstreams)
    return outputs, gradients, dict(zip(outputs_of(subject.node), upstreams, strict=True))


def _agree(subject: Subject, name: str, value: Any, arrays: Mapping[str, Array], lengths: Sizes, dtype: Any) -> int:
    axes = subject.context.shapes[name]
    if not is_differentiable(subject.context.domains.get(name[1:])):
        return 0
    expected = evaluate_tensor(entry(name, axes), axes, arrays, subject.context, lengths)
    value = np.asarray(value)
    if value.shape != expected.shape or value.dtype != dtype:
        raise Disagreement(f"{name} is {value.dtype} of shape {value.shape}, not {expected.shape}")
    if not value.size:
        return 0
    allowed = SLACK * float(np.finfo(dtype).eps) * max(1.0, float(np.abs(expected).max()))
    wrong = ~(np.abs(value - expected) <= allowed)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        shown = ", ".join(f"{axis} = {i}" for axis, i in zip(axes, place, strict=True))
        where = f" at {shown}" if shown else ""
        shown = f"{float(value[place]):.9g}, not {float(expected[place]):.9g}"
        raise Disagreement(f"{name} is {shown}{where} ({value.dtype})")
    return int(value.size)

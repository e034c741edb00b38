"""Forward and gradients of every node with axes are torch's, to ten digits in float64, at four shapes each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from backproof import catalogue
from backproof.audit.documents import derive_node
from backproof.calculus.arrays import evaluate_tensor
from backproof.calculus.fields import entry, has_axes, outputs_of, solved_context
from backproof.checking.tensors import values_of
from backproof.derivation import Derivation
from backproof.indexing import axis_of

pytest.importorskip("torch")
from tests.torch_forward import FORWARD, outputs_and_gradients

NAMES = [name for name in catalogue.names() if has_axes(catalogue.find_node(name))]
#: The sizes of the axes in turn: no two equal, two choices with a 1 among them; then all 1.
LENGTHS = [(2, 3, 4, 5, 6, 7, 8), (3, 1, 2, 5, 4, 6, 7), (1, 4, 3, 2, 6, 5, 7), (1,) * 7]
#: Windows fit into their images; the lengths of the outputs follow.
IMAGES = [
    {"n": 2, "c": 3, "h": 7, "w": 8, "f": 5, "u": 4, "v": 1, "stride": 1, "pad": 0},
    {"n": 3, "c": 1, "h": 8, "w": 6, "f": 2, "u": 5, "v": 4, "stride": 2, "pad": 1},
    {"n": 1, "c": 4, "h": 6, "w": 7, "f": 2, "u": 3, "v": 5, "stride": 3, "pad": 1},
    {"n": 1, "c": 1, "h": 1, "w": 1, "f": 1, "u": 1, "v": 1, "stride": 1, "pad": 0},
]


#: Gates stand along an axis of their own, whose length is no choice.
GATES = {"packed-gru-step": {"q": 3}, "packed-lstm-step": {"q": 4}}


@cache
def derivation(name: str) -> Derivation:
    document = catalogue.load(name)
    return derive_node(document, document.nodes[0])


def sizes_of(name: str, shape: int) -> dict[str, int]:
    node = derivation(name).node
    if any(given.name == "stride" for given in node.inputs):
        return IMAGES[shape]
    axes = dict.fromkeys(axis_of(axis) for given in node.inputs for axis in given.axes)
    return dict(zip(axes, LENGTHS[shape], strict=False)) | GATES.get(name, {})


def compared(name: str, shape: int) -> Iterator[tuple[str, Any, Any]]:
    """Yield every output and gradient: its name, what is derived, what torch has."""
    found, sizes = derivation(name), dict(sizes_of(name, shape))
    rng = np.random.default_rng(shape)
    values = values_of(found.node, sizes, np.float64, rng)
    settings = {key: sizes.pop(key) for key in ("stride", "pad") if key in sizes}
    outputs, upstreams, gradients = outputs_and_gradients(FORWARD[name], values, sizes, rng.standard_normal)
    context, named = solved_context(found), outputs_of(found.node)
    arrays = {key: np.asarray(value) for key, value in (values | settings).items() if key in values}
    arrays |= {f"d{output}": upstream for output, upstream in zip(named, upstreams, strict=True)}
    theirs = dict(zip(named, outputs, strict=True))
    theirs |= {f"d{key}": gradient for key, gradient in gradients.items() if key in found.gradients}
    for key, own in theirs.items():
        axes = context.shapes[key]
        yield key, evaluate_tensor(entry(key, axes), axes, arrays, context, sizes), own


@pytest.mark.parametrize("shape", range(len(LENGTHS)))
@pytest.mark.parametrize("name", NAMES)
def test_every_output_and_gradient_is_torch_s(name: str, shape: int) -> None:
    pairs = list(compared(name, shape))
    wrong = {key: float(np.abs(one - other).max()) for key, one, other in pairs if not _agree(one, other)}
    assert wrong == {}
    assert {key for key, *_ in pairs} >= {f"d{given}" for given in derivation(name).gradients}


def _agree(one: Any, other: Any) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-10, atol=1e-10))


@pytest.mark.parametrize("shape", range(3))
@pytest.mark.parametrize("name", NAMES)
def test_no_two_sizes_are_equal(name: str, shape: int) -> None:
    fixed = ("stride", "pad", *GATES.get(name, {}))
    sizes = [length for axis, length in sizes_of(name, shape).items() if axis not in fixed]
    assert len(set(sizes)) == len(sizes)

"""The inputs on which every layer is tested: one row per shape, no two sizes equal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backproof.layers import LAYERS, SIGNATURES, Signature

Shape = tuple[int, ...]
Sampler = Callable[[np.random.Generator, Shape], Any]


@dataclass(frozen=True)
class Case:
    """One layer at one set of shapes; ``given`` are the inputs that are not arrays of reals."""

    name: str
    shapes: dict[str, Shape]
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def layer(self) -> type[Any]:
        return LAYERS[self.name]

    @property
    def signature(self) -> Signature:
        return SIGNATURES[self.name]

    def values(self, dtype: Any = np.float64, seed: int = 1) -> dict[str, Any]:
        """Return the inputs by name; every real array has the dtype."""
        rng = np.random.default_rng(seed)
        values = dict(self.given)
        for name, shape in self.shapes.items():
            values[name] = np.asarray(SAMPLERS.get((self.name, name), _real)(rng, shape), dtype)
        return {name: values[name] for name in self.signature.inputs}

    def __str__(self) -> str:
        return f"{self.name}-{'-'.join('x'.join(map(str, s)) or '0d' for s in self.shapes.values())}"


def _real(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=shape)


def _probabilities(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.uniform(0.3, 0.9, shape)


def _binary(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.integers(0, 2, shape)


SAMPLERS: dict[tuple[str, str], Sampler] = {
    ("cross-entropy", "y"): _probabilities,
    ("cross-entropy", "t"): _probabilities,
    ("softmax-cross-entropy", "t"): _probabilities,
    ("dropout", "mask"): _binary,
}


def _cell(name: str, gates: int, n: int, d: int, h: int) -> Case:
    shapes = {"x": (n, d), "h": (n, h), "Wx": (d, gates * h), "Wh": (h, gates * h)}
    state = {"c": (n, h)} if name == "lstm-step" else {}
    return Case(name, shapes | state | {"b": (gates * h,)})


def _convolution(x: Shape, w: Shape, stride: int, pad: int) -> Case:
    shapes = {"x": x, "W": w, "b": w[:1]}
    return Case("convolution", shapes, {"stride": stride, "pad": pad})


def _pooling(name: str, x: Shape, height: int, width: int, stride: int) -> Case:
    return Case(name, {"x": x}, {"height": height, "width": width, "stride": stride})


def _attention(q: Shape, k: Shape, v: Shape) -> Case:
    return Case("dot-product-attention", {"q": q, "k": k, "v": v}, {"scale": 0.7})


ORDINARY = [
    *(
        Case(name, {"x": x, "y": y})
        for name in ("mul", "add")
        for x, y in [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((), (2, 3)), ((2, 1), (1, 3))]
    ),
    *(Case(name, {"x": x}) for name in ("relu", "sigmoid") for x in [(), (1,), (2, 1, 3)]),
    Case("affine", {"x": (2, 3), "W": (3, 4), "b": (4,)}),
    Case("affine", {"x": (5, 2, 3), "W": (3, 4), "b": (4,)}),
    Case("affine", {"x": (1, 1), "W": (1, 1), "b": (1,)}),
    Case("affine", {"x": (3,), "W": (3, 2), "b": (2,)}),
    *(Case("softmax", {"x": x}) for x in [(4,), (2, 3), (3, 1), (1, 4), (2, 3, 4)]),
    *(
        Case(name, {"x" if name.startswith("softmax") else "y": x, "t": x})
        for name in ("softmax-cross-entropy", "cross-entropy")
        for x in [(4,), (2, 3), (3, 1), (1, 4), (2, 3, 4)]
    ),
    Case("softmax-cross-entropy", {"x": (3, 4)}, {"t": np.array([2, 0, 3])}),
    Case("cross-entropy", {"y": (3, 4)}, {"t": np.array([2, 0, 3])}),
    *(Case("mean-squared-error", {"y": y, "t": y}) for y in [(), (1,), (2, 3), (2, 1, 3)]),
    *(
        Case("batch-norm", {"x": x, "gamma": x[1:], "beta": x[1:]}, {"eps": 0.01})
        for x in [(4, 3), (1, 3), (2, 1), (3, 2, 4)]
    ),
    *(
        Case("dropout", {"x": x, "mask": x}, {"ratio": ratio})
        for x, ratio in [((), 0.25), ((2, 3), 0.3), ((1, 4), 0.0)]
    ),
    Case("embedding", {"W": (5, 3)}, {"ids": np.array([4, 0, 4, 2])}),
    Case("embedding", {"W": (4, 1)}, {"ids": np.array([[3, 1, 1], [0, 3, 1]])}),
    Case("embedding", {"W": (3, 2)}, {"ids": np.array(2)}),
    _convolution((2, 3, 5, 6), (4, 3, 2, 3), stride=1, pad=0),
    _convolution((2, 1, 7, 5), (3, 1, 3, 2), stride=2, pad=1),
    _convolution((1, 2, 6, 8), (1, 2, 3, 3), stride=3, pad=2),
    _convolution((1, 1, 1, 1), (1, 1, 1, 1), stride=1, pad=0),
    *(
        _pooling(name, *row)
        for name in ("max-pooling", "average-pooling")
        for row in [((2, 3, 5, 6), 2, 3, 1), ((2, 1, 7, 5), 2, 2, 2), ((1, 2, 5, 8), 1, 2, 3)]
    ),
    *(
        _cell(name, gates, *sizes)
        for name, gates in [("rnn-step", 1), ("lstm-step", 4), ("gru-step", 3)]
        for sizes in [(2, 3, 4), (1, 2, 3), (3, 1, 1)]
    ),
    _attention((2, 3), (4, 3), (4, 5)),
    _attention((2, 1, 4, 3), (5, 3), (2, 1, 5, 6)),
    _attention((3, 2), (1, 2), (1, 1)),
]

EMPTY = [
    *(Case(name, {"x": (0, 3), "y": (0, 3)}) for name in ("mul", "add")),
    *(Case(name, {"x": (2, 0, 3)}) for name in ("relu", "sigmoid", "softmax")),
    Case("softmax", {"x": (3, 0)}),
    Case("affine", {"x": (0, 3), "W": (3, 4), "b": (4,)}),
    Case("affine", {"x": (2, 0), "W": (0, 4), "b": (4,)}),
    Case("softmax-cross-entropy", {"x": (0, 3), "t": (0, 3)}),
    Case("cross-entropy", {"y": (0, 3), "t": (0, 3)}),
    Case("mean-squared-error", {"y": (0,), "t": (0,)}),
    Case("batch-norm", {"x": (0, 3), "gamma": (3,), "beta": (3,)}, {"eps": 0.01}),
    Case("dropout", {"x": (0, 2), "mask": (0, 2)}, {"ratio": 0.3}),
    Case("embedding", {"W": (5, 3)}, {"ids": np.zeros((0, 2), int)}),
    _convolution((0, 3, 5, 6), (4, 3, 2, 3), stride=1, pad=1),
    *(_pooling(f"{kind}-pooling", (0, 3, 5, 6), 2, 3, 2) for kind in ("max", "average")),
    *(_cell(f"{kind}-step", g, 0, 2, 3) for kind, g in [("rnn", 1), ("lstm", 4), ("gru", 3)]),
    _attention((0, 3), (4, 3), (4, 5)),
]

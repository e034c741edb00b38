"""The layers give the outputs and gradients of torch, in float64 and as nearly as float32 can."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.layers.cases import ORDINARY, Case
from tests.layers.contracts import run

torch = pytest.importorskip("torch")
F = torch.nn.functional
from tests.torch_forward import outputs_and_gradients  # noqa: E402 - only where torch is installed

DTYPES = (np.float32, np.float64)
#: Roundings that are forgiven, of the size of the largest entry.
SLACK = 64


def _rows(t: Any, scores: Any) -> Any:
    """Return targets as rows of probabilities: labels become one-hot."""
    return t if t.is_floating_point() else F.one_hot(t, scores.shape[-1]).to(scores.dtype)


def _loss(t: Any, logs: Any) -> Any:
    return -(_rows(t, logs) * logs).sum() * logs.shape[-1] / logs.numel()


def _normalised(v: Any) -> Any:
    variance, mean = torch.var_mean(v.x, 0, correction=0)
    return v.gamma * (v.x - mean) / (variance + v.eps).sqrt() + v.beta


def _lstm(v: Any) -> tuple[Any, Any]:
    f, g, i, o = (v.x @ v.Wx + v.h @ v.Wh + v.b).chunk(4, 1)
    cell = f.sigmoid() * v.c + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def _gru(v: Any) -> Any:
    (az, ar, ag), (wz, wr, wg) = (v.x @ v.Wx + v.b).chunk(3, 1), v.Wh.chunk(3, 1)
    z, r = (az + v.h @ wz).sigmoid(), (ar + v.h @ wr).sigmoid()
    return torch.lerp(v.h, (ag + (r * v.h) @ wg).tanh(), z)


FORWARD = {
    "mul": lambda v, _: v.x * v.y,
    "add": lambda v, _: v.x + v.y,
    "relu": lambda v, _: F.relu(v.x),
    "sigmoid": lambda v, _: F.sigmoid(v.x),
    "affine": lambda v, _: F.linear(v.x, v.W.T, v.b),
    "softmax": lambda v, _: F.softmax(v.x, -1),
    "softmax-cross-entropy": lambda v, _: _loss(v.t, F.log_softmax(v.x, -1)),
    "cross-entropy": lambda v, _: _loss(v.t, v.y.log()),
    "mean-squared-error": lambda v, _: F.mse_loss(v.y, v.t),
    "batch-norm": lambda v, _: _normalised(v),
    "dropout": lambda v, _: v.x * v.mask / (1 - v.ratio),
    "embedding": lambda v, _: F.embedding(v.ids, v.W),
    "convolution": lambda v, _: F.conv2d(v.x, v.W, v.b, int(v.stride), int(v.pad)),
    "max-pooling": lambda v, _: F.max_pool2d(v.x, (int(v.height), int(v.width)), int(v.stride)),
    "average-pooling": lambda v, _: F.avg_pool2d(v.x, (int(v.height), int(v.width)), int(v.stride)),
    "rnn-step": lambda v, _: (v.x @ v.Wx + v.h @ v.Wh + v.b).tanh(),
    "lstm-step": lambda v, _: _lstm(v),
    "gru-step": lambda v, _: _gru(v),
    "dot-product-attention": lambda v, _: F.scaled_dot_product_attention(v.q, v.k, v.v, scale=v.scale.detach().item()),
}


def differences(case: Case, dtype: Any) -> dict[str, float]:
    """Return how far each output and gradient is from torch's float64, in roundings of its largest entry."""
    values = case.values(dtype)
    said = run(case.layer, case, values)
    exact = {name: _widened(value) for name, value in values.items()}
    waiting = iter(said.upstreams)
    outputs, _, gradients = outputs_and_gradients(FORWARD[case.name], exact, {}, lambda _: next(waiting))
    pairs = dict(zip(case.signature.outputs, zip(said.outputs, outputs, strict=True), strict=True))
    pairs |= {f"d{name}": (said.gradients[name], gradients[name]) for name in said.gradients}
    return {name: _roundings(np.asarray(one), other, dtype) for name, (one, other) in pairs.items()}


def _widened(value: Any) -> Any:
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _roundings(one: Any, other: Any, dtype: Any) -> float:
    assert one.shape == other.shape
    return float(np.abs(one - other).max() / max(1, np.abs(other).max()) / np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", ORDINARY, ids=str)
def test_outputs_and_gradients_are_torch_s(case: Case, dtype: Any) -> None:
    found = differences(case, dtype)
    assert {name: roundings for name, roundings in found.items() if not roundings <= SLACK} == {}

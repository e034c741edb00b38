"""Every node with axes as a forward pass in torch, by torch's own functions where it has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F

Tensor = torch.Tensor
#: A forward pass: the inputs by name, and the sizes of the axes.
Forward = Callable[[Any, Mapping[str, int]], Any]


def _normalised(x: Tensor, over: tuple[int, ...], eps: Tensor) -> Tensor:
    variance, mean = torch.var_mean(x, over, correction=0, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


def _attention(q: Tensor, k: Tensor, v: Tensor, **options: Any) -> Tensor:
    return F.scaled_dot_product_attention(q[None], k[None], v[None], **options)[0]


def _linear_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ (k.T @ v)) / (q @ k.sum(0))[:, None]


def _heads(v: Any) -> Tensor:
    return torch.einsum("hie,hem->im", F.scaled_dot_product_attention(v.q, v.k, v.v), v.W)


def _gru(v: Any) -> Tensor:
    z, r = v.a.sigmoid(), v.b.sigmoid()
    return torch.lerp(v.h, torch.tanh(v.c + (r * v.h) @ v.W + v.e), z)


def _lstm(v: Any) -> tuple[Tensor, Tensor]:
    cell = torch.addcmul(v.p.sigmoid() * v.c, v.q.tanh(), v.r.sigmoid())
    return v.u.sigmoid() * cell.tanh(), cell


def _packed_gru(v: Any) -> Tensor:
    a = torch.einsum("nd,dqk->qnk", v.x, v.Wx) + v.b[:, None]
    z, r = (a[:2] + torch.einsum("nj,jqk->qnk", v.h, v.Wh[:, :2])).sigmoid()
    return torch.lerp(v.h, torch.tanh(a[2] + (r * v.h) @ v.Wh[:, 2]), z)


def _packed_lstm(v: Any) -> tuple[Tensor, Tensor]:
    """Return the next state and cell, the gates in the order of torch's own cell."""
    order = torch.tensor([2, 0, 1, 3])
    wx, wh = (w[:, order].flatten(1).T for w in (v.Wx, v.Wh))
    gates = F.linear(v.x, wx, v.b[order].flatten()) + F.linear(v.h, wh)
    i, f, g, o = gates.chunk(4, 1)
    cell = torch.addcmul(f.sigmoid() * v.c, i.sigmoid(), g.tanh())
    return o.sigmoid() * cell.tanh(), cell


def _rotated(v: Any) -> tuple[Tensor, Tensor]:
    angle = torch.outer(v.p, v.w)
    turned = torch.complex(v.a, v.b) * torch.polar(torch.ones_like(angle), angle)
    return turned.real, turned.imag


def _smoothed(v: Any, s: Mapping[str, int]) -> Tensor:
    return F.cross_entropy(v.x, (1 - v.a) * v.t + v.a / s["k"])


def _mixture(v: Any) -> Tensor:
    weights = v.m * (v.s - v.s.amax(1, keepdim=True)).exp()
    return torch.einsum("nk,nkd->nd", weights / weights.sum(1, keepdim=True), v.f)


FORWARD: Final[dict[str, Forward]] = {
    "affine": lambda v, _: F.linear(v.x, v.W.T, v.b),
    "average-pooling": lambda v, s: F.avg_pool2d(v.x, (s["u"], s["v"]), int(v.stride)),
    "batch-norm": lambda v, _: v.gamma * _normalised(v.x, (0,), v.eps) + v.beta,
    "causal-attention": lambda v, _: _attention(v.q, v.k, v.v, is_causal=True),
    "contrastive-infonce": lambda v, s: F.cross_entropy(v.q @ v.k.T / v.tau, torch.arange(s["n"])),
    "convolution": lambda v, _: F.conv2d(v.x, v.W, v.b, int(v.stride), int(v.pad)),
    "cosine-similarity": lambda v, _: (
        (v.a * v.b).sum(1) / (((v.a**2).sum(1) + v.eps) * ((v.b**2).sum(1) + v.eps)).sqrt()
    ),
    "cross-entropy": lambda v, _: F.nll_loss(v.y.log(), v.t.argmax(1)),
    "cross-entropy-with-label-smoothing": _smoothed,
    "depthwise-convolution": lambda v, s: F.conv2d(v.x, v.W[:, None], v.b, int(v.stride), int(v.pad), groups=s["c"]),
    "dot-product-attention": lambda v, _: (v.scale * v.q @ v.k.T).softmax(1) @ v.v,
    "dpo-loss": lambda v, _: -F.logsigmoid(v.beta * ((v.a - v.b) - (v.c - v.d))).mean(),
    "dropout": lambda v, _: v.x * v.m / (1 - v.ratio),
    "embedding": lambda v, _: F.embedding(v.ids, v.W),
    "focal-loss": lambda v, _: -((1 - v.p) ** v.gamma * v.p.log()).mean(),
    "geglu": lambda v, _: F.gelu(v.x @ v.W) * (v.x @ v.V),
    "glu": lambda v, _: F.glu(torch.cat([v.a, v.b], 1), 1),
    "group-norm": lambda v, _: v.gamma[..., None] * _normalised(v.x, (2, 3), v.eps) + v.beta[..., None],
    "gru-step": lambda v, _: _gru(v),
    "instance-norm": lambda v, _: v.gamma[:, None] * _normalised(v.x, (2,), v.eps) + v.beta[:, None],
    "kl-divergence": lambda v, _: F.kl_div(v.q.log(), v.p, reduction="batchmean"),
    "l2-normalize": lambda v, _: v.x * ((v.x**2).sum(1, keepdim=True) + v.eps).rsqrt(),
    "layer-norm": lambda v, _: v.gamma * _normalised(v.x, (1,), v.eps) + v.beta,
    "linear-attention": lambda v, _: _linear_attention(v.q, v.k, v.v),
    "log-softmax": lambda v, _: F.log_softmax(v.x, 1),
    "logsumexp": lambda v, _: torch.logsumexp(v.x, 1),
    "low-rank-adapter": lambda v, _: v.x @ (v.W + v.scale * v.A @ v.B),
    "lstm-step": lambda v, _: _lstm(v),
    "max-pooling": lambda v, s: F.max_pool2d(v.x, (s["u"], s["v"]), int(v.stride)),
    "maxout": lambda v, _: (torch.einsum("nd,dki->nki", v.x, v.W) + v.b).amax(2),
    "mean-squared-error": lambda v, _: F.mse_loss(v.y, v.t),
    "mixture-of-experts-gate": lambda v, _: _mixture(v),
    "multi-head-attention": lambda v, _: _heads(v),
    "packed-gru-step": lambda v, _: _packed_gru(v),
    "packed-lstm-step": lambda v, _: _packed_lstm(v),
    "prelu": lambda v, _: F.prelu(v.x, v.a),
    "rms-norm": lambda v, _: v.gamma * v.x * ((v.x**2).mean(1, keepdim=True) + v.eps).rsqrt(),
    "rnn-step": lambda v, _: torch.tanh(v.x @ v.Wx + v.h @ v.Wh + v.b),
    "rotary-embedding": lambda v, _: _rotated(v),
    "scaled-dot-product-attention": lambda v, _: _attention(v.q, v.k, v.v),
    "softmax": lambda v, _: F.softmax(v.x, 1),
    "softmax-cross-entropy": lambda v, _: F.cross_entropy(v.x, v.t),
    "swiglu": lambda v, _: F.silu(v.x @ v.W) * (v.x @ v.V),
    "transposed-convolution": lambda v, _: F.conv_transpose2d(v.x, v.W, v.b, int(v.stride), int(v.pad)),
    "triplet-loss": lambda v, _: F.relu((v.a * v.q).sum(1) - (v.a * v.p).sum(1) + v.margin).mean(),
}


def outputs_and_gradients(
    forward: Forward, values: Mapping[str, Any], sizes: Mapping[str, int], upstream: Callable[[tuple[int, ...]], Any]
) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Return the outputs, an upstream gradient for each, and autograd's gradient of every floating input."""
    tensors = {name: torch.tensor(np.asarray(value)) for name, value in values.items()}
    floating = {name: tensor.requires_grad_() for name, tensor in tensors.items() if tensor.is_floating_point()}
    found = forward(SimpleNamespace(**tensors), sizes)
    outputs = list(found) if isinstance(found, tuple) else [found]
    upstreams = [torch.tensor(upstream(tuple(output.shape)), dtype=output.dtype) for output in outputs]
    gradients = torch.autograd.grad(outputs, list(floating.values()), upstreams, allow_unused=True)
    return (
        [output.detach().numpy() for output in outputs],
        [each.numpy() for each in upstreams],
        {
            name: torch.zeros_like(tensor).numpy() if gradient is None else gradient.numpy()
            for (name, tensor), gradient in zip(floating.items(), gradients, strict=True)
        },
    )

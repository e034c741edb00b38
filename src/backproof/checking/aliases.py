"""What people call the nodes of the catalogue."""

from __future__ import annotations

import re
from typing import Final

from backproof import catalogue

#: Names that people give to nodes of the catalogue; several words are several nodes, the likeliest first.
ALIASES: Final[dict[str, str]] = {
    "swish": "silu", "linear": "affine", "dense": "affine", "fully-connected": "affine", "fc": "affine",
    "softmax-with-loss": "softmax-cross-entropy", "softmax-loss": "softmax-cross-entropy", "inverse": "reciprocal",
    "softmax-cross-entropy-loss": "softmax-cross-entropy", "softmax-ce": "softmax-cross-entropy",
    "softmax-with-cross-entropy": "softmax-cross-entropy", "cross-entropy-loss": "cross-entropy softmax-cross-entropy",
    "bce": "binary-cross-entropy", "bce-with-logits": "binary-cross-entropy-with-logits", "multiply": "mul",
    "bce-loss": "binary-cross-entropy", "logistic": "sigmoid", "addition": "add", "subtract": "sub", "divide": "div",
    "hardtanh": "hard-tanh", "lrelu": "leaky-relu", "leakyrelu": "leaky-relu", "logsigmoid": "log-sigmoid",
    "hardsigmoid": "hard-sigmoid", "hardswish": "hard-swish", "conv": "convolution", "conv2d": "convolution",
    "conv-2d": "convolution", "batchnorm": "batch-norm", "batch-normalization": "batch-norm",
    "batch-norm-1d": "batch-norm", "batch-norm1d": "batch-norm", "batch-normalisation": "batch-norm",
    "layernorm": "layer-norm", "layer-normalization": "layer-norm", "rmsnorm": "rms-norm", "groupnorm": "group-norm",
    "instancenorm": "instance-norm", "exponential": "exp", "squared": "square", "mul-layer": "mul",
    "rectifier": "relu", "mse": "mean-squared-error squared-error", "mse-loss": "mean-squared-error squared-error",
    "mean-squared-loss": "mean-squared-error", "l2-loss": "squared-error mean-squared-error",
    "attention": "dot-product-attention scaled-dot-product-attention causal-attention multi-head-attention "
                 "linear-attention",
    "scaled-attention": "scaled-dot-product-attention", "self-attention": "scaled-dot-product-attention",
    "pooling": "max-pooling average-pooling", "pool": "max-pooling average-pooling", "max-pool": "max-pooling",
    "maxpool": "max-pooling", "max-pool-2d": "max-pooling", "maxpool2d": "max-pooling", "avg-pool": "average-pooling",
    "average-pool": "average-pooling", "avgpool": "average-pooling", "rnn": "rnn-step", "rnn-cell": "rnn-step",
    "lstm": "lstm-step", "gru": "gru-step", "kl": "kl-divergence", "kl-div": "kl-divergence", "infonce":
    "contrastive-infonce", "log-sum-exp": "logsumexp", "embed": "embedding", "embedding-lookup": "embedding",
    "lora": "low-rank-adapter", "pow": "power",
}  # fmt: skip
_ENDINGS: Final = re.compile(r"-(layer|function|fn|op|activation|func|forward|node|np|numpy|torch|jax)$")
_STARTS: Final = re.compile(r"^(my|naive|custom|simple|book|np|numpy|torch|jax|stable)-")


def plain_name(name: str) -> str:
    """Return ``MySigmoidLayer`` as ``sigmoid``: hyphens, lower case, without what says nothing."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).replace("_", "-").lower()
    words = words.strip("-").replace("re-lu", "relu").replace("leakyrelu", "leaky-relu")
    for pattern in (_ENDINGS, _STARTS):
        shorter = pattern.sub("", words)
        words = shorter or words
    return words


def meant(name: str) -> tuple[str, ...]:
    """Return the nodes that a name or an alias of it stands for, the likeliest first."""
    plain = plain_name(name)
    return tuple(known for known in (*plain.split(), *ALIASES.get(plain, "").split()) if known in catalogue.names())


def longer(name: str) -> tuple[str, ...]:
    """Return the nodes whose names go on where those of ``meant`` end: ``gelu-tanh`` for ``gelu``."""
    starts = meant(name) or (plain_name(name),)
    found = [known for known in catalogue.names() for start in starts if known.startswith(f"{start}-")]
    return tuple(dict.fromkeys(found))

"""Numpy layers with ``forward`` and ``backward``, by the name of the node that each computes.

One convention holds for all of them; ``SIGNATURES`` says it as data:

* Settings and parameters go to the constructor, in that table's order: ``Affine(W, b)``,
  ``Convolution(W, b, stride, pad)``.  A parameter is an attribute of that name and may be updated
  in place.
* Data goes to ``forward``, in order.  One output is returned as it is, several as a tuple.
* ``backward`` takes one upstream gradient per output and returns the gradients of ``forward``'s
  arguments in order: one as it is, several as a tuple, ``None`` where there are none.  Arguments
  that are constants (targets, masks, row numbers) have no gradient.  The gradient of parameter
  ``W`` is left in ``dW``.
* A gradient has the shape and the dtype of its array, float32 as well as float64; integers count as
  float64.
* The batch axis comes first, the feature axis last; images are (n, c, h, w).
* No argument is changed, and nothing that is handed out is kept: every array that is returned is
  fresh, and what ``backward`` needs is a copy.  So ``backward`` may run twice, for any upstream of
  the output's shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from backproof.layers.affine import Affine
from backproof.layers.attention import DotProductAttention
from backproof.layers.batch_norm import BatchNorm
from backproof.layers.convolution import Convolution
from backproof.layers.dropout import Dropout
from backproof.layers.elementwise import Add, Mul, ReLU, Sigmoid
from backproof.layers.embedding import Embedding
from backproof.layers.losses import CrossEntropy, MeanSquaredError, Softmax, SoftmaxWithLoss
from backproof.layers.pooling import AveragePooling, MaxPooling
from backproof.layers.recurrent import GRUStep, LSTMStep, RNNStep

__all__ = [
    "LAYERS",
    "SIGNATURES",
    "Add",
    "Affine",
    "AveragePooling",
    "BatchNorm",
    "Convolution",
    "CrossEntropy",
    "DotProductAttention",
    "Dropout",
    "Embedding",
    "GRUStep",
    "LSTMStep",
    "MaxPooling",
    "MeanSquaredError",
    "Mul",
    "RNNStep",
    "ReLU",
    "Sigmoid",
    "Signature",
    "Softmax",
    "SoftmaxWithLoss",
]


@dataclass(frozen=True, slots=True)
class Signature:
    """Where each input of a node goes, and where its gradient comes back.

    The node's inputs, in order, are ``arguments + parameters + settings``.  ``arguments`` go to
    ``forward``, ``parameters`` and ``settings`` to the constructor.  ``constants`` are the
    arguments without a gradient.
    """

    arguments: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("y",)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs of the node, in order."""
        return self.arguments + self.parameters + self.settings

    @property
    def returned(self) -> tuple[str, ...]:
        """The arguments whose gradients ``backward`` returns, in order."""
        return tuple(name for name in self.arguments if name not in self.constants)


#: The layer of each node that has one.
LAYERS: Final[dict[str, type[Any]]] = {
    "mul": Mul,
    "add": Add,
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "affine": Affine,
    "softmax": Softmax,
    "softmax-cross-entropy": SoftmaxWithLoss,
    "cross-entropy": CrossEntropy,
    "mean-squared-error": MeanSquaredError,
    "batch-norm": BatchNorm,
    "dropout": Dropout,
    "embedding": Embedding,
    "convolution": Convolution,
    "max-pooling": MaxPooling,
    "average-pooling": AveragePooling,
    "rnn-step": RNNStep,
    "lstm-step": LSTMStep,
    "gru-step": GRUStep,
    "dot-product-attention": DotProductAttention,
}

_CELL: Final = ("Wx", "Wh", "b")
_WINDOW: Final = ("height", "width", "stride")
#: The inputs of each of these layers; see ``Signature``.
SIGNATURES: Final[dict[str, Signature]] = {
    "mul": Signature(("x", "y")),
    "add": Signature(("x", "y")),
    "relu": Signature(("x",)),
    "sigmoid": Signature(("x",)),
    "affine": Signature(("x",), ("W", "b")),
    "softmax": Signature(("x",)),
    "softmax-cross-entropy": Signature(("x", "t"), constants=("t",), outputs=("L",)),
    "cross-entropy": Signature(("y", "t"), constants=("t",), outputs=("L",)),
    "mean-squared-error": Signature(("y", "t"), outputs=("L",)),
    "batch-norm": Signature(("x",), ("gamma", "beta"), ("eps",)),
    "dropout": Signature(("x", "mask"), settings=("ratio",), constants=("mask",)),
    "embedding": Signature(("ids",), ("W",), constants=("ids",)),
    "convolution": Signature(("x",), ("W", "b"), ("stride", "pad")),
    "max-pooling": Signature(("x",), settings=_WINDOW),
    "average-pooling": Signature(("x",), settings=_WINDOW),
    "rnn-step": Signature(("x", "h"), _CELL),
    "lstm-step": Signature(("x", "h", "c"), _CELL, outputs=("h_next", "c_next")),
    "gru-step": Signature(("x", "h"), _CELL),
    "dot-product-attention": Signature(("q", "k", "v"), settings=("scale",)),
}

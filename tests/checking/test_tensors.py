"""The numeric witness of a layer with axes agrees with right layers and with no wrong one."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from backproof import catalogue
from backproof.audit.documents import derive_node
from backproof.checking.state import State
from backproof.checking.tensors import tensor_witness
from backproof.derivation import Derivation
from backproof.layers import LAYERS, SIGNATURES

NAMES = ("affine", "softmax", "batch-norm", "embedding", "dropout", "mean-squared-error")


@cache
def derivation(name: str) -> Derivation:
    document = catalogue.load(name)
    return derive_node(document, document.nodes[0])


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_the_layer(name: str) -> None:
    """Forward and backward, both dtypes, sizes of one."""
    found = tensor_witness(derivation(name), LAYERS[name], SIGNATURES[name])
    assert found.state is State.AGREED, found.detail


class Transposed(LAYERS["affine"]):  # type: ignore[misc]
    """The gradient of the weights is that of their transpose."""

    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        self.dW = np.ascontiguousarray(self.dW.T).reshape(self.dW.shape)
        return dx


class Averaged(LAYERS["affine"]):  # type: ignore[misc]
    """The gradient of the bias is a mean over the batch."""

    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        self.db = self.db / dout.dtype.type(len(dout))
        return dx


class Widened(LAYERS["affine"]):  # type: ignore[misc]
    """The gradient has 64 bits whatever comes in."""

    def backward(self, dout: Any) -> Any:
        return super().backward(dout).astype(np.float64)


@pytest.mark.parametrize(("layer", "wrong"), [(Transposed, "dW is"), (Averaged, "db is"), (Widened, "dx is float64")])
def test_finds_the_wrong_gradient(layer: type[Any], wrong: str) -> None:
    """The first entry that differs is named."""
    found = tensor_witness(derivation("affine"), layer, SIGNATURES["affine"])
    assert found.state is State.DISAGREED
    assert found.detail.startswith(wrong)

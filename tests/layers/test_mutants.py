"""A contract that cannot fail is worth nothing: each one rejects a layer that breaks it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from backproof.layers import Affine, BatchNorm, LSTMStep, Mul, ReLU, Sigmoid, SoftmaxWithLoss
from tests.layers.cases import ORDINARY
from tests.layers.contracts import CONTRACTS

CASES = {str(case): case for case in reversed(ORDINARY)}


class FlippedSign(Sigmoid):
    def backward(self, dout: Any) -> Any:
        return -super().backward(dout)


class MissingBatchSum(Affine):
    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        self.db = np.asarray(dout)[0].copy()
        return dx


class LostMeanPath(BatchNorm):
    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        return dx + self.gamma * self._scale * np.mean(dout, axis=0)


class IgnoredGamma(BatchNorm):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout) / self.gamma


class IgnoredUpstream(SoftmaxWithLoss):
    def backward(self, dout: Any = 1) -> Any:
        return super().backward(np.ones_like(dout))


class SwappedGates(LSTMStep):
    def backward(self, dh: Any, dc: Any) -> Any:
        result = super().backward(dh, dc)
        self.db = np.roll(self.db, len(self.db) // 4)
        return result


class DroppedCellPath(LSTMStep):
    def backward(self, dh: Any, dc: Any) -> Any:
        return super().backward(dh, np.zeros_like(dc))


class NotANumber(ReLU):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout) * np.nan


class WrongShape(ReLU):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout)[np.newaxis]


class SinglePrecision(ReLU):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout).astype(np.float32)


class Widening(Sigmoid):
    def backward(self, dout: Any) -> Any:
        return dout * self._slope


class UpstreamOverwritten(ReLU):
    def backward(self, dout: Any) -> Any:
        dout[~self._active] = 0
        return dout.copy()


class UpstreamReturned(ReLU):
    def backward(self, dout: Any) -> Any:
        return np.asarray(dout)


class CacheSpent(Sigmoid):
    def backward(self, dout: Any) -> Any:
        gradient = super().backward(dout)
        self._slope = np.zeros_like(self._slope)
        return gradient


class CacheReturned(Sigmoid):
    def forward(self, x: Any) -> Any:
        self.out = super().forward(x)
        return self.out

    def backward(self, dout: Any) -> Any:
        return dout * self.out * (1 - self.out)


class GradientKept(ReLU):
    kept: Any = None

    def backward(self, dout: Any) -> Any:
        self.kept = super().backward(dout) if self.kept is None else self.kept
        return self.kept


class Borrowed(Mul):
    def forward(self, x: Any, y: Any) -> Any:
        self._x, self._y = x, y
        return x * y


class FirstMaskKept(ReLU):
    mask: Any = None

    def forward(self, x: Any) -> Any:
        out = super().forward(x)
        self.mask = self._active if self.mask is None else self.mask
        self._active = self.mask
        return out


class StateOfTheClass(Sigmoid):
    shared: ClassVar[dict[str, Any]] = {}

    def forward(self, x: Any) -> Any:
        out = super().forward(x)
        self.shared["slope"] = self._slope
        return out

    def backward(self, dout: Any) -> Any:
        return dout * self.shared["slope"]


class MemoryOrder(ReLU):
    def backward(self, dout: Any) -> Any:
        dout = np.asarray(dout).ravel(order="K").reshape(dout.shape)
        return super().backward(dout)


class UpstreamSquared(ReLU):
    def backward(self, dout: Any) -> Any:
        return super().backward(np.abs(dout))


class FirstEntryOnly(ReLU):
    """Reads a broadcast upstream as what its memory holds: one entry, the rest zero."""

    def backward(self, dout: Any) -> Any:
        if 0 in dout.strides:
            dout = np.concatenate([dout.ravel()[:1], np.zeros(dout.size - 1)]).reshape(dout.shape)
        return super().backward(dout)


SLOPES = "gradients_are_the_slopes_of_the_forward_pass"
MUTANTS: list[tuple[str, type[Any], str]] = [
    (SLOPES, FlippedSign, "sigmoid-2x1x3"),
    (SLOPES, MissingBatchSum, "affine-2x3-3x4-4"),
    (SLOPES, LostMeanPath, "batch-norm-4x3-3-3"),
    (SLOPES, IgnoredGamma, "batch-norm-4x3-3-3"),
    (SLOPES, IgnoredUpstream, "softmax-cross-entropy-2x3-2x3"),
    (SLOPES, SwappedGates, "lstm-step-2x3-2x4-3x16-4x16-2x4-16"),
    (SLOPES, DroppedCellPath, "lstm-step-2x3-2x4-3x16-4x16-2x4-16"),
    (SLOPES, NotANumber, "relu-2x1x3"),
    ("shape_and_dtype_are_those_of_the_input", WrongShape, "relu-2x1x3"),
    ("shape_and_dtype_are_those_of_the_input", SinglePrecision, "relu-2x1x3"),
    ("a_double_upstream_does_not_widen_a_single_gradient", Widening, "sigmoid-2x1x3"),
    ("arguments_are_left_alone", UpstreamOverwritten, "relu-2x1x3"),
    ("backward_may_run_twice", CacheSpent, "sigmoid-2x1x3"),
    ("outputs_are_not_the_cache", CacheReturned, "sigmoid-2x1x3"),
    ("gradients_are_not_the_cache", GradientKept, "relu-2x1x3"),
    ("data_may_be_overwritten_after_forward", Borrowed, "mul-3-3"),
    ("nothing_handed_out_shares_memory", UpstreamReturned, "relu-2x1x3"),
    ("an_instance_may_be_reused", FirstMaskKept, "relu-2x1x3"),
    ("instances_do_not_share_state", StateOfTheClass, "sigmoid-2x1x3"),
    ("memory_layout_does_not_matter", MemoryOrder, "relu-2x1x3"),
    ("memory_layout_does_not_matter", UpstreamOverwritten, "relu-2x1x3"),
    ("a_broadcast_upstream_is_a_full_one", FirstEntryOnly, "relu-2x1x3"),
    ("backward_is_linear_in_the_upstream", UpstreamSquared, "relu-2x1x3"),
]


@pytest.mark.parametrize(("contract", "mutant", "case"), MUTANTS, ids=lambda value: getattr(value, "__name__", value))
def test_contract_rejects_a_layer_that_breaks_it(contract: str, mutant: type[Any], case: str) -> None:
    try:
        complaint = CONTRACTS[contract](mutant, CASES[case])
    except ValueError as error:
        complaint = str(error)
    assert complaint


def test_every_contract_has_a_mutant() -> None:
    assert {contract for contract, _, _ in MUTANTS} == set(CONTRACTS)

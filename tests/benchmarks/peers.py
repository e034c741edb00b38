"""Times at 64x64, and what numeric gradient checkers say of mistakes that they were not made for."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import backproof
from tests.mylayers import book

SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "Sigmoid": {"x": (64, 64)}, "ReLU": {"x": (64, 64)}, "Affine": {"x": (64, 64), "W": (64, 64), "b": (64,)},
    "Softmax": {"x": (64, 64)}, "BatchNorm": {"x": (64, 64), "gamma": (64,), "beta": (64,)},
}  # fmt: skip


def cpu(run: Callable[[], Any], repeats: int = 3) -> float:
    """Return the least processor time of a few runs, in seconds."""
    found = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def as_torch(make: Callable[[], Any]) -> Any:
    """Return a torch function that runs a numpy layer forward and back."""
    import torch

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.layer = make()
            return torch.from_numpy(np.array(ctx.layer.forward(x.detach().numpy())))

        @staticmethod
        def backward(ctx: Any, upstream: Any) -> Any:
            return torch.from_numpy(np.array(ctx.layer.backward(upstream.numpy())))

    return Wrapped.apply


def gradcheck(make: Callable[[], Any], x: np.ndarray, fast: bool) -> bool:
    """Say whether torch's gradcheck accepts a layer."""
    import torch

    tensor = torch.from_numpy(x).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(torch.autograd.gradcheck(as_torch(make), (tensor,), fast_mode=fast, raise_exception=False))


def autograd_checks(make: Callable[[], Any], x: np.ndarray) -> bool:
    """Say whether autograd's check_grads accepts a layer."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    kept: dict[str, Any] = {}

    @primitive
    def forward(value: Any) -> Any:
        kept["layer"] = make()
        return kept["layer"].forward(np.array(value))

    defvjp(forward, lambda ans, value: lambda g: kept["layer"].backward(np.array(g)))
    try:
        check_grads(forward, modes=["rev"], order=1)(x)
    except AssertionError:
        return False
    return True


def jax_checks(make: Callable[[], Any], x: np.ndarray) -> bool:
    """Say whether jax's check_grads accepts a layer."""
    import jax
    from jax.test_util import check_grads

    def run_back(value: Any, g: Any) -> Any:
        layer = make()
        layer.forward(np.array(value))
        return np.asarray(layer.backward(np.array(g)), dtype=np.float32)

    def run(value: Any) -> Any:
        return np.asarray(make().forward(np.array(value)), dtype=np.float32)

    @jax.custom_vjp
    def function(value: Any) -> Any:
        return jax.pure_callback(run, jax.ShapeDtypeStruct(value.shape, np.float32), value)

    function.defvjp(
        lambda value: (function(value), value),
        lambda value, g: (jax.pure_callback(run_back, jax.ShapeDtypeStruct(value.shape, np.float32), value, g),),
    )
    try:
        check_grads(function, (jax.numpy.asarray(x, dtype=np.float32),), order=1, modes=["rev"])
    except AssertionError:
        return False
    return True


class MutatesUpstream(book.ReLU):
    def backward(self, dout: Any) -> Any:
        dout[self.mask] = 0
        return dout


class CacheReturned(book.Sigmoid):
    def forward(self, x: Any) -> Any:
        super().forward(x)
        return self.y


class StaleMask(book.ReLU):
    first: Any = None

    def forward(self, x: Any) -> Any:
        type(self).first = x <= 0 if type(self).first is None or type(self).first.shape != x.shape else type(self).first
        out = super().forward(x)
        self.mask = type(self).first
        return out


class MemoryOrder(book.Sigmoid):
    def backward(self, dout: Any) -> Any:
        return super().backward(np.ravel(dout, order="K").reshape(dout.shape))


class SinglePrecision(book.Sigmoid):
    def backward(self, dout: Any) -> Any:
        return super().backward(dout).astype(np.float32)


class ClipMaskForgotten:
    """Clips at 6, and lets the gradient pass there: no ordinary sample is clipped."""

    def forward(self, x: Any) -> Any:
        return np.minimum(x, 6)

    def backward(self, dout: Any) -> Any:
        return dout.copy()


class SlopeSevenAtZero(book.ReLU):
    def forward(self, x: Any) -> Any:
        self.x = x
        return super().forward(x)

    def backward(self, dout: Any) -> Any:
        return np.where(self.x == 0, 7 * dout, super().backward(dout))


class OneEntryWrong(book.Sigmoid):
    """One of 4096 gradients is wrong by 1000."""

    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        if dx.size > 7:
            dx.flat[7] += 1000 * dout.flat[7]
        return dx


class ReLUWithZeros(book.ReLU):
    """Right; the sample has a zero in it."""


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "one of 4096 entries wrong by 1000": (OneEntryWrong, "plain"),
    "upstream overwritten in place": (MutatesUpstream, "plain"),
    "returned array is the cache": (CacheReturned, "plain"),
    "stale mask": (StaleMask, "plain"),
    "memory order of the upstream": (MemoryOrder, "plain"),
    "float32 gradient for float64": (SinglePrecision, "plain"),
    "clip mask forgotten, no sample clipped": (ClipMaskForgotten, "plain"),
    "slope 7 at the kink": (SlopeSevenAtZero, "plain"),
    "RIGHT: ReLU with a zero in the sample": (ReLUWithZeros, "zero"),
}


def verdict(accepted: bool) -> str:
    return "accepts" if accepted else "flags"


def safely(check: Callable[[], bool]) -> str:
    """Return the verdict of a checker, or that it does not run."""
    try:
        return verdict(check())
    except ImportError:
        return "absent"
    except Exception as error:
        return f"fails ({type(error).__name__})"


def compare() -> None:
    """Print the times at 64x64, and who accepts which mistake."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.2, 2, (64, 64)) * rng.choice([-1, 1], (64, 64))
    print(f"{'64x64':<12} {'backproof':>12} {'torch fast':>12} {'torch slow':>12}   (processor time, ms)")
    for name, shapes in SHAPES.items():
        cls = getattr(book, name)
        backproof.check_layer(cls, shapes=shapes)
        ours = cpu(lambda cls=cls, shapes=shapes: backproof.check_layer(cls, shapes=shapes))
        extra = [np.asarray(rng.normal(size=shape)) for key, shape in shapes.items() if key != "x"]
        make = lambda cls=cls, extra=extra: cls(*extra)  # noqa: E731 - one expression
        fast = cpu(lambda make=make: gradcheck(make, x, True), 1)
        slow = cpu(lambda make=make: gradcheck(make, x, False), 1)
        print(f"{name:<12} {ours * 1e3:>12.0f} {fast * 1e3:>12.0f} {slow * 1e3:>12.0f}   slow/ours {slow / ours:.0f}")
    print()
    print(f"{'mistake':<42} {'backproof':<10} {'torch slow':<12} {'torch fast':<12} {'autograd':<12} jax")
    small = x[:4, :5]
    for name, (make, kind) in MISTAKES.items():
        sample = x if "4096" in name else small.copy()
        if kind == "zero":
            sample[0, 0] = 0
        report = backproof.check_layer(make)
        ours = verdict(bool(report) and not any("cache" in fault for fault in report.faults))
        cells = [
            safely(lambda m=make, s=sample: gradcheck(m, s, False)),
            safely(lambda m=make, s=sample: gradcheck(m, s, True)),
            safely(lambda m=make, s=sample: autograd_checks(m, s)),
            safely(lambda m=make, s=sample: jax_checks(m, s)),
        ]
        print(f"{name:<42} {ours:<10} {cells[0]:<12} {cells[1]:<12} {cells[2]:<12} {cells[3]}")

"""Times at 64x64, and what numeric gradient checkers say of mistakes that they were not made for."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import backproof
from tests.benchmarks.skverify_peer import skverify_checks
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


class WrongSign(book.Sigmoid):
    def backward(self, dout: Any) -> Any:
        return dout * self.y * (1 + self.y)


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


class ReLUInFloat32(book.ReLU):
    """Right; in float32."""


#: Mistakes: the layer, the sample it is shown, and the formula that it ought to follow.
MISTAKES: dict[str, tuple[Callable[[], Any], str, str]] = {
    "sign": (WrongSign, "plain", "sigmoid"),
    "one of 4096 entries wrong by 1000": (OneEntryWrong, "4096", "sigmoid"),
    "upstream overwritten in place": (MutatesUpstream, "plain", "relu"),
    "returned array is the cache": (CacheReturned, "plain", "sigmoid"),
    "stale mask": (StaleMask, "plain", "relu"),
    "memory order of the upstream": (MemoryOrder, "plain", "sigmoid"),
    "float32 gradient for float64": (SinglePrecision, "plain", "sigmoid"),
    "clip mask forgotten, no sample clipped": (ClipMaskForgotten, "plain", "clip"),
    "slope 7 at the kink": (SlopeSevenAtZero, "plain", "relu"),
    "RIGHT: ReLU with a zero in the sample": (book.ReLU, "zero", "relu"),
    "RIGHT: ReLU in float32": (ReLUInFloat32, "float32", "relu"),
    "RIGHT: sigmoid of an empty array": (book.Sigmoid, "empty", "sigmoid"),
}

Checker = Callable[[Callable[[], Any], np.ndarray, str], bool]


def _ours(make: Callable[[], Any], x: np.ndarray, formula: str) -> bool:
    report = backproof.check_layer(make)
    return bool(report) and not any("cache" in fault for fault in report.faults)


#: Everyone's verdict on a layer: called as the documentation of each says.
CHECKERS: dict[str, Checker] = {
    "backproof": _ours,
    "torch slow": lambda make, x, _: gradcheck(make, x, False),
    "torch fast": lambda make, x, _: gradcheck(make, x, True),
    "autograd": lambda make, x, _: autograd_checks(make, x),
    "jax": lambda make, x, _: jax_checks(make, x),
    "scikit-verify": skverify_checks,
}


def verdict(accepted: bool) -> str:
    return "accepts" if accepted else "flags"


def safely(check: Callable[[], bool]) -> str:
    """Return the verdict of a checker, or that it does not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return verdict(check())
    except ImportError:
        return "absent"
    except Exception as error:
        return f"fails: {type(error).__name__}"[:16]


def samples(x: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the checkers are shown."""
    small = x[:2, :3].copy()
    zero = small.copy()
    zero[0, 0] = 0
    return {"plain": small, "zero": zero, "4096": x, "float32": small.astype(np.float32), "empty": small[:, :0]}


def compare() -> None:
    """Print the times at 64x64, and who accepts which mistake."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.2, 2, (64, 64)) * rng.choice([-1, 1], (64, 64))
    print_times(rng, x)
    print(f"\n{'mistake':<40}" + "".join(f" {name:<16}" for name in CHECKERS))
    for name, (make, kind, formula) in MISTAKES.items():
        shown = samples(x)[kind]
        cells = [safely(lambda c=check, m=make, s=shown, f=formula: c(m, s, f)) for check in CHECKERS.values()]
        print(f"{name:<40}" + "".join(f" {cell:<16}" for cell in cells), flush=True)


def print_times(rng: np.random.Generator, x: np.ndarray) -> None:
    """Print the least processor time of the whole report, and of each checker's one comparison."""
    names = ("backproof", "torch fast", "torch slow", "autograd", "jax")
    print(f"{'64x64':<12}" + "".join(f" {name:>12}" for name in names) + "   (processor time, ms)")
    for name, shapes in SHAPES.items():
        cls = getattr(book, name)
        extra = [np.asarray(rng.normal(size=shape)) for key, shape in shapes.items() if key != "x"]
        make = lambda cls=cls, extra=extra: cls(*extra)  # noqa: E731 - one expression
        backproof.check_layer(cls, shapes=shapes)
        found = [cpu(lambda cls=cls, shapes=shapes: backproof.check_layer(cls, shapes=shapes))]
        found += [
            cpu(lambda c=CHECKERS[checker], make=make: safely(lambda: c(make, x, "")), 1 if "slow" in checker else 2)
            for checker in names[1:]
        ]
        ratio = found[2] / found[0]
        print(f"{name:<12}" + "".join(f" {t * 1e3:>12.1f}" for t in found) + f"   slow/ours {ratio:.0f}", flush=True)

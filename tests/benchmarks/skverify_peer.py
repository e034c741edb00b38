"""scikit-verify on the same layers: the gradient's formula is stated by hand, and the traced backward is held to it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

#: Seconds for one comparison.
LIMIT: Final = 60


class TooSlow(Exception):
    """The time is over."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise TooSlow in the block when the time is over."""

    def stop(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def formulas() -> dict[str, Any]:
    """Return the gradients as scikit-verify wants them stated: of the entry [i, j], in x and g."""
    import sympy

    x, g = sympy.IndexedBase("x"), sympy.IndexedBase("g")
    i, j = sympy.symbols("i j", integer=True)
    entry, upstream = x[i, j], g[i, j]
    return {
        "sigmoid": upstream * sympy.exp(-entry) / (1 + sympy.exp(-entry)) ** 2,
        "relu": sympy.Piecewise((upstream, entry > 0), (0, True)),
        "clip": sympy.Piecewise((upstream, entry < 6), (0, True)),
    }


def skverify_checks(make: Callable[[], Any], x: np.ndarray, formula: str) -> bool:
    """Say whether scikit-verify accepts a layer, all branches explored; raises TooSlow after a minute."""
    import sympy
    from skverify.testing import check_formula

    def gradient(x: Any, g: Any) -> Any:
        layer = make()
        layer.forward(x)
        return layer.backward(g)

    sent = np.random.default_rng(1).uniform(1, 2, x.shape)
    with limited(LIMIT):
        indices = sympy.symbols("i j", integer=True)
        verdict = check_formula(gradient, (x, sent), formulas()[formula], indices=indices, explore=True)
    if verdict.tier == "incomplete":
        raise NotImplementedError(verdict.detail)
    return verdict.tier in ("exact", "sampled")

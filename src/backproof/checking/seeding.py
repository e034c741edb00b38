"""Random numbers that begin at a known place: numpy's and Python's own, and the generators of the user's modules."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

Undo = tuple[dict[str, Any], str, Any]


@contextmanager
def seeded(seed: int, functions: Iterable[Callable[..., Any]] = ()) -> Iterator[None]:
    """While the block runs, random numbers begin at ``seed``, and numpy and Python are silent.

    Generators in the modules of ``functions`` are set back, and ``default_rng()`` without a seed has this one.
    """
    np.random.seed(seed)
    random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    spaces = [vars(np.random), *{id(s): s for f in functions if (s := getattr(f, "__globals__", None))}.values()]
    undo = [change for space in spaces for change in _replaced(space, seed)]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        for space, name, value in undo:
            space[name] = value


def _replaced(space: dict[str, Any], seed: int) -> Iterator[Undo]:
    """Set back the generators of a module, and put a seeded ``default_rng`` in the place of numpy's."""
    for name, value in list(space.items()):
        if isinstance(value, np.random.Generator):
            value.bit_generator.state = type(value.bit_generator)(seed).state
        elif isinstance(value, np.random.RandomState):
            value.seed(seed)
        elif value is _DEFAULT:
            space[name] = lambda given=None: _DEFAULT(seed if given is None else given)
            yield space, name, value


_DEFAULT = np.random.default_rng

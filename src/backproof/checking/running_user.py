"""Runs a user's layer on floats, and keeps everything that a check may ask about that run."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backproof.checking.layer import Layer
from backproof.checking.seeding import seeded
from backproof.checking.shapes import Sample
from backproof.checking.tracing import upstreams_for


class UserError(Exception):
    """An exception of the user's code, with the pass in which it was raised."""

    def __init__(self, stage: str, error: BaseException) -> None:
        super().__init__(f"{stage} raises {type(error).__name__}: {error}")
        self.stage, self.error = stage, error


@dataclass
class Pass:
    """One forward and backward pass: what went in, what came out, and the instance for more."""

    state: Any
    values: dict[str, Any]
    outputs: tuple[Any, ...]
    upstreams: list[Any]
    gradients: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


def private(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of arrays and dictionaries, so that a layer may do to them what it likes."""
    return {name: value.copy() if isinstance(value, (np.ndarray, dict)) else value for name, value in values.items()}


def begin(layer: Layer, sample: Sample, values: Mapping[str, Any] | None = None) -> tuple[Any, tuple[Any, ...]]:
    """Return the instance and the outputs of a forward pass; raises UserError."""
    values = private(sample.values) if values is None else dict(values)
    try:
        with seeded(sample.seed, layer.functions):
            state = layer.start(values)
            return state, layer.forward(state, values)
    except Exception as error:
        raise UserError("forward", error) from error


def finish(layer: Layer, state: Any, upstreams: Sequence[Any]) -> dict[str, Any]:
    """Return the gradients; raises UserError."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return layer.backward(state, upstreams)
    except Exception as error:
        raise UserError("backward", error) from error


def once(layer: Layer, sample: Sample, upstreams: Sequence[Any] | None = None) -> Pass:
    """Return one pass on private copies; raises UserError."""
    values = private(sample.values)
    state, outputs = begin(layer, sample, values)
    kept = tuple(np.array(output) for output in outputs)
    if upstreams is None:
        upstreams = upstreams_for(kept, sample.seed) if layer.takes_upstream else [np.ones_like(y) for y in kept]
    gradients = finish(layer, state, [np.array(u) for u in upstreams])
    try:
        return Pass(state, values, kept, list(upstreams), {n: np.array(g) for n, g in gradients.items()})
    except (ValueError, TypeError) as error:  # a tuple of arrays where one array is expected
        raise UserError("backward", error) from error

"""Runs a layer on recorded arrays: what its forward pass computes, its derivative, and what its backward pass gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backproof.checking.adjoint import Edit, adjoint
from backproof.checking.instances import is_float_array, replace_arrays
from backproof.checking.layer import Layer, is_array, several
from backproof.checking.lifted import Lifted
from backproof.checking.rounding import rounding
from backproof.checking.running import signed
from backproof.checking.seeding import seeded
from backproof.checking.shapes import Sample
from backproof.checking.substitutes import tracing
from backproof.checking.tape import Ids, NotLiftable, Tape


@dataclass
class Trace:
    """One recorded run, by name; where backward was not recorded, ``found`` is empty and ``refusal`` says why.

    ``expected`` are the gradients of the forward pass that was run, ``stated`` those that a derivation states.
    """

    tape: Tape
    inputs: dict[str, Ids]
    outputs: tuple[Ids, ...]
    upstreams: tuple[Ids, ...]
    size: int
    expected: dict[str, Lifted]
    found: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    forward_blocks: int = 0
    stated: dict[str, Lifted] = field(default_factory=dict)
    _bounds: Any = None

    def bound(self, lifted: Lifted) -> Any:
        """Return the first-order rounding error of every entry, in units of the machine epsilon."""
        return self.bound_of(lifted.ids)

    def bound_of(self, ids: Ids) -> Any:
        """Return the same for entries by their ids."""
        if self._bounds is None or len(self._bounds) < len(self.tape):
            self._bounds = rounding(self.tape)
        return self._bounds[ids]

    def differentiate(self, edit: Edit) -> dict[str, Any]:
        """Return the witnesses of the gradients with one rule changed."""
        blocks = self.tape.blocks
        rest = blocks[self.forward_blocks :]
        del blocks[self.forward_blocks :]
        try:
            found = adjoint(self.tape, self.outputs, self.upstreams, list(self.inputs.values()), edit)
            return {name: lifted.witness for name, lifted in zip(self.inputs, found, strict=True)}
        finally:
            blocks.extend(rest)
            blocks.sort(key=lambda block: block.start)


def upstreams_for(outputs: Sequence[Any], seed: int) -> list[Any]:
    """Return random signed upstream gradients of the shapes and dtypes of ``outputs``."""
    rng = np.random.default_rng([seed, 77])
    return [np.asarray(signed(rng, np.shape(y)), getattr(y, "dtype", np.float64)) for y in outputs]


def symbols_of(tape: Tape, sample: Sample) -> dict[str, Any]:
    """Return the values of a sample, recorded as variables where they have a gradient."""
    values: dict[str, Any] = {}
    for name, value in sample.values.items():
        moving = name not in sample.constants and is_array(value)
        values[name] = Lifted(tape, tape.symbols(name, np.asarray(value))) if moving else value
    return values


def trace(layer: Layer, sample: Sample, upstreams: Sequence[Any] | None = None, with_backward: bool = True) -> Trace:
    """Return the record of one run of ``layer``; raises NotLiftable where the forward pass cannot be recorded."""
    tape = Tape()
    values = symbols_of(tape, sample)
    inputs = {name: value.ids.copy() for name, value in values.items() if type(value) is Lifted}
    given = {name: value.copy() if type(value) is Lifted else _copy(value) for name, value in values.items()}
    with seeded(sample.seed, layer.functions), tracing(tape, layer.functions):
        state = _recorded("forward", lambda: _start(layer, tape, given))
        outputs = _recorded("forward", lambda: layer.forward(state, given))
        record = differentiate(tape, inputs, outputs, upstreams, sample.seed)
        if with_backward:
            _run_backward(layer, state, record)
    return record


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, (np.ndarray, dict)) else value


def _start(layer: Layer, tape: Tape, given: dict[str, Any]) -> Any:
    state = layer.start(given)
    if hasattr(state, "_backproof_given"):
        replace_arrays(state, lambda _, array: _buffer(tape, array))
    return state


def _buffer(tape: Tape, array: Any) -> Any:
    """Return a recorded copy of an array that the layer made itself; it may be written into."""
    return array if type(array) is Lifted else Lifted(tape, tape.constants(array).copy())


def _recorded(what: str, run: Callable[[], Any]) -> Any:
    """Return ``run()``; any error of the user's code on recorded arrays means that it cannot be recorded."""
    try:
        return run()
    except NotLiftable:
        raise
    except Exception as error:
        raise NotLiftable(f"{what} on traced arrays: {type(error).__name__}: {error}") from error


def differentiate(
    tape: Tape, inputs: dict[str, Ids], outputs: Sequence[Any], upstreams: Sequence[Any] | None, seed: int
) -> Trace:
    """Return the record of a forward pass with its derivative under random upstream gradients, or given ones."""
    if not outputs or any(type(output) is not Lifted for output in outputs):
        raise NotLiftable("an output that is no traced array")
    ids = tuple(output.ids.copy() for output in outputs)
    sent = upstreams_for(outputs, seed) if upstreams is None else upstreams
    names = ["dout"] if len(ids) == 1 else [f"dout{i}" for i in range(len(ids))]
    arriving = tuple(
        tape.symbols(name, np.broadcast_to(u, i.shape)) for name, u, i in zip(names, sent, ids, strict=True)
    )
    size, blocks = len(tape), len(tape.blocks)
    gradients = adjoint(tape, ids, arriving, list(inputs.values()))
    return Trace(tape, inputs, ids, arriving, size, dict(zip(inputs, gradients, strict=True)), forward_blocks=blocks)


def _run_backward(layer: Layer, state: Any, record: Trace) -> None:
    sent = [Lifted(record.tape, ids.copy()) for ids in record.upstreams]
    try:
        found = _recorded("backward", lambda: layer.backward(state, sent))
    except NotLiftable as refusal:
        record.refusal = str(refusal)
        return
    record.found = {name: _entries(record.tape, value) for name, value in found.items()}


def _entries(tape: Tape, value: Any) -> Any:
    if type(value) is Lifted:
        return value.copy()
    if is_float_array(value) or isinstance(value, (int, float)):
        return Lifted(tape, tape.constants(value))
    return several(value)

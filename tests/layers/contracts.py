"""What every layer owes its caller; each contract returns what is broken, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.checking.running import backward, build, forward, signed
from backproof.layers import Signature
from tests.layers.cases import Case

Contract = Callable[[type[Any], Case], str]
DTYPES = (np.float32, np.float64)


def _outputs(instance: Any, case: Case, values: dict[str, Any]) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(y) for y in forward(instance, case.signature, values))


def _upstreams(outputs: tuple[Any, ...], seed: int = 2) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.asarray(signed(rng, y.shape), y.dtype) for y in outputs]


@dataclass(frozen=True)
class Pass:
    """What a layer said: its outputs, in order, and the gradient of each input that has one."""

    outputs: tuple[Any, ...]
    gradients: dict[str, Any]
    upstreams: list[np.ndarray]


def run(layer: type[Any], case: Case, values: dict[str, Any]) -> Pass:
    """Return one forward and backward pass under random signed upstreams."""
    instance = build(layer, case.signature, values)
    outputs = forward(instance, case.signature, values)
    upstreams = _upstreams(tuple(np.asarray(y) for y in outputs))
    return Pass(outputs, backward(instance, case.signature, upstreams), upstreams)


def _same(left: dict[str, Any], right: dict[str, Any], rtol: float = 0.0) -> str:
    """Say which gradients differ; NaN equals nothing."""
    return ", ".join(name for name in left if not np.allclose(left[name], right[name], rtol=rtol, atol=rtol))


def _loss(layer: type[Any], signature: Signature, values: dict[str, Any], upstreams: Any) -> Any:
    outputs = forward(build(layer, signature, values), signature, values)
    return sum((np.sum(u * y) for u, y in zip(upstreams, outputs, strict=True)), np.longdouble(0))


def slope(layer: type[Any], case: Case, values: dict[str, Any], name: str, upstreams: Any) -> Any:
    """Return the gradient of Σ upstream·output by a five-point central difference."""
    step = np.finfo(np.longdouble).eps ** np.longdouble(0.2)
    gradient = np.zeros_like(values[name])
    for place in np.ndindex(gradient.shape):
        samples = {}
        for k in (-2, -1, 1, 2):
            moved = values[name].copy()
            moved[place] += k * step
            changed = values | {name: moved}
            samples[k] = _loss(layer, case.signature, changed, upstreams)
        gradient[place] = (8 * (samples[1] - samples[-1]) - samples[2] + samples[-2]) / (12 * step)
    return gradient


def gradients_are_the_slopes_of_the_forward_pass(layer: type[Any], case: Case) -> str:
    values = case.values(np.longdouble)
    done = run(layer, case, values)
    expected = {n: slope(layer, case, values, n, done.upstreams) for n in done.gradients}
    tolerance = 1e4 * float(np.finfo(np.longdouble).eps) ** 0.8
    return _same(done.gradients, expected, tolerance)


def shape_and_dtype_are_those_of_the_input(layer: type[Any], case: Case) -> str:
    wrong = []
    for dtype in DTYPES:
        values = case.values(dtype)
        done = run(layer, case, values)
        kinds = {np.asarray(y).dtype for y in done.outputs}
        wrong += [f"output {kind}" for kind in kinds if kind != dtype]
        for name, gradient in done.gradients.items():
            found = np.shape(gradient), np.asarray(gradient).dtype
            wrong += [f"{name} {found}"] if found != (values[name].shape, dtype) else []
    return ", ".join(wrong)


def a_double_upstream_does_not_widen_a_single_gradient(layer: type[Any], case: Case) -> str:
    instance, values = build(layer, case.signature, v := case.values(np.float32)), v
    upstreams = [u.astype(np.float64) for u in _upstreams(_outputs(instance, case, values))]
    gradients = backward(instance, case.signature, upstreams)
    return ", ".join(n for n, g in gradients.items() if np.asarray(g).dtype != np.float32)


def arguments_are_left_alone(layer: type[Any], case: Case) -> str:
    values = case.values()
    before = {name: np.asarray(value).tobytes() for name, value in values.items()}
    instance = build(layer, case.signature, values)
    upstreams = _upstreams(_outputs(instance, case, values))
    sent = [u.tobytes() for u in upstreams]
    backward(instance, case.signature, upstreams)
    changed = [name for name, value in values.items() if np.asarray(value).tobytes() != before[name]]
    return ", ".join(changed + ["dout"] * (sent != [u.tobytes() for u in upstreams]))


def backward_may_run_twice(layer: type[Any], case: Case) -> str:
    instance, values = build(layer, case.signature, v := case.values()), v
    upstreams = _upstreams(_outputs(instance, case, values))
    first = {n: np.copy(g) for n, g in backward(instance, case.signature, upstreams).items()}
    return _same(first, backward(instance, case.signature, upstreams))


def _scribbled(layer: type[Any], case: Case, spoil: Callable[[dict[str, Any], Any], None]) -> str:
    """Say which gradients change when arrays are overwritten between forward and backward."""
    instance, values = build(layer, case.signature, v := case.values()), v
    outputs = forward(instance, case.signature, values)
    upstreams = _upstreams(tuple(map(np.asarray, outputs)))
    expected = backward(build_and_run(layer, case), case.signature, upstreams)
    expected = {name: np.copy(gradient) for name, gradient in expected.items()}
    spoil(values, outputs)
    return _same(expected, backward(instance, case.signature, upstreams))


def build_and_run(layer: type[Any], case: Case) -> Any:
    """Return an instance after one forward pass."""
    values = case.values()
    instance = build(layer, case.signature, values)
    forward(instance, case.signature, values)
    return instance


def _overwrite(array: Any) -> None:
    if isinstance(array, np.ndarray):
        array *= -3


def outputs_are_not_the_cache(layer: type[Any], case: Case) -> str:
    def spoil(_: dict[str, Any], outputs: Any) -> None:
        for y in outputs:
            _overwrite(y)

    return _scribbled(layer, case, spoil)


def data_may_be_overwritten_after_forward(layer: type[Any], case: Case) -> str:
    def spoil(values: dict[str, Any], _: Any) -> None:
        for name in case.signature.arguments:
            values[name][...] = 1 - values[name]

    return _scribbled(layer, case, spoil)


def gradients_are_not_the_cache(layer: type[Any], case: Case) -> str:
    instance = build_and_run(layer, case)
    outputs = _outputs(instance, case, case.values())
    upstreams = _upstreams(outputs)
    gradients = backward(instance, case.signature, upstreams)
    first = {name: np.copy(gradient) for name, gradient in gradients.items()}
    for gradient in gradients.values():
        _overwrite(gradient)
    return _same(first, backward(instance, case.signature, upstreams))


def nothing_handed_out_shares_memory(layer: type[Any], case: Case) -> str:
    instance, values = build(layer, case.signature, v := case.values()), v
    outputs = _outputs(instance, case, values)
    upstreams = _upstreams(outputs)
    gradients = backward(instance, case.signature, upstreams)
    fresh = {f"d{name}": np.asarray(gradient) for name, gradient in gradients.items()}
    fresh |= {f"output {i}": y for i, y in enumerate(outputs)}
    held = {name: np.asarray(value) for name, value in values.items()}
    held |= {f"dout {i}": u for i, u in enumerate(upstreams)}
    pairs = [(a, b) for a in fresh for b in fresh | held if a != b]
    everything = fresh | held
    return ", ".join(f"{a} is {b}" for a, b in pairs if np.shares_memory(everything[a], everything[b]))


def an_instance_may_be_reused(layer: type[Any], case: Case) -> str:
    values = case.values()
    instance = build(layer, case.signature, values)
    parameters = {name: values[name] for name in case.signature.parameters}
    other = case.values(seed=9) | parameters
    upstreams = _upstreams(_outputs(instance, case, other))
    backward(instance, case.signature, upstreams)
    upstreams = _upstreams(_outputs(instance, case, values))
    expected = backward(build_and_run(layer, case), case.signature, upstreams)
    return _same(expected, backward(instance, case.signature, upstreams))


def instances_do_not_share_state(layer: type[Any], case: Case) -> str:
    instance, twin = build_and_run(layer, case), build_and_run(layer, case)
    upstreams = _upstreams(_outputs(instance, case, case.values()))
    expected = backward(instance, case.signature, upstreams)
    expected = {name: np.copy(gradient) for name, gradient in expected.items()}
    forward(twin, case.signature, case.values(seed=9))
    return _same(expected, backward(instance, case.signature, upstreams))


def _strided(array: np.ndarray) -> np.ndarray:
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def _reversed(array: np.ndarray) -> np.ndarray:
    everything = tuple(slice(None, None, -1) for _ in array.shape)
    return array[everything].copy()[everything]


def _read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "Fortran": lambda array: np.array(array, order="F"),
    "strided": _strided,
    "negative strides": _reversed,
    "read-only": _read_only,
}


def memory_layout_does_not_matter(layer: type[Any], case: Case) -> str:
    values = case.values()
    instance = build_and_run(layer, case)
    upstreams = _upstreams(_outputs(instance, case, values))
    expected = backward(instance, case.signature, upstreams)
    expected = {name: np.copy(gradient) for name, gradient in expected.items()}
    wrong = []
    for layout, arrange in LAYOUTS.items():
        arranged = {name: arrange(value) if isinstance(value, np.ndarray) else value for name, value in values.items()}
        instance = build(layer, case.signature, arranged)
        forward(instance, case.signature, arranged)
        found = backward(instance, case.signature, [arrange(u) for u in upstreams])
        wrong += [f"{layout}: {bad}"] if (bad := _same(expected, found, 1e-13)) else []
    return ", ".join(wrong)


def a_broadcast_upstream_is_a_full_one(layer: type[Any], case: Case) -> str:
    instance = build_and_run(layer, case)
    outputs = _outputs(instance, case, case.values())
    broadcast = [np.broadcast_to(np.asarray(-1.5, y.dtype), y.shape) for y in outputs]
    full = [np.full(y.shape, -1.5, y.dtype) for y in outputs]
    expected = backward(instance, case.signature, full)
    expected = {name: np.copy(gradient) for name, gradient in expected.items()}
    return _same(expected, backward(instance, case.signature, broadcast), 1e-13)


def backward_is_linear_in_the_upstream(layer: type[Any], case: Case) -> str:
    instance = build_and_run(layer, case)
    outputs = _outputs(instance, case, case.values())
    one, two = _upstreams(outputs, 4), _upstreams(outputs, 5)
    both = [2 * a - 3 * b for a, b in zip(one, two, strict=True)]
    parts = [
        {name: np.copy(gradient) for name, gradient in found.items()}
        for found in (backward(instance, case.signature, upstream) for upstream in (one, two, both))
    ]
    combined = {name: 2 * parts[0][name] - 3 * parts[1][name] for name in parts[0]}
    return _same(combined, parts[2], 1e-12)


CONTRACTS: dict[str, Contract] = {
    contract.__name__: contract
    for contract in (
        gradients_are_the_slopes_of_the_forward_pass,
        shape_and_dtype_are_those_of_the_input,
        a_double_upstream_does_not_widen_a_single_gradient,
        arguments_are_left_alone,
        backward_may_run_twice,
        outputs_are_not_the_cache,
        gradients_are_not_the_cache,
        data_may_be_overwritten_after_forward,
        nothing_handed_out_shares_memory,
        an_instance_may_be_reused,
        instances_do_not_share_state,
        memory_layout_does_not_matter,
        a_broadcast_upstream_is_a_full_one,
        backward_is_linear_in_the_upstream,
    )
}

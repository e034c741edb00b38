"""Generated layers pass ruff, run without warnings, and give the numbers of their derivations."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

from backproof import catalogue
from backproof.audit.documents import derive_node
from backproof.calculus.arrays import evaluate_tensor
from backproof.calculus.fields import entry, outputs_of, solved_context
from backproof.checking.running import backward, build, forward
from backproof.checking.tensors import values_of
from backproof.derivation import Derivation
from backproof.emit.python_code import PROGRAMS, emit_code
from tests.layers.cases import ORDINARY, Case

#: Nodes and the sizes of their axes, no two equal.
SIZES: dict[str, dict[str, int]] = {
    "affine": {"n": 2, "d": 3, "k": 4},
    "softmax": {"n": 2, "k": 3},
    "softmax-cross-entropy": {"n": 2, "k": 3},
    "batch-norm": {"n": 4, "d": 3},
    "layer-norm": {"n": 2, "d": 5},
    "scaled-dot-product-attention": {"i": 2, "d": 3, "j": 4, "e": 5},
    "embedding": {"n": 5, "v": 3, "d": 2},
}
SCALARS = ("sigmoid", "relu", "tanh", "softplus", "gelu", "selu", "mul", "elu", "hard-swish", "silu")


@cache
def derivation(name: str) -> Derivation:
    """Return the derivation of a node of the catalogue."""
    document = catalogue.load(name)
    return derive_node(document, document.nodes[0])


def module(name: str, library: str = "numpy") -> dict[str, Any]:
    """Return what the generated module defines."""
    names: dict[str, Any] = {}
    exec(compile(emit_code(derivation(name), library), name, "exec"), names)  # noqa: S102 - our own code
    return names


def layer(name: str) -> Any:
    """Return an instance of the generated class."""
    made = "".join(part.capitalize() for part in name.split("-"))
    return module(name)[made]()


def as_tuple(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def values(name: str, dtype: Any) -> dict[str, Any]:
    return values_of(derivation(name).node, SIZES[name], dtype, np.random.default_rng(3))


def expected(name: str, given: dict[str, Any], upstream: Any) -> list[Any]:
    """Return the outputs and gradients that the derivation gives, in 64 bits."""
    found = derivation(name)
    context, node = solved_context(found), found.node
    outputs = outputs_of(node)
    gradients = [f"d{x.name}" for x in node.inputs if not x.domain.integer]
    arrays = {k: np.asarray(v, None if np.asarray(v).dtype.kind == "i" else float) for k, v in given.items()}
    arrays[f"d{outputs[0]}"] = np.asarray(upstream, float)
    lengths = {axis: size for axis, size in SIZES[name].items()}
    shapes = context.shapes
    return [evaluate_tensor(entry(n, shapes[n]), shapes[n], arrays, context, lengths) for n in (*outputs, *gradients)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SIZES)
def test_gives_the_numbers_of_the_derivation(name: str, dtype: Any) -> None:
    """Forward and backward agree entry by entry, in the dtype of the inputs."""
    given = values(name, dtype)
    made = layer(name)
    output = made.forward(*given.values())
    upstream = np.asarray(np.random.default_rng(4).normal(size=np.shape(output)), dtype)
    found = [output, *as_tuple(made.backward(upstream))]
    wanted = expected(name, given, upstream)
    assert [np.asarray(array).dtype for array in found] == [dtype] * len(wanted)
    scale = 64 * np.finfo(dtype).eps
    assert all(np.allclose(a, b, rtol=scale, atol=scale) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("name", [*SIZES, *SCALARS])
@pytest.mark.parametrize("library", PROGRAMS)
@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")
def test_passes_ruff(name: str, library: str) -> None:
    """The linter has nothing to say, but for long lines."""
    command = ["ruff", "check", "--isolated", "--select", "E,F,W,B,UP", "--ignore", "E501,B905", "-"]
    done = subprocess.run(
        command, input=emit_code(derivation(name), library), text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "tanh", "relu"])
def test_does_not_overflow(name: str) -> None:
    """At ±1000 there is no warning and no NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = layer(name)
        output = made.forward(np.array([-1000.0, 0.0, 1000.0]))
        gradient = made.backward(np.ones(3))
    assert np.isfinite(output).all()
    assert np.isfinite(gradient).all()


def test_softmax_does_not_overflow() -> None:
    """The exponentials are shifted by their maximum."""
    assert np.isfinite(layer("softmax").forward(np.array([[1000.0, 0.0, -1000.0]]))).all()


def test_writes_matrix_products() -> None:
    """The gradients of an affine layer are two matrix products and a sum."""
    text = emit_code(derivation("affine"))
    assert "dx = dy @ W.T" in text
    assert "dW = x.T @ dy" in text
    assert "db = dy.sum(axis=0)" in text


def test_keeps_only_what_the_backward_pass_needs() -> None:
    """The sigmoid keeps its output."""
    text = emit_code(derivation("sigmoid"))
    assert "self.kept = np.array(y)" in text
    assert "dx = (1 - y) * y * dy" in text


@pytest.mark.parametrize("name", ["affine", "softmax", "batch-norm", "layer-norm", "scaled-dot-product-attention"])
def test_torch_function_gives_the_gradients_of_autograd(name: str) -> None:
    """The generated backward agrees with the one that torch finds for the generated forward."""
    torch = pytest.importorskip("torch")
    function = next(v for v in module(name, "torch").values() if isinstance(v, type))

    def tensors() -> list[Any]:
        found = values(name, np.float64).values()
        return [torch.tensor(v, requires_grad=True) if np.ndim(v) else v for v in found]

    mine, theirs = tensors(), tensors()
    output = function.apply(*mine)
    upstream = torch.randn(output.shape, dtype=torch.float64)
    output.backward(upstream)

    class Context:
        def save_for_backward(self, *_: Any) -> None:
            return

    function.forward(Context(), *theirs).backward(upstream)
    pairs = [(a.grad, b.grad) for a, b in zip(mine, theirs, strict=True) if isinstance(a, torch.Tensor)]
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in pairs)


@pytest.mark.parametrize("name", ["affine", "softmax", "layer-norm"])
def test_jax_function_gives_the_gradients_of_the_derivation(name: str) -> None:
    """The pullback of the custom_vjp is the derivation's."""
    jax = pytest.importorskip("jax")
    given = values(name, np.float32)
    function = module(name, "jax")[name.replace("-", "_")]
    output, pullback = jax.vjp(function, *given.values())
    upstream = np.random.default_rng(5).normal(size=output.shape).astype(np.float32)
    found = [output, *pullback(upstream)]
    wanted = expected(name, given, upstream)
    assert all(np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(found, wanted, strict=True))


WINDOWS = [case for case in ORDINARY if case.name in ("convolution", "max-pooling", "average-pooling")]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", WINDOWS, ids=str)
def test_windows_give_what_the_hand_written_layer_gives(case: Case, dtype: Any) -> None:
    """Strides, padding and reads outside the image included."""
    given = case.values(dtype)
    instance = build(case.layer, case.signature, given)
    (wanted,) = forward(instance, case.signature, given)
    window = given["W"].shape[2:] if "W" in given else (given["height"], given["width"])
    rows, columns = wanted.shape[2:]
    sizes = (rows, columns) if "W" in given else (rows, window[0], columns, window[1])
    names = module(case.name)
    made = names["".join(part.capitalize() for part in case.name.split("-"))](*sizes)
    found = made.forward(*(given[each.name] for each in derivation(case.name).node.inputs))
    upstream = np.asarray(np.random.default_rng(4).normal(size=wanted.shape), dtype)
    gradients = backward(instance, case.signature, [upstream])
    expected = [wanted, *(gradients[name] for name in ("x", "W", "b") if name in gradients)]
    scale = 256 * np.finfo(dtype).eps
    pairs = zip([found, *as_tuple(made.backward(upstream))], expected, strict=True)
    assert all(np.allclose(a, b, rtol=scale, atol=scale) and a.dtype == b.dtype for a, b in pairs)

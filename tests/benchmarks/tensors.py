"""Nodes with axes, measured in one run: ``python tests/benchmarks/tensors.py [derive] [tensorgrad] [code]``.

``derive``: how long each node takes to derive and prove.  ``tensorgrad``: the same beside the library tensorgrad on
what that can do.  ``code``: generated numpy beside the hand-written layer and torch at three sizes.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread for each side, before numpy is imported

import multiprocessing as mp
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from backproof import catalogue
from backproof.audit.documents import derive_node
from backproof.calculus import derive_document
from backproof.calculus.fields import has_axes
from backproof.checking.running import backward, build, forward
from backproof.derivation import Derivation
from backproof.emit.python_code import emit_code
from tests.layers.cases import Case, _convolution, _pooling

ROUNDS = 3
#: Seconds after which a peer is stopped.
CAP = 60.0


def least(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least processor time of a few runs, in milliseconds."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return 1e3 * min(found)


# ------------------------------------------------------------------ derive


def with_axes() -> list[str]:
    """Return the names of the catalogue's nodes with axes."""
    return [name for name in catalogue.names() if any(map(has_axes, catalogue.load(name).nodes))]


def times_to_derive() -> dict[str, float]:
    """Return the milliseconds that each node takes to derive and prove, in a warm process."""
    derive_document(catalogue.load("sigmoid"))
    documents = {name: catalogue.load(name) for name in with_axes()}
    return {name: least(lambda d=document: derive_document(d)) for name, document in documents.items()}


def derive() -> None:
    """Print how long each node with axes takes to derive and prove."""
    times = times_to_derive()
    print(f"## derive and prove: least of {ROUNDS}, processor time")
    for name, found in sorted(times.items(), key=lambda row: -row[1]):
        print(f"{name:36} {found:8.0f} ms")
    values = list(times.values())
    print(f"{len(values)} nodes: median {statistics.median(values):.0f} ms, largest {max(values):.0f} ms\n")


# ------------------------------------------------------------------ tensorgrad


def tensorgrad_jobs() -> dict[str, Callable[[], list[Any]]]:
    """Return what tensorgrad can do: the simplified derivative of an output in every input, by node."""
    import sympy
    import tensorgrad.functions as F
    from tensorgrad import Derivative, Variable

    n, d, k, e, i, j = sympy.symbols("n d k e i j")

    def slopes(output: Any, *inputs: Any) -> list[Any]:
        return [Derivative(output, given).full_simplify() for given in inputs]

    def affine() -> list[Any]:
        x, weights, b = Variable("x", n, d), Variable("W", d, k), Variable("b", k)
        return slopes(x @ weights + b, x, weights, b)

    def softmax() -> list[Any]:
        x = Variable("x", n, k)
        return slopes(F.softmax(x, dim="k"), x)

    def log_softmax() -> list[Any]:
        x = Variable("x", n, k)
        return slopes(F.log_softmax(x, dim="k"), x)

    def logsumexp() -> list[Any]:
        x = Variable("x", n, k)
        return slopes(F.log(F.sum(F.exp(x), "k")), x)

    def softmax_cross_entropy() -> list[Any]:
        x, t = Variable("x", n, k), Variable("t", n, k)
        return slopes(F.mean(F.cross_entropy(x, t, dim="k"), "n"), x)

    def mean_squared_error() -> list[Any]:
        y, t = Variable("y", n, k), Variable("t", n, k)
        return slopes(F.mean(F.pow(y - t, 2), ["n", "k"]), y, t)

    def dot_product_attention() -> list[Any]:
        q, keys, v = Variable("q", i, d), Variable("k", j, d), Variable("v", j, e)
        return slopes(F.softmax(q @ keys, dim="j") @ v, q, keys, v)

    jobs = (affine, softmax, log_softmax, logsumexp, softmax_cross_entropy, mean_squared_error, dot_product_attention)
    return {job.__name__.replace("_", "-"): job for job in jobs}


def _time_tensorgrad(name: str, pipe: Any) -> None:
    job = tensorgrad_jobs()[name]
    job()
    pipe.send((least(job), sum(len(str(slope)) for slope in job())))


def tensorgrad() -> None:
    """Print our time beside tensorgrad's; ours has the proof of every step in it, and theirs proves nothing."""
    print("## beside tensorgrad, warm, processor time")
    for name in tensorgrad_jobs():
        here, there = mp.Pipe()
        process = mp.Process(target=_time_tensorgrad, args=(name, there), daemon=True)
        process.start()
        theirs, length = here.recv() if here.poll(CAP) else (float("inf"), 0)
        process.kill()
        document = catalogue.load(name)
        ours = least(lambda d=document: derive_document(d))
        [node] = document.nodes
        gradients = derive_node(document, node).gradients
        print(
            f"{name:28} ours {ours:6.0f} ms, {len(gradients)} gradients   tensorgrad {theirs:6.0f} ms, {length} letters"
        )
    print()


# ------------------------------------------------------------------ code


@dataclass(frozen=True)
class Work:
    """One node at one set of sizes: the case of the layer, and the same in torch, given the inputs in order."""

    case: Case
    in_torch: Callable[..., Any]
    in_generated: Callable[[dict[str, Any], Derivation], tuple[tuple[int, ...], list[Any]]]


def _inputs(given: dict[str, Any], derivation: Derivation) -> tuple[tuple[int, ...], list[Any]]:
    return (), [given[each.name] for each in derivation.node.inputs]


def _window(given: dict[str, Any], derivation: Derivation) -> tuple[tuple[int, ...], list[Any]]:
    """Return the sizes that a generated layer with windows is made with, and its inputs."""
    stride, pad = given["stride"], given.get("pad", 0)
    height, width = given["W"].shape[2:] if "W" in given else (given["height"], given["width"])
    rows, columns = given["x"].shape[2:]
    out = ((rows + 2 * pad - height) // stride + 1, (columns + 2 * pad - width) // stride + 1)
    sizes = out if "W" in given else (*out, height, width)
    return sizes, [given[each.name] for each in derivation.node.inputs]


def works() -> list[Work]:
    """Return what is measured: the nodes whose layers take the same inputs, at three sizes each."""
    import torch
    from torch.nn import functional as F

    found: list[Work] = []
    for n, d, k in ((32, 16, 16), (128, 128, 64), (512, 512, 512)):
        rows = {"x": (n, k)}
        found += [
            Work(Case("affine", {"x": (n, d), "W": (d, k), "b": (k,)}), lambda x, w, b: x @ w + b, _inputs),
            Work(Case("softmax", rows), lambda x: torch.softmax(x, -1), _inputs),
            Work(
                Case("softmax-cross-entropy", {**rows, "t": (n, k)}),
                lambda x, t: -(t * torch.log_softmax(x, -1)).sum() / len(x),
                _inputs,
            ),
            Work(Case("mean-squared-error", {"y": (n, k), "t": (n, k)}), F.mse_loss, _inputs),
            Work(
                Case("batch-norm", {**rows, "gamma": (k,), "beta": (k,)}, {"eps": 0.01}),
                lambda x, g, b, eps: F.batch_norm(x, None, None, g, b, True, 0, float(eps)),
                _inputs,
            ),
            Work(
                Case("dot-product-attention", {"q": (n, d), "k": (n, d), "v": (n, k)}, {"scale": 0.1}),
                lambda q, k, v, scale: torch.softmax(q @ k.T * scale, -1) @ v,
                _inputs,
            ),
        ]
    for n, c, side in ((2, 2, 8), (4, 4, 16), (8, 8, 32)):
        x = (n, c, side, side)
        found += [
            Work(
                _convolution(x, (c, c, 3, 3), 1, 1),
                lambda x, w, b, stride, pad: F.conv2d(x, w, b, stride, pad),
                _window,
            ),
            Work(_pooling("max-pooling", x, 2, 2, 2), lambda x, *_: F.max_pool2d(x, 2, 2), _window),
            Work(_pooling("average-pooling", x, 2, 2, 2), lambda x, *_: F.avg_pool2d(x, 2, 2), _window),
        ]
    return sorted(found, key=lambda work: work.case.name)


def _in_turn(runs: dict[str, Callable[[], object]], seconds: float = 0.6) -> dict[str, float]:
    """Return the least time of each run in milliseconds, all of them taking turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[next(iter(times))]) < 5:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: 1e3 * min(found) for name, found in times.items()}


def _hand_written(work: Work, given: dict[str, Any]) -> Callable[[], Any]:
    layer = build(work.case.layer, work.case.signature, given)

    def run() -> Any:
        outputs = forward(layer, work.case.signature, given)
        return backward(layer, work.case.signature, [np.ones_like(y) for y in outputs])

    return run


def _generated(work: Work, given: dict[str, Any], derivation: Derivation) -> Callable[[], Any]:
    names: dict[str, Any] = {}
    exec(compile(emit_code(derivation, "numpy"), work.case.name, "exec"), names)  # noqa: S102 - our own code
    sizes, inputs = work.in_generated(given, derivation)
    made = names["".join(part.capitalize() for part in work.case.name.split("-"))](*sizes)

    def run() -> Any:
        return made.backward(np.ones_like(made.forward(*inputs)))

    return run


def _in_torch(work: Work, given: dict[str, Any]) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    tensors = [torch.from_numpy(v) if isinstance(v, np.ndarray) and v.ndim else v for v in given.values()]
    leaves = [tensor.requires_grad_() for tensor in tensors if isinstance(tensor, torch.Tensor)]

    def run() -> Any:
        output = work.in_torch(*tensors)
        return torch.autograd.grad(output, leaves, torch.ones_like(output))

    return run


def code() -> None:
    """Print forward and backward of generated numpy beside the hand-written layer and torch, float64, one thread."""
    print("## forward and backward, float64, one thread, least time")
    print(f"{'':52} {'hand':>9} {'generated':>9} {'torch':>9}   generated/hand")
    derivations: dict[str, Derivation] = {}
    ratios = []
    for work in works():
        name = work.case.name
        if name not in derivations:
            document = catalogue.load(name)
            derivations[name] = derive_node(document, document.nodes[0])
        given = work.case.values()
        runs = {
            "hand": _hand_written(work, given),
            "generated": _generated(work, given, derivations[name]),
            "torch": _in_torch(work, given),
        }
        times = _in_turn(runs)
        ratios.append(times["generated"] / times["hand"])
        shown = " ".join(f"{times[side]:9.3f}" for side in runs)
        print(f"{str(work.case)[:52]:52} {shown}   {ratios[-1]:6.2f}")
    print(f"median of generated/hand {statistics.median(ratios):.2f}, largest {max(ratios):.1f}\n")


SECTIONS = {"derive": derive, "tensorgrad": tensorgrad, "code": code}

if __name__ == "__main__":
    for wanted in sys.argv[1:] or SECTIONS:
        SECTIONS[wanted]()

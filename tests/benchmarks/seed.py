"""Ratios measured in one run: ``python tests/benchmarks/seed.py [start] [kernel] [graph]``.

Every row stands beside its peer on the same work, on the same machine, in the same minute.
"""

from __future__ import annotations

import math
import multiprocessing as mp
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import sympy

from backproof import catalogue
from backproof.audit.documents import derive_node
from backproof.calculus.convert import Translation
from backproof.calculus.fields import has_axes
from backproof.derivation import Derivation, JudgedStep
from backproof.graph import Graph
from backproof.kernel import judge
from backproof.terms import Term, postorder, substitute, sym

sys.setrecursionlimit(10**5)  # SymPy walks the flattened chain recursively
ROUNDS = 15
#: Seconds after which ``simplify`` is stopped; such a step counts with this time.
CAP = 10.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def clock(work: Callable[[], object]) -> float:
    """Return the seconds that ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# ------------------------------------------------------------------ start


def start_up() -> None:
    """Print how long ``derive sigmoid --latex`` takes beside the imports that it cannot do without."""
    _start("cold", ["-m", "backproof", "sigmoid", "--latex", "--no-cache"], "import sympy")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        _start("cached", ["-m", "backproof", "sigmoid", "--latex"], "import click")


def _start(state: str, ours: list[str], peer: str) -> None:
    times: dict[str, list[float]] = {}
    for turn in range(ROUNDS + 1):
        for name, arguments in ((" ".join(ours[2:]), ours), (peer, ["-c", peer])):
            seconds = clock(lambda arguments=arguments: _python(arguments))
            if turn:  # the first turn writes the .pyc files, and the cache
                times.setdefault(name, []).append(seconds)
    print(f"## start: {state}, median of {ROUNDS}, alternating")
    middle = [statistics.median(found) for found in times.values()]
    for name, seconds in zip(times, middle, strict=True):
        print(f"{name:28} {1e3 * seconds:8.0f} ms")
    ratios = [mine / theirs for mine, theirs in zip(*times.values(), strict=True)]
    print(f"{'ratio of medians':28} {middle[0] / middle[1]:8.2f}   median of ratios {statistics.median(ratios):.2f}\n")


def _python(arguments: list[str]) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


# ------------------------------------------------------------------ kernel


def kernel() -> None:
    """Print how long the kernel takes for a step beside ``simplify`` on the difference of its sides.

    SymPy's time has the same work in it: unfolding the definitions, differentiating, deciding.
    """
    derivations = [
        derive_node(document, node)
        for document in map(catalogue.load, catalogue.names())
        for node in document.nodes
        if not has_axes(node)
    ]
    pairs = [(d, step) for d in derivations for step in d.steps]
    ours = [clock(lambda d=d, s=s: judge(s.left, s.right, d.context, with_certificate=False)) for d, s in pairs]
    simplifier = Simplifier()
    answers = [simplifier.ask(pair) for pair in pairs]
    simplifier.stop()
    zero = sum(answer.is_zero for answer in answers)
    stopped = sum(answer.seconds >= CAP for answer in answers)
    rows = list(zip(ours, answers, strict=True))
    _beside(f"the {len(pairs)} steps of the catalogue", rows)
    open_rows = [row for row in rows if not row[1].was_rewritten]
    _beside(f"the {len(open_rows)} that SymPy does not rewrite to 0 before simplify", open_rows)
    proved = sum(step.verdict.is_accepted for _, step in pairs)
    print(f"accepted: kernel {proved}, simplify {zero} ({stopped} stopped after {CAP:.0f} s)\n")


@dataclass(frozen=True)
class Answer:
    """What SymPy said: the seconds, whether it is 0, and whether it was before ``simplify``."""

    seconds: float
    is_zero: bool = False
    was_rewritten: bool = False


def _beside(title: str, rows: list[tuple[float, Answer]]) -> None:
    ours, theirs = [seconds for seconds, _ in rows], [answer.seconds for _, answer in rows]
    print(f"## kernel: {title}")
    for name, found in (("kernel", ours), ("sympy.simplify", theirs)):
        middle, high = (1e3 * percentile(found, share) for share in (0.5, 0.95))
        print(f"{name:28} {middle:8.2f} ms median {high:10.2f} ms p95 {sum(found):8.2f} s in all")
    each = statistics.median(slow / fast for slow, fast in zip(theirs, ours, strict=True))
    medians = statistics.median(theirs) / statistics.median(ours)
    print(f"{'ratio of medians':28} {medians:8.1f}   median of ratios {each:.1f}")


def _difference(derivation: Derivation, step: JudgedStep) -> Any:
    """Return left - right in the inputs, as SymPy's own expression, derivatives done."""
    lines = {sym(line.name): line.term for line in derivation.node.lines}
    names = {op.output: op.term for op in derivation.operations}
    gradients = {
        sym(name): definition.term
        for name, definition in derivation.context.definitions.items()
        if sym(name) not in lines and name.startswith("d")
    }
    translation = Translation()
    sides = (_converted(substitute(side, gradients), names | lines, translation) for side in (step.left, step.right))
    left, right = sides
    return left - right


def _converted(term: Term, lines: dict[Term, Term], translation: Translation) -> Any:
    """Return ``term`` in SymPy's symbols of the inputs; lines are unfolded, D is SymPy's diff."""
    done: dict[Term, Any] = {}
    for part in postorder(term):
        if part.head == "D":
            output, variable = part.args
            held = {name: value for name, value in lines.items() if name is not variable}
            slope = translation.to_sympy(_unfolded(output, held)).diff(translation.symbol(variable))
            inner = translation.to_sympy(_unfolded(variable, lines))
            done[part] = slope.subs(translation.symbol(variable), inner)
    marks = {part: sym(f"derivative {number}") for number, part in enumerate(done)}
    whole = translation.to_sympy(_unfolded(substitute(term, marks), lines))
    return whole.subs({translation.symbol(marks[part]): value for part, value in done.items()})


def _unfolded(term: Term, lines: dict[Term, Term]) -> Term:
    for _ in lines:
        term = substitute(term, lines)
    return term


class Simplifier:
    """A process that simplifies, and is killed when it takes longer than ``CAP``."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start a fresh process, warmed up."""
        self.pipe, other = mp.Pipe()
        self.process = mp.Process(target=simplify_forever, args=(other,), daemon=True)
        self.process.start()
        self.pipe.recv()

    def stop(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join()

    def ask(self, pair: tuple[Derivation, JudgedStep]) -> Answer:
        """Return what SymPy says of one step, within ``CAP`` seconds."""
        self.pipe.send(pair)
        if self.pipe.poll(CAP):
            return Answer(*self.pipe.recv())
        self.stop()
        self.start()
        return Answer(CAP)


def simplify_forever(pipe: Connection) -> None:
    """Answer every step with the seconds that SymPy took, and what it made of the difference."""
    sympy.simplify(sympy.Symbol("x") - 1)
    pipe.send("ready")
    while True:
        derivation, step = pipe.recv()
        sympy.core.cache.clear_cache()
        start = time.perf_counter()
        difference = _difference(derivation, step)
        found = sympy.simplify(difference)
        pipe.send((time.perf_counter() - start, bool(found == 0), bool(difference == 0)))


# ------------------------------------------------------------------ graph


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


FORWARD = {"mul": lambda x, y: x * y, "add": lambda x, y: x + y, "sigmoid": _sigmoid}
PULLBACKS = {
    "mul": lambda u, x, y: (u * x[1], u * x[0]),
    "add": lambda u, x, y: (u, u),
    "sigmoid": lambda u, x, y: (u * y * (1 - y),),
}


def cart(nodes: int) -> Graph:
    """Return a shopping cart: the sum of price times count, times tax."""
    graph = Graph()
    total = graph.leaf("start")
    for item in range(nodes // 4):
        goods = graph.apply("mul", graph.leaf(("price", item)), graph.leaf(("count", item)))
        total = graph.apply("add", total, goods)
    graph.apply("mul", total, graph.leaf("tax"))
    return graph


def chain(nodes: int) -> Graph:
    """Return sigmoid∘…∘sigmoid."""
    graph = Graph()
    value = graph.leaf("x")
    for _ in range(nodes):
        value = graph.apply("sigmoid", value)
    return graph


def accumulate(build: Callable[[int], Graph], nodes: int) -> None:
    """Build the graph, run it forwards, and accumulate every gradient."""
    graph = build(nodes)
    primal = graph.forward(dict.fromkeys(graph.leaves, 0.5), FORWARD)
    graph.backward(primal, len(graph) - 1, 1.0, PULLBACKS)


def differentiate_cart(nodes: int) -> Callable[[], object]:
    """Return SymPy's work on the flattened cart: every partial derivative."""
    items = sympy.symbols(f"p0:{nodes // 4} c0:{nodes // 4}", real=True)
    half = len(items) // 2
    tax = sympy.Symbol("t", real=True)
    total = tax * sympy.Add(*(p * c for p, c in zip(items[:half], items[half:], strict=True)))
    return lambda: [total.diff(variable) for variable in (*items, tax)]


def differentiate_chain(nodes: int) -> Callable[[], object]:
    """Return SymPy's work on the flattened chain: its one derivative."""
    x = value = sympy.Symbol("x", real=True)
    for _ in range(nodes):
        value = 1 / (1 + sympy.exp(-value))
    return lambda: value.diff(x)


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Return the slope of log(time) over log(size), by least squares."""
    xs, ys = ([math.log(value) for value in values] for values in (sizes, times))
    return statistics.linear_regression(xs, ys).slope


def graph() -> None:
    """Print reverse accumulation beside ``sympy.diff`` on the flattened expression."""
    large = (10**3, 10**4, 10**5)
    rows: list[tuple[str, Callable[[int], Callable[[], object]], tuple[int, ...]]] = [
        ("cart", lambda n: lambda: accumulate(cart, n), large),
        ("cart, sympy.diff", differentiate_cart, (100, 200, 400, 800)),
        ("sigmoid chain", lambda n: lambda: accumulate(chain, n), large),
        ("sigmoid chain, sympy.diff", differentiate_chain, (10, 20, 40)),
    ]
    print("## graph: build, forward and backward")
    for name, work, sizes in rows:
        times = []
        for size in sizes:
            samples = []
            for _ in range(5 if "diff" not in name else 1):
                sympy.core.cache.clear_cache()
                samples.append(clock(work(size)))
            times.append(min(samples))
        shown = "  ".join(f"{n}: {1e3 * t:.2f} ms" for n, t in zip(sizes, times, strict=True))
        print(f"{name:28} {shown}  exponent {exponent(sizes, times):.2f}")


SECTIONS = {"start": start_up, "kernel": kernel, "graph": graph}

if __name__ == "__main__":
    for wanted in sys.argv[1:] or SECTIONS:
        SECTIONS[wanted]()

"""``python -m tests.kernel.mutants signs ring --count 200``: small changes to the kernel that its tests must notice.

Each mutant is one changed place of one module.  A fresh process imports the kernel with it and runs the tests of the
kernel, of the fuzzer and of the second checker until one fails.  Printed are the mutants that survive: each is
either a gap in the tests or a change that changes nothing.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import importlib.abc
import importlib.machinery
import io
import itertools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import CodeType, ModuleType
from typing import Any

import pytest

import backproof
from tests.fuzz import steps

KERNEL = Path(backproof.__file__).parent / "kernel"
#: What finds points and writes things down; no proof rests on it.
NO_PROOF = ("__init__", "refute", "ground", "balls", "verdict")
#: What takes part in a proof.
MODULES = tuple(sorted(path.stem for path in KERNEL.glob("*.py") if path.stem not in NO_PROOF))
TESTS = (
    "tests.kernel.test_verdicts",
    "tests.kernel.test_sums",
    "tests.fuzz.test_fuzz",
    "tests.verify.test_certificates",
)

SWAPPED: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.Break: ast.Continue, ast.Continue: ast.Break,
}  # fmt: skip
RENAMED = {"any": "all", "all": "any", "min": "max", "max": "min"}


@dataclass(frozen=True)
class Mutant:
    """One changed place: the module, its line, the text before and after, and the changed code."""

    module: str
    line: int
    before: str
    after: str
    code: CodeType

    def __str__(self) -> str:
        return f"{self.module}.py:{self.line}: {self.before}  ->  {self.after}"


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in place of a node."""
    if isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp):
        other = copy.deepcopy(node)
        if isinstance(other, ast.Compare):
            other.ops[0] = SWAPPED[type(other.ops[0])]()
            yield other
        elif type(other.op) in SWAPPED:  # type: ignore[attr-defined]
            other.op = SWAPPED[type(other.op)]()  # type: ignore[attr-defined]
            yield other
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.Name) and node.id in RENAMED and isinstance(node.ctx, ast.Load):
        yield ast.Name(RENAMED[node.id], ast.Load())
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        other = copy.deepcopy(node)
        other.test = ast.UnaryOp(ast.Not(), other.test)
        yield other
    elif isinstance(node, ast.Raise | ast.Break | ast.Continue) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield SWAPPED[type(node)]() if type(node) in SWAPPED else ast.Pass()


class Replace(ast.NodeTransformer):
    """Puts one node in place of another."""

    def __init__(self, node: ast.AST, other: ast.AST) -> None:
        self.node, self.other = node, other

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(self.other, node) if node is self.node else self.generic_visit(node)


def shown(node: ast.AST) -> str:
    """Return the first line of a node's source, a branch without its body."""
    text = ast.unparse(node.test) if isinstance(node, ast.If | ast.While) else ast.unparse(node)
    return text.splitlines()[0]


def places(module: str) -> Iterator[tuple[str, int]]:
    """Yield the module with the number of each node that can be changed."""
    for number, node in enumerate(ast.walk(ast.parse(source(module)))):
        if next(changed(node), None) is not None:
            yield module, number


def source(module: str) -> str:
    return (KERNEL / f"{module}.py").read_text(encoding="utf-8")


def mutant_at(module: str, number: int) -> Mutant:
    """Return the mutant of a module with one node changed."""
    tree = ast.parse(source(module))
    node = next(itertools.islice(ast.walk(tree), number, None))
    other = next(changed(node))
    line, before, after = getattr(node, "lineno", 0), shown(node), shown(other)
    made = ast.fix_missing_locations(Replace(node, other).visit(tree))
    return Mutant(module, line, before, after, compile(made, f"{module}.py", "exec"))


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module of the kernel from the code of a mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        wanted = f"backproof.kernel.{self.mutant.module}"
        return importlib.machinery.ModuleSpec(name, self) if name == wanted else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.mutant.code, module.__dict__)  # noqa: S102  # the kernel's own source, with one place changed


def calls(function: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of every case of a test that needs no fixture."""
    rows: list[list[dict[str, Any]]] = []
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize":
            names, values = mark.args
            names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
            cases = [getattr(value, "values", value) for value in values]
            rows.append([dict(zip(names, case if len(names) > 1 else [case], strict=True)) for case in cases])
    wanted = set(function.__code__.co_varnames[: function.__code__.co_argcount])
    if wanted == {name for row in rows for name in row[0]}:
        for chosen in itertools.product(*rows):
            yield {name: value for part in chosen for name, value in part.items()}


def run_tests() -> bool:
    """Run every test that needs no fixture; return whether all of them passed."""
    for name in TESTS:
        module = importlib.import_module(name)
        for title, function in vars(module).items():
            if title.startswith("test_") and "hash_seed" not in title:
                for arguments in calls(function):
                    try:
                        function(**arguments)
                    except pytest.skip.Exception:
                        continue
    return True


def verdicts(count: int) -> str:
    """Return what the kernel says of some trials of the fuzzer that the tests do not contain."""
    judge = importlib.import_module("backproof.kernel").judge
    to_source = importlib.import_module("backproof.language").to_source
    said = []
    for number in range(count):
        made = steps.trial(number, 99, steps.all_corpus_steps())
        verdict = judge(made.left, made.right, made.context, refute=False)
        said.append(f"{number}: {verdict.kind.value} {', '.join(map(to_source, verdict.conditions))}")
    return "\n".join(said)


def apart(mutant: Mutant | None, seconds: float, work: Callable[[], object]) -> str | None:
    """Return what ``work`` returns with a mutant, in a process of its own; None where it fails or takes too long."""
    end, start = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            signal.setitimer(signal.ITIMER_PROF, seconds)
            if mutant is not None:
                sys.meta_path.insert(0, Loader(mutant))
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                text = str(work())
            with os.fdopen(start, "w") as pipe:
                pipe.write(text)
            os._exit(0)
        os._exit(1)
    os.close(start)
    with os.fdopen(end) as pipe:
        text = pipe.read()
    return text if os.waitpid(child, 0)[1] == 0 else None


def difference(before: str, after: str | None) -> str:
    """Return the first trial of which two kernels do not say the same."""
    if after is None:
        return "it fails or takes too long on other trials"
    lines = zip(before.splitlines(), after.splitlines(), strict=True)
    return next((f"trial {a}  ->  {b}" for a, b in lines if a != b), "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kernel.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--count", type=int, default=100, help="how many mutants, drawn from all of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=600, help="trials of the fuzzer on which survivors are tried")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so much time")
    chosen = parser.parse_args()
    known = steps.all_corpus_steps()
    steps.all_corpus_steps = lambda: known
    if any(name.startswith("backproof.kernel") for name in sys.modules):
        raise SystemExit("the kernel is loaded already")
    found = [place for module in chosen.modules for place in places(module)]
    drawn = Random(chosen.seed).sample(found, min(chosen.count, len(found)))
    start = time.monotonic()
    plain = apart(None, 600, lambda: verdicts(chosen.trials))
    before = os.times().children_user
    if plain is None or apart(None, 600, run_tests) is None:
        raise SystemExit("the tests fail without any mutant")
    limit = 3 * (os.times().children_user - before) + 5
    counts: Counter[str] = Counter()
    for place in drawn:
        mutant = mutant_at(*place)
        if time.monotonic() - start > 60 * chosen.minutes:
            break
        if apart(mutant, limit, run_tests) is None:
            counts["killed"] += 1
            continue
        found_by = difference(plain, apart(mutant, limit, lambda: verdicts(chosen.trials)))
        counts["differed" if found_by else "changed nothing seen"] += 1
        print(f"survived: {mutant}    {found_by}", flush=True)
    said = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
    print(f"{len(found)} mutants, {counts.total()} tried: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What is loaded when: help and completion stay light, and the trusted kernel stays small."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import backproof

PACKAGE = Path(backproof.__file__).parent
HEAVY = {"sympy", "numpy", "flint", "mpmath"}
PROBE = """
import json, os, sys
from backproof.cli import main
try:
    main(sys.argv[1:], prog_name="derive")
except SystemExit:
    pass
print("\\n" + json.dumps(sorted(sys.modules)))
"""


def modules_after(*arguments: str, **environment: str) -> set[str]:
    """Return the modules that a command line has loaded when it ends, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)} | environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_loads_neither_sympy_nor_numpy() -> None:
    assert modules_after("--help") & HEAVY == set()


def test_completion_loads_neither_sympy_nor_numpy() -> None:
    asked = {"_DERIVE_COMPLETE": "bash_complete", "COMP_WORDS": "derive sig", "COMP_CWORD": "1"}
    assert modules_after(**asked) & HEAVY == set()


def test_the_list_loads_neither_sympy_nor_numpy() -> None:
    assert modules_after("list") & {"sympy", "numpy"} == set()


def test_latex_is_written_without_numpy() -> None:
    assert "numpy" not in modules_after("sigmoid", "--latex")


def test_a_check_leaves_sympy_and_numpy_to_its_workers() -> None:
    assert modules_after("check", "mul") & {"sympy", "numpy"} == set()


def imports_of(path: Path) -> set[str]:
    """Return the modules that a file imports anywhere, relative to the package where they are ours."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def layer_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


#: A folder of ours, and what no file in it may import.
FORBIDDEN = {
    "kernel": {"sympy", "numpy", "mpmath", "click", *(f"backproof.{name}" for name in (
        "language", "graph", "calculus", "emit", "checking", "audit", "layers", "cli", "catalogue", "derivation"))},
    "layers": {"sympy", "mpmath", "click", "flint", *(f"backproof.{name}" for name in (
        "terms", "domains", "language", "graph", "kernel", "calculus", "emit", "checking", "audit", "cli"))},
    "emit": {"sympy", "numpy", "backproof.calculus", "backproof.checking", "backproof.audit", "backproof.cli"},
    "language": {"sympy", "numpy", "flint", "backproof.kernel", "backproof.calculus", "backproof.cli"},
    "calculus": {"backproof.checking", "backproof.audit", "backproof.emit", "backproof.cli"},
}  # fmt: skip
FILES = [(folder, path) for folder in FORBIDDEN for path in sorted((PACKAGE / folder).rglob("*.py"))]


@pytest.mark.parametrize(("folder", "path"), FILES, ids=lambda value: str(getattr(value, "name", value)))
def test_imports_run_one_way(folder: str, path: Path) -> None:
    names = imports_of(path)
    assert ({layer_of(name) for name in names} | {name.split(".")[0] for name in names}) & FORBIDDEN[folder] == set()

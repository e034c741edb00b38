"""The pytest plugin: inert unless used, a diagnosis where a layer fails, one test per derivation when asked for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LAYER = """
import numpy as np
class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y + 0
    def backward(self, dout):
        return dout * self.y * (1 + self.y)
def test_layer(assert_gradient):
    assert_gradient(Sigmoid, "sigmoid")
"""
NOTES = """# Notes

```derive
node double(x)
y = 2*x
dx = dy*3
```

```derive
node triple(x)
y = 3*x
dx = dy*3
```
"""


SOURCE = Path(__file__).resolve().parents[1] / "src"
INSTALLED = any(point.name == "backproof" for point in entry_points(group="pytest11"))
LOADED = () if INSTALLED else ("-p", "backproof.pytest_plugin")


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*LOADED, "-p", "no:cacheprovider", *arguments)


def test_a_wrong_layer_fails_with_its_diagnosis(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LAYER)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*[[]sign[]] the gradient of x is wrong*", "*return dout * self.y * (1 - self.y)*"])


def test_derivations_are_not_collected_unless_asked_for(pytester: pytest.Pytester) -> None:
    pytester.maketxtfile(x="")
    (pytester.path / "notes.md").write_text(NOTES)
    run(pytester).assert_outcomes()


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_each_derivation_is_a_test(pytester: pytest.Pytester, workers: list[str]) -> None:
    if workers and importlib.util.find_spec("xdist") is None:
        pytest.skip("xdist is not installed")
    (pytester.path / "notes.md").write_text(NOTES)
    result = run(pytester, "--derive", *workers)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*notes.md:6:6: step 1 of dx is false*"])


def test_the_ini_option_collects_as_well(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nderive_files = true\n")
    (pytester.path / "notes.md").write_text(NOTES)
    run(pytester).assert_outcomes(passed=1, failed=1)


def test_loading_the_plugin_loads_neither_sympy_nor_numpy() -> None:
    code = "import sys, backproof.pytest_plugin; print({'sympy', 'numpy', 'flint'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

"""The layers stand alone: numpy, and nothing else of ours."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import backproof.layers
ours = {name for name in sys.modules if name.startswith("backproof")}
print(sorted(ours - {name for name in ours if name.startswith("backproof.layers")}))
print("sympy" in sys.modules)
"""


def test_layers_import_nothing_of_ours_and_no_sympy() -> None:
    command = [sys.executable, "-c", SCRIPT]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["['backproof']", "False"]

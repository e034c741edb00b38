"""Whatever a file does, there is a report about it, and the other files are still checked."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from backproof.checking.discovery import Options
from backproof.checking.report import as_github, as_json, as_junit, as_sarif, exit_code, file_text
from backproof.checking.runner import check_path, check_paths

GOOD = """
import numpy as np
class Square:
    def forward(self, x):
        self.x = x
        return x * x
    def backward(self, dout):
        return 2 * self.x * dout
"""
BAD = GOOD.replace("return 2 * self.x", "return self.x")
HOSTILE = {
    "does not import": ("import there_is_no_such_module", "ModuleNotFoundError"),
    "is no Python": ("def f(:", "SyntaxError"),
    "loops for ever": ("while True: pass", "stopped after"),
    "prints without end": ("while True: print('x' * 100000)", "bytes"),
    "kills itself": ("import os; os.kill(os.getpid(), 9)", "signal 9"),
    "exits": ("import os; os._exit(7)", "exit code 7"),
    "raises SystemExit": ("raise SystemExit(0)", "SystemExit"),
    "has no layers": ("x = 1", "no layers"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mylayers.py"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_checked_is_reported(name: str, file: Path) -> None:
    source, message = HOSTILE[name]
    file.write_text(source)
    report = check_path(str(file), Options(time_limit=1.5))
    assert message in report.error
    assert report.exit_code == 2


def test_a_layer_that_hangs_leaves_the_layers_before_it(file: Path) -> None:
    file.write_text(GOOD + "class Stuck(Square):\n    def backward(self, dout):\n        while True: dout = dout + 1\n")
    report = check_path(str(file), Options(time_limit=3))
    assert [layer.name for layer in report.layers] == ["Square"]
    assert "while Stuck was checked" in report.error
    assert report.exit_code == 3


def test_the_other_files_are_still_checked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os; os.kill(os.getpid(), 9)")
    (tmp_path / "b.py").write_text(GOOD)
    reports = check_paths([str(tmp_path / "a.py"), str(tmp_path / "b.py")])
    assert [len(report.layers) for report in reports] == [0, 1]
    assert exit_code(reports) == 2


def test_what_a_file_prints_is_part_of_its_report(file: Path) -> None:
    file.write_text("print('hello from the file')\n" + GOOD)
    report = check_path(str(file))
    assert "hello from the file" in report.output
    assert "hello from the file" in file_text(report)


def test_a_wrong_layer_ends_with_exit_code_one(file: Path) -> None:
    file.write_text(BAD)
    assert check_path(str(file)).exit_code == 1


def test_the_same_seed_gives_the_same_report(file: Path) -> None:
    file.write_text(BAD)
    first, second = (as_json([check_path(str(file), Options(seed=3))]) for _ in range(2))
    assert first == second


def test_an_optimised_interpreter_changes_no_verdict(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(BAD + GOOD.replace("Square", "Right"))
    plain = as_json([check_path(str(file))])
    monkeypatch.setattr("backproof.checking.runner._flags", lambda: ["-O"])
    assert as_json([check_path(str(file))]) == plain


def test_reports_for_other_programs_name_file_line_and_fault(file: Path) -> None:
    file.write_text(BAD)
    reports = [check_path(str(file))]
    (finding,) = (f for f in reports[0].layers[0].findings if f.fault)
    root = ElementTree.fromstring(as_junit(reports))
    assert root.find(".//failure") is not None
    assert f"::error file={file},line={finding.line}" in as_github(reports)
    (result,) = json.loads(as_sarif(reports))["runs"][0]["results"]
    assert result["ruleId"] == finding.fault.replace(" ", "-")
    assert json.loads(as_json(reports))["schema"] == 1


def test_the_line_and_the_repair_are_told(file: Path) -> None:
    file.write_text(BAD)
    (finding,) = (f for f in check_path(str(file)).layers[0].findings if f.fault)
    assert (finding.fault, finding.line) == ("factor", 8)
    assert finding.expected == "dout*x + dout*x"
    assert finding.found == "x*dout"


def test_no_worker_outlives_its_report(file: Path) -> None:
    file.write_text("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n" + GOOD)
    assert check_path(str(file), Options(time_limit=20)).seconds < 20

"""Wrong derivations: each file of ``tests/rejected`` fails at the place that its first line names."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from backproof.audit.files import check_file
from backproof.audit.findings import Finding, Severity, exit_code

FILES = sorted((Path(__file__).parent / "rejected").glob("*.md"))
MARK = re.compile(r"<!-- (\d+):(\d+) (\w+): (.*) -->")


def expected(path: Path) -> tuple[int, int, Severity, str]:
    """Return the line, the column, the severity and a part of the message that ``path`` asks for."""
    found = MARK.match(path.read_text(encoding="utf-8"))
    assert found, f"{path} does not say where it fails"
    line, column, severity, part = found.groups()
    return int(line), int(column), Severity[severity.upper()], part


@cache
def serious(path: Path) -> list[Finding]:
    """Return what ``derive check`` has to say of ``path``, without warnings."""
    report = check_file(path)
    return [found for found in report.findings if found.severity is not Severity.WARNING]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_derivation_fails_at_its_marked_place(path: Path) -> None:
    line, column, severity, _ = expected(path)
    assert [(f.line, f.column, f.severity) for f in serious(path)] == [(line, column, severity)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_derivation_says_what_is_wrong(path: Path) -> None:
    *_, part = expected(path)
    assert part in "\n".join(map(str, serious(path)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_derivation_does_not_exit_with_0(path: Path) -> None:
    *_, severity, _ = expected(path)
    assert exit_code(serious(path)) == severity.value


def test_there_are_at_least_forty_wrong_derivations() -> None:
    assert len(FILES) >= 40

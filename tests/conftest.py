"""Golden files, a cache of our own, and tools that have to be there.

``pytest --update-golden`` writes the golden files anew; the diff is read before it is committed.  With
``BACKPROOF_CI=1`` a test that is skipped because a tool is missing is a failure.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

GOLDEN = Path(__file__).parent / "golden"
#: What the reason of a skip says where a tool is missing.
MISSING = re.compile(r"could not import|not installed|\bneeds\b|No module named")
CACHE: pytest.StashKey[tempfile.TemporaryDirectory[str]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing with them"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let no test read or write the user's own cache, and none fail because the machine is busy."""
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")
    folder = config.stash[CACHE] = tempfile.TemporaryDirectory(prefix="backproof-cache-")
    os.environ["XDG_CACHE_HOME"] = folder.name


def pytest_unconfigure(config: pytest.Config) -> None:
    if CACHE in config.stash:
        config.stash[CACHE].cleanup()


def is_missing_tool(reason: object) -> bool:
    """Say whether a skip is to count as a failure here."""
    return bool(os.environ.get("BACKPROOF_CI")) and MISSING.search(str(reason)) is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip for a missing tool into a failure."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and is_missing_tool(report.longrepr):
        report.outcome, report.longrepr = "failed", f"BACKPROOF_CI is set, and this was skipped: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, pytest.CollectReport]:
    """Turn a module that is skipped for a missing tool into a failure."""
    report: pytest.CollectReport = yield
    if report.outcome == "skipped" and is_missing_tool(report.longrepr):
        report.outcome, report.longrepr = "failed", f"BACKPROOF_CI is set, and this was skipped: {report.longrepr}"
    return report


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """A function that compares a document with the golden file of that name."""
    update = request.config.getoption("--update-golden")

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; see --update-golden"

    return compare

"""The pytest plugin: ``assert_gradient`` for layers, and derivation files as tests when they are asked for.

It is inert unless it is used, and loads nothing but pytest until then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from backproof.checking.findings import LayerReport

INI = "derive_files"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--derive`` and the ini option ``derive_files``."""
    group = parser.getgroup("backproof", "derivations")
    group.addoption("--derive", action="store_true", help="collect Markdown files with derive blocks as tests")
    parser.addini(INI, "collect Markdown files with derive blocks as tests", type="bool", default=False)


@pytest.fixture
def assert_gradient() -> Callable[..., LayerReport]:
    """A function that checks a layer, and fails with the diagnosis: ``assert_gradient(Layer, "sigmoid")``."""
    return check_gradient


def check_gradient(layer: Any, node: str = "", **settings: Any) -> LayerReport:
    """Return the report on a layer; raises pytest's failure, with the diagnosis, where a check failed.

    ``settings`` are those of ``backproof.check_layer``: ``backward``, ``arguments``, ``shapes``, ``only``, ``skip``,
    ``seed``.
    """
    __tracebackhide__ = True
    from backproof.checking.api import check_layer

    report = check_layer(layer, settings.pop("backward", None), node=node, **settings)
    if not report:
        pytest.fail(str(report), pytrace=False)
    return report


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> DerivationFile | None:
    """Collect a Markdown file with derive blocks, if that was asked for."""
    wanted = parent.config.getoption("--derive") or parent.config.getini(INI)
    if not wanted or file_path.suffix != ".md" or not _has_derive_block(file_path):
        return None
    return DerivationFile.from_parent(parent, path=file_path)


def _has_derive_block(path: Path) -> bool:
    try:
        return any(line.lstrip().startswith("```derive") for line in path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeError):
        return False


class DerivationFile(pytest.File):
    """A Markdown file; its nodes and claims are the tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one item per node, and one for all claims."""
        from backproof.errors import SourceError
        from backproof.language import parse_document

        try:
            document = parse_document(self.path.read_text(encoding="utf-8"), str(self.path))
        except SourceError as mistake:
            yield DerivationItem.from_parent(self, name="file", line=mistake.line)
            return
        for node in document.nodes:
            yield DerivationItem.from_parent(self, name=node.name, line=node.span.line)
        if document.claims:
            yield DerivationItem.from_parent(self, name="claims", line=document.claims[0].chain.span.line)


class DerivationItem(pytest.Item):
    """One derivation: it passes if nothing in its part of the file is wrong."""

    def __init__(self, *, line: int, **options: Any) -> None:
        super().__init__(**options)
        self.line = line

    def runtest(self) -> None:
        """Check the file once, and raise what was found between this derivation's line and the next one's."""
        siblings = (
            sorted(item.line for item in self.parent.collect() if isinstance(item, DerivationItem))
            if self.parent
            else []
        )
        after = next((line for line in siblings if line > self.line), None)
        first = 0 if siblings[:1] == [self.line] else self.line
        found = [
            finding for finding in findings_of(self.path)
            if finding.line >= first and (after is None or finding.line < after)
        ]  # fmt: skip
        if found:
            raise WrongDerivation("\n".join(map(str, found)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the findings alone: a traceback into the checker says nothing."""
        if isinstance(excinfo.value, WrongDerivation):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the place of the derivation in its file."""
        return self.path, self.line - 1, f"derivation {self.name}"


class WrongDerivation(Exception):
    """What is wrong in a derivation."""


_CHECKED: dict[Path, list[Any]] = {}


def findings_of(path: Path) -> list[Any]:
    """Return the findings of a file that are more than warnings; each file is checked once a process."""
    if path not in _CHECKED:
        from backproof.audit.documents import check_document, unreadable
        from backproof.audit.findings import Severity
        from backproof.errors import BackproofError
        from backproof.language import parse_document

        try:
            document = parse_document(path.read_text(encoding="utf-8"), str(path), _names())
            found = list(check_document(document).findings)
        except BackproofError as mistake:
            found = [unreadable(str(path), mistake)]
        _CHECKED[path] = [finding for finding in found if finding.severity is not Severity.WARNING]
    return _CHECKED[path]


def _names() -> tuple[str, ...]:
    from backproof import catalogue

    return catalogue.names()

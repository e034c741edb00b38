"""What a check of a layer says: rows with verdicts, and findings with the fault, the place and the repair."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final


class Outcome(StrEnum):
    """What one row says."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


#: The worst first.
SEVERITY: Final = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.WARNING, Outcome.PASSED, Outcome.SKIPPED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth a warning: the argument, the entries, the fault, and what to change."""

    check: str
    outcome: Outcome
    message: str
    argument: str = ""
    fault: str = ""
    details: tuple[str, ...] = ()
    line: int = 0
    patch: str = ""
    expected: str = ""
    found: str = ""

    def as_data(self) -> dict[str, Any]:
        """Return the finding as JSON data."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Row:
    """The verdict of one check of a layer."""

    check: str
    outcome: Outcome
    detail: str = ""
    findings: tuple[Finding, ...] = ()


def row(check: str, findings: list[Finding], detail: str, fallback: Outcome = Outcome.PASSED) -> Row:
    """Return the row of a check: as bad as its worst finding."""
    outcome = next((o for o in SEVERITY if any(f.outcome is o for f in findings)), fallback)
    return Row(check, outcome, detail, tuple(findings))


@dataclass(frozen=True)
class LayerReport:
    """Everything that was found about one layer; ``formulas`` are the gradients of its node, as equations."""

    name: str
    path: str
    line: int
    convention: str
    specification: str = ""
    rows: tuple[Row, ...] = ()
    unchecked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    formulas: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in the order of the checks."""
        return tuple(finding for row in self.rows for finding in row.findings)

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of any row."""
        return next((o for o in SEVERITY if any(row.outcome is o for row in self.rows)), Outcome.UNKNOWN)

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults found, each once."""
        return tuple(dict.fromkeys(finding.fault for finding in self.findings if finding.fault))

    def __bool__(self) -> bool:
        return self.outcome in (Outcome.PASSED, Outcome.WARNING)

    def as_data(self) -> dict[str, Any]:
        """Return the report as JSON data; the seconds are left out, so that equal runs give equal reports."""
        return {
            "name": self.name, "path": self.path, "line": self.line, "convention": self.convention,
            "specification": self.specification, "outcome": str(self.outcome),
            "unchecked": list(self.unchecked), "notes": list(self.notes), "formulas": list(self.formulas),
            "checks": [
                {"check": r.check, "outcome": str(r.outcome), "detail": r.detail,
                 "findings": [finding.as_data() for finding in r.findings]}
                for r in self.rows
            ],
        }  # fmt: skip

    def _repr_html_(self) -> str:
        from backproof.checking.report import layer_html

        return layer_html(self)

    def __str__(self) -> str:
        from backproof.checking.report import layer_text

        return layer_text(self)


def layer_report(data: dict[str, Any]) -> LayerReport:
    """Return the report that ``LayerReport.as_data`` was made from."""
    rows = tuple(
        Row(r["check"], Outcome(r["outcome"]), r["detail"], tuple(_finding(f) for f in r["findings"]))
        for r in data["checks"]
    )
    return LayerReport(
        data["name"], data["path"], data["line"], data["convention"], data["specification"], rows,
        tuple(data["unchecked"]), tuple(data["notes"]), data.get("seconds", 0.0), tuple(data["formulas"]),
    )  # fmt: skip


def _finding(data: dict[str, Any]) -> Finding:
    return Finding(**(data | {"outcome": Outcome(data["outcome"]), "details": tuple(data["details"])}))


@dataclass(frozen=True)
class FileReport:
    """What was found in one file: its layers, or why it could not be checked."""

    path: str
    layers: tuple[LayerReport, ...] = ()
    error: str = ""
    error_code: int = 2
    output: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 all right, 1 something is wrong, 2 unreadable, 3 undecided."""
        outcomes = {layer.outcome for layer in self.layers}
        if Outcome.FAILED in outcomes:
            return 1
        if self.error:
            return self.error_code
        return 3 if Outcome.UNKNOWN in outcomes else 0

    def as_data(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {
            "path": self.path, "exit_code": self.exit_code, "error": self.error, "output": self.output,
            "notes": list(self.notes), "layers": [layer.as_data() for layer in self.layers],
        }  # fmt: skip


def renamed(report: LayerReport, path: str) -> LayerReport:
    """Return the report under another path."""
    return replace(report, path=path)

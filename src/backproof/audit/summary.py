"""What a report on a file comes to, as plain data: what one process can tell another, and what is printed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from backproof.audit.findings import Finding, Severity
from backproof.language import to_source

if TYPE_CHECKING:
    from backproof.audit.documents import Report


@dataclass(frozen=True, slots=True)
class Summary:
    """The findings of one file, and how many steps and witnesses there are of each kind."""

    path: str
    findings: tuple[Finding, ...] = ()
    nodes: tuple[str, ...] = ()
    claims: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    witnesses: dict[str, int] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    certificates: tuple[dict[str, Any], ...] = ()

    @property
    def steps(self) -> int:
        """How many steps were judged."""
        return sum(self.kinds.values())

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to verify."""
        return not (self.nodes or self.claims or self.findings)


def summarise(report: Report, certified: bool = False) -> Summary:
    """Return what ``report`` comes to; with the certificates of its steps where these are asked for."""
    from backproof import certificates  # and the second checker, which who reads a summary does without

    kinds = Counter(step.verdict.kind.value for step in report.steps)
    witnesses = Counter[str](witness.state for found in report.witnesses for witness in found.values())
    conditions = (to_source(term) for step in report.steps for term in step.verdict.conditions)
    placed = ((report.path, step, context) for step, context in report.proofs)
    return Summary(
        report.path,
        report.findings,
        tuple(derivation.node.name for derivation in report.derivations),
        len(report.claims),
        dict(kinds),
        dict(witnesses),
        tuple(dict.fromkeys(conditions)),
        tuple(certificates.statements(placed)) if certified else (),
    )


def pack(summary: Summary) -> dict[str, Any]:
    """Return ``summary`` as JSON data."""
    findings = [{**asdict(found), "severity": found.severity.name} for found in summary.findings]
    return {**asdict(summary), "findings": findings}


def unpack(data: dict[str, Any]) -> Summary:
    """Return the summary that was packed."""
    findings = tuple(
        Finding(**{**found, "severity": Severity[found["severity"]], "details": tuple(found["details"])})
        for found in data["findings"]
    )
    sequences = {name: tuple(data[name]) for name in ("nodes", "conditions", "certificates")}
    return Summary(**{**data, **sequences, "findings": findings})

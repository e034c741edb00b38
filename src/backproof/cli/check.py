"""``derive check``: verify files, folders or nodes, and say what was verified and what is wrong."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from backproof import catalogue
from backproof.audit.findings import Finding, Severity, exit_code, relative
from backproof.audit.fleet import Fleet, Limits
from backproof.audit.summary import Summary
from backproof.cli.output import note
from backproof.cli.progress import Bar
from backproof.cli.trust import write_certificates
from backproof.cli.words import exists
from backproof.errors import NotDerivable, UnknownName
from backproof.kernel.verdict import Kind
from backproof.terminal import harmless

_COLOURS = {
    Severity.WRONG: "red", Severity.UNREADABLE: "red",
    Severity.UNDECIDED: "yellow", Severity.WARNING: "yellow",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """How a report is printed; ``beside`` are the reports on code, and ``worst`` their exit code."""

    as_json: bool = False
    quiet: bool = False
    colour: bool = False
    beside: tuple[dict[str, Any], ...] = ()
    worst: int = 0


def check_paths(
    words: tuple[str, ...], shown: Shown, jobs: int, timeout: float, certificates: Path | None = None
) -> int:
    """Check everything that ``words`` name, print the report, and return the exit code."""
    start = time.perf_counter()
    named = list(files(words))
    asked = set(map(relative, map(Path, words)))
    limits = Limits(timeout, certified=certificates is not None)
    reports: list[Summary] = []
    bar = Bar(len(named), wanted=not (shown.as_json or shown.quiet))
    try:
        with Fleet(min(jobs, len(named)), limits) as fleet:
            for found in in_order(fleet.check(named), bar):
                report = with_missing_steps(found, found.path in asked)
                reports.append(report)
                if not shown.as_json:
                    print_report(report, shown)
    except KeyboardInterrupt:
        bar.clear()
        note(f"interrupted: {len(reports)} of {plural(len(named), 'file')} checked; {summary(reports)}")
        raise
    if all(report.is_empty for report in reports):
        raise NotDerivable("no derive block in any of these files: nothing was verified")
    if shown.as_json:
        data = as_data(reports, time.perf_counter() - start)
        data["exit_code"] = worse(data["exit_code"], shown.worst)
        data["files"] += shown.beside
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{summary(reports)}; {time.perf_counter() - start:.1f} seconds")
    if certificates is not None:
        write_certificates(certificates, (each for report in reports for each in report.certificates))
    return exit_code(finding for report in reports for finding in report.findings)


def with_missing_steps(report: Summary, asked: bool) -> Summary:
    """Return ``report`` with a finding where there was no step to verify, though there should have been one.

    A folder may hold prose; a file that was ``asked`` for, or that has a derive block, has to have steps.
    """
    if report.findings or report.steps or (report.is_empty and not asked):
        return report
    severity, what = (Severity.UNREADABLE, "derive block") if report.is_empty else (Severity.UNDECIDED, "step")
    found = Finding(severity, report.path, 1, 1, f"there is no {what}: nothing was verified")
    return replace(report, findings=(found,))


def in_order(arriving: Iterable[tuple[int, Summary] | None], bar: Bar) -> Iterator[Summary]:
    """Yield what arrives in the order of its numbers."""
    waiting: dict[int, Summary] = {}
    due = done = 0
    for arrived in arriving:
        if arrived is not None:
            waiting[arrived[0]] = arrived[1]
            done += 1
        while due in waiting:
            bar.clear()
            yield waiting.pop(due)
            due += 1
        bar.show(done)
    bar.clear()


def files(words: Iterable[str]) -> Iterator[Path]:
    """Yield the files that ``words`` name: nodes, files, and the Markdown files of folders."""
    for word in words or [str(catalogue.folder())]:
        path = Path(word)
        if exists(path) and path.is_dir():
            found = sorted(path.rglob("*.md"), key=lambda file: (file.parent, file.stem))
            if not found:
                raise click.UsageError(f"no Markdown file in {word}")
            yield from found
        elif exists(path) or path.suffix == ".md":
            yield path
        else:
            yield named(word)


def named(word: str) -> Path:
    """Return the file of a node of the catalogue; a word that is no node is a misuse."""
    try:
        return catalogue.path_of(word)
    except UnknownName as unknown:
        raise click.UsageError(f"{unknown} (it is no file either)") from None


def print_report(report: Summary, shown: Shown) -> None:
    """Print one line for a file that is right, and every finding."""
    if report.is_empty:
        return
    if not shown.quiet and exit_code(report.findings) == 0:
        mark = click.style("✓", fg="green")
        click.echo(f"{mark} {harmless(Path(report.path).stem):<34} {verified(report)}", color=shown.colour)
    for finding in report.findings:
        headline, *details = harmless(str(finding)).splitlines()
        styled = click.style(headline, fg=_COLOURS[finding.severity], bold=True)
        click.echo("\n".join([styled, *details]), color=shown.colour)
    for condition in () if shown.quiet else report.conditions:
        click.echo(f"    proved if {condition}")


def verified(report: Summary) -> str:
    """Return how many steps and witnesses stand behind a file."""
    return f"{plural(report.steps, 'step')}, {plural(report.witnesses.get('agreed', 0), 'witness')}"


def counted(counts: Iterable[dict[str, int]]) -> Counter[str]:
    """Return the sum of counts."""
    total = Counter[str]()
    for each in counts:
        total.update(each)
    return total


def summary(reports: list[Summary]) -> str:
    """Return the last line: how many derivations, steps and witnesses."""
    steps, witnesses = (counted(r.kinds for r in reports), counted(r.witnesses for r in reports))
    derivations = sum(len(report.nodes) for report in reports)
    kinds = ", ".join(f"{steps[kind.value]} {kind.value}" for kind in Kind if steps[kind.value])
    states = ", ".join(f"{witnesses[state]} {state}" for state in sorted(witnesses))
    return (
        f"{plural(derivations, 'derivation')}; {plural(steps.total(), 'step')}: {kinds or 'none'}; "
        f"{plural(witnesses.total(), 'witness')}: {states or 'none'}"
    )


def plural(count: int, noun: str) -> str:
    """Return ``1 step``, ``2 steps``, ``3 witnesses``."""
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count} {noun}{ending}"


def worse(*codes: int) -> int:
    """Return the worst exit code: 1 wrong, 2 unreadable, 3 undecided, else 0."""
    return next((bad for bad in (1, 2, 3) if bad in codes), 0)


def as_data(reports: list[Summary], seconds: float) -> dict[str, Any]:
    """Return the whole report as JSON data."""
    steps = counted(report.kinds for report in reports)
    return {
        "schema": 1,
        "exit_code": exit_code(finding for report in reports for finding in report.findings),
        "steps": {kind.value: steps[kind.value] for kind in Kind if steps[kind.value]},
        "witnesses": dict(sorted(counted(report.witnesses for report in reports).items())),
        "seconds": round(seconds, 3),
        "files": [file_data(report) for report in reports],
    }


def file_data(report: Summary) -> dict[str, Any]:
    return {
        "path": report.path,
        "nodes": list(report.nodes),
        "steps": report.steps,
        "conditions": list(report.conditions),
        "findings": [finding_data(finding) for finding in report.findings],
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity.name.lower(),
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "details": list(finding.details),
    }

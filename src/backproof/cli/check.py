"""``derive check``: verify files, folders or nodes, and say what was verified and what is wrong."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from backproof import catalogue
from backproof.audit.documents import Report, check_document, unreadable
from backproof.audit.findings import Finding, Severity, exit_code
from backproof.cli.output import wants_colour
from backproof.cli.trust import write_certificates
from backproof.cli.words import exists, read_file
from backproof.errors import BackproofError, NotDerivable, UnknownName
from backproof.kernel import Kind
from backproof.language import to_source

_COLOURS = {
    Severity.WRONG: "red", Severity.UNREADABLE: "red",
    Severity.UNDECIDED: "yellow", Severity.WARNING: "yellow",
}  # fmt: skip


def check_paths(
    words: tuple[str, ...], as_json: bool, quiet: bool, no_color: bool, certificates: Path | None = None
) -> int:
    """Check everything that ``words`` name, print the report, and return the exit code."""
    start = time.perf_counter()
    colour = wants_colour(no_color)
    reports = []
    for path in files(words):
        reports.append(check_file(path))
        if not as_json:
            print_report(reports[-1], quiet, colour)
    if not any(report.derivations or report.claims or report.findings for report in reports):
        raise NotDerivable("no derive block in any of these files: nothing was verified")
    seconds = time.perf_counter() - start
    if as_json:
        click.echo(json.dumps(as_data(reports, seconds), ensure_ascii=False, indent=2))
    else:
        click.echo(summary(reports, seconds))
    if certificates is not None:
        write_certificates(certificates, reports)
    return exit_code(finding for report in reports for finding in report.findings)


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


def check_file(path: Path) -> Report:
    """Return the report on one file; a file that cannot be read is a finding."""
    shown = relative(path)
    try:
        return check_document(read_file(path, shown))
    except (BackproofError, OSError, UnicodeError) as mistake:
        return Report(shown, findings=(unreadable(shown, mistake),))


def relative(path: Path) -> str:
    """Return ``path`` as short as it can be written from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def print_report(report: Report, quiet: bool, colour: bool) -> None:
    """Print one line for a file that is right, and every finding."""
    if not quiet and exit_code(report.findings) == 0:
        mark = click.style("✓", fg="green")
        click.echo(f"{mark} {Path(report.path).stem:<34} {verified(report)}", color=colour)
    for finding in report.findings:
        headline, *details = str(finding).splitlines()
        styled = click.style(headline, fg=_COLOURS[finding.severity], bold=True)
        click.echo("\n".join([styled, *details]), color=colour)
    for condition in () if quiet else conditions(report):
        click.echo(f"    proved if {condition}")


def verified(report: Report) -> str:
    """Return how many steps and witnesses stand behind a file."""
    counts = witness_counts([report])
    return f"{plural(len(report.steps), 'step')}, {plural(counts['agreed'], 'witness')}"


def conditions(report: Report) -> tuple[str, ...]:
    """Return the distinct side conditions under which steps of the file are proved."""
    found = (term for step in report.steps for term in step.verdict.conditions)
    return tuple(dict.fromkeys(map(to_source, found)))


def witness_counts(reports: Iterable[Report]) -> Counter[str]:
    """Return how many witnesses agreed, disagreed or were absent."""
    return Counter(witness.state for report in reports for found in report.witnesses for witness in found.values())


def step_counts(reports: Iterable[Report]) -> Counter[Kind]:
    return Counter(step.verdict.kind for report in reports for step in report.steps)


def summary(reports: list[Report], seconds: float) -> str:
    """Return the last line: how many derivations, steps, witnesses and seconds."""
    steps, witnesses = step_counts(reports), witness_counts(reports)
    derivations = sum(len(report.derivations) for report in reports)
    kinds = ", ".join(f"{steps[kind]} {kind.value}" for kind in Kind if steps[kind])
    states = ", ".join(f"{witnesses[state]} {state}" for state in sorted(witnesses))
    return (
        f"{plural(derivations, 'derivation')}; {plural(steps.total(), 'step')}: {kinds or 'none'}; "
        f"{plural(witnesses.total(), 'witness')}: {states or 'none'}; {seconds:.1f} seconds"
    )


def plural(count: int, noun: str) -> str:
    """Return ``1 step``, ``2 steps``, ``3 witnesses``."""
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count} {noun}{ending}"


def as_data(reports: list[Report], seconds: float) -> dict[str, Any]:
    """Return the whole report as JSON data."""
    return {
        "schema": 1,
        "exit_code": exit_code(finding for report in reports for finding in report.findings),
        "steps": {kind.value: count for kind, count in step_counts(reports).items()},
        "witnesses": dict(witness_counts(reports)),
        "seconds": round(seconds, 3),
        "files": [file_data(report) for report in reports],
    }


def file_data(report: Report) -> dict[str, Any]:
    return {
        "path": report.path,
        "nodes": [derivation.node.name for derivation in report.derivations],
        "steps": len(report.steps),
        "conditions": list(conditions(report)),
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

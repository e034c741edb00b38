"""What makes a check trustworthy: steps judged in workers, certificates written and re-checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from backproof import certificates
from backproof.audit.documents import Report
from backproof.derivation import JudgedStep
from backproof.domains import Context


def placed_steps(reports: Iterable[Report]) -> Iterator[tuple[str, JudgedStep, Context]]:
    """Yield every step of every derivation with the file that it stands in."""
    for report in reports:
        for derivation in report.derivations:
            for step in derivation.steps:
                yield report.path, step, derivation.context


def write_certificates(folder: Path, reports: Iterable[Report]) -> None:
    """Write the certificates of every step, and say where they are."""
    count = certificates.write(folder, placed_steps(reports))
    click.echo(f"{count} certificates in {folder}", err=True)


def verify_folder(folder: Path) -> int:
    """Re-check every certificate of a folder, print what is not confirmed, and return the exit code."""
    counts: Counter[str] = Counter()
    for checked in certificates.verify(folder):
        counts[checked.state] += 1
        if checked.state != "confirmed":
            click.echo(f"{checked.path}: {checked.state}: {checked.reason}")
    total = counts.total()
    click.echo(f"{total} certificates: " + (", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "none"))
    if counts["rejected"]:
        return 1
    return 3 if counts["uncertified"] else 0 if total else 2

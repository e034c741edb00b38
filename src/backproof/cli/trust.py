"""What makes a check trustworthy: steps judged in workers, certificates written and re-checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from backproof import certificates
from backproof.cli.output import write_atomically


def write_certificates(folder: Path, statements: Iterable[dict[str, Any]]) -> None:
    """Write one file a step into ``folder``, in place of those that were there, and say how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, made in enumerate(statements, start=1):
        write_atomically(folder / f"{count:05d}.json", json.dumps(made, ensure_ascii=False) + "\n")
    for former in folder.glob("[0-9][0-9][0-9][0-9][0-9].json"):
        if int(former.stem) > count:
            former.unlink()
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

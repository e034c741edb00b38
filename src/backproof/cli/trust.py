"""What makes a check trustworthy: steps judged in workers, certificates written and re-checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from backproof import certificates
from backproof.cli.output import write_atomically
from backproof.terminal import harmless


def write_certificates(folder: Path, statements: Iterable[dict[str, Any]]) -> None:
    """Write one file a step into ``folder``, in place of those that were there, and say how many."""
    folder.mkdir(parents=True, exist_ok=True)
    made = certificates.contents(statements)
    for name, text in made.items():
        write_atomically(folder / name, text)
    for former in folder.glob("[0-9][0-9][0-9][0-9][0-9].json"):
        if former.name not in made:
            former.unlink()
    click.echo(f"{len(made) - 1} certificates in {folder}", err=True)


#: What a state asks for as exit code, the worst first.
_CODES = {"rejected": 1, "missing": 1, "extra": 1, "changed": 3, "uncertified": 3}


def verify_folder(folder: Path) -> int:
    """Re-check every certificate of a folder, print what is not confirmed, and return the exit code."""
    counts: Counter[str] = Counter()
    for checked in certificates.verify(folder):
        counts[checked.state] += 1
        if checked.state != "confirmed":
            click.echo(harmless(f"{checked.name}: {checked.state}: {checked.reason}"))
    total = counts["confirmed"] + counts["rejected"]
    click.echo(f"{total} certificates: " + (", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "none"))
    return next((code for state, code in _CODES.items() if counts[state]), 0 if total else 2)

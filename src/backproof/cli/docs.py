"""``derive docs``: the catalogue, or files and folders, as a web site."""

from __future__ import annotations

import os
import time
from pathlib import Path

from backproof.cli.output import note
from backproof.site import build
from backproof.site.building import sources


def write_docs(paths: list[Path], output: Path, jobs: int | None, title: str) -> int:
    """Write the site; return the exit code of the worst page."""
    start = time.perf_counter()
    given = sources(paths)
    result = build(given, output, jobs=jobs or os.cpu_count() or 1, title=title)
    for found in result.findings:
        note(found)
    seconds = time.perf_counter() - start
    pages = "1 page" if result.pages == 1 else f"{result.pages} pages"
    note(f"{pages}, {result.rendered} of them new, in {output} ({seconds:.1f} seconds)")
    return result.worst

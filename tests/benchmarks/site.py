"""How long ``derive docs`` takes for the whole catalogue, cold and warm, its peak memory, and how large its pages are.

Every run is a process of its own; processor time is that of the process and of those that it started.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

COMMAND = (sys.executable, "-m", "backproof", "docs", "-o")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Run:
    """One run: seconds by the clock and of the processors, and the most memory at a time in bytes."""

    clock: float
    processor: float
    memory: int


def family(root: int) -> list[int]:
    """Return a process and all that it started."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def resident(pid: int) -> int:
    """Return the private and shared memory of a process in bytes, 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def measured(command: list[str]) -> Run:
    """Run a command to its end; its memory is looked at every 20 ms, with that of what it started."""
    before, start = os.times(), time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], sum(map(resident, family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    done.set()
    watcher.join()
    after = os.times()
    used = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    return Run(time.perf_counter() - start, used, peak[0])


def main() -> None:
    """Print the table of docs/benchmarks.md."""
    rows: list[tuple[str, Run]] = []
    with tempfile.TemporaryDirectory() as folder:
        for jobs in (1, 2):
            site = Path(folder) / f"site-{jobs}"
            rows.append((f"cold, --jobs {jobs}", measured([*COMMAND, str(site), "--jobs", str(jobs)])))
        rows.append(("nothing changed", measured([*COMMAND, str(site)])))
        pages = {path.name: path.stat().st_size for path in site.glob("*.html")}
    print("| run | seconds | of the processors | peak memory |\n|---|---|---|---|")
    for name, run in rows:
        print(f"| {name} | {run.clock:.1f} | {run.processor:.1f} | {run.memory / 1e6:.0f} MB |")
    largest = max(pages, key=lambda name: pages[name])
    mean = sum(pages.values()) / len(pages) / 1e3
    print(f"\n{len(pages)} pages of {mean:.0f} kB on average; the largest is {largest}, {pages[largest] / 1e3:.0f} kB")


if __name__ == "__main__":
    main()

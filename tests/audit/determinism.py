"""``python -m tests.audit.determinism``: the same bytes for ten hash seeds, by one worker and by four.

It checks the whole catalogue, or the nodes that are named; it exits with 1 where any report or certificate differs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

RUNS = [(seed, 1 if seed % 2 else 4) for seed in range(10)]


def digest(seed: int, jobs: int, names: list[str]) -> str:
    """Return a digest of the JSON report, but for its seconds, and of every certificate."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "backproof", "check", *names, "--json", "--certificates", folder]
        done = subprocess.run(
            [*command, "--jobs", str(jobs), "--timeout", "30"],
            env=os.environ | {"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        report = json.loads(done.stdout)
        del report["seconds"]
        found = sha256(json.dumps(report).encode())
        for path in sorted(Path(folder).iterdir()):
            found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def main() -> int:
    found = set()
    for seed, jobs in RUNS:
        found.add(digest(seed, jobs, sys.argv[1:]))
        print(f"PYTHONHASHSEED={seed} --jobs {jobs}: {len(found)} different so far", flush=True)
    return int(len(found) > 1)


if __name__ == "__main__":
    sys.exit(main())

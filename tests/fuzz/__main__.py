"""``python -m tests.fuzz --count 100000 --seed 1``: a campaign of any length; exits 1 where a verdict was wrong.

The trials are judged in a process of their own.  A trial that takes more processor time than ``--limit``, or aborts
the process, is counted as stopped, and the next one is judged.  With ``--save FILE`` a campaign that was interrupted
goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import arrays, campaign, steps


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--laws", type=int, default=10, help="check the metamorphic laws on every n-th trial")
    parser.add_argument("--refute", type=int, default=5, help="switch the refuter on in every n-th trial")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds of processor time for a trial")
    parser.add_argument("--arrays", action="store_true", help="steps about arrays: sums, brackets, gradients")
    parser.add_argument("--save", type=Path, help="keep the state of the campaign in this file, and go on from it")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def judge_inside(chosen: argparse.Namespace) -> None:
    """Print one JSON line for each trial; the system ends this process when one takes too long."""
    base = arrays.all_catalogue_steps() if chosen.arrays else steps.all_corpus_steps()
    trial, attempt = (arrays.trial, arrays.attempt) if chosen.arrays else (steps.trial, campaign.attempt)
    for number in range(chosen.start, chosen.start + chosen.count):
        signal.setitimer(signal.ITIMER_PROF, chosen.limit)
        made, counts = trial(number, chosen.seed, base), Counter[str]()
        before = time.process_time()
        try:
            failures = attempt(made, number, counts, number % chosen.refute == 0, number % chosen.laws == 0)
            found = [str(failure) for failure in failures]
        except Exception as problem:  # a crash is a finding like any other
            found = [f"{type(problem).__name__}: {problem} in {made}"]
        if time.process_time() - before > 2:
            counts["over 2 s"] += 1
        print(json.dumps({"trial": number, "wrong": found, "counts": counts}), flush=True)


def outside(chosen: argparse.Namespace, start: int, end: int) -> Iterator[dict[str, Any]]:
    """Yield what happened to each trial from ``start`` on, whatever happens to the process that judges."""
    passed = [f"--{name}={getattr(chosen, name)}" for name in ("seed", "laws", "refute", "limit")]
    passed += ["--arrays"] if chosen.arrays else []
    while start < end:
        command = [sys.executable, "-m", "tests.fuzz", *passed, f"--start={start}", f"--count={end - start}"]
        with subprocess.Popen([*command, "--inside"], stdout=subprocess.PIPE, text=True) as child:
            for line in child.stdout or ():
                yield json.loads(line)
                start += 1
        if start < end:
            yield {"trial": start, "wrong": [], "counts": {"stopped": 1}, "ended": child.returncode}
            start += 1


def main() -> int:
    chosen = options(sys.argv[1:])
    if chosen.inside:
        judge_inside(chosen)
        return 0
    state: dict[str, Any] = {"next": chosen.start, "wrong": 0, "counts": {}}
    if chosen.save is not None and chosen.save.exists():
        state = json.loads(chosen.save.read_text())
    counts, started, end = Counter[str](state["counts"]), time.monotonic(), chosen.start + chosen.count
    for done in outside(chosen, state["next"], end):
        counts.update(done["counts"])
        state = {"next": done["trial"] + 1, "wrong": state["wrong"] + len(done["wrong"]), "counts": counts}
        if "ended" in done:
            print(f"trial {done['trial']} was stopped (the process ended with {done['ended']})", flush=True)
        for failure in done["wrong"]:
            print(f"WRONG trial {done['trial']}: {failure}", flush=True)
        if state["next"] % 500 == 0:
            print(f"{state['next'] - chosen.start} trials, {state['wrong']} wrong", flush=True)
            if chosen.save is not None:
                chosen.save.write_text(json.dumps(state))
    shown = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"{chosen.count} trials, {state['wrong']} wrong; {time.monotonic() - started:.0f} s; {shown}")
    return 1 if state["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.fuzz --count 100000 --seed 1``: a campaign of any length; exits 1 where a verdict was wrong."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from .campaign import Failure, attempt
from .steps import Trial, all_corpus_steps, trial


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz")
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--start", type=int, default=0)
    options.add_argument("--laws", type=int, default=10, help="check the metamorphic laws on every n-th trial")
    options.add_argument("--refute", type=int, default=5, help="switch the refuter on in every n-th trial")
    chosen = options.parse_args()

    def checked(made: Trial, number: int) -> list[Failure]:
        return attempt(made, number, counts, number % chosen.refute == 0, number % chosen.laws == 0)

    base, counts, wrong, started = all_corpus_steps(), Counter[str](), 0, time.monotonic()
    for number in range(chosen.start, chosen.start + chosen.count):
        made = trial(number, chosen.seed, base)
        before = time.monotonic()
        try:
            failures = [str(failure) for failure in checked(made, number)]
        except Exception as problem:  # a crash is a finding like any other
            failures = [f"{type(problem).__name__}: {problem} in trial {number}: {made}"]
        if time.monotonic() - before > 5:
            counts["slow"] += 1
            print(f"slow {time.monotonic() - before:.0f} s: trial {number}", flush=True)
        wrong += len(failures)
        if number % 1000 == 999:
            print(f"{number + 1 - chosen.start} trials, {wrong} wrong", flush=True)
        for failure in failures:
            print(f"WRONG trial {number}: {failure}", flush=True)
    print(f"{chosen.count} trials in {time.monotonic() - started:.0f} s, {wrong} wrong; {dict(counts)}")
    return 1 if wrong else 0


sys.exit(main())

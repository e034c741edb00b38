"""Files checked by some worker processes at once: each can be killed, and costs then one node or claim at most."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final

from backproof.audit.findings import Severity, finding, relative
from backproof.audit.summary import Summary, unpack
from backproof.language.document import Span
from backproof.workers import PATIENCE, START_SECONDS, STEP_SECONDS, Worker

#: Processor time within which SymPy has to come to the next step.
PROPOSAL_SECONDS: Final = 10.0
MEGABYTES: Final = 8192
#: How long a worker has to end what it started, and how often an idle parent looks up.
STOP_SECONDS: Final = 0.4
TICK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a step, seconds for SymPy to propose one, and whether certificates are wanted."""

    step: float = STEP_SECONDS
    proposal: float = PROPOSAL_SECONDS
    certified: bool = False


class Fleet:
    """Some workers that check one file at a time each; leaving it ends every process."""

    def __init__(self, jobs: int, limits: Limits) -> None:
        self.limits = limits
        command = (sys.executable, "-P", "-m", "backproof.audit.worker", str(MEGABYTES))
        self.workers = [Worker((*command, str(limits.step), str(limits.proposal))) for _ in range(jobs)]
        self.files: SimpleQueue[tuple[int, Path]] = SimpleQueue()
        self.found: SimpleQueue[tuple[int, Summary]] = SimpleQueue()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process, all at the same time."""
        closing = [threading.Thread(target=worker.close, args=(STOP_SECONDS,)) for worker in self.workers]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    def check(self, files: Sequence[Path]) -> Iterator[tuple[int, Summary] | None]:
        """Yield number and summary of each file as it is done, and None while there is nothing new."""
        for numbered in enumerate(files):
            self.files.put(numbered)
        for worker in self.workers:
            worker.launch()
            threading.Thread(target=self._work, args=(worker,), daemon=True).start()
        left = len(files)
        while left:
            try:
                yield self.found.get(timeout=TICK_SECONDS)
                left -= 1
            except Empty:
                yield None

    def _work(self, worker: Worker) -> None:
        while not worker.is_closed:
            try:
                number, path = self.files.get_nowait()
            except Empty:
                return
            self.found.put((number, self._summary(worker, path)))

    def _summary(self, worker: Worker, path: Path) -> Summary:
        """Return what the worker says of a file, asked again without the blocks at which it was lost."""
        skipped: dict[int, str] = {}
        while True:
            answer = self._asked(worker, path, skipped)
            if isinstance(answer, Summary):
                return answer
            if worker.is_closed or answer in skipped or answer < 0:
                return lost(path, self._reason(worker))
            skipped[answer] = self._reason(worker)

    def _asked(self, worker: Worker, path: Path, skipped: dict[int, str]) -> Summary | int:
        """Return the summary of a file, or the number of the block at which the worker was lost."""
        block, limit = -1, PATIENCE * self.limits.proposal
        question = {"path": str(path), "shown": relative(path), "skipped": skipped, "certified": self.limits.certified}
        if not worker.send(json.dumps(question)):
            return block
        while line := worker.receive(limit):
            said = json.loads(line)
            if "summary" in said:
                return unpack(said["summary"])
            block = said["block"]
            limit = PATIENCE * (self.limits.step if said["judging"] else self.limits.proposal)
            limit += START_SECONDS if said["judging"] else 0
        return block

    def _reason(self, worker: Worker) -> str:
        return worker.failure or f"SymPy proposed nothing within {self.limits.proposal:g} seconds"


def lost(path: Path, reason: str) -> Summary:
    """Return the summary of a file of which nothing is known."""
    shown = relative(path)
    return Summary(shown, (finding(Severity.UNDECIDED, shown, Span(1, 1, 1), f"nothing is known: {reason}"),))

"""``python -m backproof.audit.worker``: checks one file after the other; it ends when its stdin does.

Every answer and every sign of life is a JSON line.  The parent kills it when there is none for too long, and asks
again without the node or claim at which it was.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from backproof.audit.documents import Report, check_block, merged, refused
from backproof.audit.files import document_of
from backproof.audit.summary import Summary, pack, summarise
from backproof.domains import Context
from backproof.errors import NotDerivable
from backproof.judgement import judged_by
from backproof.kernel import Verdict
from backproof.kernel_worker import ignore_interrupts, limit_memory, limit_processor
from backproof.language.document import Document
from backproof.terms import Term
from backproof.workers import Pool


class Checker:
    """What this process does: it reads a file and checks its blocks, and says where it is."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        self.pool = pool
        self.seconds = seconds
        self.block = -1

    def live(self, judging: bool = False) -> None:
        """Say that something was done, and start the time again."""
        limit_processor(0 if judging else self.seconds)
        say({"block": self.block, "judging": judging})

    def judge(self, left: Term, right: Term, context: Context) -> Verdict:
        """Return the verdict of a kernel that can be killed."""
        self.live(judging=True)
        verdict = self.pool.judge(left, right, context)
        self.live()
        return verdict

    def check(self, question: dict[str, Any]) -> Summary:
        """Return what holds of the file that is asked about."""
        self.block = -1
        self.live()
        document = document_of(Path(question["path"]), question["shown"])
        if not isinstance(document, Document):
            return summarise(document)
        skipped = {int(number): reason for number, reason in question["skipped"].items()}
        reports = [self.report(document, number, skipped.get(number, "")) for number in range(len(document.blocks))]
        return summarise(merged([Report(document.path), *reports]), question["certified"])

    def report(self, document: Document, number: int, lost: str) -> Report:
        """Return what holds of one block; where it was lost before, that is what is said of it."""
        block, self.block = document.blocks[number], number
        self.live()
        try:
            if not lost:
                return check_block(document, block)
        except MemoryError:
            lost = "it needs more memory than it may have"
        except Exception as problem:  # what fails costs one block, and says so
            lost = f"backproof failed: {type(problem).__name__}: {problem}"
        return Report(document.path, findings=(refused(document, block, NotDerivable(lost)),))


def say(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()


def listen(questions: SimpleQueue[str], pool: Pool) -> None:
    """Put every line of stdin into ``questions``; at its end, end this process and what it started."""
    for line in sys.stdin:
        questions.put(line)
    pool.close()
    os._exit(0)


def main() -> None:
    """Answer questions until the parent closes stdin."""
    ignore_interrupts()
    megabytes, step_seconds, seconds = sys.argv[1:]
    limit_memory(int(megabytes))
    questions: SimpleQueue[str] = SimpleQueue()
    with Pool(1, float(step_seconds)) as pool:
        pool.launch()
        threading.Thread(target=listen, args=(questions, pool), daemon=True).start()
        checker = Checker(pool, float(seconds))
        say({"ready": True})
        with judged_by(checker.judge):
            while True:
                found = checker.check(json.loads(questions.get()))
                limit_processor(0)
                say({"summary": pack(found)})


if __name__ == "__main__":
    main()

"""Killable worker processes: a step that hangs or aborts costs one verdict, never the run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final

from backproof.domains import Context
from backproof.judgement import judged_by
from backproof.kernel import Kind, Verdict
from backproof.terms import Term
from backproof.wire import pack_context, pack_terms, unpack_verdict

START_SECONDS: Final = 30.0
STEP_SECONDS: Final = 2.0
MEGABYTES: Final = 2048

Question = tuple[Term, Term, Context]


class Worker:
    """One process that answers one question at a time; it is started when it is needed, and again after a kill."""

    def __init__(self, megabytes: int, command: Sequence[str] = ()) -> None:
        self.command = [*(command or (sys.executable, "-P", "-m", "backproof.kernel_worker")), str(megabytes)]
        self.process: subprocess.Popen[str] | None = None
        self.is_closed = False

    def ask(self, question: str, seconds: float) -> str:
        """Return the answer, or "" where the process died or had to be killed."""
        if self.process is None and not self.start():
            return ""
        return self._answer(question, seconds)

    def start(self) -> bool:
        """Start the process and wait until it is ready."""
        if self.is_closed:
            return False
        self.process = subprocess.Popen(  # noqa: S603  # our own module, started by this very interpreter
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            text=True,
            encoding="utf-8",
        )
        return self._answer("", START_SECONDS) != ""

    def _answer(self, question: str, seconds: float) -> str:
        process = self.process
        if process is None or process.stdin is None or process.stdout is None:
            return ""
        timer = threading.Timer(seconds, process.kill)
        timer.daemon = True
        timer.start()
        try:
            if question:
                process.stdin.write(question + "\n")
                process.stdin.flush()
            line = process.stdout.readline()
        except (OSError, ValueError):
            line = ""
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            self.stop()
            return ""
        return line

    def stop(self) -> None:
        """End the process; nothing of it is left."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def close(self) -> None:
        self.is_closed = True
        self.stop()


def environment() -> dict[str, str]:
    """Return an environment in which the worker imports this very package, and nothing from the current folder."""
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


class Pool:
    """Some workers with limits on time and memory; leaving it ends every process."""

    def __init__(self, jobs: int = 1, seconds: float = STEP_SECONDS, megabytes: int = MEGABYTES) -> None:
        self.seconds = seconds
        self.workers = [Worker(megabytes) for _ in range(jobs)]
        self.idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            self.idle.put(worker)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for worker in self.workers:
            worker.close()

    def judge(self, left: Term, right: Term, context: Context) -> Verdict:
        """Return the kernel's verdict; unknown, with the reason, where the worker dies or takes too long."""
        question = json.dumps({"sides": pack_terms([left, right]), "context": pack_context(context)})
        worker = self.idle.get()
        try:
            line = worker.ask(question, self.seconds)
        finally:
            self.idle.put(worker)
        if not line:
            return Verdict(Kind.UNKNOWN, reason=f"no answer within {self.seconds:g} seconds, or the kernel aborted")
        return read_answer(json.loads(line))

    def judge_all(self, questions: Iterable[Question]) -> Iterator[Verdict]:
        """Yield the verdicts in the order of the questions, whatever the number of workers."""
        executor = ThreadPoolExecutor(len(self.workers))
        try:
            yield from executor.map(lambda question: self.judge(*question), questions)
        except BaseException:
            self.close()
            raise
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def read_answer(data: dict[str, Any]) -> Verdict:
    """Return the verdict that a worker sent."""
    return Verdict(Kind.UNKNOWN, reason=data["failed"]) if "failed" in data else unpack_verdict(data)


@contextlib.contextmanager
def judging_apart(jobs: int = 1, seconds: float = STEP_SECONDS) -> Iterator[Pool]:
    """Let every step be judged by worker processes from here on, and end them afterwards."""
    with Pool(jobs, seconds) as pool, judged_by(pool.judge):
        yield pool

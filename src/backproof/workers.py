"""Killable worker processes: a step that hangs or aborts costs one verdict, never the run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
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

#: Whether the system can end a process by its processor time; Windows cannot, and there the clock decides.
COUNTS_PROCESSOR_TIME: Final = hasattr(signal, "setitimer")
START_SECONDS: Final = 60.0
#: How much longer than its processor time a step may take on the clock, where the system counts processor time.
PATIENCE: Final = 4.0 if COUNTS_PROCESSOR_TIME else 1.0
STEP_SECONDS: Final = 2.0
MEGABYTES: Final = 2048

Question = tuple[Term, Term, Context]


class Worker:
    """One process that answers lines with lines; it is started when it is needed, and again after a kill."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self.process: subprocess.Popen[str] | None = None
        self.is_ready = False
        self.is_closed = False
        self.failure = ""

    def ask(self, question: str, seconds: float) -> str:
        """Return the answer, or "" where the process died or had to be killed; ``failure`` says which."""
        return self.receive(seconds) if self.send(question) else ""

    def launch(self) -> None:
        """Start the process, without waiting until it is ready."""
        if self.process is None and not self.is_closed:
            self.process = subprocess.Popen(  # noqa: S603  # our own module, started by this very interpreter
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                text=True,
                encoding="utf-8",
            )
            if self.is_closed:  # by another thread, meanwhile
                self.stop()

    def send(self, line: str) -> bool:
        """Give a line to the process once it is ready; return whether it could be given."""
        self.launch()
        self.is_ready = self.is_ready or self.receive(START_SECONDS) != ""
        process = self.process
        if process is None or process.stdin is None:
            return False
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except (OSError, ValueError):
            self._fail("the process ended")
            return False
        return True

    def receive(self, seconds: float) -> str:
        """Return the next line that the process writes, or "" where it ended or took longer than ``seconds``."""
        process = self.process
        if process is None or process.stdout is None:
            return ""
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            line = process.stdout.readline()
        except (OSError, ValueError):
            line = ""
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            code = process.wait()
            spent = late.is_set() or (COUNTS_PROCESSOR_TIME and code == -signal.SIGPROF)
            self._fail("" if spent else f"the process ended with code {code}")
            return ""
        return line

    def _fail(self, reason: str) -> None:
        """Say why there is no answer: "" stands for too much time."""
        self.failure = reason
        self.stop()

    def stop(self, patience: float = 0.0) -> None:
        """End the process; nothing of it is left.  With ``patience`` it may end what it started itself."""
        process, self.process, self.is_ready = self.process, None, False
        if process is None:
            return
        if patience and process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def close(self, patience: float = 0.0) -> None:
        """End the process, and start none any more."""
        self.is_closed = True
        self.stop(patience)


def environment() -> dict[str, str]:
    """Return an environment in which the worker imports this very package, and nothing from the current folder."""
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


class Pool:
    """Some workers with limits on time and memory; leaving it ends every process."""

    def __init__(self, jobs: int = 1, seconds: float = STEP_SECONDS, megabytes: int = MEGABYTES) -> None:
        self.seconds = seconds
        command = (sys.executable, "-P", "-m", "backproof.kernel_worker", str(megabytes))
        self.workers = [Worker(command) for _ in range(jobs)]
        self.idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            self.idle.put(worker)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def launch(self) -> None:
        """Start every process now, while there is something else to do."""
        for worker in self.workers:
            worker.launch()

    def close(self) -> None:
        """End every process."""
        for worker in self.workers:
            worker.close()

    def judge(self, left: Term, right: Term, context: Context) -> Verdict:
        """Return the kernel's verdict; unknown, with the reason, where the worker dies or takes too long."""
        sides, known = pack_terms([left, right]), pack_context(context)
        question = json.dumps({"sides": sides, "context": known, "seconds": self.seconds})
        worker = self.idle.get()
        try:
            line = worker.ask(question, PATIENCE * self.seconds)
            failure = worker.failure
        finally:
            self.idle.put(worker)
        if not line:
            reason = failure and f"the kernel was lost: {failure}"
            return Verdict(Kind.UNKNOWN, reason=reason or f"no answer within {self.seconds:g} seconds")
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
        pool.launch()
        yield pool

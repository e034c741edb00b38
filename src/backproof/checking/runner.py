"""Checks files in worker processes: a crash, an endless loop or a gigabyte of output becomes part of the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from backproof.checking.discovery import Options, configuration, split_path
from backproof.checking.findings import FileReport, LayerReport, layer_report

#: How much of what the user's code prints is kept, and how much it may print at all.
KEPT: Final = 2_000
ALLOWED: Final = 50_000_000
_POLL: Final = 0.005
#: What a slow machine may need to start Python and numpy, beside the time limit of the user's code.
STARTING: Final = 30.0


@dataclass
class _Drain:
    """Reads a stream to its end in a thread, keeps its beginning and counts its bytes."""

    stream: IO[bytes]
    kept: bytearray = field(default_factory=bytearray)
    count: int = 0

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._read, daemon=True)
        thread.start()
        return thread

    def _read(self) -> None:
        with self.stream:
            while chunk := os.read(self.stream.fileno(), 1 << 16):
                self.count += len(chunk)
                if len(self.kept) < KEPT:
                    self.kept += chunk[: KEPT - len(self.kept)]

    @property
    def text(self) -> str:
        """What was printed, shortened."""
        shown = self.kept.decode("utf-8", "replace")
        return shown if self.count <= KEPT else f"{shown}… ({self.count} bytes in all)"


@dataclass
class _Messages:
    """The JSON lines of a worker, read in a thread."""

    stream: IO[bytes]
    found: list[dict[str, Any]] = field(default_factory=list)
    has_begun: bool = False

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._read, daemon=True)
        thread.start()
        return thread

    def _read(self) -> None:
        with self.stream:
            for line in self.stream:
                try:
                    self.found.append(json.loads(line))
                except ValueError:
                    continue  # a line that a dying process did not finish

    @property
    def is_finished(self) -> bool:
        return any(message["kind"] == "end" for message in self.found)


def check_path(path: str, options: Options | None = None) -> FileReport:
    """Return the report on one file, module, notebook or ``path.py::Name``; never raises for what is in it."""
    options = options or Options()
    file, names = split_path(path)
    options = replace(options, names=options.names + names, configuration=configuration(file))
    start = time.perf_counter()
    report = _supervise(file, options)
    return replace(report, seconds=time.perf_counter() - start)


def check_paths(paths: Iterable[str], options: Options | None = None) -> list[FileReport]:
    """Return the reports on several files, in order."""
    return [check_path(path, options) for path in paths]


def _supervise(path: str, options: Options) -> FileReport:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    process = subprocess.Popen(  # noqa: S603 - our own worker, with this interpreter
        [sys.executable, *_flags(), "-m", "backproof.checking.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, pass_fds=(writing,), env=_environment(),
    )  # fmt: skip
    os.close(writing)
    stdout, stdin = process.stdout, process.stdin
    if stdout is None or stdin is None:
        raise OSError("the worker has no pipes")
    printed, messages = _Drain(stdout), _Messages(os.fdopen(reading, "rb"))
    threads = [printed.start(), messages.start()]
    request = {"path": path, "options": options.as_data(), "descriptor": writing}
    try:
        stdin.write(json.dumps(request).encode() + b"\n")
        stdin.close()
    except BrokenPipeError:
        pass  # the process is gone already; what it said is read below
    reason = _wait(process, printed, messages, options.time_limit)
    for thread in threads:
        thread.join(timeout=1)
    return _report(path, messages.found, printed, reason, process.returncode)


def _flags() -> list[str]:
    return ["-O"] if sys.flags.optimize else []


def _environment() -> dict[str, str]:
    """Return the environment with this package importable and numerical libraries on one thread."""
    source = str(Path(__file__).resolve().parents[2])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": "Agg"}


def _wait(process: subprocess.Popen[bytes], printed: _Drain, messages: _Messages, limit: float) -> str:
    """Wait for the end of a worker, or end it; return why it was ended."""
    deadline = time.monotonic() + STARTING + limit
    reason = ""
    while process.poll() is None and not messages.is_finished:
        if messages.found and not messages.has_begun:
            messages.has_begun, deadline = True, time.monotonic() + limit
        if time.monotonic() > deadline:
            reason = f"stopped after {limit:g} seconds"
        elif printed.count > ALLOWED:
            reason = f"stopped after printing {printed.count} bytes"
        if reason:
            process.kill()
            break
        time.sleep(_POLL)
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return reason


def _report(path: str, found: list[dict[str, Any]], printed: _Drain, reason: str, code: int) -> FileReport:
    layers = tuple(layer_report(message["report"]) for message in found if message["kind"] == "layer")
    expected = next((message["names"] for message in found if message["kind"] == "layers"), None)
    error = next((message["text"] for message in found if message["kind"] == "error"), "")
    finished = any(message["kind"] == "end" for message in found)
    if not finished:
        error = reason or _death(code)
    where = _where(expected, layers) if not finished else ""
    if finished and not error and not layers:
        error = "no layers were found"
    return FileReport(path, layers, f"{error}{where}", 3 if layers else 2, printed.text)


def _death(code: int) -> str:
    return f"the process was killed by signal {-code}" if code < 0 else f"the process ended with exit code {code}"


def _where(expected: list[str] | None, layers: tuple[LayerReport, ...]) -> str:
    if expected is None:
        return " while the file was imported"
    return f" while {expected[len(layers)]} was checked" if len(layers) < len(expected) else ""

"""``python -m backproof.kernel_worker``: answers steps with verdicts, one JSON line each; it never loads SymPy."""

from __future__ import annotations

import json
import signal
import sys
from typing import Any

from backproof.kernel import judge
from backproof.wire import pack_verdict, unpack_context, unpack_terms


def limit_memory(megabytes: int) -> None:
    """Let the system refuse more memory than this, where it can."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    size = megabytes * 2**20
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > size:
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def limit_processor(seconds: float) -> None:
    """Let the system end this process once it has used so much more processor time; 0 lifts the limit.

    No code of ours has to run for that: it ends a computation inside a library as well.
    """
    if hasattr(signal, "setitimer"):  # Windows has none: there the parent alone keeps watch, by the clock
        signal.setitimer(signal.ITIMER_PROF, seconds)


def ignore_interrupts() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict on a question; a failure of the kernel is an answer too."""
    limit_processor(question["seconds"])
    left, right = unpack_terms(question["sides"])
    try:
        return pack_verdict(judge(left, right, unpack_context(question["context"])))
    except MemoryError:
        return {"failed": "the step needs more memory than it may have"}
    except Exception as problem:  # a worker survives whatever a step does to it
        return {"failed": f"the kernel failed: {type(problem).__name__}"}
    finally:
        limit_processor(0)


def main() -> None:
    """Answer every line of stdin on stdout, until stdin ends."""
    ignore_interrupts()
    limit_memory(int(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

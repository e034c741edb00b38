"""The process in which user code runs: reads one request, writes one JSON line per layer to a pipe of its own."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

Send = Callable[[dict[str, Any]], None]


def main() -> None:
    """Check the file that the request on stdin names; what the user's code prints goes elsewhere."""
    request = json.loads(sys.stdin.readline())
    channel = os.fdopen(os.dup(request["descriptor"]), "w", encoding="utf-8", buffering=1)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as the process lives

    def send(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")

    try:
        _check(request, send)
    except BaseException as error:
        send({"kind": "error", "text": _described(error, request["path"])})
    send({"kind": "end"})
    channel.flush()
    sys.stdout.flush()
    os._exit(0)  # threads and exit handlers of the user's code do not keep the process alive


def _described(error: BaseException, path: str) -> str:
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).name == Path(path).name
    ]
    place = f" (line {frames[-1].lineno})" if frames else ""
    if isinstance(error, SyntaxError) and error.lineno:
        place = f" (line {error.lineno})"
    text = str(error)
    return f"{type(error).__name__}: {text}{place}" if text else f"{type(error).__name__}{place}"


def _check(request: dict[str, Any], send: Send) -> None:
    from backproof.checking.checks import check
    from backproof.checking.discovery import layers_of, load, options_from, settings_for

    options = options_from(request["options"])
    send({"kind": "loading"})
    module = load(request["path"])
    jax = sys.modules.get("jax")
    if jax is not None:
        jax.config.update("jax_enable_x64", True)
    layers = layers_of(module, request["path"], options)
    send({"kind": "layers", "names": [layer.name for layer in layers]})
    for layer in layers:
        report = check(layer, settings_for(layer, options))
        send({"kind": "layer", "report": report.as_data() | {"seconds": report.seconds}})


if __name__ == "__main__":
    main()

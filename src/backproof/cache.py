"""Rendered derivations kept on disk by what they were made of; asked before SymPy, and click, are imported.

An entry is JSON.  One that is broken, truncated or made of something else is ignored and written anew.  Checks never
come from here.
"""
# pathlib takes as long to import as all the rest of this:
# ruff: noqa: PTH100, PTH103, PTH105, PTH108, PTH110, PTH111, PTH112, PTH113, PTH116, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256

from backproof.terminal import wants_colour, write_anyway

SCHEMA = 2
STALE_SECONDS = 60
#: The options of ``derive`` that say no more than the format.
FORMS = {f"--{form}": form for form in ("text", "latex", "markdown", "json", "html", "svg", "tikz", "dot")}


def folder() -> str:
    """Return where entries are kept: the system's own place for caches."""
    given = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    default = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return os.path.join(given or os.path.join(os.path.expanduser("~"), default), "backproof")


def shown_before(arguments: Sequence[str]) -> bool:
    """Write what a plain ``derive WORD --FORM`` has written before; return whether there was such a thing."""
    words = [argument for argument in arguments if argument not in FORMS]
    forms = [FORMS[argument] for argument in arguments if argument in FORMS]
    if len(words) != 1 or words[0].startswith("-") or len(forms) > 1:
        return False
    form = forms[0] if forms else "text"
    colour = form == "text" and wants_colour(no_color=False)
    text = None if colour and os.name == "nt" else look_up(name_of(words[0], form, False, colour))
    if text is None:
        return False
    write_anyway()
    try:
        sys.stdout.write(text.rstrip("\n") + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def name_of(word: str, form: str, standalone: bool, colour: bool) -> str:
    """Return the name of the entry for what ``word`` stands for in one format; "" where none may be kept."""
    if not os.path.isfile(word):
        is_pipe = os.path.exists(word) and not os.path.isdir(word)
        return "" if is_pipe else key([word, "", form, str(standalone), str(colour)])
    try:
        with open(word, "rb") as file:
            return key([word, sha256(file.read()).hexdigest(), form, str(standalone), str(colour)])
    except OSError:
        return ""


def key(parts: Sequence[str]) -> str:
    """Return the name of the entry for a text and its options, as this very code would render it."""
    return sha256(json.dumps([SCHEMA, sys.version, _code(), *parts]).encode()).hexdigest()


def _code() -> list[list[str | int]]:
    """Return what changes when backproof or SymPy changes: the names, sizes and times of their files."""
    package = os.path.dirname(os.path.abspath(__file__))
    derivations = os.path.join(os.path.dirname(os.path.dirname(package)), "derivations")
    sympy = (os.path.join(place, "sympy", "release.py") for place in sys.path)
    rows: list[list[str | int]] = []
    for path in sorted((*_files(package), *_files(derivations), *sympy)):
        with contextlib.suppress(OSError):
            stat = os.stat(path)
            rows.append([path, stat.st_size, stat.st_mtime_ns])
    return rows


def _files(place: str) -> Iterator[str]:
    """Yield the Python and Markdown files of a folder and of those in it."""
    for parent, _, names in os.walk(place):
        for name in names:
            if name.endswith((".py", ".md")):
                yield os.path.join(parent, name)


def look_up(name: str) -> str | None:
    """Return the text that was kept under a name, or None."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        with open(os.path.join(folder(), f"{name}.json"), encoding="utf-8") as file:
            entry = json.load(file)
        text = entry["text"]
        if name and entry["schema"] == SCHEMA and entry["digest"] == sha256(text.encode()).hexdigest():
            return str(text)
    return None


def keep(name: str, text: str) -> None:
    """Keep a text under a name, whole or not at all; a folder that cannot be written is no mistake."""
    if not name:
        return
    place = folder()
    entry = {"schema": SCHEMA, "digest": sha256(text.encode()).hexdigest(), "text": text}
    temporary = os.path.join(place, f".{name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        os.makedirs(place, exist_ok=True)
        sweep(place)
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(entry, file)
        os.replace(temporary, os.path.join(place, f"{name}.json"))


def sweep(place: str) -> None:
    """Remove what killed runs left half written."""
    for entry in os.scandir(place):
        if entry.name.startswith(".") and time.time() - entry.stat().st_mtime > STALE_SECONDS:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)


def clear() -> int:
    """Remove every entry; return how many there were."""
    place = folder()
    held = os.listdir(place) if os.path.isdir(place) else []
    names = [name for name in held if name.endswith(".json") or name.startswith(".")]
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(place, name))
    return len(names)

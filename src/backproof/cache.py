"""Rendered derivations kept on disk by what they were made of; asked before SymPy is imported.

An entry is JSON.  One that is broken, truncated or made of something else is ignored and written anew.  Checks never
come from here.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SCHEMA: Final = 1


def folder() -> Path:
    """Return where entries are kept: the system's own place for caches."""
    given = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    default = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return (Path(given) if given else Path.home() / default) / "backproof"


def key(parts: Sequence[str]) -> str:
    """Return the name of the entry for a text and its options, as this very code would render it."""
    return sha256(json.dumps([SCHEMA, sys.version, _code(), *parts]).encode()).hexdigest()


def _code() -> list[list[str | int]]:
    """Return what changes when backproof or SymPy changes: the names, sizes and times of their files."""
    package = Path(__file__).parent
    found = sorted((*package.rglob("*.py"), *package.rglob("*.md"), *package.parent.parent.glob("derivations/*.md")))
    sympy = find_spec("sympy")
    if sympy is not None and sympy.origin:
        found.append(Path(sympy.origin).with_name("release.py"))
    return [[str(path), stat.st_size, stat.st_mtime_ns] for path in found for stat in (path.stat(),)]


def look_up(name: str) -> str | None:
    """Return the text that was kept under a name, or None."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        entry = json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))
        text = entry["text"]
        if entry["schema"] == SCHEMA and entry["digest"] == sha256(text.encode()).hexdigest():
            return str(text)
    return None


def keep(name: str, text: str) -> None:
    """Keep a text under a name, whole or not at all; a folder that cannot be written is no mistake."""
    entry = {"schema": SCHEMA, "digest": sha256(text.encode()).hexdigest(), "text": text}
    place = folder() / f"{name}.json"
    temporary = place.with_name(f".{name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(entry), encoding="utf-8")
        temporary.replace(place)


def clear() -> int:
    """Remove every entry; return how many there were."""
    entries = [*folder().glob("*.json"), *folder().glob(".*")] if folder().is_dir() else []
    for entry in entries:
        with contextlib.suppress(OSError):
            entry.unlink()
    return len(entries)

"""Where results and notes go: stdout or a file for results, stderr for notes, colour where wanted."""

from __future__ import annotations

import errno
import glob
import os
import tempfile
import time
from pathlib import Path
from typing import Final

import click

from backproof.terminal import harmless

#: What an emitted file is called, by the end of its name.
FORMATS: Final[dict[str, str]] = {
    ".txt": "text", ".tex": "latex", ".md": "markdown", ".json": "json", ".html": "html", ".svg": "svg",
    ".tikz": "tikz", ".dot": "dot", ".gv": "dot",
}  # fmt: skip
STALE_SECONDS: Final = 60


def note(text: str) -> None:
    """Write a note to stderr."""
    click.echo(harmless(text), err=True)


def deliver(text: str, destination: Path | None, colour: bool = False) -> None:
    """Write ``text``, ended by one newline, to a file (whole or not at all) or to stdout."""
    text = text.rstrip("\n") + "\n"
    if destination is None:
        click.echo(text, nl=False, color=colour)
    else:
        write_atomically(destination, text)


def write_atomically(path: Path, text: str) -> None:
    """Put ``text`` into ``path`` so that no reader ever sees a part of it; a link out of its folder is refused."""
    if _is_device(path):
        with path.open("w", encoding="utf-8") as device:  # a pipe or /dev/stdout has no whole
            device.write(text)
        return
    if path.is_symlink() and path.resolve().parent != path.parent.resolve():
        raise PermissionError(errno.EPERM, "is a link out of its folder", str(path))
    path = path.resolve()
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(path.parent))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
    prefix = f".{path.name}.backproof-"
    _sweep(path.parent, prefix)
    handle, name = tempfile.mkstemp(prefix=prefix, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _is_device(path: Path) -> bool:
    """Say whether ``path`` is a pipe, a terminal, or one of the system's names for those that are open."""
    at = path.resolve()
    return Path("/dev") in path.absolute().parents or (at.exists() and not at.is_file() and not at.is_dir())


def _sweep(folder: Path, prefix: str) -> None:
    """Remove what a killed run left of the same file."""
    for stale in folder.glob(f"{glob.escape(prefix)}*"):
        if time.time() - stale.stat().st_mtime > STALE_SECONDS:
            stale.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

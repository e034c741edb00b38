"""A folder that is replaced as a whole: an interrupted run leaves the old one or the new one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from backproof.errors import BackproofError

#: The file by which a folder is known as ours.
MANIFEST: Final = "backproof.json"
_STALE_SECONDS: Final = 3600
_HERE: Final = -100  # AT_FDCWD
_EXCHANGE: Final = 2  # RENAME_EXCHANGE


class NotOurs(BackproofError):
    """A folder that holds something else, which is left alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is no site of derivations; name a new or an empty folder")


def check(folder: Path) -> None:
    """Refuse a folder that holds anything but a site of ours."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).is_file())):
        raise NotOurs(folder)


@contextlib.contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside ``folder``; take its place if all went well, else leave no trace."""
    folder = folder.resolve()
    check(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{folder.name}.backproof-"
    _sweep(folder.parent, prefix)
    fresh = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        yield fresh
        fresh.chmod(0o755)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, folder: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
    elif not _exchange(fresh, folder):
        aside = fresh.with_name(f"{fresh.name}-old")
        folder.rename(aside)
        fresh.rename(folder)
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where the system can; say whether it did."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def _sweep(parent: Path, prefix: str) -> None:
    """Remove what a killed run left; if it was killed between two renames, put the old site back."""
    folder = parent / prefix.removeprefix(".").removesuffix(".backproof-")
    for stale in sorted(parent.glob(f"{prefix}*")):
        if stale.name.endswith("-old") and not folder.exists():
            stale.rename(folder)
        elif time.time() - stale.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(stale, ignore_errors=True)

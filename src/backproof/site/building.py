"""The whole site: which pages are new, who renders them, and when the old folder gives way."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from backproof import catalogue
from backproof.site import folder as folders
from backproof.site.folder import MANIFEST

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_CALL: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*\(")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that becomes a page: its name on the site, and its text."""

    name: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """What was done: how many pages there are, how many were rendered anew, and what was found wrong."""

    pages: int
    rendered: int
    findings: tuple[str, ...]
    worst: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index knows of a page; ``key`` changes whenever its content might."""

    name: str
    key: str
    title: str = ""
    description: str = ""
    nodes: tuple[str, ...] = ()
    status: str = ""
    findings: tuple[str, ...] = ()
    worst: int = 0
    files: tuple[str, ...] = ()


def sources(paths: Sequence[Path]) -> tuple[Source, ...]:
    """Return the files of the catalogue, or those of ``paths`` and of the folders among them."""
    files: list[Path] = []
    for path in paths or [catalogue.folder()]:
        files += sorted(path.rglob("*.md")) if path.is_dir() else [path]
    taken: dict[str, int] = {}
    found = []
    for file in dict.fromkeys(files):
        name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "page"
        taken[name] = taken.get(name, 0) + 1
        name = name if taken[name] == 1 and name != "index" else f"{name}-{taken[name] + 1}"
        found.append(Source(name, str(file), file.read_text(encoding="utf-8")))
    return tuple(found)


def build(given: Sequence[Source], output: Path, *, jobs: int = 1, title: str = "") -> Result:
    """Write the site of the sources into the folder; render only the pages whose content might have changed."""
    folders.check(output)
    engine = fingerprint()
    keys = {source.name: _key(source, engine, title, given) for source in given}
    known = _known(output)
    old = {name: entry for name, entry in known.items() if keys.get(name) == entry.key and _is_whole(output, entry)}
    todo: list[Source] = []
    if len(old) == len(given) == len(known) and (output / "index.html").is_file():
        entries = [old[source.name] for source in given]
    else:
        todo = [source for source in given if source.name not in old]
        with folders.replacing(output) as fresh:
            _copy(output, fresh, old.values())
            fresh_entries = dict(_rendered(todo, keys, fresh, jobs))
            entries = [fresh_entries.get(source.name) or old[source.name] for source in given]
            _finish(fresh, entries, title)
    findings = tuple(found for entry in entries for found in entry.findings)
    return Result(len(given), len(todo), findings, max((entry.worst for entry in entries), default=0))


def fingerprint() -> str:
    """Return a digest of the program itself: other code may write other pages."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in (".py", ".js", ".css", ".woff2") and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _key(source: Source, engine: str, title: str, given: Sequence[Source]) -> str:
    """Return a digest of all that a page depends on: the program, its file, the files of what it calls, its links."""
    digest = hashlib.sha256(f"{engine}\0{title}\0{source.name}\0{source.path}\0{source.text}".encode())
    for name in _called(source.text):
        digest.update(f"\0{name}\0{catalogue.path_of(name).read_text(encoding='utf-8')}".encode())
    digest.update("\0".join(other.name for other in given).encode())
    return digest.hexdigest()[:32]


def _called(text: str) -> list[str]:
    """Return the nodes of the catalogue that a text may call, and those that they may call."""
    found: dict[str, None] = {}
    pending = [text]
    while pending:
        for word in _CALL.findall(pending.pop()):
            name = catalogue.normalise(word)
            if name in catalogue.names() and name not in found:
                found[name] = None
                pending.append(catalogue.path_of(name).read_text(encoding="utf-8"))
    return sorted(found)


def _known(output: Path) -> dict[str, Entry]:
    """Return the entries of the site that stands there; nothing where it cannot be read."""
    try:
        data = json.loads((output / MANIFEST).read_text(encoding="utf-8"))
        return {each["name"]: _entry(each) for each in data["pages"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _entry(data: dict[str, Any]) -> Entry:
    return Entry(**data | {key: tuple(data[key]) for key in ("nodes", "findings", "files")})


def _files(entry: Entry) -> tuple[str, ...]:
    """Return the paths of a page and of its certificates, within the site."""
    return (f"{entry.name}.html", *entry.files)


def _is_whole(output: Path, entry: Entry) -> bool:
    return all((output / path).is_file() for path in _files(entry))


def _copy(output: Path, fresh: Path, old: Iterable[Entry]) -> None:
    for path in (path for entry in old for path in _files(entry)):
        (fresh / path).parent.mkdir(exist_ok=True)
        shutil.copy2(output / path, fresh / path)


def _rendered(todo: Sequence[Source], keys: dict[str, str], fresh: Path, jobs: int) -> Iterator[tuple[str, Entry]]:
    """Write the pages that are new, in as many processes as asked, and yield what the index needs of them."""
    arguments = [(source, keys[source.name], fresh) for source in todo]
    if jobs == 1 or len(todo) < 2:
        yield from map(_one, arguments)
        return
    with ProcessPoolExecutor(min(jobs, len(todo)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_one, arguments)


def _one(argument: tuple[Source, str, Path]) -> tuple[str, Entry]:
    from backproof.site.page import render  # SymPy, which a site without news does without

    source, key, fresh = argument
    page = render(source.name, source.path, source.text)
    for path, text in {f"{source.name}.html": page.html, **page.files}.items():
        (fresh / path).parent.mkdir(exist_ok=True)
        (fresh / path).write_text(text, encoding="utf-8")
    return source.name, Entry(
        source.name, key, page.title, page.description, page.nodes, page.status, page.findings, page.worst,
        tuple(page.files),
    )  # fmt: skip


def _finish(fresh: Path, entries: Sequence[Entry], title: str) -> None:
    """Write what all pages share: the index, that of the certificates, the assets and the manifest."""
    from backproof.site.evidence import FOLDER, listed
    from backproof.site.index import index

    if any(entry.files for entry in entries):
        (fresh / FOLDER / "index.json").write_text(listed(fresh / FOLDER), encoding="utf-8")

    (fresh / "index.html").write_text(index(entries, title or "Derivations"), encoding="utf-8")
    shared = fresh / "assets"
    shared.mkdir()
    for path in (*(_PACKAGE / "emit" / "assets").iterdir(), *(_PACKAGE / "site" / "assets").iterdir()):
        if path.is_file():
            shutil.copyfile(path, shared / path.name)
    manifest = {"schema": 1, "pages": [asdict(entry) for entry in entries]}
    (fresh / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

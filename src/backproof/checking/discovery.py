"""Finding the layers in a file, a module, ``path.py::Name`` or a notebook, with what pyproject.toml says of them."""

from __future__ import annotations

import importlib
import importlib.util
import json
import linecache
import re
import sys
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from backproof.checking.conventions import class_layer, find_layers, pair_layer
from backproof.checking.examination import Settings
from backproof.checking.layer import Layer
from backproof.errors import BackproofError, UnknownName

#: Lines of a notebook's cells that are no Python.
_MAGIC: Final = ("%", "!", "?")


@dataclass(frozen=True)
class NotReadable(BackproofError):
    """A file that is no Python module, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class Options:
    """What the command line says: which names, which functions, which node, which checks."""

    names: tuple[str, ...] = ()
    forward: str = ""
    backward: str = ""
    node: str = ""
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    seed: int = 0
    prove: bool = False
    time_limit: float = 60.0
    configuration: Mapping[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """Return the options as JSON data."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value


def options_from(data: Mapping[str, Any]) -> Options:
    """Return the options that ``Options.as_data`` was made from."""
    fields: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in data.items()}
    return Options(**fields)


def split_path(path: str) -> tuple[str, tuple[str, ...]]:
    """Return ``path.py::Name`` as path and names."""
    file, *names = path.split("::")
    return file, tuple(names)


def load(path: str) -> ModuleType:
    """Return the user's module: a file, a notebook, or something that can be imported."""
    if path.endswith(".ipynb"):
        return _notebook(Path(path))
    if path.endswith(".py") or Path(path).is_file():
        return _file(Path(path))
    sys.path.insert(0, "")
    return importlib.import_module(path)


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise NotReadable(str(path), "no such file")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if _RELATIVE.search(path.read_text(encoding="utf-8", errors="replace")):
        return _member(path.resolve())
    name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else f"under_test_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise NotReadable(str(path), "no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_RELATIVE: Final = re.compile(r"^\s*from\s+\.", re.MULTILINE)


def _member(path: Path) -> ModuleType:
    """Return a module that imports from its own package: it is imported under its full name."""
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if len(parts) == 1:  # a package without __init__.py
        parts.insert(0, path.parent.name)
        folder = path.parent.parent
    sys.path.insert(0, str(folder))
    return importlib.import_module(".".join(parts))


def _notebook(path: Path) -> ModuleType:
    """Return a module made of the code cells, without the lines that only a notebook understands."""
    cells = json.loads(path.read_text(encoding="utf-8")).get("cells", [])
    sources = ["".join(cell.get("source", "")) for cell in cells if cell.get("cell_type") == "code"]
    starts: list[int] = []
    lines: list[str] = []
    for source in sources:
        starts.append(len(lines) + 1)
        lines += ["" if line.lstrip().startswith(_MAGIC) else line for line in source.splitlines()]
    text = "\n".join(lines)
    module = ModuleType(path.stem.replace("-", "_"))
    module.__file__ = str(path)
    module.__dict__["__cells__"] = tuple(starts)
    linecache.cache[str(path)] = (len(text), None, [f"{line}\n" for line in lines], str(path))
    sys.modules[module.__name__] = module
    exec(compile(text, str(path), "exec"), module.__dict__)  # noqa: S102 - in the worker process, at the user's wish
    return module


def layers_of(module: ModuleType, path: str, options: Options) -> list[Layer]:
    """Return the layers of a module that ``options`` ask for; raises UnknownName."""
    if options.forward or options.backward:
        return [_explicit(module, path, options)]
    own = {name: value for name, value in vars(module).items() if _is_own(value, module)}
    layers = [_with_cell(layer, getattr(module, "__cells__", ())) for layer in find_layers(own, path)]
    if not options.names:
        return layers
    known = {layer.name: layer for layer in layers}
    chosen = []
    for name in options.names:
        if name not in known and isinstance(getattr(module, name, None), type):
            known[name] = class_layer(name, getattr(module, name), path)
        if name not in known:
            raise UnknownName(name, tuple(known)[:3])
        chosen.append(known[name])
    return chosen


def _with_cell(layer: Layer, starts: tuple[int, ...]) -> Layer:
    """Return the layer of a notebook with a note that says in which code cell it stands."""
    cell = bisect_right(starts, layer.line)
    if not cell:
        return layer
    note = f"lines are those of all code cells together; code cell {cell} begins at line {starts[cell - 1]}"
    return replace(layer, notes=(*layer.notes, note))


def _is_own(value: Any, module: ModuleType) -> bool:
    """Say whether something was written in this module, or in one beside it; a notebook has only its own."""
    home = getattr(value, "__module__", None) or getattr(getattr(value, "fun", None), "__module__", None)
    if home is None or home == module.__name__:
        return True
    return bool(home.split(".")[0] == module.__name__.split(".")[0])


def _explicit(module: ModuleType, path: str, options: Options) -> Layer:
    found = [getattr(module, name, None) for name in (options.forward, options.backward)]
    for name, function in zip((options.forward, options.backward), found, strict=True):
        if not callable(function):
            raise UnknownName(name or "--forward and --backward go together")
    return pair_layer(options.forward, found[0], found[1], path, options.node)


# ------------------------------------------------------------------ [tool.backproof]


def configuration(path: str) -> dict[str, Any]:
    """Return the table ``[tool.backproof]`` of the nearest pyproject.toml above a file, if there is one."""
    start = Path(path).resolve().parent if Path(path).exists() else Path.cwd()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            return dict(table.get("tool", {}).get("backproof", {}))
    return {}


def settings_for(layer: Layer, options: Options) -> Settings:
    """Return what the options and the configuration say of one layer."""
    said = options.configuration.get("layers", {}).get(layer.name, {})
    return Settings(
        node=options.node or said.get("node", ""), arguments=said.get("arguments", {}), shapes=said.get("shapes", {}),
        only=options.only, skip=(*options.skip, *said.get("skip", ())), seed=options.seed, prove=options.prove,
    )  # fmt: skip

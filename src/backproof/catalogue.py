"""Where the derivations are: in ``derivations/`` of a checkout, or beside the installed package."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from backproof.errors import UnknownName
from backproof.language import parse_document
from backproof.language.document import Document, Node, Prose

_PACKAGE: Final = Path(__file__).resolve().parent
_CLAUSE_END: Final = re.compile(r"(?<!et al)[.:;?!] (?![^()]*\))")


@cache
def folder() -> Path:
    """Return the folder of the derivations: a checkout's own, else the one that was installed."""
    checkout = _PACKAGE.parents[1] / "derivations"
    if checkout.is_dir() and (checkout.parent / "pyproject.toml").is_file():
        return checkout
    return _PACKAGE / "derivations"


@cache
def names() -> tuple[str, ...]:
    """Return the name of every derivation, sorted; reads no file."""
    return tuple(sorted(path.stem for path in folder().glob("*.md")))


def normalise(name: str) -> str:
    """Return ``name`` as the catalogue spells it: lower case, with hyphens."""
    return name.strip().lower().replace("_", "-")


def nearest(name: str) -> tuple[str, ...]:
    """Return at most three names of the catalogue that look like ``name``, the likeliest first."""
    return tuple(get_close_matches(normalise(name), names(), n=3, cutoff=0.6))


def path_of(name: str) -> Path:
    """Return the file of a derivation; raises UnknownName with the nearest names."""
    if normalise(name) not in names():
        raise UnknownName(name, nearest(name))
    return folder() / f"{normalise(name)}.md"


@cache
def load(name: str) -> Document:
    """Return the parsed file of a derivation; raises UnknownName with the nearest names."""
    path = path_of(name)
    return parse_document(path.read_text(encoding="utf-8"), str(path), names())


def find_node(name: str) -> Node:
    """Return the node of that name; raises UnknownName with the nearest names."""
    wanted = normalise(name)
    for node in load(name).nodes:
        if node.name == wanted:
            return node
    raise UnknownName(name, nearest(name))


def describe(document: Document) -> str:
    """Return the first clause of a derivation's prose, on one line, without its heading."""
    text = "\n".join(block.text for block in document.blocks if isinstance(block, Prose))
    prose = " ".join(line for line in text.splitlines() if not line.startswith("#")).split()
    sentence = _CLAUSE_END.split(" ".join(prose), maxsplit=1)[0]
    return sentence.rstrip(".") or document.title

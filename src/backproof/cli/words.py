"""What the word after ``derive`` means: a node of the catalogue, a file, or an expression."""

from __future__ import annotations

import re
from pathlib import Path

from backproof import catalogue
from backproof.domains import REAL
from backproof.errors import NotDerivable, UnknownName
from backproof.language import parse_document, parse_expression
from backproof.language.document import Declaration, Document, Line, Node, Span
from backproof.language.grammar import CONSTANTS
from backproof.terms import Term, names

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*")


def read(word: str) -> Document:
    """Return the document that ``word`` stands for; raises UnknownName, SourceError or OSError."""
    if catalogue.normalise(word) in catalogue.names():
        return catalogue.load(catalogue.normalise(word))
    path = Path(word)
    if path.suffix == ".md" or (exists(path) and not path.is_dir()):
        return read_file(path)
    if exists(path):
        raise NotDerivable(f"{word} is a folder; derive check {word} verifies its files")
    if is_misspelt(word):
        raise UnknownName(word, catalogue.nearest(word))
    return from_expression(parse_expression(word), word)


def exists(path: Path) -> bool:
    """Say whether something is at ``path``; a long expression can be no path at all."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def read_file(path: Path, shown: str = "") -> Document:
    """Return the parsed file; its mistakes name it as ``shown``, or as its path."""
    text = path.read_text(encoding="utf-8")
    return parse_document(text, shown or str(path), catalogue.names())


def is_misspelt(word: str) -> bool:
    """Say whether ``word`` is meant as a name: one word, or hyphenated and like a name we know."""
    if _NAME.fullmatch(word) is None:
        return False
    return "-" not in word or bool(catalogue.nearest(word))


def from_expression(term: Term, text: str) -> Document:
    """Return a document with one node, ``expression``, whose inputs are the free names of ``term``."""
    given = [name for name in names(term) if name not in CONSTANTS]
    if not given:
        raise NotDerivable(f"{text} has no variable to derive by")
    span = Span(1, 1, len(text) + 1)
    node = Node(
        name="expression",
        inputs=tuple(Declaration(name, (), REAL, span) for name in given),
        lines=(Line(_output_name(given), (), term, span),),
        span=span,
    )
    return Document("<expression>", text, (node,), text)


def _output_name(given: list[str]) -> str:
    """Return a name for the output that neither is an input nor has an input as its gradient."""
    taken = {*given, *(name.removeprefix("d") for name in given)}
    return next(name for name in ("y", "z", "f", "out", "result_of_expression") if name not in taken)

"""What the word after ``derive`` means: a node of the catalogue, a file, or an expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from backproof import catalogue
from backproof.domains import REAL
from backproof.errors import NotDerivable, UnknownName
from backproof.graph import CONDITIONS
from backproof.language import parse_document, parse_expression, to_source
from backproof.language.document import Declaration, Document, Line, Node, Span
from backproof.language.grammar import CONSTANTS
from backproof.terms import Term, symbols

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
    given = {entry.data: axes_of(entry) for entry in symbols(term) if entry.data not in CONSTANTS}
    refuse(term, given, text)
    span = Span(1, 1, len(text) + 1)
    node = Node(
        name="expression",
        inputs=tuple(Declaration(name, axes, REAL, span) for name, axes in given.items()),
        lines=(Line(_output_name(list(given)), term.axes, term, span),),
        span=span,
    )
    return Document("<expression>", text, (node,), text)


def axes_of(entry: Term) -> tuple[str, ...]:
    """Return the axes of a variable, named after the indices that it is used with."""
    if any(index.head != "idx" for index in entry.args) or len(set(entry.args)) < len(entry.args):
        raise NotDerivable(f"the axes of {to_source(entry)} are not clear from an expression; write a file with a node")
    return tuple(index.data for index in entry.args)


def refuse(term: Term, given: Mapping[str, tuple[str, ...]], text: str) -> None:
    """Raise NotDerivable where ``term`` is no function of variables whose gradients have names of their own."""
    if not given:
        raise NotDerivable(f"{text} has no variable to derive by")
    if term.head in CONDITIONS:
        raise NotDerivable(f"{text} has no derivative: it is true or false (a claim in a file checks an identity)")
    for entry in symbols(term):
        if entry.data in given and axes_of(entry) != given[entry.data]:
            raise NotDerivable(f"{entry.data} is used with several indices; declare its axes in a file with a node")
    taken = next((name for name in given if name.removeprefix("d") in given and name.startswith("d")), None)
    if taken:
        raise NotDerivable(f"{taken} is the gradient of {taken.removeprefix('d')}; choose another name")


def _output_name(given: list[str]) -> str:
    """Return a name for the output that neither is an input nor has an input as its gradient."""
    taken = {*given, *(name.removeprefix("d") for name in given)}
    return next(name for name in ("y", "z", "f", "out", "result_of_expression") if name not in taken)

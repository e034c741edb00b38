"""The language of derivations: text to documents and terms, and terms back to text."""

from __future__ import annotations

from collections.abc import Collection

from backproof.language.document import (
    Chain,
    Claim,
    Declaration,
    Document,
    Example,
    Kink,
    Line,
    Node,
    Prose,
    Span,
    Step,
)
from backproof.language.lexer import Source, tokenize
from backproof.language.parser import ANYTHING, Parser
from backproof.language.printer import to_source
from backproof.language.scope import Scope
from backproof.language.statements import parse_block, parse_document
from backproof.terms import Term

__all__ = [
    "Chain",
    "Claim",
    "Declaration",
    "Document",
    "Example",
    "Kink",
    "Line",
    "Node",
    "Prose",
    "Span",
    "Step",
    "parse_block",
    "parse_document",
    "parse_expression",
    "to_source",
]


def parse_expression(text: str, path: str = "<expression>", known: Collection[str] | None = None) -> Term:
    """Return the term that ``text`` writes; bare names between index brackets are indices.

    ``known`` are the node names that it may call (None: any).
    Raises SourceError with the exact place of a mistake.
    """
    source = Source(text, path)
    parser = Parser(source, tokenize(source, 1, len(source.lines)), Scope(known=known, is_free=True))
    term = parser.expression(ANYTHING)
    while parser.accept("newline"):
        pass
    parser.finish("an operator or the end")
    return term

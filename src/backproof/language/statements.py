"""Text to documents: the statements of the derive fences, each read by the function that its first word names."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import takewhile
from typing import Final

from backproof.language.claims import read_claim, read_continuation, read_given
from backproof.language.document import Document, Prose
from backproof.language.drafts import Reading
from backproof.language.fences import Fence, split
from backproof.language.lexer import Source, Token, tokenize
from backproof.language.nodes import read_assignment, read_example, read_header, read_kink
from backproof.language.parser import Parser
from backproof.language.scope import Scope

#: The reader of every statement, by its first word.
READERS: Final[dict[str, Callable[[Reading, Parser], None]]] = {
    "node": read_header,
    "graph": read_header,
    "at": read_kink,
    "example": read_example,
    "given": read_given,
    "claim": read_claim,
    "=": read_continuation,
}


def parse_document(text: str, path: str = "<text>", known: Collection[str] | None = None) -> Document:
    """Return what a derivation file says; ``known`` are the node names that it may call (None: any).

    Raises SourceError at the exact place of a mistake.
    """
    source = Source(text, path)
    title, pieces = split(source)
    return _document(source, known, title, pieces)


def parse_block(text: str, path: str = "<text>", known: Collection[str] | None = None, line: int = 1) -> Document:
    """Return what the inside of a derive fence says, without title and prose; it starts on ``line`` of ``path``.

    Raises SourceError at the exact place of a mistake, counted in ``path``.
    """
    source = Source("\n" * (line - 1) + text, path)
    return _document(source, known, "", [Fence(line, len(source.lines))])


def _document(source: Source, known: Collection[str] | None, title: str, pieces: list[Prose | Fence]) -> Document:
    fences = [piece for piece in pieces if isinstance(piece, Fence)]
    statements = {fence: _statements(source, fence) for fence in fences}
    in_order = [words for fence in fences for words in statements[fence]]
    reading = Reading(source, known, _headers(in_order), pending=in_order[::-1])
    for piece in pieces:
        if isinstance(piece, Prose):
            reading.blocks.append(piece)
            continue
        for statement in statements[piece]:
            reading.pending.pop()
            _read(reading, Parser(source, statement, Scope()))
        reading.forget_given()
    if fences and all(isinstance(block, Prose) for block in reading.blocks):
        source.fail("the derive blocks define no node, graph or claim", max(1, fences[0].first - 1), 1)
    return Document(source.path, title, reading.finish(), "\n".join(source.lines))


def _statements(source: Source, fence: Fence) -> list[list[Token]]:
    """Return the statements of a fence, each ending with its ``newline`` token."""
    found: list[list[Token]] = []
    current: list[Token] = []
    for token in tokenize(source, fence.first, fence.last):
        current.append(token)
        if token.kind == "newline":
            found.append(current)
            current = []
    return found


def _headers(statements: list[list[Token]]) -> dict[str, int]:
    """Return the names of the nodes and graphs, with the lines of their headers."""
    found: dict[str, int] = {}
    for words in statements:
        if words[0].text in ("node", "graph"):
            name = takewhile(lambda token: token.kind in ("name", "number", "-"), words[1:])
            found.setdefault("".join(token.text for token in name).replace("_", "-"), words[0].line)
    return found


def _read(reading: Reading, parser: Parser) -> None:
    word = parser.token.text
    if word != "=":
        reading.chain = None
    READERS.get(word, read_assignment)(reading, parser)

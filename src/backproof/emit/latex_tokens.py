"""The words of our own LaTeX, and a cursor over them whose mistakes have a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, NoReturn

from backproof.errors import SourceError

_TOKEN: Final = re.compile(
    r"(?P<skip>\s+|\{\}|\\,|\\quad\b|\\(?:big|Big|bigg|Bigg)[lr](?![A-Za-z]))"
    r"|(?P<rowend>\\\\(?:\[\d+pt\])?)"
    r"|(?P<text>\\text\{[^{}]*\})"
    r"|(?P<word>\\mathit\{(?:[^{}\\]|\\[A-Za-z]+\{\}|\\.)*\}|\\mathcal\{L\})"
    r"|(?P<below>\\mathrm\{\w+\})"
    r"|(?P<operator>\\operatorname\{[^{}]*\})"
    r"|(?P<number>\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<letter>[A-Za-z]'*)"
    r"|(?P<command>\\[A-Za-z]+|\\.)"
    r"|(?P<sign>[-+/^_=<>()\[\]{}&,])"
)


class Token(NamedTuple):
    """A word of LaTeX and where it starts."""

    kind: str
    text: str
    at: int


class Cursor:
    """The tokens of a formula and the place that reading has reached."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.tokens = list(self._tokens(text))
        self.place = 0

    def _tokens(self, text: str) -> Iterator[Token]:
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                self.fail("this is not LaTeX that backproof writes", at)
            if match.lastgroup != "skip":
                yield Token(match.lastgroup or "", match[0], at)
            at = match.end()
        yield Token("end", "", len(text))

    def fail(self, message: str, at: int) -> NoReturn:
        """Raise a SourceError at a place of the text."""
        line, start = self.source.count("\n", 0, at) + 1, self.source.rfind("\n", 0, at) + 1
        raise SourceError("<latex>", line, at - start + 1, message, self.source[start:].split("\n", 1)[0])

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def ahead(self, count: int) -> Token:
        """Return the token so many places further on, or the end."""
        return self.tokens[min(self.place + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Return the token and go on."""
        found = self.token
        self.place += found.kind != "end"
        return found

    def accept(self, text: str) -> bool:
        """Go on if the token is ``text``."""
        found = self.token.text == text
        self.place += found
        return found

    def expect(self, text: str) -> None:
        """Go on from ``text``, or fail."""
        if not self.accept(text):
            self.fail(f"expected {text}", self.token.at)

    def finish(self) -> None:
        """Fail unless everything was read."""
        if self.token.kind != "end":
            self.fail("expected an operator or the end", self.token.at)

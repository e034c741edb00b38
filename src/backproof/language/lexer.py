"""Text to tokens: exact decimals, ASCII names, and the place of everything; it knows what may not be in a file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple, NoReturn

from backproof.errors import SourceError
from backproof.language import grammar


class Token(NamedTuple):
    """A word of the source: ``kind`` is ``name``, ``number``, ``reason``, ``newline``, ``end`` or the sign itself."""

    kind: str
    text: str
    line: int
    column: int

    @property
    def end(self) -> int:
        """The column after the last character."""
        return self.column + len(self.text)

    def __str__(self) -> str:
        ends = {"newline": "the end of the line", "end": "the end", "reason": "'--'"}
        return ends.get(self.kind, f"'{self.text[:40]}'")


class Source:
    """A text with its path; it makes the errors that point into it."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.count = 0
        self.lines = text.removeprefix("\ufeff").split("\n")
        if len(text) > grammar.MAX_CHARACTERS:
            limit = f"{grammar.MAX_CHARACTERS:,}"
            raise SourceError(path, 1, 1, f"the text is longer than {limit} characters")
        for line, shown in enumerate(self.lines if "\r" in text else (), start=1):
            alone = shown.find("\r", 0, -1)
            if alone >= 0:
                self.fail("a carriage return stands alone; a line ends with a line feed", line, alone + 1)

    def fail(self, message: str, line: int, column: int) -> NoReturn:
        """Raise a SourceError at this place."""
        shown = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        printable = "".join(c if c.isprintable() else " " for c in shown.rstrip())
        raise SourceError(self.path, line, column, message, printable)

    def fail_at(self, token: Token, message: str) -> NoReturn:
        """Raise a SourceError at this token."""
        self.fail(message, token.line, token.column)


_TOKEN: Final = re.compile(
    r"(?P<space>[ \t]+)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*'*)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<reason>--.*)|(?P<comment>#.*)"
    r"|(?P<sign>->|<=|>=|!=|[-+*/^()\[\],:=<>])"
)
_AFTER_NUMBER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\.[0-9.]*")
#: What people type, and what the language writes instead.
_HINTS: Final[dict[str, str]] = {
    "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "∙": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/",
    "²": "^2", "³": "^3", "≤": "<=", "≥": ">=", "≠": "!=", "∞": "inf", "π": "pi", "√": "sqrt(…)",
    "∂": "dx for the gradient of x", "σ": "sigma", "→": "->", "∑": "sum[k](…)", "**": "^",
    "==": "=", "&": "and", "|": "or", "!": "not", "~": "not", "%": "x/100", "{": "(", "}": ")",
    ";": "one statement per line",
}  # fmt: skip
_LARGEST: Final = Fraction(10) ** grammar.MAX_EXPONENT
_OPENING: Final = frozenset("([")
_CLOSING: Final = frozenset(")]")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def describe(character: str) -> str:
    """Name a character that has no place in the language, and what to write instead."""
    name = unicodedata.name(character, "a control character")
    shown = f"'{character}' " if character.isprintable() else ""
    plain = unicodedata.normalize("NFKC", character)
    hint = _HINTS.get(character) or (plain if plain.isascii() and plain.isprintable() else "")
    code = "" if character.isascii() and character.isprintable() else f"(U+{ord(character):04X} {name})"
    wanted = f"; write {hint}" if hint and hint != character else ""
    return f"unexpected character {shown}{code}".rstrip() + wanted


def _refuse(source: Source, line: int, start: int) -> NoReturn:
    text = source.lines[line - 1]
    if text[start] == "." and text[start + 1 : start + 2].isdigit():
        source.fail("a number starts with a digit; write 0.5", line, start + 1)
    source.fail(describe(text[start]), line, start + 1)


def _check_number(source: Source, token: Token, text: str) -> None:
    after = _AFTER_NUMBER.match(text, token.end - 1)
    if after:
        rest = after.group()
        hint = f"write {token.text}*{rest}" if rest[0].isalpha() else "write it as 1000 or 0.5"
        source.fail_at(token, f"'{token.text[:40]}{rest[:40]}' is no number; {hint}")
    mantissa, _, exponent = token.text.lower().partition("e")
    if not exponent and len(mantissa) < grammar.MAX_EXPONENT:
        return
    if len(mantissa.replace(".", "")) > grammar.MAX_DIGITS or len(exponent) > grammar.MAX_DIGITS:
        source.fail_at(token, f"the number has more than {grammar.MAX_DIGITS} digits")
    value = number(token.text)
    if value and not 1 / _LARGEST <= value <= _LARGEST:
        limit = grammar.MAX_EXPONENT
        source.fail_at(token, f"the number lies outside 1e-{limit} … 1e{limit}")


def number(text: str) -> Fraction:
    """Return the exact value of a decimal; far outside the limits, some value outside them."""
    if text.isdigit():
        return Fraction(int(text))
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    bound = 3 * (grammar.MAX_DIGITS + grammar.MAX_EXPONENT)
    shift = max(-bound, min(bound, int(exponent or 0))) - len(decimals)
    return int(whole + decimals) * Fraction(10) ** shift


def _check_unseen(source: Source, token: Token) -> None:
    """Refuse control, direction and unassigned characters in a reason or a comment."""
    for offset, character in enumerate(token.text):
        if character != "\t" and unicodedata.category(character) in _UNSEEN:
            _refuse(source, token.line, token.column - 1 + offset)


def _line_tokens(source: Source, line: int, start: int, stop: int) -> Iterator[Token]:
    text = source.lines[line - 1]
    while start < stop:
        found = _TOKEN.match(text, start, stop)
        if found is None:
            _refuse(source, line, start)
        kind = found.lastgroup or ""
        start, begin = found.end(), start
        if kind == "space":
            continue
        token = Token(kind if kind != "sign" else found.group(), found.group(), line, begin + 1)
        source.count += 1
        if source.count > grammar.MAX_TOKENS:
            source.fail_at(token, f"more than {grammar.MAX_TOKENS:,} words, numbers and signs")
        _check(source, token, text)
        if kind != "comment":
            yield token


def _check(source: Source, token: Token, text: str) -> None:
    if token.kind == "number":
        _check_number(source, token, text)
    elif token.kind in ("reason", "comment"):
        if token.kind == "reason" and text[: token.column - 1][-1:].strip(" \t"):
            source.fail_at(token, "'--' starts a reason, with a space before it; two signs are written -(-x)")
        _check_unseen(source, token)
    elif token.kind == "name" and len(token.text) > grammar.MAX_NAME:
        source.fail_at(token, f"the name is longer than {grammar.MAX_NAME} characters")
    elif token.kind in "*=" and text[token.column : token.column + 1] == token.kind:
        right = _HINTS[token.kind * 2]
        source.fail_at(token, f"'{token.kind * 2}' is not used here; write {right}")


def tokenize(source: Source, first: int, last: int) -> list[Token]:
    """Return the tokens of the lines ``first`` to ``last``; some statements go on over several lines.

    An open bracket carries a statement over its line, and so does a comma or an arrow at its end, or an arrow at
    the start of the next line.  The list ends with an ``end`` token, every statement with a ``newline`` token.
    """
    tokens: list[Token] = []
    opened: list[Token] = []
    for line in range(first, last + 1):
        text = source.lines[line - 1]
        stop = len(text) - text.endswith("\r")
        for token in _line_tokens(source, line, 0, stop):
            if token.kind == "->" and tokens and tokens[-1].kind == "newline":
                tokens.pop()
            if token.kind in _OPENING:
                opened.append(token)
            elif token.kind in _CLOSING and opened:
                opened.pop()
            elif token.kind == "reason" and opened:
                source.fail_at(opened[-1], f"'{opened[-1].text}' is not closed before the reason")
            tokens.append(token)
        if not opened and tokens and tokens[-1].kind not in ("newline", ",", "->"):
            tokens.append(Token("newline", "", line, stop + 1))
    place = (last, len(source.lines[last - 1]) + 1) if last >= first else (first, 1)
    if tokens and tokens[-1].kind != "newline":
        tokens.append(Token("newline", "", *place))
    tokens.append(Token("end", "", *place))
    return tokens

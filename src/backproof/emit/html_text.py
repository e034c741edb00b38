"""The author's Markdown as HTML: paragraphs, lists, code, links and the TeX that prose may use, as MathML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Final

from backproof.emit.mathml import math
from backproof.emit.names import GREEK
from backproof.emit.prose import SIGNS, is_safe, paragraphs

_INLINE: Final = re.compile(
    r"`(?P<code>[^`\n]+)`|\$(?P<math>[^$]+)\$|\*\*(?P<strong>[^*]+)\*\*|\*(?P<emphasis>[^*\s][^*]*)\*"
    r"|\[(?P<link>[^\]]+)\]\((?P<target>[^)\s]*)\)|(?P<plain>[^`$*\[]+|.)",
    re.DOTALL,
)
_PAGE: Final = re.compile(r"(?:\./)?([a-z0-9-]+)\.md(#[\w-]*)?")
_DEEPEST: Final = 30


def blocks(markdown: str) -> Iterator[str]:
    """Yield paragraphs, and lists of those that start with a bullet."""
    for is_item, found in groupby(paragraphs(markdown), key=lambda text: text.startswith("• ")):
        if is_item:
            items = "".join(f"<li>{inline(text[2:])}</li>" for text in found)
            yield f"<ul>{items}</ul>"
        else:
            yield from (f"<p>{inline(text)}</p>" for text in found)


def inline(text: str) -> str:
    """Return one line of Markdown as HTML that shows it and does nothing else."""
    return "".join(_span(match) for match in _INLINE.finditer(text))


def _span(match: re.Match[str]) -> str:
    kind = "link" if match["link"] is not None else match.lastgroup or "plain"
    text = match[kind]
    if kind == "math":
        return tex(text)
    if kind == "link":
        return _link(text, match["target"])
    tag = {"code": "code", "strong": "strong", "emphasis": "em"}.get(kind)
    return f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text)


def _link(text: str, target: str) -> str:
    """Return a link to a page of the same site or to the web; anything else is its text alone."""
    page = _PAGE.fullmatch(target)
    if page is None and not re.match(r"https?://[\w.-]+(/|\Z)", target):
        return escape(text)
    found = f"{page[1]}.html{page[2] or ''}" if page else target
    return f'<a href="{escape(found)}">{escape(text)}</a>'


def tex(source: str) -> str:
    """Return TeX of an author's prose as MathML; what is not in the subset is shown as it was typed."""
    if not is_safe(source) or source.count("{") > _DEEPEST:
        return f"<code>{escape(source)}</code>"
    return math(_Reader(_TOKEN.findall(source)).row(""))


_TOKEN: Final = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
_OPERATORS: Final = dict(zip("-*/=<>+,;:!|()[]'", "−∗/=<>+,;:!|()[]′", strict=True))
_TIGHT: Final = {"/": ' lspace="0" rspace="0"', "∂": ' lspace="0"'}
_NAMED: Final = {
    "exp", "log", "ln", "max", "min", "sin", "cos", "tan", "sinh", "cosh", "tanh",
}  # fmt: skip
_SPACES: Final = {",": "0.17em", ";": "0.28em", ":": "0.22em", "!": "0", "quad": "1em", "qquad": "2em"}
_FONTS: Final = {"mathrm", "text", "operatorname", "mathit", "mathbf", "mathbb", "mathcal"}
_ACCENTS: Final = {"hat": "^", "bar": "¯", "tilde": "~", "vec": "→"}
_MORE: Final = {
    "int": "∫", "prod": "∏", "pm": "±", "mp": "∓", "lvert": "|", "rvert": "|", "lVert": "‖", "rVert": "‖",
    "Vert": "‖", "dots": "…", "ldots": "…", "cdots": "⋯", "equiv": "≡", "sim": "∼", "mid": "∣", "mapsto": "↦",
    "circ": "∘", "top": "⊤", "langle": "⟨", "rangle": "⟩", "nabla": "∇", "forall": "∀", "exists": "∃",
    "implies": "⇒", "iff": "⇔", "{": "{", "}": "}", "|": "‖", "neq": "≠", "geq": "≥", "leq": "≤", "sum": "∑",
}  # fmt: skip


@dataclass(slots=True)
class _Reader:
    """Tokens of TeX, read from the front."""

    tokens: Iterable[str]
    at: int = 0
    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.found = list(self.tokens)

    def next(self) -> str:
        self.at += 1
        return self.found[self.at - 1] if self.at <= len(self.found) else ""

    def peek(self) -> str:
        return self.found[self.at] if self.at < len(self.found) else ""

    def row(self, end: str) -> str:
        """Return what stands up to ``end`` (or the end) with its scripts."""
        parts: list[str] = []
        while self.at < len(self.found):
            part = self.next()
            if part == end:
                break
            if part in ("^", "_"):
                self.script(parts, part)
            else:
                parts.append(self.atom(part))
        return "".join(parts)

    def script(self, parts: list[str], sign: str) -> None:
        base = parts.pop() if parts else "<mrow></mrow>"
        first = self.argument()
        other = {"^": "_", "_": "^"}[sign]
        if self.peek() != other:
            tag = "msup" if sign == "^" else "msub"
            parts.append(f"<{tag}>{base}{first}</{tag}>")
            return
        self.next()
        second = self.argument()
        below, above = (first, second) if sign == "_" else (second, first)
        parts.append(f"<msubsup>{base}{below}{above}</msubsup>")

    def argument(self) -> str:
        part = self.next()
        return f"<mrow>{self.row('}') if part == '{' else self.atom(part)}</mrow>"

    def words(self) -> str:
        if self.peek() != "{":
            return self.next()
        self.next()
        taken = []
        while self.at < len(self.found) and (part := self.next()) != "}":
            taken.append(part)
        return "".join(taken)

    def atom(self, part: str) -> str:
        if part == "{":
            return f"<mrow>{self.row('}')}</mrow>"
        if part.startswith("\\"):
            return self.command(part[1:])
        if part[:1].isdigit():
            return f"<mn>{part}</mn>"
        if part in _OPERATORS:
            return f"<mo{_TIGHT.get(part, '')}>{escape(_OPERATORS[part])}</mo>"
        return f"<mi>{escape(part)}</mi>"

    def command(self, name: str) -> str:
        if name == "frac":
            return f"<mfrac>{self.argument()}{self.argument()}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.argument()}</msqrt>"
        if name in _ACCENTS:
            return f"<mover>{self.argument()}<mo>{_ACCENTS[name]}</mo></mover>"
        if name in _FONTS:
            return f"<mi>{escape(self.words())}</mi>"
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"></mspace>'
        if name in GREEK or name in _NAMED or name == "ell":
            return f"<mi>{GREEK.get(name, 'ℓ' if name == 'ell' else name)}</mi>"
        sign = _MORE.get(name, SIGNS.get(name, ""))
        return f"<mo{_TIGHT.get(sign, '')}>{escape(sign)}</mo>" if sign else ""

"""The author's Markdown: paragraphs, emphasis, code and mathematics, for the formats that are not Markdown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from backproof.emit.latex_text import escape
from backproof.emit.names import GREEK
from backproof.emit.text_style import superscript

_INLINE: Final = re.compile(
    r"`(?P<code>[^`\n]+)`|\$(?P<math>[^$]+)\$|\*\*(?P<strong>[^*]+)\*\*|\*(?P<emphasis>[^*\s][^*]*)\*"
    r"|\[(?P<link>[^\]]+)\]\([^)\s]*\)|(?P<plain>[^`$*\[]+|.)",
    re.DOTALL,
)
#: The commands that prose may use in mathematics; anything else in a stranger's file is printed, not run.
_ALLOWED: Final = frozenset(
    r"""frac sqrt partial sum prod int cdot times le ge leq geq ne neq pm mp to infty exp log ln max min sin cos
    tan sinh cosh tanh left right bigl bigr lvert rvert lVert rVert quad qquad in mathrm mathit mathbf mathbb
    mathcal operatorname text hat bar tilde vec dots ldots cdots approx equiv sim mid mapsto circ odot top
    Vert langle rangle nabla ell forall exists implies iff , ; : ! { } | \\""".split()  # noqa: SIM905 (reads as words)
) | frozenset(GREEK)
_COMMAND: Final = re.compile(r"\\([A-Za-z]+|.|\Z)", re.DOTALL)
SIGNS: Final = {
    "cdot": "·", "times": "×", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
    "partial": "∂", "sum": "Σ", "infty": "∞", "to": "→", "in": "∈", "approx": "≈", "odot": "⊙", **GREEK,
}  # fmt: skip


def visible(text: str) -> str:
    """Return ``text`` without control and formatting characters, which could act on a terminal or hide words."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf"))


def paragraphs(markdown: str) -> Iterator[str]:
    """Yield the paragraphs, each on one line; headings lose their signs, items of lists get a bullet."""
    for block in re.split(r"\n\s*\n|\n(?=[ ]*(?:[-*+]|\d+\.)[ ])", markdown.strip()):
        text = re.sub(r"(?m)^\s*#+\s*", "", re.sub(r"^[ ]*[-*+][ ]+", "• ", block))
        if text.strip():
            yield re.sub(r"\s*\n\s*", " ", text).strip()


def _spans(text: str) -> Iterator[tuple[str, str]]:
    for match in _INLINE.finditer(text):
        kind = match.lastgroup or "plain"
        yield kind, match[kind]


def _balanced(mathematics: str) -> bool:
    depth = 0
    for sign in re.findall(r"\\.|[{}]", mathematics, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
    return depth == 0


def is_safe(mathematics: str) -> bool:
    """Say whether the author's TeX uses known commands only, so that it can neither read nor break anything."""
    commands = _COMMAND.findall(mathematics)
    tame = not re.search(r"[%#\n\x00-\x1f]|\^\^|(?<!\\)[&~]", mathematics)
    return tame and _balanced(mathematics) and all(name in _ALLOWED for name in commands)


def _mathematics(text: str) -> str:
    return f"${text}$" if is_safe(text) else escape(f"${text}$")


def _raised(found: re.Match[str]) -> str:
    return superscript(found[1]) or f"^({found[1]})"


#: What TeX looks like on one line, applied in turn.
_ON_A_LINE: Final[tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]] = (
    (r"\\(?:mathrm|mathit|mathbf|mathbb|mathcal|operatorname|text)\{([^{}]*)\}", r"\1"),
    (r"\^\s*(?:\\top|\{\\top\})", "ᵀ"),
    (r"\\sqrt\s*\{([^{}]*)\}", r"√(\1)"),
    (r"\\sqrt\s*", "√"),
    (r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2"),
    (r"\^\{([^{}\\]+)\}", _raised),
    (r"\^([^\s\\{}()])", _raised),
    (r"\s*\\(?:[,;: ]|q?quad(?![A-Za-z]))\s*", " "),
)


def _strip_tex(text: str) -> str:
    for pattern, shown in _ON_A_LINE:
        text = re.sub(pattern, shown, text)
    text = _COMMAND.sub(lambda match: SIGNS.get(match[1], match[1] if match[1].isalpha() else ""), text)
    return text.replace("{", "").replace("}", "")


_LATEX: Final[dict[str, Callable[[str], str]]] = {
    "code": lambda text: rf"\texttt{{{escape(text)}}}",
    "math": _mathematics,
    "strong": lambda text: rf"\textbf{{{escape(text)}}}",
    "emphasis": lambda text: rf"\emph{{{escape(text)}}}",
    "link": escape,
    "plain": escape,
}


def to_latex(text: str) -> str:
    """Return one paragraph of Markdown as LaTeX."""
    return "".join(_LATEX[kind](span) for kind, span in _spans(text))


def to_text(text: str) -> str:
    """Return one paragraph of Markdown as plain text."""
    return "".join(_strip_tex(span) if kind == "math" else span for kind, span in _spans(text))

"""The derivation as Markdown for forges: mathematics in ``$$`` blocks that survive Markdown's own escapes.

GitHub removes a backslash before punctuation even inside ``$$`` and refuses ``\\operatorname``, so this style has
``\\cr`` for the end of a row, ``\\thinspace`` for a thin space, and words in ``\\text``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.boxes import Construct, Joint, Style
from backproof.emit.latex_rows import Rows
from backproof.emit.latex_style import LATEX
from backproof.emit.modes import LINE
from backproof.emit.names import Name, Scope, derivation_scope
from backproof.emit.outline import (
    Block,
    Equations,
    Markup,
    Prose,
    Remark,
    Section,
    Table,
    Words,
    outline,
    summary,
)  # fmt: skip
from backproof.emit.typography import Typesetter
from backproof.terms import Term

#: Ems of a forge's page.
_PAGE: Final = 48.0


def _name(name: Name) -> str:
    if not name.is_word:
        return LATEX.name(name)
    return rf"\textit{{{' '.join([*name.base.split('_'), name.subscript]).strip()}}}"


def _operator(text: str, pad: float) -> Construct:
    return Construct(rf"\text{{{text}}}_ {{", "", "}", pad)


MARKDOWN: Final[Style] = replace(
    LATEX,
    constructs={
        **LATEX.constructs,
        "index": Construct("", "_ {", "}", 0.1),
        "index of a subscript": Construct("{", "}_ {", "}", 0.1),
        "operator": Construct(r"\text{", "", "}"),
        "size": Construct(r"\text{size of }", "", "", 3),
        "cases": Construct(r"\begin{cases} ", r" \cr ", r" \end{cases}", 1.2),
        "mean": _operator("mean", 2.6),
        "logsumexp": _operator("logsumexp", 5.5),
    },
    joints={
        **LATEX.joints,
        "thin": Joint(r" \thinspace ", r"{} \cdot ", 0.2),
        "lt": Joint(r" \lt ", r"{} \lt ", 1.4),
        "gt": Joint(r" \gt ", r"{} \gt ", 1.4),
    },
    words={**LATEX.words, **dict.fromkeys(("row end", "tall row end", "chain end"), r"\cr")},
    name=_name,
)


def emit_markdown(derivation: Derivation) -> str:
    """Return the derivation as a Markdown document."""
    page = _Page(derivation_scope(derivation))
    first, *rest = outline(derivation)
    parts = [f"# {plain(first.title)}", *page.blocks(first)]
    for section in rest:
        parts += [f"## {section.title}", *page.blocks(section)]
    return "\n\n".join([*parts, summary(derivation)]) + "\n"


def plain(text: str) -> str:
    """Return ``text`` as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|$~&])", r"\\\1", text)


def _said(text: str) -> str:
    """Return the author's words for ``\\text``, without the signs that Markdown or TeX would act on."""
    return re.sub(r"[\\{}$&#^_~%*`<>]", " ", prose.to_text(text))


class _Page:
    """The blocks of one document, in its scope."""

    def __init__(self, scope: Scope) -> None:
        self.typeset = Typesetter(MARKDOWN, scope)
        self.rows = Rows(self.typeset, _PAGE, _said)

    def blocks(self, section: Section) -> Iterator[str]:
        for block in section.blocks:
            yield self.block(block)

    def block(self, block: Block) -> str:
        match block:
            case Equations():
                body = self.rows.body(block)
                return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"
            case Table():
                return self.table(block)
            case Remark():
                return self.words(block.words)
            case Prose():
                return block.markdown

    def words(self, words: Words) -> str:
        return "".join(self.word(word) for word in words)

    def word(self, word: str | Term | Markup) -> str:
        if isinstance(word, Term):
            return f"${self.typeset(word, LINE).text}$"
        return word.text if isinstance(word, Markup) else plain(word)

    def table(self, block: Table) -> str:
        header = block.header or ("",) * len(block.sides)
        lines = [
            header,
            ["--:" if side == "r" else ":--" for side in block.sides],
            *([self.words(cell) for cell in row] for row in block.rows),
        ]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

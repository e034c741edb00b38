r"""The derivation as LaTeX: a fragment for article with amsmath, or a whole article."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.latex_rows import Rows
from backproof.emit.latex_style import LATEX
from backproof.emit.latex_text import escape
from backproof.emit.modes import LINE
from backproof.emit.names import Scope, derivation_scope
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

#: Ems between the margins of an article in 10pt, and of a document of our own.
_PAGE: Final = 34.0
_WIDE: Final = 40.0
_OPENING: Final = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[hmargin=35mm, vmargin=25mm]{geometry}
\usepackage{amsmath}
\begin{document}
"""


def emit_latex(derivation: Derivation, *, standalone: bool = False, wide: bool = False) -> str:
    """Return the derivation as a fragment, or with ``standalone`` as a document of its own.

    A ``wide`` fragment fits between the margins of such a document, others between those of any article.
    """
    page = Page(derivation_scope(derivation), _WIDE if wide or standalone else _PAGE)
    first, *rest = outline(derivation)
    parts = [rf"\section*{{{escape(first.title)}}}", *page.blocks(first)]
    for section in rest:
        parts += [rf"\subsection*{{{escape(section.title)}}}", *page.blocks(section)]
    parts += [rf"\smallskip\noindent {escape(summary(derivation))}", r"\endgroup", ""]
    fragment = "\n".join([r"\begingroup\allowdisplaybreaks", *parts])
    return article([fragment]) if standalone else fragment


def article(fragments: Iterable[str]) -> str:
    """Return a whole document of fragments."""
    return _OPENING + "\n".join(fragments) + "\\end{document}\n"


def term_latex(term: Term, scope: Scope) -> str:
    """Return ``term`` as it stands between dollar signs."""
    return Typesetter(LATEX, scope)(term).text


class Page:
    """The blocks of one document, in its scope, on lines of at most ``width`` ems."""

    def __init__(self, scope: Scope, width: float = _PAGE) -> None:
        self.typeset = Typesetter(LATEX, scope)
        self.rows = Rows(self.typeset, width, prose.to_latex, self.boxed)

    def blocks(self, section: Section) -> Iterator[str]:
        for block, after in zip_longest(section.blocks, section.blocks[1:]):
            leads = isinstance(block, Remark) and isinstance(after, Equations)
            text = self.block(block)
            yield text.rstrip() if leads else text

    def block(self, block: Block) -> str:
        match block:
            case Equations():
                return f"\\begin{{align*}}\n{self.rows.body(block)}\n\\end{{align*}}\n"
            case Table():
                return self.table(block)
            case Remark():
                return rf"\noindent {self.words(block.words)}" + "\n"
            case Prose():
                return "\n\n".join(map(prose.to_latex, prose.paragraphs(block.markdown))) + "\n"

    def words(self, words: Words) -> str:
        return "".join(self.word(word) for word in words)

    def word(self, word: str | Term | Markup) -> str:
        if isinstance(word, Term):
            return f"${self.typeset(word, LINE).text}$"
        return prose.to_latex(word.text) if isinstance(word, Markup) else escape(word)

    def boxed(self, words: Words, ems: float) -> str:
        return rf"\parbox[t]{{{ems:.1f}em}}{{\raggedright {self.words(words)}}}"

    def table(self, block: Table) -> str:
        header = [" & ".join(map(escape, block.header)) + r" \\ \hline"] if block.header else []
        rows = [" & ".join(self.words(cell) for cell in row) + r" \\" for row in block.rows]
        columns = block.sides if block.sides[-1] == "r" else rf"{block.sides[:-1]}p{{22em}}"
        lines = [rf"\begin{{tabular}}{{{columns}}}", *header, *rows, r"\end{tabular}"]
        return "\n".join([r"\begin{center}", *lines, r"\end{center}", ""])

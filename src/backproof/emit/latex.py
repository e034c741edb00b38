r"""The derivation as LaTeX: a fragment for article with amsmath, or a whole article."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.breaking import break_lines, line_text
from backproof.emit.latex_style import HANG, LATEX, escape, measure
from backproof.emit.names import Scope, derivation_scope
from backproof.emit.outline import (
    Block, Equations, Markup, Prose, Remark, Row, Section, Table, Words, outline, summary,
)  # fmt: skip
from backproof.emit.typography import Typesetter
from backproof.kernel.verdict import Kind
from backproof.terms import Term

#: Ems between the margins of an article in 10pt, and what a reason may take of them.
_PAGE: Final = 33.0
_ASIDE: Final = 12.0
_MARKS: Final = {
    Kind.PROVED: "", Kind.PROVED_IF: "", Kind.REFUTED: r"\textbf{false}", Kind.UNKNOWN: r"\textbf{not decided}",
}  # fmt: skip
_OPENING: Final = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\begin{document}
"""


def emit_latex(derivation: Derivation, *, standalone: bool = False) -> str:
    """Return the derivation as a fragment, or with ``standalone`` as a document of its own."""
    page = _Page(derivation_scope(derivation))
    first, *rest = outline(derivation)
    parts = [rf"\section*{{{escape(first.title)}}}", *page.blocks(first)]
    for section in rest:
        parts += [rf"\subsection*{{{escape(section.title)}}}", *page.blocks(section)]
    fragment = "\n".join([*parts, escape(summary(derivation)) + ".", ""])
    return f"{_OPENING}{fragment}\\end{{document}}\n" if standalone else fragment


def term_latex(term: Term, scope: Scope) -> str:
    """Return ``term`` as it stands between dollar signs."""
    return Typesetter(LATEX, scope)(term).text


class _Page:
    """The blocks of one document, in its scope."""

    def __init__(self, scope: Scope) -> None:
        self.typeset = Typesetter(LATEX, scope)

    def blocks(self, section: Section) -> Iterator[str]:
        for block in section.blocks:
            yield self.block(block)

    def block(self, block: Block) -> str:
        match block:
            case Equations():
                return self.equations(block)
            case Table():
                return self.table(block)
            case Remark():
                return self.words(block.words) + "\n"
            case Prose():
                return "\n\n".join(map(prose.to_latex, prose.paragraphs(block.markdown))) + "\n"

    def words(self, words: Words) -> str:
        return "".join(self.word(word) for word in words)

    def word(self, word: str | Term | Markup) -> str:
        if isinstance(word, Term):
            return f"${self.typeset(word).text}$"
        return prose.to_latex(word.text) if isinstance(word, Markup) else escape(word)

    def table(self, block: Table) -> str:
        header = " & ".join(map(escape, block.header))
        rows = [" & ".join(self.words(cell) for cell in row) for row in block.rows]
        body = " \\\\\n".join([f"{header} \\\\ \\hline", *rows]).replace("\\hline \\\\", "\\hline")
        return f"\\begin{{center}}\n\\begin{{tabular}}{{{'r' * len(block.header)}}}\n{body}\n\\end{{tabular}}\n\\end{{center}}\n"

    def equations(self, block: Equations) -> str:
        lefts = [self.typeset(row.left) if row.left else None for row in block.rows]
        indent = max(left.width if left else 0.0 for left in lefts) + 1.4
        asides = [min(_ASIDE, self.measured(row.reason)) for row in block.rows]
        middle = _PAGE - indent - max(asides) - 1.5
        rows = [
            line
            for row, left in zip(block.rows, lefts, strict=True)
            for line in self.row(row, left.text if left else "", middle)
        ]
        body = " \\\\\n".join(rows)
        return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"

    def measured(self, words: Words) -> float:
        return sum(
            self.typeset(word).width if isinstance(word, Term)
            else measure(word.text if isinstance(word, Markup) else word)
            for word in words
        )  # fmt: skip

    def row(self, row: Row, left: str, middle: float) -> Iterator[str]:
        first, *rest = break_lines(self.typeset(row.right), middle, HANG)
        yield f"{left} &= {line_text(first)}{self.reason(row)}"
        for line in rest:
            yield rf"&\quad {line_text(line)}"

    def reason(self, row: Row) -> str:
        mark = _MARKS[row.verdict.kind] if row.verdict else ""
        parts = [part for part in (self.words(row.reason), mark) if part]
        if not parts:
            return ""
        text = "; ".join(parts)
        if self.measured(row.reason) > _ASIDE:
            return rf" && \parbox[t]{{{_ASIDE:g}em}}{{\raggedright {text}}}"
        return rf" && \text{{{text}}}"

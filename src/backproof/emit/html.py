"""The derivation as HTML: formulas as MathML in a grid, every step linked to what it was proved by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape, unescape
from pathlib import Path
from typing import Final

from backproof.derivation import Derivation, JudgedStep
from backproof.emit.boxes import Box
from backproof.emit.breaking import break_lines
from backproof.emit.html_text import blocks, inline
from backproof.emit.latex_style import HANG
from backproof.emit.mathml import MATHML, line_mathml, math, settled
from backproof.emit.modes import LINE
from backproof.emit.names import derivation_scope
from backproof.emit.outline import (
    Block,
    Equations,
    Markup,
    Prose,
    Remark,
    Row,
    Section,
    Table,
    Words,
    has_backward,
    outline,
    refutation,
    spread,
    summary,
    unchecked,
)
from backproof.emit.svg import identifier
from backproof.emit.typography import Typesetter
from backproof.kernel.verdict import Kind
from backproof.terms import Term

ASSETS: Final = Path(__file__).parent / "assets"
#: Ems that the right side of an equation may take.
_ROOM: Final = 29.0
_MARKS: Final = {
    Kind.PROVED: ("✓", "proved"),
    Kind.PROVED_IF: ("✓", "proved-if"),
    Kind.REFUTED: ("✗", "refuted"),
    Kind.UNKNOWN: ("?", "unknown"),
}
_SAID: Final = {
    Kind.PROVED: "proved", Kind.PROVED_IF: "proved under a condition", Kind.REFUTED: "false",
    Kind.UNKNOWN: "not decided",
}  # fmt: skip
_EQUALS: Final = '<mo form="infix">=</mo>'


def emit_html(derivation: Derivation, *, standalone: bool = False) -> str:
    """Return the derivation as a fragment of a page, or with ``standalone`` as a page of its own."""
    written = Writer(derivation)
    title, *rest = written.sections()
    body = "\n".join([f"<h1>{title[1]}</h1>", title[2], *(written.section(*part) for part in rest), written.ending()])
    fragment = f'<article class="backproof" id="{written.prefix}">\n{body}\n</article>\n'
    return page(unescape(title[1]), fragment) if standalone else fragment


def page(title: str, fragment: str) -> str:
    """Return a whole page with a plain-text title that needs nothing but itself and the reader's mathematical font."""
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    style = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", style)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{fragment}</main>\n</body>\n</html>\n"
    )


class Writer:
    """The sections of one derivation; every id begins with the name of its node.

    ``certificates`` are links by the number of a step; without them a certificate stands on the page itself.
    """

    def __init__(self, derivation: Derivation, certificates: Mapping[int, str] | None = None) -> None:
        self.derivation = derivation
        self.certificates = certificates
        self.prefix = identifier(derivation.node.name)
        self.typeset = Typesetter(MATHML, derivation_scope(derivation))
        self.lines = {line.name for line in derivation.node.lines}
        self.proofs = iter(range(1, len(derivation.steps) + 1))
        self.named: set[str] = set()

    def sections(self) -> Iterator[tuple[str, str, str]]:
        """Yield (id, title, content) of every section; the first is the title of the page and its prose."""
        for section in outline(self.derivation):
            yield self.id(section.title), escape(section.title), self.content(section)
        if self.derivation.steps:
            yield self.id("proofs"), "Proofs", self.evidence()

    def id(self, part: str) -> str:
        return f"{self.prefix}-{identifier(part)}"

    def section(self, anchor: str, title: str, content: str, level: int = 2) -> str:
        """Return a section under its heading; only one of the second level is a landmark of the page."""
        label = f' aria-labelledby="{anchor}"' if level == 2 else ""
        return f'<section{label}>\n<h{level} id="{anchor}">{title}</h{level}>\n{content}\n</section>'

    def content(self, section: Section) -> str:
        return "\n".join(self.block(block) for block in section.blocks)

    def ending(self) -> str:
        """Return what was found of the steps, and what nobody checked."""
        said = " ".join(filter(None, (summary(self.derivation), unchecked(self.derivation))))
        return f'<p class="summary">{escape(said)}</p>'

    def block(self, block: Block) -> str:
        match block:
            case Equations():
                return self.several(block.rows) if block.many else self.equations(block)
            case Table():
                return self.table(block)
            case Remark():
                return f"<p>{self.words(block.words)}</p>"
            case Prose():
                return "\n".join(blocks(block.markdown))

    def words(self, words: Words) -> str:
        return "".join(self.word(word) for word in words)

    def word(self, word: str | Term | Markup) -> str:
        if isinstance(word, Term):
            return self.term(word)
        return inline(word.text) if isinstance(word, Markup) else escape(word)

    def term(self, term: Term, *, display: bool = False) -> str:
        """Return ``term`` as one formula on one line."""
        box = self.typeset(term) if display else self.typeset(term, LINE)
        return math(settled(box.text), display=display)

    def several(self, rows: Iterable[Row]) -> str:
        """Return short equations side by side."""
        items = (self._equation(row) for row in rows)
        return f'<ul class="many">{"".join(f"<li>{item}</li>" for item in items)}</ul>'

    def _equation(self, row: Row) -> str:
        left = settled(self.typeset(row.left).text) if row.left else ""
        return math(left + _EQUALS + settled(self.typeset(row.right).text), display=True)

    def equations(self, block: Equations) -> str:
        """Return rows whose equals signs stand below one another, each with its mark and reason."""
        rows = spread(block.rows, lambda term: self.typeset(term).width, _ROOM)
        body = "\n".join(self.row(row, block.apart) for row in rows)
        table = f'<table class="steps" role="presentation"><tbody>\n{body}\n</tbody></table>'
        return f'<div class="scroll" tabindex="0">{table}</div>'

    def row(self, row: Row, apart: bool) -> str:
        left = math(settled(self.typeset(row.left).text), display=True) if row.left else ""
        kind = ' class="first"' if apart and row.left else ""
        name = row.left.data if row.left is not None and row.left.head == "sym" else ""
        anchor = ""
        if row.verdict is None and name in self.lines - self.named:
            self.named.add(name)
            anchor = f' id="{self.prefix}-line-{name}"'
        reason = f"{self.mark(row)}<span>{self.reason(row.reason)}</span>"
        return f"<tr{kind}{anchor}><td>{left}</td><td>{self.right(self.typeset(row.right))}</td><td>{reason}</td></tr>"

    def right(self, box: Box) -> str:
        first, *rest = break_lines(box, _ROOM, HANG)
        turned = "".join(f'<div class="turned">{math(line_mathml(line), display=True)}</div>' for line in rest)
        return math(_EQUALS + line_mathml(first), display=True) + turned

    def mark(self, row: Row) -> str:
        if row.verdict is None:
            return ""
        sign, kind = _MARKS[row.verdict.kind]
        target, said = f"{self.prefix}-proof-{next(self.proofs)}", _SAID[row.verdict.kind]
        return f'<a class="mark {kind}" href="#{target}" title="{said}" aria-label="{said}: see the proof">{sign}</a>'

    def reason(self, words: Words) -> str:
        """Return the reason, linked to the line or the section that it names."""
        named = words[1] if len(words) > 1 and words[0] == "definition of " else None
        if isinstance(named, Term) and named.data in self.lines:
            target = f"{self.prefix}-line-{named.data}"
            return f'<a href="#{target}">{self.words(words[:2])}</a>{self.words(words[2:])}'
        if words and isinstance(words[0], Markup) and words[0].text == "chain rule" and has_backward(self.derivation):
            return f'<a href="#{self.id("Backward pass")}">chain rule</a>{self.words(words[1:])}'
        return self.words(words)

    def table(self, block: Table) -> str:
        titles = zip(block.header, block.sides, strict=False)
        header = "".join(
            f'<th scope="col" class="{side}">{escape(title)}</th>' if title else "<td></td>" for title, side in titles
        )
        head = f"<thead><tr>{header}</tr></thead>" if header else ""
        body = "\n".join(self._table_row(row, block.sides) for row in block.rows)
        return f'<div class="scroll" tabindex="0"><table class="data">{head}<tbody>\n{body}\n</tbody></table></div>'

    def _table_row(self, row: tuple[Words, ...], sides: str) -> str:
        first, *rest = row
        cells = (f'<td class="{side}">{self.words(cell)}</td>' for cell, side in zip(rest, sides[1:], strict=True))
        return f'<tr><th scope="row">{self.words(first)}</th>{"".join(cells)}</tr>'

    # -------------------------------------------------------------- evidence

    def evidence(self) -> str:
        """Return for every step what the kernel said of it, and on what ground."""
        items = "\n".join(self._proof(number, step) for number, step in enumerate(self.derivation.steps, 1))
        return f'<ol class="proofs">\n{items}\n</ol>'

    def _proof(self, number: int, step: JudgedStep) -> str:
        verdict = step.verdict
        place = f", line {step.span.line} of the file" if step.span else ""
        parts = [f"<strong>{_SAID[verdict.kind].capitalize()}</strong>{place}: {escape(self._ground(step))}"]
        if verdict.conditions:
            parts.append("Holds where " + ", ".join(self.term(condition) for condition in verdict.conditions) + ".")
        if verdict.kind is Kind.REFUTED:
            parts.append(f"False {self.words(refutation(verdict))}.")
        if verdict.kind is not Kind.UNKNOWN:
            parts.append(self._certificate(number, verdict.certificate))
        return f'<li id="{self.prefix}-proof-{number}">{" ".join(parts)}</li>'

    def _certificate(self, number: int, certificate: Mapping[str, object]) -> str:
        """Return where the evidence is that another program can check."""
        if self.certificates is not None and number in self.certificates:
            return f'<a href="{escape(self.certificates[number])}">Certificate</a>'
        if self.certificates is not None or not certificate or "unsupported" in certificate:
            return "No certificate: the second checker does not cover this step."
        data = escape(json.dumps(certificate, ensure_ascii=False))
        return f'<details><summary>certificate</summary><pre tabindex="0">{data}</pre></details>'

    def _ground(self, step: JudgedStep) -> str:
        verdict = step.verdict
        if verdict.kind is Kind.UNKNOWN:
            return f"{verdict.reason or 'the kernel found no proof and no counterexample'}."
        if verdict.kind is Kind.REFUTED:
            return verdict.reason or "both sides differ."
        cases = verdict.certificate.get("cases", 1)
        count = len(cases) if isinstance(cases, list | dict) else cases
        several = f"in each of {count} cases" if count != 1 else "on the whole domain"
        return f"both sides have the same exact normal form {several}."

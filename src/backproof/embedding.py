"""Derivations inside other people's documents: which parts are shown, in every format that such a document may take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import Final

from backproof import catalogue
from backproof.audit.documents import check_document
from backproof.audit.findings import Finding
from backproof.derivation import Derivation
from backproof.emit.html import Writer
from backproof.emit.latex import Page
from backproof.emit.latex_style import LATEX
from backproof.emit.latex_text import escape as escape_latex
from backproof.emit.mathml import term_mathml
from backproof.emit.modes import LINE
from backproof.emit.names import Scope, derivation_scope, split_name
from backproof.emit.outline import Section, outline
from backproof.emit.picture import Numbers, picture
from backproof.emit.svg import draw
from backproof.emit.text_style import TEXT
from backproof.emit.tikz import emit_tikz
from backproof.emit.typography import Typesetter
from backproof.errors import NotDerivable, SourceError, UnknownName
from backproof.language import parse_block, parse_document, parse_expression
from backproof.language.document import Document
from backproof.terms import Term, as_fraction, names

#: The parts of a derivation by the word that asks for them.
PARTS: Final = {
    "graph": "Computational graph", "locals": "Local derivatives", "backward": "Backward pass",
    "steps": "Derivation", "conventions": "Conventions", "numbers": "Numbers", "checked": "Checked by",
}  # fmt: skip
#: What is shown where nothing else is asked for.
USUAL: Final = ("steps", "conventions")
#: A picture no wider than the line.
_FITTED: Final = r"\begin{center}\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


@dataclass(frozen=True, slots=True)
class Embedded:
    """One thing in every format: ``html`` and ``latex`` stand in a document of that kind, ``text`` anywhere."""

    html: str
    latex: str
    text: str


def inline_document(text: str, path: str, line: int) -> Document:
    """Return the document that stands at ``line`` of ``path``: Markdown with derive fences, or one fence's inside."""
    if re.search(r"(?m)^ {0,3}(`{3,}|~{3,})[ \t]*derive\b", text):
        return parse_document("\n" * (line - 1) + text, path, catalogue.names())
    return parse_block(text, path, catalogue.names(), line)


def named_document(name: str, folder: Path) -> tuple[Document, Path]:
    """Return the document of a file, looked for in ``folder``, or of a name of the catalogue, and its file.

    Raises UnknownName, SourceError or OSError.
    """
    path = (folder / name).resolve()
    if not name.endswith(".md"):
        path = catalogue.path_of(name)
    return parse_document(path.read_text(encoding="utf-8"), str(path), catalogue.names()), path


def derivations_of(document: Document, node: str = "") -> tuple[list[Derivation], tuple[Finding, ...]]:
    """Return the derivations of a document (of one ``node`` if given), and everything found wrong or open in it.

    Raises UnknownName, and NotDerivable where there is nothing to show.
    """
    from backproof.cli.show import as_derivation, with_numbers

    report = check_document(document, numeric=False)
    shown = [with_numbers(derivation, True) for derivation in report.derivations]
    if node:
        shown = [each for each in shown if each.node.name == catalogue.normalise(node)]
        if not shown:
            raise UnknownName(node, tuple(each.node.name for each in report.derivations))
    else:
        shown += [as_derivation(claim, False) for claim in report.claims]
    if not shown and not report.findings:
        raise NotDerivable(f"{document.path} has no node and no claim")
    return shown, report.findings


def sections(derivation: Derivation, parts: tuple[str, ...]) -> tuple[Section, ...]:
    """Return the sections that ``parts`` name, in the order of the document."""
    wanted = {PARTS[part] for part in parts}
    return tuple(section for section in outline(replace(derivation, passages=()))[1:] if section.title in wanted)


def embed(derivation: Derivation, parts: tuple[str, ...] = USUAL, prefix: str = "") -> Embedded:
    """Return the parts of a derivation; ``prefix`` begins every id of its HTML."""
    shown = sections(derivation, parts)
    return Embedded(_html(derivation, shown, parts, prefix), _latex(derivation, shown), _text(derivation, shown))


def _html(derivation: Derivation, shown: tuple[Section, ...], parts: tuple[str, ...], prefix: str) -> str:
    writer = Writer(derivation if "backward" in parts else replace(derivation, pullbacks=()))
    writer.prefix = prefix or writer.prefix
    if "graph" not in parts:
        writer.lines = set()
    written = []
    for section in shown:
        heading = f'<p class="rubric">{escape(section.title)}</p>\n' if len(shown) > 1 else ""
        drawn = _figure(derivation, f"{writer.prefix}-picture") if _is_drawn(derivation, section) else ""
        written.append(f'<div id="{writer.id(section.title)}">\n{heading}{drawn}{writer.content(section)}\n</div>')
    if "steps" in parts and derivation.steps:
        written.append(f"<details><summary>Proofs</summary>\n{writer.evidence()}\n</details>")
    return "\n".join(['<div class="backproof">', *written, "</div>\n"])


def _is_drawn(derivation: Derivation, section: Section) -> bool:
    return section.title == PARTS["graph"] and bool(derivation.operations)


def _latex(derivation: Derivation, shown: tuple[Section, ...]) -> str:
    page = Page(derivation_scope(derivation))
    parts = [r"\begingroup\allowdisplaybreaks"]
    for section in shown:
        if len(shown) > 1:
            parts.append(rf"\par\medskip\noindent\textbf{{{escape_latex(section.title)}}}\par")
        if _is_drawn(derivation, section):
            parts.append(_fitted(emit_tikz(derivation)))
        parts += page.blocks(section)
    return "\n".join([*parts, r"\endgroup", ""])


def _text(derivation: Derivation, shown: tuple[Section, ...]) -> str:
    from backproof.emit.text import emit_text

    titles = {section.title for section in shown}
    blocks = re.split(r"\n\n(?=\S)", emit_text(derivation))
    return "\n\n".join(block for block in blocks if block.split("\n", 1)[0] in titles)


def embed_formula(text: str, path: str = "<formula>") -> Embedded:
    """Return one formula of the language as it stands in a sentence; ``dx`` is ∂L/∂x.  Raises SourceError."""
    term = parse_expression(text, path)
    scope = formula_scope(term)
    return Embedded(
        f'<span class="backproof">{term_mathml(term, scope)}</span>',
        f"${Typesetter(LATEX, scope)(term, LINE).text}$",
        Typesetter(TEXT, scope)(term).text,
    )


def formula_scope(term: Term) -> Scope:
    """Return the scope of a formula by itself: ``dx`` names a gradient where x is one letter or stands in it, too."""
    found = names(term)
    gradients = [name[1:] for name in found if name[:1] == "d" and len(name) > 1]
    variables = [name for name in gradients if name in found or not split_name(name).is_word]
    return Scope.of([*variables, *(name for name in found if name[:1] != "d" or name[1:] not in variables)])


def embed_graph(
    derivation: Derivation, prefix: str = "", upto: int | None = None, values: Mapping[str, Fraction] | None = None
) -> Embedded:
    """Return the picture of a graph, with numbers where ``values`` or the graph itself gives every input one.

    Raises NotDerivable where there is nothing to draw, and UnknownName for a value of what is no input.
    """
    if not derivation.operations:
        raise NotDerivable(f"{derivation.node.name} has no graph")
    numbers = _numbers(derivation, values or {})
    tikz = emit_tikz(derivation, upto=upto, numbers=numbers)
    return Embedded(
        f'<div class="backproof">{_figure(derivation, prefix or "graph", upto, numbers)}</div>\n',
        _fitted(tikz),
        picture(derivation, upto=upto, numbers=numbers).description,
    )


def _figure(derivation: Derivation, prefix: str, upto: int | None = None, numbers: Numbers | None = None) -> str:
    """Return the picture in a frame that scrolls where the page is much narrower."""
    from backproof.site.walk import shrinking

    drawing = shrinking(draw(picture(derivation, upto=upto, numbers=numbers), prefix=prefix))
    label = f"Graph of {escape(derivation.node.name)}"
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{label}">{drawing}</div>\n'


def _fitted(tikz: str) -> str:
    return "\n".join([_FITTED, tikz, r"}\end{center}", ""])


def _numbers(derivation: Derivation, values: Mapping[str, Fraction]) -> Numbers | None:
    written = {name: as_fraction(term) for name, term in derivation.node.values}
    known = {name: float(value) for name, value in {**written, **values}.items() if value is not None}
    inputs = tuple(given.name for given in derivation.node.inputs)
    upstreams = {f"d{line.name}" for line in derivation.node.lines}
    for name in values:
        if name not in (*inputs, *upstreams):
            raise UnknownName(name, inputs)
    if not known.keys() >= set(inputs):
        return None
    from backproof.site.walk_numbers import edge_numbers

    return edge_numbers(derivation, known)


def values_of(text: str) -> dict[str, Fraction]:
    """Return the exact numbers of ``x=2, y=1/3``; raises SourceError for anything else."""
    found: dict[str, Fraction] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        number = as_fraction(parse_expression(value or "?", "<values>"))
        if number is None:
            raise SourceError("<values>", 1, 1, f"'{part}' is not NAME=NUMBER")
        found[name.strip()] = number
    return found

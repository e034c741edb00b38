"""Sphinx: directives for derivations and graphs, a role for a formula, and mathematics without a script.

In ``conf.py``: ``extensions = ["backproof.sphinx_ext"]``, and ``html_math_renderer = "backproof"`` to set all other
mathematics of the pages as MathML as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from backproof import __version__
from backproof.audit.findings import Finding, Severity
from backproof.derivation import Derivation
from backproof.embedding import (
    PARTS,
    USUAL,
    Embedded,
    derivations_of,
    embed,
    embed_formula,
    embed_graph,
    inline_document,
    named_document,
    values_of,
)
from backproof.emit.html import ASSETS
from backproof.emit.html_text import tex
from backproof.errors import BackproofError, SourceError
from backproof.highlighting import DeriveLexer
from backproof.language.document import Document

logger: Final = logging.getLogger(__name__)
#: What a finding is called in ``suppress_warnings``.
_SUBTYPES: Final = {
    Severity.WRONG: "false", Severity.UNDECIDED: "undecided", Severity.UNREADABLE: "unreadable",
    Severity.WARNING: "reason",
}  # fmt: skip


class embedded(nodes.General, nodes.Element):  # noqa: N801 (docutils names its nodes so)
    """Something of backproof that stands by itself, in every format."""


class embedded_inline(nodes.Inline, nodes.TextElement):  # noqa: N801
    """Something of backproof within a sentence, in every format."""


def _node(kind: type[nodes.Element], content: Embedded) -> nodes.Element:
    return kind("", html=content.html, latex=content.latex, plain=content.text)


# ------------------------------------------------------------------ writers


def _appended(form: str) -> Callable[[Any, nodes.Element], None]:
    def visit(translator: Any, node: nodes.Element) -> None:
        translator.body.append(node[form])
        raise nodes.SkipNode

    return visit


def _visit_text(translator: Any, node: nodes.Element) -> None:
    translator.new_state(0)
    translator.add_text(node["plain"])
    translator.end_state(wrap=False)
    raise nodes.SkipNode


def _visit_text_inline(translator: Any, node: nodes.Element) -> None:
    translator.add_text(node["plain"])
    raise nodes.SkipNode


def _visit_plain(translator: Any, node: nodes.Element) -> None:
    translator.visit_literal_block(literal := nodes.literal_block(node["plain"], node["plain"]))
    translator.visit_Text(nodes.Text(node["plain"]))
    translator.depart_Text(nodes.Text(""))
    translator.depart_literal_block(literal)
    raise nodes.SkipNode


def _visit_plain_inline(translator: Any, node: nodes.Element) -> None:
    translator.visit_Text(nodes.Text(node["plain"]))
    translator.depart_Text(nodes.Text(""))
    raise nodes.SkipNode


def _math_html(wrap: str) -> Callable[[Any, nodes.Element], None]:
    def visit(translator: Any, node: nodes.Element) -> None:
        translator.body.append(wrap.format(tex(node.astext().strip())))
        raise nodes.SkipNode

    return visit


# ------------------------------------------------------------------ directives


def _parts(argument: str) -> tuple[str, ...]:
    words = tuple(argument.replace(",", " ").split())
    if words == ("all",):
        return tuple(PARTS)
    for word in words:
        if word not in PARTS:
            raise ValueError(f"{word!r} is no part; choose from {', '.join(PARTS)}, all")
    return words


class Reading(SphinxDirective):
    """A directive that reads a derivation: a name of the catalogue, a file beside the page, or its own content."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return what is shown; a mistake is a warning at its own file and line, and the text as it stands."""
        path, line = self.get_source_info()
        try:
            found, findings = derivations_of(self.document_of(), self.options.get("node", ""))
            warn(findings)
            shown = [_node(embedded, content) for content in self.contents(found)]
        except SourceError as mistake:
            warn([Finding(Severity.UNREADABLE, mistake.path, mistake.line, mistake.column, mistake.message)])
            return self.as_written()
        except (BackproofError, OSError, UnicodeError) as mistake:
            warn([Finding(Severity.UNREADABLE, path, line, 1, str(mistake))])
            return self.as_written()
        block = nodes.container("", *shown, classes=["derivation"])
        self.set_source_info(block)
        self.add_name(block)
        return [block]

    def as_written(self) -> list[nodes.Node]:
        """Return the source of the directive, to be shown in place of what it cannot be."""
        text = "\n".join(self.content) or " ".join(self.arguments)
        return [nodes.literal_block(text, text, language="none")]

    def document_of(self) -> Document:
        """Return what the directive names or holds; raises SourceError, UnknownName or OSError."""
        page = self.env.doc2path(self.env.docname)
        if not self.arguments:
            return inline_document("\n".join(self.content), str(page), self.first_line())
        document, path = named_document(self.arguments[0], Path(page).parent)
        self.env.note_dependency(str(path))
        return document

    def first_line(self) -> int:
        """Return the line of the page on which the content starts; docutils and MyST count differently."""
        path, line = self.get_source_info()
        lines = Path(path).read_text(encoding="utf-8").splitlines() if Path(path).is_file() else []
        first = self.content[0].strip()
        near = range(line, line + len(self.options) + 6)
        return next((at for at in near if at <= len(lines) and lines[at - 1].strip() == first), line)

    def prefix(self, name: str) -> str:
        """Return the beginning of ids that no other directive of the page has."""
        return f"{name}-{self.env.new_serialno('backproof')}"

    def contents(self, found: list[Derivation]) -> Iterable[Embedded]:
        """Return what is shown of the derivations."""
        raise NotImplementedError


class DerivationDirective(Reading):
    """``derivation``: the steps of a derivation, or the parts that ``:parts:`` names."""

    option_spec: ClassVar[Any] = {"node": directives.unchanged, "parts": _parts, "name": directives.unchanged}

    def contents(self, found: list[Derivation]) -> Iterable[Embedded]:
        """Return every derivation."""
        parts = self.options.get("parts", tuple(self.config.backproof_parts))
        return [embed(each, parts, self.prefix(each.node.name)) for each in found]


class GraphDirective(Reading):
    """``computational-graph``: the picture, in numbers with ``:values: x=2``, step by step with ``:upto: 3``."""

    option_spec: ClassVar[Any] = {
        "node": directives.unchanged, "name": directives.unchanged,
        "upto": directives.nonnegative_int, "values": directives.unchanged,
    }  # fmt: skip

    def contents(self, found: list[Derivation]) -> Iterable[Embedded]:
        """Return the picture of every derivation that has operations."""
        values, upto = values_of(self.options.get("values", "")), self.options.get("upto")
        drawn = [each for each in found if each.operations] or found[:1]
        return [embed_graph(each, self.prefix(f"graph-{each.node.name}"), upto, values) for each in drawn]


class FormulaRole(SphinxRole):
    """``formula``: one expression of the language, set within the sentence."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the formula; a text that is none is a warning, and shown as code."""
        path, line = self.get_source_info()
        try:
            return [_node(embedded_inline, embed_formula(self.text, path))], []
        except SourceError as mistake:
            warn([Finding(Severity.UNREADABLE, path, line, mistake.column, mistake.message)])
            return [nodes.literal(self.text, self.text)], []


def warn(findings: Iterable[Finding]) -> None:
    """Log every finding as a warning at its file and line."""
    for found in findings:
        message = "\n".join([found.message, *(f"    {detail}" for detail in found.details)])
        place = f"{found.path}:{found.line}"
        logger.warning(message, location=place, type="backproof", subtype=_SUBTYPES[found.severity])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    block = (_visit_plain, None)
    app.add_node(
        embedded, html=(_appended("html"), None), latex=(_appended("latex"), None), text=(_visit_text, None),
        man=block, texinfo=block,
    )  # fmt: skip
    inline = (_visit_plain_inline, None)
    app.add_node(
        embedded_inline, html=(_appended("html"), None), latex=(_appended("latex"), None),
        text=(_visit_text_inline, None), man=inline, texinfo=inline,
    )  # fmt: skip
    app.add_html_math_renderer(
        "backproof", (_math_html("{}"), None), (_math_html('<div class="math">{}</div>'), None)
    )
    app.add_lexer("derive", DeriveLexer)
    app.add_directive("derivation", DerivationDirective)
    app.add_directive("computational-graph", GraphDirective)
    app.add_role("formula", FormulaRole())
    app.add_config_value("backproof_parts", list(USUAL), "env", [list, tuple])
    app.connect("builder-inited", _add_assets)
    app.add_latex_package("tikz")
    return {"version": __version__, "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}


def _add_assets(app: Sphinx) -> None:
    """Put the style and the mathematical font, with its licence, beside the pages."""
    if app.builder.format == "html":
        app.config.html_static_path.append(str(ASSETS))
        app.add_css_file("mathfont.css")
        app.add_css_file("embedded.css")

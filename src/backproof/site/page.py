"""One page of the site: everything about the nodes and claims of one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape

from backproof import catalogue
from backproof.audit.documents import Report, check_document
from backproof.audit.findings import exit_code
from backproof.checking.numbers import number_rows
from backproof.derivation import Derivation, JudgedChain
from backproof.domains import Context
from backproof.emit.html import Writer
from backproof.emit.latex import emit_latex
from backproof.emit.picture import picture
from backproof.emit.python_code import emit_code
from backproof.emit.svg import draw
from backproof.errors import NotDerivable, SourceError
from backproof.inlining import lookup_in
from backproof.kernel import Kind
from backproof.language import parse_document
from backproof.language.document import Document, Node, Span
from backproof.site import evidence
from backproof.site.frame import framed
from backproof.site.walk import shrinking, walk_through


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page, what the index says of it, and the files that it links to."""

    html: str
    title: str
    description: str
    nodes: tuple[str, ...]
    status: str
    findings: tuple[str, ...]
    worst: int
    files: Mapping[str, str] = field(default_factory=dict)


def render(name: str, path: str, text: str) -> Page:
    """Return the page of a file; a file that cannot be read becomes a page that says why."""
    try:
        document = parse_document(text, path, catalogue.names())
    except SourceError as mistake:
        body = f"<h1>{escape(name)}</h1>\n<pre>{escape(str(mistake))}</pre>"
        return Page(framed(name, body), name, mistake.message, (), "cannot be read", (str(mistake),), 2)
    report = check_document(document)
    shown = [*derivations(report), *claims(report)]
    files: dict[str, str] = {}
    parts: list[str] = []
    for i, each in enumerate(shown):
        before = sum(len(other.steps) for other in shown[:i])
        certificates = evidence.files(name, _stated(document, each), before)
        files |= dict(certificates.values())
        parts.append(_derivation(each, i == 0, {number: link for number, (link, _) in certificates.items()}))
    title = document.title or name
    head = [] if parts and shown[0].title == title else [f"<h1>{escape(title)}</h1>"]
    found = tuple(map(str, report.findings))
    wrong = [f'<pre class="findings">{escape(each)}</pre>' for each in found]
    html = framed(title, "\n".join([*head, *wrong, *parts]), scripts=("walk.js", "copy.js"))
    nodes = tuple(node.name for node in document.nodes)
    description = catalogue.describe(document)
    return Page(html, title, description, nodes, _status(report), found, exit_code(report.findings), files)


def _stated(document: Document, shown: Derivation) -> Iterable[evidence.Stated]:
    """Return the steps of what is shown, as certificates state them."""
    claims_ = {claim.chain.steps[0].span: claim for claim in document.claims}
    claim = None if shown.node.lines else claims_.get(shown.steps[0].span or shown.node.span)
    return evidence.of_claim(shown, claim, lookup_in(document)) if claim else evidence.of_derivation(shown)


def derivations(report: Report) -> Iterator[Derivation]:
    """Yield the derivations of a report with what their witnesses said, and with their numbers."""
    for derivation, witnesses in zip(report.derivations, report.witnesses, strict=True):
        node = derivation.node
        named = {*(given.name for given in node.inputs), *(line.name for line in node.lines)}
        rows = number_rows(derivation) if node.values or node.examples else ()
        yield replace(
            derivation,
            witnesses={name: str(found) for name, found in witnesses.items()},
            numbers=tuple(row for row in rows if row.name in named),
        )


def claims(report: Report) -> Iterator[Derivation]:
    """Yield the claims of a report as derivations without a graph."""
    for number, claim in enumerate(report.claims, 1):
        yield _claim(claim, number if len(report.claims) > 1 else 0)


def _claim(claim: JudgedChain, number: int) -> Derivation:
    span = claim.steps[0].span or Span(1, 1, 1)
    node = Node(f"claim-{number}" if number else "claim", (), (), span)
    title = f"Claim {number}" if number else "Claim"
    return Derivation(node, Context(), (), (), (), (claim,), title=title)


def _status(report: Report) -> str:
    kinds = [step.verdict.kind for step in report.steps]
    accepted = sum(kind in (Kind.PROVED, Kind.PROVED_IF) for kind in kinds)
    return f"{accepted} of {len(kinds)} steps proved" if kinds else "no steps"


def _derivation(derivation: Derivation, is_first: bool, certificates: Mapping[int, str]) -> str:
    """Return everything about one derivation; only the first of a page has a heading of the first level."""
    writer = Writer(derivation, certificates)
    (_, title, prose), *sections = writer.sections()
    level = 1 if is_first else 2
    parts = [f"<h{level}>{title}</h{level}>", prose]
    if derivation.operations:
        parts.append(figure(derivation))
    for anchor, heading, content in sections:
        parts.append(writer.section(anchor, heading, content, level + 1))
        if heading == "Computational graph" and derivation.operations:
            walk = walk_through(derivation, writer)
            parts += [writer.section(writer.id("walk"), "Walk through", walk, level + 1)] if walk else []
    program = code(derivation) if derivation.operations else ""
    parts += [writer.section(writer.id("code"), "Code", program, level + 1)] if program else []
    parts += [writer.section(writer.id("latex"), "LaTeX", latex(derivation), level + 1), writer.ending()]
    body = "\n".join(parts)
    return f'<article class="backproof" id="{writer.prefix}">\n{body}\n</article>'


def figure(derivation: Derivation) -> str:
    """Return the picture of the graph with symbols."""
    drawing = draw(picture(derivation), prefix=f"graph-{derivation.node.name}", style=False)
    drawing = shrinking(drawing)
    frame = '<div class="scroll" tabindex="0" role="group" aria-label="Picture of the graph">'
    return f"<figure>{frame}{drawing}</div></figure>"


def latex(derivation: Derivation) -> str:
    """Return the LaTeX of the derivation, to copy."""
    return (
        "<details><summary>The derivation as LaTeX, for article with amsmath</summary>\n"
        f'<pre tabindex="0"><code>{escape(emit_latex(derivation))}</code></pre></details>'
    )


def code(derivation: Derivation) -> str:
    """Return the generated layers, that for numpy open; nothing where there is no code."""
    parts = []
    for library in ("numpy", "torch", "jax"):
        try:
            text = escape(emit_code(derivation, library))
        except NotDerivable:
            continue
        opened = " open" if library == "numpy" else ""
        parts.append(
            f'<details{opened}><summary>{library}</summary>\n<pre tabindex="0"><code>{text}</code></pre></details>'
        )
    return "\n".join(parts)

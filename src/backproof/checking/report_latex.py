"""Reports on layers as LaTeX: the table of checks, and the gradient that is expected beside the one that was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from backproof.checking.findings import FileReport, Finding, LayerReport, Outcome, Row
from backproof.emit.latex import Page, article
from backproof.emit.latex_text import escape
from backproof.emit.names import Scope
from backproof.emit.outline import Equations
from backproof.emit.outline import Row as Equation
from backproof.errors import BackproofError
from backproof.language import parse_expression
from backproof.terms import Term, names, sym, transform

#: How each outcome is written.
WORDS: Final[dict[Outcome, str]] = {
    Outcome.PASSED: "right", Outcome.WARNING: "warning", Outcome.FAILED: r"\textbf{wrong}",
    Outcome.UNKNOWN: "undecided", Outcome.SKIPPED: "skipped",
}  # fmt: skip


def as_latex(reports: Sequence[FileReport], standalone: bool = False) -> str:
    """Return the reports as a fragment for article with amsmath, or with ``standalone`` as a document of its own."""
    parts = [part for report in reports for part in _file(report)]
    fragment = "\n".join(["{\\allowdisplaybreaks\\sloppy", *parts, "}", ""])
    return article([fragment]) if standalone else fragment


def _file(report: FileReport) -> Iterator[str]:
    yield rf"\section*{{{_code(report.path)}}}"
    for layer in report.layers:
        yield from _layer(layer)
    if report.error:
        yield rf"\noindent {escape(report.error)}" + "\n"
    if not report.layers and not report.error:
        yield r"\noindent Nothing was found." + "\n"


def _layer(report: LayerReport) -> Iterator[str]:
    yield rf"\subsection*{{{escape(report.name)}: {WORDS[report.outcome]}}}"
    said = [report.convention, report.specification, f"line {report.line}" if report.line else ""]
    yield rf"\noindent {escape(', '.join(filter(None, said)))}." + "\n"
    if report.formulas:
        yield _equations([_equation(text) for text in report.formulas])
    opening, closing = r"\begin{center}\small\begin{tabular}{llp{22em}}", r"\end{tabular}\end{center}"
    yield "\n".join([opening, *map(_row, report.rows), closing])
    for finding in report.findings:
        yield from _finding(finding)
    if report.unchecked:
        yield rf"\noindent Unchecked: no gradient of {escape(', '.join(report.unchecked))} is returned." + "\n"
    for note in report.notes:
        yield rf"\noindent Note: {escape(note)}." + "\n"


def _row(row: Row) -> str:
    return rf"{escape(row.check)} & {WORDS[row.outcome]} & \raggedright {escape(row.detail)} \tabularnewline"


def _finding(finding: Finding) -> Iterator[str]:
    fault = rf"\emph{{{escape(finding.fault)}}}: " if finding.fault else ""
    place = f"Line {finding.line}: " if finding.line else ""
    yield rf"\medskip\noindent {place}{fault}{escape(finding.message)}." + "\n"
    found = [(text, said) for text, said in ((finding.expected, "expected"), (finding.found, "found")) if text]
    if found:
        yield _equations([_equation(text, f"d{finding.argument}", said) for text, said in found])
    for detail in finding.details:
        yield rf"\noindent {escape(detail)}" + "\n"
    if finding.patch:
        lines = "\\\\\n".join(_code(line) for line in finding.patch.splitlines())
        yield "\\noindent Change to\n\\begin{quote}\n" + lines + "\n\\end{quote}"


def _code(text: str) -> str:
    indent = len(text) - len(text.lstrip(" "))
    return rf"\texttt{{{'~' * indent}{escape(text.strip())}}}"


# ------------------------------------------------------------------ formulas

Formula = tuple[Term | None, Term | None, str, str]


def _equation(text: str, target: str = "", said: str = "") -> Formula:
    """Return left side, right side, the text itself and what is said of it; no sides where it cannot be read."""
    left, equals, right = text.partition(" = ")
    left, right = (left, right) if equals else (target, text)
    try:
        return parse_expression(left), parse_expression(right), text, said
    except BackproofError:
        return None, None, text, said


def _named(root: Term) -> Term:
    """Return a term with the upstream gradient under the name of the output's."""
    return transform(root, lambda part: sym("dy", *part.args) if part.head == "sym" and part.data == "dout" else part)


def _equations(formulas: Sequence[Formula]) -> str:
    """Return formulas one under the other; those that cannot be read as code."""
    terms = [term for left, right, *_ in formulas for term in (left, right) if term is not None]
    known = {name for term in terms for name in names(term)}
    rows = tuple(
        Equation(_named(left), _named(right), (said,) if said else ())
        for left, right, _, said in formulas if left is not None and right is not None
    )  # fmt: skip
    plain = [rf"\noindent {escape(said)} {_code(text)}" + "\n" for left, _, text, said in formulas if left is None]
    gradients = {name for name in known if name.startswith("d") and len(name) > 1}
    variables = [*sorted(known - gradients), *sorted(name[1:] for name in gradients - {"dout"}), "y", "L"]
    page = Page(Scope.of(variables))
    return "\n".join([*([page.block(Equations(rows))] if rows else []), *plain])

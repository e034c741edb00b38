"""Reports on layers as text: for the terminal, JSON, JUnit, forges' annotations, SARIF and notebooks."""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final
from xml.etree import ElementTree

from backproof.checking.findings import FileReport, Finding, LayerReport, Outcome, Row
from backproof.checking.state import plural

#: How each outcome looks, and its colour.
MARKS: Final[dict[Outcome, tuple[str, str]]] = {
    Outcome.PASSED: ("✓", "green"), Outcome.WARNING: ("!", "yellow"), Outcome.FAILED: ("✗", "red"),
    Outcome.UNKNOWN: ("?", "yellow"), Outcome.SKIPPED: ("–", "bright_black"),
}  # fmt: skip
Paint = Callable[[str, str], str]


def plain(text: str, _: str) -> str:
    """Return text without colour."""
    return text


def layer_text(report: LayerReport, paint: Paint = plain, quiet: bool = False, width: int = 0) -> str:
    """Return the table of one layer, and the details of what failed; lines are wrapped to ``width`` columns."""
    lines = [_head(report, paint, width)]
    if not quiet:
        lines += [_wrapped(f"  {formula}", width, 6) for formula in report.formulas]
        column = max((len(row.check) for row in report.rows), default=0)
        lines += [_row(row, column, paint, width) for row in report.rows]
    for finding in report.findings:
        if not quiet or finding.outcome is not Outcome.WARNING:
            lines += _finding(finding, paint, width)
    if not quiet:
        lines += [_wrapped(f"  note: {note}", width, 8) for note in report.notes]
    return "\n".join(lines)


def _head(report: LayerReport, paint: Paint, width: int) -> str:
    mark, colour = MARKS[report.outcome]
    title = f"{mark} {report.name}"
    against = f", {report.specification}" if report.specification else ""
    place = f"  ({report.path}:{report.line})" if report.path else ""
    return _wrapped(f"{title}  {report.convention}{against}{place}", width, 4).replace(title, paint(title, colour), 1)


def _wrapped(text: str, width: int, indent: int) -> str:
    """Return ``text`` on lines of at most ``width`` columns, the later ones indented; 0 is any width."""
    if not width or len(text) <= width:
        return text.rstrip()
    first = len(text) - len(text.lstrip())
    lines = textwrap.wrap(
        text.lstrip(), width, initial_indent=" " * first, subsequent_indent=" " * indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join(lines)


def _row(row: Row, column: int, paint: Paint, width: int) -> str:
    mark, colour = MARKS[row.outcome]
    text = _wrapped(f"  {mark} {row.check:<{column}}  {row.detail}", width, column + 6)
    return text.replace(mark, paint(mark, colour), 1)


def _finding(finding: Finding, paint: Paint, width: int = 0) -> Iterator[str]:
    mark, colour = MARKS[finding.outcome]
    fault = f"[{finding.fault}]" if finding.fault else ""
    place = f"line {finding.line}: " if finding.line else ""
    text = _wrapped(f"  {mark} {finding.check}: {place}{fault} {finding.message}".replace(":  ", ": "), width, 6)
    text = text.replace(mark, paint(mark, colour), 1)
    yield text.replace(fault, paint(fault, colour), 1) if fault else text
    for name, formula in (("expected", finding.expected), ("found", finding.found)):
        if formula:
            yield _wrapped(f"      {name:<9}{formula}", width, 15)
    for detail in finding.details:
        yield _wrapped(f"      {detail}", width, 8)
    if finding.patch:
        yield "      change to"
        yield from (f"        {line}" for line in finding.patch.splitlines())


def file_text(report: FileReport, paint: Paint = plain, quiet: bool = False, width: int = 0) -> str:
    """Return the tables of all layers of a file, its error, and what it printed."""
    parts = [layer_text(layer, paint, quiet, width) for layer in report.layers]
    if report.error:
        parts.append(paint(_wrapped(f"✗ {report.path}: {report.error}", width, 4), "red"))
    if report.output and not quiet:
        parts.append(
            "  printed by the file:\n" + "\n".join(f"    {line[:100]}" for line in report.output.splitlines()[:20])
        )
    return "\n".join(parts)


def summary(reports: Sequence[FileReport]) -> str:
    """Return the last line: how many layers are right."""
    outcomes = [layer.outcome for report in reports for layer in report.layers]
    right = sum(outcome in (Outcome.PASSED, Outcome.WARNING) for outcome in outcomes)
    warned = sum(outcome is Outcome.WARNING for outcome in outcomes)
    failed = sum(outcome is Outcome.FAILED for outcome in outcomes)
    parts = [plural(len(outcomes), "layer"), f"{right} right" + (f" ({warned} with warnings)" if warned else ""),
             f"{failed} wrong"]  # fmt: skip
    open_questions = len(outcomes) - right - failed
    parts += [f"{open_questions} undecided"] if open_questions else []
    unread = sum(bool(report.error) for report in reports)
    parts += [f"{plural(unread, 'file')} not checked to the end"] if unread else []
    return f"{', '.join(parts)}; {sum(report.seconds for report in reports):.1f} seconds"


def exit_code(reports: Iterable[FileReport]) -> int:
    """Return the code of the worst file: 1 wrong, 2 unreadable, 3 undecided, else 0."""
    codes = {report.exit_code for report in reports}
    return next((code for code in (1, 2, 3) if code in codes), 0)


def as_json(reports: Sequence[FileReport]) -> str:
    """Return the reports as JSON; equal runs give equal text."""
    data = {"schema": 1, "exit_code": exit_code(reports), "files": [report.as_data() for report in reports]}
    return json.dumps(data, ensure_ascii=False, indent=2)


# ------------------------------------------------------------------ for other programs


def _message(finding: Finding) -> str:
    fault = f"{finding.fault}: " if finding.fault else ""
    return f"{fault}{finding.message}"


def as_junit(reports: Sequence[FileReport]) -> str:
    """Return the reports as JUnit XML: a suite per file, a case per check of a layer."""
    root = ElementTree.Element("testsuites", name="backproof")
    for report in reports:
        suite = ElementTree.SubElement(root, "testsuite", name=report.path)
        for layer in report.layers:
            for row in layer.rows:
                case = ElementTree.SubElement(suite, "testcase", classname=layer.name, name=row.check)
                _verdict(case, row)
        if report.error:
            case = ElementTree.SubElement(suite, "testcase", classname=report.path, name="file")
            ElementTree.SubElement(case, "error", message=_printable(report.error))
        for attribute, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
            suite.set(attribute, str(len(suite.findall(tag))))
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _verdict(case: ElementTree.Element, row: Row) -> None:
    if row.outcome is Outcome.FAILED:
        problems = [f for f in row.findings if f.outcome is Outcome.FAILED]
        text = "; ".join(map(_message, problems)) or row.detail
        failure = ElementTree.SubElement(case, "failure", message=_printable(text))
        failure.text = _printable("\n".join("\n".join(_finding(finding, plain)) for finding in problems))
    elif row.outcome in (Outcome.SKIPPED, Outcome.UNKNOWN):
        ElementTree.SubElement(case, "skipped", message=_printable(row.detail))


def _printable(text: str) -> str:
    """Return text without the control characters that XML cannot hold."""
    return "".join(c if c in "\t\n\r" or c >= " " else "\ufffd" for c in text)


#: What a forge calls an outcome.
LEVELS: Final[dict[Outcome, str]] = {
    Outcome.FAILED: "error", Outcome.WARNING: "warning", Outcome.UNKNOWN: "warning",
}  # fmt: skip


def _located(reports: Iterable[FileReport]) -> Iterator[tuple[str, int, str, Finding]]:
    for report in reports:
        for layer in report.layers:
            for finding in layer.findings:
                if finding.outcome in LEVELS:
                    yield report.path, finding.line or layer.line or 1, layer.name, finding


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def as_github(reports: Sequence[FileReport]) -> str:
    """Return the findings as workflow commands, which a forge shows beside the lines."""
    lines = [
        f"::{LEVELS[finding.outcome]} file={_escaped(path)},line={line},"
        f"title={_escaped(name)}::{_escaped(_message(finding))}"
        for path, line, name, finding in _located(reports)
    ]
    lines += [f"::error file={_escaped(r.path)}::{_escaped(r.error)}" for r in reports if r.error]
    return "\n".join(lines)


def as_sarif(reports: Sequence[FileReport]) -> str:
    """Return the findings as SARIF 2.1.0."""
    results = [_result(path, line, name, finding) for path, line, name, finding in _located(reports)]
    results += [
        {"ruleId": "file", "level": "error", "message": {"text": r.error}, "locations": [_location(r.path, 1)]}
        for r in reports
        if r.error
    ]
    rules = [{"id": rule} for rule in sorted({str(result["ruleId"]) for result in results})]
    driver = {"name": "backproof", "informationUri": "https://pypi.org/project/backproof/", "rules": rules}
    run = {"tool": {"driver": driver}, "results": results}
    data = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(data, ensure_ascii=False, indent=2)


def _result(path: str, line: int, name: str, finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": (finding.fault or finding.check).replace(" ", "-"),
        "level": LEVELS[finding.outcome],
        "message": {"text": f"{name}: {_message(finding)}"},
        "locations": [_location(path, line)],
    }


def _location(path: str, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": line}}}


#: The reports for other programs, by the option that asks for them.
WRITERS: Final[dict[str, Callable[[Sequence[FileReport]], str]]] = {
    "json": as_json, "junit": as_junit, "github": as_github, "sarif": as_sarif,
}  # fmt: skip


# ------------------------------------------------------------------ notebooks

_COLOURS: Final[dict[Outcome, str]] = {
    Outcome.PASSED: "#1a7f37", Outcome.WARNING: "#9a6700", Outcome.FAILED: "#cf222e", Outcome.UNKNOWN: "#9a6700",
    Outcome.SKIPPED: "#6e7781",
}  # fmt: skip


def layer_html(report: LayerReport) -> str:
    """Return the report as an HTML table for notebooks; everything from the user's file is escaped."""
    rows = "".join(_row_html(row) for row in report.rows)
    title = f"{html.escape(report.name)}: {report.outcome}"
    caption = f"{html.escape(report.convention)}; {html.escape(report.specification)}"
    return (
        f"<table><caption style='text-align:left'><b style='color:{_COLOURS[report.outcome]}'>{title}</b> "
        f"{caption}</caption>{rows}</table>"
    )


def _row_html(row: Row) -> str:
    mark = f"<td style='color:{_COLOURS[row.outcome]}'>{MARKS[row.outcome][0]}</td>"
    details = "".join(f"<pre>{html.escape(chr(10).join(_finding(f, plain)))}</pre>" for f in row.findings)
    left = "style='text-align:left'"
    return f"<tr>{mark}<td {left}>{row.check}</td><td {left}>{html.escape(row.detail)}{details}</td></tr>"

"""``derive WORD``: the derivation of a node, an expression or a file, in one of the formats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from backproof.audit.documents import Report, check_document
from backproof.audit.findings import exit_code
from backproof.calculus.fields import has_axes
from backproof.cli.output import deliver, note
from backproof.cli.words import read
from backproof.derivation import Derivation, JudgedChain
from backproof.domains import Context
from backproof.emit import emit_all
from backproof.errors import NotDerivable
from backproof.examples import array_rows
from backproof.language.document import Node, Span

#: The formats that show witnesses and numbers; a LaTeX fragment does without, and starts faster.
WITNESSED: Final = frozenset({"text", "markdown", "json", "html"})


def show_word(word: str, form: str, standalone: bool, output: Path | None, colour: bool) -> int:
    """Write the derivations that ``word`` stands for; return the exit code."""
    report = check_document(read(word), numeric=form in WITNESSED, thorough=False)
    options: dict[str, dict[str, Any]] = {
        "text": {"colour": colour},
        "latex": {"standalone": standalone},
        "html": {"standalone": standalone},
    }
    claims = [as_derivation(claim, form in WITNESSED) for claim in report.claims]
    shown = [*witnessed(report), *claims]
    if not (shown or report.findings):
        raise NotDerivable(f"{word} has no ```derive block, so there is nothing to derive")
    if shown:
        deliver(emit_all(shown, form, **options.get(form, {})), output, colour)
    for finding in report.findings:
        note(str(finding))
    return exit_code(report.findings)


def show_code(word: str, library: str, output: Path | None) -> int:
    """Write the layers that ``word`` stands for as a Python module; return the exit code."""
    from backproof.emit.python_code import emit_code

    report = check_document(read(word), numeric=False)
    if report.derivations:
        deliver("\n\n".join(emit_code(each, library) for each in report.derivations), output)
    for finding in report.findings:
        note(str(finding))
    return exit_code(report.findings)


def witnessed(report: Report) -> list[Derivation]:
    """Return the derivations of ``report`` with what their witnesses said, and with their numbers."""
    found = list(report.derivations)
    for place, witnesses in enumerate(report.witnesses):
        said = {name: str(witness) for name, witness in witnesses.items()}
        found[place] = replace(found[place], witnesses=said)
    return [with_numbers(derivation, bool(report.witnesses)) for derivation in found]


def with_numbers(derivation: Derivation, examples: bool) -> Derivation:
    """Return ``derivation`` with the values of its graph, or of its first example where that is asked."""
    node = derivation.node
    if has_axes(node):
        return replace(derivation, numbers=array_rows(derivation))
    if not (node.values or (examples and node.examples)):
        return derivation
    from backproof.checking import number_rows  # numpy, which a derivation without numbers does without

    named = {*(given.name for given in node.inputs), *(line.name for line in node.lines)}
    rows = tuple(row for row in number_rows(derivation) if row.name in named)
    return replace(derivation, numbers=rows)


def as_derivation(claim: JudgedChain, examine: bool) -> Derivation:
    """Return a claim as a derivation without a graph: its chain, and what the kernel says of it."""
    span = claim.steps[0].span or Span(1, 1, 1)
    shown = Derivation(
        node=Node(name="claim", inputs=(), lines=(), span=span),
        context=Context(), operations=(), locals=(), pullbacks=(), chains=(claim,), title="Claim",
    )  # fmt: skip
    if not examine:
        return shown
    from backproof.checking.witness import kernel_witness

    return replace(shown, witnesses={"kernel": str(kernel_witness(shown))})

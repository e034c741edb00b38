"""What a document says of a derivation, section by section, before any format writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Final

from backproof.derivation import Derivation, JudgedChain, JudgedStep, NumberRow, Pullback
from backproof.domains import REAL
from backproof.emit.typography import pull_signs
from backproof.kernel.verdict import Kind, Verdict
from backproof.language.document import Declaration, Kink
from backproof.terms import Term, add, derivative, make, mul, num, sym


@dataclass(frozen=True, slots=True)
class Markup:
    """Markdown by the author of the file: emphasis, code and mathematics within a line."""

    text: str


#: A sentence: plain text, mathematics, and the author's own words.
Words = tuple[str | Term | Markup, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs by the author, in Markdown."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Row:
    """``left = right`` with a reason; without ``left`` the equation goes on from the row above."""

    left: Term | None
    right: Term
    reason: Words = ()
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Equations:
    """Rows whose equals signs stand below one another."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of sentences under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence by backproof."""

    words: Words


Block = Prose | Equations | Table | Remark


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


def outline(derivation: Derivation) -> tuple[Section, ...]:
    """Return the sections of the document; the first has the title of the derivation."""
    named = derivation.title or derivation.node.name
    prose = (Prose(derivation.prose),) if derivation.prose.strip() else ()
    sections = [Section(named, prose)]
    for title, blocks in _PARTS.items():
        found = tuple(blocks(derivation))
        sections += [Section(title, found)] if found else []
    return tuple(sections)


def _graph(derivation: Derivation) -> Iterator[Block]:
    node = derivation.node
    domains = tuple(_domain_words(given) for given in node.inputs if given.domain != REAL)
    if domains:
        yield Remark(("With ", *_listed(domains), "."))
    lines = tuple(Row(_line_symbol(line.name, line.axes), line.term) for line in node.lines)
    rows = tuple(Row(o.output, o.term, (_kind_words(o.kind),)) for o in derivation.operations)
    if [(row.left, row.right) for row in lines] != [(row.left, row.right) for row in rows]:
        yield Equations(lines)
        if rows:
            yield Remark(("One operation at a time:",))
    if rows:
        yield Equations(rows)


def _line_symbol(name: str, axes: tuple[str, ...]) -> Term:
    return sym(name, *(make("idx", (), axis) for axis in axes))


def _kind_words(kind: str) -> str:
    return kind.replace("_", " ")


def _domain_words(given: Declaration) -> Words:
    variable = _line_symbol(given.name, given.axes)
    return (variable, f" {_PHRASES.get(str(given.domain), f'in {given.domain}')}")


_PHRASES: Final = {
    "positive": "positive", "negative": "negative", "nonnegative": "not negative",
    "nonpositive": "not positive", "nonzero": "not zero", "integer": "an integer",
    "natural": "a natural number",
}  # fmt: skip


def _listed(parts: Iterable[Words], last: str = " and ") -> Words:
    parts = tuple(parts)
    words: list[str | Term | Markup] = []
    for i, part in enumerate(parts):
        words += [(last if i == len(parts) - 1 else ", ")] if i else []
        words += part
    return tuple(words)


def _locals(derivation: Derivation) -> Iterator[Block]:
    rows = [
        Row(derivative(local.output, local.input), local.term) for local in derivation.locals
    ]
    if rows:
        yield Equations(tuple(dict.fromkeys(rows)))


def _backward(derivation: Derivation) -> Iterator[Block]:
    if not derivation.pullbacks:
        return
    yield Remark(("Every operation multiplies what arrives by its local derivative.",))
    rows: list[Row] = []
    for gradient, edges in groupby(derivation.pullbacks, key=lambda edge: edge.gradient):
        rows += _edge_rows(gradient, tuple(edges))
    yield Equations(tuple(rows))


def _edge_rows(gradient: Term, edges: tuple[Pullback, ...]) -> list[Row]:
    product = add(*(mul(edge.upstream, edge.local) for edge in edges))
    leaves = add(*(edge.contribution for edge in edges))
    through = _listed(((sym(str(edge.upstream.data)[1:]),) for edge in edges))
    rows = [Row(gradient, product, ("through ", *through))]
    return rows if leaves is product else [*rows, Row(None, leaves)]


def _chains(derivation: Derivation) -> Iterator[Block]:
    for chain in derivation.chains:
        yield Equations(tuple(_chain_rows(chain)))
        yield from _step_remarks(chain)
        if chain.note:
            yield Remark((Markup(chain.note),))


def _chain_rows(chain: JudgedChain) -> Iterator[Row]:
    shown: Term | None = None
    for i, step in enumerate(chain.steps):
        pulled = pull_signs(step.right)
        right = step.right if pulled is shown else pulled
        yield Row(chain.target if i == 0 else None, right, _reason(step), step.verdict)
        shown = right


def _reason(step: JudgedStep) -> Words:
    conditions = step.verdict.conditions if step.verdict.kind is Kind.PROVED_IF else ()
    named = (Markup(step.rule.replace("-", " ") if step.span is None else step.rule),)
    rule = named if step.rule else ()
    if not conditions:
        return rule
    return (*rule, ", if " if rule else "if ", *_listed((c,) for c in conditions))


def _step_remarks(chain: JudgedChain) -> Iterator[Block]:
    for i, step in enumerate(chain.steps, 1):
        verdict = step.verdict
        if verdict.kind is Kind.REFUTED:
            yield Remark((f"Step {i} is false: ", *refutation(verdict), "."))
        elif verdict.kind is Kind.UNKNOWN:
            agrees = f"; both sides agree at {verdict.agrees} random points" if verdict.agrees else ""
            yield Remark((f"Step {i} is not decided: {verdict.reason}{agrees}.",))
        if step.warning:
            yield Remark((f"Step {i}: {step.warning}.",))


def refutation(verdict: Verdict) -> Words:
    """Return the sentence that shows why a step is false, without its full stop."""
    point = _listed(((make("eq", (sym(n), num(v))),) for n, v in verdict.point), ", ")
    sides = f"the left side is {verdict.left}, the right side {verdict.right}"
    why = f" ({verdict.reason})" if verdict.reason else ""
    return ("at ", *point, f" {sides}{why}") if point else (f"{sides}{why}",)


def _kinks(derivation: Derivation) -> Iterator[Block]:
    for kink in derivation.kinks:
        yield Remark(_kink_words(kink))


def _kink_words(kink: Kink) -> Words:
    stated = make("eq", (sym(kink.gradient), kink.value))
    reason = (" (", Markup(kink.reason), ")") if kink.reason else ()
    return ("At ", kink.condition, " the derivative is a convention: ", stated, *reason, ".")


def _numbers(derivation: Derivation) -> Iterator[Block]:
    if derivation.numbers:
        header = ("", "value", "float64", "gradient", "float64")
        yield Table(header, tuple(_number_cells(row) for row in derivation.numbers))


def _number_cells(row: NumberRow) -> tuple[Words, ...]:
    exact, slope = (_exact_words(v) for v in (row.exact, row.gradient_exact))
    return ((sym(row.name),), exact, (row.value,), slope, (row.gradient_value,))


def _exact_words(value: Fraction | None) -> Words:
    if value is None:
        return ()
    return (num(value),)


def _witnesses(derivation: Derivation) -> Iterator[Block]:
    for name, found in derivation.witnesses.items():
        yield Remark((f"{name}: {found}",))


_PARTS: Final = {
    "Computational graph": _graph,
    "Local derivatives": _locals,
    "Backward pass": _backward,
    "Derivation": _chains,
    "Conventions": _kinks,
    "Numbers": _numbers,
    "Checked by": _witnesses,
}


def summary(derivation: Derivation) -> str:
    """Return how many steps there are and what was found of them, in one sentence."""
    kinds = [step.verdict.kind for step in derivation.steps]
    counted = [(kinds.count(kind), kind.value) for kind in Kind]
    found = ", ".join(f"{n} {what}" for n, what in counted if n)
    return f"{len(kinds)} {'step' if len(kinds) == 1 else 'steps'}: {found}" if kinds else "no steps"



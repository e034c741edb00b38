"""What a document says of a derivation, section by section, before any format writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from backproof.derivation import Derivation, JudgedChain, JudgedStep, NumberRow, Pullback
from backproof.domains import REAL
from backproof.emit.operations import operation_words
from backproof.emit.prose import visible
from backproof.emit.typography import pull_signs
from backproof.kernel.verdict import Kind, Verdict
from backproof.language.document import Declaration, Kink, Node
from backproof.terms import Term, add, derivative, idx, make, mul, num, postorder, substitute, sym


@dataclass(frozen=True, slots=True)
class Markup:
    """Markdown by the author of the file: emphasis, code and mathematics within a line."""

    text: str

    @classmethod
    def of(cls, text: str) -> Markup:
        """Return the author's words, the visible ones."""
        return cls(visible(text))


#: A sentence: plain text, mathematics, and the author's own words.
Words = tuple[str | Term | Markup, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs by the author, in Markdown."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Row:
    """``left = right`` with a reason; without ``left`` the equation goes on from the row above.

    ``then`` is what ``right`` comes to: ``left = right = then`` in one row where there is room.
    """

    left: Term | None
    right: Term
    reason: Words = ()
    verdict: Verdict | None = None
    then: Term | None = None


@dataclass(frozen=True, slots=True)
class Equations:
    """Rows whose equals signs stand below one another.

    Short ones may share a line (``many``), or each ``left`` starts a chain that stands apart (``apart``).
    """

    rows: tuple[Row, ...]
    many: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of sentences under a header (or none); ``sides`` says per column ``l`` or ``r``."""

    header: tuple[str, ...]
    rows: tuple[tuple[Words, ...], ...]
    sides: str


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


def spread(rows: Iterable[Row], width: Callable[[Term], float], room: float) -> Iterator[Row]:
    """Yield rows without ``then``: it joins its row where both fit ``room``, else it makes the next one."""
    for row in rows:
        if row.then is None:
            yield row
        elif width(row.right) + width(row.then) <= room:
            yield replace(row, right=make("eq", (row.right, row.then)), then=None)
        else:
            yield replace(row, then=None)
            yield Row(None, row.then)


def outline(derivation: Derivation) -> tuple[Section, ...]:
    """Return the sections of the document; the first has the title of the derivation."""
    title = visible(derivation.title or derivation.node.name)
    prose = _without_title(visible(derivation.prose), title)
    sections = [Section(title, (Prose(prose),) if prose else ())]
    for title, blocks in _PARTS.items():
        found = tuple(blocks(derivation))
        sections += [Section(title, found)] if found else []
    return tuple(sections)


def _without_title(prose: str, title: str) -> str:
    """Return the prose without the file's first heading, which is the title already."""
    first, _, rest = prose.strip().partition("\n")
    return (rest if first.strip("# ") == title and first.startswith("#") else prose).strip()


def _graph(derivation: Derivation) -> Iterator[Block]:
    node = derivation.node
    domains = tuple(_domain_words(given) for given in node.inputs if given.domain != REAL)
    if domains:
        yield Remark(("With ", *_listed(domains), "."))
    lines = tuple(Row(_line_symbol(line.name, line.axes), line.term) for line in node.lines)
    rows = tuple(Row(o.output, o.term, (operation_words(o),)) for o in derivation.operations)
    if [(row.left, row.right) for row in lines] != [(row.left, row.right) for row in rows]:
        yield Equations(lines)
        if rows:
            yield Remark(("One operation at a time:",))
    if rows:
        yield Equations(rows)


def _line_symbol(name: str, axes: tuple[str, ...]) -> Term:
    return sym(name, *(make("idx", (), axis) for axis in axes))


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
    rows = [Row(derivative(local.output, local.input), local.term) for local in derivation.locals]
    if rows:
        yield Equations(tuple(dict.fromkeys(rows)), many=True)


def has_backward(derivation: Derivation) -> bool:
    """Say whether the way back is shown edge by edge; with axes, the steps are that way already."""
    return bool(derivation.pullbacks) and not any(edge.upstream.args for edge in derivation.pullbacks)


def _backward(derivation: Derivation) -> Iterator[Block]:
    arriving: dict[Term, list[Pullback]] = {}
    for edge in derivation.pullbacks if has_backward(derivation) else ():
        arriving[edge.gradient] = [*arriving.pop(edge.gradient, []), edge]
    done = {operation.output.data: operation.term for operation in derivation.operations}
    if arriving:
        yield Remark(("Each operation multiplies what arrives by its local derivative.",))
        yield Equations(tuple(r for g, edges in arriving.items() for r in _edge_rows(g, edges, done)))


def _edge_rows(gradient: Term, edges: list[Pullback], done: Mapping[str, Term]) -> Iterator[Row]:
    """Yield ``gradient = upstream * local``, summed over the edges that arrive, and what that comes to."""
    product = add(*(mul(edge.upstream, *_factors(edge.local)) for edge in edges))
    leaves = add(*(edge.contribution for edge in edges))
    outputs = [edge.upstream.data[1:] for edge in edges]
    through = _listed((_operation_words(sym(name), done.get(name)),) for name in dict.fromkeys(outputs))
    yield Row(gradient, product, ("through ", *through), then=None if leaves is product else leaves)


#: An operation with at most this many parts is written out where it is referred to.
_SHORT: Final = 7


def _factors(term: Term) -> tuple[Term, ...]:
    return term.args if term.head == "mul" else (term,)


def _operation_words(output: Term, term: Term | None) -> Term:
    if term is None or term.head == "where" or sum(1 for _ in postorder(term)) > _SHORT:
        return output
    return make("eq", (output, term))


def chain_equations(chains: Iterable[JudgedChain], node: Node | None = None) -> Equations | None:
    """Return the steps of chains below one another, conditions in the names of ``node``; None where there are none."""
    chains = [chain for chain in chains if chain.steps]
    rows = tuple(row for chain in chains for row in _chain_rows(chain, _entries(node)))
    return Equations(rows, apart=len(rows) > len(chains)) if rows else None


def _chains(derivation: Derivation) -> Iterator[Block]:
    for texts, chains in _told(derivation):
        yield from (Prose(visible(text)) for text in texts)
        equations = chain_equations(chains, derivation.node)
        if equations:
            yield equations
        for chain in chains:
            yield from _step_remarks(chain)
    for note in dict.fromkeys(chain.note for chain in derivation.chains if chain.note):
        yield Remark((Markup.of(note),))


def _told(derivation: Derivation) -> Iterator[tuple[list[str], list[JudgedChain]]]:
    """Yield what the author says, each time with the chains that follow it in the file."""
    waiting = list(derivation.passages)
    texts: list[str] = []
    chains: list[JudgedChain] = []
    for chain in derivation.chains:
        span = chain.steps[0].span if chain.steps else None
        before = [text for line, text in waiting if span is not None and line < span.line]
        if before:
            yield texts, chains
            texts, chains, waiting = before, [], waiting[len(before) :]
        chains.append(chain)
    yield texts, chains
    yield [text for _, text in waiting], []


def _entries(node: Node | None) -> dict[Term, Term]:
    """Return the entries of the arrays of a node, by what they stand for."""
    lines = node.lines if node else ()
    return {line.term: sym(line.name, *map(idx, line.axes)) for line in lines if line.axes}


def _chain_rows(chain: JudgedChain, entries: Mapping[Term, Term]) -> Iterator[Row]:
    shown: Term | None = None
    for i, step in enumerate(chain.steps):
        pulled = pull_signs(step.right)
        right = step.right if pulled is shown else pulled
        yield Row(chain.target if i == 0 else None, right, _reason(step, entries), step.verdict)
        shown = right


_DEFINITION: Final = re.compile(r"definitions? of [A-Za-z]\w*((, | and )[A-Za-z]\w*)*")


#: What a reader calls the rules of sums.
_PLAIN: Final = {
    "index-rule": "chain rule, summed over entries", "contract-bracket": "the bracket leaves one entry",
    "pull-out": "out of the sum", "known-sum": "a sum that is known",
}  # fmt: skip


def _rule_words(step: JudgedStep) -> Words:
    """Return the reason; names that are defined stand in mathematics."""
    if _DEFINITION.fullmatch(step.rule):
        opening, _, defined = step.rule.partition(" of ")
        return (f"{opening} of ", *_listed((sym(name),) for name in re.split(", | and ", defined)))
    named = step.rule if " " in step.rule else _PLAIN.get(step.rule, step.rule.replace("-", " "))
    return (Markup.of(named),) if named else ()


def _reason(step: JudgedStep, entries: Mapping[Term, Term]) -> Words:
    conditions = step.verdict.conditions if step.verdict.kind is Kind.PROVED_IF else ()
    rule = _rule_words(step)
    if not conditions:
        return rule
    return (*rule, ", if " if rule else "if ", *_listed((_named(c, entries),) for c in conditions))


def _named(condition: Term, entries: Mapping[Term, Term]) -> Term:
    """Return a condition in which what has a name is called by it."""
    for term, entry in entries.items():
        condition = substitute(condition, {term: entry})
    return condition


def _step_remarks(chain: JudgedChain) -> Iterator[Block]:
    for i, step in enumerate(chain.steps, 1):
        verdict = step.verdict
        if verdict.kind is Kind.REFUTED:
            yield Remark((f"Step {i} of ", chain.target, " is false: ", *refutation(verdict), "."))
        elif verdict.kind is Kind.UNKNOWN:
            agrees = f"; both sides agree at {verdict.agrees} random points" if verdict.agrees else ""
            yield Remark((f"Step {i} of ", chain.target, f" is not decided: {verdict.reason}{agrees}."))
        if step.warning:
            yield Remark((f"Step {i} of ", chain.target, f": {step.warning}."))


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
    said = kink.reason and kink.reason != "convention"
    reason: Words = (" (", Markup.of(kink.reason), ")") if said else ()
    return ("At ", kink.condition, " the derivative is a convention: ", stated, *reason, ".")


def _numbers(derivation: Derivation) -> Iterator[Block]:
    arrays = tuple(_array_rows(derivation.numbers))
    if arrays:
        yield Equations(arrays, many=True)
        if any(row.rounded for row in derivation.numbers):
            yield Remark(("Decimals are rounded.",))
    elif derivation.numbers:
        header = ("", "value", "in float64", "gradient", "in float64")
        yield Table(header, tuple(_number_cells(row) for row in derivation.numbers), "lrrrr")


def _array_rows(rows: Iterable[NumberRow]) -> Iterator[Row]:
    """Yield the equations of an example with axes: every value, then backwards every gradient."""
    found = tuple(rows)
    yield from (Row(sym(row.name), row.array) for row in found if row.array is not None)
    back = (Row(sym(f"d{row.name}"), row.gradient_array) for row in reversed(found) if row.gradient_array is not None)
    yield from back


def _number_cells(row: NumberRow) -> tuple[Words, ...]:
    exact, slope = (_exact_words(v) for v in (row.exact, row.gradient_exact))
    return ((sym(row.name),), exact, (row.value,), slope, (row.gradient_value,))


def _exact_words(value: Fraction | None) -> Words:
    if value is None:
        return ()
    return (num(value),)


def _witnesses(derivation: Derivation) -> Iterator[Block]:
    if derivation.witnesses:
        rows = tuple(((name,), (str(found),)) for name, found in derivation.witnesses.items())
        yield Table((), rows, "ll")


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
    """Return what was found of the steps, in one sentence."""
    kinds = [step.verdict.kind for step in derivation.steps]
    if not kinds:
        return "There are no steps."
    if set(kinds) == {Kind.PROVED}:
        total = {1: "The one step is", 2: "Both steps are"}.get(len(kinds), f"All {len(kinds)} steps are")
        return f"{total} proved."
    counted = [f"{kinds.count(kind)} {_SAID[kind]}" for kind in Kind if kind in kinds]
    return f"Of {len(kinds)} {'step' if len(kinds) == 1 else 'steps'}: {', '.join(counted)}."


_SAID: Final = {
    Kind.PROVED: "proved", Kind.PROVED_IF: "proved under the condition beside it",
    Kind.REFUTED: "false", Kind.UNKNOWN: "not decided",
}  # fmt: skip


def unchecked(derivation: Derivation) -> str:
    """Return what nobody checked, in one sentence; nothing where every witness agreed or disagreed."""
    if not derivation.witnesses:
        return "Checked by the kernel alone; “derive check” also asks SymPy and the layers."
    told = ((name, str(found).partition(": ")) for name, found in derivation.witnesses.items())
    absent = [f"{name} ({why})" if why else name for name, (state, _, why) in told if state == "absent"]
    return f"Not checked: {', '.join(absent)}." if absent else ""

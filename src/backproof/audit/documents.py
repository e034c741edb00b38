"""What is verified of a whole file: every step, convention, example, claim and witness, with findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backproof.audit.findings import Finding, Severity, finding, shorten
from backproof.audit.points import written
from backproof.calculus import claim_context, derive, judge_claim
from backproof.derivation import Derivation, JudgedChain, JudgedStep
from backproof.domains import Context, Definition
from backproof.errors import BackproofError, NotDerivable, SourceError, in_words
from backproof.inlining import inline_calls, inline_claim, lookup_in
from backproof.kernel import Kind, judge
from backproof.language import to_source
from backproof.language.document import Claim, Document, Node, Prose, Span
from backproof.terms import ZERO

if TYPE_CHECKING:
    from backproof.checking import Witness


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified of one file, and what was found."""

    path: str
    derivations: tuple[Derivation, ...] = ()
    claims: tuple[JudgedChain, ...] = ()
    witnesses: tuple[dict[str, Witness], ...] = ()
    findings: tuple[Finding, ...] = ()
    claimed: tuple[tuple[JudgedStep, Context], ...] = ()

    @property
    def proofs(self) -> tuple[tuple[JudgedStep, Context], ...]:
        """Every judged step with what is in force there; calls in claims are replaced by what they stand for."""
        derived = ((step, derivation.context) for derivation in self.derivations for step in derivation.steps)
        return (*derived, *self.claimed)

    @property
    def steps(self) -> tuple[JudgedStep, ...]:
        """Every judged step of the file, those of claims last."""
        chains = [chain for derivation in self.derivations for chain in derivation.chains]
        return tuple(step for chain in (*chains, *self.claims) for step in chain.steps)


def check_document(document: Document, numeric: bool = True, thorough: bool = True) -> Report:
    """Return what holds of every node and claim of ``document``.

    ``numeric`` asks the witnesses as well: SymPy, and the numpy layer where there is one; ``thorough`` also those
    that take their time, which is SymPy with sums written out.
    """
    reports = [check_block(document, block, numeric, thorough) for block in document.blocks]
    return merged([Report(document.path), *reports])


def check_block(document: Document, block: Node | Claim | Prose, numeric: bool = True, thorough: bool = True) -> Report:
    """Return what holds of one node or claim; of prose, nothing has to."""
    try:
        if isinstance(block, Node):
            return check_node(document, block, numeric, thorough)
        if isinstance(block, Claim):
            return check_claim(document, block)
    except (NotDerivable, SourceError) as refusal:
        return Report(document.path, findings=(refused(document, block, refusal),))
    return Report(document.path)


def check_node(document: Document, node: Node, numeric: bool, thorough: bool) -> Report:
    derivation = derive_node(document, node)
    found = tuple(node_findings(document.path, derivation))
    if not numeric:
        return Report(document.path, (derivation,), findings=found)
    witnesses = ask_witnesses(derivation, thorough)
    found = found or tuple(witness_findings(document.path, node, witnesses))
    found += tuple(vacuous_findings(document.path, derivation, witnesses))
    return Report(document.path, (derivation,), witnesses=(witnesses,), findings=found)


def check_claim(document: Document, claim: Claim) -> Report:
    inlined = inline_claim(claim, lookup_in(document))
    proved, context = judge_claim(inlined), claim_context(inlined)
    judged = as_written(proved, claim)
    found = chain_findings(document.path, judged, claim_context(claim), claim.chain.span)
    claimed = tuple((step, context) for step in proved.steps)
    return Report(document.path, claims=(judged,), findings=tuple(found), claimed=claimed)


def merged(reports: Sequence[Report]) -> Report:
    """Return the reports on the parts of one file as one."""
    return Report(
        reports[0].path,
        tuple(derivation for report in reports for derivation in report.derivations),
        tuple(claim for report in reports for claim in report.claims),
        tuple(witnesses for report in reports for witnesses in report.witnesses),
        tuple(finding for report in reports for finding in report.findings),
        tuple(proof for report in reports for proof in report.claimed),
    )


def refused(document: Document, block: Node | Claim | Prose, error: BackproofError) -> Finding:
    """Return the finding for a node or claim that cannot be derived, or whose calls do not fit."""
    if isinstance(error, SourceError):
        text = document.text.splitlines()[error.line - 1 : error.line]
        return unreadable("", replace(error, path=document.path, source_line="".join(text)))
    span = block.span if isinstance(block, Node) else Span(1, 1, 1)
    span = block.chain.span if isinstance(block, Claim) else span
    return finding(Severity.UNDECIDED, document.path, span, str(error))


def ask_witnesses(derivation: Derivation, thorough: bool) -> dict[str, Witness]:
    """Return what each independent witness says of ``derivation``."""
    from backproof.checking import cross_check  # numpy, which most commands do without

    return cross_check(derivation, thorough=thorough)


def derive_node(document: Document, node: Node) -> Derivation:
    """Return the derivation of ``node``, every call replaced by what it stands for."""
    inlined = inline_calls(node, lookup_in(document))
    alone = document.nodes == (node,)
    title = document.title if alone and document.title else node.name
    passages = tuple(passages_of(document)) if alone else ()
    opening = [text for line, text in passages if not node.chains or line < node.span.line]
    derivation = derive(inlined, title, "\n\n".join(opening))
    return replace(derivation, passages=passages[len(opening) :])


def derive_claim(document: Document, claim: Claim) -> JudgedChain:
    """Return the judged steps of ``claim`` as they are written; calls are judged by their formulas."""
    return as_written(judge_claim(inline_claim(claim, lookup_in(document))), claim)


def as_written(judged: JudgedChain, claim: Claim) -> JudgedChain:
    """Return the judged steps of a claim with the sides that its author wrote."""
    steps = (
        replace(step, left=written.left, right=written.right)
        for step, written in zip(judged.steps, claim.chain.steps, strict=True)
    )
    return replace(judged, target=claim.chain.target, steps=tuple(steps))


def passages_of(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the prose of a file, each passage with its line, without the heading.

    What led to a block by a colon ends with a full stop.
    """
    for block in document.blocks:
        text = block.text.strip().removeprefix(f"# {document.title}").strip() if isinstance(block, Prose) else ""
        if isinstance(block, Prose) and text:
            yield block.line, f"{text[:-1]}." if text.endswith(":") else text


def node_findings(path: str, derivation: Derivation) -> Iterator[Finding]:
    """Yield what is wrong, open or worth a warning in one derivation."""
    node = derivation.node
    for chain in derivation.chains:
        yield from chain_findings(path, chain, derivation.context, node.span, derivation)
    yield from _convention_findings(path, node)
    yield from _example_findings(path, derivation)


def _convention_findings(path: str, node: Node) -> Iterator[Finding]:
    if not node.kinks:
        return
    from backproof.audit.kinks import check_kink

    domains = {given.name: given.domain for given in node.inputs}
    forward = {line.name: Definition(line.name, line.term, line.axes) for line in node.lines}
    for kink in node.kinks:
        reason = check_kink(node, kink, Context(forward, domains))
        if reason:
            yield finding(Severity.WRONG, path, kink.span, "this convention is false", reason)


def _example_findings(path: str, derivation: Derivation) -> Iterator[Finding]:
    if not derivation.node.examples:
        return
    from backproof.audit.examples import check_example

    for example in derivation.node.examples:
        wrong = tuple(check_example(derivation, example))
        if wrong:
            yield finding(Severity.WRONG, path, example.span, "this example is wrong", *wrong)


def chain_findings(
    path: str, chain: JudgedChain, context: Context, fallback: Span, derivation: Derivation | None = None
) -> Iterator[Finding]:
    """Yield a finding for every step of ``chain``, which is one of ``derivation``, that is not simply true."""
    for number, step in enumerate(chain.steps, start=1):
        span = step.span or fallback
        name = f"step {number} of {to_source(chain.target)}"
        if step.verdict.kind is Kind.REFUTED and chain.found:
            hint = "a file may state the steps of this gradient, and its value at a jump"
            message = f"no {to_source(chain.target)} was found that is right everywhere"
            yield finding(Severity.UNDECIDED, path, span, message, *refutation(step, context)[:2], hint)
        elif step.verdict.kind is Kind.REFUTED:
            details = refutation(step, context, derivation, str(chain.target.data))
            yield finding(Severity.WRONG, path, span, f"{name} is false", *details)
        elif step.verdict.kind is Kind.UNKNOWN:
            equation = f"{to_source(step.left)}  =  {to_source(step.right)}"
            details = (equation, step.verdict.reason, _agreement(step))
            yield finding(Severity.UNDECIDED, path, span, f"{name} is undecided", *details)
        if step.warning:
            yield finding(Severity.WARNING, path, span, f"warning: {step.warning}")


def refutation(
    step: JudgedStep, context: Context, derivation: Derivation | None = None, gradient: str = ""
) -> tuple[str, ...]:
    """Return the equation, both sides at the counterexample, and what differs."""
    from backproof.audit.diagnosis import diagnose  # which nothing that is true needs

    verdict = step.verdict
    values = f"{shorten(verdict.left)}  ≠  {shorten(verdict.right)}"
    first, *arrays = written(dict(verdict.point))
    return (
        f"{to_source(step.left)}  =  {to_source(step.right)}",
        f"at {first}:  {values}" if first else values,
        *(f"   {array}" for array in arrays),
        diagnose(step, context, derivation, gradient) or verdict.reason,
    )


def _agreement(step: JudgedStep) -> str:
    agrees = step.verdict.agrees
    return f"both sides agree to 60 digits at {agrees} random points" if agrees else ""


def witness_findings(path: str, node: Node, found: Mapping[str, Witness]) -> Iterator[Finding]:
    """Yield a finding for every witness that disagrees though every step was accepted."""
    for name, witness in found.items():
        if witness.state == "disagreed" and name == "kernel":
            # no step was rejected, so what it misses is a derivation
            message = f"{node.name} is not derived: {witness.detail}"
            yield finding(Severity.UNDECIDED, path, node.span, message)
        elif witness.state == "disagreed":
            message = f"the {name} witness disagrees about {node.name}"
            yield finding(Severity.WRONG, path, node.span, message, witness.detail)


def vacuous_findings(path: str, derivation: Derivation, found: Mapping[str, Witness]) -> Iterator[Finding]:
    """Yield a warning for every gradient that the kernel proves to be zero, whatever arrives."""
    zero = {name for witness in found.values() for name in witness.zero}
    for chain in derivation.chains:
        name = str(chain.target.data)
        if name[1:] in zero and judge(chain.result, ZERO, derivation.context).kind is Kind.PROVED:
            message = f"warning: {name} is zero whatever arrives, so that its check is vacuous"
            hint = "any multiple of a right formula would pass; check the node without what comes after it"
            yield finding(Severity.WARNING, path, derivation.node.span, message, hint)


def unreadable(path: str, error: BackproofError | OSError | UnicodeError) -> Finding:
    """Return the finding for a file that is no derivation."""
    if isinstance(error, SourceError):
        caret = f"{' ' * (error.column - 1)}^" if error.source_line else ""
        place = Span(error.line, error.column, error.column + 1)
        return finding(Severity.UNREADABLE, error.path, place, error.message, error.source_line, caret)
    return finding(Severity.UNREADABLE, path, Span(1, 1, 1), in_words(error))

"""The derivation of a node: local derivatives, the backward pass, and a chain of judged steps per input."""

from __future__ import annotations

from collections.abc import Iterator

from backproof.calculus.branches import BranchSearch
from backproof.calculus.judging import Judge, context_of
from backproof.calculus.paths import Flow, gradient_of
from backproof.calculus.regions import has_choices
from backproof.calculus.rules import Question, infer, judge_without_definitions, warning
from backproof.calculus.search import Search, note
from backproof.derivation import Derivation, JudgedChain, JudgedStep
from backproof.domains import Context
from backproof.errors import NotDerivable
from backproof.graph import operations
from backproof.inlining import inline_calls, lookup_in
from backproof.language.document import Chain, Claim, Document, Node, Prose
from backproof.terms import Term, sym


def derive(node: Node, title: str = "", prose: str = "") -> Derivation:
    """Return the derivation of ``node``: the chains that it states, judged, and the others found.

    Calls of other nodes must be inlined before.  Raises NotDerivable for a node with axes.
    """
    _refuse_axes(node)
    steps = operations(node)
    domains = {given.name: given.domain for given in node.inputs}
    context = context_of(steps, domains, node.kinks)
    inputs = [sym(name) for name in domains]
    flow = Flow(steps, inputs)
    return Derivation(
        node=node,
        context=context,
        operations=steps,
        locals=flow.locals,
        pullbacks=flow.pullbacks,
        chains=tuple(_chains(node, flow, context)),
        kinks=node.kinks,
        title=title,
        prose=prose,
    )


def _refuse_axes(node: Node) -> None:
    axes = [given.axes for given in node.inputs] + [line.axes or line.term.axes for line in node.lines]
    if any(axes):
        raise NotDerivable(f"{node.name} has axes; only scalar nodes can be derived so far")


def _chains(node: Node, flow: Flow, context: Context) -> Iterator[JudgedChain]:
    """Yield the stated chains in the order of the file, and one found for every other input."""
    judge = Judge(context)
    for chain in node.chains:
        yield judge_chain(chain, judge)
    stated = {chain.target for chain in node.chains}
    missing = [sym(g.name) for g in node.inputs if gradient_of(sym(g.name)) not in stated]
    if missing:
        search = _search(node, flow, judge)
        yield from (_found_chain(search, value) for value in missing)


def _search(node: Node, flow: Flow, judge: Judge) -> Search:
    lines = [sym(line.name) for line in node.lines]
    constants = [line for line in lines if line not in flow.active]
    if has_choices(flow.operations):
        return BranchSearch(flow, lines, judge, constants, node.kinks)
    return Search(flow, lines, judge, constants)


def judge_chain(chain: Chain, judge: Judge) -> JudgedChain:
    """Return a stated chain with the kernel's verdict on every step, and its rule where none is stated."""
    algebra = judge_without_definitions(judge.context)
    steps = []
    for step in chain.steps:
        verdict = judge(step.left, step.right)
        question = Question(step.left, step.right, judge, algebra)
        doubt = warning(step.reason, question) if verdict.is_accepted else ""
        reason = step.reason or (infer(question) if verdict.is_accepted else "")
        steps.append(JudgedStep(step.left, step.right, reason, verdict, step.span, doubt))
    return JudgedChain(chain.target, tuple(steps), found=False)


def _found_chain(search: Search, value: Term) -> JudgedChain:
    target = left = gradient_of(value)
    steps = []
    route = search.route(value)
    for proposal in route:
        verdict = search.judge(left, proposal.term)
        steps.append(JudgedStep(left, proposal.term, proposal.rule, verdict))
        left = proposal.term
    return JudgedChain(target, tuple(steps), True, note(search, value, route))


def judge_claim(claim: Claim) -> JudgedChain:
    """Return the chain of a claim with the kernel's verdict on every step."""
    context = Context(domains={given.name: given.domain for given in claim.given})
    return judge_chain(claim.chain, Judge(context))


def derive_document(document: Document) -> tuple[Derivation, ...]:
    """Return the derivation of every node of a document, each with the prose that stands before it.

    Calls of other nodes of the document, or of the catalogue, are replaced by what those compute.
    """
    find = lookup_in(document)
    found = []
    prose: list[str] = []
    for block in document.blocks:
        if isinstance(block, Prose):
            prose.append(block.text)
        elif isinstance(block, Node):
            node = inline_calls(block, find)
            found.append(derive(node, document.title, "\n\n".join(prose)))
            prose = []
    return tuple(found)

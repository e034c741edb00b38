"""The derivation of a node: local derivatives, the backward pass, and a chain of judged steps per input."""

from __future__ import annotations

from collections.abc import Iterator

from backproof.calculus.branches import BranchSearch
from backproof.calculus.fields import has_axes
from backproof.calculus.judging import Judge, context_of
from backproof.calculus.paths import Flow, gradient_of
from backproof.calculus.regions import has_choices
from backproof.calculus.search import Search, note
from backproof.calculus.stated import judge_chain
from backproof.calculus.tensors import derive_with_axes
from backproof.derivation import Derivation, JudgedChain, JudgedStep
from backproof.domains import Context
from backproof.errors import NotDerivable
from backproof.graph import operations
from backproof.inlining import inline_calls, lookup_in
from backproof.language.document import Document, Node, Prose
from backproof.terms import Term, postorder, sym


def derive(node: Node, title: str = "", prose: str = "") -> Derivation:
    """Return the derivation of ``node``: the chains that it states, judged, and the others found.

    Calls of other nodes must be inlined before.  Raises NotDerivable where a line holds a derivative.
    """
    for line in node.lines:
        if any(term.head == "D" for term in postorder(line.term)):
            raise NotDerivable(f"{line.name} holds a derivative; D(…) may stand in claims and gradients only")
    if has_axes(node):
        return derive_with_axes(node, title, prose)
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


def _found_chain(search: Search, value: Term) -> JudgedChain:
    target = left = gradient_of(value)
    steps = []
    route = search.route(value)
    for proposal in route:
        verdict = search.judge(left, proposal.term)
        steps.append(JudgedStep(left, proposal.term, proposal.rule, verdict))
        left = proposal.term
    return JudgedChain(target, tuple(steps), True, note(search, value, route))


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

"""The derivation of a node: local derivatives, the backward pass, and a chain of judged steps per input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backproof.calculus.paths import Flow, gradient_of
from backproof.calculus.search import Search
from backproof.derivation import Derivation, JudgedChain, JudgedStep, Operation
from backproof.domains import Context, Definition
from backproof.errors import NotDerivable
from backproof.graph import operations
from backproof.kernel import judge
from backproof.language.document import Chain, Claim, Document, Kink, Node, Prose
from backproof.terms import Term, derivative, mul, sym, where


def gradient_context(node: Node, steps: Sequence[Operation] = ()) -> Context:
    """Return what is in force where the steps of ``node`` are judged.

    Every value of the graph is a definition, and so is every gradient: ``dv = dy*D(y, v)``, at a kink the
    value that the node states.
    """
    steps = steps or operations(node)
    output = steps[-1].output
    values = [sym(given.name) for given in node.inputs] + [step.output for step in steps[:-1]]
    definitions = {step.output.data: Definition(step.output.data, step.term) for step in steps}
    for value in values:
        gradient = gradient_of(value)
        plain = mul(gradient_of(output), derivative(output, value))
        definitions[gradient.data] = Definition(
            gradient.data, _with_kinks(gradient, plain, node.kinks)
        )
    return Context(definitions, {given.name: given.domain for given in node.inputs})


def _with_kinks(gradient: Term, plain: Term, kinks: Sequence[Kink]) -> Term:
    for kink in reversed(kinks):
        if kink.gradient == gradient.data:
            plain = where(kink.condition, kink.value, plain)
    return plain


def derive(node: Node, title: str = "", prose: str = "") -> Derivation:
    """Return the derivation of ``node``: the chains that it states, judged, and the others found.

    Raises NotDerivable for a node with axes.
    """
    _refuse_axes(node)
    steps = operations(node)
    context = gradient_context(node, steps)
    inputs = [sym(given.name) for given in node.inputs]
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
    if any(part.axes for part in (*node.inputs, *node.lines)):
        raise NotDerivable(f"{node.name} has axes; only scalar nodes can be derived so far")


def _chains(node: Node, flow: Flow, context: Context) -> Iterator[JudgedChain]:
    stated = {chain.target.data: chain for chain in node.chains}
    targets = dict.fromkeys([*stated, *(f"d{given.name}" for given in node.inputs)])
    search = Search(flow, context.domains, lambda left, right: judge(left, right, context).is_accepted)
    for target in targets:
        if target in stated:
            yield judge_chain(stated[target], context)
        else:
            yield _found_chain(search, sym(target[1:]), context)


def judge_chain(chain: Chain, context: Context) -> JudgedChain:
    """Return a stated chain with the kernel's verdict on every step."""
    steps = tuple(
        JudgedStep(
            step.left, step.right, step.reason, judge(step.left, step.right, context), step.span
        )
        for step in chain.steps
    )
    return JudgedChain(chain.target, steps, found=False)


def _found_chain(search: Search, value: Term, context: Context) -> JudgedChain:
    target = left = gradient_of(value)
    steps: list[JudgedStep] = []
    for proposal in search.steps(value):
        verdict = judge(left, proposal.term, context)
        if verdict.is_accepted or not steps:
            steps.append(JudgedStep(left, proposal.term, proposal.rule, verdict))
            left = proposal.term
    return JudgedChain(target, tuple(steps), found=True)


def judge_claim(claim: Claim) -> JudgedChain:
    """Return the chain of a claim with the kernel's verdict on every step."""
    context = Context(domains={given.name: given.domain for given in claim.given})
    return judge_chain(claim.chain, context)


def derive_document(document: Document) -> tuple[Derivation, ...]:
    """Return the derivation of every node of a document, each with the prose that stands before it."""
    found = []
    prose: list[str] = []
    for block in document.blocks:
        if isinstance(block, Prose):
            prose.append(block.text)
        elif isinstance(block, Node):
            found.append(derive(block, document.title, "\n\n".join(prose)))
            prose = []
    return tuple(found)

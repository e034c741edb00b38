"""The derivation of a node as data: graph, local derivatives, backward pass, and chains of judged steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from backproof.domains import Context
from backproof.kernel.verdict import Verdict
from backproof.language.document import Kink, Node, Span
from backproof.terms import Term


@dataclass(frozen=True, slots=True)
class Operation:
    """One node of the computational graph: ``output = kind(inputs)``; ``term`` is that one operation.

    ``inputs`` are the values used, in order, a value used twice standing twice.  Every value is a symbol
    (an input or a line of the node, or an intermediate that was given a name) or a number.
    """

    output: Term
    term: Term
    inputs: tuple[Term, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Local:
    """The local derivative ∂output/∂input of one use of a value, in terms of the inputs or the output."""

    output: Term
    input: Term
    term: Term


@dataclass(frozen=True, slots=True)
class Pullback:
    """What arrives at an operation and what leaves it: ``contribution = upstream * local`` for one edge.

    ``gradient`` names the value that receives it (``da``), ``upstream`` is the gradient symbol of the output.
    """

    gradient: Term
    upstream: Term
    local: Term
    contribution: Term


@dataclass(frozen=True, slots=True)
class JudgedStep:
    """An equality, its rule name or reason, where it stands in the source (if it does), and its verdict."""

    left: Term
    right: Term
    rule: str
    verdict: Verdict
    span: Span | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class JudgedChain:
    """``target = … = result``: every step with its verdict; ``found`` where backproof found the steps itself."""

    target: Term
    steps: tuple[JudgedStep, ...]
    found: bool
    note: str = ""

    @property
    def result(self) -> Term:
        """The last expression of the chain: the gradient, in its output form where one exists."""
        return self.steps[-1].right


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A value of an example, exact where it is rational, beside what float64 gives; then its gradient.

    ``value`` and ``gradient_value`` are float64 reprs; ``gradient_value`` is empty where nothing flows back.
    In a node with axes ``array`` and ``gradient_array`` stand for all of these, numbers or lists of them; ``rounded``
    says that some of these are.
    """

    name: str
    exact: Fraction | None
    value: str
    gradient_exact: Fraction | None = None
    gradient_value: str = ""
    array: Term | None = None
    gradient_array: Term | None = None
    rounded: bool = False


@dataclass(frozen=True, slots=True)
class Derivation:
    """Everything that is shown of one node.  ``context`` is what its steps were judged in.

    ``prose`` leads to it; ``passages`` stand between its steps, each with its line in the file.
    """

    node: Node
    context: Context
    operations: tuple[Operation, ...]
    locals: tuple[Local, ...]
    pullbacks: tuple[Pullback, ...]
    chains: tuple[JudgedChain, ...]
    kinks: tuple[Kink, ...] = ()
    title: str = ""
    prose: str = ""
    witnesses: dict[str, str] = field(default_factory=dict)
    numbers: tuple[NumberRow, ...] = ()
    passages: tuple[tuple[int, str], ...] = ()

    @property
    def gradients(self) -> dict[str, Term]:
        """The final gradient of each input, by the input's name."""
        inputs = {"d" + given.name: given.name for given in self.node.inputs}
        found = {str(chain.target.data): chain.result for chain in self.chains}
        return {inputs[name]: term for name, term in found.items() if name in inputs}

    @property
    def steps(self) -> tuple[JudgedStep, ...]:
        return tuple(step for chain in self.chains for step in chain.steps)

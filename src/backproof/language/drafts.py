"""Nodes and chains while their statements are still being read, and what makes them complete."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass, field, replace

from backproof.domains import REAL
from backproof.indexing import axis_of
from backproof.language import grammar
from backproof.language.document import (
    Chain,
    Claim,
    Declaration,
    Kink,
    Line,
    Node,
    Prose,
    Span,
    Step,
)
from backproof.language.examples import ExampleDraft, Expectation
from backproof.language.lexer import Source, Token
from backproof.language.scope import Scope
from backproof.terms import Term


@dataclass(slots=True)
class ChainDraft:
    """A chain that lines starting with ``=`` may still continue."""

    target: Term
    start: Token
    span: Span
    scope: Scope
    bound: frozenset[str] | None
    steps: list[Step] = field(default_factory=list)

    def add(self, right: Term, span: Span) -> None:
        """Continue the chain by one equality."""
        left = self.steps[-1].right if self.steps else self.target
        self.steps.append(Step(left, right, span))

    def explain(self, reason: str) -> None:
        """Give the reason of the last step."""
        self.steps[-1] = replace(self.steps[-1], reason=reason)

    def finish(self) -> Chain:
        """Return the chain as it stands."""
        return Chain(self.target, tuple(self.steps), self.span)


@dataclass(slots=True)
class ClaimDraft:
    """A claim with the declarations in force."""

    given: tuple[Declaration, ...]
    chain: ChainDraft

    def finish(self, source: Source) -> Claim:
        """Return the claim; it has two sides at least."""
        if not self.chain.steps:
            source.fail_at(self.chain.start, "a claim has two sides: claim A = B")
        return Claim(self.given, self.chain.finish())


@dataclass(slots=True)
class Names:
    """The variables and axes that are declared, each with the token that declared it."""

    variables: MutableMapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: MutableMapping[str, Token] = field(default_factory=dict)
    axes: MutableMapping[str, Token] = field(default_factory=dict)

    def declare_axes(self, source: Source, axes: list[Token]) -> None:
        """Declare axes; none of them is a variable or a word of the language."""
        for axis in axes:
            if axis.text.endswith("'"):
                self._check_primed(source, axis)
                continue
            if axis.text in grammar.RESERVED:
                source.fail_at(axis, f"'{axis.text}' is a word of the language, not an axis")
            if axis.text in self.variables:
                where = self.places[axis.text].line
                source.fail_at(axis, f"'{axis.text}' is a variable (line {where}), not an axis")
            if self.gradient_of(axis.text):
                source.fail_at(axis, f"'{axis.text}' is a gradient, not an axis")
            self.axes[axis.text] = axis

    def _check_primed(self, source: Source, axis: Token) -> None:
        plain = axis_of(axis.text)
        if plain not in self.axes:
            source.fail_at(axis, f"'{axis.text}' is a second index of '{plain}', which is no axis yet")

    def declare(self, source: Source, name: Token, axes: tuple[str, ...]) -> None:
        """Declare a variable once; it neither is an axis nor looks like the gradient of another."""
        text = name.text
        if text in self.variables:
            source.fail_at(name, f"'{text}' is already defined, on line {self.places[text].line}")
        if text in self.axes or "d" + text in self.axes:
            axis = text if text in self.axes else "d" + text
            source.fail_at(name, f"'{axis}' is an axis; give the variable another name")
        if text[0] == "d" and text[1:] in self.variables:
            source.fail_at(name, f"'{text}' is the gradient of '{text[1:]}'; choose another name")
        if "d" + text in self.variables:
            other = self.places["d" + text].line
            source.fail_at(name, f"'d{text}' (line {other}) would be the gradient of '{text}'")
        self.variables[text] = axes
        self.places[text] = name

    def gradient_of(self, text: str) -> str:
        """Return the variable whose gradient ``text`` names, or nothing."""
        return text[1:] if text[0] == "d" and text[1:] in self.variables else ""

    def layer(self) -> Names:
        """Return these names, to which more can be added without changing these; copies nothing."""
        return Names(ChainMap({}, self.variables), ChainMap({}, self.places), ChainMap({}, self.axes))

    def axes_of(self, text: str) -> tuple[str, ...] | None:
        """Return the axes of a variable or of a gradient, or None for any other name."""
        return self.variables.get(self.gradient_of(text) or text)


@dataclass(slots=True)
class NodeDraft:
    """A node or graph that later statements, also in later fences, continue."""

    header: Token
    name: str
    is_graph: bool
    later: Mapping[str, int]
    calls: Mapping[str, int]
    headers: Mapping[str, int]
    known: Collection[str] | None
    span: Span
    outputs: list[Token] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    inputs: list[Declaration] = field(default_factory=list)
    values: list[tuple[str, Term]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    chains: dict[str, ChainDraft] = field(default_factory=dict)
    kinks: list[Kink] = field(default_factory=list)
    stated: set[tuple[Term, str]] = field(default_factory=set)
    examples: list[ExampleDraft] = field(default_factory=list)

    @property
    def word(self) -> str:
        """What the node is called in messages."""
        return f"{'graph' if self.is_graph else 'node'} '{self.name}'"

    def forward_scope(self, owner: str = "this line") -> Scope:
        """The names that a forward line may use: what stands above it."""
        return Scope(
            self.names.variables,
            self.names.axes,
            owner,
            later=self.later,
            calls=self.calls,
            headers=self.headers,
            known=self.known,
        )

    def gradient_scope(self, owner: str) -> Scope:
        """The names that a gradient may use: variables, and the gradients of all of them."""
        return replace(self.forward_scope(owner), has_gradients=True)

    def finish(self, source: Source) -> Node:
        """Return the node; it has a line, its outputs are lines, and its examples are complete."""
        if not self.lines:
            source.fail_at(self.header, f"{self.word} has no forward line, such as y = 2*x")
        if not self.inputs:
            source.fail_at(self.header, f"{self.word} has no input")
        self._check_outputs(source)
        expectation = self._expectation()
        for draft in self.examples:
            expectation.check(source, draft)
        return Node(
            self.name,
            tuple(self.inputs),
            tuple(self.lines),
            self.span,
            tuple(chain.finish() for chain in self.chains.values()),
            tuple(self.kinks),
            tuple(draft.finish() for draft in self.examples),
            tuple(self.values),
            self.is_graph,
            tuple(output.text for output in self.outputs),
        )

    def _check_outputs(self, source: Source) -> None:
        lines = [line.name for line in self.lines]
        for output in self.outputs:
            if output.text not in lines:
                near = grammar.suggest(output.text, lines)
                source.fail_at(output, f"the output '{output.text}' is no line of the {self.word}{near}")

    def _expectation(self) -> Expectation:
        """Return what an example of this node may give."""
        outputs = [output.text for output in self.outputs] or [self.lines[-1].name]
        allowed = {x.name: x.domain for x in self.inputs} | {"d" + y: REAL for y in outputs}
        values = dict(self.names.variables)
        gradients = {f"d{name}": axes for name, axes in values.items()}
        return Expectation(allowed, values | gradients, outputs, [name for name, _ in self.values])


@dataclass(slots=True)
class Reading:
    """What the statements so far have said, and the statements that are still to come (last one first)."""

    source: Source
    known: Collection[str] | None
    headers: Mapping[str, int]
    pending: list[list[Token]] = field(default_factory=list)
    blocks: list[Prose | NodeDraft | ClaimDraft] = field(default_factory=list)
    node: NodeDraft | None = None
    chain: ChainDraft | None = None
    calls: dict[str, int] = field(default_factory=dict)
    given: tuple[Declaration, ...] = ()
    given_names: Names = field(default_factory=Names)
    open_given: Token | None = None

    def forget_given(self) -> None:
        """Start the declarations for claims afresh; the last ones must have been used."""
        if self.open_given:
            self.source.fail_at(self.open_given, "no claim follows; 'given' stands before its claim")
        self.given, self.given_names = (), Names()

    def finish(self) -> tuple[Prose | Node | Claim, ...]:
        """Return the finished blocks, in the order of the file."""
        return tuple(block if isinstance(block, Prose) else block.finish(self.source) for block in self.blocks)

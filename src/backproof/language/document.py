"""The document model: what a derivation file says, with the place of everything in it."""

from __future__ import annotations

from dataclasses import dataclass

from backproof.domains import Domain
from backproof.terms import Term


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line of the source, 1-based; ``end`` is the column after the last character."""

    line: int
    column: int
    end: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """An input or a variable of a claim: ``x[n, d]: positive``."""

    name: str
    axes: tuple[str, ...]
    domain: Domain
    span: Span


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the forward pass: ``name[axes] = term``."""

    name: str
    axes: tuple[str, ...]
    term: Term
    span: Span
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One equality of a chain: the previous expression equals ``right``; ``span`` is that of ``right``."""

    left: Term
    right: Term
    span: Span
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """``target = e1 = e2 = …``: the first step's left side is the target itself (``dx``, or a claim's first side)."""

    target: Term
    steps: tuple[Step, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Kink:
    """``at condition: gradient = value -- reason``: the derivative there is a convention."""

    condition: Term
    gradient: str
    value: Term
    span: Span
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """``example x = 2 -> y = 4, dx = 4``: exact inputs and expected decimals."""

    given: tuple[tuple[str, Term], ...]
    expected: tuple[tuple[str, Term], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Node:
    """A node, or a graph (``is_graph``) whose inputs may have ``values``.

    ``outputs`` are the lines that the header names after ``->``; where it names none, the last line is the output.
    """

    name: str
    inputs: tuple[Declaration, ...]
    lines: tuple[Line, ...]
    span: Span
    chains: tuple[Chain, ...] = ()
    kinks: tuple[Kink, ...] = ()
    examples: tuple[Example, ...] = ()
    values: tuple[tuple[str, Term], ...] = ()
    is_graph: bool = False
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """``given …`` declarations and a chain that is checked by itself."""

    given: tuple[Declaration, ...]
    chain: Chain


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown between the fences, as it stands; ``line`` is where it starts."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """A derivation file: title (first heading), prose, nodes, graphs and claims in the order of the file.

    A node that is continued in a later fence stands at the place of its ``node`` line.
    """

    path: str
    title: str
    blocks: tuple[Prose | Node | Claim, ...]
    text: str = ""

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Node))

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Claim))

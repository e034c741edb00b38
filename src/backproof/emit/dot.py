"""The graph in the language of Graphviz, for those who want its layout instead of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.outline import Markup, Words
from backproof.emit.picture import Edge, Numbers, Vertex, picture
from backproof.emit.text_style import TEXT
from backproof.emit.typography import Typesetter
from backproof.terms import Term

_SHAPES: Final = {"input": "plaintext", "operation": "ellipse", "output": "plaintext"}


def emit_dot(derivation: Derivation, *, upto: int | None = None, numbers: Numbers | None = None) -> str:
    """Return the computational graph as a ``digraph``; the gradient stands below the value."""
    shown = picture(derivation, upto=upto, numbers=numbers)
    typeset = Typesetter(TEXT, shown.scope)

    def said(words: Words) -> str:
        return "".join(_word(typeset, word) for word in words)

    def lines() -> Iterator[str]:
        yield f"digraph {_quoted(derivation.node.name)} {{"
        yield f"  graph [rankdir=LR, label={_quoted(shown.title)}];"
        for number, vertex in enumerate(shown.vertices):
            yield f"  n{number} [{_vertex(vertex, said(vertex.label))}];"
        for edge in shown.edges:
            yield f"  n{edge.source} -> n{edge.target} [{_edge(edge, said)}];"
        yield "}"

    return "\n".join(lines()) + "\n"


def _word(typeset: Typesetter, word: str | Term | Markup) -> str:
    if isinstance(word, Term):
        return typeset(word).text
    return prose.to_text(word.text) if isinstance(word, Markup) else word


def _vertex(vertex: Vertex, label: str) -> str:
    lit = ', style=filled, fillcolor="#ffe29a"' if vertex.is_active else ""
    return f"shape={_SHAPES[vertex.kind]}, label={_quoted(label)}{lit}"


def _edge(edge: Edge, said: Callable[[Words], str]) -> str:
    lines = [said(edge.value), *([said(edge.gradient)] if edge.gradient else [])]
    return f"label={_quoted(chr(10).join(lines))}"


def _quoted(text: str) -> str:
    """Return ``text`` as a string of DOT that shows it as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'

r"""The graph as TikZ, for ``\input`` in a document with the tikz package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.latex_style import LATEX, measure
from backproof.emit.latex_text import escape
from backproof.emit.layout import Place, Point
from backproof.emit.modes import LINE
from backproof.emit.outline import Markup, Words
from backproof.emit.picture import Numbers, Picture, Vertex, picture
from backproof.emit.svg import arrange
from backproof.emit.typography import Typesetter
from backproof.terms import Term

#: Ems of a circle and of a line of a label.
_CIRCLE: Final = 2.2
_LINE: Final = 1.45
_OPENING: Final = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage{tikz}
\pagestyle{empty}"""
_PAGE: Final = r"""\setlength{\oddsidemargin}{-0.8in}\setlength{\topmargin}{-0.9in}\setlength{\headheight}{0pt}
\setlength{\headsep}{0pt}\setlength{\parindent}{0pt}
\AtBeginDocument{\pdfpagewidth=\paperwidth \pdfpageheight=\paperheight}
\begin{document}"""


def emit_tikz(
    derivation: Derivation, *, upto: int | None = None, numbers: Numbers | None = None, standalone: bool = False
) -> str:
    """Return the computational graph as a ``tikzpicture``, or as a document whose page it fits."""
    drawing = _Drawing(picture(derivation, upto=upto, numbers=numbers))
    text = drawing.document()
    if not standalone:
        return text
    return whole(text, drawing.layout.width, drawing.layout.height)


def whole(text: str, width: float, height: float) -> str:
    """Return a document whose page is as large as the picture, which is so many ems wide and high."""
    sides = {"paperwidth": width + 4, "textwidth": width + 4, "paperheight": height + 4, "textheight": height + 4}
    lines = [rf"\setlength{{\{name}}}{{{10 * ems:.0f}pt}}" for name, ems in sides.items()]
    return "\n".join([_OPENING, *lines, _PAGE, text + r"\end{document}", ""])


class _Drawing:
    """One picture with its layout in ems of the text font."""

    def __init__(self, shown: Picture) -> None:
        self.shown = shown
        self.typeset = Typesetter(LATEX, shown.scope)
        self.layout = arrange(shown, self.measured, _CIRCLE, _LINE)

    def measured(self, words: Words) -> float:
        return sum(self._width(word) for word in words)

    def _width(self, word: str | Term | Markup) -> float:
        if isinstance(word, Term):
            return self.typeset(word, LINE).width
        return measure(word.text if isinstance(word, Markup) else word)

    def text(self, words: Words) -> str:
        return "".join(self._word(word) for word in words)

    def _word(self, word: str | Term | Markup) -> str:
        if isinstance(word, Term):
            return f"${self.typeset(word, LINE).text}$".replace("·", r"\cdot ")
        return prose.to_latex(word.text) if isinstance(word, Markup) else escape(word)

    def document(self) -> str:
        lines = [
            r"\begin{tikzpicture}[x=1em, y=-1em, >=stealth,",
            "  operation/.style={draw, fill=black!4, rounded corners=1.1em, inner sep=0pt, minimum height=2.2em},",
            "  lit/.style={fill=yellow!40}, back/.style={red!70!black}]",
            *self._edges(),
            *(
                self._vertex(vertex, place)
                for vertex, place in zip(self.shown.vertices, self.layout.vertices, strict=True)
            ),
            r"\end{tikzpicture}",
        ]
        return "\n".join(line for line in lines if line) + "\n"

    def _edges(self) -> Iterator[str]:
        rows = zip(self.shown.edges, self.layout.labels, self.layout.routes, strict=True)
        for edge, label, route in rows:
            yield rf"\draw[->] {_path(route)};"
            yield rf"\node[above, inner sep=1pt] at {_at(label.x, label.y - 0.12)} {{{self.text(edge.value)}}};"
            if edge.gradient:
                level = label.y + 0.28
                yield rf"\draw[->, back] {_at(label.right - 0.3, level)} -- {_at(label.left + 0.3, level)};"
                gradient = self.text(edge.gradient)
                yield rf"\node[below, back, inner sep=1pt] at {_at(label.x, level + 0.25)} {{{gradient}}};"

    def _vertex(self, vertex: Vertex, place: Place) -> str:
        label = self.text(vertex.label)
        at = _at(place.x, place.y)
        if vertex.kind == "operation":
            lit = ", lit" if vertex.is_active else ""
            return rf"\node[operation, minimum width={place.width:.2f}em{lit}] at {at} {{{label}}};"
        if label:
            return rf"\node at {at} {{{label}}};"
        return rf"\fill {_at(place.right, place.y)} circle[radius=0.15];" if vertex.kind == "input" else ""


def _at(x: float, y: float) -> str:
    return f"({x:.2f},{y:.2f})"


def _path(route: tuple[Point, ...]) -> str:
    """Return the route: a level line, a curve, a level line, …"""
    (x, y), *rest = route
    parts = [_at(x, y)]
    for i, (end, level) in enumerate(rest):
        if i % 2 and level != y:
            half = (x + end) / 2
            parts.append(f".. controls {_at(half, y)} and {_at(half, level)} .. {_at(end, level)}")
        elif (end, level) != (x, y):
            parts.append(f"-- {_at(end, level)}")
        x, y = end, level
    return " ".join(parts)

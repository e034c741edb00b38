"""The graph as SVG: labels as text of the reader's own fonts, or as outlines; light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.layout import Layout, Place, Point, Size, lay_out
from backproof.emit.outline import Markup, Words
from backproof.emit.picture import Edge, Numbers, Picture, Vertex, picture
from backproof.emit.svg_text import PICTURE, measure, spans
from backproof.emit.typography import Typesetter
from backproof.terms import Term

#: Pixels of an em; ems of a line of a label, of a circle, and around the whole.
EM: Final = 15.0
_LINE: Final = 1.35
_CIRCLE: Final = 2.3
_MARGIN: Final = 0.8
#: Ems by the name of a value.
Ems = Mapping[str, float]
NO_ROOM: Final[Ems] = {}

STYLE: Final = """\
.bp{--ink:#1b1f24;--back:#b3261e;--line:#5b6470;--disc:#eef3fb;--lit:#ffe29a;font:15px 'STIX Two Math',\
'STIX Two Text','Cambria Math',Georgia,'Times New Roman',serif}
@media(prefers-color-scheme:dark){.bp{--ink:#e8eaed;--back:#ff9d8f;--line:#9aa4b2;--disc:#263244;--lit:#6b5200}}
.bp text{fill:var(--ink);text-anchor:middle}.bp .g{fill:var(--back)}.bp i,.bp .v{font-style:italic}
.bp .e{fill:none;stroke:var(--line);stroke-width:1.2}.bp .b{fill:none;stroke:var(--back);stroke-width:1.6}
.bp .d{fill:var(--disc);stroke:var(--line);stroke-width:1.2}.bp .n{fill:var(--line)}
.bp .lit .d{fill:var(--lit)}.bp .lit .e{stroke-width:2.4}.bp .hit{fill:var(--line)}.bp .hot{fill:var(--back)}
.bp .o{fill:var(--ink)}.bp .g .o{fill:var(--back)}"""


def emit_svg(
    derivation: Derivation, *, upto: int | None = None, numbers: Numbers | None = None, outlined: bool = False
) -> str:
    """Return the computational graph as an SVG document; ``outlined`` labels look the same everywhere."""
    shown = picture(derivation, upto=upto, numbers=numbers)
    prefix = f"graph-{identifier(derivation.node.name)}"
    if not outlined:
        return draw(shown, prefix=prefix)
    from backproof.emit.outlines import draw_outlined  # needs ziamath, which most do without

    return draw_outlined(shown, prefix)


def draw(shown: Picture, *, prefix: str = "graph", style: bool = True, least: Ems = NO_ROOM) -> str:
    """Return the picture as SVG; ``prefix`` begins every id, so that several may stand on one page.

    ``least`` is how many ems the labels of a value have at least, for numbers that will change.
    """
    return Drawing(shown, prefix, least).document(style)


def pile(drawings: Sequence[str]) -> str:
    """Return several SVG documents below one another in one."""
    if len(drawings) == 1:
        return drawings[0]
    sides = [tuple(map(int, _SIDES.search(each).groups())) for each in drawings]  # type: ignore[union-attr]
    width, height = max(w for w, _ in sides), sum(h for _, h in sides)
    parts, at = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'], 0
    for each, (_, high) in zip(drawings, sides, strict=True):
        parts.append(f'<svg y="{at}" {each.removeprefix("<svg ")}')
        at += high
    return "\n".join([*parts, "</svg>", ""])


_SIDES: Final = re.compile(r'width="(\d+)" height="(\d+)">')


def identifier(text: str) -> str:
    """Return ``text`` as the part of an id."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower() or "part"


def arrange(
    shown: Picture, words: Callable[[Words], float], circle: float, line: float, least: Ems = NO_ROOM
) -> Layout:
    """Return the layout of a picture whose labels are as wide as ``words`` says, and at least ``least``."""
    vertices = [_vertex_size(vertex, words, circle) for vertex in shown.vertices]

    def label(edge: Edge) -> Size:
        room = least.get(shown.vertices[edge.source].name, 0.0)
        rows = max(len(rows_of(edge.value)), len(rows_of(edge.gradient)))
        return Size(max(words(edge.value), words(edge.gradient), circle / 2, room) + 0.6, 2 * line * rows)

    labels = [label(edge) for edge in shown.edges]
    return lay_out(vertices, [(edge.source, edge.target) for edge in shown.edges], labels)


def rows_of(words: Words) -> list[str]:
    """Return the rows of a label that is numbers; any other label is one row."""
    return words[0].split("\n") if len(words) == 1 and isinstance(words[0], str) else [""]


def _vertex_size(vertex: Vertex, words: Callable[[Words], float], circle: float) -> Size:
    wide = words(vertex.label)
    if vertex.kind == "operation":
        return Size(max(circle, wide + circle * 0.55), circle)
    return Size(wide + 0.8 if wide else 0.5, 1.2)


class Drawing:
    """One picture: its typesetter, its layout, and where ids begin."""

    def __init__(self, shown: Picture, prefix: str, least: Ems = NO_ROOM) -> None:
        self.shown = shown
        self.prefix = prefix
        self.typeset = Typesetter(PICTURE, shown.scope)
        self.layout = arrange(shown, self.width, _CIRCLE, _LINE, least)

    def width(self, words: Words) -> float:
        """Return how many ems ``words`` take."""
        rows = rows_of(words)
        return max(map(measure, rows)) if rows[1:] else measure(self.text(words))

    def written(self, x: float, y: float, kind: str, words: Words) -> str:
        """Return ``words`` with their middle at ``x`` on the line ``y``, in ems."""
        return _text(x, y, kind, self.text(words))

    def text(self, words: Words) -> str:
        return "".join(self._word(word) for word in words)

    def _word(self, word: str | Term | Markup) -> str:
        if isinstance(word, Term):
            return self.typeset(word).text
        return prose.to_text(word.text) if isinstance(word, Markup) else word

    def document(self, style: bool) -> str:
        width, height = (round((side + 2 * _MARGIN) * EM) for side in (self.layout.width, self.layout.height))
        ids = f"{self.prefix}-title {self.prefix}-desc"
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="bp" role="img" aria-labelledby="{ids}" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        )
        names = [
            f'<title id="{self.prefix}-title">{escape(self.shown.title)}</title>',
            f'<desc id="{self.prefix}-desc">{escape(self.shown.description)}</desc>',
        ]
        sheet = [f"<style>{STYLE}</style>"] if style else []
        offset = _number(_MARGIN * EM)
        parts = [head, *names, *sheet, f'<g transform="translate({offset} {offset})">']
        parts += self._edges()
        parts += self._vertices()
        return "\n".join([*parts, "</g>", "</svg>", ""])

    def _edges(self) -> Iterator[str]:
        rows = zip(self.shown.edges, self.layout.labels, self.layout.routes, strict=True)
        for edge, label, route in rows:
            ends = self.shown.vertices[edge.source].name, self.shown.vertices[edge.target]
            target = "" if ends[1].kind == "output" else ends[1].name
            lit = " lit" if edge.is_active else ""
            marks = f"data-from={quoteattr(ends[0])} data-to={quoteattr(target)}"
            yield f'<g class="edge{lit}" {marks}><path class="e" d="{_path(route)}"/>{_arrow(route[-1])}'
            yield from self._label(edge, label)
            yield "</g>"

    def _label(self, edge: Edge, place: Place) -> Iterator[str]:
        yield self._rows(place.x, place.y - 0.38, "f", edge.value, -1)
        left, right = place.left + 0.3, place.right - 0.3
        hidden = "" if edge.gradient else ' style="visibility:hidden"'
        level = _number((place.y + 0.22) * EM)
        tip, end = _number(left * EM), _number(right * EM)
        back = f"M{end} {level}H{tip}m5 -3.5l-5 3.5l5 3.5"
        yield f'<g class="g"{hidden}><path class="b" d="{back}"/>'
        yield self._rows(place.x, place.y + 1.28, "g", edge.gradient, 1) + "</g>"

    def _rows(self, x: float, y: float, kind: str, words: Words, side: int) -> str:
        """Return a label away from its edge: the first line that touches it is at ``y``."""
        rows = rows_of(words)
        if not rows[1:]:
            return self.written(x, y, kind, words)
        top = y - _LINE * (len(rows) - 1) if side < 0 else y
        lines = (
            f'<tspan class="row" x="{_number(x * EM)}" y="{_number((top + i * _LINE) * EM)}">{escape(row)}</tspan>'
            for i, row in enumerate(rows)
        )
        return f'<text class="{kind}">{"".join(lines)}</text>'

    def _vertices(self) -> Iterator[str]:
        for vertex, place in zip(self.shown.vertices, self.layout.vertices, strict=True):
            lit = " lit" if vertex.is_active else ""
            yield f'<g class="{vertex.kind}{lit}" data-name={quoteattr(vertex.name)}>{self._vertex(vertex, place)}</g>'

    def _vertex(self, vertex: Vertex, place: Place) -> str:
        if vertex.kind == "operation":
            left, top, wide, high = (_number(v * EM) for v in (place.left, place.top, place.width, place.height))
            half = _number(place.height / 2 * EM)
            disc = f'<rect class="d" x="{left}" y="{top}" width="{wide}" height="{high}" rx="{half}"/>'
            return disc + self.written(place.x, place.y + 0.33, "s", vertex.label)
        if vertex.label:
            return self.written(place.x, place.y + 0.33, "s", vertex.label)
        if vertex.kind == "input":
            return f'<circle class="n" cx="{_number(place.right * EM)}" cy="{_number(place.y * EM)}" r="3"/>'
        return ""


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _path(route: tuple[Point, ...]) -> str:
    """Return the route: a level line, a curve, a level line, …"""
    (x, y), *rest = [(px * EM, py * EM) for px, py in route]
    parts = [f"M{_number(x)} {_number(y)}"]
    for i, (end, level) in enumerate(rest):
        if i % 2 == 0 or level == y:
            parts.append(f"L{_number(end)} {_number(level)}" if i % 2 == 0 else f"H{_number(end)}")
        else:
            half = _number((x + end) / 2)
            parts.append(f"C{half} {_number(y)} {half} {_number(level)} {_number(end)} {_number(level)}")
        x, y = end, level
    return "".join(parts)


def _arrow(end: Point) -> str:
    x, y = end[0] * EM, end[1] * EM
    back = _number(x - 7)
    return f'<path class="hit" d="M{_number(x)} {_number(y)}L{back} {_number(y - 3.5)}V{_number(y + 3.5)}Z"/>'


def _text(x: float, y: float, kind: str, text: str) -> str:
    return f'<text class="{kind}" x="{_number(x * EM)}" y="{_number(y * EM)}">{spans(text)}</text>'

"""Labels of an SVG as outlines of a mathematical font, drawn by ziamath: no reader needs the font."""

from __future__ import annotations

import re
import warnings
from functools import cache
from html import escape
from typing import Any, Final
from xml.etree import ElementTree

from backproof.emit.mathml import MATHML, settled
from backproof.emit.modes import LINE
from backproof.emit.outline import Markup, Words
from backproof.emit.picture import Picture
from backproof.emit.svg import EM, Drawing
from backproof.emit.typography import Typesetter
from backproof.terms import Term

with warnings.catch_warnings():  # ziafont opens its font by importlib.resources.path
    warnings.simplefilter("ignore", DeprecationWarning)
    from ziamath.config import config
    from ziamath.zmath import Math

_FILL: Final = re.compile(r' (?:fill|stroke)="black"')


def draw_outlined(shown: Picture, prefix: str) -> str:
    """Return the picture as SVG without a single letter of text in its drawing."""
    return _Outlined(shown, prefix).document(style=True)


class _Outlined(Drawing):
    """The drawing with outlines for its labels, as wide as the font really is."""

    def __init__(self, shown: Picture, prefix: str) -> None:
        self.mathematics = Typesetter(MATHML, shown.scope)
        super().__init__(shown, prefix)

    def width(self, words: Words) -> float:
        return _label(self._mathml(words))[1] / EM if any(words) else 0.0

    def written(self, x: float, y: float, kind: str, words: Words) -> str:
        if not any(words):
            return ""
        paths, width = _label(self._mathml(words))
        return f'<g class="o {kind}" transform="translate({x * EM - width / 2:.1f} {y * EM:.1f})">{paths}</g>'

    def _mathml(self, words: Words) -> str:
        return "".join(self._element(word) for word in words)

    def _element(self, word: str | Term | Markup) -> str:
        if isinstance(word, Term):
            return settled(self.mathematics(word, LINE).text)
        return f"<mtext>{escape(word.text if isinstance(word, Markup) else word)}</mtext>"


@cache
def _label(body: str) -> tuple[str, float]:
    """Return the paths of a formula whose baseline is the origin, and its width in pixels."""
    config.svg2 = False
    drawn = Math(f"<math><mrow>{body}</mrow></math>", size=EM)
    root: Any = drawn.svgxml()
    inner = "".join(ElementTree.tostring(child, encoding="unicode") for child in root)
    return _FILL.sub("", inner), float(drawn.getsize()[0])

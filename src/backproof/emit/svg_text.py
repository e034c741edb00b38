"""Labels of a picture as SVG text in the reader's own fonts: names slanted, indices below the line, powers above it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from xml.sax.saxutils import escape

from backproof.emit.boxes import Construct, Joint, Style
from backproof.emit.names import GREEK, Name
from backproof.emit.text_style import TEXT
from backproof.terms import FUNCTIONS

#: An index opens, and closes.
_OPEN, _CLOSE = "\ue010\ue011"


def _name(name: Name) -> str:
    base = GREEK.get(name.base, name.base)
    return f"{base}{_OPEN}{name.subscript}{_CLOSE}" if name.subscript else base


#: How a picture shows each construct: as a terminal does, but for what stands below the line.
PICTURE: Final[Style] = replace(
    TEXT,
    constructs={
        **TEXT.constructs,
        "index": Construct("", _OPEN, _CLOSE),
        "index of a subscript": Construct("", f"{_OPEN} ", _CLOSE),
        "sum": Construct(f"∑{_OPEN}", "", f"{_CLOSE} ", 2),
        "prod": Construct(f"∏{_OPEN}", "", f"{_CLOSE} ", 2),
        **{
            head: Construct(f"{word}{_OPEN}", "", _CLOSE, len(word) + 1)
            for head, word in {
                "mean": "mean",
                "reduce_max": "max",
                "reduce_min": "min",
                "logsumexp": "logsumexp",
            }.items()
        },
    },
    joints={**TEXT.joints, "index": Joint("", "", 0), "operand": Joint("", "", 0)},
    name=_name,
)

_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", "0123456789+−()abcdefghijklmnoprstuvwxyz")
_ABOVE: Final = "⁰¹²³⁴-ⁿˣʰʲˡʳˢʷʸᵃ-ᶻ"
_RUNS: Final = re.compile(rf"([{_ABOVE}]+)|([A-Za-zα-ωΑ-Ω][A-Za-z0-9_′']*)|([^{_ABOVE}A-Za-zα-ωΑ-Ω]+)")
_UPRIGHT: Final = frozenset(
    (
        *FUNCTIONS,
        *("arctan", "if", "otherwise", "and", "or", "not", "mean", "sum", "prod", "logsumexp"),
        *("power", "square", "cube", "reciprocal", "relu", "sigmoid"),
    )
)
#: How many ems of a character in the widest of the usual text fonts.
_WIDTHS: Final = (
    dict.fromkeys("iljtfrI.,;:'|()[] ·", 0.42)
    | dict.fromkeys("mwMWNOQ", 0.98)
    | dict.fromkeys("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", 0.45)
    | dict.fromkeys("ABCDEFGHJKLPRSTUVXYZ", 0.75)
    | dict.fromkeys("+−=<>≤≥≠√∑∏", 0.8)
)
#: How far below the line each level is in pixels, and the size of its letters.
_LEVELS: Final = {"": (0, ""), "above": (-5, ' font-size="11"'), "below": (4, ' font-size="11"')}
_SMALL: Final = 0.75


def measure(text: str) -> float:
    """Return about how many ems ``text`` is wide; rather too many than too few."""
    return sum(
        (_SMALL if level == "below" else 1) * sum(_WIDTHS.get(character, 0.64) for character in part)
        for level, part in _levels(text)
    )


def _levels(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a text with where they stand; an index within an index stands in brackets."""
    depth, part = 0, ""
    for character in text:
        if character in (_OPEN, _CLOSE):
            if depth == (0 if character == _OPEN else 1):
                yield ("below" if depth else ""), part
                part = ""
            else:
                part += "[" if character == _OPEN else "]"
            depth += 1 if character == _OPEN else -1
        else:
            part += character
    yield "", part


def spans(text: str) -> str:
    """Return text as SVG content; powers are raised, since more fonts have letters than small letters."""
    parts, at = [], 0
    for level, part in _levels(text):
        for above, name, rest in _RUNS.findall(part):
            place, size = _LEVELS["above" if above else level]
            shift = f' dy="{place - at}"' if place != at else ""
            slant = ' class="v"' if (name and name not in _UPRIGHT) else ""
            plain = escape(above.translate(_RAISED) if above else name or rest)
            parts.append(f"<tspan{slant}{size}{shift}>{plain}</tspan>" if shift or slant or size else plain)
            at = place
    return "".join(parts)

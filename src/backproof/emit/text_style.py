"""How a terminal shows each construct: Unicode, one line high, measured in columns."""

from __future__ import annotations

from typing import Final

from backproof.emit.boxes import Box, Construct, Joint, Style
from backproof.emit.names import GREEK, Name

_SUPERSCRIPTS: Final = str.maketrans(
    "0123456789+−()abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"
)
_SUBSCRIPTS: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SIGNS: Final = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}


def superscript(text: str) -> str | None:
    """Return ``text`` in superscript characters, or None where one of them does not exist."""
    tight = text.replace(" ", "")
    exists = all(ord(character) in _SUPERSCRIPTS for character in tight)
    return tight.translate(_SUPERSCRIPTS) if exists and len(tight) <= 6 else None


def _name(name: Name) -> str:
    base = GREEK.get(name.base, name.base)
    if not name.subscript:
        return base
    below = name.subscript
    return base + (below.translate(_SUBSCRIPTS) if below.isdigit() else f"_{below}")


def _script(raised: Box) -> Construct:
    above = superscript(raised.text)
    if above is None:
        above = f"^{raised.text}" if raised.level == 9 else f"^({raised.text})"
    return Construct("", "", above, len(above))


def _raises(raised: Box) -> bool:
    return superscript(raised.text) is not None


TEXT: Final = Style(
    constructs={
        "partial on a line": Construct("∂", "/∂", "", 3),
        "derivative on a line": Construct("∂/∂", "", " ", 4),
        "index": Construct("", "[", "]", 2),
        "size": Construct("#", "", "", 1),
        "negative": Construct("−", "", "", 1),
        "root": Construct("√", "", "", 1),
        "root of a group": Construct("√(", "", ")", 3),
        "group": Construct("(", "", ")", 2),
        "absolute": Construct("|", "", "|", 2),
        "bracket": Construct("[", "", "]", 2),
        "list": Construct("[", "", "]", 2),
        "not": Construct("not ", "", "", 4),
        "operator": Construct("", "", ""),
        "case": Construct("", " if ", "", 6),
        "last case": Construct("", "", " otherwise", 12),
        "next case": Construct("", " "),
        "cases": Construct("{", "; ", "}", 2),
        "sum": Construct("Σ_", "", "", 2),
        "prod": Construct("Π_", "", "", 2),
        "mean": Construct("mean_", "", "", 5),
        "reduce_max": Construct("max_", "", "", 4),
        "reduce_min": Construct("min_", "", "", 4),
        "logsumexp": Construct("logsumexp_", "", "", 10),
    },
    joints={
        "plus": Joint(" + ", "+ ", 3),
        "minus": Joint(" − ", "− ", 3),
        "dot": Joint(" · ", "· ", 3),
        "thin": Joint(" ", "· ", 1),
        "tight": Joint("", "· ", 0),
        "space": Joint(" ", "· ", 1),
        "scientific": Joint("×", "×", 1),
        "slash": Joint("/", "/ ", 1),
        "axes": Joint("", "", 1, ","),
        "comma": Joint(" ", "", 2, ","),
        "index": Joint(" ", "", 2, ","),
        "operand": Joint(" ", "", 1),
        "and": Joint(" and ", "and ", 5),
        "or": Joint(" or ", "or ", 4),
        **{head: Joint(f" {sign} ", f"{sign} ", 3) for head, sign in _SIGNS.items()},
    },
    words={"loss": "L", "other loss": "ℒ", "e": "e", "elided": "…", "atan": "arctan"},
    fences=((9.9, "", ""),),
    name=_name,
    name_width=lambda name: len(_name(name)),
    measure=len,
    script=_script,
    raises=_raises,
    turned=lambda cell: [cell.text],
    stacked=False,
    widest=60,
)

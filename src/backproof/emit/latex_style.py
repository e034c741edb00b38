"""How LaTeX writes each construct (amsmath only), and how wide it will be in ems of the text font."""

from __future__ import annotations

from typing import Final

from backproof.emit.boxes import Box, Construct, Joint, Style
from backproof.emit.breaking import break_lines, line_text
from backproof.emit.latex_text import escape
from backproof.emit.names import GREEK, Name

#: Ems of a character; every other character measures as a lower-case letter.
_NARROW: Final = dict.fromkeys("ijl1fIt.,;:()[]", 0.4) | dict.fromkeys("mwMWNOQ", 0.88) | {"-": 0.9}


def measure(text: str) -> float:
    """Return about how many ems ``text`` is wide."""
    return sum(_NARROW.get(character, 0.55) for character in text)


def _letter(base: str) -> str:
    if base in GREEK:
        return f"\\{base}"
    return rf"\mathit{{{escape(base)}}}" if Name(base).is_word else base


def _name(name: Name) -> str:
    if not name.subscript:
        return _letter(name.base)
    below = name.subscript if name.subscript.isdigit() else rf"\mathrm{{{name.subscript}}}"
    return f"{_letter(name.base)}_{{{below}}}"


def _name_width(name: Name) -> float:
    return measure(GREEK.get(name.base, name.base)) + 0.7 * measure(name.subscript)


def _script(raised: Box) -> Construct:
    return Construct("", "", f"^{{{raised.text}}}", 0.75 * raised.width)


def _raises(raised: Box) -> bool:
    return raised.width <= 8 and raised.height <= 1.7


def _turned(cell: Box) -> list[str]:
    lines = [line_text(line) for line in break_lines(cell, _WIDEST, HANG)]
    return [lines[0], *(rf"\quad {line}" for line in lines[1:])]


#: Ems of a turned line's indent with its operator; ems of the widest unbreakable part.
HANG: Final = 2.6
_WIDEST: Final = 16.0
_OPERATORS: Final = ("exp", "log", "max", "min", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_RELATIONS: Final = {"lt": "<", "le": r"\le", "gt": ">", "ge": r"\ge", "eq": "=", "ne": r"\ne"}

LATEX: Final = Style(
    constructs={
        "fraction": Construct(r"\frac{", "}{", "}", 0.3),
        "partial": Construct(r"\frac{\partial ", r"}{\partial ", "}", 0.75),
        "partial on a line": Construct(r"\partial ", r"/\partial ", "", 1.6),
        "derivative": Construct(r"\frac{\partial}{\partial ", "", "}", 0.8),
        "derivative on a line": Construct(r"\partial/\partial ", "", "", 1.6),
        "index": Construct("", "_{", "}", 0.1),
        "index of a subscript": Construct("{", "}_{", "}", 0.1),
        "size": Construct(r"\#", "", "", 0.8),
        "negative": Construct("-", "", "", 0.8),
        "root": Construct(r"\sqrt{", "", "}", 0.9),
        "group": Construct("(", "", ")", 0.9),
        "absolute": Construct(r"\lvert ", "", r"\rvert", 0.7),
        "bracket": Construct("[", "", "]", 0.6),
        "list": Construct("[", "", "]", 0.8),
        "matrix": Construct(r"\begin{pmatrix} ", r" \\ ", r" \end{pmatrix}", 1.2),
        "cell": Construct("", " & ", pad=1.0),
        "not": Construct(r"\text{not }", "", "", 1.8),
        "operator": Construct(r"\operatorname{", "", "}"),
        "case": Construct("", r" & \text{if } ", "", 2.2),
        "last case": Construct("", "", r" & \text{otherwise}", 5.5),
        "next case": Construct("", " & "),
        "cases": Construct(r"\begin{cases} ", r" \\ ", r" \end{cases}", 1.2),
        "sum": Construct(r"\sum_{", "", "}", 1.6),
        "prod": Construct(r"\prod_{", "", "}", 1.4),
        "mean": Construct(r"\operatorname{mean}_{", "", "}", 2.6),
        "reduce_max": Construct(r"\max_{", "", "}", 2.0),
        "reduce_min": Construct(r"\min_{", "", "}", 2.0),
        "logsumexp": Construct(r"\operatorname{logsumexp}_{", "", "}", 5.5),
    },
    joints={
        "plus": Joint(" + ", "{} + ", 1.25),
        "minus": Joint(" - ", "{} - ", 1.25),
        "dot": Joint(r" \cdot ", r"{} \cdot ", 0.75),
        "thin": Joint(r"\, ", r"{} \cdot ", 0.2),
        "tight": Joint(" ", r"{} \cdot ", 0.0),
        "space": Joint(" ", r"{} \cdot ", 0.1),
        "scientific": Joint(r" \times ", r"{} \times ", 1.8),
        "slash": Joint("/", "{} / ", 0.5),
        "axes": Joint(" ", "", 0.45, ","),
        "comma": Joint(" ", "", 0.45, ","),
        "index": Joint(" ", " ", 0.0),
        "operand": Joint(" ", " ", 0.2),
        "and": Joint(r" \text{ and } ", r"\text{and } ", 2.4),
        "or": Joint(r" \text{ or } ", r"\text{or } ", 1.8),
        **{head: Joint(f" {sign} ", f"{{}} {sign} ", 1.4) for head, sign in _RELATIONS.items()},
    },
    words={
        "loss": "L",
        "other loss": r"\mathcal{L}",
        "e": "e",
        "elided": r"\cdots",
        "row end": r"\\",
        "tall row end": r"\\[3pt]",
        "chain end": r"\\[9pt]",
        "atan": r"\arctan",
        **{name: f"\\{name}" for name in _OPERATORS},
    },
    fences=(
        (1.6, "", ""),
        (1.9, r"\bigl", r"\bigr"),
        (2.15, r"\Bigl", r"\Bigr"),
        (2.9, r"\biggl", r"\biggr"),
        (9.9, r"\Biggl", r"\Biggr"),
    ),
    name=_name,
    name_width=_name_width,
    measure=measure,
    script=_script,
    raises=_raises,
    turned=_turned,
    stacked=True,
    widest=_WIDEST,
)

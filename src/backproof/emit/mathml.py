"""How MathML Core writes each construct, and how the pieces of a line become well-formed mathematics.

The typesetter's pieces are texts.  Here they are elements, and where a bracket or a power may still be broken over
two lines there are marks from the private use area, which :func:`settled` turns into rows and scripts.  Digits
come bare.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final
from xml.sax.saxutils import escape

from backproof.emit.boxes import Box, Construct, Joint, Style
from backproof.emit.breaking import Line, break_lines, line_text
from backproof.emit.latex_style import HANG, LATEX
from backproof.emit.latex_style import measure as ems
from backproof.emit.modes import DISPLAY, LINE
from backproof.emit.names import GREEK, Name, Scope
from backproof.emit.typography import Typesetter
from backproof.terms import Term

#: A group opens, closes; a base opens, its script opens, the script closes.
OPEN, CLOSE, BASE, SCRIPT, END = "\ue000\ue001\ue002\ue003\ue004"
_MARKS: Final = re.compile(f"([{OPEN}{CLOSE}{BASE}{SCRIPT}{END}])")
_TAG: Final = re.compile(r"<[^>]*>")
_LAST: Final = re.compile(r"<(\w+)(?: [^>]*)?>[^<>]*</\1>\Z")
_FENCE: Final = re.compile(r'<mo form="(prefix|postfix)" lspace="0" rspace="0">(?=[()\[\]|])')
_BARE: Final = re.compile(r"(<(m[ion]|mtext)\b[^>]*>[^<]*</\2>|<[^>]*>)|[^<]+")


def measure(text: str) -> float:
    """Return about how many ems ``text`` is wide, without its tags."""
    return ems(_MARKS.sub("", _TAG.sub("", text)))


def _letter(base: str) -> str:
    letter = base.rstrip("'")
    plain = f"<mi>{GREEK.get(letter, escape(letter))}</mi>"
    primes = "′" * (len(base) - len(letter))
    return f'<msup>{plain}<mo lspace="0" rspace="0">{primes}</mo></msup>' if primes else plain


def _name(name: Name) -> str:
    if not name.subscript:
        return _letter(name.base)
    kind = "mn" if name.subscript.isdigit() else "mi"
    return f"<msub>{_letter(name.base)}<{kind}>{escape(name.subscript)}</{kind}></msub>"


def _script(raised: Box) -> Construct:
    return Construct(BASE, "", f"{SCRIPT}{raised.text}{END}", 0.75 * raised.width)


def _turned(cell: Box) -> list[str]:
    first, *rest = [line_mathml(line) for line in break_lines(cell, LATEX.widest, HANG)]
    return [first, *(f'<mspace width="1em"></mspace>{line}' for line in rest)]


def _operator(sign: str, form: str = "infix") -> str:
    tight = "" if form == "infix" else ' lspace="0" rspace="0"'
    return f'<mo form="{form}"{tight}>{escape(sign)}</mo>'


def _infix(sign: str, width: float) -> Joint:
    return Joint(f"<mo>{escape(sign)}</mo>", _operator(sign), width)


def _under(head: str, pad: float) -> Construct:
    return Construct(f"<munder>{head}<mrow>", "", "</mrow></munder>", pad)


def _fence(opening: str, closing: str, pad: float) -> Construct:
    return Construct(OPEN + _operator(opening, "prefix"), "", _operator(closing, "postfix") + CLOSE, pad)


_SLASH: Final = '<mo lspace="0" rspace="0">/</mo>'
_BELOW: Final = f'{_SLASH}<mo lspace="0">∂</mo>'
_TIMES: Final = "<mo>⋅</mo>"
_SPACE: Final = "<mo>&#x2062;</mo>"  # invisible times
_RELATIONS: Final = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}
_FUNCTIONS: Final = ("exp", "log", "max", "min", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_NEXT_ROW: Final = "</mtd></mtr><mtr><mtd>"
_CELL: Final = "</mtd><mtd>"

MATHML: Final[Style] = replace(
    LATEX,
    constructs={
        "fraction": Construct("<mfrac><mrow>", "</mrow><mrow>", "</mrow></mfrac>", 0.3),
        "partial": Construct("<mfrac><mrow><mo>∂</mo>", "</mrow><mrow><mo>∂</mo>", "</mrow></mfrac>", 0.75),
        "partial on a line": Construct("<mrow><mo>∂</mo>", _BELOW, "</mrow>", 1.6),
        "derivative": Construct("<mfrac><mo>∂</mo><mrow><mo>∂</mo>", "", "</mrow></mfrac>", 0.8),
        "derivative on a line": Construct(f"<mrow><mo>∂</mo>{_BELOW}", "", "</mrow>", 1.6),
        "index": Construct("<msub><mrow>", "</mrow><mrow>", "</mrow></msub>", 0.1),
        "size": Construct("<mrow><mo>#</mo>", "", "</mrow>", 0.8),
        "negative": Construct(_operator("−", "prefix"), "", "", 0.8),
        "root": Construct("<msqrt><mrow>", "", "</mrow></msqrt>", 0.9),
        "group": _fence("(", ")", 0.9),
        "absolute": _fence("|", "|", 0.7),
        "bracket": _fence("[", "]", 0.6),
        "list": _fence("[", "]", 0.8),
        "matrix": Construct(
            '<mrow><mo form="prefix">(</mo><mtable class="matrix"><mtr><mtd>',
            _NEXT_ROW,
            '</mtd></mtr></mtable><mo form="postfix">)</mo></mrow>',
            1.2,
        ),
        "cell": Construct("", _CELL, pad=1.0),
        "not": Construct("<mtext>not&#160;</mtext>", "", "", 1.8),
        "operator": Construct("<mi>", "", "</mi>"),
        "case": Construct("", f"{_CELL}<mtext>if&#160;</mtext>", "", 2.2),
        "last case": Construct("", "", f"{_CELL}<mtext>otherwise</mtext>", 5.5),
        "next case": Construct("", _CELL),
        "cases": Construct(
            '<mrow><mo form="prefix">{</mo><mtable class="cases"><mtr><mtd>',
            _NEXT_ROW,
            "</mtd></mtr></mtable></mrow>",
            1.2,
        ),
        "sum": _under("<mo>∑</mo>", 1.6),
        "prod": _under("<mo>∏</mo>", 1.4),
        "mean": _under("<mi>mean</mi>", 2.6),
        "reduce_max": _under("<mi>max</mi>", 2.0),
        "reduce_min": _under("<mi>min</mi>", 2.0),
        "logsumexp": _under("<mi>logsumexp</mi>", 5.5),
    },
    joints={
        "plus": _infix("+", 1.25),
        "minus": _infix("−", 1.25),
        "dot": Joint(_TIMES, _TIMES, 0.75),
        "thin": Joint(f'{_SPACE}<mspace width="0.17em"></mspace>', _TIMES, 0.2),
        "tight": Joint(_SPACE, _TIMES, 0.0),
        "space": Joint(_SPACE, _TIMES, 0.1),
        "scientific": Joint("<mo>×</mo>", "<mo>×</mo>", 1.8),
        "slash": Joint(_SLASH, _SLASH, 0.5),
        "axes": Joint("", "", 0.45, "<mo>,</mo>"),
        "comma": Joint("", "", 0.45, "<mo>,</mo>"),
        "index": Joint("", "", 0.0),
        "operand": Joint("", "", 0.2),
        "and": Joint("<mtext>&#160;and&#160;</mtext>", "<mtext>and&#160;</mtext>", 2.4),
        "or": Joint("<mtext>&#160;or&#160;</mtext>", "<mtext>or&#160;</mtext>", 1.8),
        **{head: _infix(sign, 1.4) for head, sign in _RELATIONS.items()},
    },
    words={
        "loss": "<mi>L</mi>",
        "other loss": "<mi>ℒ</mi>",
        "e": "<mi>e</mi>",
        "elided": "<mi>…</mi>",
        "atan": "<mi>arctan</mi>",
        **{name: f"<mi>{name}</mi>" for name in _FUNCTIONS},
    },
    fences=((99.0, "", ""),),
    name=_name,
    measure=measure,
    script=_script,
    turned=_turned,
)


def settled(text: str) -> str:
    """Return the text of a line as well-formed elements: brackets as rows, powers over their base."""
    stack: list[tuple[str, list[str]]] = [("", [])]
    for part in _MARKS.split(text):
        if part in (OPEN, BASE) and part:
            stack.append((part, []))
        elif part == CLOSE:
            _close(stack)
        elif part == SCRIPT:
            stack.append((SCRIPT, [_base(stack)]))
        elif part == END:
            _, (base, *raised) = stack.pop()
            stack[-1][1].append(f"<msup>{base}<mrow>{''.join(raised)}</mrow></msup>")
        elif part:
            stack[-1][1].append(_numbered(part))
    while len(stack) > 1:  # a bracket that the next line closes
        _, parts = stack.pop()
        stack[-1][1].append(_unstretched("".join(parts)))
    return "".join(stack[0][1])


def _close(stack: list[tuple[str, list[str]]]) -> None:
    if stack[-1][0] == OPEN:
        _, parts = stack.pop()
        stack[-1][1].append(f"<mrow>{''.join(parts)}</mrow>")
    else:  # a bracket that the line before opened
        parts = stack[-1][1]
        parts[-1] = _unstretched(parts[-1])


def _base(stack: list[tuple[str, list[str]]]) -> str:
    """Return what a script stands on: what was marked, else the last element of the line."""
    if stack[-1][0] == BASE:
        return f"<mrow>{''.join(stack.pop()[1])}</mrow>"
    parts = stack[-1][1]
    last = parts.pop() if parts else ""
    found = _LAST.search(last)
    if found is None:
        return last or "<mrow></mrow>"
    parts.append(last[: found.start()])
    return found[0]


def _unstretched(text: str) -> str:
    return _FENCE.sub(r'<mo form="\1" stretchy="false">', text)


def _numbered(text: str) -> str:
    """Return the text with elements for what stands bare: digits, and the letter of a size."""
    return _BARE.sub(lambda found: found[1] or _leaf(found[0]), text)


def _leaf(text: str) -> str:
    return f"<mi>{text}</mi>" if text.isalpha() else f"<mn>{text}</mn>"


def math(body: str, *, display: bool = False) -> str:
    """Return elements as one formula of a page; ``display`` sets fractions and sums large."""
    style = ' displaystyle="true"' if display else ""
    return f"<math{style}><mrow>{body}</mrow></math>"


def line_mathml(line: Line) -> str:
    """Return one line of a broken box."""
    return settled(line_text(line))


def term_mathml(term: Term, scope: Scope, *, display: bool = False) -> str:
    """Return ``term`` as one formula on one line, as an XML document of its own."""
    box = Typesetter(MATHML, scope)(term, DISPLAY if display else LINE)
    formula = math(settled(box.text), display=display)
    return formula.replace("<math", '<math xmlns="http://www.w3.org/1998/Math/MathML"', 1)

"""Text of a stranger as LaTeX that prints it, letter by letter, and does nothing else."""

from __future__ import annotations

import unicodedata
from typing import Final

from backproof.emit.names import GREEK

_SIGNS: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$",
    "`": r"\`{}", "\t": " ", "\n": "\n", "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''",
    "…": r"\dots{}", "\N{NO-BREAK SPACE}": "~", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}",
    "Ø": r"\O{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
    "©": r"\copyright{}", "§": r"\S{}",
} | {letter: rf"$\{name}$" for name, letter in GREEK.items()} | {
    sign: rf"$\{name}$"
    for sign, name in {
        "∂": "partial", "·": "cdot", "×": "times", "≤": "le", "≥": "ge", "≠": "ne", "→": "to", "⇒": "Rightarrow",
        "←": "gets", "∞": "infty", "±": "pm", "∈": "in", "≈": "approx", "√": "surd", "∑": "sum", "∇": "nabla",
        "−": "mathord{-}", "⊙": "odot", "′": "prime", "≡": "equiv", "•": "bullet",
    }.items()
} | {sign: f"$^{{{unicodedata.digit(sign)}}}$" for sign in "⁰¹²³⁴⁵⁶⁷⁸⁹"} | {
    sign: f"$_{{{unicodedata.digit(sign)}}}$" for sign in "₀₁₂₃₄₅₆₇₈₉"
}  # fmt: skip
#: Combining accents that the text fonts of every LaTeX can set.
_ACCENTS: Final = {
    "\N{COMBINING GRAVE ACCENT}": "`", "\N{COMBINING ACUTE ACCENT}": "'", "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~", "\N{COMBINING DIAERESIS}": '"', "\N{COMBINING CARON}": "v",
    "\N{COMBINING CEDILLA}": "c", "\N{COMBINING RING ABOVE}": "r", "\N{COMBINING MACRON}": "=",
    "\N{COMBINING BREVE}": "u", "\N{COMBINING DOT ABOVE}": ".", "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
}  # fmt: skip


def escape(text: str) -> str:
    """Return ``text`` as LaTeX; a character that LaTeX has no letter for is named by its number."""
    return "".join(map(_letter, text))


def _letter(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if " " <= character <= "~":
        return character
    parts = unicodedata.normalize("NFD", character)
    base, accent = parts[0], _ACCENTS.get(parts[1:])
    if accent and base.isascii():
        return rf"\{accent}{{{base}}}"
    return rf"\texttt{{U+{ord(character):04X}}}"

"""Terms to the source form: what ``parse_expression`` reads back as the same term."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from backproof.language.grammar import REDUCTION_WORDS, needs_parentheses
from backproof.terms import RELATIONS, Term

#: What is left to write: text, and terms in the order in which they are written.
Pieces = list["str | Term"]


def decimal(value: Fraction) -> str:
    """Return the shortest usual form of a finite decimal >= 0: ``0.1``, ``1e-7``, ``2.5e30``."""
    places, rest = 0, value.denominator
    while rest != 1:
        places, rest = places + 1, rest // (10 if rest % 10 == 0 else 2 if rest % 2 == 0 else 5)
    digits = str(value * Fraction(10) ** places).rstrip("0") or "0"
    exponent = len(str(value.numerator * 10**places // value.denominator)) - 1 - places
    if 0 <= exponent < 21 or (-5 < exponent < 0 and len(digits) < 40):
        return _positional(digits, exponent)
    decimals = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{decimals}e{exponent}"


def _positional(digits: str, exponent: int) -> str:
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}"
    whole, decimals = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{whole}.{decimals}" if decimals else whole


def _argument(term: Term, position: int) -> Pieces:
    child = term.args[position]
    return ["(", child, ")"] if needs_parentheses(term, position) else [child]


def _joined(sign: str) -> Callable[[Term], Pieces]:
    def write(term: Term) -> Pieces:
        pieces = _argument(term, 0)
        for position in range(1, len(term.args)):
            pieces += [sign, *_argument(term, position)]
        return pieces

    return write


def _sum(term: Term) -> Pieces:
    pieces = _argument(term, 0)
    for position, arg in enumerate(term.args[1:], start=1):
        if arg.head == "neg":
            pieces += [" - ", *_argument(arg, 0)]
        else:
            pieces += [" + ", *_argument(term, position)]
    return pieces


def _power(term: Term) -> Pieces:
    base, exponent = _argument(term, 0), term.args[1]
    if exponent.head == "neg" and exponent.args[0].head == "num":
        return [*base, "^-", exponent.args[0]]
    return [*base, "^", *_argument(term, 1)]


def _listed(terms: tuple[Term, ...]) -> Pieces:
    pieces: Pieces = []
    for term in terms:
        pieces += [", ", term] if pieces else [term]
    return pieces


def _called(name: str, term: Term) -> Pieces:
    return [f"{name}(", *_listed(term.args), ")"]


def _symbol(term: Term) -> Pieces:
    return [f"{term.data}[", *_listed(term.args), "]"] if term.args else [term.data]


def _reduction(term: Term) -> Pieces:
    return [f"{REDUCTION_WORDS[term.head]}[{', '.join(term.data)}](", term.args[0], ")"]


#: How each head is written; every other head is a function, written ``head(arguments)``.
_WRITERS: Final[dict[str, Callable[[Term], Pieces]]] = {
    "num": lambda term: [decimal(term.data)],
    "sym": _symbol,
    "idx": lambda term: [term.data],
    "size": lambda term: [f"size({term.data})"],
    "add": _sum,
    "mul": _joined("*"),
    "div": _joined("/"),
    "pow": _power,
    "neg": lambda term: ["-", *_argument(term, 0)],
    "not": lambda term: ["not ", *_argument(term, 0)],
    "and": _joined(" and "),
    "or": _joined(" or "),
    "bracket": lambda term: ["[", term.args[0], "]"],
    "list": lambda term: ["[", *_listed(term.args), "]"],
    "call": lambda term: _called(term.data.replace("-", "_"), term),
    **{head: _joined(f" {sign} ") for head, sign in RELATIONS.items()},
    **dict.fromkeys(REDUCTION_WORDS, _reduction),
}


def to_source(term: Term) -> str:
    """Return ``term`` as its author would type it, of any length and depth."""
    written: list[str] = []
    pending: Pieces = [term]
    while pending:
        piece = pending.pop()
        if isinstance(piece, str):
            written.append(piece)
        else:
            write = _WRITERS.get(piece.head)
            pending.extend(reversed(write(piece) if write else _called(piece.head, piece)))
    return "".join(written)

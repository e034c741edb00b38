"""The smallest changes of an expression: what a false step may have got wrong, each under its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from backproof.terms import ONE, Term, add, make, mul, neg, num, power, rebuild

#: Each function beside the one it is most often mistaken for.
MISTAKEN: Final[dict[str, tuple[str, ...]]] = {
    "sin": ("cos",), "cos": ("sin",), "sinh": ("cosh",), "cosh": ("sinh",), "max": ("min",),
    "min": ("max",), "tanh": ("tan",), "tan": ("tanh",), "exp": ("log",), "log": ("exp",),
    "sign": ("abs",), "abs": ("sign",), "gt": ("lt",), "lt": ("gt",), "le": ("ge",), "ge": ("le",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Repair:
    """``old``, a part of an expression, became ``new``; ``whole`` is the expression that this makes."""

    fault: str
    old: Term
    new: Term
    whole: Term


def _signs(term: Term) -> Iterator[Term]:
    if term.head == "add":
        for place, part in enumerate(term.args):
            flipped = part.args[0] if part.head == "neg" else neg(part)
            yield add(*term.args[:place], flipped, *term.args[place + 1 :])
    elif term.head == "neg":
        yield term.args[0]
    elif term.head in ("sym", "mul", "div"):
        yield neg(term)


def _exponents(term: Term) -> Iterator[Term]:
    if term.head == "pow":
        base, exponent = term.args
        yield base
        for change in (ONE, neg(ONE)):
            yield make("pow", (base, _shifted(exponent, change)))
    elif term.head in ("sym", "call") or (term.head == "add" and len(term.args) > 1):
        yield power(term, 2)


def _shifted(exponent: Term, change: Term) -> Term:
    if exponent.head == "num":
        return num(exponent.data + (1 if change is ONE else -1))
    return add(exponent, change)


def _factors(term: Term) -> Iterator[Term]:
    if term.head == "mul":
        for place in range(len(term.args)):
            yield mul(*term.args[:place], *term.args[place + 1 :])
    elif term.head == "div":
        yield term.args[0]


def _terms(term: Term) -> Iterator[Term]:
    if term.head == "add":
        for place in range(len(term.args)):
            yield add(*term.args[:place], *term.args[place + 1 :])


def _functions(term: Term) -> Iterator[Term]:
    for head in MISTAKEN.get(term.head, ()):
        if len(term.args) == 1 or head in ("max", "min", "gt", "lt", "ge", "le"):
            yield make(head, term.args)


def _branches(term: Term) -> Iterator[Term]:
    if term.head == "where":
        condition, true, false = term.args
        yield make("where", (condition, false, true))


def _constants(term: Term) -> Iterator[Term]:
    if term.head == "num":
        for value in (2 * term.data, term.data / 2, term.data + 1, term.data - 1):
            yield num(value)


#: What may be wrong at one place, the likeliest first.
FAULTS: Final[dict[str, Callable[[Term], Iterator[Term]]]] = {
    "a sign": _signs,
    "a superfluous factor": _factors,
    "an exponent": _exponents,
    "a superfluous term": _terms,
    "the function": _functions,
    "the two cases": _branches,
    "a constant": _constants,
}


def places(root: Term) -> Iterator[tuple[Term, Callable[[Term], Term]]]:
    """Yield every part of ``root``, the outermost first, with what puts another in its place."""
    queue: list[tuple[Term, Callable[[Term], Term]]] = [(root, lambda new: new)]
    for term, put in queue:
        yield term, put
        for place, arg in enumerate(term.args):
            queue.append((arg, _put_argument(term, place, put)))


def _put_argument(term: Term, place: int, put: Callable[[Term], Term]) -> Callable[[Term], Term]:
    return lambda new: put(rebuild(term, (*term.args[:place], new, *term.args[place + 1 :])))


def repairs(root: Term) -> Iterator[Repair]:
    """Yield every change of one place of ``root``, all of one fault before those of the next."""
    spots = [(part, put) for part, put in places(root) if part.head not in ("idx", "size")]
    for fault, change in FAULTS.items():
        for part, put in spots:
            for new in change(part):
                yield Repair(fault, part, new, put(new))

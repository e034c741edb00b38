"""The words and precedences of the language, shared by the parser, the printer and the emitters."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Final

from backproof.terms import FUNCTIONS, RELATIONS, Term

MAX_CHARACTERS: Final = 1_000_000
MAX_TOKENS: Final = 100_000
MAX_DIGITS: Final = 1000
MAX_EXPONENT: Final = 400
MAX_NAME: Final = 100
MAX_DEPTH: Final = 2000
MAX_AXES: Final = 32
MAX_GIVEN: Final = 100

#: How tightly each head binds, in the source form; every head that is not listed is closed by its own brackets.
PRECEDENCE: Final[dict[str, int]] = {
    "or": 10, "and": 20, "not": 30, **dict.fromkeys(RELATIONS, 40),
    "add": 50, "neg": 60, "mul": 70, "div": 80, "pow": 90,
}  # fmt: skip
ATOM: Final = 100
#: The precedence that the first and the other arguments need to stand without parentheses.
OPERANDS: Final[dict[str, tuple[int, int]]] = {
    "or": (20, 20), "and": (30, 30), "not": (30, 30), **dict.fromkeys(RELATIONS, (50, 50)),
    "add": (60, 60), "neg": (70, 70), "mul": (80, 80), "div": (80, 90), "pow": (100, 90),
}  # fmt: skip

#: How a reduction is written: ``max[k](…)`` is the head ``reduce_max``.
REDUCTION_HEADS: Final[dict[str, str]] = {
    "sum": "sum", "mean": "mean", "prod": "prod", "max": "reduce_max", "min": "reduce_min",
    "logsumexp": "logsumexp",
}  # fmt: skip
REDUCTION_WORDS: Final[dict[str, str]] = {head: word for word, head in REDUCTION_HEADS.items()}
#: Names that stand for one real number, everywhere.
CONSTANTS: Final[frozenset[str]] = frozenset({"pi"})
STATEMENTS: Final[frozenset[str]] = frozenset({"node", "graph", "claim", "given", "example", "at"})
#: Names that no variable may have.
RESERVED: Final[frozenset[str]] = (
    frozenset(FUNCTIONS)
    | frozenset(REDUCTION_HEADS)
    | CONSTANTS
    | STATEMENTS
    | {"where", "D", "size", "and", "or", "not", "inf"}
)
#: What people write for a built-in function, and what it is called here.
ALIASES: Final[dict[str, str]] = {
    "ln": "log(…)", "arctan": "atan(…)", "maximum": "max(…, …)", "minimum": "min(…, …)",
    "fabs": "abs(…)", "pow": "x^n", "diff": "D(…, x)", "expit": "sigmoid(…)",
    "sgn": "sign(…)", "Max": "max(…, …)", "Min": "min(…, …)", "Abs": "abs(…)", "asum": "sum[k](…)",
}  # fmt: skip


def precedence(term: Term) -> int:
    """Return how tightly ``term`` binds when it is written down."""
    return PRECEDENCE.get(term.head, ATOM)


def needs_parentheses(parent: Term, position: int) -> bool:
    """Say whether the argument of ``parent`` at ``position`` must be put in parentheses."""
    levels = OPERANDS.get(parent.head)
    child = parent.args[position]
    if levels is None:
        return False
    return precedence(child) < levels[min(position, 1)]


def suggest(name: str, candidates: Iterable[str]) -> str:
    """Return ``; did you mean …?`` for the nearest of ``candidates``, or nothing where none is near."""
    near = get_close_matches(name, list(islice(candidates, 1000)), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""

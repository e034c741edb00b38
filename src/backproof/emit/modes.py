"""Which arguments a construct shows, and how much room each of them has: its mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from backproof.terms import Term

#: Modes: a fraction may be stacked; it may be stacked inside a fraction; it stands on one line.
DISPLAY, NESTED, LINE = 0, 1, 2
_SEVERAL_ROWS: Final = 12
Need = tuple[Term, int]


def needs(term: Term, mode: int) -> list[Need]:
    """Return the terms, each with its mode, that must be set before ``term`` in ``mode``."""
    return _NEEDS.get(term.head, _same_mode)(term, mode)


def case_rows(term: Term) -> list[tuple[Term, Term | None]]:
    """Return (value, condition) by row; a ``where`` in the last place goes on in the same list."""
    rows: list[tuple[Term, Term | None]] = []
    while term.head == "where" and len(rows) < _SEVERAL_ROWS:
        condition, value, term = term.args
        rows.append((value, condition))
    return [*rows, (term, None)]


def _case_needs(term: Term, _mode: int) -> list[Need]:
    rows = case_rows(term)
    return [(part, LINE if part is condition else NESTED) for value, condition in rows
            for part in (value, condition) if part is not None]  # fmt: skip


def _same_mode(term: Term, mode: int) -> list[Need]:
    return [(arg, mode) for arg in term.args]


def _deeper(term: Term, mode: int) -> list[Need]:
    return [(arg, min(mode + 1, LINE)) for arg in term.args]


def _power_needs(term: Term, mode: int) -> list[Need]:
    base, exponent = term.args
    return [(base, mode), (exponent, LINE), *((arg, mode) for arg in base.args)]


def _exponential_needs(term: Term, mode: int) -> list[Need]:
    return [(term.args[0], mode), (term.args[0], LINE)]


def _sum_needs(term: Term, mode: int) -> list[Need]:
    return [(arg.args[0] if arg.head == "neg" else arg, mode) for arg in term.args] + [(term.args[0], mode)]


def _list_needs(term: Term, _mode: int) -> list[Need]:
    return [(part, LINE) for arg in term.args for part in (*arg.args, arg) if part.head != "list" or part is arg]


def _derivative_needs(term: Term, mode: int) -> list[Need]:
    return [*_deeper(term, mode), (term.args[0], mode)]


_NEEDS: Final[dict[str, Callable[[Term, int], list[Need]]]] = {
    "add": _sum_needs, "div": _deeper, "pow": _power_needs, "exp": _exponential_needs,
    "D": _derivative_needs, "where": _case_needs, "list": _list_needs,
}  # fmt: skip

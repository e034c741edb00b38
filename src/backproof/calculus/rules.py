"""Reasons: which rule explains a step, and whether a reason that names a known rule can be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from backproof.calculus.judging import Judge
from backproof.calculus.tidy import name_of
from backproof.domains import Context
from backproof.terms import Term, names, postorder

WARNING: Final = "true, but not by this rule"


@dataclass(frozen=True, slots=True)
class Question:
    """A step, and what it is judged by: with the definitions in force, and without any."""

    left: Term
    right: Term
    judge: Judge
    algebra: Judge

    @property
    def definitions(self) -> set[str]:
        """The names whose definitions could be used by the step."""
        return set(self.judge.context.definitions)


def _is_algebra(step: Question) -> bool:
    """Say whether the step is true whatever the names stand for."""
    return step.algebra(step.left, step.right).is_accepted


def _differentiates(step: Question) -> bool:
    """Say whether a gradient or a derivative on the left is gone, or another one, on the right."""
    return _derivatives(step.left) != _derivatives(step.right)


def _derivatives(term: Term) -> set[Term]:
    return {
        part for part in postorder(term) if part.head == "D" or (part.head == "sym" and str(part.data).startswith("d"))
    }


#: Rules that a reader can look up, in words, and when they can explain a step.
KNOWN: Final[dict[str, Callable[[Question], bool]]] = {
    "chain rule": _differentiates,
    "product rule": _differentiates,
    "quotient rule": _differentiates,
    "power rule": _differentiates,
    **dict.fromkeys(
        (
            "cancel", "collect", "expand", "factor", "signs", "common denominator", "common factor",
            "split the fraction", "split the square", "split the power", "square of a quotient",
        ),
        _is_algebra,
    ),
}  # fmt: skip


def judge_without_definitions(context: Context) -> Judge:
    """Return a judge for which every name is free: what it accepts is true by algebra alone."""
    return Judge(Context(domains=context.domains, shapes=context.shapes))


def warning(reason: str, step: Question) -> str:
    """Return the warning that a reason deserves, or nothing; free text is never warned about."""
    words = reason.lower().replace("-", " ").strip()
    if words.startswith("definition of "):
        return "" if _uses(words.removeprefix("definition of "), step) else WARNING
    explains = KNOWN.get(words)
    return "" if explains is None or explains(step) else WARNING


def _uses(name: str, step: Question) -> bool:
    """Say whether the step trades ``name`` for something else, and is not true without that."""
    if name not in step.definitions:
        return True
    return name in {*names(step.left), *names(step.right)} and not _is_algebra(step)


def infer(step: Question) -> str:
    """Return the rule that explains a step without a reason, or nothing where it is not plain to see."""
    gone = _derivatives(step.left) - _derivatives(step.right)
    if gone:
        return "derivative" if any(part.head == "D" for part in gone) else "chain-rule"
    before, after = set(names(step.left)), set(names(step.right))
    traded = (before ^ after) & step.definitions
    if len(traded) == 1:
        return f"definition of {traded.pop()}"
    return name_of(step.left, step.right) if _is_algebra(step) else ""

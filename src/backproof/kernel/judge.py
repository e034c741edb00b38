"""The judgement of one step: prove it case by case, else look for a point that refutes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from backproof.domains import Context
from backproof.kernel.cases import Case, initial_cases, is_parameter, narrowed, settled, split, split_by_index
from backproof.kernel.certificate import certify
from backproof.kernel.ground import free_names
from backproof.kernel.indices import freshen, plain, reindex
from backproof.kernel.interruptions import Beyond, Split, Undefined
from backproof.kernel.normal import Normal
from backproof.kernel.refute import agreements, find_point, holds_somewhere
from backproof.kernel.ring import Quotient, Table, TooBig
from backproof.kernel.slopes import NotDifferentiable
from backproof.kernel.sums import open_pair
from backproof.kernel.verdict import Kind, Verdict
from backproof.terms import ZERO, Term, as_fraction, names, postorder, relation, sub

MAX_CASES: Final = 128
MAX_ROUNDS: Final = 4
MANY: Final = 64


@dataclass
class Proof:
    """What a proof attempt found: the cases that hold, the conditions met, or why it failed."""

    closed: int = 0
    tree: dict[str, Any] = field(default_factory=dict)
    conditions: dict[Term, None] = field(default_factory=dict)
    failed: Case | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        return not self.reason and self.closed > 0


def judge(left: Term, right: Term, context: Context, *, refute: bool = True, with_certificate: bool = True) -> Verdict:
    """Return the verdict on ``left = right`` wherever the context's domains allow.

    With ``refute=False`` no point is looked for, and what cannot be proved is unknown.  Without its certificate
    a verdict is made sooner, and cannot be re-checked.  In a part of a context nothing is refuted: what its
    names stand for in the whole may say more.
    """
    stated = left, right
    left, right = freshen(left), freshen(right)
    free = free_names(left, right, context)
    proof, conditions = _prove_under_conditions(left, right, context, free)
    if proof.holds:
        needed = conditions
        if context.whole is not None:
            conditions = _left_open(context, context.whole, conditions)
        verdict = _accept(left, right, context.whole or context, conditions)
        if verdict.is_accepted and with_certificate:
            tree = proof.tree if not needed else _tree_under(left, right, context, free, needed)
            return replace(verdict, certificate=certify(stated, tree, free, tuple(map(plain, needed)), context))
        return verdict
    looks = refute and context.whole is None
    found = find_point(left, right, context, proof.failed) if looks else None
    return found or Verdict(
        Kind.UNKNOWN,
        reason=proof.reason or "the two sides are defined nowhere",
        agrees=agreements(left, right, context) if looks else 0,
    )


def _prove_under_conditions(
    left: Term, right: Term, context: Context, free: list[str]
) -> tuple[Proof, tuple[Term, ...]]:
    """Prove the step; where that fails, again under the conditions that it met, until no new ones are met."""
    met: dict[Term, None] = dict.fromkeys(map(freshen, context.conditions))
    for _ in range(MAX_ROUNDS):
        narrow, assumed = _assumptions(context, met)
        proof = prove(left, right, narrow, free, assumed)
        new = {freshen(plain(tidy(condition))): None for condition in proof.conditions}
        is_done = proof.holds or not new.keys() - met.keys()
        met.update(new)
        if is_done:
            break
    return proof, _needed(context, free, met)


def _assumptions(context: Context, met: Iterable[Term]) -> tuple[Context, tuple[Term, ...]]:
    """Put what can be said of one name into its domain; the rest is assumed as it stands."""
    rest = []
    for condition in met:
        better = narrowed(context, condition)
        context = better or context
        if better is None:
            rest.append(condition)
    return context, tuple(_from_zero(condition) for condition in rest)


def _from_zero(condition: Term) -> Term:
    left, right = condition.args
    return condition if right is ZERO else relation(condition.head, sub(left, right), ZERO)


def _needed(context: Context, free: list[str], met: dict[Term, None]) -> tuple[Term, ...]:
    """Drop each condition that follows from the others."""
    kept = dict(met)
    for condition in sorted(met, key=lambda c: -sum(1 for _ in postorder(c))):
        others = [other for other in kept if other is not condition]
        if others and _follows(context, free, others, condition):
            del kept[condition]
    return tuple(kept)


def _left_open(context: Context, whole: Context, conditions: Iterable[Term]) -> tuple[Term, ...]:
    """Return the conditions that came with the context, and those not certain where every name has its meaning."""
    given = set(map(freshen, context.conditions))
    return tuple(c for c in conditions if c in given or not _is_certain_in(whole, c))


def _is_certain_in(whole: Context, condition: Term) -> bool:
    left, right = condition.args
    return _follows(whole, free_names(left, right, whole), [], condition)


def _follows(context: Context, free: list[str], others: list[Term], condition: Term) -> bool:
    """Say whether a condition is certain in every case in which the others hold."""
    narrow, assumed = _assumptions(context, others)
    bare = _from_zero(condition)
    table = _table(context)
    try:
        for case in initial_cases(narrow, free, assumed):
            normal = settled(narrow, case, table, bare.args[0])
            if normal is not None and (not _is_certain(normal, bare) or normal.conditions):
                return False
    except (Split, Undefined, TooBig, Beyond):
        return False
    return True


def _is_certain(normal: Normal, condition: Term) -> bool:
    value = normal(condition.args[0])
    if condition.head == "ne":
        return normal.signs.is_nonzero(value)
    if condition.head == "eq":
        return normal.signs.of(value) == 0
    if condition.head == "ge":
        return normal.signs.is_nonnegative(value)
    return normal.signs.of(value) == 1


def prove(left: Term, right: Term, context: Context, free: list[str], assumed: tuple[Term, ...] = ()) -> Proof:
    """Return a proof of ``left = right`` by cases, or why there is none."""
    proof, table = Proof(), _table(context)
    pending = initial_cases(context, free, assumed, proof.tree)[::-1]
    seen = 0
    while pending and not proof.reason:
        case = pending.pop()
        seen += 1
        try:
            if seen > MAX_CASES:
                raise TooBig(f"more than {MAX_CASES} cases")
            pending.extend(_close(left, right, context, case, table, proof)[::-1])
        except Undefined as nowhere:
            proof.conditions[nowhere.condition] = None
        except (TooBig, Beyond, NotDifferentiable) as limit:
            proof.reason, proof.failed = str(limit), case
    return proof


def _table(context: Context) -> Table:
    """Return a table with room for the generators that are likely: steps about sums need many."""
    return Table(MANY) if context.shapes else Table()


def _close(left: Term, right: Term, context: Context, case: Case, table: Table, proof: Proof) -> list[Case]:
    """Record what the case shows; return the cases that it falls into where a sign must be known first."""
    left, right = (reindex(side, case.places) for side in (left, right))
    try:
        normal = settled(context, case, table, left, right)
    except Split as asked:
        return _split(context, case, asked.subject, table)
    return [] if normal is None else _compare(normal, normal(left) - normal(right), case, proof)


def _split(context: Context, case: Case, subject: Term, table: Table) -> list[Case]:
    """Split by the subject, or first by what its own value depends on."""
    for _ in range(MAX_ROUNDS):
        try:
            return split(context, case, subject, table)
        except Split as first:
            subject = first.subject
    raise TooBig("signs that depend on each other")


def _compare(normal: Normal, difference: Quotient, case: Case, proof: Proof) -> list[Case]:
    """Record whether both sides are equal; return two cases where that may depend on two indices being the same."""
    if any(is_parameter(name) for condition in normal.conditions for name in names(condition)):
        raise TooBig("a condition that only the proof can name")
    proof.conditions.update(normal.conditions)
    if normal.signs.vanishes(difference):
        proof.closed += 1
        return []
    pair = open_pair(normal, difference)
    if pair is not None:
        return split_by_index(case, *pair)
    proof.failed, proof.reason = case, "the normal forms of the two sides differ"
    return []


# Acceptance ----------------------------------------------------------------------------------------


def _accept(left: Term, right: Term, context: Context, conditions: tuple[Term, ...]) -> Verdict:
    if not conditions:
        return Verdict(Kind.PROVED)
    if holds_somewhere(left, right, context, conditions):
        return Verdict(Kind.PROVED_IF, conditions=tuple(map(plain, conditions)))
    return Verdict(Kind.UNKNOWN, reason="no point was found at which the side conditions hold")


def _tree_under(
    left: Term, right: Term, context: Context, free: list[str], conditions: tuple[Term, ...]
) -> dict[str, Any]:
    """Return the cases of the proof made once more under the conditions that are printed."""
    narrow, assumed = _assumptions(context, conditions)
    return prove(left, right, narrow, free, assumed).tree


def tidy(condition: Term) -> Term:
    """Return a condition as a person would write it: ``a != b`` for ``a - b != 0``, the number on the right."""
    subject, other = condition.args
    if condition.head == "gt" and _is_even_power(subject):
        return relation("ne", subject.args[0], ZERO)
    if condition.head != "ne" or other is not ZERO:
        return condition
    if subject.head == "neg":
        return relation("ne", subject.args[0], ZERO)
    if subject.head == "add" and len(subject.args) == 2 and subject.args[1].head == "neg":
        first, second = subject.args[0], subject.args[1].args[0]
        pair = (second, first) if as_fraction(first) is not None else (first, second)
        return relation("ne", *pair)
    return condition


def _is_even_power(term: Term) -> bool:
    exponent = as_fraction(term.args[1]) if term.head == "pow" else None
    return exponent is not None and exponent.denominator == 1 and exponent % 2 == 0

"""The campaign: judge each trial with the refuter off, then on, and confirm every answer by the evaluator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from backproof.domains import Context, Domain
from backproof.errors import DomainError
from backproof.kernel import Kind, Verdict, judge
from backproof.language import to_source
from backproof.terms import Term, names, sub, transform

from .evaluator import Unsure, compare, evaluate
from .steps import DOMAINS, Trial

POINTS = 40
SPECIAL = tuple(Fraction(n, d) for n, d in ((0, 1), (1, 1), (-1, 1), (1, 2), (-1, 2), (2, 1), (-2, 1), (3, 1)))


@dataclass(frozen=True)
class Failure:
    """A verdict that the evaluator contradicts."""

    trial: Trial
    verdict: str
    point: dict[str, Fraction]
    outcome: str

    def __str__(self) -> str:
        domains = {n: str(self.trial.context.domain(n)) for n in names(self.trial.left, self.trial.right)}
        sides = f"{to_source(self.trial.left)}  =  {to_source(self.trial.right)}"
        return f"{self.verdict}: {sides}  {domains}  at {self.point}: {self.outcome}"


def value_in(domain: Domain, random: Random) -> Fraction:
    """Return a value of the domain: an end, a special value, or a random one."""
    ends = [end for end in (domain.low, domain.high) if end is not None]
    for _ in range(200):
        low = domain.low if domain.low is not None else Fraction(-4)
        high = domain.high if domain.high is not None else max(low, Fraction(0)) + 4
        value = low + (high - low) * Fraction(random.randint(0, 64), 64)
        if random.random() < 0.4:
            value = random.choice([*ends, *SPECIAL])
        if domain.integer:
            value = Fraction(round(value))
        if domain.contains(value):
            return value
    raise Unsure(str(domain))


def points(context: Context, free: list[str], random: Random, count: int) -> Iterator[dict[str, Fraction]]:
    for _ in range(count):
        point = {name: value_in(context.domain(name), random) for name in free}
        if len(free) > 1 and random.random() < 0.3:
            first, second = random.sample(free, 2)
            twin = point[first] * random.choice((1, 1, -1))
            if context.domain(second).contains(twin):
                point[second] = twin
        yield point


def holds(condition: Term, context: Context, point: dict[str, Fraction]) -> bool:
    value, _ = evaluate(sub(*condition.args), context, point)
    if value is None:
        return False
    if 0 < abs(value) < 1e-30:
        raise Unsure
    return {"gt": value > 0, "ge": value >= 0, "ne": value != 0}[condition.head]


def wrongly_accepted(trial: Trial, verdict: Verdict, random: Random, count: int = POINTS) -> Failure | None:
    """Return a point at which an accepted step is false, if one is found."""
    free = free_names(trial)
    for point in points(trial.context, free, random, count):
        try:
            if not all(holds(c, trial.context, point) for c in verdict.conditions):
                continue
            outcome = compare(trial.left, trial.right, trial.context, point)
        except Unsure:
            continue
        if outcome != "equal":
            conditions = ", ".join(to_source(c) for c in verdict.conditions)
            return Failure(trial, f"{verdict.kind.value} {conditions}", point, outcome)
    return None


def wrongly_refuted(trial: Trial, verdict: Verdict) -> Failure | None:
    """Return the refutation's point where the evaluator finds no difference there, or it lies outside the domain."""
    point = dict(verdict.point)
    if any(not trial.context.domain(name).contains(value) for name, value in point.items()):
        return Failure(trial, "refuted", point, "outside the domain")
    try:
        outcome = compare(trial.left, trial.right, trial.context, point)
    except Unsure:
        return None
    expected = {"different"}
    if "undefined" in (verdict.left, verdict.right):
        expected = {"left undefined" if verdict.left == "undefined" else "right undefined"}
    return None if outcome in expected else Failure(trial, "refuted", point, outcome)


def free_names(trial: Trial) -> list[str]:
    return [name for name in names(trial.left, trial.right) if name != "pi" or "pi" in trial.context.domains]


CONTRARY = {Kind.PROVED: Kind.REFUTED, Kind.REFUTED: Kind.PROVED}


def intersection(one: Domain, other: Domain) -> Domain:
    """Return the values that lie in both; raises DomainError where there are none."""
    lows = [(d.low, d.low_open) for d in (one, other) if d.low is not None]
    highs = [(-d.high, d.high_open) for d in (one, other) if d.high is not None]
    (low, low_open), (high, high_open) = (max(ends, default=(None, True)) for ends in (lows, highs))
    high = None if high is None else -high
    integer, nonzero = one.integer or other.integer, one.nonzero or other.nonzero
    return replace(one, low=low, high=high, low_open=low_open, high_open=high_open, integer=integer, nonzero=nonzero)


def with_fact(context: Context, free: list[str], point: dict[str, Fraction], random: Random) -> Context:
    """Return ``context`` with one more fact about a variable, which holds at ``point`` where one is given."""
    for _ in range(20 if free else 0):
        name = random.choice(free)
        try:
            narrow = intersection(context.domain(name), random.choice(DOMAINS))
        except DomainError:
            continue
        if narrow != context.domain(name) and (name not in point or narrow.contains(point[name])):
            return replace(context, domains={**context.domains, name: narrow})
    return context


def metamorphic(trial: Trial, verdict: Verdict, random: Random) -> Failure | None:
    """Return a transformed step whose verdict is the contrary of the original's.

    What is proved stays true where more is known; what is refuted stays false where that holds at its point.
    """
    renamed = {name: f"{name}9" for name in free_names(trial)}
    others = {
        "swapped": (trial.right, trial.left, trial.context),
        "difference": (sub(trial.left, trial.right), sub(trial.left, trial.left), trial.context),
        "renamed": (
            rename(trial.left, renamed),
            rename(trial.right, renamed),
            Context({}, {renamed.get(n, n): d for n, d in trial.context.domains.items()}),
        ),
        "fact": (
            trial.left,
            trial.right,
            with_fact(trial.context, free_names(trial), dict(verdict.point), random),
        ),
    }
    for law, (left, right, context) in others.items():
        other = judge(left, right, context)
        if CONTRARY.get(verdict.kind) is other.kind:
            return Failure(trial, f"{law}: {verdict.kind.value} became {other.kind.value}", dict(other.point), law)
    return None


def rename(term: Term, mapping: dict[str, str]) -> Term:
    from backproof.terms import sym

    return transform(term, lambda t: sym(mapping.get(t.data, t.data)) if t.head == "sym" else t)


def attempt(
    trial: Trial, number: int, counts: Counter[str], with_refuter: bool = True, with_laws: bool = False
) -> list[Failure]:
    """Judge one trial; count the verdicts; return what the evaluator contradicts."""
    random = Random(number)
    failures = []
    blind = judge(trial.left, trial.right, trial.context, refute=False)
    counts[f"blind {blind.kind.value}"] += 1
    if blind.is_accepted:
        failures.append(wrongly_accepted(trial, blind, random))
    if not with_refuter:
        return [failure for failure in failures if failure is not None]
    seeing = judge(trial.left, trial.right, trial.context)
    counts[seeing.kind.value] += 1
    if seeing.kind is Kind.REFUTED:
        failures.append(wrongly_refuted(trial, seeing))
    if blind.is_accepted != seeing.is_accepted:
        failures.append(
            Failure(trial, f"{blind.kind.value} / {seeing.kind.value}", {}, "the refuter changed the verdict")
        )
    if with_laws:
        failures.append(metamorphic(trial, seeing, random))
    return [failure for failure in failures if failure is not None]

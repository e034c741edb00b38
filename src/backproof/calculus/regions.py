"""Nodes with kinks: the intervals on which no choice (max, abs, where, …) changes, and joining them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise, product
from typing import Any, Final

import sympy as sp

from backproof.calculus.convert import Translation
from backproof.calculus.paths import unfold
from backproof.derivation import Operation
from backproof.domains import Domain
from backproof.graph import CONDITIONS, walk
from backproof.terms import (
    RELATIONS,
    Term,
    call,
    make,
    neg,
    num,
    relation,
    sub,
    symbols,
    where,
)

#: More intervals than this are not told apart.
MAX_REGIONS: Final = 6
#: Roots of polynomials of a higher degree are not asked for.
MAX_DEGREE: Final = 4
CHOICES: Final = frozenset({"where", "max", "min", "relu", "abs", "sign"})


@dataclass(frozen=True, slots=True)
class Region:
    """An open interval of one variable, and the operations as they read there: without choices."""

    low: Fraction | None
    high: Fraction | None
    operations: tuple[Operation, ...]

    @property
    def sample(self) -> Fraction:
        """A point inside."""
        if self.low is None and self.high is None:
            return Fraction(0)
        if self.low is None:
            return (self.high or Fraction(0)) - 1
        return self.low + 1 if self.high is None else (self.low + self.high) / 2

    def domain(self, whole: Domain) -> Domain:
        """Return the part of the variable's domain that lies inside."""
        low, high = self.low, self.high
        return replace(
            whole,
            low=whole.low if low is None else low,
            high=whole.high if high is None else high,
            low_open=whole.low_open if low is None else True,
            high_open=whole.high_open if high is None else True,
        )


def has_choices(operations: Sequence[Operation]) -> bool:
    """Say whether an operation chooses between branches."""
    return any(step.kind in CHOICES for step in operations)


def regions(operations: Sequence[Operation], domains: Mapping[str, Domain]) -> tuple[Term, tuple[Region, ...]] | None:
    """Return the variable on which all choices depend and its regions in order, or None.

    None where choices depend on several variables, or not on a polynomial with rational roots.
    """
    names = {
        name
        for step in operations
        if step.kind in CHOICES
        for subject in _subjects(step)
        for name in symbols(unfold(subject, {s.output: s.term for s in operations}, set()))
    }
    if len(names) != 1:
        return None
    variable = names.pop()
    domain = domains.get(variable.data, Domain())
    pending = [Region(domain.low, domain.high, tuple(operations))]
    done: list[Region] = []
    while pending:
        parts = _resolve_first(pending.pop(), variable)
        if parts is None or len(done) + len(pending) + len(parts) > MAX_REGIONS:
            return None
        for part in parts:
            (pending if has_choices(part.operations) else done).append(part)
    return variable, tuple(sorted(done, key=lambda part: part.sample))


def _subjects(step: Operation) -> tuple[Term, ...]:
    """Return the differences on whose signs the choice depends."""
    if step.kind == "where":
        relations = walk(step.term.args[0], lambda t: t.args if t.head in _JOINERS else ())
        return tuple(sub(*part.args) for part in relations if part.head in RELATIONS)
    if step.kind in ("abs", "sign"):
        return step.inputs
    return tuple(sub(a, b) for i, a in enumerate(step.inputs) for b in step.inputs[i + 1 :])


_JOINERS: Final = CONDITIONS - set(RELATIONS)


def _resolve_first(region: Region, variable: Term) -> list[Region] | None:
    """Return the region split where its first choice changes, that choice made in every part."""
    place = next(i for i, step in enumerate(region.operations) if step.kind in CHOICES)
    step = region.operations[place]
    definitions = {before.output: before.term for before in region.operations[:place]}
    translation = Translation()
    unknown = translation.symbol(variable)
    subjects = [translation.to_sympy(unfold(s, definitions, set())) for s in _subjects(step)]
    cuts = _cuts(subjects, unknown)
    if cuts is None:
        return None
    parts = []
    for low, high in pairwise((region.low, *_inside(cuts, region), region.high)):
        part = Region(low, high, region.operations)

        def value(term: Term, at: Fraction = part.sample) -> Any:
            plain = translation.to_sympy(unfold(term, definitions, set()))
            return plain.subs(unknown, sp.Rational(at.numerator, at.denominator))

        made = _choose(step, value)
        parts.append(Region(low, high, (*region.operations[:place], made, *region.operations[place + 1 :])))
    return parts


def _cuts(subjects: Sequence[Any], unknown: Any) -> set[Fraction] | None:
    """Return the rational roots of the subjects, or None where one is no polynomial or has others."""
    cuts: set[Fraction] = set()
    for subject in subjects:
        if not subject.is_polynomial(unknown) or sp.degree(subject, unknown) > MAX_DEGREE:
            return None
        roots = sp.roots(subject, unknown, multiple=True) if subject.has(unknown) else []
        real = [root for root in roots if root.is_real is not False]
        if any(not root.is_Rational for root in real):
            return None
        cuts.update(Fraction(int(root.p), int(root.q)) for root in real)
    return cuts


def _inside(cuts: set[Fraction], region: Region) -> list[Fraction]:
    return sorted(
        cut for cut in cuts if (region.low is None or cut > region.low) and (region.high is None or cut < region.high)
    )


def _choose(step: Operation, value: Callable[[Term], Any]) -> Operation:
    """Return the operation that a choice comes to where ``value`` gives what it depends on."""
    if step.kind == "abs":
        chosen = step.inputs[0] if value(step.inputs[0]) > 0 else neg(step.inputs[0])
    elif step.kind == "sign":
        sign = int(sp.sign(value(step.inputs[0])))
        chosen = num(sign)
    elif step.kind == "where":
        chosen = step.term.args[1 if _holds(step.term.args[0], value) else 2]
    else:
        best = min if step.kind == "min" else max
        chosen = best(step.inputs, key=value)
    kind = "neg" if chosen.head == "neg" and chosen.args[0].head == "sym" else "copy"
    inputs = chosen.args if kind == "neg" else (chosen,)
    return Operation(step.output, chosen, inputs, kind)


_SIGNS: Final[dict[str, Callable[[Any], bool]]] = {
    "lt": lambda d: d < 0,
    "le": lambda d: d <= 0,
    "gt": lambda d: d > 0,
    "ge": lambda d: d >= 0,
    "eq": lambda d: d == 0,
    "ne": lambda d: d != 0,
}


def _holds(condition: Term, value: Callable[[Term], Any]) -> bool:
    if condition.head in _SIGNS:
        return bool(_SIGNS[condition.head](value(sub(*condition.args))))
    parts = [_holds(part, value) for part in condition.args]
    return not parts[0] if condition.head == "not" else (all if condition.head == "and" else any)(parts)


def join(variable: Term, found: Sequence[Region], values: Sequence[Term]) -> Iterator[Term]:
    """Yield the ways to write one formula from those of the regions; the ends are on either side.

    ``where(x > 0, a, b)``; three regions whose outer formulas are equal become one condition.
    """
    cuts: list[Fraction] = []
    kept = [values[0]]
    for region, value in zip(found[1:], values[1:], strict=True):
        if value is not kept[-1] and region.low is not None:
            cuts.append(region.low)
            kept.append(value)
    for strict in product((True, False), repeat=len(cuts)):
        yield _written(variable, cuts, kept, strict)


def _written(variable: Term, cuts: Sequence[Fraction], values: Sequence[Term], strict: Sequence[bool]) -> Term:
    above = [relation("gt" if s else "ge", variable, num(cut)) for cut, s in zip(cuts, strict, strict=True)]
    if len(cuts) == 2 and values[0] is values[2]:
        inside = _between(variable, cuts, strict)
        return where(inside, values[1], values[0])
    result = values[0]
    for condition, value in zip(above, values[1:], strict=True):
        result = where(condition, value, result)
    return result


def _between(variable: Term, cuts: Sequence[Fraction], strict: Sequence[bool]) -> Term:
    """Return ``low < x and x < high``, or ``|x| < high`` where the interval is symmetric."""
    heads = ["lt" if strict[0] else "le", "le" if strict[1] else "lt"]
    if cuts[0] == -cuts[1] and heads[0] == heads[1]:
        return relation(heads[0], call("abs", variable), num(cuts[1]))
    low = relation(heads[0], num(cuts[0]), variable)
    return make("and", (low, relation(heads[1], variable, num(cuts[1]))))

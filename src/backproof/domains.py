"""Domains of variables: which real numbers a name may stand for, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Final

from backproof.errors import DomainError
from backproof.terms import Term


@dataclass(frozen=True, slots=True)
class Domain:
    """An interval of the reals (ends ``None``: unbounded), maybe without zero, maybe integers only.

    ``constraint`` is ``"onehot"`` or ``"simplex"`` with ``axis``: entries are in [0, 1] and sum to one over
    that axis (an assumption, shown wherever a result needs it).
    """

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = True
    high_open: bool = True
    integer: bool = False
    nonzero: bool = False
    constraint: str = ""
    axis: str = ""

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self._is_empty(self.low, self.high):
            raise DomainError(f"the domain {self} is empty")

    def _is_empty(self, low: Fraction, high: Fraction) -> bool:
        if self.integer:
            low, high = Fraction(floor(low) + 1 if self.low_open else ceil(low)), Fraction(floor(high))
            return not any(self.contains(value) for value in (low, low + 1) if value <= high)
        if low == high:
            return self.low_open or self.high_open or (self.nonzero and low == 0)
        return low > high

    def contains(self, value: Fraction) -> bool:
        """Say whether ``value`` lies in the domain."""
        above = self.low is None or value > self.low or (value == self.low and not self.low_open)
        below = self.high is None or value < self.high or (value == self.high and not self.high_open)
        return above and below and not (self.nonzero and value == 0) and not (self.integer and value.denominator != 1)

    def __str__(self) -> str:
        if self.constraint:
            return f"{self.constraint}({self.axis})"
        for name, domain in NAMED.items():
            if domain == self:
                return name
        low, high = ("" if end is None else str(end) for end in (self.low, self.high))
        kind = " integer" if self.integer else ""
        return f"{'(' if self.low_open else '['}{low or '-inf'}, {high or 'inf'}{')' if self.high_open else ']'}{kind}"


_0 = Fraction(0)
#: The domains that have a name in the language.
NAMED: Final[dict[str, Domain]] = {
    "real": Domain(),
    "positive": Domain(low=_0),
    "negative": Domain(high=_0),
    "nonnegative": Domain(low=_0, low_open=False),
    "nonpositive": Domain(high=_0, high_open=False),
    "nonzero": Domain(nonzero=True),
    "integer": Domain(integer=True),
    "natural": Domain(low=_0, low_open=False, integer=True),
}
REAL: Final = NAMED["real"]


@dataclass(frozen=True, slots=True)
class Definition:
    """``name[axes] = term``: a forward line, or a gradient, as the kernel unfolds it."""

    name: str
    term: Term
    axes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What is in force where a step is judged: definitions by name, and the domain of every free name.

    A name with neither a definition nor a domain is a real number (the upstream gradient is one such).
    A definition may use names of other definitions; cycles are errors of the document.  ``shapes`` gives the
    axes of each indexed name, as declared.  A context may say less than ``whole``: what is proved in it holds
    there, and points are looked for there only.  Its definitions are right wherever the ``conditions`` hold.
    """

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    domains: Mapping[str, Domain] = field(default_factory=dict)
    shapes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: Context | None = None
    conditions: tuple[Term, ...] = ()

    def domain(self, name: str) -> Domain:
        return self.domains.get(name, REAL)

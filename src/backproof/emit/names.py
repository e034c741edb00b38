"""How names are shown: which symbol is a gradient, which name is Greek, which digits are a subscript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from backproof.derivation import Derivation
from backproof.language.document import Claim, Node
from backproof.terms import names

#: Greek letters by the name that an author types: the character (``\\name`` is its LaTeX command).
GREEK: Final[dict[str, str]] = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip

#: How many letters of a name are shown.
_LONGEST: Final = 24
_SUBSCRIPTED: Final = re.compile(rf"(?P<base>[A-Za-z]'*|{'|'.join(GREEK)})(?:_?(?P<digits>\d+)|_(?P<word>[A-Za-z]+))?")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in parts: ``x1`` is x with subscript 1, ``apple_price`` is a word."""

    base: str
    subscript: str = ""

    @property
    def is_word(self) -> bool:
        """Say whether the name has several letters and is set as one word."""
        return len(self.base.rstrip("'")) > 1 and self.base not in GREEK


def split_name(name: str) -> Name:
    """Return the parts of ``name``: one letter (or Greek letter) with a subscript, else a word."""
    match = _SUBSCRIPTED.fullmatch(name)
    if match is None or len(name) > _LONGEST:
        return _word(name)
    return Name(match["base"], match["digits"] or match["word"] or "")


def _word(name: str) -> Name:
    """Return ``name`` as a word; the middle of one that no line can hold is left out."""
    return Name(name if len(name) <= _LONGEST else f"{name[:10]}…{name[-8:]}")


def _distinct(given: Iterable[str]) -> dict[str, Name]:
    shown: dict[str, Name] = {}
    taken: set[Name] = set()
    for name in given:
        shown[name] = next(way for way in _ways(name) if way not in taken)
        taken.add(shown[name])
    return shown


def _ways(name: str) -> Iterator[Name]:
    """Yield ever plainer ways to show ``name``; there is always another one."""
    yield split_name(name)
    yield _word(name)
    yield from (Name(_word(name).base, str(number)) for number in count(2))


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables of a document: two different names are never shown alike, and ``dx`` is ∂L/∂x if x is one."""

    variables: tuple[str, ...] = ()
    shown: dict[str, Name] = field(default_factory=dict)

    @classmethod
    def of(cls, variables: Iterable[str]) -> Scope:
        """Return the scope of these variables, in order of precedence."""
        ordered = tuple(dict.fromkeys(variables))
        return cls(ordered, _distinct(ordered))

    def name(self, name: str) -> Name:
        """Return how ``name`` is shown."""
        found = self.shown.get(name)
        if found is not None:
            return found
        parts = split_name(name)
        return _word(name) if parts in self.shown.values() else parts

    def gradient_of(self, name: str) -> str | None:
        """Return ``x`` where ``name`` is the gradient ``dx`` of a variable ``x``, else None."""
        is_gradient = name[:1] == "d" and name[1:] in self.shown and name not in self.shown
        return name[1:] if is_gradient else None

    @property
    def is_loss_free(self) -> bool:
        """Say whether no variable is called L, so that L can stand for the loss."""
        return "L" not in self.shown


def node_scope(node: Node) -> Scope:
    """Return the scope of a node: its inputs, then its lines."""
    return Scope.of([given.name for given in node.inputs] + [line.name for line in node.lines])


def derivation_scope(derivation: Derivation) -> Scope:
    """Return the scope of a derivation: inputs, lines, and the intermediates that were given names."""
    operations = (names(operation.output) for operation in derivation.operations)
    return Scope.of([*node_scope(derivation.node).variables, *(n for found in operations for n in found)])


def claim_scope(claim: Claim) -> Scope:
    """Return the scope of a claim: the variables that it declares, then those that it uses."""
    used = names(claim.chain.target, *(step.right for step in claim.chain.steps))
    return Scope.of([*(given.name for given in claim.given), *used])

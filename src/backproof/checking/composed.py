"""A node as single expressions of its inputs: what SymPy differentiates, and what numbers are put into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import mpmath
import sympy as sp

from backproof.calculus.convert import TO_SYMPY, Translation, complexity
from backproof.derivation import Derivation
from backproof.errors import NotDerivable
from backproof.terms import Term, postorder, substitute, sym, where

#: The size of expression, in signs to read, up to which SymPy is asked.
LARGEST: Final = 4000
Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Composed:
    """The output and the derived gradient of every input, in the inputs and the upstream gradient only.

    ``conventions`` are the gradients with the stated value at every kink.
    """

    inputs: tuple[str, ...]
    upstream: str
    output: Term
    gradients: dict[str, Term]
    conventions: dict[str, Term]

    @property
    def variables(self) -> tuple[str, ...]:
        """The inputs and the upstream gradient, in order."""
        return (*self.inputs, self.upstream)


def compose(derivation: Derivation) -> Composed:
    """Return ``derivation`` with every intermediate value replaced by what it stands for.

    Raises NotDerivable where that is too large to write, or a derivative is left unevaluated.
    """
    node = derivation.node
    inlined: dict[Term, Term] = {}
    for line in node.lines:
        inlined[sym(line.name)] = substitute(line.term, inlined)
    for operation in derivation.operations:
        inlined.setdefault(operation.output, substitute(operation.term, inlined))
    output = inlined[sym(node.lines[-1].name)]
    chains = {chain.target: chain.result for chain in derivation.chains}
    plain = {name: substitute(_without(term, chains), inlined) for name, term in derivation.gradients.items()}
    stated = dict(plain)
    for kink in derivation.kinks:
        name = kink.gradient.removeprefix("d")
        if name in stated:
            condition, value = (substitute(part, inlined) for part in (kink.condition, kink.value))
            stated[name] = where(condition, value, stated[name])
    inputs = tuple(given.name for given in node.inputs)
    composed = Composed(inputs, f"d{node.lines[-1].name}", output, plain, stated)
    for term in (output, *stated.values()):
        _check(term, {*composed.variables, "pi"})
    return composed


def _without(term: Term, chains: dict[Term, Term]) -> Term:
    """Return ``term`` with the gradients that have a chain of their own replaced by its result."""
    for _ in chains:
        replaced = substitute(term, chains)
        if replaced is term:
            break
        term = replaced
    return term


def _check(term: Term, known: set[str]) -> None:
    if complexity(term) > LARGEST:
        raise NotDerivable("too large to be written as one expression")
    for part in postorder(term):
        if part.head not in TO_SYMPY and part.head not in ("num", "sym"):
            raise NotDerivable(f"not a plain number: {part.head}")
        if part.head == "sym" and (part.args or part.data not in known):
            raise NotDerivable(f"not an input: {part.data}")


def differentiate(composed: Composed) -> dict[str, Any]:
    """Return SymPy's own gradient of every input, as SymPy expressions in the variables' symbols."""
    translation = _translation(composed)
    output = translation.to_sympy(composed.output)
    upstream = translation.symbol(sym(composed.upstream))
    return {name: upstream * sp.diff(output, translation.symbol(sym(name))) for name in composed.inputs}


def _bounded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return ``function`` for arguments that are not huge: exp(exp(exp(9))) in mpmath takes for ever."""

    def value(x: Any) -> Any:
        if abs(x) > LARGEST_EXPONENT:
            raise OverflowError("an exponent out of all proportion")
        return function(x)

    return value


LARGEST_EXPONENT: Final = 10**6
BOUNDED: Final = {name: _bounded(getattr(mpmath, name)) for name in ("exp", "sinh", "cosh", "tanh")}


def lambdify(composed: Composed, expressions: Iterable[Term | Any]) -> Callable[[Values], tuple[Any, ...]]:
    """Return a function of the variables' values, in mpmath's working precision.

    It raises ZeroDivisionError, OverflowError or ValueError where an expression has no real value.
    """
    translation = _translation(composed)
    converted = [translation.to_sympy(item) if isinstance(item, Term) else item for item in expressions]
    arguments = [translation.symbol(sym(name)) for name in composed.variables]
    function = sp.lambdify(arguments, [_plain(item) for item in converted], [BOUNDED, "mpmath"], cse=True)
    return lambda values: tuple(_real(value) for value in function(*values))


def _translation(composed: Composed) -> Translation:
    return Translation(first=tuple(sym(name) for name in composed.variables))


def _plain(expression: Any) -> Any:
    """Return an expression that mpmath knows: steps as branches, no pulses, which are nowhere seen."""
    steps = expression.replace(sp.DiracDelta, lambda *_: sp.Integer(0))
    return steps.replace(sp.Heaviside, lambda u, *_: sp.Piecewise((0, u < 0), (1, u > 0), (0.5, True)))


def _real(value: Any) -> Any:
    value = mpmath.mpmathify(value)
    if isinstance(value, mpmath.mpc):
        raise ValueError("not a real number")  # noqa: TRY004 - of the right type, but outside the domain
    return value

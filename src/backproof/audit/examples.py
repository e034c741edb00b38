"""Whether the numbers of an ``example`` line are those that the derivation gives."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from backproof.audit.findings import shorten
from backproof.calculus.fields import has_axes
from backproof.derivation import Derivation
from backproof.errors import DomainError
from backproof.examples import DIGITS, is_rounded, misfits
from backproof.kernel import decimal_value
from backproof.language import to_source
from backproof.language.document import Example
from backproof.terms import Term, as_fraction, num, sym


def check_example(derivation: Derivation, example: Example) -> Iterator[str]:
    """Yield one sentence for every number of ``example`` that is not what the derivation gives.

    Whole numbers and fractions must be exact; a decimal fraction must be the value, rounded to its places.
    The upstream gradient is 1, and the inputs of a graph are its numbers, where the example gives none.
    """
    node = derivation.node
    if has_axes(node):
        yield from _misfits(derivation, example)
        return
    upstream = f"d{node.lines[-1].name}"
    given = {**dict(node.values), **dict(example.given)}
    point = {upstream: Fraction(1)} | {name: _number(term) for name, term in given.items()}
    missing = [given.name for given in node.inputs if given.name not in point]
    if missing:
        yield f"the example gives no value for {', '.join(missing)}"
        return
    outside = [given.name for given in node.inputs if not given.domain.contains(point[given.name])]
    if outside:
        yield f"the example is outside the domain of {', '.join(outside)}"
        return
    for name, term in example.expected:
        text = decimal_value(_formula(derivation, name), point, derivation.context, digits=DIGITS)
        if text == "undefined" or not is_rounded(Fraction(text), _number(term)):
            yield f"{name} is {shorten(text)} here, not {to_source(term)}"


def _misfits(derivation: Derivation, example: Example) -> Iterator[str]:
    """Yield a sentence for each wrong number of a node with axes."""
    for name, at, written, found in misfits(derivation, example):
        place = f"[{', '.join(map(str, at))}]" if at else ""
        yield f"{name}{place} is {shorten(found)} here, not {to_source(num(written))}"


def _number(term: Term) -> Fraction:
    value = as_fraction(term)
    if value is None:
        raise DomainError(f"an example gives numbers, not {to_source(term)}")
    return value


def _formula(derivation: Derivation, name: str) -> Term:
    """Return the derived gradient of an input, or the forward value, that ``name`` stands for."""
    inputs = {f"d{given}": term for given, term in derivation.gradients.items()}
    return inputs.get(name, sym(name))

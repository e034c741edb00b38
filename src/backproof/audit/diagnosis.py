"""What is wrong with a false step: the smallest change that makes it true, found by asking the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice, product
from typing import Final

from backproof.audit.points import Counterexample, number
from backproof.audit.repairs import Material, Repair, repairs
from backproof.audit.ways import wrong_gradients
from backproof.derivation import Derivation, JudgedStep
from backproof.domains import Context
from backproof.judgement import judge
from backproof.kernel import Kind
from backproof.kernel.refute import agreements, find_point
from backproof.language import to_source
from backproof.terms import ONE, Term, div, idx, mul, neg, num, postorder, size, sym, symbols

#: How many changes are tried before the search gives up.
ATTEMPTS: Final = 600
_MAX_DENOMINATOR: Final = 1000
_CLOSE: Final = Fraction(1, 10**9)


def diagnose(step: JudgedStep, context: Context, derivation: Derivation | None = None, gradient: str = "") -> str:
    """Return one sentence on what differs in the refuted step, or nothing.

    The left side is what was already there, so it is taken to be right.  In a chain of ``gradient`` the right side
    is also compared with the gradients that ``derivation`` gives with one mistake.
    """
    here = Counterexample(step.verdict, context)
    search = chain(
        _factors(step, here),
        _repairs(step, here),
        _ways(step, here, derivation, gradient) if derivation is not None else (),
    )
    return next(search, "")


def _factors(step: JudgedStep, here: Counterexample) -> Iterator[str]:
    """Yield a sentence for a factor by which the right side is wrong as a whole."""
    left, right = number(step.verdict.left), number(step.verdict.right)
    if not (left and right):
        return
    ratio = left / right
    for factor in _candidates(ratio, here):
        if _is_true(step.left, neg(step.right) if factor is _MINUS else mul(factor, step.right), here):
            yield _factor_sentence(factor)


def _candidates(ratio: Fraction, here: Counterexample) -> Iterator[Term]:
    """Yield the sizes and the simple number that are the ratio of both sides at the counterexample."""
    lengths = {size(axis): Fraction(length) for axis, length in here.sizes.items()} | {ONE: Fraction(1)}
    for (above, n), (below, m) in product(lengths.items(), repeat=2):
        if above is not below and n / m == ratio.limit_denominator(_MAX_DENOMINATOR):
            yield above if below is ONE else div(above, below)
    simple = ratio.limit_denominator(_MAX_DENOMINATOR)
    if abs(ratio - simple) < _CLOSE:
        yield num(simple)


_MINUS: Final = num(-1)


def _factor_sentence(factor: Term) -> str:
    if factor is _MINUS:
        return "they differ by a sign: the whole right side has the wrong one"
    shown = str(factor.data) if factor.head == "num" else to_source(factor)
    return f"they differ by a factor: the left side is {shown} times the right side"


def _ways(step: JudgedStep, here: Counterexample, derivation: Derivation, gradient: str) -> Iterator[str]:
    """Yield a sentence for a mistake in one of the ways of the gradient that gives the right side as it stands."""
    given = number(step.verdict.right)
    for wrong in wrong_gradients(derivation, gradient):
        if _is_close(here.value(wrong.term), given) and _is_true(step.right, wrong.term, here):
            yield wrong.sentence


def _repairs(step: JudgedStep, here: Counterexample) -> Iterator[str]:
    """Yield a sentence for a change of one place of the right side that makes the step true."""
    wanted = number(step.verdict.left)
    material = _material(step.left, step.right, here.context)
    for repair in islice(_fitting(repairs(step.right, material), step), ATTEMPTS):
        if _is_possible(repair.whole, wanted, here) and _is_true(step.left, repair.whole, here):
            old, new = to_source(repair.old), to_source(repair.new)
            yield f"they differ by {repair.fault}: {new} is right where {old} stands"


def _fitting(found: Iterable[Repair], step: JudgedStep) -> Iterator[Repair]:
    """Yield the repairs that leave no index over that the left side does not have."""
    allowed = {*step.left.axes, *step.right.axes}
    return (repair for repair in found if allowed.issuperset(repair.whole.axes))


def _is_possible(term: Term, wanted: Fraction | None, here: Counterexample) -> bool:
    """Say whether ``term`` may have the value ``wanted`` at the counterexample; it costs less than a proof."""
    if wanted is None or any(name not in here.point for name in _free(term, here)):
        return True
    return _is_close(here.value(term), wanted)


def _free(term: Term, here: Counterexample) -> set[str]:
    """Return the variables without axes that are no definitions."""
    return {s.data for s in symbols(term) if not s.args} - here.context.definitions.keys() - {"pi"}


def _is_close(found: Fraction | None, wanted: Fraction | None) -> bool:
    return found is not None and wanted is not None and abs(found - wanted) <= _CLOSE * (1 + abs(wanted))


def _is_true(left: Term, right: Term, here: Counterexample) -> bool:
    """Say whether a step is proved; with axes, where a proof takes longer, whether points of all sizes agree."""
    if not here.sizes:
        return judge(left, right, here.context).kind is Kind.PROVED
    return find_point(left, right, here.context, None) is None and agreements(left, right, here.context) > 0


def _material(left: Term, right: Term, context: Context) -> Material:
    """Return what a repair may use: the variables, upstream gradients, numbers, sizes and indices in force."""
    known = context.definitions
    gradients = {f"d{name}" for name in (*known, *context.domains)}
    forward = [known[name].term for name in known if name not in gradients]
    found = symbols(right, left, *(definition.term for definition in known.values()))
    variables = [s for s in found if not s.args and not (s.data in known and s.data in gradients)]
    variables += [
        sym(name, *map(idx, shape))
        for name, shape in context.shapes.items()
        if shape and left.axes and {*shape} <= {*left.axes} and not (name in known and name in gradients)
    ]
    numbers = [term for term in postorder(left, *forward) if term.head == "num"]
    axes = {axis for shape in context.shapes.values() for axis in shape}
    lengths = [factor for axis in sorted(axes) for factor in (size(axis), div(ONE, size(axis)))]
    indices = [part for part in postorder(left, right) if part.head == "idx"]
    return Material(*(tuple(dict.fromkeys(part)) for part in (variables, numbers, lengths, indices)))

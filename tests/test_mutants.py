"""Testing the tester: every step of the catalogue, changed a little, is refuted."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from backproof import catalogue
from backproof.audit.documents import derive_node
from backproof.calculus.fields import has_axes
from backproof.kernel import Kind, judge
from backproof.language import to_source
from tests.mutation import MUTATIONS, Evaluator, mutants, points_of

#: The nodes without axes; tests/test_tensor_mutants.py has the others.
NAMES = [name for name in catalogue.names() if not has_axes(catalogue.find_node(name))]


@cache
def verdicts(name: str, mutation: str) -> tuple[tuple[str, Kind], ...]:
    """Return every mutant of a node's steps that really differs, with the kernel's verdict."""
    document = catalogue.load(name)
    derivation = derive_node(document, document.nodes[0])
    evaluator, points = Evaluator(derivation), points_of(derivation)
    return tuple(
        (f"{to_source(step.left)} = {to_source(mutant)}", judge(step.left, mutant, derivation.context).kind)
        for step in derivation.steps
        for mutant in dict.fromkeys(mutants(step.right, MUTATIONS[mutation]))
        if evaluator.differ(step.right, mutant, points)
    )


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("name", NAMES)
def test_every_mutant_that_really_differs_is_refuted(name: str, mutation: str) -> None:
    assert [(text, kind) for text, kind in verdicts(name, mutation) if kind is not Kind.REFUTED] == []


def test_the_kill_rate_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = Counter(kind for name in NAMES for m in MUTATIONS for _, kind in verdicts(name, m))
    with capsys.disabled():
        rate = 100 * kinds[Kind.REFUTED] / kinds.total()
        print(f"\nmutants refuted: {kinds[Kind.REFUTED]} of {kinds.total()} ({rate:.1f} %)")
    assert kinds.total() > 1000

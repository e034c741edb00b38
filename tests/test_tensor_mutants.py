"""Testing the tester: the steps of the tensor catalogue, changed a little, are refuted.

The default run takes a seeded sample of each node; BACKPROOF_MUTANTS=all takes every mutant.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice
from random import Random

import pytest

from backproof import catalogue
from backproof.calculus import gradient_context
from backproof.calculus.fields import has_axes
from backproof.inlining import inline_calls, lookup_in
from backproof.kernel import Kind, judge
from backproof.language import to_source
from backproof.language.document import Node
from backproof.terms import Term
from tests.tensor_mutation import MUTATIONS, Evaluator, step_mutants

ALL = os.environ.get("BACKPROOF_MUTANTS") == "all"
#: Mutants of each node in the default run.
SAMPLE = 4
#: Whose steps take the kernel seconds each; they are left to the run of all mutants.
SLOW = frozenset({"max-pooling", "maxout", "group-norm", "causal-attention", "triplet-loss", "lstm-step", "gru-step"})
NAMES = [name for name in catalogue.names() if has_axes(catalogue.find_node(name)) and (ALL or name not in SLOW)]


def node_of(name: str) -> Node:
    document = catalogue.load(name)
    return inline_calls(document.nodes[0], lookup_in(document))


def different(node: Node, seed: int) -> Iterator[tuple[str, Term, Term]]:
    """Yield mutants that really differ, each kind of mistake in turn: the mutation, the left side, the mutant."""
    evaluators = [Evaluator(node, point) for point in (1, 2)]
    steps = [(step, name) for chain in node.chains for step in chain.steps for name in MUTATIONS]
    found = [
        (name, step, mutant) for step, name in steps for mutant in step_mutants(step.left, step.right, MUTATIONS[name])
    ]
    Random(seed).shuffle(found)
    met: Counter[str] = Counter()
    turns = []
    for name, *_ in found:
        met[name] += 1
        turns.append((met[name], len(turns)))
    found = [found[place] for _, place in sorted(turns)]
    for name, step, mutant in found:
        if any(evaluator.tells_apart(step.left, step.right, mutant) for evaluator in evaluators):
            yield name, step.left, mutant


@cache
def verdicts(name: str) -> tuple[tuple[str, str, Kind], ...]:
    """Return mutants of a node's steps that really differ, with the kernel's verdict."""
    node = node_of(name)
    context = gradient_context(node)
    chosen = islice(different(node, seed=len(name)), None if ALL else SAMPLE)
    return tuple(
        (mutation, f"{to_source(left)} = {to_source(mutant)}", judge(left, mutant, context).kind)
        for mutation, left, mutant in chosen
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_mutant_that_really_differs_is_refuted(name: str) -> None:
    assert [(text, kind) for _, text, kind in verdicts(name) if kind is not Kind.REFUTED] == []


def test_the_kill_rate_of_tensor_mutants_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = [(mutation, kind) for name in NAMES for mutation, _, kind in verdicts(name)]
    refuted = Counter(mutation for mutation, kind in found if kind is Kind.REFUTED)
    with capsys.disabled():
        rate = 100 * refuted.total() / len(found)
        print(f"\ntensor mutants refuted: {refuted.total()} of {len(found)} ({rate:.1f} %)")
        print(", ".join(f"{mutation}: {count}" for mutation, count in sorted(refuted.items())))
    assert len(found) >= SAMPLE * len(NAMES) - 2


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_kind_of_mistake_is_made_somewhere(mutation: str) -> None:
    names = ["batch-norm", "softmax", "contrastive-infonce"]
    steps = [step for name in names for chain in node_of(name).chains for step in chain.steps]
    assert any(any(step_mutants(step.left, step.right, MUTATIONS[mutation])) for step in steps)


def test_the_evaluator_finds_the_steps_themselves_true() -> None:
    node = node_of("batch-norm")
    (step, *_) = node.chains[-1].steps
    assert not Evaluator(node, 3).tells_apart(step.left, step.right, step.right)

"""Testing the tester: the steps of the tensor catalogue, changed a little, are refuted.

The default run takes a seeded sample of each node; BACKPROOF_MUTANTS=all takes every mutant, as
``python -m tests.tensor_campaign`` does.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache

import pytest

from backproof.kernel import Kind
from tests import tensor_campaign
from tests.tensor_campaign import kill_rate, node_of
from tests.tensor_mutation import MUTATIONS, Evaluator

ALL = os.environ.get("BACKPROOF_MUTANTS") == "all"
#: Mutants of each node in the default run.
SAMPLE = 4
#: Whose steps take the kernel seconds each; they are left to the run of all mutants.
SLOW = frozenset({
    "max-pooling", "maxout", "group-norm", "causal-attention", "triplet-loss", "lstm-step", "gru-step",
    "packed-lstm-step", "packed-gru-step",
})  # fmt: skip
NAMES = [name for name in tensor_campaign.NAMES if ALL or name not in SLOW]


@cache
def verdicts(name: str) -> tuple[tuple[str, str, Kind], ...]:
    """Return mutants of a node's steps that really differ, with the kernel's verdict."""
    return tuple(tensor_campaign.verdicts(name, None if ALL else SAMPLE))


@pytest.mark.parametrize("name", NAMES)
def test_every_mutant_that_really_differs_is_refuted(name: str) -> None:
    assert [(text, kind) for _, text, kind in verdicts(name) if kind is not Kind.REFUTED] == []


def test_the_kill_rate_of_tensor_mutants_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = [(mutation, kind) for name in NAMES for mutation, _, kind in verdicts(name)]
    with capsys.disabled():
        print(f"\n{kill_rate(found)}")
    assert len(found) >= SAMPLE * len(NAMES) - 2


@pytest.mark.parametrize("mutation", [*MUTATIONS, "wrong name"])
def test_every_kind_of_mistake_is_made_somewhere(mutation: str) -> None:
    names = ["batch-norm", "softmax", "contrastive-infonce", "convolution"]
    met = Counter(kind for name in names for kind, *_ in tensor_campaign.all_mutants(node_of(name)))
    assert met[mutation]


def test_the_evaluator_finds_the_steps_themselves_true() -> None:
    node = node_of("batch-norm")
    (step, *_) = node.chains[-1].steps
    assert not Evaluator(node, 3).tells_apart(step.left, step.right, step.right)

"""A short campaign with a fixed seed: no verdict is wrong.  A long one: ``python -m tests.fuzz --count 100000``."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.fuzz import arrays
from tests.fuzz.campaign import attempt
from tests.fuzz.steps import all_corpus_steps, trial

STEPS = all_corpus_steps()
#: Trials that once got a wrong verdict, or on which the evaluator was wrong: seed and number.
ONCE_WRONG = [(11, 3287), (11, 5472), (41, 9651), (31, 3635), (31, 4690), (21, 510), (424242, 3927)]


@pytest.mark.parametrize("block", range(12))
def test_no_verdict_on_a_mutant_or_a_random_step_is_wrong(block):
    counts: Counter[str] = Counter()
    numbers = range(20_000 + 25 * block, 20_025 + 25 * block)
    assert [failure for n in numbers for failure in attempt(trial(n, 7, STEPS), n, counts, n % 5 == 0)] == []


@pytest.mark.parametrize("block", range(6))
def test_no_verdict_on_a_step_about_arrays_is_wrong(block):
    base, counts = arrays.all_catalogue_steps(), Counter[str]()
    trials = [(n, arrays.trial(n, 7, base)) for n in range(25 * block, 25 * block + 25)]
    assert [failure for n, made in trials for failure in arrays.attempt(made, n, counts, n % 5 == 0)] == []


@pytest.mark.parametrize(("seed", "number"), [(2027, 7), (6, 53)])
def test_a_step_about_arrays_that_once_ended_the_kernel_has_a_verdict(seed, number):
    made = arrays.trial(number, seed, arrays.all_catalogue_steps())
    assert arrays.attempt(made, number, Counter()) == []


@pytest.mark.parametrize(("seed", "number"), ONCE_WRONG)
def test_what_was_once_wrong_is_right(seed, number):
    assert attempt(trial(number, seed, STEPS), number, Counter(), with_refuter=True, with_laws=True) == []

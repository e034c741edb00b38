"""Every mutant of every step of the tensor catalogue, judged: ``python -m tests.tensor_campaign [NODE ...]``.

Prints one line for each node, each mutant that differs and is not refuted, and the kill rate.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from random import Random
from time import process_time

from backproof import catalogue
from backproof.calculus import gradient_context
from backproof.calculus.fields import has_axes
from backproof.inlining import inline_calls, lookup_in
from backproof.kernel import Kind, judge
from backproof.language import to_source
from backproof.language.document import Node
from backproof.terms import Term
from tests.tensor_mutation import MUTATIONS, Evaluator, other_names, step_mutants

NAMES = [name for name in catalogue.names() if has_axes(catalogue.find_node(name))]


def node_of(name: str) -> Node:
    document = catalogue.load(name)
    return inline_calls(document.nodes[0], lookup_in(document))


def all_mutants(node: Node) -> list[tuple[str, Term, Term, Term]]:
    """Return the mistake, both sides and the mutant of the right side, for every mutant of every step."""
    steps = [step for chain in node.chains for step in chain.steps]
    return [
        (mutation, step.left, step.right, mutant)
        for step in steps
        for mutation, mutate in {**MUTATIONS, "wrong name": other_names(step.left, step.right)}.items()
        for mutant in step_mutants(step.left, step.right, mutate)
    ]


def different(node: Node, seed: int) -> Iterator[tuple[str, Term, Term]]:
    """Yield mutants that really differ, each kind of mistake in turn: the mutation, the left side, the mutant."""
    evaluators = [Evaluator(node, point) for point in (1, 2)]
    found = all_mutants(node)
    Random(seed).shuffle(found)
    met: Counter[str] = Counter()
    turns = []
    for mutation, *_ in found:
        met[mutation] += 1
        turns.append((met[mutation], len(turns)))
    for mutation, left, right, mutant in (found[place] for _, place in sorted(turns)):
        if any(evaluator.tells_apart(left, right, mutant) for evaluator in evaluators):
            yield mutation, left, mutant


def verdicts(name: str, count: int | None = None) -> Iterator[tuple[str, str, Kind]]:
    """Yield mutants of a node's steps that really differ, with the kernel's verdict; all of them, or ``count``."""
    node = node_of(name)
    context = gradient_context(node)
    for mutation, left, mutant in islice(different(node, seed=len(name)), count):
        yield mutation, f"{to_source(left)} = {to_source(mutant)}", judge(left, mutant, context).kind


def kill_rate(found: Iterable[tuple[str, Kind]]) -> str:
    """Return how many mutants are refuted, in all and by the kind of mistake."""
    rows = list(found)
    made = Counter(mutation for mutation, _ in rows)
    refuted = Counter(mutation for mutation, kind in rows if kind is Kind.REFUTED)
    rate = 100 * refuted.total() / max(1, len(rows))
    kinds = ", ".join(f"{mutation} {refuted[mutation]}/{made[mutation]}" for mutation in sorted(made))
    return f"tensor mutants refuted: {refuted.total()} of {len(rows)} ({rate:.1f} %)\n{kinds}"


def main(names: list[str]) -> int:
    """Run the campaign over ``names``, or over every node with axes; 1 if a mutant survives."""
    found: list[tuple[str, Kind]] = []
    for name in names or NAMES:
        start, before = process_time(), len(found)
        for mutation, text, kind in verdicts(name):
            found.append((mutation, kind))
            if kind is not Kind.REFUTED:
                print(f"  {kind.value}: {mutation}: {text}", flush=True)
        made = len(all_mutants(node_of(name)))
        seconds = process_time() - start
        print(f"{name}: {len(found) - before} of {made} mutants differ, {seconds:.0f} s", flush=True)
    print(kill_rate(found))
    return int(any(kind is not Kind.REFUTED for _, kind in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

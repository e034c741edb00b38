"""What stands behind the steps of a page: a certificate file each, which ``derive verify`` checks again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from backproof.calculus import claim_context
from backproof.certificates import statement
from backproof.derivation import Derivation, JudgedStep
from backproof.domains import Context
from backproof.inlining import Lookup, inline_claim
from backproof.language.document import Claim

#: The folder of the certificates, beside the pages.
FOLDER = "certificates"
Stated = tuple[JudgedStep, Context]


def of_derivation(derivation: Derivation) -> Iterator[Stated]:
    """Yield the steps of a derivation in the order of the page."""
    yield from ((step, derivation.context) for step in derivation.steps)


def of_claim(judged: Derivation, claim: Claim, find: Lookup) -> Iterator[Stated]:
    """Yield the steps of a claim, its calls replaced by what they stand for."""
    plain = inline_claim(claim, find)
    context = claim_context(plain)
    for step, written in zip(judged.steps, plain.chain.steps, strict=True):
        yield replace(step, left=written.left, right=written.right), context


def files(page: str, steps: Iterable[Stated], before: int = 0) -> dict[int, tuple[str, str]]:
    """Return name and content of the file of every step that has a certificate, by its number.

    Names go on counting after the ``before`` steps that stand on the page already.
    """
    return {
        number: (f"{FOLDER}/{page}-{before + number}.json", _content(page, step, context))
        for number, (step, context) in enumerate(steps, 1)
        if step.verdict.certificate
    }


def _content(page: str, step: JudgedStep, context: Context) -> str:
    place = f"{page}.md:{step.span.line}" if step.span else page
    return json.dumps(statement(step, context, place), ensure_ascii=False) + "\n"

"""What stands behind the steps of a page: a certificate file each, which ``derive verify`` checks again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from backproof.calculus import claim_context
from backproof.certificates import SCHEMA, digest_of, statement
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


def listed(folder: Path) -> str:
    """Return the index of the certificates in a folder, which says that none is missing.

    It names no sources: whoever reads a site need not have them.  Steps without a certificate say so on their page.
    """
    files = {path.name: digest_of(path) for path in sorted(folder.glob("*.json"))}
    return json.dumps({"schema": SCHEMA, "sources": {}, "files": files, "without": []}, indent=1) + "\n"


def _content(page: str, step: JudgedStep, context: Context) -> str:
    place = f"{page}.md:{step.span.line}" if step.span else page
    return json.dumps(statement(step, context, place), ensure_ascii=False) + "\n"

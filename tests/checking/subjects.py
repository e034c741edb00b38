"""Derivations of catalogue nodes, and ways to tamper with them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from backproof import catalogue
from backproof.calculus import derive
from backproof.derivation import Derivation
from backproof.inlining import inline_calls, lookup_in
from backproof.language import parse_document, parse_expression
from backproof.language.document import Document


def derivation_of(document: Document) -> Derivation:
    """Return the derivation of the only node of ``document``."""
    return derive(inline_calls(document.nodes[0], lookup_in(document)))


@cache
def catalogued(name: str) -> Derivation:
    return derivation_of(catalogue.load(name))


def written(text: str) -> Derivation:
    """Return the derivation of a node given as the lines of one ``derive`` block."""
    return derivation_of(parse_document(f"```derive\n{text}\n```\n"))


def tampered(derivation: Derivation, gradient: str, result: str) -> Derivation:
    """Return ``derivation`` with another last expression for one gradient; verdicts stay."""
    wrong = parse_expression(result)
    chains = tuple(
        replace(chain, steps=(*chain.steps[:-1], replace(chain.steps[-1], right=wrong)))
        if chain.target.data == gradient
        else chain
        for chain in derivation.chains
    )
    return replace(derivation, chains=chains)

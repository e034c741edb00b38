"""Chains that a file states: every step with the kernel's verdict, and its rule where none is stated."""

from __future__ import annotations

from backproof.calculus.judging import Judge
from backproof.calculus.rules import Question, infer, judge_without_definitions, warning
from backproof.derivation import JudgedChain, JudgedStep
from backproof.domains import Context
from backproof.language.document import Chain, Claim


def judge_chain(chain: Chain, judge: Judge) -> JudgedChain:
    """Return a stated chain with the kernel's verdict on every step, and its rule where none is stated."""
    algebra = judge_without_definitions(judge.context)
    steps: list[JudgedStep] = []
    for step in chain.steps:
        is_known = all(earlier.verdict.is_accepted for earlier in steps)
        verdict = judge.step(chain.target if is_known else step.left, step.left, step.right)
        question = Question(step.left, step.right, judge, algebra)
        doubt = warning(step.reason, question) if verdict.is_accepted else ""
        reason = step.reason or (infer(question) if verdict.is_accepted else "")
        steps.append(JudgedStep(step.left, step.right, reason, verdict, step.span, doubt))
    judged = JudgedChain(chain.target, tuple(steps), found=False)
    judge.learn(judged)
    return judged


def claim_context(claim: Claim) -> Context:
    """Return what is in force where a claim is judged: the domains and axes that it declares."""
    domains = {given.name: given.domain for given in claim.given}
    return Context(domains=domains, shapes={given.name: given.axes for given in claim.given if given.axes})


def judge_claim(claim: Claim) -> JudgedChain:
    """Return the chain of a claim with the kernel's verdict on every step."""
    return judge_chain(claim.chain, Judge(claim_context(claim)))

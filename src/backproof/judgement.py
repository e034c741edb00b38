"""Who judges: the kernel in this process, or whatever stands in for it for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from backproof.domains import Context
from backproof.kernel import Verdict
from backproof.kernel import judge as judge_here
from backproof.terms import Term

Judgement = Callable[[Term, Term, Context], Verdict]

_JUDGE: ContextVar[Judgement] = ContextVar("backproof_judge", default=judge_here)


def judge(left: Term, right: Term, context: Context) -> Verdict:
    """Return the verdict on ``left = right``."""
    return _JUDGE.get()(left, right, context)


@contextlib.contextmanager
def judged_by(judgement: Judgement) -> Iterator[None]:
    """Let every step be judged by ``judgement`` from here on, and by the former judge afterwards."""
    token = _JUDGE.set(judgement)
    try:
        yield
    finally:
        _JUDGE.reset(token)

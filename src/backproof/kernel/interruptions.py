"""What stops the evaluation of a term in a case, and what then has to be known."""

from __future__ import annotations

from backproof.terms import Term


class Split(Exception):
    """The sign of ``subject`` decides, and it is not known in this case."""

    def __init__(self, subject: Term) -> None:
        super().__init__(subject)
        self.subject = subject


class IndexDecides(Exception):
    """The sign of a subject depends on an index, so there are no cases to cut."""


class Undefined(Exception):
    """The term has no value anywhere in this case; ``condition`` fails throughout it."""

    def __init__(self, condition: Term) -> None:
        super().__init__(condition)
        self.condition = condition


class Beyond(Exception):
    """The kernel has no rule for this term; the step is left unknown."""

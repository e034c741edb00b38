"""The trusted kernel: decides whether a step is true.  It imports terms, domains, errors and flint only."""

from backproof.kernel.judge import judge
from backproof.kernel.refute import decimal_value
from backproof.kernel.verdict import Kind, Verdict

__all__ = ["Kind", "Verdict", "decimal_value", "judge"]

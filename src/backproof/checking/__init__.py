"""Cross-checks of a derivation by witnesses that share nothing: the kernel, SymPy, and a numpy layer."""

from backproof.checking.numbers import number_rows
from backproof.checking.state import State, Witness
from backproof.checking.witness import cross_check

__all__ = ["State", "Witness", "cross_check", "number_rows"]

"""What operations are called: the word for each kind, and functions that are written out but go by a name."""

from __future__ import annotations

from typing import Final

from backproof.derivation import Operation
from backproof.terms import add, call, div, neg, num, substitute, sym, symbols

#: What an operation is called, where its name in the catalogue is not a word.
_KINDS: Final = {
    "neg": "change of sign", "add": "sum", "sub": "difference", "mul": "product", "div": "quotient",
    "exp": "exponential", "log": "logarithm", "sqrt": "square root", "abs": "absolute value",
    "relu": "rectifier", "max": "maximum", "min": "minimum", "where": "choice", "copy": "name",
    "reduce_max": "largest entry", "reduce_min": "smallest entry", "prod": "product",
    "logsumexp": "logarithm of a sum of exponentials",
}  # fmt: skip
#: What stands for the argument of a function that is written out.
PLACE: Final = sym("·")
#: Functions that are written out in every graph, by what they are called.
KNOWN: Final = {div(num(1), add(num(1), call("exp", neg(PLACE)))): "sigmoid"}


def known_function(operation: Operation) -> str | None:
    """Return what the operation is called if it is a function that goes by a name."""
    return KNOWN.get(substitute(operation.term, dict.fromkeys(symbols(operation.term), PLACE)))


def operation_words(operation: Operation) -> str:
    """Return what an operation is called in a document."""
    is_entry = operation.kind == "copy" and operation.term.args != operation.output.args
    usual = _KINDS.get(operation.kind, operation.kind.replace("_", " "))
    return known_function(operation) or ("entries" if is_entry else usual)

r"""The steps of a derivation as one ``aligned`` environment, for mathematics that stands anywhere."""

from __future__ import annotations

from typing import Final

from backproof.derivation import Derivation
from backproof.emit import prose
from backproof.emit.latex_rows import Rows
from backproof.emit.latex_style import LATEX
from backproof.emit.names import derivation_scope
from backproof.emit.outline import chain_equations
from backproof.emit.typography import Typesetter

#: Ems of a line; what is wider turns at an operator.
PAGE: Final = 40.0


def emit_aligned(derivation: Derivation, *, page: float = PAGE) -> str:
    """Return the chains with their reasons as ``aligned``, or nothing where there are none.

    It needs amsmath, or MathJax or KaTeX; a line is at most ``page`` ems wide.
    """
    block = chain_equations(derivation.chains)
    if block is None:
        return ""
    rows = Rows(Typesetter(LATEX, derivation_scope(derivation)), page, prose.to_latex)
    return f"\\begin{{aligned}}\n{rows.body(block)}\n\\end{{aligned}}\n"

"""What we print as LaTeX is read back to the same expression: formulas of the catalogue, and random ones."""

from __future__ import annotations

import pytest
from hypothesis import given

from backproof.derivation import Derivation
from backproof.emit.latex import emit_latex, term_latex
from backproof.emit.latex_aligned import emit_aligned
from backproof.emit.latex_equations import read_document, read_equations
from backproof.emit.latex_names import Vocabulary, axes_of, vocabulary_of
from backproof.emit.latex_reader import printed_form, read_latex
from backproof.emit.names import Scope
from backproof.emit.outline import Equations, Row, outline
from backproof.emit.typography import pull_signs
from backproof.errors import SourceError
from backproof.language import parse_expression
from backproof.terms import Term, call, div, idx, mul, neg, num, power, size, sym
from tests.emit.examples import NAMES, TERMS, VARIABLES, derivations

WORDS = Vocabulary.of(Scope.of(VARIABLES), {"n", "k", "hidden"})


def read_back(term: Term, words: Vocabulary) -> Term:
    return read_latex(term_latex(term, words.scope), words)


def formulas(derivation: Derivation) -> list[Term]:
    """Every formula of a derivation, as it is printed."""
    steps = [pull_signs(side) for step in derivation.steps for side in (step.left, step.right)]
    operations = [term for each in derivation.operations for term in (each.output, each.term)]
    edges = [term for each in derivation.pullbacks for term in (each.gradient, each.contribution)]
    return [*steps, *operations, *edges, *(each.term for each in derivation.locals)]


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_of_the_catalogue_is_read_back(name: str) -> None:
    for derivation in derivations(name):
        words, shown = vocabulary_of(derivation), formulas(derivation)
        assert [read_back(term, words) for term in shown] == [printed_form(term) for term in shown]


def rows_of(derivation: Derivation) -> list[Row]:
    """The rows of the document, a second equals sign counted as one more term of the row."""
    blocks = [block for section in outline(derivation) for block in section.blocks]
    return [row for block in blocks if isinstance(block, Equations) for row in block.rows]


def sides(left: Term | None, right: Term) -> list[Term]:
    """Both sides of an equation, and what stands behind a second equals sign."""
    parts = right.args if right.head == "eq" else (right,)
    return [*([left] if left else []), *parts]


@pytest.mark.parametrize("name", NAMES)
def test_every_document_of_the_catalogue_is_read_back(name: str) -> None:
    for derivation in derivations(name):
        read = [e for block in read_document(emit_latex(derivation), vocabulary_of(derivation)) for e in block]
        shown = [term for row in rows_of(derivation) for term in [*sides(row.left, row.right), row.then] if term]
        assert [term for each in read for term in sides(*each)] == [printed_form(term) for term in shown]


@pytest.mark.parametrize("name", NAMES)
def test_the_steps_alone_are_read_back(name: str) -> None:
    for derivation in derivations(name):
        read = read_document(emit_aligned(derivation), vocabulary_of(derivation))
        shown = [printed_form(pull_signs(step.right)) for step in derivation.steps]
        assert [pull_signs(equation.right) for block in read for equation in block] == shown


@given(TERMS.filter(lambda term: r"\cdots" not in term_latex(term, WORDS.scope)))
def test_a_random_formula_is_read_back(term: Term) -> None:
    assert read_back(term, WORDS) is printed_form(term)


@pytest.mark.parametrize(
    ("latex", "term"),
    [
        ("x_{1}", sym("x1")),
        (r"\mathit{x\_1}", sym("x_1")),
        (r"w_{\mathrm{max}}", sym("w_max")),
        (r"x_{1 n}", sym("x", mul(num(1), idx("n")))),
        ("x_{n k}", sym("x", idx("n"), idx("k"))),
        ("{x_{1}}_{n}", sym("x1", idx("n"))),
        ("x_{n, k + 1}", sym("x", idx("n"), parse_expression("y[k + 1]").args[0])),
        ("N", size("n")),
        (r"\#\mathit{hidden}", size("hidden")),
        (r"\frac{\partial L}{\partial x_{n}}", sym("dx", idx("n"))),
        (r"\partial L/\partial x", sym("dx")),
        ("e^{-x}", call("exp", neg(sym("x")))),
        (r"\tanh^{2}(x)", power(call("tanh", sym("x")), 2)),
        ("10^{30}", num("1e30")),
        ("10^{3}", power(num(10), 3)),
        (r"-\frac{x}{y}", neg(div(sym("x"), sym("y")))),
        (r"2 x\, \biggl(\frac{1}{y}\biggr)", mul(num(2), sym("x"), div(num(1), sym("y")))),
    ],
)
def test_one_construct_means_one_term(latex: str, term: Term) -> None:
    assert read_latex(latex, WORDS) is term


def test_powers_of_ten_that_print_like_numbers_are_numbers() -> None:
    assert printed_form(power(num(10), 30)) is num("1e30")
    assert printed_form(power(num(10), 3)) is power(num(10), 3)


def test_a_turned_line_is_joined_and_its_reason_left_out() -> None:
    body = r"\frac{\partial L}{\partial x} &= x && \text{sum \& {more}} \\ &\quad {} + y \\[3pt] a &= 1 & y &= 2"
    assert [tuple(equation) for equation in read_equations(body, WORDS)] == [
        (sym("dx"), parse_expression("x + y")),
        (sym("a"), num(1)),
        (sym("y"), num(2)),
    ]


@pytest.mark.parametrize(
    ("latex", "column", "message"),
    [
        (r"\input{secrets}", 1, "expected a number, a name or a bracket"),
        ("x + ", 5, "expected a number, a name or a bracket"),
        ("x)", 2, "expected an operator or the end"),
        (r"\frac{x}{y", 11, "expected }"),
        ("x ; y", 3, "this is not LaTeX that backproof writes"),
        (r"\begin{cases} x & \text{if } y < 1 \\", 38, "these cases are never closed"),
        ("(" * 100, 61, "this is nested too deep"),
    ],
)
def test_other_latex_is_refused_at_its_place(latex: str, column: int, message: str) -> None:
    with pytest.raises(SourceError) as raised:
        read_latex(latex, WORDS)
    assert (raised.value.column, raised.value.message) == (column, message)


def test_the_axes_of_terms_are_named_without_primes() -> None:
    assert axes_of(parse_expression("sum[k'](x[n, k'])*size(m)")) == {"n", "k", "m"}

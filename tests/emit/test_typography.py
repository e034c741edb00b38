"""Which construct shows a term: every row is a source form, its text and its LaTeX."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from backproof.emit.latex import term_latex
from backproof.emit.latex_style import LATEX
from backproof.emit.names import Scope
from backproof.emit.text import term_text
from backproof.emit.text_style import TEXT
from backproof.emit.typography import Typesetter, pull_signs
from backproof.language import parse_expression
from backproof.terms import Term, call, mul, neg, sym

from .examples import SCOPE, TERMS

NODE = Scope.of([*"xyabctpz", "w1", "alpha", "apple_price", "x_1", "x1", *"ndk"])
GRADIENT = r"\frac{\partial L}{\partial y}"
ROWS = [
    ("2*x", "2x", "2 x"),
    ("x*2", "x · 2", r"x \cdot 2"),
    ("2*3*x", "2 · 3x", r"2 \cdot 3 x"),
    ("x*exp(-x)", "x e⁻ˣ", "x e^{-x}"),
    ("y*(1 - y)", "y (1 − y)", "y (1 - y)"),
    ("x*(-y)", "x · (−y)", r"x \cdot (-y)"),
    ("x - (-y)", "x − (−y)", "x - (-y)"),
    ("-(a + b)", "−(a + b)", "-(a + b)"),
    ("a - (b - c)", "a − (b − c)", "a - (b - c)"),
    ("a*(b*c)", "a (b c)", "a (b c)"),
    ("a/b/c", "(a/b)/c", r"\frac{a/b}{c}"),
    ("a*b/c", "a · b/c", r"a\, \frac{b}{c}"),
    ("(a*b)/c", "(a b)/c", r"\frac{a b}{c}"),
    ("2/3*x", "2/3 · x", r"\frac{2}{3}\, x"),
    ("2*(x/3)", "2 · x/3", r"2 \cdot \frac{x}{3}"),
    ("1/(1 + exp(-x))", "1/(1 + e⁻ˣ)", r"\frac{1}{1 + e^{-x}}"),
    ("dy*y^2*exp(-x)", "∂L/∂y · y² e⁻ˣ", rf"{GRADIENT}\, y^{{2}} e^{{-x}}"),
    ("dy*dx", "∂L/∂y · ∂L/∂x", rf"{GRADIENT} \cdot \frac{{\partial L}}{{\partial x}}"),
    ("dy*1", "∂L/∂y · 1", rf"{GRADIENT} \cdot 1"),
    ("dy/2", "(∂L/∂y)/2", r"\frac{\partial L/\partial y}{2}"),
    ("dapple_price", "∂L/∂apple_price", r"\frac{\partial L}{\partial \mathit{apple\_price}}"),
    ("apple_price*x", "apple_price · x", r"\mathit{apple\_price} \cdot x"),
    ("x^2^3", "x^(2³)", "x^{2^{3}}"),
    ("(x^2)^3", "(x²)³", "(x^{2})^{3}"),
    ("x^-1", "x⁻¹", "x^{-1}"),
    ("x^(1/2)", "x^(1/2)", "x^{1/2}"),
    ("2^0.5*x", "2^0.5 · x", "2^{0.5} x"),
    ("(-x)^2", "(−x)²", "(-x)^{2}"),
    ("exp(x)^2", "(eˣ)²", "(e^{x})^{2}"),
    ("1 - tanh(x)^2", "1 − tanh²(x)", r"1 - \tanh^{2}(x)"),
    ("log(x)^2", "(log(x))²", r"(\log(x))^{2}"),
    ("exp(-x^2/2)", "exp(−x²/2)", "e^{-x^{2}/2}"),
    ("sqrt(1 + x)", "√(1 + x)", r"\sqrt{1 + x}"),
    ("sqrt(x)", "√x", r"\sqrt{x}"),
    ("abs(x - 1)", "|x − 1|", r"\lvert x - 1\rvert"),
    ("max(0, x)", "max(0, x)", r"\max(0, x)"),
    ("erf(x)*atan(x)", "erf(x) arctan(x)", r"\operatorname{erf}(x)\, \arctan(x)"),
    ("alpha*w1 + x_1*x1", "α w₁ + x₁ · x1", r"\alpha w_{1} + x_{1} \cdot \mathit{x1}"),
    ("D(y, x)", "∂y/∂x", r"\frac{\partial y}{\partial x}"),
    ("D(log(b), b)", "∂/∂b (log(b))", r"\frac{\partial}{\partial b}(\log(b))"),
    ("where(x > 0, 1, 0)", "{1 if x > 0; 0 otherwise}",
     r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"),
    ("sum[k](x[n, k]*y[k])", "Σ_k x[n, k] y[k]", r"\sum_{k} x_{n k} y_{k}"),
    ("sum[k](x[k] + 1)*2", "(Σ_k (x[k] + 1)) · 2", r"\Bigl(\sum_{k} (x_{k} + 1)\Bigr) \cdot 2"),
    ("dy[n, d]*[n = d]", "∂L/∂y[n, d] · [n = d]", r"\frac{\partial L}{\partial y_{n d}}\, [n = d]"),
    ("mean[n](x[n])/size(n)", "mean_n(x[n])/N", r"\frac{\operatorname{mean}_{n}(x_{n})}{N}"),
    ("leaky_relu(x)", "leaky-relu(x)", r"\operatorname{leaky-relu}(x)"),
    ("1e-30*x", "10⁻³⁰ · x", r"10^{-30} \cdot x"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text", "latex"), ROWS, ids=[row[0] for row in ROWS])
def test_shows_a_term(source: str, text: str, latex: str) -> None:
    term = parse_expression(source)
    assert (term_text(term, NODE), term_latex(term, NODE)) == (text, latex)


@pytest.mark.parametrize(("source", "pulled"), [("(-x)*y", "-(x*y)"), ("(-x)/y", "-(x/y)"), ("x*(-y)", "x*(-y)")])
def test_pulls_the_sign_of_a_first_factor_or_a_numerator(source: str, pulled: str) -> None:
    assert pull_signs(parse_expression(source)) is parse_expression(pulled)


def test_the_loss_is_not_called_l_where_a_variable_is() -> None:
    assert term_text(sym("dL"), Scope.of(["L"])) == "∂ℒ/∂L"


def test_e_is_not_the_base_of_a_power_where_a_variable_is_called_e() -> None:
    assert term_text(call("exp", sym("x")), Scope.of(["e", "x"])) == "exp(x)"


@given(TERMS)
def test_the_width_of_a_text_is_what_was_measured(term: Term) -> None:
    box = Typesetter(TEXT, SCOPE)(term)
    measured = sum(len(piece.text) if piece.rows else piece.width for piece in box.pieces) + sum(
        piece.glue_width for piece in box.pieces
    )
    assert len(box.text) == measured


@given(TERMS)
def test_latex_is_balanced(term: Term) -> None:
    latex = re.sub(r"\\[{}]", "", Typesetter(LATEX, SCOPE)(term).text)
    assert latex.count("{") == latex.count("}")
    assert latex.count("(") == latex.count(")")


def test_a_term_of_any_depth_is_set_without_recursion() -> None:
    term = sym("x")
    for _ in range(5000):
        term = mul(neg(call("tanh", term)), sym("y"))
    assert "…" in term_text(term, SCOPE)


def test_a_term_that_is_shared_a_million_times_is_cut_short() -> None:
    term = sym("x")
    for _ in range(60):
        term = mul(term, term)
    assert len(term_latex(term, SCOPE)) < 50_000

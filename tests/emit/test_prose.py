"""The author's Markdown in other formats; a stranger's TeX is printed, not run."""

import pytest

from backproof.emit.prose import is_safe, paragraphs, to_latex, to_text


@pytest.mark.parametrize("mathematics", ["x^2", r"\frac{1}{1 + e^{-x}}", r"\sigma(x) \le 1", r"\{a\}", r"\sum_{k} y_k"])
def test_lets_plain_mathematics_through(mathematics: str) -> None:
    assert to_latex(f"${mathematics}$") == f"${mathematics}$"


@pytest.mark.parametrize(
    "mathematics",
    [
        r"\input{/etc/passwd}",
        r"\write18{rm -rf x}",
        r"\def\x{}",
        r"\csname input\endcsname",
        "^^5cinput x",
        "a % b",
        "}{",
        "{",
        "a & b",
        "#1",
        "a\\",
    ],
)
def test_escapes_mathematics_that_could_read_or_break_anything(mathematics: str) -> None:
    assert not is_safe(mathematics)


@pytest.mark.parametrize(
    ("markdown", "latex"),
    [
        ("a *b* **c** `d_e` [f](http://g)", r"a \emph{b} \textbf{c} \texttt{d\_e} f"),
        ("50 % & #1 {x} a_b ~ ^ \\", r"50 \% \& \#1 \{x\} a\_b \textasciitilde{} \textasciicircum{} \textbackslash{}"),
        ("a < b | c", "a $<$ b $|$ c"),
        ("é ü “x” – ∂", r"\'{e} \"{u} ``x'' -- $\partial$"),
        ("☃", r"\texttt{U+2603}"),
        ("costs $5 and *more", r"costs \$5 and *more"),
    ],
)
def test_writes_markdown_as_latex(markdown: str, latex: str) -> None:
    assert to_latex(markdown) == latex


def test_writes_markdown_as_text() -> None:
    assert to_text(r"a *b* `c` $\alpha \cdot x^{2}$") == "a b c α · x²"


def test_paragraphs_stand_on_one_line_each_without_heading_signs() -> None:
    assert list(paragraphs("## A\n\nb\nc\n\n\nd")) == ["A", "b c", "d"]


def test_items_of_a_list_get_bullets() -> None:
    assert list(paragraphs("Two:\n- a\n  b\n- c\n1. d")) == ["Two:", "• a b", "• c", "1. d"]


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"$dX = dA\,W_x^\top$", "dX = dA W_xᵀ"),
        (r"$dK = dS^\top Q/\sqrt d$", "dK = dSᵀ Q/√d"),
        (r"$\sqrt{x + 1}$", "√(x + 1)"),
        (r"$e^{y}$", "eʸ"),
        (r"$x^2$", "x²"),
        (r"$2^{a,b}$", "2^(a,b)"),
        (r"$\frac{1}{N}$", "1/N"),
        (r"$\mathrm{scale}\; dS\,K$", "scale dS K"),
        (r"$[j \le i]$", "[j ≤ i]"),
    ],
)
def test_a_terminal_shows_tex_on_one_line(tex: str, shown: str) -> None:
    assert to_text(tex) == shown

"""Derivations and terms for the emitters: the catalogue's, and some that no honest file would give."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

from hypothesis import strategies as st

from backproof import catalogue
from backproof.calculus import derive_document
from backproof.derivation import Derivation, JudgedChain, JudgedStep, NumberRow
from backproof.domains import REAL, Context
from backproof.emit.names import Scope
from backproof.kernel import Kind, Verdict
from backproof.language import parse_expression
from backproof.language.document import Declaration, Line, Node, Span
from backproof.terms import (
    FUNCTIONS,
    Term,
    add,
    call,
    derivative,
    div,
    idx,
    make,
    mul,
    neg,
    num,
    power,
    reduction,
    relation,
    size,
    sym,
    where,
)

NAMES = catalogue.names()
SPAN = Span(1, 1, 2)


@cache
def derivations(name: str) -> tuple[Derivation, ...]:
    """The derivations of a file of the catalogue."""
    return derive_document(catalogue.load(name))


def made(
    variables: str,
    lines: dict[str, str],
    verdict: Verdict,
    title: str = "",
    prose: str = "",
    reason: str = "",
) -> Derivation:
    """A derivation with one step ``dx = dy`` that was judged as given."""
    inputs = tuple(Declaration(name, (), REAL, SPAN) for name in variables.split())
    forward = tuple(Line(name, (), parse_expression(text), SPAN) for name, text in lines.items())
    step = JudgedStep(sym("dx"), sym("dy"), reason, verdict, SPAN)
    chain = JudgedChain(sym("dx"), (step,), found=False)
    node = Node("made", inputs, forward, SPAN)
    return Derivation(node, Context(), (), (), (), (chain,), title=title, prose=prose)


REFUTED = made(
    "x",
    {"y": "2*x"},
    Verdict(Kind.REFUTED, reason="they differ by a factor", point=(("x", Fraction(-1, 2)),), left="1.0", right="2.0"),
)
UNKNOWN = made("x", {"y": "2*x"}, Verdict(Kind.UNKNOWN, reason="no rule applies", agrees=5))
CONDITIONAL = made("x", {"y": "2*x"}, Verdict(Kind.PROVED_IF, (parse_expression("x != 0"),)), reason="cancel")
HOSTILE = made(
    "x " + "w" * 90,
    {"y": " + ".join(f"x^{n}*exp(-x)" for n in range(1, 40)), "z": f"{'7' * 200}*{'w' * 90}"},
    Verdict(Kind.PROVED),
    title=r"\input{/etc/passwd} & 100% _of_ #1 ~ ^ {",
    prose="Let $\\write18{rm}$ be $x^2$, `a_b` and *so* on: é “ü” ☃ $\\frac{1}{$ 50 % <script>alert(1)</script>",
    reason=r"by \def\x{} $5 & `code_` | x",
)
ESCAPING = made("x", {"y": "2*x"}, Verdict(Kind.PROVED), "a\x1b[31mb", "c\x1b]0;d\x07", "e\x1b[2J")
NUMBERED = replace(
    derivations("apple")[0],
    numbers=(
        NumberRow("apple", Fraction(100), "100.0", Fraction(11, 5), "2.2"),
        NumberRow("price", Fraction(220), "220.00000000000003"),
        NumberRow("tax", None, "1.1", None, "200.0"),
    ),
    witnesses={"kernel": "agreed", "sympy": "agreed: 12 points", "numeric": "absent: no numpy layer"},
)
SPECIAL = {
    "refuted": REFUTED, "unknown": UNKNOWN, "conditional": CONDITIONAL, "hostile": HOSTILE,
    "numbered": NUMBERED, "escaping": ESCAPING,
}  # fmt: skip

VARIABLES = ("x", "y", "a", "alpha", "x1", "x_1", "apple_price", "w_max")
SCOPE = Scope.of([*VARIABLES, "n", "k"])
SYMBOLS = st.sampled_from([sym(name) for name in (*VARIABLES, "dx", "dapple_price")])
NUMBERS = st.sampled_from([num(text) for text in ("0", "2", "10", "0.5", "3.25", "1e-9", "123e30")])
INDEXED = st.sampled_from([sym("x", idx("n"), idx("k")), sym("x1", idx("n")), sym("dy", idx("n")), idx("k"), size("n")])


LEAVES = st.one_of(SYMBOLS, NUMBERS, INDEXED)
UNARY = sorted(name for name, arity in FUNCTIONS.items() if arity == 1)
#: Constructs by how many arguments they take, each with the function that makes one of them.
BUILDERS = {
    2: [add, mul, div, power, lambda a, b: call("max", a, b), lambda a, b: where(relation("lt", a, b), b, a)],
    1: [
        neg,
        *(lambda a, name=name: call(name, a) for name in UNARY),
        lambda a: make("call", (a,), "leaky-relu"),
        lambda a: derivative(a, sym("a")),
        lambda a: make("bracket", (relation("eq", a, sym("x")),)),
        lambda a: reduction("sum", ("k",), a),
        lambda a: reduction("mean", ("k",), a),
        lambda a: reduction("reduce_max", ("k",), a),
    ],
    3: [
        add,
        mul,
        lambda a, b, c: where(relation("ge", a, b), c, neg(a)),
        lambda a, b, c: where(make("and", (relation("ne", a, b), make("not", (relation("le", b, c),)))), a, c),
    ],
}


@st.composite
def terms(draw: st.DrawFn, most: int = 20) -> Term:
    """A term of at most ``most`` constructs, built from the leaves up so that shapes of every kind appear."""
    pool = [draw(LEAVES)]
    for _ in range(draw(st.integers(0, most))):
        arity = draw(st.integers(1, 3))
        chosen = [draw(st.one_of(st.sampled_from(pool[-3:]), LEAVES)) for _ in range(arity)]
        pool.append(draw(st.sampled_from(BUILDERS[arity]))(*chosen))
    return pool[-1]


TERMS = terms()

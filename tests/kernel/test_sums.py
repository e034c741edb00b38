"""Steps about tensors: proved for every size, refuted at small ones."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from backproof.domains import NAMED, Context, Definition, Domain
from backproof.kernel import Kind, judge
from backproof.kernel.indices import axis_of, freshen, plain, reindex
from backproof.language import parse_expression, to_source
from backproof.terms import Term, derivative, idx, mul, reduction, sub, substitute, sym

SCALARS = {idx(name): sym(name) for name in ("pad", "s")}
ONEHOT = Domain(constraint="onehot", axis="k")

AFFINE = {"y[n, k]": "sum[d](x[n, d]*W[d, k]) + b[k]"}
SOFTMAX = {"e[n, k]": "exp(x[n, k])", "s[n]": "sum[k](e[n, k])", "y[n, k]": "e[n, k]/s[n]"}
LOSS = {**SOFTMAX, "L": "-sum[n, k](t[n, k]*log(y[n, k]))/size(n)"}
BATCH_NORM = {
    "m[d]": "mean[n](x[n, d])",
    "v[d]": "mean[n]((x[n, d] - m[d])^2)",
    "s[d]": "sqrt(v[d] + eps)",
    "h[n, d]": "(x[n, d] - m[d])/s[d]",
    "y[n, d]": "g[d]*h[n, d] + b[d]",
}
ATTENTION = {
    "S[i, j]": "sum[d](Q[i, d]*K[j, d])/sqrt(size(d))",
    "E[i, j]": "exp(S[i, j])",
    "Z[i]": "sum[j](E[i, j])",
    "A[i, j]": "E[i, j]/Z[i]",
    "y[i, e]": "sum[j](A[i, j]*V[j, e])",
}
CONVOLUTION = {"y[n, o, p]": "sum[c, u](x[n, c, p + u - pad]*W[o, c, u])"}
STRIDED = {"y[n, o, p]": "sum[c, u](x[n, c, p*s + u - pad]*W[o, c, u])"}

NODES: dict[str, tuple[Mapping[str, str], str, dict[str, tuple[str, ...]], dict[str, Domain]]] = {
    "affine": (AFFINE, "y", {"x": ("n", "d"), "W": ("d", "k"), "b": ("k",)}, {}),
    "softmax": (SOFTMAX, "y", {"x": ("n", "k")}, {}),
    "loss": (LOSS, "L", {"x": ("n", "k"), "t": ("n", "k")}, {"t": ONEHOT}),
    "batch-norm": (BATCH_NORM, "y", {"x": ("n", "d"), "g": ("d",), "b": ("d",)}, {"eps": NAMED["positive"]}),
    "attention": (ATTENTION, "y", {"Q": ("i", "d"), "K": ("j", "d"), "V": ("j", "e")}, {}),
    "convolution": (CONVOLUTION, "y", {"x": ("n", "c", "a"), "W": ("o", "c", "u")}, {"pad": NAMED["natural"]}),
    "strided": (
        STRIDED,
        "y",
        {"x": ("n", "c", "a"), "W": ("o", "c", "u")},
        {"pad": NAMED["natural"], "s": NAMED["natural"]},
    ),
    "max": ({"y[n]": "max[k](x[n, k])"}, "y", {"x": ("n", "k")}, {}),
    "sum of relu": ({"y[n]": "sum[k](max(0, x[n, k]))"}, "y", {"x": ("n", "k")}, {}),
    "embedding": ({"y[n, d]": "W[ids[n], d]"}, "y", {"W": ("v", "d"), "ids": ("n",)}, {"ids": NAMED["natural"]}),
    "logsumexp": ({"y[n]": "logsumexp[k](x[n, k])"}, "y", {"x": ("n", "k")}, {}),
}

PROVED = [
    ("affine", "dx[n, d]", "sum[k](dy[n, k]*W[d, k])"),
    ("affine", "dW[d, k]", "sum[n](x[n, d]*dy[n, k])"),
    ("affine", "db[k]", "sum[n](dy[n, k])"),
    ("softmax", "dx[n, k]", "y[n, k]*(dy[n, k] - sum[k](dy[n, k]*y[n, k]))"),
    ("softmax", "sum[k](y[n, k])", "1"),
    ("batch-norm", "dg[d]", "sum[n](dy[n, d]*h[n, d])"),
    ("batch-norm", "sum[n](h[n, d])", "0"),
    ("batch-norm", "mean[n](h[n, d]^2)", "v[d]/(v[d] + eps)"),
    ("batch-norm", "dx[n, d]", "g[d]/s[d]*(dy[n, d] - mean[n](dy[n, d]) - h[n, d]*mean[n](dy[n, d]*h[n, d]))"),
    ("attention", "dA[i, j]", "sum[e](dy[i, e]*V[j, e])"),
    ("attention", "dS[i, j]", "A[i, j]*(dA[i, j] - sum[j](dA[i, j]*A[i, j]))"),
    ("attention", "dQ[i, d]", "sum[j](dS[i, j]*K[j, d])/sqrt(size(d))"),
    ("attention", "dK[j, d]", "sum[i](dS[i, j]*Q[i, d])/sqrt(size(d))"),
    ("convolution", "dW[o, c, u]", "sum[n, p](dy[n, o, p]*x[n, c, p + u - pad])"),
    ("convolution", "dx[n, c, a]", "sum[o, u](dy[n, o, a - u + pad]*W[o, c, u])"),
    ("convolution", "dx[n, c, a]", "sum[o, p](dy[n, o, p]*W[o, c, a - p + pad])"),
    ("strided", "dx[n, c, a]", "sum[o, p, u](dy[n, o, p]*W[o, c, u]*[p*s + u - pad = a])"),
    ("strided", "dx[n, c, a]", "sum[o, p](dy[n, o, p]*W[o, c, a - p*s + pad])"),
    ("embedding", "dW[v, d]", "sum[n](dy[n, d]*[ids[n] = v])"),
    ("logsumexp", "dx[n, k]", "dy[n]*exp(x[n, k] - y[n])"),
]
CONDITIONAL = [
    ("loss", "dx[n, k]", "dL*(y[n, k] - t[n, k])/size(n)", ["sum[k](t[n, k]) = 1"]),
    ("max", "dx[n, k]", "dy[n]*[x[n, k] = y[n]]", ["sum[k]([x[n, k] = max[k](x[n, k])]) = 1"]),
    ("sum of relu", "dx[n, k]", "dy[n]*[x[n, k] > 0]", ["x[n, k] != 0"]),
]
REFUTED = [
    ("affine", "db[k]", "mean[n](dy[n, k])"),
    ("affine", "db[k]", "dy[n, k]"),
    ("affine", "dx[n, d]", "sum[k](dy[n, k]*W[d, k])/size(n)"),
    ("softmax", "dx[n, k]", "y[n, k]*(dy[n, k] - sum[n](dy[n, k]*y[n, k]))"),
    ("softmax", "dx[n, k]", "y[n, k]*(1 - y[n, k])*dy[n, k]"),
    ("loss", "dx[n, k]", "dL*(y[n, k] - t[n, k])"),
    ("batch-norm", "dx[n, d]", "g[d]/s[d]*(dy[n, d] - mean[n](dy[n, d]))"),
    ("batch-norm", "dx[n, d]", "g[d]/s[d]*dy[n, d]"),
    ("attention", "dS[i, j]", "A[i, j]*(dA[i, j] - sum[i](dA[i, j]*A[i, j]))"),
    ("attention", "dQ[i, d]", "sum[j](dS[i, j]*K[j, d])"),
    ("convolution", "dx[n, c, a]", "sum[o, u](dy[n, o, a + u - pad]*W[o, c, u])"),
    ("embedding", "dW[v, d]", "sum[n](dy[n, d])"),
    ("max", "dx[n, k]", "dy[n]"),
]


def read(text: str) -> Term:
    return substitute(parse_expression(text), SCALARS)


def context_of(node: str) -> Context:
    lines, output, shapes, domains = NODES[node]
    heads = [read(head) for head in lines]
    shapes = {**shapes, **{head.data: tuple(arg.data for arg in head.args) for head in heads}}
    definitions = {
        head.data: Definition(head.data, read(text), shapes[head.data])
        for head, text in zip(heads, lines.values(), strict=True)
    }
    shapes["d" + output] = shapes[output]
    for name in [name for name in shapes if name not in (output, "d" + output)]:
        definitions["d" + name] = gradient(output, name, shapes)
        shapes["d" + name] = shapes[name]
    return Context(definitions, domains, shapes)


def gradient(output: str, name: str, shapes: Mapping[str, tuple[str, ...]]) -> Definition:
    primed = [idx(axis + "'") for axis in shapes[output]]
    entry = sym(name, *(idx(axis) for axis in shapes[name]))
    body = mul(sym("d" + output, *primed), derivative(sym(output, *primed), entry))
    if primed:
        body = reduction("sum", [index.data for index in primed], body)
    return Definition("d" + name, body, shapes[name])


@pytest.mark.parametrize(("node", "left", "right"), PROVED)
def test_proves_a_true_step_for_every_size(node: str, left: str, right: str) -> None:
    verdict = judge(read(left), read(right), context_of(node))
    assert verdict.kind is Kind.PROVED, verdict


@pytest.mark.parametrize(("node", "left", "right", "conditions"), CONDITIONAL)
def test_names_what_a_result_needs(node: str, left: str, right: str, conditions: list[str]) -> None:
    verdict = judge(read(left), read(right), context_of(node))
    assert verdict.kind is Kind.PROVED_IF
    assert [to_source(condition) for condition in verdict.conditions] == conditions


@pytest.mark.parametrize(("node", "left", "right"), REFUTED)
def test_refutes_a_false_step_at_small_sizes(node: str, left: str, right: str) -> None:
    verdict = judge(read(left), read(right), context_of(node))
    assert verdict.kind is Kind.REFUTED, verdict
    assert verdict.left != verdict.right


@pytest.mark.parametrize(("node", "left", "right"), REFUTED)
def test_never_proves_a_false_step_without_the_refuter(node: str, left: str, right: str) -> None:
    assert judge(read(left), read(right), context_of(node), refute=False).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("sum[k](a[k] + c[k])", "sum[k](a[k]) + sum[k](c[k])", Kind.PROVED),
        ("sum[k](3*a[k]*w)", "3*w*sum[k](a[k])", Kind.PROVED),
        ("sum[k](a[k])*sum[j](b[j])", "sum[k, j](a[k]*b[j])", Kind.PROVED),
        ("sum[k](1)", "size(k)", Kind.PROVED),
        ("sum[k](a[k])^2", "sum[k](a[k]^2)", Kind.REFUTED),
        ("sum[k](sum[j](M[k, j]))", "sum[j](sum[k](M[k, j]))", Kind.PROVED),
        ("sum[k](a[k]*sum[k](a[k]))", "sum[k](a[k])^2", Kind.PROVED),
        ("sum[k](a[k]*sum[k](a[k]))", "sum[k](a[k]^2)", Kind.REFUTED),
        ("mean[k](a[k] - mean[k](a[k]))", "0", Kind.PROVED),
        ("mean[k](a[k]^2) - mean[k](a[k])^2", "mean[k]((a[k] - mean[k](a[k]))^2)", Kind.PROVED),
        ("sum[k](a[k]*[k = i])", "a[i]", Kind.PROVED),
        ("logsumexp[k](a[k] + w)", "w + logsumexp[k](a[k])", Kind.PROVED),
        ("exp(sum[k](a[k]))", "sum[k](exp(a[k]))", Kind.REFUTED),
        ("sum[k](a[k]/sum[k](a[k]))", "1", Kind.PROVED_IF),
        ("sum[k](abs(a[k]))", "sum[k](a[k]*sign(a[k]))", Kind.PROVED),
        ("sum[k](max(a[k], 0))", "sum[k](a[k]*[a[k] > 0])", Kind.PROVED),
        ("sum[k](max(a[k], 0))", "sum[k](a[k])", Kind.REFUTED),
    ],
)
def test_judges_laws_of_sums(left: str, right: str, kind: Kind) -> None:
    shapes = {"a": ("k",), "b": ("j",), "c": ("k",), "M": ("k", "j")}
    assert judge(read(left), read(right), Context({}, {}, shapes)).kind is kind


@pytest.mark.parametrize("name", ["n", "n'", "n~3"])
def test_an_index_runs_over_its_axis(name: str) -> None:
    assert axis_of(name) == "n"


def test_numbering_bound_indices_changes_no_meaning() -> None:
    term = read("sum[k](a[k]*sum[k](c[k]))")
    assert plain(freshen(term)) is read("sum[k](a[k]*sum[k'](c[k']))") or "~" not in to_source(plain(freshen(term)))


def test_a_replaced_index_is_never_captured() -> None:
    inner = freshen(read("sum[k](M[k, j])"))
    moved = reindex(inner, {"j": idx("k~1")})
    assert moved.axes == ("k~1",)
    assert sub(moved, moved).axes == ("k~1",)


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("f[k]", "1", Kind.PROVED),
        ("f[k - 1]", "1", Kind.REFUTED),
        ("sum[k](f[k - 1])", "size(k) - 1", Kind.UNKNOWN),
        ("log(p[k])", "log(p[k])", Kind.PROVED),
        ("p[k - 1]/p[k - 1]", "1", Kind.UNKNOWN),
        ("sign(p[k])", "1", Kind.PROVED),
        ("sign(p[k - 1])", "1", Kind.REFUTED),
    ],
)
def test_an_entry_outside_its_axis_is_zero(left: str, right: str, kind: Kind) -> None:
    definitions = {"f": Definition("f", read("1"), ("k",))}
    context = Context(definitions, {"p": NAMED["positive"]}, {"f": ("k",), "p": ("k",)})
    assert judge(read(left), read(right), context).kind is kind


@pytest.mark.parametrize(
    ("left", "condition"),
    [
        ("sum[n'](x[n, n']/x[n, n'])", "x[n, n'] != 0"),
        ("sum[n](sum[n'](x[n, n']/x[n, n']))/size(n)", "x[n', n] != 0"),
    ],
)
def test_a_condition_on_two_indices_of_one_axis_is_one_on_every_pair(left: str, condition: str) -> None:
    verdict = judge(read(left), read("size(n)"), Context({}, {}, {"x": ("n", "n'")}))
    assert [to_source(found) for found in verdict.conditions] == [condition]


DENOMINATORS = [
    ("10*p + 1", "10*p + 1", Kind.PROVED),
    ("10*p + 1", "(10*p + 1)*10", Kind.UNKNOWN),
    ("10*p + 1", "(10*p + 1)/10", Kind.UNKNOWN),
    ("p + 0.1", "p + 0.1", Kind.PROVED),
    ("p + 0.1", "10*p + 1", Kind.UNKNOWN),
    ("(2*p + 3)*(5*q + 7)^2", "(2*p + 3)*(5*q + 7)^2", Kind.PROVED),
    ("sqrt(p + 0.1)^3", "sqrt(p + 0.1)*(p + 0.1)", Kind.PROVED),
    ("sqrt(p + 0.1)^3", "sqrt(p + 0.1)*(10*p + 1)", Kind.UNKNOWN),
    ("(3 - 2*exp(-q))", "(3 - 2*exp(-q))", Kind.PROVED_IF),
]


@pytest.mark.parametrize(("below", "outside", "kind"), DENOMINATORS)
def test_a_denominator_leaves_a_sum_with_its_content(below: str, outside: str, kind: Kind) -> None:
    context = Context({}, {"p": NAMED["positive"], "q": NAMED["positive"]}, {"g": ("n",)})
    left, right = read(f"sum[n](g[n]/({below}))"), read(f"sum[n](g[n])/({outside})")
    assert judge(left, right, context, refute=False).kind is kind


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("sum[n, n'](x[n, n']*[n = n'])", "sum[n](x[n, n])", Kind.PROVED),
        ("sum[n, n', n''](x[n, n']*[n = n']*[n' = n'']*[n = n''])", "sum[n](x[n, n])", Kind.PROVED),
        ("sum[n, n', n''](x[n, n']*[n = n']*[n' = n''])", "sum[n](x[n, n])", Kind.PROVED),
        ("sum[n, n', n''](x[n, n']*[n = n'])", "size(n)*sum[n](x[n, n])", Kind.PROVED),
        ("sum[n, n', n''](x[n, n']*[n = n'])", "sum[n](x[n, n])", Kind.REFUTED),
        ("sum[n, n'](x[n, n']*[n = n'']*[n' = n''])", "x[n'', n'']", Kind.PROVED),
        ("sum[n, n'](x[n, n']*[n = n'']*[n' = n''] + x[n, n'])", "x[n'', n''] + sum[n, n'](x[n, n'])", Kind.PROVED),
        ("sum[n, n'](x[n, n']/(1 + x[n, n']^2)*[n = n'']*[n' = n''])", "x[n'', n'']/(1 + x[n'', n'']^2)", Kind.PROVED),
    ],
)
def test_brackets_pick_several_indices_at_once(left: str, right: str, kind: Kind) -> None:
    assert judge(read(left), read(right), Context({}, {}, {"x": ("n", "n'")})).kind is kind


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("x[n, n']*[n = n']", "x[n, n]*[n = n']", Kind.PROVED),
        ("x[n, n']*[n = n']", "x[n', n']*[n' = n]", Kind.PROVED),
        ("x[n, n']*[n = n']", "x[n, n]", Kind.REFUTED),
        ("x[n, n'']*[n = n']*[n' = n'']", "x[n', n']*[n = n'']*[n = n']", Kind.PROVED),
        ("x[n, n'']*[n = n']*[n' = n'']", "x[n', n']*[n = n'']", Kind.REFUTED),
        ("[n = n']*[n' = n'']", "[n = n']*[n = n'']", Kind.PROVED),
        ("(x[n, n'] - x[n', n])*[n = n']", "0", Kind.PROVED),
        ("x[n, n]*[n = n']/(1 + x[n, n']^2)", "x[n', n']*[n = n']/(1 + x[n, n]^2)", Kind.PROVED),
        ("[n = n'] + [n != n']", "1", Kind.PROVED),
    ],
)
def test_two_free_indices_are_the_same_or_are_not(left: str, right: str, kind: Kind) -> None:
    assert judge(read(left), read(right), Context({}, {}, {"x": ("n", "n'")})).kind is kind


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        (
            "sum[k'](sum[k''](exp(x[k']*sum[k'''](M[k''', k''])))*[k' = k])",
            "size(k)*exp(x[k]*sum[k'](M[k', k']))",
            Kind.REFUTED,
        ),
        (
            "sum[k'](sum[k''](log(x[k']^2 + 1 + sum[k'''](M[k''', k'']^2)))*[k' = k])",
            "size(k)*log(x[k]^2 + 1 + sum[k'](M[k', k']^2))",
            Kind.REFUTED,
        ),
        (
            "sum[k'](sum[k''](exp(x[k']*sum[k'''](M[k''', k''])))*[k' = k])",
            "sum[k''](exp(x[k]*sum[k'''](M[k''', k''])))",
            Kind.PROVED,
        ),
        (
            "sum[k'](sum[k''](1/(x[k']^2 + 1 + x[k'']^2 + sum[k'''](x[k''']^2)))*[k' = k])",
            "sum[k''](1/(x[k]^2 + 1 + x[k'']^2 + sum[k'''](x[k''']^2)))",
            Kind.PROVED,
        ),
    ],
)
def test_sums_within_sums_over_one_axis_keep_their_indices_apart(left: str, right: str, kind: Kind) -> None:
    context = Context({}, {}, {"x": ("k",), "M": ("k", "k'")})
    assert judge(read(left), read(right), context).kind is kind
    assert judge(read(left), read(right), context, refute=False).kind is not Kind.PROVED or kind is Kind.PROVED


def test_a_replaced_index_is_not_replaced_where_it_is_bound() -> None:
    inner = freshen(read("sum[k](a[k])"))
    moved = reindex(mul(inner, sym("b", idx("k~1"))), {"k~1": idx("j")})
    assert set(moved.axes) == {"j"}
    assert moved.args[0].args[0].axes == tuple(moved.args[0].data)

"""The backward pass of nodes with axes is found, proved for every size, and ends in the form one writes."""

from __future__ import annotations

import pytest

from backproof.calculus import derive
from backproof.derivation import Derivation
from backproof.inlining import inline_calls
from backproof.kernel import Kind
from backproof.language import parse_document, to_source

NODES = {
    "affine": """node affine(x[n, d], W[d, k], b[k])
        y[n, k] = sum[d](x[n, d]*W[d, k]) + b[k]""",
    "softmax": """node softmax(x[n, k])
        e[n, k] = exp(x[n, k])
        s[n] = sum[k](e[n, k])
        y[n, k] = e[n, k]/s[n]""",
    "cross": """node cross(x[n, k], t[n, k]: onehot(k))
        e[n, k] = exp(x[n, k])
        s[n] = sum[k](e[n, k])
        y[n, k] = e[n, k]/s[n]
        L = -sum[n, k](t[n, k]*log(y[n, k]))/size(n)""",
    "norm": """node norm(x[n, d], gamma[d], beta[d], eps: positive)
        m[d] = mean[n](x[n, d])
        v[d] = mean[n]((x[n, d] - m[d])^2)
        s[d] = sqrt(v[d] + eps)
        h[n, d] = (x[n, d] - m[d])/s[d]
        y[n, d] = gamma[d]*h[n, d] + beta[d]""",
    "attention": """node attention(Q[i, d], K[j, d], V[j, e])
        S[i, j] = sum[d](Q[i, d]*K[j, d])/sqrt(size(d))
        E[i, j] = exp(S[i, j])
        Z[i] = sum[j](E[i, j])
        P[i, j] = E[i, j]/Z[i]
        y[i, e] = sum[j](P[i, j]*V[j, e])""",
    "slide": """node slide(x[n, c, a], W[o, c, u], pad: natural)
        y[n, o, p] = sum[c, u](x[n, c, p + u - pad]*W[o, c, u])""",
    "stride": """node stride(x[a], W[u], step: natural)
        y[p] = sum[u](x[p*step + u]*W[u])""",
    "rows": """node rows(W[v, d], ids[n]: natural)
        y[n, d] = W[ids[n], d]""",
    "gate": """node gate(z[n, k], c[n, k]) -> h, g
        i[n, k] = sigmoid(z[n, k])
        g[n, k] = i[n, k]*c[n, k]
        h[n, k] = tanh(g[n, k])""",
    "gram": """node gram(x[n, d])
        y[n, n'] = sum[d](x[n, d]*x[n', d])""",
}


def derivation_of(text: str) -> Derivation:
    """Return the derivation of the one node of ``text``."""
    return derive(inline_calls(parse_document(f"```derive\n{text}\n```\n").nodes[0]))


@pytest.fixture(scope="module", params=NODES)
def found(request: pytest.FixtureRequest) -> Derivation:
    return derivation_of(NODES[request.param])


def test_every_step_is_accepted_for_every_size(found: Derivation) -> None:
    """Nothing that is shown is merely likely."""
    rejected = [(to_source(s.right), s.verdict.reason) for s in found.steps if not s.verdict.is_accepted]
    assert not rejected


def test_every_input_that_is_no_integer_has_a_gradient(found: Derivation) -> None:
    """The gradients cover the inputs."""
    assert set(found.gradients) == {given.name for given in found.node.inputs if not given.domain.integer}


def test_no_index_of_the_kernel_is_shown(found: Derivation) -> None:
    """Indices are the author's, with primes."""
    assert "~" not in "".join(to_source(step.right) for step in found.steps)


RESULTS = [
    ("affine", "x", "sum[k](dy[n, k]*W[d, k])"),
    ("affine", "W", "sum[n](dy[n, k]*x[n, d])"),
    ("affine", "b", "sum[n](dy[n, k])"),
    ("softmax", "x", "y[n, k]*(dy[n, k] - sum[k'](dy[n, k']*y[n, k']))"),
    ("cross", "x", "dL*(y[n, k] - t[n, k])/size(n)"),
    (
        "norm",
        "x",
        "gamma[d]/s[d]*(dy[n, d] - h[n, d]*mean[n'](dy[n', d]*h[n', d]) - mean[n'](dy[n', d]))",
    ),
    ("attention", "Q", "sum[j](dS[i, j]*K[j, d])/sqrt(size(d))"),
    ("slide", "x", "sum[o, u](dy[n, o, a + pad - u]*W[o, c, u])"),
    ("stride", "x", "sum[p](dy[p]*W[a - p*step])"),
    ("rows", "W", "sum[n](dy[n, d]*[ids[n] = v])"),
    ("gram", "x", "sum[n'](dy[n, n']*x[n', d]) + sum[n'](dy[n', n]*x[n', d])"),
]


@pytest.mark.parametrize(("node", "name", "expected"), RESULTS)
def test_ends_in_the_form_that_one_writes(node: str, name: str, expected: str) -> None:
    """The output form of the textbook."""
    assert to_source(derivation_of(NODES[node]).gradients[name]) == expected


def test_attention_stays_in_terms_of_the_scores() -> None:
    """One derivation per line: the gradient of the scores is that of a softmax."""
    chains = {to_source(c.target): c.result for c in derivation_of(NODES["attention"]).chains}
    assert to_source(chains["dS[i, j]"]) == "P[i, j]*(dP[i, j] - sum[j'](dP[i, j']*P[i, j']))"


def test_the_sum_of_a_one_hot_row_is_shown_as_an_assumption() -> None:
    """Σ t = 1 is a condition of the cross-entropy's gradient."""
    steps = derivation_of(NODES["cross"]).steps
    conditional = [step for step in steps if step.verdict.kind is Kind.PROVED_IF]
    assert {to_source(c) for step in conditional for c in step.verdict.conditions} == {"sum[k](t[n, k]) = 1"}


def test_contributions_of_several_outputs_are_added() -> None:
    """An output that another output reads passes on both gradients."""
    result = to_source(derivation_of(NODES["gate"]).gradients["c"])
    assert "dg[n, k]" in result
    assert "dh[n, k]" in result

"""Each witness agrees with the whole catalogue, and disagrees with what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backproof import catalogue
from backproof.checking import State, cross_check
from backproof.checking.witness import kernel_witness
from backproof.kernel import Kind, Verdict
from backproof.layers import LAYERS
from tests.checking.subjects import catalogued, tampered, written

NAMES = catalogue.names()
GRAPHS = ("apple", "fruit")
#: Layers that hold the affine maps before the node, so that they take other inputs.
WIDER = ("gru-step", "lstm-step")
#: Nodes whose layers are those of the plain ones.
PACKED = ("packed-gru-step", "packed-lstm-step")


@pytest.mark.parametrize("name", NAMES)
def test_every_witness_agrees_with_the_catalogue_or_is_absent(name: str) -> None:
    derivation = catalogued(name)
    found = cross_check(derivation)
    assert {key: witness.state for key, witness in found.items()} == {
        "kernel": State.AGREED,
        "sympy": State.AGREED,
        "numeric": State.AGREED if name in {*LAYERS, *GRAPHS, *PACKED} - {*WIDER} else State.ABSENT,
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", ["sigmoid", "huber", "hard-swish", "power", "mul"])
def test_the_verdict_does_not_hang_on_the_seed(name: str, seed: int) -> None:
    states = {witness.state for witness in cross_check(catalogued(name), seed).values()}
    assert State.DISAGREED not in states


def test_the_same_seed_gives_the_same_words() -> None:
    assert cross_check(catalogued("elu"), 5) == cross_check(catalogued("elu"), 5)


MISTAKES = [
    ("sigmoid", "dx", "dy*y*(1 + y)", "a sign"),
    ("sigmoid", "dx", "dy*y", "a dropped factor"),
    ("sigmoid", "dx", "y*(1 - y)", "the upstream ignored"),
    ("sigmoid", "dx", "dy*y*(1 - y)*1.0000000001", "a factor of one, nearly"),
    ("mul", "da", "dy*a", "the inputs swapped"),
    ("relu", "dx", "where(x > 0.125, dy, 0)", "a corner moved by less than the samples' spread"),
    ("relu", "dx", "where(x > 0, dy, 0.001*dy)", "another function"),
]


@pytest.mark.parametrize(("name", "gradient", "result", "mistake"), MISTAKES)
@pytest.mark.parametrize("witness", ["sympy", "numeric"])
def test_sympy_and_the_layer_each_reject_a_wrong_gradient(
    witness: str, name: str, gradient: str, result: str, mistake: str
) -> None:
    found = cross_check(tampered(catalogued(name), gradient, result))[witness]
    assert found.state is State.DISAGREED, mistake
    assert f"{gradient} is" in found.detail


MISTAKES_WITH_AXES = [
    ("softmax", "dx", "y[n, k]*dy[n, k]", "a dropped sum"),
    ("softmax", "dx", "y[n, k]*(dy[n, k] + sum[k'](dy[n, k']*y[n, k']))", "a sign"),
    ("affine", "db", "mean[n](dy[n, k])", "a mean for a sum"),
    ("affine", "dx", "sum[k](dy[n, k]*W[d, k])*1.0000000001", "a factor of one, nearly"),
    ("mean-squared-error", "dy", "2*dL*r[n, k]/size(n)", "a size that is missing"),
    ("batch-norm", "dx", "gamma[d]/s[d]*(dy[n, d] - mean[n'](dy[n', d]))", "the way through the variance"),
    ("lstm-step", "dc", "dh_next[n, k]*o[n, k]*(1 - t[n, k]^2)*f[n, k]", "an output that is left out"),
    ("max-pooling", "dx", "0", "nothing at all"),
    ("embedding", "dW", "sum[n](dy[n, d])", "the row ignored"),
]


@pytest.mark.parametrize(("name", "gradient", "result", "mistake"), MISTAKES_WITH_AXES)
def test_sympy_rejects_a_wrong_gradient_of_a_node_with_axes(
    name: str, gradient: str, result: str, mistake: str
) -> None:
    found = cross_check(tampered(catalogued(name), gradient, result))["sympy"]
    assert found.state is State.DISAGREED, mistake
    assert found.detail.startswith(f"{gradient}[")
    assert "at the sizes n = " in found.detail


def test_sums_are_written_out_only_where_the_check_is_thorough() -> None:
    found = cross_check(catalogued("softmax"), thorough=False)["sympy"]
    assert (found.state, found.detail) == (State.ABSENT, "derive check asks it")


def test_agreement_at_sizes_names_them() -> None:
    detail = cross_check(catalogued("softmax"))["sympy"].detail
    assert detail == "its own derivative agrees in 6 entries at the sizes n = 2, k = 3 and n = 3, k = 1"


def test_a_gradient_with_axes_that_is_zero_everywhere_is_called_vacuous() -> None:
    found = cross_check(written("node flat(x[n])\ny[n] = x[n] - x[n]"))["sympy"]
    assert "dx is 0 at all of them" in found.detail


@pytest.mark.parametrize("kind", [Kind.REFUTED, Kind.UNKNOWN])
def test_the_kernel_witness_rejects_a_step_that_is_not_proved(kind: Kind) -> None:
    derivation = catalogued("tanh")
    chain = derivation.chains[0]
    step = replace(chain.steps[0], verdict=Verdict(kind))
    found = kernel_witness(replace(derivation, chains=(replace(chain, steps=(step,)),)))
    assert (found.state, found.detail) == (State.DISAGREED, f"1 step, 1 {kind.value}")


def test_the_kernel_witness_misses_an_input_without_a_gradient() -> None:
    derivation = catalogued("mul")
    found = kernel_witness(replace(derivation, chains=derivation.chains[:1]))
    assert (found.state, found.detail) == (State.DISAGREED, "no gradient of b")


def test_a_gradient_that_is_zero_everywhere_is_called_vacuous() -> None:
    found = cross_check(written("node flat(x)\ny = x - x"))["sympy"]
    assert "dx is 0 at all of them" in found.detail


def test_sympy_is_absent_where_the_expression_would_be_too_large() -> None:
    lines = [f"h{i} = h{i - 1}*(1 - h{i - 1})" for i in range(1, 7)]
    found = cross_check(written("\n".join(["node logistic(x)", "h0 = x", *lines, "y = h6"])))
    assert found["sympy"].state is State.ABSENT
    assert found["sympy"].detail == "too large to be written as one expression"


def test_points_where_neither_side_exists_are_left_out() -> None:
    found = cross_check(written("node root(x)\ny = sqrt(x)"))["sympy"]
    assert found.state is State.AGREED
    assert found.comparisons < 10

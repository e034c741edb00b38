"""The numbers that the layers are known for: extremes, conventions, the book's own."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from backproof.layers import (
    Add,
    Affine,
    BatchNorm,
    Convolution,
    CrossEntropy,
    DotProductAttention,
    Dropout,
    Embedding,
    MaxPooling,
    Mul,
    ReLU,
    RNNStep,
    Sigmoid,
    Softmax,
    SoftmaxWithLoss,
)

DTYPES = [np.float32, np.float64]


def test_the_apple_graph_gives_the_numbers_of_the_book() -> None:
    apples, tax = Mul(), Mul()
    price = tax.forward(apples.forward(100, 2), 1.1)
    subtotal, rate = tax.backward(1)
    assert (price, *apples.backward(subtotal), rate) == (
        220.00000000000003, 2.2, 110.00000000000001, 200,
    )  # fmt: skip


def test_relu_has_slope_zero_at_zero() -> None:
    layer = ReLU()
    assert layer.forward(np.array([0.0, -0.0])).tolist() == [0, 0]
    assert layer.backward(np.array([3.0, -2.0])).tolist() == [0, 0]


def test_relu_does_not_multiply_an_infinite_upstream_by_zero() -> None:
    layer = ReLU()
    layer.forward(np.array([-1.0, 1.0]))
    assert layer.backward(np.array([np.inf, -np.inf])).tolist() == [0, -np.inf]


def test_relu_lets_nan_through() -> None:
    layer = ReLU()
    assert np.isnan(layer.forward(np.nan))


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_is_right_one_ulp_beside_zero(dtype: Any) -> None:
    tiny = np.nextafter(dtype(0), dtype(1))
    layer = ReLU()
    assert layer.forward(np.array([-tiny, tiny])).tolist() == [0, tiny]
    assert layer.backward(np.array([2, 2], dtype)).tolist() == [0, 2]


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_is_flat_and_silent_at_a_thousand(dtype: Any) -> None:
    layer = Sigmoid()
    assert layer.forward(np.array([-1000, 1000], dtype)).tolist() == [0, 1]
    assert layer.backward(np.array([5, -5], dtype)).tolist() == [0, 0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("x", [-80, -30, -17, -1, -1e-3, 0, 1e-3, 1, 17, 30, 80])
def test_sigmoid_and_its_slope_are_right_to_four_ulp(x: float, dtype: Any) -> None:
    layer, x = Sigmoid(), dtype(x)
    with mpmath.workdps(60):
        exact = 1 / (1 + mpmath.exp(-mpmath.mpf(float(x))))
        slope = exact * (1 - exact)
    ulp = 4 * float(np.finfo(dtype).eps)
    assert float(layer.forward(x)) == pytest.approx(float(exact), rel=ulp, abs=0)
    assert float(layer.backward(dtype(1))) == pytest.approx(float(slope), rel=ulp, abs=0)


def test_integers_have_double_gradients() -> None:
    layer = Mul()
    layer.forward(3, np.array([2, 5]))
    assert [gradient.tolist() for gradient in layer.backward([1, 1])] == [7, [3, 3]]


@pytest.mark.parametrize("layer", [Add(), Mul()])
def test_an_upstream_of_another_shape_is_refused(layer: Any) -> None:
    layer.forward(np.ones((2, 3)), np.ones(3))
    with pytest.raises(ValueError, match="could not be broadcast"):
        layer.backward(np.ones((3, 2)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_huge_logits_is_one_hot(dtype: Any) -> None:
    assert Softmax().forward(np.array([1000, -1000, 0], dtype)).tolist() == [1, 0, 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_loss_of_a_hopeless_score_is_its_distance(dtype: Any) -> None:
    layer = SoftmaxWithLoss()
    assert layer.forward(np.array([[1000, -1000]], dtype), [1]) == 2000
    assert layer.backward(-2).tolist() == [[-2, 2]]


def test_softmax_loss_takes_a_masked_logit() -> None:
    layer = SoftmaxWithLoss()
    assert layer.forward(np.array([[0.0, -np.inf]]), [0]) == 0
    assert layer.backward().tolist() == [[0, 0]]


def test_softmax_loss_averages_over_the_rows() -> None:
    layer = SoftmaxWithLoss()
    assert layer.forward(np.zeros((2, 4)), [0, 3]) == pytest.approx(np.log(4))
    assert layer.backward().tolist() == [
        [-0.375, 0.125, 0.125, 0.125],
        [0.125, 0.125, 0.125, -0.375],
    ]


def test_labels_and_one_hot_targets_are_the_same() -> None:
    x, labels = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]]), np.array([2, 0])
    first, second = SoftmaxWithLoss(), SoftmaxWithLoss()
    assert first.forward(x, labels) == second.forward(x, np.eye(3)[labels])
    assert (first.backward(3) == second.backward(3)).all()


def test_cross_entropy_ignores_impossible_classes_that_did_not_happen() -> None:
    layer = CrossEntropy()
    assert layer.forward(np.array([[0.5, 0.5, 0.0]]), [1]) == np.log(2)
    assert layer.backward(-1).tolist() == [[0, 2, 0]]


def test_batch_norm_of_one_sample_passes_nothing_back() -> None:
    layer = BatchNorm(np.array([2.0, 3.0]), np.array([0.5, -0.5]))
    assert layer.forward(np.array([[7.0, -7.0]])).tolist() == [[0.5, -0.5]]
    assert layer.backward(np.array([[3.0, -4.0]])).tolist() == [[0, 0]]


def test_dropout_draws_the_same_masks_from_the_same_seed() -> None:
    x, first, second = np.ones((20, 30)), Dropout(0.25, seed=4), Dropout(0.25, seed=4)
    drawn = [first.forward(x), first.forward(x)]
    assert (drawn[0] != drawn[1]).any()
    assert (np.array(drawn) == [second.forward(x), second.forward(x)]).all()
    assert set(np.unique(drawn)) == {0, 1 / 0.75}


def test_dropout_passes_back_through_the_mask_of_the_forward_pass() -> None:
    layer = Dropout(0.5, seed=1)
    out = layer.forward(np.ones(50))
    assert (layer.backward(-np.ones(50)) == -out).all()


def test_embedding_adds_the_gradients_of_a_repeated_row() -> None:
    layer = Embedding(np.zeros((3, 1)))
    layer.forward([2, 0, 2])
    assert layer.backward(np.array([[1.0], [10.0], [100.0]])) is None
    assert layer.dW.tolist() == [[10], [0], [101]]


def test_convolution_by_hand() -> None:
    layer = Convolution(np.array([[[[1.0, 2.0]]]]), np.array([0.5]), stride=2, pad=0)
    assert layer.forward(np.array([[[[1.0, 3.0, 5.0, 7.0, 9.0]]]])).tolist() == [[[[7.5, 19.5]]]]
    assert layer.backward(np.array([[[[1.0, -1.0]]]])).tolist() == [[[[1, 2, -1, -2, 0]]]]
    assert (layer.dW.tolist(), layer.db.tolist()) == ([[[[-4, -4]]]], [0])


def test_max_pooling_sends_a_tie_to_the_first_entry() -> None:
    layer = MaxPooling(2, 2)
    layer.forward(np.ones((1, 1, 2, 2)))
    assert layer.backward(np.array([[[[3.0]]]])).tolist() == [[[[3, 0], [0, 0]]]]


def test_max_pooling_sums_where_windows_share_their_maximum() -> None:
    layer = MaxPooling(1, 2)
    assert layer.forward(np.array([[[[1.0, 5.0, 2.0]]]])).tolist() == [[[[5, 5]]]]
    assert layer.backward(np.array([[[[3.0, -1.0]]]])).tolist() == [[[[0, 2, 0]]]]


def test_a_kernel_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="window shape"):
        MaxPooling(3, 3).forward(np.ones((1, 1, 2, 2)))


def test_attention_to_equal_keys_is_the_mean_of_the_values() -> None:
    layer = DotProductAttention()
    values = np.array([[1.0], [2.0], [6.0]])
    assert layer.forward(np.ones((1, 2)), np.ones((3, 2)), values) == pytest.approx(3)


def test_a_saturated_state_still_has_a_slope() -> None:
    layer = RNNStep(*np.ones((2, 1, 1), np.float32), np.zeros(1, np.float32))
    x = np.array([[10.0]], np.float32)
    assert layer.forward(x, np.zeros((1, 1), np.float32)) == 1
    dx, _ = layer.backward(np.ones((1, 1)))
    assert dx[0, 0] == pytest.approx(1 / np.cosh(10.0) ** 2, rel=1e-6)


def test_parameters_may_be_updated_in_place() -> None:
    weights = np.eye(2)
    layer = Affine(weights, np.zeros(2))
    weights *= 3
    assert layer.forward(np.array([[1.0, 2.0]])).tolist() == [[3, 6]]


def test_whole_numbers_as_parameters_do_not_truncate_their_gradient() -> None:
    layer = Affine([[2], [3]], [0])
    layer.forward([[0.5, 0.25]])
    layer.backward([[1.5]])
    assert (layer.dW.tolist(), layer.db.tolist()) == ([[0.75], [0.375]], [1.5])

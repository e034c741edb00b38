"""Formulas become functions on arrays and on numbers of fifty digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from backproof.calculus.numeric import lambdify_terms
from backproof.language import parse_expression


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_keep_their_shape_and_dtype(dtype: type[np.floating]) -> None:
    function = lambdify_terms([parse_expression("dy*where(x > 0, 1, 0)")], ["x", "dy"])
    (result,) = function(np.array([[-1, 0, 2]], dtype), np.array([[3, 4, 5]], dtype))
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, [[0, 0, 5]])


def test_a_constant_comes_back_in_the_shape_of_the_inputs() -> None:
    (result,) = lambdify_terms([parse_expression("2")], ["x"])(np.zeros((2, 3)))
    np.testing.assert_array_equal(result, np.full((2, 3), 2.0))


def test_a_branch_that_is_not_taken_does_not_warn() -> None:
    function = lambdify_terms([parse_expression("where(x > 0, log(x), 0)")], ["x"])
    np.testing.assert_array_equal(function(np.array([-1.0, 1.0]))[0], [0.0, 0.0])


def test_the_error_function_is_known_to_numpy() -> None:
    (result,) = lambdify_terms([parse_expression("erf(x)")], ["x"])(np.array([0.5]))
    assert abs(result[0] - float(mpmath.erf(0.5))) < 1e-15


def test_mpmath_gives_fifty_digits() -> None:
    (value,) = lambdify_terms([parse_expression("1/x")], ["x"], "mpmath")(3)
    with mpmath.workdps(50):
        assert abs(value - mpmath.mpf(1) / 3) < mpmath.mpf(10) ** -49

"""A domain that holds no number is refused, however it is made."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from backproof.domains import Domain
from backproof.errors import DomainError

_0, _1, _2 = map(Fraction, range(3))
EMPTY: dict[str, dict[str, Any]] = {
    "ends the wrong way round": {"low": _2, "high": _1},
    "an open end on the other": {"low": _1, "high": _1, "low_open": False},
    "no integer between": {"low": _0, "high": _1, "integer": True},
    "zero without zero": {"low": _0, "high": _0, "low_open": False, "high_open": False, "nonzero": True},
    "no integer but zero": {"low": -_1, "high": _1, "integer": True, "nonzero": True},
}
HELD: dict[str, dict[str, Any]] = {
    "one number": {"low": _1, "high": _1, "low_open": False, "high_open": False},
    "one integer": {"low": _0, "high": _2, "integer": True},
    "an integer at an end": {"low": _0, "high": _1, "low_open": False, "integer": True},
    "an integer beside zero": {"low": -_1, "high": _2, "integer": True, "nonzero": True},
}


@pytest.mark.parametrize("made", EMPTY.values(), ids=EMPTY.keys())
def test_an_empty_domain_is_refused(made):
    with pytest.raises(DomainError):
        Domain(**made)


@pytest.mark.parametrize("made", HELD.values(), ids=HELD.keys())
def test_a_domain_with_a_number_is_not(made):
    assert Domain(**made).integer is made.get("integer", False)

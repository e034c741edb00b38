"""Every layer keeps every contract, at every shape."""

from __future__ import annotations

import pytest

from backproof.layers import LAYERS, SIGNATURES
from tests.layers.cases import EMPTY, ORDINARY, Case
from tests.layers.contracts import CONTRACTS


@pytest.mark.parametrize("case", ORDINARY, ids=str)
@pytest.mark.parametrize("contract", CONTRACTS)
def test_layer_keeps_the_contract(contract: str, case: Case) -> None:
    assert CONTRACTS[contract](case.layer, case) == ""


@pytest.mark.parametrize("case", EMPTY, ids=str)
@pytest.mark.parametrize("contract", CONTRACTS)
def test_layer_keeps_the_contract_without_entries(contract: str, case: Case) -> None:
    assert CONTRACTS[contract](case.layer, case) == ""


def test_every_layer_has_a_signature_and_cases() -> None:
    tested = {case.name for case in ORDINARY} & {case.name for case in EMPTY}
    assert set(LAYERS) == set(SIGNATURES) == tested

"""Tables over the catalogue: a derivation cannot be added without being verified."""

from __future__ import annotations

import re
from functools import cache

import pytest

from backproof import catalogue
from backproof.audit.documents import Report, check_document
from backproof.checking import State, number_rows
from backproof.emit import EMITTERS
from backproof.errors import UnknownName
from backproof.kernel import Kind
from backproof.language import to_source

NAMES = catalogue.names()
WORDS = """
mul add sub div neg reciprocal square power exp log sqrt abs relu leaky-relu elu selu softplus sigmoid
log-sigmoid tanh hard-tanh hard-sigmoid hard-swish silu mish gelu gelu-tanh softsign squared-error huber
binary-cross-entropy binary-cross-entropy-with-logits apple fruit
"""
REQUIRED = WORDS.split()


def is_elementwise(name: str) -> bool:
    return not any(part.axes for node in catalogue.load(name).nodes for part in (*node.inputs, *node.lines))


ELEMENTWISE = [name for name in NAMES if is_elementwise(name)]


@cache
def report(name: str) -> Report:
    return check_document(catalogue.load(name))


@pytest.mark.parametrize("name", REQUIRED)
def test_the_catalogue_holds_every_node_that_it_promises(name: str) -> None:
    assert name in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_proved(name: str) -> None:
    kinds = {step.verdict.kind for step in report(name).steps}
    assert kinds <= {Kind.PROVED, Kind.PROVED_IF}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found_wrong_and_no_reason_misleads(name: str) -> None:
    assert [str(finding) for finding in report(name).findings] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_input_that_varies_has_a_gradient(name: str) -> None:
    (derivation,) = report(name).derivations
    domains = {given.name: given.domain for given in derivation.node.inputs}
    without = [domains[given] for given in domains.keys() - derivation.gradients.keys()]
    assert [domain for domain in without if not (domain.integer or domain.constraint)] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_agrees(name: str) -> None:
    (witnesses,) = report(name).witnesses
    assert witnesses["kernel"].state is State.AGREED


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_sympy_agrees_about_every_elementwise_node(name: str) -> None:
    (witnesses,) = report(name).witnesses
    assert witnesses["sympy"].state is State.AGREED


@pytest.mark.parametrize("name", ["mul", "add", "relu", "sigmoid", "apple", "fruit"])
def test_the_numpy_layers_agree(name: str) -> None:
    (witnesses,) = report(name).witnesses
    assert witnesses["numeric"].state is State.AGREED


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_named_after_its_only_node(name: str) -> None:
    assert [node.name for node in catalogue.load(name).nodes] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_every_node_has_a_title_and_prose_for_students(name: str) -> None:
    document = catalogue.load(name)
    (derivation,) = report(name).derivations
    assert document.title
    assert len(derivation.prose.split()) >= 25


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_elementwise_node_has_an_example_with_an_upstream_gradient_or_values(name: str) -> None:
    (node,) = catalogue.load(name).nodes
    (example, *_) = node.examples
    given = {key for key, _ in example.given}
    assert f"d{node.lines[-1].name}" in given or node.values


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(ELEMENTWISE)))
def test_every_node_with_axes_has_an_example_with_an_output_and_gradients(name: str) -> None:
    (derivation,) = report(name).derivations
    ((example, *_), outputs) = derivation.node.examples, derivation.node.outputs or (derivation.node.lines[-1].name,)
    expected = {key for key, _ in example.expected}
    assert {f"d{output}" for output in outputs} <= {key for key, _ in example.given}
    assert set(outputs) <= expected
    assert expected & {f"d{given}" for given in derivation.gradients}


@pytest.mark.parametrize("name", NAMES)
def test_source_lines_fit_a_page(name: str) -> None:
    lines = catalogue.path_of(name).read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 116


@pytest.mark.parametrize("form", EMITTERS)
@pytest.mark.parametrize("name", NAMES)
def test_every_derivation_has_every_format(name: str, form: str) -> None:
    (derivation,) = report(name).derivations
    assert EMITTERS[form](derivation).strip()


OUTPUT_FORMS = {
    "sigmoid": ("dx", "dy*y*(1 - y)"),
    "tanh": ("dx", "dy*(1 - y^2)"),
    "exp": ("dx", "dy*y"),
    "reciprocal": ("dx", "-dy*y^2"),
    "softplus": ("dx", "dy*(1 - exp(-y))"),
    "log-sigmoid": ("dx", "dy*(1 - exp(y))"),
    "binary-cross-entropy-with-logits": ("dx", "de*(p - t)"),
}


@pytest.mark.parametrize("name", OUTPUT_FORMS)
def test_a_gradient_ends_in_its_textbook_form(name: str) -> None:
    (derivation,) = report(name).derivations
    target, form = OUTPUT_FORMS[name]
    results = {chain.target.data: to_source(chain.result) for chain in derivation.chains}
    assert results[target] == form


SHOPPING = {
    "apple": {
        "price": ("220", "220.00000000000003", "1.0"),
        "apple": ("100", "100.0", "2.2"),
        "number": ("2", "2.0", "110.00000000000001"),
        "tax": ("11/10", "1.1", "200.0"),
    },
    "fruit": {
        "price": ("715", "715.0000000000001", "1.0"),
        "apple": ("100", "100.0", "2.2"),
        "apples": ("2", "2.0", "110.00000000000001"),
        "orange": ("150", "150.0", "3.3000000000000003"),
        "oranges": ("3", "3.0", "165.0"),
        "tax": ("11/10", "1.1", "650.0"),
    },
}


@pytest.mark.parametrize("name", SHOPPING)
def test_a_shopping_graph_has_the_book_s_numbers_beside_exact_ones(name: str) -> None:
    (derivation,) = report(name).derivations
    rows = {row.name: (str(row.exact), row.value, row.gradient_value) for row in number_rows(derivation)}
    assert {key: rows[key] for key in SHOPPING[name]} == SHOPPING[name]


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [("sigmod", "sigmoid"), ("tahn", "tanh"), ("leakyrelu", "leaky-relu"), ("Hard_Swihs", "hard-swish")],
)
def test_a_misspelt_name_suggests_the_nearest(misspelt: str, meant: str) -> None:
    with pytest.raises(UnknownName, match="did you mean") as raised:
        catalogue.load(misspelt)
    assert meant in raised.value.nearest


@pytest.mark.parametrize("name", ["leaky_relu", "Leaky-ReLU", " leaky-relu "])
def test_names_are_found_with_underscores_and_capitals(name: str) -> None:
    assert catalogue.find_node(name).name == "leaky-relu"


def test_names_are_sorted_and_have_one_spelling() -> None:
    assert list(NAMES) == sorted(NAMES)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in NAMES)

"""Examples of nodes with axes: every number is derived, shown, and held against what the file says."""

from __future__ import annotations

import pytest

from backproof.audit.documents import check_document, derive_node
from backproof.cli.show import with_numbers
from backproof.derivation import Derivation
from backproof.emit import EMITTERS
from backproof.examples import array_rows
from backproof.language import parse_document, to_source

SOFTMAX = """
node softmax(x[n, k])
s[n] = sum[k](exp(x[n, k]))
y[n, k] = exp(x[n, k])/s[n]
example x = [[0, 0, 0], [0, 1, 2]], dy = [[1, 2, -3], [1, 0, 0]]
  -> y = [[1/3, 1/3, 1/3], [0.0900, 0.2447, 0.6652]], dx = [[1/3, 2/3, -1], [0.0819, -0.0220, -0.0599]]
"""
WINDOWS = """
node windows(x[a], w[u], step: natural)
y[p] = sum[u](x[p*step + u]*w[u])
example x = [1, 2, 3, 4, 5], w = [1, -1], step = 3, dy = [10, 100]
  -> y = [-1, -1], dx = [10, -10, 0, 100, -100], dw = [410, 520]
"""
PAIR = """
node pair(a[n], b) -> s, p
s[n] = a[n] + b
p = sum[n](a[n]*s[n])
example a = [1, 2], b = 3, ds = [1, 10] -> s = [4, 5], p = 14, da = [6, 17], db = 14
"""
ROOTS = """
node roots(x[n])
y[n] = sqrt(x[n])
example x = [4, 2] -> y = [2, 1.4142]
"""
EXAMPLES = {"softmax": SOFTMAX, "windows": WINDOWS, "pair": PAIR, "roots": ROOTS}


def findings(text: str) -> list[str]:
    found = check_document(parse_document(f"```derive{text}```\n"), numeric=False).findings
    return [line for finding in found for line in str(finding).splitlines()]


def derivation(text: str) -> Derivation:
    document = parse_document(f"```derive{text}```\n")
    return derive_node(document, document.nodes[0])


@pytest.mark.parametrize("name", EXAMPLES)
def test_right_numbers_are_accepted(name: str) -> None:
    assert findings(EXAMPLES[name]) == []


@pytest.mark.parametrize(
    ("name", "right", "wrong", "said"),
    [
        ("softmax", "-0.0220", "0.0220", "dx[1, 1] is -0.02203304… here, not 0.022"),
        ("softmax", "0.2447", "0.2448", "y[1, 1] is 0.244728471… here, not 0.2448"),
        ("softmax", "1/3, 2/3, -1", "1/3, 2/3, -2", "dx[0, 2] is -1 here, not -2"),
        ("windows", "410, 520", "410, 521", "dw[1] is 520 here, not 521"),
        ("windows", "-10, 0, 100", "-10, 1e-9, 100", "dx[2] is 0 here, not 1e-9"),
        ("pair", "db = 14", "db = 11", "db is 14 here, not 11"),
        ("pair", "p = 14", "p = 14.1", "p is 14 here, not 14.1"),
    ],
)
def test_a_wrong_number_is_named_with_its_place(name: str, right: str, wrong: str, said: str) -> None:
    text = EXAMPLES[name]
    assert right in text
    assert [line.strip() for line in findings(text.replace(right, wrong))][1:] == [said]


def test_a_decimal_may_be_rounded_to_any_place() -> None:
    assert findings(SOFTMAX.replace("y = [[1/3", "y = [[0.33")) == []


def test_an_entry_without_a_value_is_named() -> None:
    assert findings(ROOTS.replace("[4, 2]", "[4, -1]"))[1:] == ["    y[1] is undefined here, not 1.4142"]


def test_rows_hold_every_value_and_gradient_rounded_where_they_must_be() -> None:
    rows = {row.name: row for row in array_rows(derivation(SOFTMAX))}
    shown = {name: (to_source(row.array), row.rounded) for name, row in rows.items() if row.array is not None}
    assert shown == {
        "x": ("[[0, 0, 0], [0, 1, 2]]", True),
        "s": ("[3, 11.1073]", True),
        "y": ("[[1/3, 1/3, 1/3], [0.09, 0.2447, 0.6652]]", True),
    }


def test_without_an_upstream_gradient_there_are_values_alone() -> None:
    (x, y) = array_rows(derivation(ROOTS))
    assert (x.gradient_array, y.gradient_array) == (None, None)
    assert to_source(y.array or x) == "[2, 1.4142]"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("text", "∂L/∂w = [410, 520]"),
        ("latex", r"\frac{\partial L}{\partial w} &= \begin{pmatrix} 410 & 520 \end{pmatrix}"),
        ("markdown", r"\begin{pmatrix} 410 & 520 \end{pmatrix}"),
        ("html", "<mtr><mtd><mn>410</mn></mtd><mtd><mn>520</mn></mtd></mtr>"),
        ("json", '"gradient_array": [\n            "410",\n            "520"\n          ]'),
    ],
)
def test_every_format_shows_the_arrays(form: str, expected: str) -> None:
    assert expected in EMITTERS[form](with_numbers(derivation(WINDOWS), examples=True))

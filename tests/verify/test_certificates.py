"""The second checker agrees with the kernel, and no change of a certificate makes a false step acceptable."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

import backproof.verify
from backproof import catalogue
from backproof.audit.documents import check_document
from backproof.audit.files import document_of
from backproof.certificates import check_statement, statement
from backproof.domains import NAMED, Context, Definition, Domain
from backproof.kernel import Kind, judge
from backproof.kernel.certificate import Rows
from backproof.language import parse_expression
from backproof.language.document import Document
from backproof.terms import call, sym
from backproof.verify import Rejected, confirms, verify_conditions, verify_proof, verify_refutation
from tests.fuzz.steps import Trial, all_corpus_steps, trial

STEPS = [step for step in all_corpus_steps() if judge(step.left, step.right, step.context).is_accepted]
ARRAYS = Context(
    {},
    {"t": Domain(constraint="onehot", axis="k"), "p": NAMED["positive"], "s": NAMED["natural"]},
    {name: ("k",) for name in "xyzpt"} | {"A": ("i", "k"), "v": ("i",)},
)
SCALAR_FALSE = [
    ("sqrt(x^2)", "x"), ("x*x", "x"), ("exp(x+w)", "exp(x) + exp(w)"), ("abs(x)", "x"),
    ("log(1+exp(x))", "x"), ("D(tanh(x), x)", "1 - tanh(x)"), ("max(x,w)", "x"), ("sin(2*x)", "2*sin(x)"),
    ("D(max(0,x)^2, x)", "max(0,x)"), ("where(x > 0, 1, 0)", "where(x >= 0, 1, 0)"), ("sqrt(x^4)", "x"),
    ("x/x", "1"), ("0*log(x)", "0"), ("x^0.5*x^0.5", "x"), ("D(abs(x), x)", "sign(x)"),
]  # fmt: skip
ARRAY_FALSE = [
    ("sum[k](x[k]*y[k])", "sum[k](x[k])*sum[k](y[k])"), ("sum[k](1)", "1"), ("sum[k](x[k])", "size(k)*x[k]"),
    ("sum[k](x[k + 1])", "sum[k](x[k])"), ("sum[k'](x[k']*[k' = k + 1])", "x[k]"), ("mean[k](x[k])", "sum[k](x[k])"),
    ("1/sum[k](p[k])", "sum[k](1/p[k])"), ("sum[k](x[k]/x[k])", "size(k)"), ("max[k](x[k])", "x[k]"),
    ("sum[k](x[k]^2)", "sum[k](x[k])^2"), ("exp(sum[k](x[k]))", "sum[k](exp(x[k]))"), ("sum[k](t[k])", "1"),
    ("sum[i](A[i, k]*v[i])", "sum[k](A[i, k]*v[i])"), ("sum[k](x[s*k])", "sum[k](x[k])"), ("[k = k']", "1"),
    ("sum[k'](p[k']*[k' = k + 1])/p[k + 1]", "1"), ("sum[k](sum[k'](x[k]*x[k']))", "sum[k](x[k]^2)"),
    ("D(sum[k'](x[k']^2), x[k])", "2*sum[k'](x[k'])"), ("D(max[k'](x[k']), x[k])", "1"), ("x[k - 1]", "x[k]"),
    ("log(prod[k](p[k]))", "prod[k](log(p[k]))"), ("sum[k](where(x[k] > 0, x[k], 0))", "sum[k](x[k])"),
]  # fmt: skip
FALSE = [(left, right, Context()) for left, right in SCALAR_FALSE]
FALSE += [(left, right, ARRAYS) for left, right in ARRAY_FALSE]
NODES = (
    "softmax", "softmax-cross-entropy", "affine", "layer-norm", "convolution", "max-pooling", "maxout", "embedding",
    "prelu", "triplet-loss", "rotary-embedding", "silu", "huber", "gelu",
)  # fmt: skip


def certified(step: Trial) -> dict[str, Any]:
    certificate: dict[str, Any] = json.loads(json.dumps(judge(step.left, step.right, step.context).certificate))
    return certificate


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.origin)
def test_the_second_checker_confirms_the_proof(step):
    verdict = judge(step.left, step.right, step.context)
    certificate = json.loads(json.dumps(verdict.certificate))
    assert verify_proof(step.left, step.right, step.context, certificate) == verdict.conditions
    assert confirms(step.left, step.right, step.context, verdict.conditions, certificate)


@cache
def statements(name: str) -> tuple[dict[str, Any], ...]:
    report = check_document(catalogue.load(name), numeric=False)
    return tuple(json.loads(json.dumps(statement(step, context, name))) for step, context in report.proofs)


@pytest.mark.parametrize("name", NODES)
def test_the_second_checker_confirms_every_step_of_a_node(name):
    found = statements(name)
    assert found
    assert [check_statement(each, {}) for each in found] == [None] * len(found)


REJECTED = sorted((Path(__file__).parents[1] / "rejected").glob("*.md"))


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_the_second_checker_confirms_what_is_rejected(path):
    document = document_of(path, path.name)
    if not isinstance(document, Document):
        pytest.skip("what cannot be read has no steps")
    report = check_document(document, numeric=False)
    found = [statement(step, context, path.name) for step, context in report.proofs]
    assert Kind.UNKNOWN not in [step.verdict.kind for step, _ in report.proofs]
    assert [check_statement(json.loads(json.dumps(each)), {}) for each in found] == [None] * len(found)


@pytest.mark.parametrize("number", range(0, 60))
def test_the_second_checker_confirms_refutations_of_mutants(number):
    step = trial(number, 5, STEPS)
    verdict = judge(step.left, step.right, step.context)
    if verdict.kind is not Kind.REFUTED:
        pytest.skip("the mutant is not refuted")
    verify_refutation(step.left, step.right, step.context, json.loads(json.dumps(verdict.certificate)))


@pytest.mark.parametrize("sides", ARRAY_FALSE)
def test_the_second_checker_confirms_refutations_at_given_sizes(sides):
    left, right = map(parse_expression, sides)
    verdict = judge(left, right, ARRAYS)
    if verdict.kind is not Kind.REFUTED:
        pytest.skip("no point was found")
    certificate = json.loads(json.dumps(verdict.certificate))
    verify_refutation(left, right, ARRAYS, certificate)
    with pytest.raises(Rejected):
        verify_refutation(left, left, ARRAYS, certificate)


@pytest.mark.parametrize("number", range(1, len(STEPS) - 1, 7))
def test_a_certificate_for_another_step_is_rejected(number):
    step, other = STEPS[number], STEPS[number + 1]
    with pytest.raises(Rejected):
        verify_proof(step.left, step.right, step.context, certified(other))


# Forged certificates ------------------------------------------------------------------------------------


def bound_to(left, right, certificate):
    """Return the certificate as if it had been made for this step."""
    rows = Rows()
    rows.rows = list(certificate["rows"])
    sides = [rows(left), rows(right)]
    return {**certificate, "sides": sides, "rows": rows.rows}


def accepts(left, right, context, certificate):
    """Say whether the step passes as true without conditions."""
    return confirms(left, right, context, (), certificate)


def own_certificates(left, right, context) -> Iterator[dict[str, Any]]:
    """Yield certificates made for ``left = left`` and ``right = right``, under whatever conditions."""
    for side in (left, right):
        verdict = judge(side, side, context)
        if verdict.is_accepted:
            yield json.loads(json.dumps(verdict.certificate))


@pytest.mark.parametrize(("left", "right", "context"), FALSE)
def test_no_certificate_of_a_true_step_proves_a_false_one(left, right, context):
    left, right = parse_expression(left), parse_expression(right)
    forged = [*map(certified, STEPS[::5]), *own_certificates(left, right, context)]
    assert [each for each in forged if accepts(left, right, context, bound_to(left, right, each))] == []


def damaged(text: str, random: Random) -> str:
    """Return the text with one byte changed, doubled, dropped, or one number exchanged for another."""
    place = random.randrange(len(text))
    kind = random.randrange(4)
    if kind == 0:
        return text[:place] + random.choice('0123456789-/[]{}",:abx_') + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place] + text[place:]
    if kind == 2:
        return text[:place] + text[place + 1 :]
    old, new = random.choice("0123456789"), random.choice("0123456789")
    return text.replace(old, new, random.randint(1, 3))


@pytest.mark.parametrize("seed", range(len(FALSE)))
def test_no_change_of_a_certificate_makes_a_false_step_acceptable(seed):
    left, right, context = FALSE[seed]
    left, right = parse_expression(left), parse_expression(right)
    random = Random(seed)
    texts = [json.dumps(bound_to(left, right, each)) for each in own_certificates(left, right, context)]
    texts = [damaged(text, random) for text in texts for _ in range(60)]
    texts += [damaged(text, random) for text in texts]
    assert [text for text in texts if text_accepts(left, right, context, text)] == []


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every leaf of JSON data."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))
        if not data:
            yield path
    else:
        yield path


def edited(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return JSON data with another value at a path."""
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = edited(data[path[0]], path[1:], value)
    return copy


VALUES = (0, 1, 2, -1, None, "x", "_0", "k", "num", "sign", "let", "index", "name", [], {}, "1/2", 5)


@pytest.mark.parametrize("seed", range(len(FALSE)))
def test_no_edit_of_a_leaf_makes_a_false_step_acceptable(seed):
    left, right, context = FALSE[seed]
    left, right = parse_expression(left), parse_expression(right)
    random = Random(seed)
    forged = [bound_to(left, right, each) for each in own_certificates(left, right, context)]
    edits = [(each, path) for each in forged for path in leaves(each)]
    tried = [edited(each, path, random.choice(VALUES)) for each, path in random.sample(edits, min(150, len(edits)))]
    assert [each for each in tried if accepts(left, right, context, each)] == []


def text_accepts(left, right, context, text):
    try:
        certificate = json.loads(text)
    except ValueError:
        return False
    return accepts(left, right, context, certificate)


@pytest.mark.parametrize("number", range(0, len(STEPS), 40))
def test_a_damaged_certificate_is_confirmed_or_rejected_and_nothing_else(number):
    step, random = STEPS[number], Random(number)
    text = json.dumps(certified(step))
    answers = {text_accepts(step.left, step.right, step.context, damaged(text, random)) for _ in range(60)}
    assert answers <= {True, False}


def test_a_condition_that_is_left_out_is_missed():
    left, right = parse_expression("x/x"), parse_expression("1")
    certificate = judge(left, right, Context()).certificate
    verify_proof(left, right, Context(), certificate)
    with pytest.raises(Rejected):
        verify_proof(left, right, Context(), {**certificate, "conditions": []})


def test_a_condition_that_is_not_printed_is_missed():
    left, right = parse_expression("x/x"), parse_expression("1")
    conditions = verify_proof(left, right, Context(), judge(left, right, Context()).certificate)
    verify_conditions(conditions, conditions, Context())
    with pytest.raises(Rejected):
        verify_conditions(conditions, (), Context())


def test_a_condition_of_a_part_is_not_printed_where_it_is_certain_in_the_whole():
    condition = parse_expression("where(1 + x^2 > 0, 1, 0)").args[0]
    verify_conditions([condition], [], Context(whole=Context()))
    doubtful = parse_expression("where(x > 0, 1, 0)").args[0]
    with pytest.raises(Rejected):
        verify_conditions([doubtful], [], Context(whole=Context()))


def test_a_case_that_is_left_out_is_missed():
    left, right = parse_expression("sqrt(x^2)"), parse_expression("x")
    certificate = judge(left, right, Context({}, {"x": NAMED["positive"]})).certificate
    with pytest.raises(Rejected):
        verify_proof(left, right, Context(), certificate)


def forged_tree(left, right, free, tree, *terms):
    """Return a certificate with this tree, in which ``row i`` stands for the row of the i-th term."""
    rows = Rows()
    numbers = [rows(term) for term in (left, right, *terms)]
    text = json.dumps(tree)
    for i, number in enumerate(numbers[2:]):
        text = text.replace(f'"row {i}"', str(number))
    return {"sides": numbers[:2], "free": free, "conditions": [], "tree": json.loads(text), "rows": rows.rows}


LEAF: dict[str, Any] = {"parts": [], "factors": [], "angles": []}


def test_a_parameter_is_not_told_a_sign_before_it_means_something():
    left, right = parse_expression("sqrt(x^2)"), parse_expression("x")
    whole = {"parts": [[["name", "x", None], {"parts": [[["sign", "row 0", sign], LEAF] for sign in (1, 0, -1)]}]]}
    certificate = forged_tree(left, right, ["x"], whole, left)
    certificate["rows"].append(["sym", "_0", []])
    side, last = certificate["sides"][0], len(certificate["rows"]) - 1
    text = json.dumps(certificate).replace(f'"sign", {side}', f'"sign", {last}')
    with pytest.raises(Rejected, match="a parameter of which nothing is known"):
        verify_proof(left, right, Context(), json.loads(text))


@pytest.mark.parametrize("value", ["x", "0", "1", "x^2", "2"])
def test_a_name_takes_every_value_that_it_may_have(value):
    left, right = parse_expression("x*x"), parse_expression("x")
    tree = {"parts": [[["name", "x", "row 0"], LEAF]]}
    assert not accepts(left, right, Context(), forged_tree(left, right, ["x"], tree, parse_expression(value)))


@pytest.mark.parametrize("value", ["x", "0", "1", "w", "x + 1"])
def test_a_solved_name_takes_every_value_that_it_may_have(value):
    left, right = parse_expression("abs(x)"), parse_expression("x")
    parts = [[["let", "row 0", sign, "x", "row 1"], LEAF] for sign in (1, 0, -1)]
    tree = {"parts": [[["name", "x", None], {"parts": parts}]]}
    certificate = forged_tree(left, right, ["x"], tree, parse_expression("x"), parse_expression(value))
    assert not accepts(left, right, Context(), certificate)


def test_two_indices_are_looked_at_together_and_apart():
    left, right = parse_expression("x[k]*[k = k']"), parse_expression("x[k']*[k = k']")
    certificate = json.loads(json.dumps(judge(left, right, ARRAYS).certificate))
    assert confirms(left, right, ARRAYS, (), certificate)


def test_a_line_is_not_replaced_by_a_domain():
    left, right = parse_expression("y"), parse_expression("x")
    context = Context({"y": Definition("y", parse_expression("x + 1"))})
    tree = {"parts": [[["name", "y", "row 0"], LEAF]]}
    assert not accepts(left, right, context, forged_tree(left, right, ["y"], tree, right))


@pytest.mark.parametrize("name", ["_0", "x#1"])
def test_names_of_the_checker_are_not_taken(name):
    left, right = call("abs", sym(name)), sym(name)
    tree = {"parts": [[["name", name, None], LEAF]]}
    with pytest.raises(Rejected, match="checker's own"):
        verify_proof(left, right, Context(), forged_tree(left, right, [name], tree))


def test_a_refutation_outside_the_domain_is_rejected():
    left, right = parse_expression("sqrt(x^2)"), parse_expression("x")
    certificate = judge(left, right, Context()).certificate
    verify_refutation(left, right, Context(), certificate)
    with pytest.raises(Rejected):
        verify_refutation(left, right, Context({}, {"x": NAMED["positive"]}), certificate)


def test_a_refutation_of_a_true_step_is_rejected():
    left = parse_expression("exp(x)*exp(x)")
    right = parse_expression("exp(2*x)")
    certificate = judge(left, parse_expression("x"), Context()).certificate
    with pytest.raises(Rejected):
        verify_refutation(left, right, Context(), certificate)


@pytest.mark.parametrize(
    "point",
    [
        {"size(k)": "0"}, {"size(k)": "1/2"}, {"size(k)": "2", "index k": "2"}, {"size(k)": "2", "index k": "-1"},
        {"size(k)": "2", "p[0]": "-1"}, {"size(k)": "2", "t[0]": "1", "t[1]": "1"}, {"size(k)": "2", "t[0]": "1/2"},
        {"size(k)": "2", "s": "1/2"},
    ],
)  # fmt: skip
def test_a_point_outside_of_what_is_declared_is_rejected(point):
    left, right = parse_expression("sum[k](1)"), parse_expression("1")
    verify_refutation(left, right, ARRAYS, {"point": {"size(k)": "2"}, "precision": 64})
    with pytest.raises(Rejected):
        verify_refutation(left, right, ARRAYS, {"point": point, "precision": 64})


@pytest.mark.parametrize(
    "path", sorted(Path(backproof.verify.__file__).parent.glob("*.py")), ids=lambda path: path.stem
)
def test_the_second_checker_imports_nothing_of_the_kernel(path):
    allowed = {"terms", "domains", "errors", "verify"}
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom | ast.Import)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
    }
    ours = {name.split(".")[1] for name in imported if name.startswith("backproof.")}
    assert ours <= allowed
    assert not {name.split(".")[0] for name in imported} & {"flint", "sympy", "numpy"}

"""A file from a stranger is data: nothing in the source can run it, and every text has an answer."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backproof
from backproof.errors import SourceError
from backproof.language import parse_document, parse_expression

#: These run the user's own Python layers, which is what checking layers means; derivation files never reach them.
RUN_LAYERS = {"conventions.py", "discovery.py", "repairs.py"}
ROOT = Path(backproof.__file__).parent
SOURCES = sorted(
    path for path in ROOT.rglob("*.py") if not (path.parent.name == "checking" and path.name in RUN_LAYERS)
)
FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "sympify", "parse_expr", "parse_latex", "pickle", "marshal", "shelve",
    "system", "popen", "getattr_static",
}  # fmt: skip
ALPHABET = "xwabD(){}[]^*/+-=<>!,.:;'\"|&%$#@~`?\\ \n\t0123456789eexplogsqrtmaxminsumwhere_\u2212\uff58\u202e\x00"


def called_or_imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            target = node.func
            found.add(getattr(target, "id", getattr(target, "attr", "")))
            found |= {f"{k.arg}=True" for k in node.keywords if getattr(k.value, "value", None) is True}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names} | {(node.module or "").split(".")[0]}
    return found


def re_compile_only(path: Path) -> bool:
    """Say whether every ``compile`` of a file is that of ``re``."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = [c.func for c in calls if getattr(c.func, "attr", getattr(c.func, "id", "")) == "compile"]
    return all(isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) and f.value.id == "re" for f in named)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.name))
def test_the_source_cannot_run_text(path):
    found = called_or_imported(path)
    assert not found & (FORBIDDEN - {"compile"})
    assert "shell=True" not in found
    assert re_compile_only(path)


def answer(parse, text):
    try:
        parse(text)
    except SourceError as error:
        return error.line >= 1 and error.column >= 1
    return True


@settings(max_examples=300, deadline=2000)
@given(st.text(alphabet=ALPHABET, max_size=200))
def test_every_expression_is_read_or_refused_with_a_place(text):
    assert answer(parse_expression, text)


@settings(max_examples=300, deadline=2000)
@given(st.text(alphabet=ALPHABET, max_size=200))
def test_every_document_is_read_or_refused_with_a_place(text):
    assert answer(parse_document, f"# T\n\n```derive\nnode f(x)\n{text}\n```\n")


@settings(max_examples=100, deadline=2000)
@given(st.text(max_size=300))
def test_any_unicode_is_read_or_refused_with_a_place(text):
    assert answer(parse_document, text)


LARGE = {
    "parentheses": "(" * 100_000 + "x" + ")" * 100_000,
    "minus signs": "-" * 100_000 + "x",
    "a long sum": "+".join(["x"] * 10_000),
    "a tower": "^".join(["x"] * 5_000),
    "a huge number": "9" * 100_000,
    "a huge exponent": "1e999999999",
    "code": "__import__('os').system('true')",
    "a look-alike": "\uff58 + 1",
    "right to left": "x \u202e+ 1",
    "nothing": "\x00",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
def test_large_and_strange_expressions_are_read_or_refused(text):
    assert answer(parse_expression, text)


def test_a_sum_of_ten_thousand_terms_is_legal():
    assert len(parse_expression(LARGE["a long sum"]).args) == 10_000

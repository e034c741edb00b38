"""A file from a stranger is data: nothing in the source can run it, and every text has an answer."""

from __future__ import annotations

import ast
import time
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


def filled(piece: str, head: str = "", tail: str = "") -> str:
    """Return a text of nearly a million characters."""
    return head + piece * ((999_900 - len(head) - len(tail)) // len(piece)) + tail


EXPRESSIONS = {
    "parentheses": "(" * 499_000 + "x" + ")" * 499_000,
    "100,000 parentheses": "(" * 100_000 + "x" + ")" * 100_000,
    "minus signs": filled("-") + "x",
    "100,000 minus signs": "-" * 100_000 + "x",
    "a sum": filled("+x", "x"),
    "a difference": filled("-x", "x"),
    "a product": filled("*x", "x"),
    "a sum of many names": "+".join(f"x{number}" for number in range(140_000)),
    "a sum as long as it may be": "+".join(f"x{number}" for number in range(50_000)),
    "a tower": filled("^x", "x"),
    "a tower of powers of two": "2^2^2^2^2^2^2^2",
    "quotients": filled("/x", "x"),
    "calls": filled("exp(") + "x",
    "choices": filled("where(x>0,"),
    "derivatives": filled("D("),
    "reductions": filled("sum[k]("),
    "signs and parentheses": filled("-("),
    "brackets": filled("x["),
    "comparisons": filled("<x", "x"),
    "conditions": filled(" and x>0", "x>0"),
    "negations": filled("not "),
    "commas": filled("sin(x),"),
    "dots": filled("."),
    "digits": filled("9"),
    "1,001 digits": "9" * 1001,
    "numbers": filled("1.5 "),
    "the largest numbers": filled("1e400*") + "1",
    "a huge number": "1e999999999",
    "a tiny number": "1e-999999999",
    "a huge exponent": "x^" + "9" * 1000,
    "a long name": filled("a"),
    "primes": filled("'", "x"),
    "words": filled("x "),
    "spaces": filled(" ", "", "x"),
    "code": "__import__('os').system('true')",
    "more code": "().__class__.__bases__[0].__subclasses__()",
    "a lambda": "lambda: 0",
    "a template": "{{7*7}} ${7*7} %(x)s {x!r}",
    "a look-alike": "\uff58 + 1",
    "look-alikes": filled("\uff58"),
    "a Cyrillic a": "sigm\u043eid(x)",
    "a superscript": "x\u00b2",
    "combining signs": filled("\u0301", "x"),
    "right to left": "x \u202e+ 1",
    "a zero-width joiner": "x\u200dy",
    "nothing": "\x00",
    "an escape": "\x1b[2J\x1b]0;title\x07x",
    "half a character": "\ud800",
}
NODE = "```derive\nnode f(x)\ny = x\n"
DOCUMENTS = {
    "lines": "".join(f"a{number} = x\n" for number in range(90_000)),
    "a chain of lines": "a0 = x\n" + "".join(f"a{number} = a{number - 1} + 1\n" for number in range(1, 45_000)),
    "a line defined again and again": filled("a = x\n"),
    "a line before its definition": "b = a\na = x\n",
    "a line of itself": "a = a\n",
    "lines in a circle": "a = b\nb = a\n",
    "a long circle": "".join(f"a{number} = a{number + 1}\n" for number in range(60_000)),
    "nodes": "".join(f"node f{number}(x)\ny = x\n" for number in range(45_000)),
    "a node twice": "node f(x)\ny = x\n",
    "a node of itself": "node g(x)\ny = g(x)\n",
    "nodes of each other": "node g(x)\ny = h(x)\nnode h(x)\ny = g(x)\n",
    "a graph in a circle": "graph g\na = f(b)\nb = f(a)\n",
    "claims": filled("claim x = x\n", "given x\n"),
    "given names": "given " + ", ".join(f"x{number}" for number in range(120_000)),
    "inputs": "node g(" + ", ".join(f"x{number}" for number in range(100_000)) + ")\ny = x0",
    "domains": "node g(" + ", ".join(f"x{number}: (0, {number}.5)" for number in range(1, 40_000)) + ")\ny = x1",
    "kinds of one domain": "node g(x: " + "real " * 190_000 + ")\ny = x",
    "an empty domain": "node g(x: (1, 0))\ny = x",
    "a domain without an integer": "node g(x: (0, 1) integer)\ny = x",
    "a contradiction": "node g(x: positive negative)\ny = x",
    "axes": "node g(x[" + ", ".join(f"n{number}" for number in range(100_000)) + "])\ny = x",
    "steps": filled(" = dy\n", "dx = dy\n"),
    "a long reason": "dx = dy -- " + "r" * 990_000,
    "kinks": filled("at x = 0: dx = 0 -- c\n"),
    "examples": filled("example x = 1 -> y = 1\n"),
    "a long list": "example x = [" + "1, " * 330_000 + "1] -> y = 1",
    "lists in lists": "example x = " + "[" * 490_000 + "1" + "]" * 490_000 + " -> y = 1",
    "calls of nodes": "".join(f"a{number} = f(x)\n" for number in range(60_000)),
    "a fence in a fence": "```derive\nnode g(x)\ny = x\n",
}
TEXTS = {
    "an unclosed fence": NODE,
    "an unclosed fence of nodes": filled("node f(x)\ny = x\n", "```derive\n"),
    "fences": filled("```derive\n```\n"),
    "opened fences": filled("```derive\n"),
    "backticks": filled("`"),
    "tildes": filled("~"),
    "blocks": "".join(f"```derive\nnode f{number}(x)\ny = x\n```\n" for number in range(25_000)),
    "prose": filled("a line of prose\n"),
    "headings": filled("# a\n"),
    "dollars": filled("$"),
    "quotations": filled("> ```derive\n"),
    "markup": filled("<script>"),
    "line feeds": filled("\n"),
    "carriage returns": filled("\r"),
    "both": filled("\r\n"),
    "tabs": filled("\t"),
    "byte order marks": filled("\ufeff"),
    "right to left": filled("\u202e"),
    "nothing": filled("\x00"),
    "more than a million characters": "x" * 1_000_001,
}
LARGE = [
    *((f"expression: {name}", parse_expression, text) for name, text in EXPRESSIONS.items()),
    *((f"right side: {name}", parse_document, f"{NODE}z = {text}\n```\n") for name, text in EXPRESSIONS.items()),
    *((f"document: {name}", parse_document, f"{NODE}{text}\n```\n") for name, text in DOCUMENTS.items()),
    *((f"text: {name}", parse_document, text) for name, text in TEXTS.items()),
]


@pytest.mark.parametrize(("parse", "text"), [row[1:] for row in LARGE], ids=[row[0] for row in LARGE])
def test_large_and_strange_texts_are_read_or_refused_within_a_second(parse, text):
    start = time.process_time()
    assert answer(parse, text)
    assert time.process_time() - start < 1


def test_a_sum_of_ten_thousand_terms_is_legal():
    assert len(parse_expression("+".join(["x"] * 10_000)).args) == 10_000


@pytest.mark.parametrize("name", ["a line of itself", "lines in a circle", "a line before its definition",
                                  "a node twice", "a line defined again and again", "an empty domain",
                                  "a domain without an integer", "a contradiction", "a fence in a fence"])  # fmt: skip
def test_what_contradicts_itself_is_refused_with_its_line_and_a_caret(name):
    with pytest.raises(SourceError) as refused:
        parse_document(f"{NODE}{DOCUMENTS[name]}\n```\n", "f.md")
    assert str(refused.value).startswith("f.md:")
    assert str(refused.value).endswith("^")

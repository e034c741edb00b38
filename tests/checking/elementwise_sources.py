# ruff: noqa: E501 - a row of the table is one line
"""Book-style classes for the elementwise nodes of the catalogue, written out from their files, and mistakes in them."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backproof import catalogue
from backproof.checking.specification import gradient_formula, node_named
from backproof.errors import BackproofError
from backproof.language.document import Node
from backproof.terms import Term, names, postorder

CODE: dict[str, str] = {
    "neg": "(-{})", "div": "({} / {})", "pow": "({} ** {})", "exp": "np.exp({})", "log": "np.log({})",
    "sqrt": "np.sqrt({})", "abs": "np.abs({})", "sign": "np.sign({})", "sin": "np.sin({})", "cos": "np.cos({})",
    "tan": "np.tan({})", "atan": "np.arctan({})", "sinh": "np.sinh({})", "cosh": "np.cosh({})",
    "tanh": "np.tanh({})", "erf": "erf({})", "lt": "({} < {})", "le": "({} <= {})", "gt": "({} > {})",
    "ge": "({} >= {})", "eq": "({} == {})", "ne": "({} != {})", "where": "np.where({}, {}, {})", "not": "(~{})",
}  # fmt: skip
FOLDED = {"add": " + ", "mul": " * ", "and": " & ", "or": " | "}
PAIRED = {"max": "np.maximum({}, {})", "min": "np.minimum({}, {})"}
HEADER = "import math\nimport numpy as np\nerf = np.vectorize(math.erf, otypes=[float])\n"


def code(root: Term, known: dict[str, str]) -> str:
    """Return a term as numpy code."""
    done: dict[Term, str] = {}
    for term in postorder(root):
        args = [done[arg] for arg in term.args]
        if term.head == "num":
            done[term] = repr(float(term.data)) if term.data.denominator != 1 else str(term.data)
        elif term.head == "sym":
            done[term] = known.get(term.data, term.data)
        elif term.head in FOLDED:
            done[term] = f"({FOLDED[term.head].join(args)})"
        elif term.head in PAIRED:
            text = args[0]
            for arg in args[1:]:
                text = PAIRED[term.head].format(text, arg)
            done[term] = text
        else:
            done[term] = CODE[term.head].format(*args)
    return done[root]


def _gradients(node: Node) -> dict[str, Term]:
    found = {given.name: gradient_formula(node, given.name) for given in node.inputs}
    return {name: term for name, term in found.items() if term is not None}


#: Gradients of nodes whose files give the forward pass only, for input names and lines of those files.
PLAIN: dict[str, tuple[str, str, str]] = {
    "exp": ("x", "y = np.exp(x)", "dout * self.y"),
    "log": ("x", "y = np.log(x)", "dout / self.x"),
    "sqrt": ("x", "y = np.sqrt(x)", "dout / (2 * self.y)"),
    "neg": ("x", "y = -x", "-dout"),
    "square": ("x", "y = x ** 2", "2 * self.x * dout"),
    "tanh": ("x", "y = np.tanh(x)", "dout * (1 - self.y * self.y)"),
    "elu": ("x", "y = np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)", "dout * np.where(self.x > 0, 1, self.y + 1)"),
    "log-sigmoid": ("x", "y = -np.log(1 + np.exp(-x))", "dout * (1 - np.exp(self.y))"),
    "mish": ("x", "y = x * np.tanh(np.log(1 + np.exp(x)))", "dout * (np.tanh(np.log(1 + np.exp(self.x))) + self.x "
             "* (1 - np.tanh(np.log(1 + np.exp(self.x))) ** 2) / (1 + np.exp(-self.x)))"),
}  # fmt: skip


def plain_source(name: str) -> str:
    """Return a class for a row of ``PLAIN``."""
    given, forward, backward = PLAIN[name]
    kept = "\n".join(f"        self.{n} = {n}" for n in ("x", "y"))
    return (
        HEADER
        + f"""class {_class(name)}:
    def forward(self, {given}):
        {forward}
{kept}
        return y + 0.0
    def backward(self, dout):
        dx = {backward}
        return dx
"""
    )


def source(name: str) -> str | None:
    """Return a class that computes a node and its stated gradient, or None where the catalogue states none."""
    node = node_named(name)
    if node is None or not _gradients(node):
        return None
    gradients = _gradients(node)
    inputs = [given.name for given in node.inputs]
    lines = [line.name for line in node.lines]
    output = lines[-1]
    used = {n for term in gradients.values() for n in names(term)} - {f"d{output}", "pi"}
    if not used <= {*inputs, *lines} or len(gradients) < len(inputs):
        return None
    text = [f"class {_class(name)}:", f"    def forward(self, {', '.join(inputs)}):"]
    text += [f"        {line.name} = {code(line.term, {'pi': 'np.pi'})}" for line in node.lines]
    text += [f"        self.{n} = {n}" for n in sorted(used | {inputs[0], output})]
    text += [f"        return {output} + 0.0", "    def backward(self, dout):"]
    known = {f"d{output}": "dout", "pi": "np.pi"} | {n: f"self.{n}" for n in used}
    results = [code(gradients[n], known) for n in inputs]
    text += [f"        d{n} = {result}" for n, result in zip(inputs, results, strict=True)]
    text += [f"        return {', '.join('d' + n for n in inputs)}"]
    return HEADER + "\n".join(text) + "\n"


def _class(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def sources() -> dict[str, str]:
    """Return the classes of all elementwise nodes whose gradients the catalogue states."""
    found = {name: plain_source(name) for name in PLAIN}
    for name in catalogue.names():
        try:
            text = source(name)
        except BackproofError:
            text = None
        if text is not None:
            found.setdefault(name, text)
    return found


# ------------------------------------------------------------------ mistakes


@dataclass(frozen=True)
class Mutant:
    """A layer with a mistake: the layer, the mistake, the source, and the names that say what it is."""

    layer: str
    fault: str
    source: str
    accepted: str
    original: str = ""

    @property
    def id(self) -> str:
        return f"{self.layer}: {self.fault}"


def _result(text: str) -> tuple[str, str]:
    """Return the first gradient's line and expression."""
    line = next(line for line in text.splitlines() if re.match(r"        d\w+ = ", line))
    return line, line.split(" = ", 1)[1]


def _wrap(pattern: str) -> Callable[[str], Iterator[str]]:
    def make(text: str) -> Iterator[str]:
        line, result = _result(text)
        yield text.replace(line, line.split(" = ")[0] + " = " + pattern.format(result))

    return make


def _replace(pattern: str, new: str) -> Callable[[str], Iterator[str]]:
    def make(text: str) -> Iterator[str]:
        line, result = _result(text)
        changed = re.sub(pattern, new, result)
        if changed != result and (not new.startswith("self.") or f"{new} = " in text):
            yield text.replace(line, line.split(" = ")[0] + " = " + changed)

    return make


def _drop_terms(text: str) -> Iterator[str]:
    """Yield the class with the first sum of the gradient short of its last term."""
    line, result = _result(text)
    tree = ast.parse(result, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            changed = _swap(tree, node, node.left)
            yield text.replace(line, line.split(" = ")[0] + " = " + changed)
            return


def _swap(tree: ast.Expression, old: ast.AST, new: ast.AST) -> str:
    class Put(ast.NodeTransformer):
        def generic_visit(self, node: ast.AST) -> ast.AST:
            return copy.deepcopy(new) if node is old else super().generic_visit(node)

    return ast.unparse(Put().visit(tree))


def _inner_sign(text: str) -> Iterator[str]:
    line, result = _result(text)
    for old, new in ((" + ", " - "), ("(-", "(+")):
        position = result.find(old)
        if position >= 0:
            changed = result[:position] + new + result[position + len(old) :]
            yield text.replace(line, line.split(" = ")[0] + " = " + changed)
            return


def _branch(text: str) -> Iterator[str]:
    """Yield the class whose gradient ignores the condition of its first branch."""
    line, result = _result(text)
    tree = ast.parse(result, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "where":
            changed = _swap(tree, node, node.args[1])
            yield text.replace(line, line.split(" = ")[0] + " = " + changed)
            return


def _flipped_branch(text: str) -> Iterator[str]:
    line, result = _result(text)
    tree = ast.parse(result, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "where":
            node.args[1], node.args[2] = node.args[2], node.args[1]
            yield text.replace(line, line.split(" = ")[0] + " = " + ast.unparse(tree))
            return


def _stale(text: str) -> Iterator[str]:
    kept = [name for name in ("x", "y", "t") if f"self.{name} = " in text and f"self.{name}" in _result(text)[1]]
    if kept:
        line = f"        self.{kept[0]} = {kept[0]}\n"
        yield text.replace(
            line, f"        self.{kept[0]} = {kept[0]} if not hasattr(self, '{kept[0]}') else self.{kept[0]}\n"
        )


def _swapped_results(text: str) -> Iterator[str]:
    found = re.search(r"        return (d\w+), (d\w+)\n", text)
    if found:
        yield text.replace(found[0], f"        return {found[2]}, {found[1]}\n")


def _output_kept(text: str) -> Iterator[str]:
    found = re.search(r"        self\.(\w+) = (\w+)\n        return \2 \+ 0\.0", text)
    if found and f"self.{found[1]}" in _result(text)[1]:
        yield text.replace(f"return {found[2]} + 0.0", f"return self.{found[1]}")


def _cut(text: str) -> Iterator[str]:
    """Yield a class that is given float32 back for float64."""
    line, result = _result(text)
    yield text.replace(line, line.split(" = ")[0] + f" = ({result}).astype(np.float32)")


MUTATIONS: tuple[tuple[str, Callable[[str], Iterator[str]], str], ...] = (
    ("sign", _wrap("-({})"), "sign"),
    ("sign inside", _inner_sign, "sign|dropped|superfluous|factor|mask|power"),
    ("factor 2", _wrap("2 * ({})"), "factor|superfluous"),
    ("factor 1/2", _wrap("0.5 * ({})"), "factor|superfluous"),
    ("extra 1/N", _wrap("({}) / len(np.atleast_1d(dout))"), "1/N|mean"),
    ("upstream ignored", _replace(r"\bdout\b", "np.ones_like(dout)"), "upstream ignored"),
    ("upstream applied twice", _wrap("dout * ({})"), "upstream applied twice"),
    ("dropped term", _drop_terms, "dropped|ignored|superfluous|factor|path|sign|another"),
    ("y used for x", _replace(r"self\.x\b", "self.y"), "y used for x"),
    ("x used for y", _replace(r"self\.y\b", "self.x"), "x used for y|y used for x"),
    ("mask missing", _branch, "mask|branch|dropped factor"),
    ("mask inverted", _flipped_branch, "mask|branch"),
    ("derivative of another function", lambda text: _other_function(text), "another"),
    ("stale cache", _stale, "stale cache"),
    ("argument order", _swapped_results, "argument order|sign"),
    ("output is the cache", _output_kept, "output is the cache"),
    ("float32 for float64", _cut, "narrower dtype"),
    ("upstream overwritten", lambda text: iter([text.replace("    def backward(self, dout):\n", "    def backward(self, dout):\n        dout *= 1.5\n        dout = dout / 1.5\n")]), "upstream overwritten"),
    ("memory order", lambda text: iter([text.replace("    def backward(self, dout):\n", "    def backward(self, dout):\n        dout = np.ravel(dout, order='K').reshape(dout.shape)\n")]), "memory order"),
    ("wrong subgradient", lambda text: _subgradient(text), "wrong subgradient"),
)  # fmt: skip


def _subgradient(text: str) -> Iterator[str]:
    """Yield a class whose slope at the kink lies outside of both sides' slopes."""
    if "np.where" in text or "np.maximum" in text or "np.abs" in text:
        line, result = _result(text)
        if "forward(self, x)" in text and "self.x" in text:
            yield text.replace(line, line.split(" = ")[0] + f" = np.where(self.x == 0, 7 * dout, {result})")


def _other_function(text: str) -> Iterator[str]:
    """Yield a class whose gradient is that of the sine."""
    if "forward(self, x):" in text and "self.x = x" in text:
        line, _ = _result(text)
        yield text.replace(line, line.split(" = ")[0] + " = dout * np.cos(self.x)")


def mutants() -> list[Mutant]:
    """Return every mistake in every class where it can be made."""
    found = []
    for name, text in sources().items():
        for fault, mutate, accepted in MUTATIONS:
            found += [Mutant(name, fault, changed, accepted, text) for changed in mutate(text)]
    return found

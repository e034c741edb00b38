"""Mutants that nobody designed: every operator, constant, axis, name and statement of every backward pass, changed.

The operators are the usual ones of mutation testing (DeMillo, Lipton and Sayward 1978).  They know nothing of the
checker's tables: what is expected of a mutant is only that it gives another result than the original, or touches
what is not its own, and whether it does is found by running both on numbers.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.checking import elementwise_sources

ROOT = Path(__file__).parents[2]
FILES = {
    **{
        f"mylayers.{name}": ROOT / "tests" / "mylayers" / f"{name}.py"
        for name in ("book", "functions", "lists", "pairs")
    },
    **{
        f"layers.{path.stem}": path
        for path in sorted((ROOT / "src" / "backproof" / "layers").glob("*.py"))
        if path.stem not in ("__init__", "arrays", "windows")
    },
}  # fmt: skip


@dataclass(frozen=True)
class Generic:
    """A file with one change: which operator, where, and the statement before and after."""

    file: str
    operator: str
    line: int
    before: str
    after: str
    source: str
    original: str
    function: str
    cls: str

    @property
    def id(self) -> str:
        return f"{self.file}:{self.line} {self.operator}: {self.before} -> {self.after}"


Change = tuple[str, ast.AST]

SWAPPED: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div, ast.Add), ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,),
    ast.Lt: (ast.GtE, ast.LtE), ast.LtE: (ast.Gt, ast.Lt), ast.Gt: (ast.LtE, ast.GtE), ast.GtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,),
}  # fmt: skip


def _operators(node: ast.AST, names: Sequence[str]) -> Iterator[Change]:
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        for new in SWAPPED.get(type(node.op), ()):
            changed: Any = copy.deepcopy(node)
            changed.op = new()
            yield "operator", changed
    if isinstance(node, ast.BinOp):
        yield "operand left out", node.left
        yield "operand left out", node.right
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult)):
            yield "operands swapped", ast.BinOp(node.right, node.op, node.left)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for new in SWAPPED.get(type(node.ops[0]), ()):
            yield "comparison", ast.Compare(node.left, [new()], node.comparators)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert, ast.Not)):
        yield "unary operator left out", node.operand


def _constants(node: ast.AST, names: Sequence[str]) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        yield "constant + 1", ast.Constant(node.value + 1)
        yield "constant negated", ast.UnaryOp(ast.USub(), ast.Constant(node.value))
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "constant", ast.Constant(not node.value)


def _names(node: ast.AST, names: Sequence[str]) -> Iterator[Change]:
    if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load) and ast.unparse(node) in names:
        at = names.index(ast.unparse(node))
        step = 1 + getattr(node, "col_offset", 0) % max(1, len(names) - 1)
        other = names[(at + step) % len(names)]
        if other != names[at]:
            yield "another name", ast.parse(other, mode="eval").body


def _calls(node: ast.AST, names: Sequence[str]) -> Iterator[Change]:
    if isinstance(node, ast.Call):
        for i in range(len(node.keywords)):
            yield "keyword left out", ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])
        if node.args:
            yield "call left out", node.args[0]
        elif isinstance(node.func, ast.Attribute):
            yield "call left out", node.func.value
        if len(node.args) == 2:
            yield "arguments swapped", ast.Call(node.func, node.args[::-1], node.keywords)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposition left out", node.value
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield "negated", ast.UnaryOp(ast.USub(), node)
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        yield "tuple reversed", ast.Tuple(node.elts[::-1], ast.Load())
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield "index left out", node.value


OPERATORS: tuple[Callable[[ast.AST, Sequence[str]], Iterator[Change]], ...] = (_operators, _constants, _names, _calls)


def generic_mutants(file: str, text: str) -> Iterator[Generic]:
    """Yield every change of every backward pass of a file's text; of the other names, one for each place."""
    tree = ast.parse(text)
    for owner, function in _backward_passes(tree):
        for place in list(_places(function)):
            statement, holder, field, index, node = place
            for operator, new in _changes(function, node):
                before = ast.unparse(statement)
                _put(holder, field, index, new)
                ast.fix_missing_locations(tree)
                yield _mutant(file, operator, statement, before, tree, text, function, owner)
                _put(holder, field, index, node)
        for body, index in list(_droppable(function)):
            kept = body[index]
            body[index] = ast.Pass(lineno=kept.lineno, col_offset=kept.col_offset)
            before = ast.unparse(kept)
            source = ast.unparse(tree)
            body[index] = kept
            yield Generic(file, "statement left out", kept.lineno, before, "pass", source, text, function.name, owner)


def _mutant(
    file: str, operator: str, statement: Any, before: str, tree: Any, text: str, function: Any, owner: str
) -> Generic:
    return Generic(
        file, operator, statement.lineno, before, ast.unparse(statement), ast.unparse(tree), text, function.name, owner
    )


def _backward_passes(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the backward methods and functions, with the class they belong to."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from (
                (node.name, part) for part in node.body
                if isinstance(part, ast.FunctionDef) and part.name in ("backward", "_pull")
            )  # fmt: skip
        elif isinstance(node, ast.FunctionDef) and "backward" in node.name:
            yield "", node


def _places(function: ast.FunctionDef) -> Iterator[tuple[Any, Any, str, int | None, ast.AST]]:
    for statement in ast.walk(function):
        if not isinstance(statement, ast.stmt) or isinstance(statement, (ast.FunctionDef, ast.For, ast.If, ast.With)):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # the docstring
        for holder in ast.walk(statement):
            for field, value in ast.iter_fields(holder):
                if field in ("annotation", "targets", "target", "func", "op", "ops", "ctx"):
                    continue
                if isinstance(value, ast.expr):
                    yield statement, holder, field, None, value
                elif isinstance(value, list):
                    yield from (
                        (statement, holder, field, i, v) for i, v in enumerate(value) if isinstance(v, ast.expr)
                    )


def _changes(function: ast.FunctionDef, node: ast.AST) -> Iterator[Change]:
    names = _arrays(function)
    for operator in OPERATORS:
        yield from operator(node, names)


def _arrays(function: ast.FunctionDef) -> list[str]:
    """Return the names that a backward pass reads: its arguments, its locals, attributes of the instance."""
    found = [arg.arg for arg in function.args.args if arg.arg != "self"]
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            found.append(ast.unparse(node))
    return list(dict.fromkeys(found))


def _droppable(function: ast.FunctionDef) -> Iterator[tuple[list[ast.stmt], int]]:
    for holder in ast.walk(function):
        body = getattr(holder, "body", None)
        if isinstance(body, list):
            yield from (
                (body, i) for i, part in enumerate(body)
                if isinstance(part, (ast.Assign, ast.AugAssign, ast.Expr)) and not _is_docstring(part)
            )  # fmt: skip


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _put(holder: Any, field: str, index: int | None, new: ast.AST) -> None:
    if index is None:
        setattr(holder, field, new)
    else:
        getattr(holder, field)[index] = new


def all_mutants() -> Iterator[Generic]:
    """Yield the mutants of every file, and of the classes written out from the catalogue."""
    for file, path in FILES.items():
        yield from generic_mutants(file, path.read_text(encoding="utf-8"))
    for name, text in elementwise_sources.sources().items():
        yield from generic_mutants(f"catalogue.{name}", text)

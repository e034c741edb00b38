"""The table of single edits of a backward pass: each undoes one mistake that people make, and says which."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

Edit = tuple[str, str, ast.AST]
Rule = Callable[[ast.AST, "Scope"], Iterator[Edit]]


@dataclass(frozen=True)
class Scope:
    """What may be written in a backward pass: names for arrays, names of the upstream gradient, sizes."""

    arrays: tuple[str, ...]
    upstreams: tuple[str, ...]
    parameters: tuple[str, ...]
    settings: tuple[str, ...] = ()

    def expressions(self) -> Iterator[tuple[str, ast.expr]]:
        """Yield what a factor may be, with its text."""
        for text in self.arrays:
            yield text, _expression(text)


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _copied(node: Any) -> Any:
    return copy.deepcopy(node)


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "…"


def _signs(node: ast.AST, _: Scope) -> Iterator[Edit]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", f"the sign of `{_short(node.operand)}` is wrong", node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        operator = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "sign", f"the sign of `{_short(node.right)}` is wrong", ast.BinOp(node.left, operator, node.right)
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        operator = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "sign", "the sign of what is added is wrong", ast.AugAssign(node.target, operator, node.value)


def _value_signs(node: ast.AST, _: Scope) -> Iterator[Edit]:
    if isinstance(node, (ast.BinOp, ast.Call)):
        yield "sign", f"the sign of `{_short(node)}` is wrong", ast.UnaryOp(ast.USub(), _copied(node))


def _operators(node: ast.AST, _: Scope) -> Iterator[Edit]:
    if not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, ast.Mult):
        yield (
            "factor",
            f"`{_short(node.right)}` multiplies where it ought to divide",
            ast.BinOp(node.left, ast.Div(), node.right),
        )
    elif isinstance(node.op, ast.Div):
        yield (
            "factor",
            f"`{_short(node.right)}` divides where it ought to multiply",
            ast.BinOp(node.left, ast.Mult(), node.right),
        )


def _sums_for_products(node: ast.AST, _: Scope) -> Iterator[Edit]:
    """Yield a product in the place of a sum and the other way round, a power in the place of a product."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        for operator, word in ((ast.Mult(), "multiplied"), (ast.Div(), "divided")):
            message = f"`{_short(node.left)}` and `{_short(node.right)}` ought to be {word}"
            yield "operator", message, ast.BinOp(node.left, operator, node.right)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        for added in (ast.Add(), ast.Sub()):
            word = "added" if isinstance(added, ast.Add) else "subtracted"
            message = f"`{_short(node.left)}` and `{_short(node.right)}` ought to be {word}"
            yield "operator", message, ast.BinOp(node.left, added, node.right)
        if isinstance(node.right, ast.Constant) and isinstance(node.op, ast.Mult):
            power = ast.BinOp(node.left, ast.Pow(), node.right)
            yield "power", f"`{_short(node)}` ought to be `{_short(power)}`", power


def _complements(node: ast.AST, scope: Scope) -> Iterator[Edit]:
    """Yield 1 - z in the place of z."""
    if (
        isinstance(node, (ast.Name, ast.Attribute))
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node) not in (scope.upstreams)
    ):
        text = ast.unparse(node)
        changed = ast.BinOp(ast.Constant(1), ast.Sub(), _copied(node))
        yield (
            f"{last_name(text)} used for 1 - {last_name(text)}",
            f"`{text}` stands where `1 - {text}` ought to",
            changed,
        )


def _superfluous(node: ast.AST, scope: Scope) -> Iterator[Edit]:
    """Yield an operation without one of its operands."""
    if not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, (ast.Mult, ast.Div)):
        size = (
            "len(" in ast.unparse(node.right)
            or "shape" in ast.unparse(node.right)
            or ast.unparse(node.right).lower() in _SIZES
        )
        name = "extra 1/N" if isinstance(node.op, ast.Div) and size else "superfluous factor"
        if ast.unparse(node.right) in scope.upstreams:
            name = "upstream applied twice"
        yield name, f"`{_short(node.right)}` is one too many", node.left
        if isinstance(node.op, ast.Mult):
            name = "upstream applied twice" if ast.unparse(node.left) in scope.upstreams else "superfluous factor"
            yield name, f"`{_short(node.left)}` is one too many", node.right
    elif isinstance(node.op, (ast.Add, ast.Sub)):
        yield "superfluous term", f"`{_short(node.right)}` is one too many", node.left
        if isinstance(node.op, ast.Add):
            yield "superfluous term", f"`{_short(node.left)}` is one too many", node.right


_SIZES: Final = frozenset({"n", "m", "batch_size", "batch", "size", "count", "num"})


def _names(node: ast.AST, scope: Scope) -> Iterator[Edit]:
    """Yield another array in the place of a name or attribute."""
    if not isinstance(node, (ast.Name, ast.Attribute)) or not isinstance(node.ctx, ast.Load):
        return
    old = ast.unparse(node)
    if old not in scope.arrays:
        return
    for text, expression in scope.expressions():
        if text != old:
            fault = f"{last_name(old)} used for {last_name(text)}"
            yield fault, f"`{old}` stands where `{text}` ought to", expression


def last_name(text: str) -> str:
    """Return ``self.out`` as ``out``."""
    return text.rsplit(".", 1)[-1].strip("_")


def _transposes(node: ast.AST, _: Scope) -> Iterator[Edit]:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed operand", f"`{_short(node)}` ought not to be transposed", node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield from _product(node, node.left, node.right, lambda a, b: ast.BinOp(a, ast.MatMult(), b))
    if isinstance(node, ast.Call) and _called(node) in ("dot", "matmul") and len(node.args) == 2:
        yield from _product(node, node.args[0], node.args[1], lambda a, b: ast.Call(node.func, [a, b], node.keywords))
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "dot"
        and len(node.args) == 1
    ):
        yield from _product(
            node, node.func.value, node.args[0],
            lambda a, b: ast.Call(ast.Attribute(a, "dot", ast.Load()), [b], node.keywords),
        )  # fmt: skip


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _product(node: ast.AST, left: Any, right: Any, build: Callable[[Any, Any], ast.AST]) -> Iterator[Edit]:
    """Yield a matrix product with its factors swapped, or one of them transposed or not."""
    yield "argument order", f"the factors of `{_short(node)}` are in the wrong order", build(right, left)
    flipped = _flip(left), _flip(right)
    yield "transposed operand", f"`{_short(left)}` ought to be transposed", build(flipped[0], right)
    yield "transposed operand", f"`{_short(right)}` ought to be transposed", build(left, flipped[1])
    yield "transposed operand", f"both factors of `{_short(node)}` are transposed wrongly", build(*flipped)
    yield "argument order", f"the factors of `{_short(node)}` are in the wrong order", build(flipped[1], flipped[0])
    yield "argument order", f"the factors of `{_short(node)}` are in the wrong order", build(flipped[1], left)
    yield "argument order", f"the factors of `{_short(node)}` are in the wrong order", build(right, flipped[0])


def _flip(node: Any) -> Any:
    return (
        node.value
        if isinstance(node, ast.Attribute) and node.attr == "T"
        else ast.Attribute(_copied(node), "T", ast.Load())
    )


def _reductions(node: ast.AST, _: Scope) -> Iterator[Edit]:
    """Yield a mean for a sum, a sum for a mean."""
    others = {"sum": "mean", "mean": "sum"}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in others:
        other = others[node.func.attr]
        changed = ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
        fault = "mean for sum" if other == "sum" else "missing 1/N"
        yield fault, f"`{_short(node)}` is a {node.func.attr} where a {other} is meant", changed


def _axes(node: ast.AST, _: Scope) -> Iterator[Edit]:
    """Yield another axis for a reduction, or one where it goes over all."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    named = [i for i, keyword in enumerate(node.keywords) if keyword.arg == "axis"]
    for axis in _AXES:
        keywords, args = list(node.keywords), list(node.args)
        if named:
            old = ast.unparse(keywords[named[0]].value)
            keywords[named[0]] = ast.keyword("axis", _expression(axis))
        elif node.func.attr in _REDUCTIONS and args and isinstance(args[-1], ast.Constant):
            old, args[-1] = ast.unparse(args[-1]), _expression(axis)
        elif node.func.attr in ("sum", "mean") and len(args) < 2:
            old = "None"
            keywords = [ast.keyword("axis", _expression(axis)), *keywords]
        else:
            return
        if axis != old:
            said = "all axes" if old == "None" else f"axis {old}"
            message = f"`{_short(node)}` goes over {said} where axis {axis} is meant"
            yield "wrong axis", message, ast.Call(node.func, args, keywords)


_REDUCTIONS: Final = frozenset({"sum", "mean", "max", "min"})
_AXES: Final = ("0", "1", "-1", "2", "None", "(0, 1)", "(0, 2, 3)")


def _sums(node: ast.AST, _: Scope) -> Iterator[Edit]:
    """Yield a sum over the batch around a value that is assigned or returned."""
    if isinstance(node, (ast.Name, ast.BinOp, ast.Call)) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        for axis in ("0", "-1"):
            summed = ast.Call(
                ast.Attribute(_copied(node), "sum", ast.Load()), [], [ast.keyword("axis", _expression(axis))]
            )
            yield "missing batch sum", f"`{_short(node)}` is not summed over axis {axis}", summed


def _constants(node: ast.AST, _: Scope) -> Iterator[Edit]:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        value = node.value
        for other in dict.fromkeys(
            (value + 1, value - 1, 2 * value, value / 2, 0.5, 1, 2, 3, -value, 1 / value if value else 0)
        ):
            if other != value:
                yield "factor", f"`{value}` ought to be `{other:g}`", ast.Constant(other)


def _factors(node: ast.AST, scope: Scope) -> Iterator[Edit]:
    """Yield a value with a factor that was left out."""
    if not isinstance(node, (ast.BinOp, ast.Name, ast.Attribute, ast.Call)) or not _is_read(node):
        return
    for text, expression in scope.expressions():
        fault, what = _left_out(text, scope)
        yield fault, f"`{_short(node)}` lacks the {what} `{text}`", ast.BinOp(_copied(node), ast.Mult(), expression)
    for text in scope.settings:
        yield "factor", f"`{_short(node)}` lacks the factor `{text}`", _times(node, text)
        yield "factor", f"`{_short(node)}` is to be divided by `{text}`", _over(node, text)
    for number in ("2", "3", "0.5"):
        changed = ast.BinOp(_expression(number), ast.Mult(), _copied(node))
        yield "factor", f"`{_short(node)}` lacks the factor {number}", changed
    for size in [f"{name}.shape[{axis}]" for name in scope.arrays[:4] for axis in (0, -1)]:
        yield "missing 1/N", f"`{_short(node)}` is not divided by `{size}`", _over(node, size)
        yield "extra 1/N", f"`{_short(node)}` lacks the factor `{size}`", _times(node, size)


def _is_read(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def _left_out(text: str, scope: Scope) -> tuple[str, str]:
    """Return the fault that leaving out an array is, and what the array is called in the message."""
    if text in scope.upstreams:
        return "upstream ignored", "upstream gradient"
    if "mask" in text.lower():
        return "mask missing", "mask"
    return f"{last_name(text)} ignored", "factor"


def _times(node: Any, text: str) -> ast.BinOp:
    return ast.BinOp(_copied(node), ast.Mult(), _expression(text))


def _over(node: Any, text: str) -> ast.BinOp:
    return ast.BinOp(_copied(node), ast.Div(), _expression(text))


def _comparisons(node: ast.AST, scope: Scope) -> Iterator[Edit]:
    if isinstance(node, ast.Compare):
        for text, expression in scope.expressions():
            if "mask" in text:
                yield "wrong mask", f"`{_short(node)}` stands where `{text}` ought to", expression
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        flipped: dict[type[ast.cmpop], type[ast.cmpop]] = {
            ast.Gt: ast.LtE,
            ast.GtE: ast.Lt,
            ast.Lt: ast.GtE,
            ast.LtE: ast.Gt,
        }
        other = flipped.get(type(node.ops[0]))
        if other is not None:
            yield (
                "mask inverted",
                f"`{_short(node)}` is the wrong way round",
                ast.Compare(node.left, [other()], node.comparators),
            )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Invert, ast.Not)):
        yield "mask inverted", f"`{_short(node)}` is the wrong way round", node.operand
    if isinstance(node, (ast.Name, ast.Attribute)) and "mask" in ast.unparse(node) and isinstance(node.ctx, ast.Load):
        yield "mask inverted", f"`{_short(node)}` is the wrong way round", ast.UnaryOp(ast.Invert(), _copied(node))


def _orders(node: ast.AST, _: Scope) -> Iterator[Edit]:
    """Yield a tuple with two of its entries exchanged, a difference or quotient the other way round."""
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        for i in range(len(node.elts)):
            for j in range(i):
                entries = list(node.elts)
                entries[i], entries[j] = entries[j], entries[i]
                yield "argument order", f"`{_short(node)}` is in the wrong order", ast.Tuple(entries, ast.Load())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield "argument order", f"`{_short(node)}` is upside down", ast.BinOp(node.right, ast.Div(), node.left)


def _powers(node: ast.AST, _: Scope) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield "power", f"`{_short(node)}` ought not to be raised to a power", node.left
    elif isinstance(node, (ast.Name, ast.Attribute, ast.Call)) and isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        yield "power", f"`{_short(node)}` ought to be squared", ast.BinOp(_copied(node), ast.Pow(), ast.Constant(2))


def _assignments(node: ast.AST, _: Scope) -> Iterator[Edit]:
    """Yield an addition in the place of an assignment to entries, which overwrites what is there."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
        target = node.targets[0]
        message = f"`{_short(target)}` is overwritten where it ought to be added to"
        yield "overwritten contributions", message, ast.AugAssign(target, ast.Add(), node.value)
        call = ast.Call(_expression("np.add.at"), [_loaded(target.value), _loaded(target.slice), node.value], [])
        yield "overwritten contributions", message, ast.Expr(call)


def _loaded(node: Any) -> Any:
    copied = _copied(node)
    for part in ast.walk(copied):
        if hasattr(part, "ctx"):
            part.ctx = ast.Load()
    return copied


def _rows(node: ast.AST, _: Scope) -> Iterator[Edit]:
    """Yield the sum of all rows in the place of one row."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.ctx, ast.Load):
        summed = ast.Call(ast.Attribute(node.value, "sum", ast.Load()), [], [ast.keyword("axis", ast.Constant(0))])
        yield "missing batch sum", f"`{_short(node)}` is one row where the sum of all is meant", summed


def _functions(node: ast.AST, _: Scope) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RELATED:
        for other in _RELATED - {node.func.attr}:
            changed = ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
            yield "derivative of another function", f"`{_short(node)}`: {other} is meant", changed


_RELATED: Final = frozenset({"exp", "log", "sqrt", "tanh", "sin", "cos", "sinh", "cosh", "square"})

#: One row each; the rules that say most come first, since the first edit that repairs everything names the fault.
EVERYWHERE: Final[tuple[Rule, ...]] = (
    _signs, _assignments, _rows, _transposes, _reductions, _axes, _comparisons, _orders, _names, _operators,
    _superfluous, _constants, _functions, _powers, _sums_for_products, _complements,
)  # fmt: skip
#: For whole values only: what is assigned, returned, or an operand of a product.
VALUES: Final[tuple[Rule, ...]] = (_value_signs, _sums, _factors)


def statements(body: Sequence[ast.stmt]) -> Iterator[tuple[int, ast.stmt]]:
    """Yield the statements that may be one too many: not the first ones that only unpack, not a return."""
    for index, statement in enumerate(body):
        if isinstance(statement, (ast.AugAssign, ast.Assign)) and len(body) > 1:
            yield index, statement

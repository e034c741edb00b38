"""What a layer ought to compute: a node of the catalogue whose forward it shares, or its own forward pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from backproof import catalogue
from backproof.checking.layer import Layer
from backproof.checking.lifted import Lifted
from backproof.errors import BackproofError
from backproof.language.document import Node
from backproof.terms import Term, postorder, sym

#: Names that people give to nodes of the catalogue.
ALIASES: Final[dict[str, str]] = {
    "swish": "silu", "linear": "affine", "dense": "affine", "fully-connected": "affine", "fc": "affine",
    "softmax-with-loss": "softmax-cross-entropy", "softmax-loss": "softmax-cross-entropy", "inverse": "reciprocal",
    "bce": "binary-cross-entropy", "bce-with-logits": "binary-cross-entropy-with-logits", "multiply": "mul",
    "logistic": "sigmoid", "addition": "add", "subtract": "sub", "divide": "div", "hardtanh": "hard-tanh",
    "lrelu": "leaky-relu", "leakyrelu": "leaky-relu", "logsigmoid": "log-sigmoid", "hardsigmoid": "hard-sigmoid",
    "hardswish": "hard-swish", "conv": "convolution", "conv2d": "convolution", "batchnorm": "batch-norm",
    "batch-normalization": "batch-norm", "exponential": "exp", "squared": "square", "mul-layer": "mul",
    "rectifier": "relu",
}  # fmt: skip
_ENDINGS: Final = re.compile(r"-(layer|function|fn|op|activation|func|forward|node|np|numpy|torch|jax)$")
_STARTS: Final = re.compile(r"^(my|naive|custom|simple|book|np|numpy|torch|jax|stable)-")


def plain_name(name: str) -> str:
    """Return ``MySigmoidLayer`` as ``sigmoid``: hyphens, lower case, without what says nothing."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).replace("_", "-").lower()
    words = words.strip("-").replace("re-lu", "relu").replace("leakyrelu", "leaky-relu")
    for pattern in (_ENDINGS, _STARTS):
        shorter = pattern.sub("", words)
        words = shorter or words
    return words


@cache
def node_named(name: str) -> Node | None:
    """Return the catalogue's node of that name or alias, if there is one without further ado."""
    return next(iter(nodes_named(name)), None)


@cache
def nodes_named(name: str) -> tuple[Node, ...]:
    """Return the catalogue's elementwise nodes that a name may mean: ``gelu`` is also ``gelu-tanh``."""
    plain = plain_name(name)
    wanted = ALIASES.get(plain, plain)
    names = [known for known in catalogue.names() if known == wanted or known.startswith(f"{wanted}-")]
    return tuple(node for known in names if (node := _elementwise_node(known)) is not None)


def _elementwise_node(name: str) -> Node | None:
    try:
        node = catalogue.find_node(name)
    except BackproofError:
        return None
    return node if _is_elementwise(node) else None


def _is_elementwise(node: Node) -> bool:
    known = (*HEADS, "num", "sym", "where")
    terms = [line.term for line in node.lines]
    return not any(given.axes for given in node.inputs) and all(
        term.head in known and not (term.head == "sym" and term.args) for term in postorder(*terms)
    )


#: What each head of a term is in numpy.
HEADS: Final[dict[str, Callable[..., Any]]] = {
    "add": lambda *u: _folded(np.add, u), "mul": lambda *u: _folded(np.multiply, u), "neg": np.negative,
    "div": np.divide, "pow": np.power, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs,
    "max": lambda *u: _folded(np.maximum, u), "min": lambda *u: _folded(np.minimum, u), "sign": np.sign,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "erf": lambda u: _erf(u), "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": lambda *u: _folded(np.logical_and, u), "or": lambda *u: _folded(np.logical_or, u), "not": np.logical_not,
}  # fmt: skip


def _folded(function: Any, parts: tuple[Any, ...]) -> Any:
    result = parts[0]
    for part in parts[1:]:
        result = function(result, part)
    return result


def _erf(u: Any) -> Any:
    from backproof.checking.tape_operations import OPERATIONS

    return Lifted(u.tape, u.tape.record("erf", u.ids)) if type(u) is Lifted else OPERATIONS["erf"].value(u)


def evaluate(root: Term, values: Mapping[Term, Any]) -> Any:
    """Return the value of an elementwise term on arrays of floats, or on recorded arrays."""
    done: dict[Term, Any] = dict(values) | {sym("pi"): np.pi}
    for term in postorder(root):
        if term in done:
            continue
        if term.head == "num":
            done[term] = float(term.data)
        elif term.head == "where":
            done[term] = _where(*(done[arg] for arg in term.args))
        else:
            done[term] = HEADS[term.head](*(done[arg] for arg in term.args))
    return done[root]


def _where(condition: Any, true: Any, false: Any) -> Any:
    """Return the branches chosen; a branch that is not chosen may be undefined."""
    if type(true) is Lifted or type(false) is Lifted:
        condition = np.broadcast_to(condition, np.broadcast_shapes(np.shape(true), np.shape(false)))
    return np.where(condition, true, false)


@dataclass(frozen=True, slots=True)
class NodeForward:
    """A node of the catalogue, with the layer's argument that each input of the node is."""

    node: Node
    inputs: dict[str, str]

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Return the node's output for the values of the layer's arguments."""
        return self.lines(values)[sym(self.node.lines[-1].name)]

    def lines(self, values: Mapping[str, Any]) -> dict[Term, Any]:
        """Return the value of every input and line of the node."""
        known: dict[Term, Any] = {sym(name): values[theirs] for name, theirs in self.inputs.items()}
        for line in self.node.lines:
            known[sym(line.name)] = evaluate(line.term, known)
        return known


def matched(node: Node, layer: Layer, values: Mapping[str, Any]) -> NodeForward | None:
    """Return ``node`` with its inputs assigned to the layer's arguments, by name and else in order."""
    names = [given.name for given in node.inputs]
    numbers = [name for name in (*layer.forward_names, *layer.setting_names) if _is_numeric(values.get(name))]
    inputs = {name: name for name in names if name in numbers}
    rest = iter(name for name in numbers if name not in inputs.values())
    for name in names:
        if name not in inputs:
            theirs = next(rest, None)
            if theirs is None:
                return None
            inputs[name] = theirs
    return NodeForward(node, inputs)


def _is_numeric(value: Any) -> bool:
    if isinstance(value, (bool, str)):
        return False
    return isinstance(value, (int, float, np.ndarray, np.generic)) and np.issubdtype(np.asarray(value).dtype, np.number)


def gradient_formula(node: Node, name: str) -> Term | None:
    """Return the last expression of the node's own chain for an input: its output form, as the catalogue has it."""
    target = sym(f"d{name}")
    return next((chain.steps[-1].right for chain in node.chains if chain.target is target), None)

"""What a layer ought to compute: a node of the catalogue whose forward it shares, or its own forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from backproof import catalogue
from backproof.checking.aliases import longer, meant
from backproof.checking.lifted import Lifted
from backproof.errors import BackproofError
from backproof.inlining import inline_calls
from backproof.language.document import Node
from backproof.terms import Term, postorder, sym


@cache
def node_named(name: str) -> Node | None:
    """Return the catalogue's node without axes of that name or alias, if there is one without further ado."""
    return next((node for node in nodes_named(name) if _is_elementwise(node)), None)


@cache
def nodes_named(name: str) -> tuple[Node, ...]:
    """Return the catalogue's nodes that a name may mean, calls written out: ``gelu`` is also ``gelu-tanh``."""
    return nodes((*meant(name), *longer(name)))


def nodes(names: Iterable[str]) -> tuple[Node, ...]:
    """Return the nodes of those names, calls written out; an entry that is no node is left out."""
    return tuple(node for name in names if (node := plain_node(name)) is not None)


@cache
def plain_node(name: str) -> Node | None:
    """Return a node of the catalogue with the nodes that it calls written out, if it is a node."""
    try:
        return inline_calls(catalogue.find_node(name))
    except BackproofError:
        return None


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


def gradient_formula(node: Node, name: str) -> Term | None:
    """Return the last expression of the node's own chain for an input: its output form, as the catalogue has it."""
    target = sym(f"d{name}")
    return next((chain.steps[-1].right for chain in node.chains if chain.target is target), None)

"""Which node of the catalogue a layer is: its arguments are assigned to the node's inputs, and the forward decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import numpy as np

from backproof.calculus.fields import context_with_axes, has_axes, outputs_of
from backproof.checking.layer import Layer, is_array
from backproof.checking.node_forward import MISFITS, NodeForward
from backproof.checking.shapes import Sample, role
from backproof.checking.tape import NotLiftable, Tape
from backproof.language.document import Declaration, Node

#: Numbers that layers keep to themselves, by the node's name for them: tried one after the other.
TRIED: Final[dict[str, tuple[float, ...]]] = {
    "eps": (1e-5, 1e-8, 1e-7, 1e-6, 1e-12, 1e-10, 1e-3, 1e-4, 0.0), "alpha": (0.01, 0.1, 0.2, 0.3, 1.0),
    "delta": (1.0,), "stride": (1, 2), "pad": (0, 1), "scale": (1.0,), "tau": (1.0, 0.1), "margin": (1.0, 0.2),
    "gamma": (2.0,), "beta": (0.1, 1.0), "a": (0.1,), "k": (2.0, 3.0),
}  # fmt: skip
#: Other words for the numbers of a node.
WORDS: Final[dict[str, str]] = {
    "epsilon": "eps", "slope": "alpha", "negative_slope": "alpha", "leak": "alpha", "padding": "pad",
    "strides": "stride", "temperature": "tau", "smoothing": "a", "label_smoothing": "a", "n": "k",
    "power": "k", "exponent": "k", "S": "stride", "P": "pad", "m": "margin",
}  # fmt: skip
#: Windows that are tried where no setting says how large they are.
WINDOWS: Final = (2, 3)
#: At most so many assignments are tried.
_MANY: Final = 96


@dataclass(frozen=True, slots=True)
class _Taken:
    """The layer's argument that one input of the node is, and how it is turned into it."""

    argument: str = ""
    how: str = ""
    number: float = 0.0


def known_values(layer: Layer, values: Mapping[str, Any], state: Any) -> dict[str, Any]:
    """Return everything that a layer knows by name: arguments, defaults, options, and numbers of its instance."""
    found = {
        name: value for name, value in getattr(state, "__dict__", {}).items()
        if isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    }  # fmt: skip
    found |= {a.name: a.default for a in layer.arguments if isinstance(a.default, (int, float))}
    for value in values.values():
        if isinstance(value, dict):
            found |= {str(key): part for key, part in value.items() if isinstance(part, (int, float))}
    return found | dict(values)


def assignments(node: Node, layer: Layer, values: Mapping[str, Any], state: Any) -> Iterator[NodeForward]:
    """Yield the ways in which a layer's arguments may be the node's inputs, the likeliest first."""
    known = known_values(layer, values, state)
    named = layer.forward_names
    order = [*named, *(name for name in values if name not in named)]
    found = _assigned(node.inputs, known, order, has_axes(node), {})
    for taken in islice(found, _MANY):
        forward = NodeForward(
            node,
            {name: t.argument for name, t in taken.items() if t.argument},
            {name: t.number for name, t in taken.items() if not t.argument},
            frozenset(name for name, t in taken.items() if t.how == "transposed"),
            frozenset(name for name, t in taken.items() if t.how == "labels"),
        )
        yield from (replace(forward, sizes=sizes) for sizes in _windows(forward, known))


def _assigned(
    inputs: Sequence[Declaration], known: Mapping[str, Any], order: Sequence[str], axes: bool, done: dict[str, _Taken]
) -> Iterator[dict[str, _Taken]]:
    if len(done) == len(inputs):
        yield dict(done)
        return
    given = inputs[len(done)]
    for taken in _candidates(given, known, order, axes):
        if not taken.argument or all(taken.argument != other.argument for other in done.values()):
            yield from _assigned(inputs, known, order, axes, done | {given.name: taken})


def _candidates(given: Declaration, known: Mapping[str, Any], order: Sequence[str], axes: bool) -> Iterator[_Taken]:
    """Yield what an input may be: the argument of that name, of that role, any other that fits, a usual number."""
    if axes and not given.axes:
        yield from _numbers(given.name, known)
        return
    arrays = [name for name in order if isinstance(known.get(name), (np.ndarray, np.generic, float, int))]
    arrays = [name for name in arrays if not isinstance(known[name], bool)]
    ranked = sorted(arrays, key=lambda name: _distance(given.name, name))
    for name in ranked:
        how = _fitting(given, known[name], axes)
        if how is not None:
            yield _Taken(name, how)
    if not axes and given.name in TRIED:
        yield from _numbers(given.name, known)
    if axes and len(given.axes) == 2 and not given.domain.constraint:
        yield from (_Taken(name, "transposed") for name in ranked if np.ndim(known[name]) == 2)


def _distance(wanted: str, name: str) -> int:
    if name == wanted:
        return 0
    if name.lower() == wanted.lower() or WORDS.get(name) == wanted:
        return 1
    return 2 if role(name) == role(wanted) else 3


def _fitting(given: Declaration, value: Any, axes: bool) -> str | None:
    """Return how an array fits an input: as it is, as numbers of classes, or not at all."""
    is_whole = np.issubdtype(np.asarray(value).dtype, np.integer)
    if not axes:
        return "" if is_array(value) or (isinstance(value, (int, float)) and not np.ndim(value)) else None
    if given.domain.constraint == "onehot" and is_whole and np.ndim(value) == len(given.axes) - 1:
        return "labels"
    is_index = given.domain.integer and not given.domain.constraint
    return "" if np.ndim(value) == len(given.axes) and is_whole == is_index else None


def _numbers(name: str, known: Mapping[str, Any]) -> Iterator[_Taken]:
    """Yield the numbers that a setting may be: what the layer calls so, then the usual ones."""
    for mine, value in known.items():
        if (mine == name or WORDS.get(mine) == name) and np.ndim(value) == 0 and not isinstance(value, bool):
            yield _Taken(number=float(value))
            return
    yield from (_Taken(number=value) for value in TRIED.get(name, ()))


def _windows(forward: NodeForward, known: Mapping[str, Any]) -> Iterator[dict[str, int]]:
    """Yield sizes for the axes that no array has: those of windows, from the settings that are whole numbers."""
    node = forward.node
    taken = {axis.rstrip("'") for given in node.inputs for axis in given.axes}
    shapes = context_with_axes(node).shapes
    taken |= {axis.rstrip("'") for output in outputs_of(node) for axis in shapes[output]}
    free = list(dict.fromkeys(a.rstrip("'") for line in node.lines for a in line.axes if a.rstrip("'") not in taken))
    if not free:
        yield {}
        return
    said = {name: int(value) for name, value in known.items() if isinstance(value, (int, np.integer)) and value > 0}
    wide = [value for name, value in said.items() if re.search(r"pool|kernel|size|^[fk]?[hw]$|height|width|^k$", name)]
    if len(wide) >= len(free):
        yield dict(zip(free, wide, strict=False))
    elif wide:
        yield dict.fromkeys(free, wide[0])
    yield from (dict.fromkeys(free, window) for window in WINDOWS if not wide)


# ------------------------------------------------------------------ does the forward agree?


def output_sizes(forward: NodeForward, outputs: Sequence[Any]) -> dict[str, int]:
    """Return the sizes of the axes of the node's outputs, as the layer's outputs have them."""
    shapes = context_with_axes(forward.node).shapes
    found: dict[str, int] = {}
    for name, output in zip(outputs_of(forward.node), outputs, strict=False):
        if np.ndim(output) == len(shapes[name]):
            found |= {axis.rstrip("'"): n for axis, n in zip(shapes[name], np.shape(output), strict=True)}
    return found


def misfit(
    forward: NodeForward, values: Mapping[str, Any], outputs: Sequence[Any], slack: float, own: Any = 0.0
) -> str:
    """Return how a layer's outputs differ from the node's, or nothing where they agree to rounding.

    ``own`` is the rounding error of the layer's outputs, and ``slack`` how many times the errors are forgiven.
    """
    from backproof.checking.lifted import Lifted
    from backproof.checking.rounding import rounding

    tape = Tape()
    given = {
        name: Lifted(tape, tape.symbols(name, np.asarray(value))) if is_array(value) else value
        for name, value in values.items()
    }
    try:
        with np.errstate(all="ignore"):
            expected = forward.outputs(tape, given, output_sizes(forward, outputs))
            bounds = rounding(tape)
    except NotLiftable as refusal:
        return str(refusal)
    except MISFITS as misfit:
        return str(misfit)
    if len(expected) != len(outputs):
        return f"it has {len(outputs)} outputs, not {len(expected)}"
    for theirs, mine in zip(expected, outputs, strict=True):
        if np.shape(mine) != theirs.shape:
            return f"its output has the shape {np.shape(mine)}, not {theirs.shape}"
        gap = np.abs(np.asarray(mine) - theirs.witness)
        if not (gap <= slack * (bounds[theirs.ids] + own)).all():
            size = float(np.max(gap, initial=0.0) / max(float(np.max(np.abs(theirs.witness), initial=0.0)), 1e-300))
            return f"they differ by {size:.1e}, relatively"
    return ""


def is_fitting(forward: NodeForward, values: Mapping[str, Any]) -> bool:
    """Say whether the arrays of a sample have as many dimensions as the node's axes."""
    axes = {given.name: given.axes for given in forward.node.inputs}
    if not forward.has_axes:
        return True
    return all(
        np.ndim(values.get(mine, 0)) == len(axes[name]) - (name in forward.labels)
        for name, mine in forward.inputs.items()
    )


def is_large(given: Sample) -> bool:
    """Say whether a sample has so many entries that one of its kind is enough for a node's formulas."""
    return sum(np.size(value) for value in given.values.values() if isinstance(value, np.ndarray)) > _LARGE


#: Of samples with more entries, the formulas of the catalogue are evaluated on the first alone.
_LARGE: Final = 2000


def signature(node: Node) -> str:
    """Return the inputs of a node as its file declares them: ``x[n, d], W[d, k], b[k]``."""
    return ", ".join(f"{given.name}[{', '.join(given.axes)}]" if given.axes else given.name for given in node.inputs)

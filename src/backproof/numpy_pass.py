"""A derivation that runs: its forward and backward pass on numpy arrays, with no code written for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backproof.calculus.arrays import evaluate_tensor
from backproof.calculus.fields import has_axes, solved_context
from backproof.derivation import Derivation
from backproof.errors import NotDerivable
from backproof.terms import idx, sym

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Array = np.ndarray[Any, Any]


class NumpyPass:
    """``forward`` and ``backward`` of one derivation, evaluated from its formulas in the dtype of the arrays.

    A node without axes takes arrays of any one shape (they are broadcast); one with axes takes the shapes that it
    declares.  For checking and reading; ``str`` gives the code of a layer for speed.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.inputs = tuple(given.name for given in derivation.node.inputs)
        lines = derivation.node.lines
        self.outputs = derivation.node.outputs or tuple(line.name for line in lines[-1:])
        missing = [name for name in self.inputs if name not in derivation.gradients]
        if missing and not has_axes(derivation.node):
            raise NotDerivable(f"{derivation.node.name} has no gradient of {', '.join(missing)}")

    def __repr__(self) -> str:
        return f"<NumpyPass {self.derivation.node.name}({', '.join(self.inputs)}) -> {', '.join(self.outputs)}>"

    def __str__(self) -> str:
        """The same passes as the source of a layer that needs numpy alone and is fast."""
        from backproof.emit.python_code import emit_code

        return emit_code(self.derivation)

    def forward(self, *arrays: ArrayLike, **named: ArrayLike) -> Array | dict[str, Array]:
        """Return the output, or with several outputs a dictionary of them.

        The inputs come in the node's order or by name; raises TypeError where one is missing or too many.
        """
        found = self._evaluate(self.outputs, self._given(arrays, named))
        return found[self.outputs[0]] if len(self.outputs) == 1 else found

    def backward(
        self, upstream: ArrayLike | Mapping[str, ArrayLike], *arrays: ArrayLike, **named: ArrayLike
    ) -> dict[str, Array]:
        """Return the gradient of every input, by name, each in the shape of its input.

        ``upstream`` is ∂L/∂y in the shape of the output, or with several outputs a dictionary of them.
        """
        arriving = upstream if isinstance(upstream, Mapping) else {self.outputs[0]: upstream}
        given = self._given(arrays, named) | {f"d{name}": np.asarray(arriving[name]) for name in self.outputs}
        wanted = {f"d{name}": name for name in self.derivation.gradients}
        return {wanted[name]: value for name, value in self._evaluate(tuple(wanted), given).items()}

    def _given(self, arrays: tuple[ArrayLike, ...], named: Mapping[str, ArrayLike]) -> dict[str, Array]:
        given = dict(zip(self.inputs, arrays, strict=False)) | dict(named)
        if len(arrays) + len(named) != len(self.inputs) or set(given) != set(self.inputs):
            raise TypeError(f"{self.derivation.node.name} takes the arrays {', '.join(self.inputs)}")
        return {name: np.asarray(value) for name, value in given.items()}

    def _evaluate(self, wanted: tuple[str, ...], given: dict[str, Array]) -> dict[str, Array]:
        context = solved_context(self.derivation)
        if has_axes(self.derivation.node):
            axes = {name: context.shapes.get(name, ()) for name in wanted}
            return {
                name: evaluate_tensor(sym(name, *map(idx, axes[name])), axes[name], given, context) for name in wanted
            }
        return self._elementwise(wanted, given)

    def _elementwise(self, wanted: tuple[str, ...], given: dict[str, Array]) -> dict[str, Array]:
        """Return values of formulas of one entry, each line and gradient once, in their order."""
        from backproof.calculus.numeric import lambdify_terms

        lines = {line.name: line.term for line in self.derivation.node.lines}
        formulas = lines | {f"d{name}": term for name, term in self.derivation.gradients.items()}
        values = dict(given)
        for name, term in formulas.items():
            if name in lines or name in wanted:
                known = tuple(values)
                values[name] = lambdify_terms([term], known)(*values.values())[0]
        return {name: values[name] for name in wanted}

"""What a name may stand for where it is written: variables with their axes, axes, and node calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from backproof.indexing import axis_of
from backproof.language import grammar
from backproof.language.lexer import Source, Token
from backproof.terms import FUNCTIONS, Term, idx, sym


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an expression the parser stands: how deep, between index brackets or not, which indices run.

    ``bound`` is None where every declared axis runs.
    """

    depth: int = 0
    indexing: bool = False
    bound: frozenset[str] | None = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that are declared.

    ``is_open``: any other name is a real number (claims); ``has_gradients``: ``dx`` is a name where ``x`` is;
    ``is_free``: nothing is declared, and a bare name between index brackets is an index (expressions).
    ``later`` gives the line on which a name will be defined, ``calls`` the number of inputs of every node
    above, ``headers`` the line of every node of the file, and ``known`` all node names that may be called
    (``None``: not known here).
    """

    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    axes: Collection[str] = frozenset()
    owner: str = "this line"
    is_open: bool = False
    later: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    headers: Mapping[str, int] = field(default_factory=dict)
    known: Collection[str] | None = None
    has_gradients: bool = False
    is_free: bool = False

    def _axes_of(self, name: str) -> tuple[str, ...] | None:
        if self.has_gradients and name[0] == "d" and name[1:] in self.variables:
            return self.variables[name[1:]]
        return self.variables.get(name)

    def symbol(self, source: Source, token: Token, indices: list[Term] | None, place: Place) -> Term:
        """Return what a name stands for, with its indices where it has brackets."""
        name = token.text
        if self.is_free and indices is None and place.indexing and name not in grammar.CONSTANTS:
            return idx(name)
        if self.is_free:
            return sym(name, *(indices or ()))
        if axis_of(name) in self.axes:
            self._check_axis(source, token, indices, place)
            return idx(name)
        if name in grammar.CONSTANTS and indices is None:
            return sym(name)
        axes = self._axes_of(name)
        if axes is None:
            if not self.is_open:
                self._fail_undefined(source, token, place)
            axes = ()
        if len(indices or ()) != len(axes):
            source.fail_at(token, _wrong_axes(name, axes, len(indices or ())))
        self._check_indices(source, token, axes, indices or [])
        return sym(name, *(indices or ()))

    def _check_axis(self, source: Source, token: Token, indices: list[Term] | None, place: Place) -> None:
        name = token.text
        if indices is not None:
            source.fail_at(token, f"'{name}' is an axis; only variables have indices")
        if not place.indexing:
            source.fail_at(token, f"'{name}' is an axis; its length is written size({name})")
        if place.bound is not None and name not in place.bound:
            hint = f"neither bound, as in sum[{name}](…), nor an axis of {self.owner}"
            source.fail_at(token, f"the index '{name}' is {hint}")

    def _check_indices(self, source: Source, token: Token, axes: tuple[str, ...], indices: list[Term]) -> None:
        """Refuse a plain index in the place of another axis, whose size may be another."""
        for axis, index in zip(axes, indices, strict=True):
            if index.head == "idx" and axis_of(index.data) != axis_of(axis):
                shown = f"{token.text}[{', '.join(axes)}]"
                place = f"the index '{index.data}' stands at the axis '{axis}' of {shown}"
                source.fail_at(token, f"{place}; it runs over '{axis_of(index.data)}'")

    def _fail_undefined(self, source: Source, token: Token, place: Place) -> None:
        name = token.text
        if name[0] == "d" and (name[1:] in self.variables or name[1:] in self.later):
            hint = "forward lines use values only" if name[1:] in self.variables else "not defined yet"
            source.fail_at(token, f"'{name}' is the gradient of '{name[1:]}'; {hint}")
        if name in self.later:
            line = self.later[name]
            source.fail_at(token, f"'{name}' is used before it is defined, on line {line}")
        kind = "undeclared axis" if place.indexing else "undefined name"
        names = [*self.variables, *grammar.CONSTANTS, *(self.axes if place.indexing else ())]
        source.fail_at(token, f"{kind} '{name}'{grammar.suggest(name, names)}")

    def check_indexed(self, source: Source, token: Token) -> None:
        """Refuse index brackets behind a variable that has no axes."""
        axes = self._axes_of(token.text)
        if axes is None and self.is_open:
            source.fail_at(token, f"the axes of '{token.text}' are not declared, as in given {token.text}[n]")
        if axes == ():
            source.fail_at(token, _wrong_axes(token.text, axes, 1))

    def check_axis_name(self, source: Source, token: Token, has_primes: bool = True) -> None:
        """Refuse a bound or measured axis that nothing declares; an axis is measured without primes."""
        axis = axis_of(token.text)
        if not has_primes and axis != token.text:
            source.fail_at(token, f"a length has no prime; write size({axis})")
        if axis not in self.axes and not self.is_free:
            near = grammar.suggest(token.text, self.axes)
            near = near or (f"; declare it, as in given v[{token.text}]" if self.is_open else "")
            source.fail_at(token, f"undeclared axis '{token.text}'{near}")

    def check_call(self, source: Source, token: Token, count: int) -> None:
        """Refuse the call of a node that is known not to exist, or to have another number of inputs."""
        name = token.text.replace("_", "-")
        wanted = self.calls.get(name)
        if wanted is not None and wanted != count:
            inputs = "1 input" if wanted == 1 else f"{wanted} inputs"
            source.fail_at(token, f"'{token.text}' has {inputs}; this call gives it {count}")
        if wanted is None and name in self.headers:
            line = self.headers[name]
            source.fail_at(token, f"the node '{name}' is called before it is defined, on line {line}")
        if wanted is None and self._axes_of(token.text) is not None and token.text not in (self.known or ()):
            source.fail_at(token, f"'{token.text}' is a variable; a product is written {token.text}*(…)")
        if wanted is None and token.text in grammar.ALIASES and name not in (self.known or ()):
            alias = grammar.ALIASES[token.text]
            source.fail_at(token, f"unknown function '{token.text}'; it is written {alias}")
        if wanted is None and self.known is not None and name not in self.known:
            words = [*FUNCTIONS, *self.calls, *self.known]
            near = grammar.suggest(name, words)
            source.fail_at(token, f"unknown function '{token.text}'{near}")


def _wrong_axes(name: str, axes: tuple[str, ...], found: int) -> str:
    if not axes:
        return f"'{name}' has no axes; write {name}"
    count = "1 axis" if len(axes) == 1 else f"{len(axes)} axes"
    return f"'{name}' has {count}, not {found}; write {name}[{', '.join(axes)}]"

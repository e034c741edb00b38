"""Examples while their node is still being read: whether names, shapes and numbers fit what it declares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from backproof.domains import Domain
from backproof.indexing import axis_of
from backproof.language import grammar
from backproof.language.document import Example, Span
from backproof.language.lexer import Source, Token
from backproof.lists import Shape, entries, shape_of
from backproof.terms import Term, as_fraction

Values = list[tuple[Token, Term]]


@dataclass(slots=True)
class ExampleDraft:
    """An example whose names are checked once the whole node is known."""

    start: Token
    span: Span
    given: Values
    expected: Values

    def finish(self) -> Example:
        """Return the example with its exact numbers."""
        given = tuple((token.text, value) for token, value in self.given)
        expected = tuple((token.text, value) for token, value in self.expected)
        return Example(given, expected, self.span)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an example may give: ``allowed`` names with their domains, and the axes of every name."""

    allowed: Mapping[str, Domain]
    axes: Mapping[str, tuple[str, ...]]
    outputs: Collection[str]
    numbers: Collection[str]

    def check(self, source: Source, draft: ExampleDraft) -> None:
        """Fail at the first name, shape or number that does not fit."""
        for token, value in draft.given:
            if not _measured(token.text):
                self._check_given(source, token, value)
        for token, _ in draft.expected:
            if token.text not in self.axes:
                near = grammar.suggest(token.text, self.axes)
                source.fail_at(token, f"'{token.text}' is no variable and no gradient{near}")
        given = {token.text for token, _ in draft.given} | set(self.numbers)
        missing = [name for name in self.allowed if name not in given and name not in self._upstreams()]
        if missing:
            source.fail_at(draft.start, f"the example gives no value of '{missing[0]}'")
        sizes = self._sizes(source, draft)
        unknown = {axis_of(axis) for axes in self.axes.values() for axis in axes} - sizes.keys()
        if unknown:
            length = f"the example does not say how long the axis '{min(unknown)}' is"
            source.fail_at(draft.start, f"{length}; give an array that has it, or size({min(unknown)}) = 2")
        self._check_upstream(source, draft, given)

    def _upstreams(self) -> set[str]:
        return {f"d{output}" for output in self.outputs}

    def _check_given(self, source: Source, token: Token, value: Term) -> None:
        domain = self.allowed.get(token.text)
        if domain is None:
            near = grammar.suggest(token.text, self.allowed)
            source.fail_at(token, f"'{token.text}' is neither an input nor the upstream gradient{near}")
        for at, number in entries(value):
            if not domain.contains(number):
                place = f"[{', '.join(map(str, at))}]" if at else ""
                source.fail_at(token, f"{number} is outside the domain of '{token.text}{place}': {domain}")

    def _sizes(self, source: Source, draft: ExampleDraft) -> dict[str, int]:
        """Return the length of every axis that the example shows; fail where two arrays differ."""
        found = dict(self._lengths(source, draft))
        for token, value in draft.given + draft.expected:
            if _measured(token.text):
                continue
            axes, shape = self.axes[token.text], shape_of(value)
            if shape is None:
                source.fail_at(token, f"the rows of '{token.text}' have different lengths")
            if len(shape) != len(axes):
                source.fail_at(token, _wrong_depth(token.text, axes, shape))
            for axis, length in zip(map(axis_of, axes), shape, strict=True):
                known, owner = found.setdefault(axis, (length, token.text))
                if known != length:
                    entered = f"the axis '{axis}' has {length} {'entry' if length == 1 else 'entries'}"
                    source.fail_at(token, f"{entered} in '{token.text}', but {known} in '{owner}'")
            self._check_sums(source, token, value, shape)
        return {axis: length for axis, (length, _) in found.items()}

    def _lengths(self, source: Source, draft: ExampleDraft) -> Iterator[tuple[str, tuple[int, str]]]:
        """Yield the axes whose length the example states."""
        for token, value in draft.given:
            axis, length = _measured(token.text), as_fraction(value)
            if axis and not any(axis in axes for axes in self.axes.values()):
                source.fail_at(token, f"'{axis}' is no axis of this node")
            if axis and (length is None or length.denominator != 1 or length < 1):
                source.fail_at(token, f"the length of the axis '{axis}' is a whole number above zero")
            if axis and length is not None:
                yield axis, (int(length), token.text)

    def _check_sums(self, source: Source, token: Token, value: Term, shape: Shape) -> None:
        domain = self.allowed.get(token.text)
        if domain is None or not domain.constraint:
            return
        along = self.axes[token.text].index(domain.axis)
        for total in _sums(value, shape, along):
            if total != 1:
                source.fail_at(token, f"'{token.text}' sums to {total} along the axis '{domain.axis}', not to 1")

    def _check_upstream(self, source: Source, draft: ExampleDraft, given: Collection[str]) -> None:
        """Refuse gradients where the upstream gradient has axes and is not given: nothing says what arrives."""
        missing = sorted(name for name in self._upstreams() if self.axes[name] and name not in given)
        asked = [token.text for token, _ in draft.expected if token.text[0] == "d" and token.text[1:] in self.axes]
        if missing and asked:
            source.fail_at(draft.start, f"the example gives no '{missing[0]}', on which '{asked[0]}' depends")


def _measured(name: str) -> str:
    """Return the axis whose length is ``name``, as in ``size(u)``, or nothing."""
    return name[5:-1] if name.endswith(")") else ""


def _wrong_depth(name: str, axes: tuple[str, ...], shape: Shape) -> str:
    if not axes:
        return f"'{name}' has no axes; its value is a single number"
    shown = f"{name}[{', '.join(axes)}]"
    found = f"{len(shape)} deep" if shape else "a single number"
    return f"{shown} is written as lists {len(axes)} deep, such as {_sample(len(axes))}; this is {found}"


def _sample(depth: int) -> str:
    return "[" * depth + "1, 2" + "]" * depth


def _sums(value: Term, shape: Shape, along: int) -> Iterator[Fraction]:
    """Yield the sum over one dimension, for every place in the others."""
    numbers = dict(entries(value))
    rest = [range(1) if i == along else range(length) for i, length in enumerate(shape)]
    for at in product(*rest):
        yield sum((numbers[*at[:along], i, *at[along + 1 :]] for i in range(shape[along])), Fraction(0))

"""Terms as array expressions of a library: named indices become dimensions, sums of products contractions."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from backproof.emit.python_plan import sigmoid_argument, softplus_argument
from backproof.errors import NotDerivable
from backproof.indexing import axis_of, fresh
from backproof.terms import REDUCTIONS, RELATIONS, Term, as_fraction, idx, make, mul, postorder, relation

#: How tightly Python's operators bind.
WHERE, COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)


@dataclass(frozen=True, slots=True)
class Library:
    """How one array library spells what the others spell differently."""

    name: str
    imports: str
    functions: Mapping[str, str]
    reductions: Mapping[str, str]
    cast: str
    arange: str
    transpose: str


_SAME: Final = ("exp", "log", "sqrt", "abs", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh")


def _functions(module: str, **others: str) -> dict[str, str]:
    return {name: f"{module}.{name}({{}})" for name in _SAME} | others


NUMPY: Final = Library(
    "np",
    "import numpy as np",
    _functions(
        "np", atan="np.arctan({})", max="np.maximum({}, {})", min="np.minimum({}, {})", where="np.where({}, {}, {})",
        erf="erf({})", sigmoid="np.exp(-np.logaddexp(0, -{}))", softplus="np.logaddexp(0, {})",
        einsum='np.einsum("{}", {})', pairwise='np.einsum("{}", {}, optimize=("optimal", 10**9))',
    ),
    {
        "sum": "{}.sum(axis={})", "mean": "{}.mean(axis={})", "prod": "{}.prod(axis={})",
        "reduce_max": "{}.max(axis={})", "reduce_min": "{}.min(axis={})",
        "logsumexp": "np.logaddexp.reduce({}, axis={})",
    },
    "{}.astype({})",
    "np.arange({})",
    "{}.transpose({})",
)  # fmt: skip
TORCH: Final = Library(
    "torch",
    "import torch",
    _functions(
        "torch", atan="torch.atan({})", erf="torch.erf({})", max="torch.maximum({}, {})",
        min="torch.minimum({}, {})", where="torch.where({}, {}, {})", sigmoid="torch.sigmoid({})",
        softplus="torch.logaddexp(torch.zeros_like({0}), {0})", einsum='torch.einsum("{}", {})',
        pairwise='torch.einsum("{}", {})',
    ),
    {
        "sum": "{}.sum(dim={})", "mean": "{}.mean(dim={})", "prod": "{}.prod(dim={})",
        "reduce_max": "{}.amax(dim={})", "reduce_min": "{}.amin(dim={})",
        "logsumexp": "torch.logsumexp({}, dim={})",
    },
    "{}.to({})",
    "torch.arange({})",
    "{}.permute({})",
)  # fmt: skip
JAX: Final = Library(
    "jnp",
    "import jax\nimport jax.numpy as jnp",
    _functions(
        "jnp", atan="jnp.arctan({})", erf="jax.scipy.special.erf({})", max="jnp.maximum({}, {})",
        min="jnp.minimum({}, {})", where="jnp.where({}, {}, {})", sigmoid="jax.nn.sigmoid({})",
        softplus="jnp.logaddexp(0, {})", einsum='jnp.einsum("{}", {})', pairwise='jnp.einsum("{}", {})',
    ),
    {
        "sum": "{}.sum(axis={})", "mean": "{}.mean(axis={})", "prod": "{}.prod(axis={})",
        "reduce_max": "{}.max(axis={})", "reduce_min": "{}.min(axis={})",
        "logsumexp": "jax.scipy.special.logsumexp({}, axis={})",
    },
    "{}.astype({})",
    "jnp.arange({})",
    "{}.transpose({})",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Code:
    """An expression, how tightly its outermost operator binds, and the indices that are its dimensions."""

    text: str
    level: int = ATOM
    indices: tuple[str, ...] = ()

    def at(self, level: int) -> str:
        """The expression, in parentheses where it binds less tightly than ``level``."""
        return self.text if self.level >= level else f"({self.text})"


#: Names that the code uses itself, or that are hard to tell from digits.
_TAKEN: Final = frozenset({"np", "torch", "jax", "jnp", "math", "self", "ctx", "read", "erf", "l", "O", "I"})


def identifier(name: str) -> str:
    """Return a name that Python code may use."""
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


class Writer:
    """Writes terms over one set of arrays; ``reads`` tells whether the helper for computed indices is needed."""

    def __init__(
        self, library: Library, shapes: Mapping[str, tuple[str, ...]], dtype: str, numbers: Iterable[str] = ()
    ) -> None:
        self.library = library
        self.numbers = {*numbers, "pi"}
        self.shapes = shapes
        self.dtype = dtype
        self.sizes: dict[str, None] = {}
        self.reads = False
        self.order: list[str] = []
        self.before: list[str] = []

    def assignment(self, name: str, term: Term, axes: tuple[str, ...]) -> str:
        """Return the statements that end in ``name = term``, its dimensions in the order of ``axes``."""
        self.order = list(axes)
        self.before = []
        text = f"{identifier(name)} = {self.spread(self.write(term), axes)}"
        return "\n".join([*self.before, text])

    def spread(self, code: Code, axes: tuple[str, ...]) -> str:
        """Return the expression with all of ``axes`` as dimensions, at full length."""
        if code.indices == axes:
            return code.text
        lengths = ", ".join(self.size(axis) for axis in axes)
        module = self.library.name
        return f"{module}.broadcast_to({self.aligned(code, axes).text}, ({lengths},))"

    def size(self, axis: str) -> str:
        self.sizes[axis_of(axis)] = None
        return f"size_{axis_of(axis)}"

    # ------------------------------------------------------------------ elementwise

    def write(self, term: Term, whole: bool = False) -> Code:
        """Return ``term`` as code; ``whole``: it is an index, in integers."""
        special = self._special(term)
        if special is not None:
            return special
        number = as_fraction(term)
        if number is not None and (number.denominator == 1 or term.head == "num"):
            text = str(int(number)) if number.denominator == 1 else repr(float(number))
            return Code(text, ATOM if number >= 0 else SIGN)
        if term.head in _WRITERS:
            return _WRITERS[term.head](self, term, whole)
        if term.head in REDUCTIONS:
            return self._reduction(term)
        if term.head in RELATIONS:
            return self._infix(term, f" {_SIGNS[term.head]} ", COMPARE)
        if term.head in _MATH and self._is_number(term):
            return Code(f"math.{_MATH[term.head]}({self.write(term.args[0]).text})")
        if term.head in self.library.functions:
            return self._call(term)
        raise NotDerivable(f"{term.head} has no code for this library")

    def _special(self, term: Term) -> Code | None:
        for name, find in (("sigmoid", sigmoid_argument), ("softplus", softplus_argument)):
            inner = find(term)
            if inner is not None:
                code = self.write(inner)
                level = SIGN if "-{}" in self.library.functions[name] else WHERE
                return Code(self.library.functions[name].format(code.at(level)), ATOM, code.indices)
        return None

    def _is_number(self, term: Term) -> bool:
        """Say whether the value is a plain number of Python, which leaves the dtype of arrays as it is."""
        parts = list(postorder(term))
        return all(part.data in self.numbers for part in parts if part.head == "sym") and not any(
            part.head in REDUCTIONS or part.head == "idx" for part in parts
        )

    def _call(self, term: Term) -> Code:
        template, args = self.library.functions[term.head], term.args
        codes = [self.write(arg) for arg in args]
        indices = self._union(codes)
        parts = [self.aligned(code, indices).text for code in codes]
        text = template.format(*parts[: template.count("{}")])
        for part in parts[template.count("{}") :]:  # of max and min, which may have more than two
            text = template.format(text, part)
        if term.head == "where" and all(self._is_number(arg) for arg in args[1:]):
            text = self.library.cast.format(text, self.dtype)
        return Code(text, ATOM, indices)

    def _union(self, codes: Iterable[Code]) -> tuple[str, ...]:
        met = {name for code in codes for name in code.indices}
        self.order += sorted(met - set(self.order))
        return tuple(name for name in self.order if name in met)

    def aligned(self, code: Code, indices: tuple[str, ...]) -> Code:
        """Return code whose dimensions broadcast against ``indices``."""
        wanted = tuple(name for name in indices if name in code.indices)
        if wanted != code.indices:
            order = ", ".join(str(code.indices.index(name)) for name in wanted)
            two = len(wanted) == 2
            text = f"{code.at(ATOM)}.T" if two else self.library.transpose.format(code.at(ATOM), order)
            code = Code(text, ATOM, wanted)
        if not code.indices or indices[-len(code.indices) :] == code.indices:
            return code
        first = indices.index(code.indices[0])
        places = ", ".join(":" if name in code.indices else "None" for name in indices[first:])
        return Code(f"{code.at(ATOM)}[{places}]", ATOM, code.indices)

    def _infix(self, term: Term, sign: str, level: int, whole: bool = False) -> Code:
        codes = [self.write(arg, whole) for arg in term.args]
        indices = self._union(codes)
        codes = [self.aligned(code, indices) for code in codes]
        parts = [codes[0].at(level)] + [code.at(level + 1) for code in codes[1:]]
        return Code(sign.join(parts), level, indices)

    def add(self, term: Term, whole: bool) -> Code:
        codes = [self.write(arg.args[0] if arg.head == "neg" else arg, whole) for arg in term.args]
        indices = self._union(codes)
        text = ""
        for arg, code in zip(term.args, codes, strict=True):
            is_negative = arg.head == "neg"
            part = self.aligned(code, indices).at(PRODUCT if is_negative else SUM)
            text += f" {'-' if is_negative else '+'} {part}" if text else f"{'-' if is_negative else ''}{part}"
        return Code(text, SUM, indices)

    def mul(self, term: Term, whole: bool) -> Code:
        """Write a product, what is computed first and the arrays last: fewer temporaries."""
        factors = [self.write(arg, whole) for arg in term.args]
        indices = self._union(factors)
        ordered = sorted(zip(term.args, factors, strict=True), key=lambda pair: _weight(pair[0]))
        parts = [self.aligned(code, indices) for _, code in ordered]
        text = " * ".join([parts[0].at(PRODUCT)] + [code.at(SIGN) for code in parts[1:]])
        return Code(text, PRODUCT, indices)

    def neg(self, term: Term, whole: bool) -> Code:
        code = self.write(term.args[0], whole)
        return Code(f"-{code.at(PRODUCT)}", SIGN if code.level > PRODUCT else PRODUCT, code.indices)

    def div(self, term: Term, whole: bool) -> Code:
        above, below = (self.write(arg, whole) for arg in term.args)
        indices = self._union((above, below))
        above, below = self.aligned(above, indices), self.aligned(below, indices)
        return Code(f"{above.at(PRODUCT)} / {below.at(SIGN)}", PRODUCT, indices)

    def pow(self, term: Term, whole: bool) -> Code:
        """Write a small power of a name as a product, which is several times faster."""
        exponent = as_fraction(term.args[1])
        base = self.write(term.args[0], whole)
        if exponent in (2, 3) and base.text.isidentifier():
            return Code(" * ".join([base.text] * int(exponent or 1)), PRODUCT, base.indices)
        return self._infix(term, "**", POWER, whole)

    def logical(self, term: Term, whole: bool) -> Code:
        codes = [self.write(arg) for arg in term.args]
        indices = self._union(codes)
        parts = [f"({self.aligned(code, indices).text})" for code in codes]
        if term.head == "not":
            return Code(f"~{parts[0]}", SIGN, indices)
        return Code((" & " if term.head == "and" else " | ").join(parts), COMPARE, indices)

    def bracket(self, term: Term, whole: bool) -> Code:
        code = self.write(term.args[0])
        return Code(self.library.cast.format(f"({code.text})", self.dtype), ATOM, code.indices)

    def idx(self, term: Term, whole: bool) -> Code:
        text = self.library.arange.format(self.size(term.data))
        return Code(text if whole else self.library.cast.format(text, self.dtype), ATOM, (term.data,))

    def length(self, term: Term, whole: bool) -> Code:
        return Code(self.size(term.data))

    # ------------------------------------------------------------------ entries

    def entry(self, term: Term, whole: bool) -> Code:
        if term.data == "pi":
            return Code("math.pi")
        name = identifier(term.data)
        plain = tuple(arg.data for arg in term.args if arg.head == "idx")
        if len(plain) == len(term.args):
            if len(set(plain)) == len(plain):
                return Code(name, ATOM, plain)
            indices = tuple(dict.fromkeys(plain))
            return self._einsum([Code(name, ATOM, plain)], indices)
        return self._gathered(name, term.args)

    def _gathered(self, name: str, args: tuple[Term, ...]) -> Code:
        """Write reads at computed places: rows by number where that is all, else the helper ``read``."""
        rest = tuple(arg.data for arg in args[1:] if arg.head == "idx")
        if args[0].head == "sym" and len(rest) == len(args) - 1 and not set(rest) & set(args[0].axes):
            rows = self.write(args[0], whole=True)
            return Code(f"{name}[{rows.text}]", ATOM, rows.indices + rest)
        self.reads = True
        first = next(i for i, arg in enumerate(args) if arg.head != "idx")
        plain = tuple(arg.data for arg in args[:first])
        if set(plain) & {name for arg in args[first:] for name in arg.axes} or len(set(plain)) < first:
            first, plain = 0, ()
        places = [self.write(arg, whole=True) for arg in args[first:]]
        indices = self._union(places)
        listed = ", ".join(self.aligned(code, indices).text for code in places)
        found = f"{name}_at{len(self.before) + 1 if self.before else ''}"
        self.before.append(f"{found} = read({name}, {listed})")
        return Code(found, ATOM, (*plain, *indices))

    # ------------------------------------------------------------------ reductions

    def _reduction(self, term: Term) -> Code:
        body = term.args[0]
        factors = body.args if body.head == "mul" else (body,)
        if term.head in ("sum", "mean") and len(factors) > 1:
            code = self._contraction(*self._solved(factors, term.data))
            if term.head == "sum":
                return code
            count = " * ".join(self.size(axis) for axis in term.data)
            below = count if len(term.data) == 1 else f"({count})"
            return Code(f"{code.at(PRODUCT)} / {below}", PRODUCT, code.indices)
        code = self.write(body)
        missing = [axis for axis in term.data if axis not in code.indices]
        if missing:
            full = (*code.indices, *missing)
            code = Code(self.spread(code, full), ATOM, full)
        axes = [code.indices.index(axis) for axis in term.data]
        shown = str(axes[0]) if len(axes) == 1 else f"({', '.join(map(str, axes))})"
        kept = tuple(name for name in code.indices if name not in term.data)
        template = self.library.reductions[term.head]
        level = ATOM if template.startswith("{}") else WHERE
        return Code(template.format(code.at(level), shown), ATOM, kept)

    def _solved(self, factors: Sequence[Term], axes: tuple[str, ...]) -> tuple[list[Term], tuple[str, ...]]:
        """Return the factors with reads at differences of two indices as brackets over the axis that is read.

        ``W[h - p*stride]`` has an entry for every ``h`` and ``p``, most of them outside of the window.
        """
        found, names = [], axes
        for factor in factors:
            brackets, args = [], []
            for arg, axis in zip(factor.args, self.shapes.get(factor.data, ()), strict=False):
                if factor.head == "sym" and _is_difference(arg):
                    (name,) = fresh((axis,), {*names, *(n for f in factors for n in f.axes)})
                    names = (*names, name)
                    brackets.append(make("bracket", (relation("eq", arg, idx(name)),)))
                    arg = idx(name)
                args.append(arg)
            found += [make("sym", args, factor.data), *brackets] if brackets else [factor]
        return found, names

    def _contraction(self, factors: Sequence[Term], axes: tuple[str, ...]) -> Code:
        """Write a sum of products: ``@`` for two matrices, einsum else; factors without indices in front."""
        codes = [self.write(factor) for factor in factors]
        front = [factor for factor, code in zip(factors, codes, strict=True) if not code.indices]
        arrays = [code for code in codes if code.indices]
        met = {name for code in arrays for name in code.indices}
        arrays += [Code(f"{self.library.name}.ones({self.size(a)})", ATOM, (a,)) for a in axes if a not in met]
        self._union(arrays)
        kept = tuple(name for name in self.order if name in met - set(axes))
        code = _matrix_product(arrays, kept) or self._einsum(arrays, kept)
        if not front:
            return code
        scale = self.write(mul(*front))
        return Code(f"{scale.at(PRODUCT)} * {code.at(SIGN)}", PRODUCT, code.indices)

    def _einsum(self, arrays: Sequence[Code], kept: tuple[str, ...]) -> Code:
        letters = _letters([name for code in arrays for name in code.indices])
        inputs = ",".join("".join(letters[name] for name in code.indices) for code in arrays)
        pattern = f"{inputs}->{''.join(letters[name] for name in kept)}"
        listed = ", ".join(code.text for code in arrays)
        shared = set(kept).intersection(*(code.indices for code in arrays))
        is_large = len(arrays) > 2 or (len(arrays) == 2 and not shared and len(letters) > 4)
        spelling = self.library.functions["pairwise" if is_large else "einsum"]
        return Code(spelling.format(pattern, listed), ATOM, kept)


def _is_difference(place: Term) -> bool:
    """Say whether an index term adds one index and subtracts another: a place of a window, solved for the window."""
    if place.head != "add":
        return False
    above = any(part.axes for part in place.args if part.head != "neg")
    return above and any(part.axes for part in place.args if part.head == "neg")


def _weight(factor: Term) -> int:
    """Return where a factor of a product stands: numbers, what is computed, arrays, the upstream gradient."""
    if factor.head == "sym":
        return 3 if factor.data[0] == "d" and len(factor.data) > 1 else 2
    return 0 if as_fraction(factor) is not None else 1


def _matrix_product(arrays: Sequence[Code], kept: tuple[str, ...]) -> Code | None:
    if [len(code.indices) for code in arrays] != [2, 2] or len(kept) != 2:
        return None
    left, right = arrays if kept[0] in arrays[0].indices else arrays[::-1]
    shared = set(left.indices) & set(right.indices)
    if len(shared) != 1 or kept[0] not in left.indices or kept[1] not in right.indices:
        return None
    first = left.at(POWER) if left.indices[0] == kept[0] else f"{left.at(ATOM)}.T"
    second = right.at(POWER) if right.indices[1] == kept[1] else f"{right.at(ATOM)}.T"
    return Code(f"{first} @ {second}", PRODUCT, kept)


def _letters(names: Iterable[str]) -> dict[str, str]:
    """Return a letter for every index, its own where that is one."""
    found: dict[str, str] = {}
    spare = iter("ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ")
    own = {name for name in names if len(name) == 1 and name.isalpha()}
    for name in dict.fromkeys(names):
        found[name] = name if name in own else next(x for x in spare if x not in own)
    return found


#: Functions of plain numbers, in the module math.
_MATH: Final = {
    "exp": "exp", "log": "log", "sqrt": "sqrt", "abs": "fabs", "sin": "sin", "cos": "cos", "tan": "tan",
    "atan": "atan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "erf": "erf",
}  # fmt: skip
_SIGNS: Final = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


_WRITERS: Final = {
    "sym": Writer.entry, "idx": Writer.idx, "size": Writer.length, "add": Writer.add, "mul": Writer.mul,
    "neg": Writer.neg, "div": Writer.div, "pow": Writer.pow, "bracket": Writer.bracket,
    "and": Writer.logical, "or": Writer.logical, "not": Writer.logical,
}  # fmt: skip

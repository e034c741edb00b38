"""The expression tree: immutable, hash-consed, in the author's order, with the free axes of every term.

Nothing is simplified on construction: ``x/x`` stays ``x/x`` until the kernel has judged it.  Equal terms are
the same object, so ``is`` compares structure and dictionaries keyed by terms are cheap.  Every walk is
iterative; a term may be 10**5 levels deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final
from weakref import WeakValueDictionary

#: Elementary functions and how many arguments each takes (``None``: two or more).
FUNCTIONS: Final[dict[str, int | None]] = {
    "exp": 1, "log": 1, "sqrt": 1, "abs": 1, "sign": 1, "max": None, "min": None,
    "sin": 1, "cos": 1, "tan": 1, "atan": 1, "sinh": 1, "cosh": 1, "tanh": 1, "erf": 1,
}  # fmt: skip
#: Comparisons, by head, as they are written.
RELATIONS: Final[dict[str, str]] = {
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=", "ne": "!=",
}  # fmt: skip
#: Reductions over named axes.
REDUCTIONS: Final[frozenset[str]] = frozenset({"sum", "mean", "prod", "reduce_max", "reduce_min", "logsumexp"})


class Term:
    """One node of an expression: ``head``, ``args``, ``data`` and the free ``axes`` (sorted names).

    ============  =====================  =========================================================
    head          data                   args
    ============  =====================  =========================================================
    num           Fraction >= 0          none (its denominator divides a power of ten)
    sym           name                   one index term per axis (none for a scalar)
    idx           axis name              none: the running index of an axis, an integer
    size          axis name              none: the length of an axis, a positive integer
    add, mul      None                   two or more
    neg           None                   one
    div, pow      None                   two
    a function    None                   see ``FUNCTIONS``
    a relation    None                   two; see ``RELATIONS``
    and, or       None                   two or more;  not: one
    where         None                   condition, value if true, value if false
    bracket       None                   one relation: 1 where it holds, else 0 (written ``[i = j]``)
    a reduction   tuple of axis names    one; the named axes are bound
    list          None                   any number: an array of numbers, in examples only
    D             None                   expression, symbol: the partial derivative
    partial       None                   the same with every other name held: the local derivative of a line
    ============  =====================  =========================================================
    """

    __slots__ = ("__weakref__", "args", "axes", "data", "head", "reduces")
    head: str
    args: tuple[Term, ...]
    data: Any
    axes: tuple[str, ...]
    reduces: bool

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"terms are immutable: {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return make, (self.head, self.args, self.data)

    def __repr__(self) -> str:
        shown = [] if self.data is None else [str(self.data)]
        return f"{self.head}({', '.join(shown + [a.head for a in self.args])})"


_TABLE: WeakValueDictionary[tuple[Any, ...], Term] = WeakValueDictionary()


def _free_axes(head: str, args: tuple[Term, ...], data: Any) -> tuple[str, ...]:
    if head == "idx":
        return (data,)
    if len(args) == 1 and head not in REDUCTIONS:
        return args[0].axes
    free = {axis for arg in args for axis in arg.axes}
    if head in REDUCTIONS:
        free -= set(data)
    return tuple(sorted(free))


def make(head: str, args: Iterable[Term] = (), data: Any = None) -> Term:
    """Return the one term with this head, these arguments and this data."""
    args = tuple(args)
    key = (head, data, *map(id, args))
    found = _TABLE.get(key)
    if found is not None:
        return found
    term = object.__new__(Term)
    place = object.__setattr__
    place(term, "head", head)
    place(term, "args", args)
    place(term, "data", data)
    place(term, "axes", _free_axes(head, args, data))
    place(term, "reduces", head in REDUCTIONS or any(arg.reduces for arg in args))
    _TABLE[key] = term
    return term


def num(value: int | str | Fraction) -> Term:
    """Return the exact number ``value`` (negative: ``neg``; not a finite decimal: ``div``)."""
    value = Fraction(value)
    if value < 0:
        return neg(num(-value))
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return div(num(value.numerator), num(value.denominator))
    return make("num", (), value)


def sym(name: str, *indices: Term) -> Term:
    return make("sym", indices, name)


def idx(axis: str) -> Term:
    return make("idx", (), axis)


def size(axis: str) -> Term:
    return make("size", (), axis)


def add(*args: Term) -> Term:
    """Return the sum of any number of terms, in order; ``a - b`` is ``add(a, neg(b))``."""
    return args[0] if len(args) == 1 else make("add", args) if args else ZERO


def mul(*args: Term) -> Term:
    """Return the product of any number of terms, in order; in ``a*b/c`` the quotient is ``b/c``."""
    return args[0] if len(args) == 1 else make("mul", args) if args else ONE


def neg(arg: Term) -> Term:
    return make("neg", (arg,))


def sub(left: Term, right: Term) -> Term:
    return make("add", (left, neg(right)))


def div(left: Term, right: Term) -> Term:
    return make("div", (left, right))


def power(base: Term, exponent: Term | int) -> Term:
    return make("pow", (base, num(exponent) if isinstance(exponent, int) else exponent))


def call(function: str, *args: Term) -> Term:
    return make(function, args)


def where(condition: Term, true: Term, false: Term) -> Term:
    return make("where", (condition, true, false))


def relation(head: str, left: Term, right: Term) -> Term:
    return make(head, (left, right))


def derivative(expression: Term, symbol: Term) -> Term:
    """Return the unevaluated partial derivative; it keeps the function, and so its domain."""
    return make("D", (expression, symbol))


def reduction(head: str, axes: Iterable[str], body: Term) -> Term:
    return make(head, (body,), tuple(axes))


ZERO: Final = num(0)
ONE: Final = num(1)
TWO: Final = num(2)


def postorder(*roots: Term) -> Iterator[Term]:
    """Yield every distinct subterm once, arguments before the terms that use them."""
    seen: set[Term] = set()
    stack: list[tuple[Term, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        term, ready = stack.pop()
        if ready:
            yield term
        elif term not in seen:
            seen.add(term)
            stack.append((term, True))
            stack.extend((arg, False) for arg in reversed(term.args) if arg not in seen)


def rebuild(term: Term, args: tuple[Term, ...]) -> Term:
    """Return ``term`` with other arguments; the same object where nothing changed."""
    if all(new is old for new, old in zip(args, term.args, strict=True)):
        return term
    return make(term.head, args, term.data)


def transform(root: Term, rule: Callable[[Term], Term]) -> Term:
    """Return ``root`` with ``rule`` applied to every subterm, bottom up, each distinct one once."""
    done: dict[Term, Term] = {}
    for term in postorder(root):
        done[term] = rule(rebuild(term, tuple(done[arg] for arg in term.args)))
    return done[root]


def substitute(root: Term, mapping: Mapping[Term, Term]) -> Term:
    """Return ``root`` with each subterm that is a key of ``mapping`` replaced (not below the replacement).

    Bound axes are not renamed: the caller sees to it that no replacement's free axis is bound on the way.
    """
    if not mapping:
        return root
    done: dict[Term, Term] = dict(mapping)
    for term in postorder(root):
        if term not in done:
            done[term] = rebuild(term, tuple(done[arg] for arg in term.args))
    return done[root]


def symbols(*roots: Term) -> tuple[Term, ...]:
    """Return the distinct ``sym`` terms, in order of first appearance."""
    return tuple(term for term in postorder(*roots) if term.head == "sym")


def names(*roots: Term) -> tuple[str, ...]:
    """Return the distinct names of the ``sym`` terms, in order of first appearance."""
    return tuple(dict.fromkeys(term.data for term in symbols(*roots)))


def as_fraction(term: Term) -> Fraction | None:
    """Return the value of a literal number (``3``, ``-0.5``, ``2/3``), or None for any other term."""
    if term.head == "num":
        return Fraction(term.data)
    values: dict[Term, Fraction] = {}
    for part in postorder(term) if _is_literal(term) else ():
        if part.head == "num":
            values[part] = Fraction(part.data)
        elif part.head == "neg":
            values[part] = -values[part.args[0]]
        elif values[part.args[1]]:
            values[part] = values[part.args[0]] / values[part.args[1]]
        else:
            return None
    return values.get(term)


def _is_literal(root: Term) -> bool:
    """Say whether ``root`` holds nothing but numbers, signs and quotients; stops at the first other term."""
    pending, seen = [root], {root}
    while pending:
        term = pending.pop()
        if term.head not in ("num", "neg", "div"):
            return False
        pending += [arg for arg in term.args if arg not in seen]
        seen.update(term.args)
    return True

"""Entries of a tape as terms, in the names of their symbols, with zeros and ones left out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np

from backproof.checking.tape import Block, NotLiftable, Tape
from backproof.checking.tape_operations import OPERATIONS
from backproof.terms import ONE, ZERO, Term, add, as_fraction, mul, neg, num, sym

#: A formula with more operations than this is not written.
LARGEST = 400


def formula(tape: Tape, entry: int, names: dict[int, str], largest: int = LARGEST) -> Term:
    """Return the term of one entry; ``names`` names entries, symbols or others, that are not looked into.

    Raises NotLiftable where it is too large to write.
    """
    starts = np.array([block.start for block in tape.blocks])
    done: dict[int, Term] = {}
    stack = [entry]
    while stack:
        top = stack[-1]
        if top in done:
            stack.pop()
            continue
        if top in names:
            done[top] = sym(names[top])
            continue
        block = tape.blocks[int(np.searchsorted(starts, top, side="right")) - 1]
        parts = _parts(block, top - block.start)
        missing = [part for part in parts if part not in done]
        if missing:
            stack += missing
        else:
            done[top] = _write(tape, block, top, [done[part] for part in parts])
        if len(done) > largest:
            raise NotLiftable("a formula that is too long to write")
    return done[entry]


def _parts(block: Block, row: int) -> list[int]:
    if block.operation == "sum":
        edges = [*block.args[1].tolist(), len(block.args[0])]
        low, high = list(pairwise(edges))[row]
        return list(map(int, block.args[0][low:high]))
    if block.operation == "matmul":
        width = block.args[1].shape[1]
        left, right = block.args[0][row // width], block.args[1][:, row % width]
        return [int(i) for pair in zip(left, right, strict=True) for i in pair]
    return [int(part[row]) for part in block.args]


def _write(tape: Tape, block: Block, entry: int, args: list[Term]) -> Term:
    if block.operation == "constant":
        value = float(tape.values[entry])
        if not np.isfinite(value):
            raise NotLiftable("a constant that is no number")
        return num(Fraction(Decimal(repr(value))))
    if block.operation == "symbol":
        return sym(block.name)
    if block.operation == "sum":
        return _sum(args)
    if block.operation == "matmul":
        return _sum([_product([a, b]) for a, b in zip(args[::2], args[1::2], strict=True)])
    return (_SHORTER.get(block.operation) or OPERATIONS[block.operation].term)(*args)


def _sum(parts: list[Term]) -> Term:
    flat = [piece for part in parts if part is not ZERO for piece in (part.args if part.head == "add" else (part,))]
    return add(*flat)


def _product(parts: list[Term]) -> Term:
    sign = 1
    factors: list[Term] = []
    for part in parts:
        while part.head == "neg":
            sign, part = -sign, part.args[0]
        if part is ZERO:
            return ZERO
        if part is not ONE:
            factors += part.args if part.head == "mul" else (part,)
    product = mul(*factors) if factors else ONE
    return product if sign > 0 else neg(product)


def _quotient(above: Term, below: Term) -> Term:
    if below is ONE or above is ZERO:
        return above
    if above.head == "neg":
        return neg(_quotient(above.args[0], below))
    return OPERATIONS["div"].term(above, below)


def _negative(part: Term) -> Term:
    return ZERO if part is ZERO else part.args[0] if part.head == "neg" else neg(part)


def _power(base: Term, exponent: Term) -> Term:
    value = as_fraction(_folded(exponent))
    return base if value == 1 else ONE if value == 0 else OPERATIONS["pow"].term(base, _folded(exponent))


def _folded(term: Term) -> Term:
    """Return a difference of two numbers as one number."""
    if term.head == "add":
        values = [as_fraction(arg) for arg in term.args]
        if all(value is not None for value in values):
            return num(sum((value for value in values if value is not None), Fraction(0)))
    return term


_SHORTER: dict[str, Callable[..., Term]] = {
    "add": lambda a, b: _sum([a, b]),
    "sub": lambda a, b: _sum([a, _negative(b)]),
    "mul": lambda a, b: _product([a, b]),
    "div": _quotient,
    "neg": _negative,
    "pow": _power,
}

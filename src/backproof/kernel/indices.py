"""Running indices: which axis an index runs over, and substitution that never captures one.

An index name is its axis and a mark: ``n`` and ``n'`` (the author's) and ``n~2`` (a bound index, numbered by the
kernel from the inside out) all run over the axis n.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from backproof.terms import REDUCTIONS, Term, add, idx, make, neg, postorder, rebuild, substitute

#: Where the numbers of ``renumber`` begin; no other rule numbers so high.
INNERMOST: Final = 10**9


def axis_of(name: str) -> str:
    return name.split("~", maxsplit=1)[0].rstrip("'")


def runs_over(place: Term, axis: str) -> bool:
    """Say whether an index term is a running index of this axis, and so never outside it."""
    return place.head == "idx" and axis_of(place.data) == axis_of(axis)


def is_bound(name: str) -> bool:
    return "~" in name


def has_bound(term: Term) -> bool:
    """Say whether an index that the kernel has bound occurs free in the term."""
    return any(is_bound(axis) for axis in term.axes)


def _level(name: str) -> int:
    return int(name.split("~")[1]) if is_bound(name) else 0


def _fresh(name: str, level: int) -> str:
    return f"{axis_of(name)}~{level}"


def _levels(term: Term) -> int:
    found = [_level(axis) for part in postorder(term) for axis in (*part.axes, *bound_axes(part))]
    return max(found, default=0)


def bound_axes(term: Term) -> tuple[str, ...]:
    return tuple(term.data) if term.head in REDUCTIONS else ()


def freshen(root: Term) -> Term:
    """Return ``root`` with every bound index numbered, an outer one higher than all inside it."""
    if not root.reduces:
        return root
    done: dict[Term, Term] = {}
    depth: dict[Term, int] = {}
    for term in postorder(root):
        args = tuple(done[arg] for arg in term.args)
        depth[term] = max((depth[arg] for arg in term.args), default=0)
        depth[term] = max([depth[term], *(_level(axis) for axis in term.axes)])
        if term.head in REDUCTIONS and not all(is_bound(axis) for axis in term.data):
            names = [_fresh(axis, depth[term] + 1 + i) for i, axis in enumerate(term.data)]
            depth[term] += len(names)
            body = substitute(args[0], {idx(a): idx(b) for a, b in zip(term.data, names, strict=True)})
            done[term] = make(term.head, (body,), tuple(names))
        else:
            depth[term] = max([depth[term], *(_level(axis) for axis in bound_axes(term))])
            done[term] = rebuild(term, args)
    return done[root]


def renumber(root: Term) -> Term:
    """Return ``root`` with its bound indices numbered by their depth alone, above all numbers in other use."""
    if not root.reduces:
        return root
    lowest = max([INNERMOST, *(_level(axis) + 1 for axis in root.axes)])
    done: dict[Term, Term] = {}
    depth: dict[Term, int] = {}
    for term in postorder(root):
        made = rebuild(term, tuple(done[arg] for arg in term.args))
        depth[term] = max((depth[arg] for arg in term.args), default=lowest)
        if term.head in REDUCTIONS:
            names = [_fresh(axis, depth[term] + i) for i, axis in enumerate(term.data)]
            depth[term] += len(names)
            body = substitute(made.args[0], {idx(a): idx(b) for a, b in zip(term.data, names, strict=True)})
            made = make(term.head, (body,), tuple(names))
        done[term] = made
    return done[root]


def reindex(root: Term, mapping: Mapping[str, Term], avoid: Iterable[str] = ()) -> Term:
    """Return a freshened term with index terms in place of index names; bound indices step aside."""
    free = {axis for term in mapping.values() for axis in term.axes} | {*mapping, *avoid}
    clash = root.reduces and any(set(bound_axes(part)) & free for part in postorder(root))
    if clash:
        root = _raise(root, max([_levels(root), *(_level(axis) for axis in free)]))
    return substitute(root, {idx(name): term for name, term in mapping.items()})


def _raise(root: Term, level: int) -> Term:
    """Return a freshened term with every bound index numbered above ``level``."""
    done: dict[Term, Term] = {}
    for term in postorder(root):
        made = rebuild(term, tuple(done[arg] for arg in term.args))
        if term.head in REDUCTIONS:
            names = {axis: _fresh(axis, _level(axis) + level) for axis in term.data}
            body = substitute(made.args[0], {idx(a): idx(b) for a, b in names.items()})
            made = make(term.head, (body,), tuple(names.values()))
        done[term] = made
    return done[root]


def for_every(root: Term) -> Term:
    """Return ``root`` with each free index that the kernel has bound under a name of its own: any value of it."""
    names: dict[str, Term] = {}
    taken = {axis for axis in root.axes if not is_bound(axis)}
    for axis in root.axes:
        if is_bound(axis):
            name = axis_of(axis)
            while name in taken:
                name += "'"
            taken.add(name)
            names[axis] = idx(name)
    return reindex(root, names) if names else root


def plain(root: Term) -> Term:
    """Return ``root`` with every bound index named after its axis again, primed where the axis is in use."""
    done: dict[Term, Term] = {}
    for term in postorder(root):
        made = rebuild(term, tuple(done[arg] for arg in term.args))
        if term.head in REDUCTIONS:
            taken = set(made.args[0].axes) - set(term.data)
            names: dict[str, str] = {}
            for axis in term.data:
                name = axis_of(axis)
                while name in taken:
                    name += "'"
                names[axis] = name
                taken.add(name)
            body = substitute(made.args[0], {idx(a): idx(b) for a, b in names.items()})
            made = make(term.head, (body,), tuple(names.values()))
        done[term] = made
    return done[root]


def ordered(root: Term) -> tuple[Term, str]:
    """Return ``root`` with the parts of sums and products in a fixed order, and a text that tells terms apart."""
    done: dict[Term, tuple[Term, str]] = {}
    for term in postorder(root):
        parts = [done[arg] for arg in term.args]
        if term.head == "delta":
            parts = [min(parts[0], _negated(parts[0][0]), key=lambda part: part[1])]
        if term.head in ("add", "mul"):
            parts.sort(key=lambda part: part[1])
        data = "" if term.data is None else str(term.data)
        made = make(term.head, (part for part, _ in parts), term.data)
        done[term] = made, f"{term.head}:{data}({','.join(text for _, text in parts)})"
    return done[root]


def _negated(term: Term) -> tuple[Term, str]:
    parts = term.args if term.head == "add" else (term,)
    return ordered(add(*(part.args[0] if part.head == "neg" else neg(part) for part in parts)))

"""Running indices as an author writes them: ``n``, ``n'`` and ``n''`` all run over the axis ``n``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backproof.terms import REDUCTIONS, Term, idx, make, postorder, rebuild

#: What stands in place of an index, by the name of the index.
Places = Mapping[str, Term]
_Task = tuple[Term, tuple[tuple[str, Term], ...]]


def axis_of(index: str) -> str:
    """Return the axis over which an index runs."""
    return index.rstrip("'")


def fresh(indices: Iterable[str], taken: Iterable[str] = ()) -> tuple[str, ...]:
    """Return an index over the same axis for each of ``indices``: with as few primes as tell it apart."""
    used = set(taken)
    found = []
    for index in indices:
        name = axis_of(index)
        while name in used:
            name += "'"
        used.add(name)
        found.append(name)
    return tuple(found)


def free_indices(*roots: Term) -> tuple[str, ...]:
    """Return the free indices of terms, in order of appearance."""
    free = {axis for root in roots for axis in root.axes}
    return tuple(dict.fromkeys(p.data for p in postorder(*roots) if p.head == "idx" and p.data in free))


def reindex(root: Term, places: Places) -> Term:
    """Return ``root`` with index terms in place of free indices; a bound index that clashes gets a prime."""
    start = _task(root, places)
    done: dict[_Task, Term] = {}
    stack = [start]
    while stack:
        task = stack[-1]
        term, names, inner = _opened(task)
        below = [_task(arg, inner) for arg in term.args]
        missing = [part for part in below if part not in done]
        if missing and task[1]:
            stack.extend(missing)
            continue
        stack.pop()
        if not task[1]:
            done[task] = term
        elif names:
            done[task] = make(term.head, (done[part] for part in below), names)
        else:
            done[task] = rebuild(term, tuple(done[part] for part in below))
        if term.head == "idx":
            done[task] = inner.get(term.data, term)
    return done[start]


def _task(term: Term, places: Places) -> _Task:
    return term, tuple((name, places[name]) for name in term.axes if name in places)


def _opened(task: _Task) -> tuple[Term, tuple[str, ...], dict[str, Term]]:
    """Return the term, its bound indices under their new names, and what is replaced inside it."""
    term, places = task[0], dict(task[1])
    if term.head not in REDUCTIONS:
        return term, (), places
    free = {axis for place in places.values() for axis in place.axes}
    names: list[str] = []
    for index in term.data:
        clashes = index in free
        taken = {*free, *term.args[0].axes, *term.data, *names}
        names.append(fresh((index,), taken)[0] if clashes else index)
        if clashes:
            places[index] = idx(names[-1])
    return term, tuple(names), places

"""What generated code computes, and where: forward lines, what they keep for the backward pass, gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backproof.derivation import Derivation
from backproof.domains import Definition
from backproof.errors import NotDerivable
from backproof.indexing import fresh, reindex
from backproof.terms import (
    REDUCTIONS,
    RELATIONS,
    ZERO,
    Term,
    as_fraction,
    idx,
    make,
    neg,
    num,
    postorder,
    reduction,
    sub,
    substitute,
    symbols,
    transform,
    where,
)

Definitions = dict[str, Definition]


@dataclass(frozen=True, slots=True)
class Plan:
    """The two passes of a node: assignments in order, and the names that pass from one to the other."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shapes: Mapping[str, tuple[str, ...]]
    forward: tuple[Definition, ...]
    saved: tuple[str, ...]
    backward: tuple[Definition, ...]
    gradients: tuple[str, ...]
    numbers: frozenset[str]


def plan(derivation: Derivation, of_numbers: bool = True) -> Plan:
    """Return what the code of a derivation computes; raises NotDerivable where a gradient is missing.

    ``of_numbers``: inputs that are plain numbers have gradients, too.
    """
    node = derivation.node
    shapes = {given.name: given.axes for given in node.inputs} | {line.name: line.axes for line in node.lines}
    shapes |= {f"d{name}": axes for name, axes in shapes.items()}
    inputs = tuple(given.name for given in node.inputs)
    outputs = node.outputs or (node.lines[-1].name,)
    lines = _lines(derivation)
    results = _results(derivation, shapes)
    numbers = _numbers(derivation, lines)
    wanted = tuple(
        f"d{given.name}"
        for given in node.inputs
        if not given.domain.integer and (of_numbers or given.name not in numbers)
    )
    missing = [name for name in wanted if name not in results]
    if missing:
        raise NotDerivable(f"no gradient of {missing[0][1:]} is derived")
    backward = _ordered(results, wanted)
    upstream = {f"d{name}" for name in outputs}
    used = _used(definition.term for definition in backward)
    saved = tuple(name for name in (*inputs, *lines) if name in used - upstream)
    unknown = used - set(results) - set(inputs) - set(lines) - upstream - {"pi"}
    if unknown:
        raise NotDerivable(f"{min(unknown)} has no value in code")
    forward = stable(_inlined(_ordered(lines, (*outputs, *saved)), {*outputs, *saved}), {*outputs, *saved})
    return Plan(inputs, outputs, shapes, forward, saved, backward, wanted, numbers)


def _numbers(derivation: Derivation, lines: Definitions) -> frozenset[str]:
    """Return the values that are plain numbers: inputs without axes where others have some, and what they make."""
    inputs = derivation.node.inputs
    found = {given.name for given in inputs if not given.axes and any(other.axes for other in inputs)} | {"pi"}
    for name, line in lines.items():
        if _used([line.term]) <= found and not line.axes and not _reduces(line.term):
            found.add(name)
    return frozenset(found)


def _lines(derivation: Derivation) -> Definitions:
    lines = {line.name: Definition(line.name, line.term, line.axes) for line in derivation.node.lines}
    for operation in derivation.operations:
        name = operation.output.data
        lines.setdefault(name, Definition(name, operation.term))
    return lines


def _results(derivation: Derivation, shapes: Mapping[str, tuple[str, ...]]) -> Definitions:
    """Return every derived gradient, at a kink the value that the node states."""
    results = {}
    for chain in derivation.chains:
        name, term = str(chain.target.data), chain.result
        for kink in reversed(derivation.kinks):
            if kink.gradient == name and folded(_at(kink.condition, term)) is not kink.value:
                term = where(kink.condition, kink.value, term)
        results[name] = Definition(name, term, shapes.get(name, ()))
    return results


def _at(condition: Term, term: Term) -> Term:
    """Return ``term`` where ``x = number`` holds."""
    if condition.head == "eq" and condition.args[0].head == "sym" and as_fraction(condition.args[1]) is not None:
        return substitute(term, {condition.args[0]: condition.args[1]})
    return term


_HOLDS = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}  # fmt: skip


def folded(root: Term) -> Term:
    """Return ``root`` with comparisons of numbers decided and products with zero gone."""
    return transform(root, _fold)


def _fold(term: Term) -> Term:
    if term.head == "where" and term.args[0].head in RELATIONS:
        sides = [as_fraction(arg) for arg in term.args[0].args]
        if None not in sides:
            return term.args[1 if _HOLDS[term.args[0].head](*sides) else 2]
    if term.head == "mul" and ZERO in term.args:
        return ZERO
    return term


def _used(terms: Iterable[Term]) -> set[str]:
    return {part.data for part in symbols(*terms)}


def _ordered(definitions: Definitions, wanted: Iterable[str]) -> tuple[Definition, ...]:
    """Return what is needed for ``wanted``, each definition after those that it uses."""
    found: dict[str, Definition] = {}
    stack = [(name, False) for name in reversed(tuple(wanted))]
    while stack:
        name, ready = stack.pop()
        if name in found or name not in definitions:
            continue
        if ready:
            found[name] = definitions[name]
        else:
            stack.append((name, True))
            stack.extend((use, False) for use in reversed(sorted(_used([definitions[name].term]))))
    return tuple(found.values())


# ------------------------------------------------------------------ readable and stable


def _inlined(lines: tuple[Definition, ...], kept: set[str]) -> tuple[Definition, ...]:
    """Return the lines without those that one other line uses once and nothing keeps."""
    uses: dict[str, int] = {}
    for line in lines:
        for part in _with_repeats(line.term):
            uses[part] = uses.get(part, 0) + 1
    gone: Definitions = {}
    result = []
    for line in lines:
        term = transform(line.term, lambda part: _opened(part, gone))
        short = uses.get(line.name) == 1 and line.name not in kept and not _reduces(line.term)
        if short:
            gone[line.name] = Definition(line.name, term, line.axes)
        else:
            result.append(Definition(line.name, term, line.axes))
    return tuple(result)


def _with_repeats(root: Term) -> list[str]:
    stack, found = [root], []
    while stack:
        term = stack.pop()
        stack.extend(term.args)
        if term.head == "sym":
            found.append(term.data)
        if term.head in REDUCTIONS:  # what stands inside is needed at once, as an array
            found.extend(part.data for part in symbols(term))
    return found


def _reduces(term: Term) -> bool:
    return any(part.head in REDUCTIONS for part in postorder(term))


def _opened(part: Term, gone: Definitions) -> Term:
    if part.head != "sym" or part.data not in gone:
        return part
    definition = gone[part.data]
    return reindex(definition.term, dict(zip(definition.axes, part.args, strict=True)))


def stable(lines: tuple[Definition, ...], kept: set[str]) -> tuple[Definition, ...]:
    """Return the lines with exponentials shifted by their maximum where only their ratios are used."""
    by_name = {line.name: line for line in lines}
    for total in lines:
        body = total.term.args[0] if total.term.head == "sum" else None
        power = by_name.get(body.data) if body is not None and body.head == "sym" else None
        if body is None or power is None or power.term.head != "exp" or {power.name, total.name} & kept:
            continue
        if _only_ratios(lines, power.name, total.name):
            by_name[power.name] = _shifted(power, total, body)
    return tuple(by_name[line.name] for line in lines)


def _only_ratios(lines: tuple[Definition, ...], power: str, total: str) -> bool:
    """Say whether ``power`` stands only in its sum and above it, and the sum only below ``power``."""
    for line in lines:
        if line.name in (power, total):
            continue
        ratios = {part for part in postorder(line.term) if _is_ratio(part, power, total)}
        rest = substitute(line.term, dict.fromkeys(ratios, ZERO))
        if {power, total} & _used([rest]):
            return False
    return True


def _is_ratio(term: Term, power: str, total: str) -> bool:
    return term.head == "div" and [arg.data for arg in term.args if arg.head == "sym"] == [power, total]


def _shifted(power: Definition, total: Definition, body: Term) -> Definition:
    exponent = power.term.args[0]
    over = {arg.data: axis for arg, axis in zip(body.args, power.axes, strict=True) if arg.data in total.term.data}
    names = fresh(over.values(), power.axes)
    inner = reindex(exponent, {axis: idx(name) for axis, name in zip(over.values(), names, strict=True)})
    return Definition(power.name, make("exp", (sub(exponent, reduction("reduce_max", names, inner)),)), power.axes)


def sigmoid_argument(term: Term) -> Term | None:
    """Return ``u`` of ``1/(1 + exp(-u))``."""
    if term.head != "div" or as_fraction(term.args[0]) != 1:
        return None
    below = term.args[1]
    if below.head != "add" or len(below.args) != 2 or as_fraction(below.args[0]) != 1 or below.args[1].head != "exp":
        return None
    exponent = below.args[1].args[0]
    return exponent.args[0] if exponent.head == "neg" else neg(exponent)


def softplus_argument(term: Term) -> Term | None:
    """Return ``u`` of ``log(1 + exp(u))``."""
    inner = term.args[0] if term.head == "log" else num(0)
    if inner.head != "add" or len(inner.args) != 2 or as_fraction(inner.args[0]) != 1 or inner.args[1].head != "exp":
        return None
    return inner.args[1].args[0]

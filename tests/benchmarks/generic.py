"""How many mutants that nobody designed are found: every change of a backward pass that changes a result."""

from __future__ import annotations

import ast
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backproof.checking.check_contracts import as_dtype
from backproof.checking.checks import check
from backproof.checking.conventions import find_layers
from backproof.checking.examination import NotFed, Settings, examine
from backproof.checking.findings import LayerReport, Outcome
from backproof.checking.layer import Layer
from backproof.checking.running_user import UserError, begin, finish, private
from backproof.checking.shapes import Sample
from backproof.checking.tracing import upstreams_for
from tests.checking.generic_mutants import Generic, all_mutants


def layers_of(source: str, name: str, package: str) -> dict[str, Layer]:
    """Return the layers of a source by name."""
    from tests.benchmarks.checker import module_of

    module = module_of(source, name, package)
    return {layer.name: layer for layer in find_layers(vars(module), f"{name}.py")}


def observed(layer: Layer, given: Sample) -> list[Any]:
    """Return everything that a caller can see of two backward passes: gradients, changed arguments, or the error."""
    values = private(given.values)
    try:
        state, outputs = begin(layer, given, values)
        sent = [np.array(u) for u in upstreams_for(outputs, given.seed)]
        seen: list[Any] = []
        for _ in range(2):
            gradients = finish(layer, state, sent)
            seen += [np.array(gradients[name]) for name in sorted(gradients)]
            seen += [*sent, *(np.asarray(v) for v in values.values() if isinstance(v, np.ndarray))]
        return [sorted(gradients), *seen]
    except UserError as error:
        return [error.stage]


def is_same(left: list[Any], right: list[Any], rough: bool) -> bool:
    if len(left) != len(right) or left[0] != right[0]:
        return False
    return all(_equal(a, b, 1e-3 if rough else 1e-9) for a, b in zip(left[1:], right[1:], strict=True))


def _equal(a: Any, b: Any, digits: float) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if not np.issubdtype(a.dtype, np.number):
        return bool((a == b).all())
    scale = digits * float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0))
    return bool(np.allclose(a, b, rtol=digits, atol=scale, equal_nan=True))


def effect(mutant: Layer, original: Layer, samples: Sequence[Sample]) -> str:
    """Return ``changed``, ``stops`` where it raises in every sample, or ``same``."""
    pairs = [(observed(mutant, s), observed(original, s), "float32" in s.name) for s in samples]
    if all(len(seen) == 1 for seen, _, _ in pairs):
        return "stops"
    return "same" if all(is_same(*pair) for pair in pairs) else "changed"


class Originals:
    """The unchanged layers of each file, with the samples that they take and the report on each; made once."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, tuple[Layer, list[Sample], LayerReport]]] = {}

    def of(self, mutant: Generic) -> dict[str, tuple[Layer, list[Sample], LayerReport]]:
        if mutant.file not in self.known:
            found = layers_of(mutant.original, f"original_{len(self.known)}", package_of(mutant))
            self.known[mutant.file] = dict(_prepared(found))
        return self.known[mutant.file]


def _prepared(layers: dict[str, Layer]) -> Iterator[tuple[str, tuple[Layer, list[Sample], LayerReport]]]:
    for name, layer in layers.items():
        try:
            samples = examine(layer, Settings()).samples
        except (NotFed, UserError):
            continue
        yield name, (layer, [*samples, as_dtype(samples[0], np.float32)], check(layer))


def package_of(mutant: Generic) -> str:
    return "backproof.layers" if mutant.file.startswith("layers.") else ""


def is_concerned(mutant: Generic, layer: Layer) -> bool:
    """Say whether a layer runs the changed function: its own class, its pair, or a class that inherits it."""
    cls = getattr(layer, "cls", None)
    if cls is not None:
        return any(base.__name__ == mutant.cls for base in cls.__mro__)
    return not mutant.cls and layer.backward_function.__name__ == mutant.function


def verdicts(mutant: Generic, report: LayerReport, original: LayerReport) -> Counter[str]:
    """Return whether a mutant is found, named, its line told, and the patch is what stood there."""
    known = set(original.faults)
    new = [f for f in report.findings if f.outcome is Outcome.FAILED or (f.fault and f.fault not in known)]
    lines = mutant.source.splitlines()
    told = {lines[f.line - 1].strip() for f in new if 0 < f.line <= len(lines)}
    patches = {_normal(f.patch) for f in new if f.patch}
    return Counter({
        "changed": 1,
        "found": report.outcome is Outcome.FAILED or bool(set(report.faults) - known),
        "named": any(f.fault for f in new),
        "line": mutant.after.splitlines()[0].strip() in told,
        "patch": _normal(mutant.before) in patches,
    })  # fmt: skip


def _normal(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text.strip()))
    except SyntaxError:
        return text.strip()


def measure(every: int = 1, only: str = "", unnamed: bool = False) -> None:
    """Print the matrix of mutants that nobody designed, and each one that is missed (or not named)."""
    originals, rows = Originals(), defaultdict[str, Counter[str]](Counter)
    start = time.process_time()
    for number, mutant in enumerate(all_mutants()):
        if number % every or only not in mutant.id:
            continue
        known = originals.of(mutant)
        try:
            layers = layers_of(mutant.source, f"generic_{number}", package_of(mutant))
        except Exception:
            rows[mutant.operator]["stops"] += 1
            continue
        for name, layer in layers.items():
            if name not in known or not is_concerned(mutant, layer):
                continue
            original, samples, report = known[name]
            what = effect(layer, original, samples)
            rows[mutant.operator][what] += what != "changed"
            if what == "changed":
                counts = verdicts(mutant, check(layer), report)
                rows[mutant.operator] += counts
                if not counts["named"] and (unnamed or not counts["found"]):
                    print(f"{'not named' if counts['found'] else 'NOT FOUND'}  {name} {mutant.id}", flush=True)
    print_rows(rows, time.process_time() - start)


def print_rows(rows: dict[str, Counter[str]], seconds: float) -> None:
    """Print one line for each operator, and their sum."""
    total = sum(rows.values(), Counter[str]())
    columns = ("stops", "same", "changed", "found", "named", "line", "patch")
    print(f"{'operator':<28}" + "".join(f"{name:>9}" for name in columns))
    for name, counts in [*sorted(rows.items()), ("all", total)]:
        print(f"{name:<28}" + "".join(f"{counts[column]:>9}" for column in columns))
    made = max(1, total["changed"])
    shares = ", ".join(f"{name} {total[name] / made:.1%}" for name in columns[3:])
    print(f"of {made} mutants that change something: {shares}; {seconds / made * 1e3:.0f} ms of processor time each")

# ruff: noqa: E402, S102 - a script of the checkout runs generated layers
"""Prints how many planted mistakes the checker finds, how many it names rightly, and how many right layers it flags.

python tests/benchmarks/checker.py            the matrix, by fault
python tests/benchmarks/checker.py --missed   also every mutant that was missed or wrongly named
python tests/benchmarks/checker.py --generic  mutants that nobody designed (--every=10: a tenth of them)
python tests/benchmarks/checker.py --peers    times at 64x64, other checkers on the same layers
"""

from __future__ import annotations

import linecache
import re
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import ModuleType

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]

from backproof.checking.checks import check
from backproof.checking.conventions import find_layers
from backproof.checking.findings import LayerReport, Outcome
from tests.checking import elementwise_sources, layer_mutants, structured_mutants
from tests.checking.elementwise_sources import Mutant


def module_of(source: str, name: str, package: str = "") -> ModuleType:
    """Return a module made of text, whose lines can be looked at, as if it stood in a package."""
    module = ModuleType(name)
    module.__package__ = package or None
    module.__file__ = f"<{name}>"
    linecache.cache[module.__file__] = (len(source), None, source.splitlines(keepends=True), module.__file__)
    sys.modules[name] = module
    exec(compile(source, module.__file__, "exec"), module.__dict__)
    return module


def reports(source: str, name: str, only: str = "", package: str = "") -> list[LayerReport]:
    """Return the reports on the layers of a source."""
    module = module_of(source, name, package)
    found = [layer for layer in find_layers(vars(module), f"{name}.py") if layer.name == only or not only]
    return [check(layer) for layer in found]


def report_of(mutant: Mutant, number: int) -> LayerReport:
    only = mutant.layer.split(".")[1] if "." in mutant.layer else ""
    return reports(mutant.source, f"mutant{number}", only, package_of(mutant.layer))[0]


def package_of(layer: str) -> str:
    """Return the package that a source stands in, which its helpers share with it."""
    return layer_mutants.PACKAGE if layer.startswith("layers/") else ""


def is_found(report: LayerReport, mutant: Mutant) -> bool:
    """Say whether the report tells the mistake: as a failure, or as the warning of that name."""
    return report.outcome is Outcome.FAILED or any(re.search(mutant.accepted, fault) for fault in report.faults)


def is_named(report: LayerReport, mutant: Mutant) -> bool:
    return any(re.search(mutant.accepted, fault) for fault in report.faults)


def is_equivalent(mutant: Mutant, number: int) -> bool:
    """Say whether a mutant gives the same as the original: some mistakes change nothing in some layers."""
    import numpy as np

    results = []
    for text, name in ((mutant.source, "a"), (mutant.original, "b")):
        module = module_of(text, f"pair{number}{name}")
        cls = next(
            value for key, value in vars(module).items() if isinstance(value, type) and hasattr(value, "backward")
        )
        rng = np.random.default_rng(0)
        count = cls.forward.__code__.co_argcount - 1
        given = [
            np.append(rng.uniform(0.05, 0.95, 40) * 9, [0.0]) if count == 1 and i == 0 else rng.uniform(0.1, 0.9, 41)
            for i in range(count)
        ]
        given[0][:20] *= -1 if cls.__name__ not in ("Log", "Sqrt", "Power", "Reciprocal", "BinaryCrossEntropy") else 1
        with np.errstate(all="ignore"):
            layer = cls()
            layer.forward(*given)
            out = layer.backward(rng.uniform(1, 2, 41))
        results.append([np.asarray(g) for g in (out if isinstance(out, tuple) else (out,))])
    same = [np.allclose(a, b, rtol=1e-10, equal_nan=True) and a.dtype == b.dtype for a, b in zip(*results, strict=True)]
    return all(same)


#: Mistakes that do not change the numbers of one run.
SILENT = frozenset({"stale cache", "output is the cache", "upstream overwritten", "memory order"})


def main() -> None:
    mutants = [m for i, m in enumerate(elementwise_sources.mutants()) if m.fault in SILENT or not is_equivalent(m, i)]
    mutants += structured_mutants.mutants() + layer_mutants.mutants()
    wanted = next((arg.split("=")[1] for arg in sys.argv if arg.startswith("--only=")), "")
    mutants = [m for m in mutants if wanted in m.id]
    rows: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    missed = []
    start = time.perf_counter()
    for number, mutant in enumerate(mutants):
        report = report_of(mutant, number)
        found, named = is_found(report, mutant), is_named(report, mutant)
        rows[mutant.fault].append((found, named))
        if not named:
            missed.append(f"{'NOT FOUND' if not found else 'not named'}  {mutant.id}: {', '.join(report.faults)}")
    seconds = time.perf_counter() - start
    print(f"{'fault':<32} mutants  found  rightly named")
    for fault, results in sorted(rows.items()):
        print(f"{fault:<32} {len(results):>7} {sum(f for f, _ in results):>6} {sum(n for _, n in results):>14}")
    total = [pair for results in rows.values() for pair in results]
    found, named = sum(f for f, _ in total), sum(n for _, n in total)
    print(f"{'all':<32} {len(total):>7} {found:>6} {named:>14}")
    print(
        f"recall {found / len(total):.1%}, rightly named {named / len(total):.1%}, "
        f"{seconds / len(total) * 1e3:.0f} ms a mutant"
    )
    if "--missed" in sys.argv:
        print("\n".join(missed))
    false_alarms()


def false_alarms() -> None:
    """Print which correct layers fail."""
    right = [
        *structured_mutants.correct().items(), *elementwise_sources.sources().items(), *layer_mutants.correct().items()
    ]  # fmt: skip
    start = time.perf_counter()
    found = [
        report
        for name, text in right
        for report in reports(text, f"right_{re.sub('[-/]', '_', name)}", package=package_of(name))
    ]
    seconds = time.perf_counter() - start
    flagged = [
        report for report in found if report.outcome is not Outcome.PASSED and report.outcome is not Outcome.WARNING
    ]
    print(f"correct layers: {len(found)}, flagged {len(flagged)}, {seconds / len(found) * 1e3:.0f} ms a layer")
    for report in flagged:
        print(report)


if __name__ == "__main__":
    if "--peers" in sys.argv:
        from tests.benchmarks.peers import compare

        compare()
    elif "--generic" in sys.argv:
        from tests.benchmarks.generic import measure

        options = dict(arg.removeprefix("--").split("=") for arg in sys.argv if "=" in arg)
        measure(int(options.get("every", 1)), options.get("only", ""), "--missed" in sys.argv)
    else:
        main()

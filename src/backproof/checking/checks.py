"""The table of checks, and the report on a layer that they make."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from backproof.checking.check_contracts import check_contract, check_shapes
from backproof.checking.check_domain import check_domain
from backproof.checking.check_layout import check_layout
from backproof.checking.check_precision import check_precision
from backproof.checking.check_values import Mismatch, check_agreement, check_value, mismatches
from backproof.checking.diagnosis import diagnose
from backproof.checking.examination import Examination, NotFed, Settings, examine
from backproof.checking.fault_formulas import stated_formulas
from backproof.checking.findings import SEVERITY, Finding, LayerReport, Outcome, Row
from backproof.checking.layer import Layer
from backproof.checking.running_user import UserError
from backproof.errors import BackproofError

Check = Callable[[Examination, list[Mismatch]], Row]
#: Every check, by name, in the order of the report.
CHECKS: Final[dict[str, Check]] = {
    "value": check_value,
    "agreement": check_agreement,
    "shape": check_shapes,
    "contract": check_contract,
    "layout": check_layout,
    "domain": check_domain,
    "precision": check_precision,
}


def check(layer: Layer, settings: Settings | None = None) -> LayerReport:
    """Return the report on one layer; it says so where the layer could not be run."""
    try:
        return _checked(layer, settings or Settings())
    except Exception as error:
        finding = Finding("value", Outcome.UNKNOWN, f"the check itself failed: {type(error).__name__}: {error}")
        rows = (Row("value", Outcome.UNKNOWN, "not run", (finding,)),)
        return LayerReport(layer.name, layer.path, layer.line, layer.convention, "", rows)


def _checked(layer: Layer, settings: Settings) -> LayerReport:
    start = time.perf_counter()
    try:
        examination = examine(layer, settings)
    except (NotFed, UserError) as reason:
        finding = Finding("value", Outcome.UNKNOWN, str(reason), details=(_hint(layer),))
        rows: tuple[Row, ...] = (Row("value", Outcome.UNKNOWN, "not run", (finding,)),)
        return LayerReport(layer.name, layer.path, layer.line, layer.convention, "", rows)
    wrong = mismatches(examination)
    rows = tuple(_run(name, examination, wrong) for name in _chosen(settings))
    if "value" in _chosen(settings) and (wrong or _raises(examination)):
        rows = _with_diagnosis(rows, _diagnosed(examination, wrong))
    return LayerReport(
        layer.name, layer.path, layer.line, layer.convention, _specification(examination), rows,
        examination.unchecked, (*layer.notes, *examination.notes), time.perf_counter() - start,
        stated_formulas(examination),
    )  # fmt: skip


def _diagnosed(examination: Examination, wrong: list[Mismatch]) -> list[Finding]:
    """Return the named faults; a diagnosis that breaks down is a finding, and takes no verdict away."""
    try:
        return diagnose(examination, wrong)
    except Exception as error:
        message = f"what is wrong was not diagnosed: {type(error).__name__}: {error}"
        names = ", ".join(dict.fromkeys(m.argument for m in wrong))
        return [Finding("value", Outcome.FAILED if wrong else Outcome.UNKNOWN, message, names)]


def _raises(examination: Examination) -> bool:
    """Say whether backward raises in the ordinary sample."""
    try:
        examination.run(examination.samples[0])
    except UserError:
        return True
    return False


def _hint(layer: Layer) -> str:
    """Return what to write into pyproject.toml, with the names of this layer."""
    arguments = ", ".join(f"{a.name} = …" for a in layer.arguments if a.is_setting and a.is_required)
    shapes = ", ".join(f"{name} = [4, 3]" for name in layer.forward_names)
    said = [f"arguments = {{{arguments}}}" if arguments else "", f"shapes = {{{shapes}}}" if shapes else ""]
    return f"say in pyproject.toml how it is fed: [tool.backproof.layers.{layer.name}] {', '.join(filter(None, said))}"


def _chosen(settings: Settings) -> list[str]:
    return [name for name in CHECKS if (not settings.only or name in settings.only) and name not in settings.skip]


def _run(name: str, examination: Examination, wrong: list[Mismatch]) -> Row:
    try:
        return CHECKS[name](examination, wrong)
    except (UserError, BackproofError) as error:
        return Row(name, Outcome.UNKNOWN, str(error))
    except Exception as error:
        return Row(name, Outcome.UNKNOWN, f"the check itself failed: {type(error).__name__}: {error}")


def _with_diagnosis(rows: tuple[Row, ...], found: list[Finding]) -> tuple[Row, ...]:
    """Put the named faults where they belong: to the value row, or to the agreement row."""
    made = []
    for row in rows:
        mine = tuple(f for f in found if f.check == row.check)
        merged = row.findings + mine
        outcome = next((o for o in SEVERITY if any(f.outcome is o for f in merged)), row.outcome)
        made.append(Row(row.check, outcome if mine else row.outcome, row.detail, merged))
    return tuple(made)


def _specification(examination: Examination) -> str:
    if examination.node is not None:
        how = "declared" if examination.is_declared else "by its name, its forward agrees"
        return f"the catalogue's {examination.node.node.name} ({how})"
    try:
        return examination.reference(examination.samples[0]).source
    except UserError:
        return ""

"""Exact proofs on request: entries of a small run, judged by the kernel for all values of that branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backproof.checking.examination import Examination
from backproof.checking.fault_formulas import entry_names
from backproof.checking.formulas import formula
from backproof.checking.lifted import Lifted
from backproof.checking.running_user import UserError
from backproof.checking.tape import NotLiftable
from backproof.checking.tracing import Trace
from backproof.domains import Context
from backproof.kernel import judge

#: At most so many entries are judged, of the sample with the fewest operations.
ENTRIES: Final = 12


@dataclass
class Proofs:
    """How many entries were judged, and how many of them were accepted."""

    judged: int = 0
    accepted: int = 0

    def __str__(self) -> str:
        return f"{self.accepted} of {self.judged} entries proved for all values of their branch"


def prove(examination: Examination) -> Proofs:
    """Return what the kernel says of the entries of the smallest recorded run."""
    proofs = Proofs()
    record = _smallest(examination)
    if record is None:
        return proofs
    outputs = {int(i) for ids in record.outputs for i in ids.ravel()}
    names = {entry: name for entry, name in entry_names(record).items() if entry not in outputs}
    for name, expected in record.expected.items():
        found = record.found.get(name)
        if type(found) is not Lifted or found.shape != expected.shape:
            continue
        for left, right in zip(found.ids.ravel(), expected.ids.ravel(), strict=True):
            if proofs.judged == ENTRIES:
                return proofs
            _judge(record, int(left), int(right), names, proofs)
    return proofs


def _judge(record: Trace, left: int, right: int, names: dict[int, str], proofs: Proofs) -> None:
    proofs.judged += 1
    try:
        sides = [formula(record.tape, entry, names) for entry in (left, right)]
    except NotLiftable:
        return
    proofs.accepted += judge(sides[0], sides[1], Context()).is_accepted


def _smallest(examination: Examination) -> Trace | None:
    records = []
    for given in examination.samples:
        try:
            record = examination.reference(given).trace
        except UserError:
            continue
        if record is not None and record.found and any(ids.size for ids in record.inputs.values()):
            records.append(record)
    return min(records, key=lambda record: len(record.tape), default=None)

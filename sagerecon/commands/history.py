"""What came before a reconciliation: the begin of the move, and the verdicts of the last reconciliation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sagerecon.planning.plan import Purpose
from sagerecon.store.company import CompanyStore


@dataclass(frozen=True, slots=True)
class History:
    """When the move of a company began, and the last verdicts' fingerprints by record."""

    first_run: str  #: the first load of the move; empty where the store does not know it
    began_at: int | None  #: when the move began; None before any run, 0 where it is not known
    last: Mapping[str, str]


def read_history(company: CompanyStore, reading: str = "", before: str = "") -> History:
    """Return the history before the reconciliation of the run `reading`.

    Args:
        before: the run that read Sage back for the reconciliation before it.
    """
    loads = [known for known in company.history.runs() if known.purpose is Purpose.LOAD]
    return History(
        first_run=loads[0].id if loads and company.memory.is_from_start() else "",
        began_at=company.memory.began_at(),
        last={
            name: verdict.fingerprint
            for name, verdict in company.reconciliations.last_verdicts().items()
            if verdict.last_run == before or (verdict.last_run == reading and verdict.first_run != reading)
        },
    )

"""What came before a reconciliation: the load runs, and the verdicts of the last reconciliation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sagerecon.planning.plan import Purpose
from sagerecon.store.company import CompanyStore


@dataclass(frozen=True, slots=True)
class History:
    """The load runs of a company, and the last verdicts' fingerprints by record."""

    load_runs: tuple[str, ...]
    began_at: int | None
    last: Mapping[str, str]


def read_history(company: CompanyStore, reading: str = "", before: str = "") -> History:
    """Return the history before the reconciliation of the run `reading`.

    Args:
        before: the run that read Sage back for the reconciliation before it.
    """
    loads = [known for known in company.history.runs() if known.purpose is Purpose.LOAD]
    return History(
        load_runs=tuple(known.id for known in loads),
        began_at=min((known.started_at for known in loads), default=None),
        last={
            name: verdict.fingerprint
            for name, verdict in company.reconciliations.last_verdicts().items()
            if verdict.last_run == before or (verdict.last_run == reading and verdict.first_run != reading)
        },
    )

"""Small plans and stores for tests of the runner, and a simulated crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from memory_sage import MemorySage

from sagerecon.documents.package import catalog
from sagerecon.model.draft import Draft, OnExisting, Outcome, Reference
from sagerecon.model.place import Place
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.pairing.settlement import NOTHING_SETTLED, Settlement
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan
from sagerecon.planning.planner import Calendar, Provenance, plan_steps
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.runner.run import RunOutcome, run
from sagerecon.store.opening import Store, open_store

OPEN = Budget(None, None)


class Crash(BaseException):
    """A simulated crash of the process."""


def customer(number: int, **body: Any) -> Draft:
    reference = f"C{number}"
    fields = {"name": f"Firm {number}", "contact_type_ids": ["CUSTOMER"], "reference": reference}
    return Draft(
        kind="contact",
        key=f"customers/{reference}",
        body={**fields, **body},
        identity={"reference": reference},
        origins=(Place("customers.csv", number + 1),),
        place=Place("customers.yaml", 3),
        label=f"Firm {number}",
    )


def invoice(number: int, customer_key: str) -> Draft:
    return Draft(
        kind="sales_invoice",
        key=f"invoices/I{number}",
        body={
            "contact_id": Reference("contact", customer_key),
            "date": "2026-01-01",
            "reference": f"I{number}",
            "invoice_lines": [{"description": "Work", "quantity": "1", "unit_price": "10.00"}],
        },
        identity={"reference": f"I{number}"},
        origins=(Place("invoices.csv", number + 1),),
        place=Place("invoices.yaml", 3),
        on_existing=OnExisting.CREATE,
        label=f"invoice {number}",
    )


def twenty() -> list[Draft]:
    """Nineteen writes; the twentieth step reads what Sage holds."""
    customers = [customer(number) for number in range(10)]
    return [*customers, *(invoice(number, f"customers/C{number}") for number in range(9))]


class Desk:
    """A store, a clock and a Sage; `go` runs the plan as one process would, opening the store anew."""

    def __init__(self, folder: Path, sage: MemorySage, clock: VirtualClock, budget: Budget = OPEN) -> None:
        self.folder, self.sage, self.clock, self.budget = folder, sage, clock, budget
        self.plan: Plan | None = None

    def open(self, failpoint: Callable[[str], None] = lambda _: None) -> Store:
        return open_store(f"sqlite:///{self.folder / 'store.db'}", self.clock, None, failpoint)

    def planned(self, outcomes: Sequence[Outcome], settlement: Settlement = NOTHING_SETTLED) -> Plan:
        with self.open() as store:
            company = store.company("B")
            known = company.id_map.known()
            written = {(record.kind, record.key): record for record in company.history.written()}
            recorded = Recorded(contents=known.contents, written=written)
            positions = pair_with_recorded(outcomes, recorded, catalog())
            provenance = Provenance("B", "snapshot", "mappings", "catalog")
            calendar = Calendar(self.clock.now())
            self.plan = plan_steps(
                positions,
                known,
                catalog(),
                self.budget,
                provenance,
                calendar,
                stop_when_blocked=Decimal(100),
                settlement=settlement,
            )
        return self.plan

    def go(self, failpoint: Callable[[str], None] = lambda _: None, **more: Any) -> RunOutcome:
        assert self.plan is not None
        with self.open(failpoint) as store:
            log = store.company("B").run_log
            return run(
                self.plan, self.sage, log, self.clock, self.budget, catalog(), failpoint=failpoint, **more
            )


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Yield a folder in memory, where commits are fast: these tests crash the process, not the machine."""
    memory = Path("/dev/shm")  # noqa: S108 - a place in memory, where there is one
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def desk(folder: Path, **sage: Any) -> Desk:
    clock = VirtualClock()
    return Desk(folder, MemorySage(clock, **sage), clock)


def references(sage: MemorySage, kind: str) -> list[str]:
    return sorted(entity["reference"] for entity in sage.bodies_of(kind))

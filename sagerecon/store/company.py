"""The part of the store that belongs to one company."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.model.clock import Clock
from sagerecon.store.call_ledger import CallLedger
from sagerecon.store.call_witness import CallWitness
from sagerecon.store.company_lock import CompanyLock
from sagerecon.store.database import Database
from sagerecon.store.disk import Disk
from sagerecon.store.id_map import IdMap
from sagerecon.store.memory_log import MemoryLog
from sagerecon.store.reconciliation_log import ReconciliationLog
from sagerecon.store.run_history import RunHistory
from sagerecon.store.run_log import RunLog
from sagerecon.store.witness import Witness
from sagerecon.store.write_buffer import WriteBuffer


@dataclass(frozen=True, slots=True)
class CompanyStore:
    """The ports to one company's data, one for each use. They share one write buffer."""

    id_map: IdMap  #: for planning
    run_log: RunLog  #: for the runner
    history: RunHistory  #: for status, reports and reconciliation
    reconciliations: ReconciliationLog  #: for comparing a reconciliation with the one before
    memory: MemoryLog  #: for comparing the store with Sage
    _buffer: WriteBuffer

    def close(self) -> None:
        """Close the connections. Statements not yet committed are lost, as in a crash."""
        self._buffer.close()


def open_company(
    business: str,
    database: Database,
    disk: Disk | None,
    clock: Clock,
    witness: Witness | None,
    call_witness: CallWitness | None,
) -> CompanyStore:
    """Open the data of the company with Sage's business id `business`."""
    lock = CompanyLock(business, clock, witness)
    buffer = WriteBuffer(database, disk, lock.renew)
    id_map = IdMap(business, database, buffer)
    ledger = CallLedger(business, clock, buffer, call_witness)
    return CompanyStore(
        id_map=id_map,
        run_log=RunLog(business, database, buffer, id_map, ledger, lock, clock),
        history=RunHistory(business, database, buffer, clock),
        reconciliations=ReconciliationLog(business, database, clock),
        memory=MemoryLog(business, buffer),
        _buffer=buffer,
    )

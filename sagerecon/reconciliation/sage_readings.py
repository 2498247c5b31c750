"""What the readings of one reconciliation cover: the kinds and reports that were read whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import date

from sagerecon.model.catalog import Catalog
from sagerecon.model.posting import LedgerRole
from sagerecon.model.reading import Reading, kinds_read_whole
from sagerecon.reconciliation.tie_out import TieOutName

#: The report with the balance of every account.
TRIAL_BALANCE = "trial_balance"

#: The kinds whose whole listing each tie-out needs, by their role in the ledger. Each needs the report too.
_ROLES = {
    TieOutName.TRIAL_BALANCE: (LedgerRole.ACCOUNT,),
    TieOutName.DEBTORS: (LedgerRole.ACCOUNT, LedgerRole.CONTACT),
    TieOutName.CREDITORS: (LedgerRole.ACCOUNT, LedgerRole.CONTACT),
    TieOutName.BANK: (LedgerRole.ACCOUNT, LedgerRole.BANK_ACCOUNT),
    TieOutName.TAX: (LedgerRole.CONTACT,),
    TieOutName.OPENING_CONTROL: (LedgerRole.ACCOUNT,),
}

#: The tie-outs that add up every document, payment and allocation.
_OF_DOCUMENTS = frozenset({TieOutName.DEBTORS, TieOutName.CREDITORS, TieOutName.TAX})


@dataclass(frozen=True, slots=True)
class SageReadings:
    """The readings of one reconciliation. A kind or report counts as read only where it was read whole."""

    listings: tuple[Reading, ...] = ()  #: of what Sage holds, reports included
    deletions: tuple[Reading, ...] = ()  #: of what was deleted there

    @property
    def all(self) -> tuple[Reading, ...]:
        """Every reading, in the order in which it was planned."""
        return (*self.listings, *self.deletions)

    @property
    def kinds_read(self) -> frozenset[str]:
        """The kinds and reports that were read whole."""
        return kinds_read_whole(self.listings)

    @property
    def incomplete(self) -> dict[str, str]:
        """Why each kind or report that was asked for was not read whole."""
        return {reading.kind: reading.why_incomplete for reading in self.listings if not reading.is_whole}

    @property
    def deletions_unknown(self) -> frozenset[str]:
        """The kinds whose deleted entities were asked for and not read whole."""
        return frozenset(reading.kind for reading in self.deletions if not reading.is_whole)

    @property
    def as_at(self) -> date | None:
        """The day as at which the trial balance was asked for; None where it was not."""
        return next((reading.as_at for reading in self.listings if reading.kind == TRIAL_BALANCE), None)

    def why_not_taken(self, name: TieOutName, written: Iterable[str], catalog: Catalog) -> str:
        """Return why a tie-out cannot be taken from these readings; empty where it can.

        Args:
            written: the kinds that earlier runs wrote, whether or not Sage lists them.
        """
        asked = {*written, *(reading.kind for reading in self.listings)}
        needed = sorted({*_needed(name, asked, catalog)} - self.kinds_read)
        reasons = (self.incomplete.get(kind, f"{_spaced(kind)} was not read.") for kind in needed)
        return " ".join(dict.fromkeys(reasons))


def _needed(name: TieOutName, asked: Set[str], catalog: Catalog) -> Iterator[str]:
    """Yield the kinds and reports that a tie-out is taken from."""
    if name is not TieOutName.TAX:
        yield TRIAL_BALANCE
    yield from (kind.name for kind in catalog.ledger_kinds if any(kind.has_role(r) for r in _ROLES[name]))
    if name in _OF_DOCUMENTS:
        yield from (kind for kind in asked if kind in catalog and catalog[kind].posting is not None)


def _spaced(kind: str) -> str:
    return kind.replace("_", " ")

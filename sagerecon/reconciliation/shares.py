"""What each record contributes to the gap of an account or of a contact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.place import Place
from sagerecon.reconciliation.verdict import RecordVerdict


@dataclass(frozen=True, slots=True)
class Share:
    """What one record contributes to a gap."""

    id: str  #: of the record's verdict
    label: str
    verdict: str
    amount: Decimal
    sage_id: str = ""
    origins: tuple[Place, ...] = ()


def shares_by_account(verdicts: Iterable[RecordVerdict]) -> dict[str, list[Share]]:
    """What each record contributes to the gap of each account, the largest first."""
    return _shares((verdict, verdict.effects) for verdict in verdicts)


def shares_by_contact(verdicts: Iterable[RecordVerdict]) -> dict[str, list[Share]]:
    """What each record contributes to the gap of each contact, the largest first."""
    return _shares((verdict, verdict.parties) for verdict in verdicts)


def share_of(verdict: RecordVerdict, amount: Decimal) -> Share:
    """The share of one record."""
    label = verdict.label or verdict.key or verdict.sage_id
    return Share(verdict.id, label, verdict.verdict.value, amount, verdict.sage_id, verdict.origins)


def _shares(
    effects: Iterable[tuple[RecordVerdict, Mapping[str, Decimal]]],
) -> dict[str, list[Share]]:
    found: dict[str, list[Share]] = {}
    for verdict, moved in effects:
        for place, amount in moved.items():
            found.setdefault(place, []).append(share_of(verdict, amount))
    for shares in found.values():
        shares.sort(key=lambda share: (-abs(share.amount), share.id))
    return found

"""What each record contributes to the gap of an account or of a contact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.money import magnitude, negative, total
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
    is_estimate: bool = False  #: of a record without a draft, taken from other drafts of its mapping


def shares_by_account(verdicts: Iterable[RecordVerdict]) -> dict[str, list[Share]]:
    """Return what each record contributes to the gap of each account, the largest first."""
    return _shares((verdict, verdict.effects) for verdict in verdicts)


def shares_by_contact(verdicts: Iterable[RecordVerdict]) -> dict[str, list[Share]]:
    """Return what each record contributes to the gap of each contact, the largest first."""
    return _shares((verdict, verdict.contact_effects) for verdict in verdicts)


def share_of(verdict: RecordVerdict, amount: Decimal) -> Share:
    """Return the share of one record in a gap."""
    label = verdict.label or verdict.key or verdict.sage_id
    return Share(
        id=verdict.id,
        label=label,
        verdict=verdict.verdict.value,
        amount=amount,
        sage_id=verdict.sage_id,
        origins=verdict.origins,
        is_estimate=verdict.is_estimate,
    )


def explaining(shares: Sequence[Share], difference: Decimal) -> tuple[Share, ...]:
    """Return the shares that explain a difference: without estimates where these alone add up to it.

    A quarantined record makes a gap only where the balance of the source contains it.
    """
    certain = tuple(share for share in shares if not share.is_estimate)
    return certain if total(share.amount for share in certain) == difference else tuple(shares)


def _shares(
    effects: Iterable[tuple[RecordVerdict, Mapping[str, Decimal]]],
) -> dict[str, list[Share]]:
    found: dict[str, list[Share]] = {}
    for verdict, moved in effects:
        for place, amount in moved.items():
            found.setdefault(place, []).append(share_of(verdict, amount))
    for shares in found.values():
        shares.sort(key=lambda share: (negative(magnitude(share.amount)), share.id))
    return found

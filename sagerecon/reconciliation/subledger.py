"""Aged debtors and creditors per contact, against their control accounts on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sagerecon.model.money import total
from sagerecon.reconciliation.open_items import OpenItem
from sagerecon.reconciliation.shares import Share, fitting, share_of, shares_by_contact
from sagerecon.reconciliation.tie_out import ControlPair, TieOut, TieOutLine
from sagerecon.reconciliation.verdict import RecordVerdict, Verdict

#: Days overdue at the as-at date; what is not due yet comes first.
BUCKETS = ("not due", "1-30 days", "31-60 days", "61-90 days", "older")


#: The tie-out whose control account is a credit balance.
CREDITORS = "creditors"


def tie_contacts(
    name: str,
    about: str,
    source: Iterable[OpenItem],
    sage: Iterable[OpenItem],
    as_at: date,
    *,
    control: ControlPair | None = None,
    balances: Mapping[str, tuple[str, Decimal]] | None = None,
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """Each contact's open items on both sides, aged by due date, under the control account.

    The control account's balances are debit positive; those of `creditors` are turned round, for what we owe
    is positive here. `balances` are Sage's own, contact key -> (name, amount): where given they are Sage's
    side, and the open items only spread them over the buckets. A due date that Sage does not hold, as on an
    opening balance, is taken from the source's item of the same document and amount.
    """
    source, sage = list(source), list(sage)
    if control is not None and name == CREDITORS:
        control = replace(control, source=_turned(control.source), sage=_turned(control.sage))
    dues = {(item.contact, item.amount, _document(item.label)): item.due for item in source}
    sage = [
        replace(item, due=dues.get((item.contact, item.amount, _document(item.label)), item.due))
        for item in sage
    ]
    wanted, found = _by_contact(source), _by_contact(sage)
    own = balances or {}
    names = {key: held[0] for key, held in own.items()}
    names |= {item.contact: item.name for item in (*sage, *source) if item.name}
    verdicts = list(verdicts)
    shares, unsent = shares_by_contact(verdicts), _unsent(source, verdicts)
    owing = (key for key, (_, amount) in own.items() if amount)
    lines = []
    for contact in sorted(
        {*wanted, *found, *owing}, key=lambda key: ((names.get(key) or key).casefold(), key)
    ):
        held = total(item.amount for item in found.get(contact, ()))
        line = TieOutLine(
            code=contact,
            name=names.get(contact, contact),
            source=total(item.amount for item in wanted.get(contact, ())),
            sage=own[contact][1] if contact in own else held,
            aged_source=aged(wanted.get(contact, ()), as_at),
            aged_sage=aged(found.get(contact, ()), as_at),
        )
        if line.source or line.sage or any(line.aged_source) or any(line.aged_sage):
            known = (*shares.get(contact, ()), *unsent.get(contact, ()))
            lines.append(replace(line, records=fitting(known, line.difference)))
    return TieOut(name, about, as_at, tuple(lines), control, BUCKETS)


def aged(items: Iterable[OpenItem], as_at: date) -> tuple[Decimal, ...]:
    """The amounts by days overdue at `as_at`, in the order of `BUCKETS`; credits count as credits."""
    amounts: list[list[Decimal]] = [[] for _ in BUCKETS]
    for item in items:
        overdue = (as_at - item.due).days if item.due is not None else 0
        amounts[min(4, max(0, (overdue + 29) // 30))].append(item.amount)
    return tuple(total(bucket) for bucket in amounts)


def _unsent(source: Iterable[OpenItem], verdicts: Iterable[RecordVerdict]) -> dict[str, list[Share]]:
    """What records without a draft leave each contact short, known by their document and amount."""
    aside = {
        (_document(verdict.label), verdict.amount): verdict
        for verdict in verdicts
        if verdict.verdict in (Verdict.QUARANTINED, Verdict.LEFT_OUT) and not verdict.parties
    }
    shares: dict[str, list[Share]] = {}
    for item in source:
        if (verdict := aside.get((_document(item.label), item.amount))) is not None:
            shares.setdefault(item.contact, []).append(
                replace(share_of(verdict, -item.amount), is_estimate=True)
            )
    return shares


def _turned(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _by_contact(items: Iterable[OpenItem]) -> dict[str, list[OpenItem]]:
    found: dict[str, list[OpenItem]] = {}
    for item in items:
        found.setdefault(item.contact, []).append(item)
    return found


def _document(label: str) -> str:
    """The document number in a label: the last word of `invoice 1021`, whichever way it is put."""
    return label.rsplit(maxsplit=1)[-1].casefold() if label.strip() else ""

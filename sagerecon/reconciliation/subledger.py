"""Aged debtors and creditors per contact, and their control accounts on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sagerecon.model.money import negative, total
from sagerecon.pairing.consequences import Verdict
from sagerecon.reconciliation.open_items import OpenItem
from sagerecon.reconciliation.shares import Share, explaining, share_of, shares_by_contact
from sagerecon.reconciliation.tie_out import ControlPair, TieOut, TieOutLine
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.reconciliation.wording import rows_after

#: Days overdue at the as-at date.
BUCKETS = ("not due", "1-30 days", "31-60 days", "61-90 days", "older")


#: The tie-out whose control account is a credit balance.
CREDITORS = "creditors"


#: Verdicts on records that are not sent, whether the source's data or a run kept them from it.
_UNSENT = frozenset({Verdict.QUARANTINED, Verdict.LEFT_OUT, Verdict.GONE})


def tie_contacts(
    name: str,
    about: str,
    source: Iterable[OpenItem],
    sage: Iterable[OpenItem],
    as_at: date,
    *,
    control: ControlPair | None = None,
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """Return the open items of each contact on both sides, aged by due date, with the control account.

    An opening balance has no due date in Sage. It gets the one of the source's item with the same document
    number and amount.

    Args:
        name: `debtors` or `creditors`.
        about: the title of the tie-out.
        source: the open items of the source.
        sage: the open items in Sage, as at the same day.
        as_at: the day as at which they are open and aged. What is dated after it is not counted.
        control: the control account, debit positive. For `creditors` it is negated here.
        verdicts: the verdicts that explain gaps.
    """
    rows, sage = list(source), _dated_until(as_at, sage)
    source = _dated_until(as_at, rows)
    if control is not None and name == CREDITORS:
        control = replace(control, source=_negated(control.source), sage=_negated(control.sage))
    sage = _with_due_dates(sage, source)
    wanted, found = _by_contact(source), _by_contact(sage)
    names = {item.contact: item.name for item in (*sage, *source) if item.name}
    verdicts = list(verdicts)
    shares, unsent = shares_by_contact(verdicts), _unsent(source, verdicts)
    contacts = sorted({*wanted, *found}, key=lambda key: ((names.get(key) or key).casefold(), key))
    lines = []
    for contact in contacts:
        line = _line(contact, names, wanted.get(contact, ()), found.get(contact, ()), as_at)
        if line.source or line.sage or line.undated or any(line.aged_source) or any(line.aged_sage):
            known = (*shares.get(contact, ()), *unsent.get(contact, ()))
            lines.append(replace(line, records=explaining(known, line.difference)))
    return TieOut(
        name=name,
        about=about,
        as_at=as_at,
        lines=tuple(lines),
        control=control,
        buckets=BUCKETS,
        notes=tuple(rows_after(len(rows) - len(source), as_at)),
    )


def aged(items: Iterable[OpenItem], as_at: date) -> tuple[Decimal, ...]:
    """Return the sums by days overdue at `as_at`, in the order of `BUCKETS`; credits are negative."""
    amounts: list[list[Decimal]] = [[] for _ in BUCKETS]
    for item in items:
        overdue = (as_at - item.due).days if item.due is not None else 0
        amounts[min(4, max(0, (overdue + 29) // 30))].append(item.amount)
    return tuple(total(bucket) for bucket in amounts)


def _line(
    contact: str,
    names: Mapping[str, str],
    wanted: Sequence[OpenItem],
    found: Sequence[OpenItem],
    as_at: date,
) -> TieOutLine:
    return TieOutLine(
        code=contact,
        name=names.get(contact, contact),
        source=total(item.amount for item in wanted),
        sage=total(item.amount for item in found),
        aged_source=aged(wanted, as_at),
        aged_sage=aged(found, as_at),
        undated=total(item.undated for item in found),
    )


def _dated_until(day: date, items: Iterable[OpenItem]) -> list[OpenItem]:
    return [item for item in items if item.dated is None or item.dated <= day]


def _with_due_dates(sage: Iterable[OpenItem], source: Iterable[OpenItem]) -> list[OpenItem]:
    """Return Sage's items with the due dates of the source's items of the same document and amount."""
    dues = {_identity(item): item.due for item in source}
    return [replace(item, due=dues.get(_identity(item), item.due)) for item in sage]


def _identity(item: OpenItem) -> tuple[str, Decimal, str]:
    return item.contact, item.amount, _document(item.label)


def _unsent(source: Iterable[OpenItem], verdicts: Iterable[RecordVerdict]) -> dict[str, list[Share]]:
    """Return, by contact, the items of records without a draft, found by document number and amount."""
    without_draft = {
        (_document(verdict.label), verdict.amount): verdict
        for verdict in verdicts
        if verdict.is_wanted
        and (verdict.is_set_aside or verdict.verdict in _UNSENT)
        and not verdict.contact_effects
    }
    shares: dict[str, list[Share]] = {}
    for item in source:
        if (verdict := without_draft.get((_document(item.label), item.amount))) is not None:
            shares.setdefault(item.contact, []).append(
                replace(share_of(verdict, negative(item.amount)), is_estimate=True)
            )
    return shares


def _negated(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else negative(amount)


def _by_contact(items: Iterable[OpenItem]) -> dict[str, list[OpenItem]]:
    found: dict[str, list[OpenItem]] = {}
    for item in items:
        found.setdefault(item.contact, []).append(item)
    return found


def _document(label: str) -> str:
    """Return the document number in a label: the last word of `invoice 1021`."""
    return label.rsplit(maxsplit=1)[-1].casefold() if label.strip() else ""

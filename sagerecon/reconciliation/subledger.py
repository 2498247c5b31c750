"""Aged debtors and creditors per contact, against their control accounts on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity
from sagerecon.model.money import total
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Body, Identities
from sagerecon.reconciliation.postings import ControlAccounts, Ledger, is_vendor_side, line_net, type_of
from sagerecon.reconciliation.shares import Share, fitting, share_of, shares_by_contact
from sagerecon.reconciliation.tie_out import ControlPair, TieOut, TieOutLine
from sagerecon.reconciliation.verdict import RecordVerdict, Verdict

#: Days overdue at the as-at date; what is not due yet comes first.
BUCKETS = ("not due", "1-30 days", "31-60 days", "61-90 days", "older")


#: The tie-out whose control account is a credit balance.
CREDITORS = "creditors"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One unsettled document. What a customer or we owe is positive, a credit negative."""

    contact: str  #: the contact's key on both sides: a draft key, or Sage's id for one we do not know
    name: str
    label: str
    amount: Decimal
    due: date | None  #: its own date where it has no due date; None counts as not due


def open_items_wanted(drafts: Iterable[Draft], side: str) -> list[OpenItem]:
    """The open items our drafts stand for; `side` is `CUSTOMER` or `VENDOR`."""
    drafts = list(drafts)
    identities = Identities()
    ledger = Ledger(identities, ControlAccounts())
    ledger.learn_drafts(drafts)
    names = {draft.key: draft.label for draft in drafts if draft.kind == "contact"}
    documents = [(draft.kind, draft.key, draft.label, Body(draft.body, identities)) for draft in drafts]
    return _open_items(documents, ledger, names, side)


def open_items_held(entities: Iterable[Entity], identities: Identities, side: str) -> list[OpenItem]:
    """The open items Sage holds, each under its contact's draft key where the id map knows it."""
    entities = [entity for entity in entities if not is_gone(entity)]
    ledger = Ledger(identities, ControlAccounts())
    ledger.learn_entities(entities)
    names = {identities.of_id(e.sage_id).key: e.displayed_as for e in entities if e.kind == "contact"}
    documents = [
        (
            entity.kind,
            identities.of_id(entity.sage_id).key,
            entity.displayed_as,
            Body(entity.body, identities),
        )
        for entity in entities
    ]
    return _open_items(documents, ledger, names, side)


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


_DOCUMENTS = {
    "sales_invoice": ("CUSTOMER", 1, "invoice_lines"),
    "sales_credit_note": ("CUSTOMER", -1, "credit_note_lines"),
    "purchase_invoice": ("VENDOR", 1, "invoice_lines"),
    "purchase_credit_note": ("VENDOR", -1, "credit_note_lines"),
}


def _open_items(
    documents: Sequence[tuple[str, str, str, Body]], ledger: Ledger, names: Mapping[str, str], side: str
) -> list[OpenItem]:
    settled = _settled(documents)
    items: list[OpenItem] = []
    for kind, key, label, body in documents:
        amount = _open_amount(kind, key, body, ledger, side, settled)
        if amount:
            contact = body.link("contact")
            due = _day(body.value("due_date")) or _day(body.value("date"))
            items.append(
                OpenItem(contact, names.get(contact, contact), body.text("reference") or label, amount, due)
            )
    return items


def _open_amount(
    kind: str, key: str, body: Body, ledger: Ledger, side: str, settled: Mapping[str, Decimal]
) -> Decimal:
    """What is still open on one document; zero for one of the other side or of no such kind."""
    if kind == "contact_opening_balance":
        if is_vendor_side(body, ledger) != (side == "VENDOR"):
            return Decimal()
        sign = -1 if type_of(body, "contact_opening_balance_type") == "CREDIT_NOTE" else 1
        return sign * (body.amount("total_amount") or Decimal()) - settled.get(key, Decimal())
    if kind in _DOCUMENTS and _DOCUMENTS[kind][0] == side:
        _, sign, lines = _DOCUMENTS[kind]
        outstanding = body.amount("outstanding_amount")
        if outstanding is not None:
            return sign * abs(outstanding)
        amounts = (
            total((line_net(line), line.amount("tax_amount") or Decimal())) for line in body.items(lines)
        )
        return sign * total(amounts) - settled.get(key, Decimal())
    if kind == "contact_payment" and type_of(body, "transaction_type").startswith(side):
        sign = 1 if type_of(body, "transaction_type").endswith("REFUND") else -1
        allocated = total(item.amount("amount") or Decimal() for item in body.items("allocated_artefacts"))
        rest = (body.amount("total_amount") or Decimal()) - allocated
        return sign * rest - settled.get(f"{key} (payment_on_account)", Decimal())
    return Decimal()


def _settled(documents: Iterable[tuple[str, str, str, Body]]) -> Mapping[str, Decimal]:
    """What payments and allocations take off each document."""
    settled: dict[str, Decimal] = {}
    for kind, _, _, body in documents:
        if kind in ("contact_payment", "contact_allocation"):
            sign = _settling_sign(type_of(body, "transaction_type"))
            for item in body.items("allocated_artefacts"):
                key = item.link("artefact")
                amount = sign * (item.amount("amount") or Decimal())
                settled[key] = total((settled.get(key, Decimal()), amount))
    return settled


def _settling_sign(transaction_type: str) -> int:
    """Refunds settle credits; a supplier's allocation carries the invoice negative."""
    return -1 if transaction_type.endswith("REFUND") or transaction_type == "VENDOR_ALLOCATION" else 1


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


def _day(value: object) -> date | None:
    if isinstance(value, date):
        return value
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None

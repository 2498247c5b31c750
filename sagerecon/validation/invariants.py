"""Accounting checks over all that Sage will hold, before the first call. They cannot be switched off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.control import Item
from sagerecon.model.count import counted
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.key import Key
from sagerecon.model.money import decimal, grouped, negative, product, total
from sagerecon.model.place import NOWHERE
from sagerecon.model.posting import Family, LedgerFacts, LedgerRole, Posting, Side, base_amount
from sagerecon.validation.gap import items_explaining

#: Opening records whose reasons are named in a finding, and those that are named with their amounts.
_EXAMPLES = 3
_NAMED = 4


def concerns_opening(kind: Kind) -> bool:
    """Return whether entities of a kind decide what the opening control account ends at."""
    is_contact = kind.ledger is not None and kind.ledger.role is LedgerRole.CONTACT
    return is_contact or is_opening(kind)


def is_opening(kind: Kind) -> bool:
    """Return whether an entity of a kind is an opening balance or an open item."""
    return kind.posting is not None and kind.posting.is_opening


def opening_effect(drafts: Iterable[Draft], catalog: Catalog) -> dict[str, Decimal]:
    """Return what each opening kind books, debit positive; the opening control account has the other side.

    A customer's open invoice is a debit and a supplier's a credit; a credit note is the reverse.
    """
    suppliers: set[Key] = set()
    effect: dict[str, Decimal] = {}
    items: dict[tuple[str, Key], Decimal] = {}  # kind and contact -> its items, as if it were a customer
    for draft in drafts:
        kind = catalog[draft.kind]
        if kind.ledger is not None and _is_supplier(draft, kind.ledger):
            suppliers.add(draft.key)
        if kind.posting is None or not is_opening(kind):
            continue
        effect.setdefault(draft.kind, Decimal())
        if kind.posting.family is Family.OPENING_ITEM:
            contact = draft.body.get(f"{kind.contact}_id")
            owner = (draft.kind, contact.key if isinstance(contact, Reference) else "")
            items[owner] = total((items.get(owner, Decimal()), _item_amount(draft.body, kind, kind.posting)))
        else:
            effect[draft.kind] = total((effect[draft.kind], _balance_amount(draft.body, kind)))
    for (name, contact_key), amount in items.items():
        booked = negative(amount) if contact_key in suppliers else amount
        effect[name] = total((effect[name], booked))
    return effect


def opening_control_closes(
    drafts: Iterable[Draft],
    catalog: Catalog,
    others: Sequence[Finding] = (),
    absent: Sequence[Item] = (),
) -> Iterator[Finding]:
    """Yield a finding unless the opening entries sum to zero.

    Sage posts the other side of every opening entry to the opening control account. The opening balances are
    complete when that account is at 0.00.

    Args:
        drafts: what Sage will hold, at least of the kinds for which `concerns_opening` holds.
        others: why Sage will hold something else of a record than the source gives, or nothing.
        absent: the opening records that are not carried over, with their amounts and why.
    """
    drafts = list(drafts)
    effect = opening_effect(drafts, catalog)
    residual = total(effect.values())
    if residual:
        journals = (draft.place for draft in drafts if _is_opening_journal(catalog[draft.kind]))
        parts = ", ".join(f"{kind.replace('_', ' ')}s {grouped(amount)}" for kind, amount in effect.items())
        yield Finding(
            Code.OPENING_CONTROL_OPEN,
            next((place for place in journals if place != NOWHERE), NOWHERE),
            f"The opening control account would end at {grouped(negative(residual))} instead of 0.00"
            f" ({parts}).{_behind(residual, absent)}{_named(others)}",
            " ".join([*_remedies(others), "If a rest remains, name" if others else "Name"])
            + " the account that carries the rest, with its reason, in the project's parameters.",
        )


def _behind(residual: Decimal, absent: Sequence[Item]) -> str:
    """Return which records that are not carried over account for the rest, or how many there are."""
    items = [item for item in absent if item.amount]
    if not items:
        return ""
    found = items_explaining(residual, items) or items_explaining(negative(residual), items)
    shown = " and ".join(f"{item.label} ({grouped(item.amount)})" for item in (found or items)[:_NAMED])
    if found:
        return f" {shown} {'accounts' if len(found) == 1 else 'account'} for it."
    more = f" and {len(items) - _NAMED:,} more" if len(items) > _NAMED else ""
    whole = grouped(total(item.amount for item in items))
    return f" Not carried over: {counted(len(items), 'opening record')} of {whole} in total: {shown}{more}."


def _named(others: Sequence[Finding]) -> str:
    """Return how many opening records are not sent as the source has them, and why the first are not."""
    if not others:
        return ""
    text = counted(len(others), "opening record") + (" is" if len(others) == 1 else " are")
    shown = "; ".join(
        f"{found.place}: {found.message.removesuffix('.')}"
        if found.place.file
        else found.message.removesuffix(".")
        for found in others[:_EXAMPLES]
    )
    return f" {text} not sent as the source has {'it' if len(others) == 1 else 'them'}: {shown}."


def _remedies(others: Sequence[Finding]) -> Iterator[str]:
    """Yield what to do about the opening records that are named, each once."""
    for hint in dict.fromkeys(found.hint for found in others[:_EXAMPLES] if found.hint):
        yield hint if hint.endswith(".") else f"{hint}."


def _is_supplier(draft: Draft, facts: LedgerFacts) -> bool:
    if facts.role is not LedgerRole.CONTACT:
        return False
    types = draft.body.get(f"{facts.types.removesuffix('s')}_ids")
    return isinstance(types, list | tuple) and bool(types) and types[0] == Side.VENDOR.value


def _item_amount(body: Mapping[str, Any], kind: Kind, posting: Posting) -> Decimal:
    """Return what an opening item of a customer books, in the currency of the business."""
    sign = posting.direction_of(lambda name: str(body.get(f"{name}_id", ""))).sign
    amount = base_amount(lambda name: _decimal(body[name]) if name in body else None, kind.amount)
    return product(sign, amount or Decimal())


def _balance_amount(body: Mapping[str, Any], kind: Kind) -> Decimal:
    lines = (body.get(kind.lines.items) or ()) if kind.lines.items else (body,)
    debit, credit = kind.lines.debit, kind.lines.credit
    return total(
        part for line in lines for part in (_decimal(line.get(debit)), negative(_decimal(line.get(credit))))
    )


def _is_opening_journal(kind: Kind) -> bool:
    is_balance = kind.posting is not None and kind.posting.family is Family.OPENING_BALANCE
    return is_balance and bool(kind.lines.items)


def _decimal(value: object) -> Decimal:
    """Return an amount of a draft, or of what was written, which has it as text."""
    return decimal(value) if isinstance(value, str) else value if isinstance(value, Decimal) else Decimal()

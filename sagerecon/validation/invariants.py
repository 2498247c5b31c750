"""Accounting checks over all drafts together, before the first call. They cannot be switched off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.draft import Draft, Outcome, Quarantined, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.key import Key
from sagerecon.model.money import grouped, negative, product, total
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.posting import Family, LedgerFacts, LedgerRole, Posting, Side


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


def opening_control_closes(outcomes: Iterable[Outcome], catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding unless the opening entries sum to zero.

    Sage posts the other side of every opening entry to the opening control account. The opening balances are
    complete when that account is at 0.00.

    Args:
        outcomes: at least those of the kinds for which `concerns_opening` holds; read once.
    """
    journals: list[Place] = []
    aside: list[Quarantined] = []  # not counted

    def drafts() -> Iterator[Draft]:
        for outcome in outcomes:
            if isinstance(outcome, Quarantined) and is_opening(catalog[outcome.kind]):
                aside.append(outcome)
            if isinstance(outcome, Draft):
                if not journals and _is_opening_journal(catalog[outcome.kind]):
                    journals.append(outcome.place)
                yield outcome

    effect = opening_effect(drafts(), catalog)
    residual = total(effect.values())
    if residual:
        parts = ", ".join(f"{kind.replace('_', ' ')}s {grouped(amount)}" for kind, amount in effect.items())
        yield Finding(
            Code.OPENING_CONTROL_OPEN,
            journals[0] if journals else NOWHERE,
            f"The opening control account would end at {grouped(negative(residual))} instead of 0.00"
            f" ({parts}).{_not_counted(aside)}",
            ("Correct them first. If a rest remains, name" if aside else "Name")
            + " the account that carries the rest, with its reason, in the project's parameters.",
        )


def _not_counted(aside: Sequence[Quarantined]) -> str:
    """Return how many opening records are quarantined, and why the first one is."""
    if not aside:
        return ""
    many, first = len(aside) > 1, aside[0].findings[0]
    return (
        f" {counted(len(aside), 'opening record')} {'are' if many else 'is'} quarantined and not counted"
        f"{', such as' if many else ':'} {first.place}: {first.message}"
    )


def _is_supplier(draft: Draft, facts: LedgerFacts) -> bool:
    if facts.role is not LedgerRole.CONTACT:
        return False
    types = draft.body.get(f"{facts.types.removesuffix('s')}_ids")
    return isinstance(types, list | tuple) and bool(types) and types[0] == Side.VENDOR.value


def _item_amount(body: Mapping[str, Any], kind: Kind, posting: Posting) -> Decimal:
    """Return what an opening item of a customer books."""
    sign = posting.direction_of(lambda name: str(body.get(f"{name}_id", ""))).sign
    return product(sign, _decimal(body.get(kind.amount)))


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
    return value if isinstance(value, Decimal) else Decimal()

"""Accounting checks over all drafts together, before the first call. They cannot be switched off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, Outcome, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.key import Key
from sagerecon.model.money import grouped, negative, product, total
from sagerecon.model.place import NOWHERE
from sagerecon.model.posting import Direction, Family, LedgerRole, Posting, Side


def opening_effect(drafts: Sequence[Draft], catalog: Catalog) -> dict[str, Decimal]:
    """Return what each opening kind books, debit positive; the opening control account has the other side.

    A customer's open invoice is a debit and a supplier's a credit; a credit note is the reverse.
    """
    sides = _sides_of_contacts(drafts, catalog)
    effect: dict[str, Decimal] = {}
    for draft in drafts:
        kind = catalog[draft.kind]
        if kind.posting is not None and kind.posting.is_opening:
            amount = _opening_amount(draft.body, kind, kind.posting, sides)
            effect[draft.kind] = total((effect.get(draft.kind, Decimal()), amount))
    return effect


def opening_control_closes(outcomes: Sequence[Outcome], catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding unless the opening entries sum to zero.

    Sage posts the other side of every opening entry to the opening control account. The opening balances are
    complete when that account is at 0.00.
    """
    drafts = [outcome for outcome in outcomes if isinstance(outcome, Draft)]
    effect = opening_effect(drafts, catalog)
    residual = total(effect.values())
    if residual:
        parts = ", ".join(f"{kind.replace('_', ' ')}s {grouped(amount)}" for kind, amount in effect.items())
        journal = next((draft for draft in drafts if _is_opening_journal(catalog[draft.kind])), None)
        yield Finding(
            Code.OPENING_CONTROL_OPEN,
            journal.place if journal is not None else NOWHERE,
            f"The opening control account would end at {grouped(negative(residual))} instead of 0.00"
            f" ({parts}).",
            "Name the account that carries the rest, with its reason, in the project's parameters.",
        )


def _sides_of_contacts(drafts: Sequence[Draft], catalog: Catalog) -> Mapping[Key, Side]:
    """Return which contacts are suppliers, by draft key."""
    sides: dict[Key, Side] = {}
    for draft in drafts:
        facts = catalog[draft.kind].ledger
        if facts is not None and facts.role is LedgerRole.CONTACT:
            types = draft.body.get(f"{facts.types.removesuffix('s')}_ids")
            first = types[0] if isinstance(types, list | tuple) and types else ""
            sides[draft.key] = Side.VENDOR if first == Side.VENDOR.value else Side.CUSTOMER
    return sides


def _opening_amount(
    body: Mapping[str, Any], kind: Kind, posting: Posting, sides: Mapping[Key, Side]
) -> Decimal:
    if posting.family is Family.OPENING_ITEM:
        direction = posting.direction_of(lambda name: str(body.get(f"{name}_id", "")))
        contact = body.get(f"{kind.contact}_id")
        side = sides.get(contact.key, Side.CUSTOMER) if isinstance(contact, Reference) else Side.CUSTOMER
        return product(Direction(side, direction.sign).debit, _decimal(body.get(kind.amount)))
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

"""What must hold of all drafts together before the first call. There is no switch to turn these off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, Outcome, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.key import Key
from sagerecon.model.money import grouped, total
from sagerecon.model.place import NOWHERE


def opening_effect(drafts: Sequence[Draft]) -> dict[str, Decimal]:
    """What each opening kind adds to the books, debit positive; the other side goes to the control account.

    A customer's open invoice is a debit and a supplier's a credit; a credit note is the reverse.
    """
    contacts = [draft for draft in drafts if draft.kind == "contact"]
    contact_types: dict[Key, str] = {contact.key: _contact_type(contact.body) for contact in contacts}
    effect: dict[str, Decimal] = {}
    for draft in drafts:
        amount = _opening_amount(draft.body, draft.kind, contact_types)
        if amount is not None:
            effect[draft.kind] = effect.get(draft.kind, Decimal()) + amount
    return effect


def opening_control_closes(outcomes: Sequence[Outcome]) -> Iterator[Finding]:
    """The opening entries sum to zero, so that the opening control account ends at 0.00.

    Sage posts the other side of every opening entry there and calls the job done when it is zero.
    """
    drafts = [outcome for outcome in outcomes if isinstance(outcome, Draft)]
    effect = opening_effect(drafts)
    residual = total(effect.values())
    if residual:
        parts = ", ".join(f"{kind.replace('_', ' ')}s {grouped(amount)}" for kind, amount in effect.items())
        journal = next((draft for draft in drafts if draft.kind == "opening_balance_journal"), None)
        place = journal.place if journal is not None else NOWHERE
        yield Finding(
            Code.OPENING_CONTROL_OPEN,
            place,
            f"The opening control account would end at {grouped(-residual)} instead of 0.00 ({parts}).",
            "Name the account that carries the rest, with its reason, in the project's parameters.",
        )


def _opening_amount(body: Mapping[str, Any], kind: str, contact_types: Mapping[Key, str]) -> Decimal | None:
    match kind:
        case "contact_opening_balance":
            amount = _decimal(body.get("total_amount"))
            contact = body.get("contact_id")
            is_vendor = isinstance(contact, Reference) and contact_types.get(contact.key) == "VENDOR"
            is_credit = body.get("contact_opening_balance_type_id") == "CREDIT_NOTE"
            return -amount if is_vendor != is_credit else amount
        case "bank_opening_balance" | "ledger_account_opening_balance":
            return _decimal(body.get("debit")) - _decimal(body.get("credit"))
        case "opening_balance_journal":
            lines = body.get("journal_lines") or ()
            return total(_decimal(line.get("debit")) - _decimal(line.get("credit")) for line in lines)
        case _:
            return None


def _contact_type(body: Mapping[str, Any]) -> str:
    types = body.get("contact_type_ids") or ("",)
    return str(types[0])


def _decimal(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal()

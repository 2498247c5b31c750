"""What a document does to the ledger: nominal code -> amount, debit positive.

Sage posts the other side of a document by itself. Taking that from both sides of a record gives what its
difference does to each account, and so explains a gap in the trial balance by the records that make it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from sagerecon.model.draft import Draft, Reference
from sagerecon.model.entity import Entity, Written
from sagerecon.model.key import NaturalKey
from sagerecon.model.money import rounded, total
from sagerecon.pairing.identity import Body, Identities

Effects: TypeAlias = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class ControlAccounts:
    """Nominal codes to which Sage posts the other side by itself; the defaults are the British chart's."""

    debtors: str = "1100"
    creditors: str = "2100"
    opening: str = "9999"
    sales_tax: str = "2200"
    purchase_tax: str = "2201"


BRITISH = ControlAccounts()


class Ledger:
    """The nominal code behind each account and the side of each contact, by identity."""

    def __init__(self, identities: Identities, accounts: ControlAccounts) -> None:
        self.identities = identities
        self.accounts = accounts
        self._codes: dict[str, str] = {}
        self._vendors: set[str] = set()

    def learn_entities(self, entities: Iterable[Entity]) -> None:
        """Take codes and sides from what was read back."""
        for entity in entities:
            if entity.kind in _LEARNED:
                self._learn(entity.kind, self.identities.of_id(entity.sage_id).key, entity.body)

    def learn_written(self, records: Iterable[Written]) -> None:
        """Take codes and sides from what was answered when we wrote; what was read back since prevails."""
        for record in records:
            if record.kind in _LEARNED:
                self._learn(record.kind, record.key, record.answer)

    def learn_drafts(self, drafts: Iterable[Draft]) -> None:
        """Take codes and sides from what we want; what was read back prevails."""
        for draft in drafts:
            if draft.kind in _LEARNED:
                self._learn(draft.kind, draft.key, draft.body)

    def code(self, identity: str) -> str:
        """The nominal code of an account or bank account; its identity where none is known."""
        if identity in self._codes:
            return self._codes[identity]
        field, _, value = identity.partition("=")
        return value if field == "nominal_code" else identity

    def is_vendor(self, contact: str) -> bool:
        """Whether the contact is a supplier."""
        return contact in self._vendors

    def effects(self, kind: str, content: Mapping[str, object]) -> Effects:
        """What a draft's body or an answer posts; empty for a kind that posts nothing we know of."""
        rule = _RULES.get(kind)
        if rule is None:
            return {}
        posted: dict[str, Decimal] = {}
        for code, amount in rule(Body(content, self.identities), self):
            posted[code] = total((posted.get(code, Decimal()), amount))
        return {code: amount for code, amount in posted.items() if amount}

    def _learn(self, kind: str, identity: str, content: Mapping[str, object]) -> None:
        body = Body(content, self.identities)
        if kind == "contact":
            types = content.get("contact_type_ids") or [
                item.text("id") for item in body.items("contact_types")
            ]
            if isinstance(types, list | tuple) and "VENDOR" in types:
                self._vendors.add(identity)
        elif code := body.text("nominal_code"):
            self._codes.setdefault(identity, code)
        elif (account := body.link("ledger_account")) in self._codes:
            self._codes.setdefault(identity, self._codes[account])


_LEARNED = frozenset({"contact", "ledger_account", "bank_account"})

Posting: TypeAlias = Iterator[tuple[str, Decimal]]


def gap(source: Effects, sage: Effects) -> Effects:
    """Sage less source, account by account."""
    codes = dict.fromkeys((*source, *sage))
    differences = {code: total((sage.get(code, Decimal()), -source.get(code, Decimal()))) for code in codes}
    return {code: amount for code, amount in differences.items() if amount}


def _zero(amount: Decimal | None) -> Decimal:
    return Decimal() if amount is None else amount


def _debit(body: Body) -> Decimal:
    return total((_zero(body.amount("debit")), -_zero(body.amount("credit"))))


def _contact_opening(body: Body, ledger: Ledger) -> Posting:
    amount = _zero(body.amount("total_amount"))
    if type_of(body, "contact_opening_balance_type") == "CREDIT_NOTE":
        amount = -amount
    if is_vendor_side(body, ledger):
        yield ledger.accounts.creditors, -amount
        yield ledger.accounts.opening, amount
    else:
        yield ledger.accounts.debtors, amount
        yield ledger.accounts.opening, -amount


def _bank_opening(body: Body, ledger: Ledger) -> Posting:
    yield ledger.code(body.link("bank_account")), _debit(body)
    yield ledger.accounts.opening, -_debit(body)


def _account_opening(body: Body, ledger: Ledger) -> Posting:
    yield ledger.code(body.link("ledger_account")), _debit(body)
    yield ledger.accounts.opening, -_debit(body)


def _opening_journal(body: Body, ledger: Ledger) -> Posting:
    for line in body.items("journal_lines"):
        yield from _account_opening(line, ledger)


def _journal(body: Body, ledger: Ledger) -> Posting:
    for line in body.items("journal_lines"):
        yield ledger.code(line.link("ledger_account")), _debit(line)


def _document(sign: int, name: str, is_sale: bool) -> Callable[[Body, Ledger], Posting]:
    def post(body: Body, ledger: Ledger) -> Posting:
        control = ledger.accounts.debtors if is_sale else ledger.accounts.creditors
        tax_account = ledger.accounts.sales_tax if is_sale else ledger.accounts.purchase_tax
        for line in body.items(name):
            net, tax = line_net(line), _zero(line.amount("tax_amount"))
            yield control, sign * total((net, tax))
            yield ledger.code(line.link("ledger_account")), -sign * net
            yield tax_account, -sign * tax

    return post


def _contact_payment(body: Body, ledger: Ledger) -> Posting:
    amount = _zero(body.amount("total_amount"))
    kind = type_of(body, "transaction_type")
    received = amount if kind in ("CUSTOMER_RECEIPT", "VENDOR_REFUND") else -amount
    control = ledger.accounts.creditors if kind.startswith("VENDOR") else ledger.accounts.debtors
    yield ledger.code(body.link("bank_account")), received
    yield control, -received


def _other_payment(body: Body, ledger: Ledger) -> Posting:
    kind = type_of(body, "transaction_type")
    sign = 1 if kind in ("OTHER_RECEIPT", "OTHER_PAYMENT_REFUND") else -1
    tax_account = ledger.accounts.sales_tax if "RECEIPT" in kind else ledger.accounts.purchase_tax
    yield ledger.code(body.link("bank_account")), sign * _zero(body.amount("total_amount"))
    for line in body.items("payment_lines"):
        tax = _zero(line.amount("tax_amount"))
        yield ledger.code(line.link("ledger_account")), -sign * (_zero(line.amount("total_amount")) - tax)
        yield tax_account, -sign * tax


def _bank_transfer(body: Body, ledger: Ledger) -> Posting:
    amount = _zero(body.amount("amount"))
    yield ledger.code(body.link("from_bank_account")), -amount
    yield ledger.code(body.link("to_bank_account")), amount


_RULES: Mapping[str, Callable[[Body, Ledger], Posting]] = {
    "contact_opening_balance": _contact_opening,
    "bank_opening_balance": _bank_opening,
    "ledger_account_opening_balance": _account_opening,
    "opening_balance_journal": _opening_journal,
    "journal": _journal,
    "sales_invoice": _document(1, "invoice_lines", is_sale=True),
    "sales_credit_note": _document(-1, "credit_note_lines", is_sale=True),
    "purchase_invoice": _document(-1, "invoice_lines", is_sale=False),
    "purchase_credit_note": _document(1, "credit_note_lines", is_sale=False),
    "contact_payment": _contact_payment,
    "other_payment": _other_payment,
    "bank_transfer": _bank_transfer,
}


def line_net(line: Body) -> Decimal:
    """A line's net amount: as answered, else quantity times price less discount, to the cent."""
    net = line.amount("net_amount")
    if net is not None:
        return net
    quantity, price = line.amount("quantity"), _zero(line.amount("unit_price"))
    gross = price * (Decimal(1) if quantity is None else quantity)
    return rounded(total((gross, -_zero(line.amount("discount_amount")))))


def type_of(body: Body, name: str) -> str:
    """The fixed word behind `name_id` or the object `name`."""
    value = body.value(f"{name}_id") or body.value(name)
    if isinstance(value, dict):
        value = value.get("id", "")
    if isinstance(value, Reference):
        return value.key.value if isinstance(value.key, NaturalKey) else value.key
    return str(value or "")


def is_vendor_side(body: Body, ledger: Ledger) -> bool:
    """Whether an opening balance or document concerns a supplier."""
    return type_of(body, "transaction_type").startswith("VENDOR") or ledger.is_vendor(body.link("contact"))

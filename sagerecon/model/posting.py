"""What an entity of a kind books: on which side, by which lines, with which amounts and dates.

These are facts of the catalog. The stages that need them (validation, postings, sub-ledgers, tax, reading
back) do the arithmetic. Fields are named as in an answer: `contact` is sent as `contact_id`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from sagerecon.model.money import in_base

#: How the fields begin that hold an amount in the currency of the business.
BASE_CURRENCY = "base_currency_"

#: The field with the amount of an entity's currency for one unit of the currency of the business.
EXCHANGE_RATE = "exchange_rate"


class Side(Enum):
    """Whose sub-ledger an entity belongs to. The value is Sage's id of the contact type."""

    CUSTOMER = "CUSTOMER"
    VENDOR = "VENDOR"


class Family(Enum):
    """The sort of double entry a kind makes. The value is how the catalog's files write it."""

    DOCUMENT = "document"  #: a contact's control account against the accounts of lines, and tax
    OPENING_ITEM = "opening_item"  #: a contact's control account against the opening control account
    OPENING_BALANCE = "opening_balance"  #: the accounts of lines against the opening control account
    JOURNAL = "journal"  #: the accounts of lines against each other
    CONTACT_PAYMENT = "contact_payment"  #: a bank account against a contact's control account
    OTHER_PAYMENT = "other_payment"  #: a bank account against the accounts of lines, and tax
    TRANSFER = "transfer"  #: one bank account against another
    ALLOCATION = "allocation"  #: nothing in the ledger; open items of one contact against each other


@dataclass(frozen=True, slots=True)
class Direction:
    """On which side an entity is booked, and with which sign.

    `side` is None where it is the side of the contact. `sign` is 1 where the entity adds to what a customer
    owes us or we owe a supplier, -1 where it reduces it, 0 where that is not known. For money that no
    contact owes it is 1 for a receipt or a payment and -1 for its refund.
    """

    side: Side | None = None
    sign: int = 0

    @property
    def debit(self) -> int:
        """1 where the control account is debited, -1 where it is credited, 0 where that is not known."""
        return -self.sign if self.side is Side.VENDOR else self.sign


@dataclass(frozen=True, slots=True)
class Lines:
    """The fields that hold a document's lines, by their meaning; empty where the kind has no such field."""

    items: str = ""  #: the list of lines; empty where the entity itself is its only line
    account: str = ""
    debit: str = ""
    credit: str = ""
    quantity: str = ""
    price: str = ""
    discount: str = ""
    net: str = ""
    tax: str = ""
    total: str = ""  #: net and tax together, where a line gives that instead of its net
    tax_rate: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The list by which a payment or an allocation names the documents it settles."""

    items: str
    document: str
    amount: str
    discount: str = ""  #: settled in addition to the amount
    remainder: str = ""  #: the part of the entity that holds what is not allocated, named as in `yields`


@dataclass(frozen=True, slots=True)
class Posting:
    """What an entity of a kind books. Its amount, its date and its lines are named by the kind."""

    family: Family
    direction: Direction = Direction()  #: where no type says otherwise
    #: type field -> value -> direction, for kinds of which each entity says what it is
    types: Mapping[str, Mapping[str, Direction]] = field(default_factory=dict)
    account: str = ""  #: the bank account that pays or receives; of a transfer, the one that receives
    from_account: str = ""  #: of a transfer, the one that pays
    amounts: tuple[str, ...] = ()  #: of a transfer, where its amount is the sum of several fields
    due_date: str = ""
    outstanding: str = ""
    settled: str = ""  #: what payments and allocations took off, whenever
    settles: Settlement | None = None

    @property
    def is_opening(self) -> bool:
        """Whether it carries what was owed or held before the accounts start."""
        return self.family in (Family.OPENING_ITEM, Family.OPENING_BALANCE)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The sorts of account it books to."""
        is_purchase = self.direction.side is Side.VENDOR
        match self.family:
            case Family.DOCUMENT:
                return ("creditors", "expense", "tax") if is_purchase else ("debtors", "income", "tax")
            case Family.OPENING_ITEM:
                return ("contact", "opening")
            case Family.OPENING_BALANCE:
                return ("lines", "opening")
            case Family.JOURNAL:
                return ("lines",)
            case Family.CONTACT_PAYMENT:
                return ("bank", "contact")
            case Family.OTHER_PAYMENT:
                return ("bank", "lines", "tax")
            case Family.TRANSFER:
                return ("bank",)
            case Family.ALLOCATION:
                return ()

    def direction_of(self, value: Callable[[str], str]) -> Direction:
        """Return the direction of one entity, given a function that reads a type field of it."""
        found = [known for name, types in self.types.items() if (known := types.get(value(name))) is not None]
        side = next((known.side for known in found if known.side is not None), self.direction.side)
        return Direction(side, next((known.sign for known in found if known.sign), self.direction.sign))


class LedgerRole(Enum):
    """What an entity is to the ledger, in the order in which they have to be read."""

    ACCOUNT = "account"
    BANK_ACCOUNT = "bank_account"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """The fields that link documents to the ledger: the code of an account, the side of a contact."""

    role: LedgerRole
    code: str = ""  #: the nominal code of an account
    account: str = ""  #: the ledger account whose code counts where a bank account has none of its own
    types: str = ""  #: the contact types of a contact


def base_amount(amount: Callable[[str], Decimal | None], name: str) -> Decimal | None:
    """Return an amount of one entity in the currency of the business; None where it has none.

    It is the one that the entity states, else the amount at the entity's exchange rate.

    Args:
        amount: a function that reads an amount of the entity.
        name: of the field, in the currency of the entity.
    """
    stated, found, rate = amount(f"{BASE_CURRENCY}{name}"), amount(name), amount(EXCHANGE_RATE)
    if stated is not None:
        return stated
    return found if found is None or not rate else in_base(found, rate)

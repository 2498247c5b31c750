"""Documents in other currencies: whether they are allowed, their rate, and what they are worth.

A rate is how much of the other currency one unit of the base currency buys, as in Sage's own
`GBP -> EUR 1.1275`; so an amount is divided by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.exchange import market_rate
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault

_ONE = Decimal(1)

#: Places that a rate which had to be worked out is given with, as Sage shows them.
_PLACES = 10


def in_base(amount: Decimal, rate: Decimal) -> Decimal:
    """What an amount is worth in the base currency, to the penny."""
    return amount if rate == _ONE else rounded(amount / rate)


def foreign(company: Company, values: Values) -> str:
    """The currency of a record where it is not the base one, or empty."""
    currency = values.get("currency")
    return "" if currency is None or currency.id == company.identity.currency else str(currency.id)


def currency_allowed(company: Company, currency: Link | None, source: str = "currency_id") -> Iterator[Fault]:
    """Other currencies need to be switched on."""
    if currency is None or currency.id == company.identity.currency:
        return
    if not company.settings["multi_currency_enabled"]:
        yield Fault("Multi-currency is not enabled for this business.", source)


def rate_faults(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    """Fill in the currency and the rate of a document of a contact: the contact's own currency, and the
    rate given or the one the business keeps."""
    contact = company.find(values.get("contact"))
    base = Link("currency", company.identity.currency)
    usual = (contact.values.get("currency") if contact is not None else None) or base
    currency = values["currency"] = values.get("currency") or usual
    faults = list(currency_allowed(company, currency))
    if not faults and currency != usual:
        faults = [Fault("The currency must be the currency of the contact.", "currency_id")]
    yield from faults
    if currency == base:
        if values.get("exchange_rate") not in (None, _ONE):
            yield Fault("The exchange rate of the base currency is 1.", "exchange_rate")
        values["exchange_rate"] = values["inverse_exchange_rate"] = _ONE
        return
    rate = _rate(company, values, old)
    if rate is None and not faults:
        yield Fault(REQUIRED, "exchange_rate")
    elif rate is not None and rate <= 0:
        yield Fault("Exchange rate must be greater than 0.", "exchange_rate")
        rate = None
    values["exchange_rate"] = rate or _ONE
    values["inverse_exchange_rate"] = rounded(_ONE / (rate or _ONE), _PLACES)


def _rate(company: Company, values: Values, old: Row | None) -> Decimal | None:
    rate, inverse = values.get("exchange_rate"), values.get("inverse_exchange_rate")
    before = old.values if old is not None else {}
    is_new = inverse != before.get("inverse_exchange_rate")
    if inverse and is_new and (rate is None or rate == before.get("exchange_rate")):
        return rounded(_ONE / inverse, _PLACES)
    return rate if rate is not None else business_rate(company, str(values["currency"].id))


def business_rate(company: Company, currency: str) -> Decimal | None:
    """The rate that the business uses for a currency where none is given: the market's if its settings
    say so, else the one it keeps; 1 for the base currency."""
    if currency == company.identity.currency:
        return _ONE
    if company.settings["use_live_exchange_rates"]:
        return market_rate(company.identity.currency, currency)
    own = company.table("business_exchange_rate").get(currency)
    return None if own is None else Decimal(own.values["rate"])


def bank_currency_faults(company: Company, values: Values) -> Iterator[Fault]:
    """A bank account in another currency takes payments in that currency only."""
    bank = foreign_bank(company, values.get("bank_account"))
    if bank and bank != foreign(company, values):
        yield Fault("The payment must be in the currency of the bank account.", "bank_account_id")


def foreign_bank(company: Company, bank_account: Link | None) -> str:
    """The currency of a bank account where it is not the base one, or empty."""
    row = company.find(bank_account)
    return foreign(company, row.values) if row is not None else ""


def bank_rate_faults(company: Company, values: Values, name: str, old: Row | None) -> Iterator[Fault]:
    """Write the `bank_rate` of a booking that has no rate of its own: the one the business keeps for the
    currency of the bank account. A booking that is there keeps its rate."""
    currency = foreign_bank(company, values.get(name))
    rate = business_rate(company, currency) if currency else _ONE
    if old is not None and old.values.get(name) == values.get(name):
        rate = old.values.get("bank_rate", _ONE)
    if rate is None:
        yield Fault(f"There is no business exchange rate for {currency}.", f"{name}_id")
    values["bank_rate"] = rate or _ONE

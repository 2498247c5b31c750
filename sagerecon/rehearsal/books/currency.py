"""Documents in other currencies: whether they are allowed, and their rate."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.exchange_rates import market_rate
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault

_ONE = Decimal(1)

#: Decimal places of a computed rate, as Sage shows them.
_PLACES = 10


def foreign_currency(company: Company, values: Values) -> str:
    """Return the currency of a record if it is not the base currency, or an empty string."""
    currency = values.get("currency")
    return "" if currency is None or currency.id == company.identity.currency else str(currency.id)


def currency_faults(company: Company, currency: Link | None, source: str = "currency_id") -> Iterator[Fault]:
    """Yield a fault if another currency is used while multi-currency is disabled."""
    if currency is None or currency.id == company.identity.currency:
        return
    if not company.settings["multi_currency_enabled"]:
        yield Fault("Multi-currency is not enabled for this business.", source)


def rate_faults(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    """Fill in the currency and exchange rate of a contact's document, and yield faults.

    The currency is the contact's; the rate is the one given or the one of the business.
    """
    contact = company.find(values.get("contact"))
    base = Link("currency", company.identity.currency)
    default = (contact.values.get("currency") if contact is not None else None) or base
    currency = values["currency"] = values.get("currency") or default
    faults = list(currency_faults(company, currency))
    if not faults and currency != default:
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
    """Return the rate used where none is given, or None; 1 for the base currency.

    It is the market's rate if the setting `use_live_exchange_rates` is on, else the business's own.
    """
    if currency == company.identity.currency:
        return _ONE
    if company.settings["use_live_exchange_rates"]:
        return market_rate(company.identity.currency, currency)
    own = company.table("business_exchange_rate").get(currency)
    return None if own is None else Decimal(own.values["rate"])


def bank_currency_faults(company: Company, values: Values) -> Iterator[Fault]:
    """Yield a fault if the payment is not in the currency of a foreign bank account."""
    bank = foreign_bank_currency(company, values.get("bank_account"))
    if bank and bank != foreign_currency(company, values):
        yield Fault("The payment must be in the currency of the bank account.", "bank_account_id")


def foreign_bank_currency(company: Company, bank_account: Link | None) -> str:
    """Return the currency of a bank account if it is not the base currency, or empty."""
    row = company.find(bank_account)
    return foreign_currency(company, row.values) if row is not None else ""


def bank_rate_faults(company: Company, values: Values, name: str, old: Row | None) -> Iterator[Fault]:
    """Set the `bank_rate` of a booking without a rate of its own, and yield faults.

    It is the business's rate for the currency of the bank account; an existing booking keeps its rate.
    """
    currency = foreign_bank_currency(company, values.get(name))
    rate = business_rate(company, currency) if currency else _ONE
    if old is not None and old.values.get(name) == values.get(name):
        rate = old.values.get("bank_rate", _ONE)
    if rate is None:
        yield Fault(f"There is no business exchange rate for {currency}.", f"{name}_id")
    values["bank_rate"] = rate or _ONE

"""Exchange rates: those of the business, those of the market, and the ones in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Kind
from sagerecon.model.clock import instant_text
from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.presentation import amount_text, reference_answer
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault

_BUSINESS_RATE = "business_exchange_rate"

#: Value of one euro, roughly as in October 2024. The market's rates are constant, so that the same seed gives
#: the same bytes.
_PER_EURO: Mapping[str, Decimal] = {
    code: Decimal(text)
    for code, text in {
        "EUR": "1",
        "GBP": "0.835",
        "USD": "1.085",
        "CAD": "1.5",
        "AUD": "1.62",
        "CHF": "0.94",
        "CNY": "7.7",
        "CZK": "25.2",
        "DKK": "7.46",
        "HKD": "8.43",
        "HUF": "401",
        "INR": "91.2",
        "JPY": "162.5",
        "NOK": "11.85",
        "NZD": "1.79",
        "PLN": "4.31",
        "SEK": "11.41",
        "SGD": "1.425",
        "ZAR": "19.1",
    }.items()
}


def market_rate(base_currency: str, currency: str) -> Decimal | None:
    """Return the amount of a currency for one unit of the base currency; None if there is no market."""
    ours, theirs = _PER_EURO.get(base_currency), _PER_EURO.get(currency)
    return None if ours is None or theirs is None else rounded(theirs / ours, 10)


def _complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    if not company.settings.get("multi_currency_enabled"):
        yield Fault("Multi-currency is not enabled for this business.")
        return
    if old is not None:
        values["currency"] = old.values["currency"]
    currency, rate = values["currency"], values["rate"]
    if currency.id == company.identity.currency:
        yield Fault("The exchange rate of the base currency is 1.", "currency_id")
    if old is None and company.table(_BUSINESS_RATE).get(currency.id) is not None:
        yield Fault("Currency has already been taken.", "currency_id")
    if rate <= 0:
        yield Fault("Rate must be greater than 0.", "rate")
        return
    values["inverse_rate"] = rounded(1 / rate, 10)
    values["base_currency"] = Link("currency", company.identity.currency)


BUSINESS_EXCHANGE_RATE = Hooks(_complete, make_id=lambda _company, values: str(values["currency"].id))


def rate_name(company: Company, currency: str) -> str:
    """Return the display name of a rate: `GBP -> EUR`."""
    return f"{company.identity.currency} -> {currency}"


def market_currencies(company: Company) -> list[str]:
    """Return the currencies of the market, sorted by code."""
    return sorted(code for code in _PER_EURO if company.has(Link("currency", code)))


def rate_answer(company: Company, kind: Kind, currency: str) -> dict[str, Any] | None:
    """Return the rate of a currency as `exchange_rates` or `live_exchange_rates` answer it, or None.

    `exchange_rates` prefers the business's own rate to the market's.
    """
    rate = market_rate(company.identity.currency, currency)
    if rate is None:
        return None
    own = company.table(_BUSINESS_RATE).get(currency)
    is_live = kind.name == "live_exchange_rate"
    opened = instant_text(company.identity.opened_at)
    created = updated = opened
    if own is not None and not is_live:
        rate = own.values["rate"]
        created, updated = instant_text(own.created_at), instant_text(own.updated_at)
    answer = {
        "displayed_as": rate_name(company, currency),
        "$path": f"{kind.path}/{currency}",
        "rate": amount_text(rate),
        "inverse_rate": amount_text(rounded(1 / rate, 10)),
        "base_currency": reference_answer(company, Link("currency", company.identity.currency)),
        "currency": reference_answer(company, Link("currency", currency)),
    }
    if is_live:
        return {**answer, "retrieved_at": instant_text(company.now), "updated_at": opened}
    return {"created_at": created, "updated_at": updated, **answer}

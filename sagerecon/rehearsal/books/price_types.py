"""The types of sales prices and service rates, and the payment pages of documents."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault

#: Names of the types in a new business.
DEFAULT_NAMES = {
    "product_sales_price_type": ("Sales Price", "Trade", "Wholesale"),
    "service_rate_type": ("Rate",),
}

#: Kinds that refer to a type, and the list in which they do.
_USERS = {
    "product_sales_price_type": (("product", "sales_prices"), ("stock_item", "sales_prices")),
    "service_rate_type": (("service", "sales_rates"),),
}


def price_type_hooks(kind: str) -> Hooks:
    """Return the hooks of price or rate types: names are unique, a type in use can't be deleted."""

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        name = values["name"].casefold()
        for row in company.table(kind):
            if row.values["name"].casefold() == name and (old is None or row.id != old.id):
                yield Fault("Name has already been taken.", "name")

    def delete_faults(company: Company, row: Row) -> Iterator[Fault]:
        link = Link(kind, row.id)
        used = any(
            price.get(kind) == link
            for user, prices in _USERS[kind]
            for item in company.table(user)
            for price in item.values.get(prices) or ()
        )
        if used:
            words = " ".join(word.capitalize() for word in kind.split("_"))
            yield Fault(f"You cannot delete a {words} that is in use.", code="MethodNotAllowed")

    return Hooks(complete, delete_faults)


def _complete_page(company: Company, values: Values, _old: Row | None) -> Iterator[Fault]:
    invoice = values.get("object_guid")
    if invoice is None or company.table("sales_invoice").get(invoice) is None:
        yield Fault("Couldn't find Sales Invoice.", "object_guid")
    if not values.get("disable_payment"):
        yield Fault("Payment can only be disabled.", "disable_payment")
    if any(row.values["object_guid"] == invoice for row in company.table("hosted_artefact_payment_setting")):
        yield Fault("Object guid has already been taken.", "object_guid")


PAYMENT_PAGE = Hooks(_complete_page)

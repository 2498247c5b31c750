"""The filters of lists: each query parameter, and the records that pass it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sagerecon.model.catalog import Kind
from sagerecon.model.clock import SECOND, instant
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import foreign_currency
from sagerecon.rehearsal.books.ledger import Entry
from sagerecon.rehearsal.books.records import Row
from sagerecon.rehearsal.books.refusal import Fault, Refusal

Query = Mapping[str, str]
Test = Callable[[Row], bool]


def is_true(text: str | None) -> bool:
    """Return whether a flag of a query is set."""
    return text is not None and text.lower() in ("true", "1")


def record_tests(company: Company, kind: Kind, query: Query) -> Iterable[Test]:
    """Yield the tests that a record must pass to be in the list a query asks for.

    Raises:
        Refusal: a filter's value cannot be read.
    """
    for name, text in query.items():
        if name not in kind.filters or not text:
            continue
        special = FILTERS.get((kind.name, name)) or FILTERS.get(("", name))
        if special is not None:
            test = special(company, kind, text)
            if test is not None:
                yield test
        elif name.endswith("_id"):
            yield _names(name.removesuffix("_id"), text)


def _names(field: str, id: str) -> Test:
    def test(row: Row) -> bool:
        link = row.values.get(field)
        if isinstance(link, list):
            return any(item.id == id for item in link)
        return link is not None and link.id == id

    return test


def _contact_type(company: Company, kind: Kind, text: str) -> Test:
    if kind.name == "contact":
        return _names("contact_types", text)

    def test(row: Row) -> bool:
        contact = company.find(row.values["contact"])
        return contact is not None and contact.values["contact_types"][0].id == text

    return test


def _from(_company: Company, kind: Kind, text: str) -> Test | None:
    day = _day(text, "from_date")
    return None if kind.name == "ledger_account" else lambda row: row.values["date"] >= day


def _to(_company: Company, kind: Kind, text: str) -> Test | None:
    day = _day(text, "to_date")
    return None if kind.name == "ledger_account" else lambda row: row.values["date"] <= day


def _changed_from(_company: Company, _kind: Kind, text: str) -> Test:
    moment = read_instant(text, "updated_from_date")
    return lambda row: row.updated_at >= moment


def _changed_to(_company: Company, _kind: Kind, text: str) -> Test:
    moment = read_instant(text, "updated_to_date")
    return lambda row: row.updated_at // SECOND * SECOND <= moment


def _hide(field: str, *, hidden: bool = True) -> Callable[[Company, Kind, str], Test | None]:
    """Return a filter that hides the records where `field` is `hidden`."""
    return lambda _company, _kind, text: (
        (lambda row: bool(row.values.get(field)) != hidden) if is_true(text) else None
    )


def _flag(field: str) -> Callable[[Company, Kind, str], Test | None]:
    return lambda _company, _kind, text: lambda row: bool(row.values.get(field)) == is_true(text)


def _entry_from(_company: Company, _kind: Kind, text: str) -> Test:
    day = _day(text, "from_date")
    return lambda row: isinstance(row, Entry) and row.day >= day


def _entry_to(_company: Company, _kind: Kind, text: str) -> Test:
    day = _day(text, "to_date")
    return lambda row: isinstance(row, Entry) and row.day <= day


def _entry_account(_company: Company, _kind: Kind, text: str) -> Test:
    return lambda row: isinstance(row, Entry) and row.account == text


def _entry_transaction(_company: Company, _kind: Kind, text: str) -> Test:
    return lambda row: isinstance(row, Entry) and row.transaction == text


def _email(_company: Company, _kind: Kind, text: str) -> Test:
    wanted = text.casefold()
    return lambda row: str(row.values.get("email") or "").casefold() == wanted


def _visible(*, wanted: bool) -> Callable[[Company, Kind, str], Test]:
    def make(_company: Company, _kind: Kind, text: str) -> Test:
        # The filter has other_payments and other_receipts, the records have the singular.
        scopes = {scope.strip().replace("other_payments", "other_payment") for scope in text.split(",")}
        scopes = {scope.replace("other_receipts", "other_receipt") for scope in scopes}
        return lambda row: bool(scopes & set(row.values["visible_scopes"])) == wanted

    return make


def _transaction_type(company: Company, kind: Kind, text: str) -> Test:
    if kind.name != "ledger_entry":
        return _names("transaction_type", text)

    def test(row: Row) -> bool:
        transaction = company.find(row.values["transaction"])
        return transaction is not None and transaction.values["transaction_type"].id == text

    return test


def _has_attachments(company: Company, _kind: Kind, text: str) -> Test:
    files = company.table("attachment")
    return lambda row: files.has_owned(row.id) == is_true(text)


def _level(company: Company, kind: Kind, text: str) -> Test:
    """Match the id, name or identifier of a level; a category has the level of its type."""

    def test(row: Row) -> bool:
        type = row if kind.name == "analysis_type" else company.find(row.values["analysis_type"])
        level = type.values["analysis_type_level"] if type is not None else {}
        return text in (str(level.get("id")), level.get("name"), level.get("identifier"))

    return test


def _document_of_page(_company: Company, _kind: Kind, text: str) -> Test:
    return lambda row: row.values["object_guid"] == text


def _out_of_stock(_company: Company, _kind: Kind, text: str) -> Test:
    return lambda row: (row.values["quantity_in_stock"] <= 0) == is_true(text)


def _below_reorder_level(_company: Company, _kind: Kind, text: str) -> Test:
    return lambda row: (row.values["quantity_in_stock"] < row.values["reorder_level"]) == is_true(text)


def _home_currency(company: Company, _kind: Kind, text: str) -> Test | None:
    """Match contacts in the base currency only."""
    return (lambda row: not foreign_currency(company, row.values)) if is_true(text) else None


def _active_banks(company: Company, _kind: Kind, text: str) -> Test | None:
    """Hide the ledger accounts of inactive bank accounts."""
    if not is_true(text):
        return None
    banks = company.table("bank_account")
    hidden = {row.values["ledger_account"].id for row in banks if not row.values.get("is_active")}
    return lambda row: row.id not in hidden


def _period_from(_company: Company, _kind: Kind, text: str) -> Test:
    day = _day(text, "from_period_start_date")
    return lambda row: bool(row.values["period_start_date"] >= day)


def _period_to(_company: Company, _kind: Kind, text: str) -> Test:
    day = _day(text, "to_period_start_date")
    return lambda row: bool(row.values["period_start_date"] <= day)


def _always(_company: Company, _kind: Kind, _text: str) -> None:
    """Match every record: the query parameter selects none."""


FILTERS: Mapping[tuple[str, str], Callable[[Company, Kind, str], Test | None]] = {
    ("", "contact_type_id"): _contact_type,
    ("", "from_date"): _from,
    ("", "to_date"): _to,
    ("", "updated_from_date"): _changed_from,
    ("", "updated_to_date"): _changed_to,
    ("", "updated_to"): _changed_to,
    ("", "search"): _always,
    ("", "transaction_type_id"): _transaction_type,
    ("", "active"): _flag("active"),
    ("", "has_attachments"): _has_attachments,
    ("", "analysis_type_level"): _level,
    ("hosted_artefact_payment_setting", "object_guid"): _document_of_page,
    ("stock_item", "out_of_stock"): _out_of_stock,
    ("stock_item", "below_reorder_level"): _below_reorder_level,
    ("ledger_entry", "from_date"): _entry_from,
    ("ledger_entry", "to_date"): _entry_to,
    ("ledger_entry", "ledger_account_id"): _entry_account,
    ("ledger_entry", "transaction_id"): _entry_transaction,
    ("contact", "exclude_system"): _hide("system"),
    ("contact", "filter_inactive_contacts"): _hide("is_active", hidden=False),
    ("contact", "email"): _email,
    ("bank_account", "filter_inactive_bank_accounts"): _hide("is_active", hidden=False),
    ("ledger_account", "visible_in"): _visible(wanted=True),
    ("ledger_account", "not_visible_in"): _visible(wanted=False),
    ("ledger_account", "show_included_in_chart"): _flag("included_in_chart"),
    ("ledger_account", "show_control_accounts"): _flag("is_control_account"),
    ("ledger_account", "filter_inactive_bank_accounts"): _active_banks,
    ("contact", "filter_foreign_currencies"): _home_currency,
    ("tax_return", "from_period_start_date"): _period_from,
    ("tax_return", "to_period_start_date"): _period_to,
}


def read_instant(text: str, source: str) -> int:
    """Return the milliseconds of an instant in a query.

    Raises:
        Refusal: 400, the text is not an instant.
    """
    # An unescaped plus sign arrives as a space.
    try:
        return instant(text.replace(" ", "+"))
    except ValueError:
        raise _unreadable(source) from None


def _day(text: str, source: str) -> str:
    try:
        instant(text.replace(" ", "+"))
    except ValueError:
        raise _unreadable(source) from None
    return text[:10]


def _unreadable(source: str) -> Refusal:
    return Refusal(400, [Fault(f"{source} is not a date.", source, "ValidationError")])

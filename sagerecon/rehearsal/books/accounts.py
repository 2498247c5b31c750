"""Ledger accounts, bank accounts, products and services."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.rehearsal.books.chart import (
    EXCHANGE,
    GROUPS,
    ON_DEMAND,
    PURCHASE_TAX_DEFERRED,
    SALES_TAX_DEFERRED,
)
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import currency_faults
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault

_CODE = "ledger_account.nominal_code"

#: Scopes in which an account of a type may be used, as Sage names them.
_INCOME = ("journals", "other_receipt", "reporting", "sales")
_COSTS = ("expenses", "journals", "other_payment", "other_receipt", "reporting")
_BALANCES = ("journals", "other_payment", "other_receipt", "reporting")
_SCOPES = {
    "SALES": _INCOME,
    "OTHER_INCOME": _INCOME,
    "DIRECT_EXPENSES": _COSTS,
    "OVERHEADS": _COSTS,
    "DEPRECIATION": _COSTS,
    "FIXED_ASSETS": (*_BALANCES, "expenses"),
    "BANK": ("banking", "journals", "reporting"),
}

_VISIBLE = {
    "visible_in_banking": "banking",
    "visible_in_expenses": "expenses",
    "visible_in_journals": "journals",
    "visible_in_other_payments": "other_payment",
    "visible_in_other_receipts": "other_receipt",
    "visible_in_reporting": "reporting",
    "visible_in_sales": "sales",
}


def account_values(company: Company, code: int, name: str, type: str, control: str = "") -> Values:
    """Return the values of a ledger account that the program creates itself."""
    values: Values = {
        "name": name,
        "display_name": name,
        "nominal_code": code,
        "ledger_account_type": Link("ledger_account_type", type),
        "included_in_chart": True,
        "is_control_account": bool(control) and type != "BANK",
        "control_name": control if control and type != "BANK" else None,
        "bank_attached": type == "BANK",
    }
    complete_account(company, values)
    return values


def open_required_accounts(company: Company, now: int) -> None:
    """Open the accounts that the settings require, under the next free nominal codes."""
    wanted: list[str] = []
    if company.settings["tax_scheme"] == Link("tax_scheme", "CASH_ACCOUNTING"):
        wanted += (SALES_TAX_DEFERRED, PURCHASE_TAX_DEFERRED)
    if company.settings["multi_currency_enabled"]:
        wanted.append(EXCHANGE)
    for role in wanted:
        if role in company.controls:
            continue
        account = ON_DEMAND[role]
        code = account.code
        while (_CODE, code) in company.keys:
            code += 1
        values = account_values(company, code, account.name, account.type, account.control)
        row = company.add("ledger_account", values, now)
        register_code(company, row, now)
        company.controls[role] = row.id


def complete_account(company: Company, values: Values) -> None:
    """Fill in the fields that follow from the account's type."""
    type = values["ledger_account_type"].id
    group, called = GROUPS.get(type, ("ASSET", "Asset"))
    scopes = _SCOPES.get(type, _BALANCES)
    for field, scope in _VISIBLE.items():
        if values.get(field) is None:
            values[field] = scope in scopes
    values["visible_scopes"] = sorted(scope for field, scope in _VISIBLE.items() if values[field])
    values["ledger_account_group"] = {"id": group, "displayed_as": called}
    values["display_formatted"] = f"{values['nominal_code']:04d} - {values['display_name']}"
    values["ui_visible"] = True
    values.setdefault("bank_attached", False)
    values.setdefault("is_control_account", False)
    values["tax_rate"] = values.get("tax_rate") or Link("tax_rate", f"{company.identity.country}_NO_TAX")


def _complete_ledger(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    code = values["nominal_code"]
    holder = company.keys.get((_CODE, code))
    if code < 1:
        yield Fault("Nominal code must be greater than 0.", "nominal_code")
    if holder is not None and (old is None or holder != old.id):
        yield Fault("Nominal code has already been taken.", "nominal_code")
    type = values["ledger_account_type"]
    if old is not None and type != old.values["ledger_account_type"] and company.ledger.is_used(old.id):
        yield Fault("You cannot change the type of an account that is in use.", "ledger_account_type_id")
    complete_account(company, values)


def register_code(company: Company, row: Row, _now: int) -> None:
    """Index the account by its nominal code."""
    company.keys[_CODE, row.values["nominal_code"]] = row.id


def _change_ledger(company: Company, row: Row, before: Values, now: int) -> None:
    company.keys.pop((_CODE, before["nominal_code"]), None)
    register_code(company, row, now)


LEDGER_ACCOUNT = Hooks(_complete_ledger, after_create=register_code, after_update=_change_ledger)


def _complete_bank(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    code = values.get("nominal_code")
    if old is None and code is not None and (_CODE, code) in company.keys:
        yield Fault("Nominal code has already been taken.", "nominal_code")
    account = company.find(values.get("ledger_account"))
    has_purpose = account is not None and (
        account.values["bank_attached"] or account.values["is_control_account"]
    )
    if old is None and has_purpose:
        yield Fault("The ledger account already has another purpose.", "ledger_account_id")
    base = Link("currency", company.identity.currency)
    currency = values.get("currency") or base
    yield from currency_faults(company, currency)
    if old is not None and currency != (old.values.get("currency") or base):
        yield Fault("You cannot change the currency of a bank account.", "currency_id")
    if old is not None:
        type = values["bank_account_type"]
        if type != old.values["bank_account_type"] and _is_bank_used(company, old):
            yield Fault("You cannot change the type of an account that is in use.", "bank_account_type_id")
        values["ledger_account"] = old.values["ledger_account"]


def _write_bank(company: Company, row: Row, now: int) -> None:
    """Give the bank account its ledger account: the one named, or a new one under the next free code."""
    values = row.values
    account = company.find(values.get("ledger_account"))
    if account is None:
        code = values.get("nominal_code") or _free_code(company)
        name = values["bank_account_details"]["account_name"]
        account = company.add("ledger_account", account_values(company, code, name, "BANK"), now)
        register_code(company, account, now)
        values["ledger_account"] = Link("ledger_account", account.id)
        values["brought_account"] = True
    account.values["bank_attached"] = True
    values.setdefault("editable", True)
    if values.get("is_active") is None:
        values["is_active"] = True
    _write_bank_address(company, row, None, now)


def _write_bank_address(company: Company, row: Row, known: Link | None, now: int) -> None:
    given = row.values.get("main_address")
    if not isinstance(given, dict):
        return
    address = company.find(known)
    if address is None:
        first = {"name": "Main Address", "address_type": Link("address_type", "ACCOUNTS")}
        fixed = {"bank_account": Link("bank_account", row.id), "is_main_address": True}
        address = company.add("address", {**first, **given, **fixed}, now)
    else:
        address.values = {**address.values, **given}
        company.table("address").touch(address, now)
    row.values["main_address"] = Link("address", address.id)


def _free_code(company: Company) -> int:
    code = 1210
    while (_CODE, code) in company.keys:
        code += 10
    return code


def _change_bank(company: Company, row: Row, before: Values, now: int) -> None:
    name = row.values["bank_account_details"]["account_name"]
    account = company.find(row.values["ledger_account"])
    if account is not None and name != before["bank_account_details"]["account_name"]:
        account.values["name"] = account.values["display_name"] = name
        complete_account(company, account.values)
        company.table("ledger_account").touch(account, now)
    _write_bank_address(company, row, before.get("main_address"), now)


def _is_bank_used(company: Company, row: Row) -> bool:
    return company.ledger.is_used(row.values["ledger_account"].id)


def is_bank_deletable(company: Company, row: Row) -> bool:
    """Return whether a bank account is unused and not one of the two default ones."""
    return not _is_bank_used(company, row) and not row.values.get("default")


def _bank_delete_faults(company: Company, row: Row) -> Iterator[Fault]:
    if not is_bank_deletable(company, row):
        yield Fault("You cannot delete a bank account that is in use.", code="MethodNotAllowed")


def _remove_bank(company: Company, row: Row, now: int) -> None:
    """Delete the ledger account that was created for a bank account; keep one that existed before."""
    table = company.table("ledger_account")
    account = table.rows[row.values["ledger_account"].id]
    if row.values.get("brought_account"):
        company.keys.pop((_CODE, account.values["nominal_code"]), None)
        table.remove(account, now)
    else:
        account.values["bank_attached"] = False
        table.touch(account, now)


BANK_ACCOUNT = Hooks(
    complete=_complete_bank,
    delete_faults=_bank_delete_faults,
    after_create=_write_bank,
    after_update=_change_bank,
    after_delete=_remove_bank,
)


def item_hooks(kind: str, prices: str, price_type: str, name: str) -> Hooks:
    """Return the hooks of products, services or stock items: item codes are unique per kind."""
    key = "item_code"

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        code = values.get("item_code")
        holder = company.keys.get((key, code)) if code else None
        if holder is not None and (old is None or holder != old.id):
            yield Fault("Item code has already been taken.", "item_code")
        for price in values.get(prices) or ():
            price["displayed_as"] = price.get(name)
            if price.get(price_type) is None:
                yield Fault("This field is required.", f"{prices}.{price_type}_id")
        values["catalog_item_type"] = Link("catalog_item_type", kind.upper())
        if values.get("active") is None:
            values["active"] = True
        values["deactivatable"] = True

    def after_create(company: Company, row: Row, _now: int) -> None:
        if row.values.get("item_code"):
            company.keys[key, row.values["item_code"]] = row.id

    def after_update(company: Company, row: Row, before: Values, now: int) -> None:
        company.keys.pop((key, before.get("item_code")), None)
        after_create(company, row, now)

    def after_delete(company: Company, row: Row, _now: int) -> None:
        company.keys.pop((key, row.values.get("item_code")), None)

    def delete_faults(company: Company, row: Row) -> Iterator[Fault]:
        if Link(kind, row.id) in company.used_items:
            yield Fault(f"You cannot delete a {kind} that is in use.", code="MethodNotAllowed")

    return Hooks(
        complete=complete,
        delete_faults=delete_faults,
        after_create=after_create,
        after_update=after_update,
        after_delete=after_delete,
    )


PRODUCT = item_hooks("product", "sales_prices", "product_sales_price_type", "price_name")
SERVICE = item_hooks("service", "sales_rates", "service_rate_type", "rate_name")

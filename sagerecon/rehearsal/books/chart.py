"""The chart of accounts of a new business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger account of the default chart; `control` is its role as a control account, or empty."""

    code: int
    name: str
    type: str
    control: str = ""


#: Roles of the accounts that the program itself posts to.
DEBTORS = "TRADE_DEBTORS"
CREDITORS = "TRADE_CREDITORS"
SALES_TAX = "TAX_ON_SALES"
PURCHASE_TAX = "TAX_ON_PURCHASES"
OPENING = "OPENING_BALANCES"
DISCOUNT_ALLOWED = "DISCOUNT_ALLOWED"
DISCOUNT_RECEIVED = "DISCOUNT_RECEIVED"
CARRIAGE = "CARRIAGE"
BANK = "BANK"
#: Roles of accounts that are opened when the settings first require them.
EXCHANGE = "EXCHANGE_GAINS_AND_LOSSES"
SALES_TAX_DEFERRED = "TAX_ON_SALES_HELD"
PURCHASE_TAX_DEFERRED = "TAX_ON_PURCHASES_HELD"
PROVINCIAL_TAX = "PROVINCIAL_SALES_TAX"

CHART: tuple[Account, ...] = (
    Account(30, "Office Equipment", "FIXED_ASSETS"),
    Account(31, "Office Equipment Depreciation to Date", "FIXED_ASSETS"),
    Account(40, "Fixtures and Fittings", "FIXED_ASSETS"),
    Account(41, "Fixtures and Fittings Depreciation to Date", "FIXED_ASSETS"),
    Account(50, "Vans and Cars", "FIXED_ASSETS"),
    Account(51, "Vans and Cars Depreciation to Date", "FIXED_ASSETS"),
    Account(1001, "Stock on Hand", "CURRENT_ASSETS"),
    Account(1100, "Trade Debtors", "CURRENT_ASSETS", DEBTORS),
    Account(1103, "Paid in Advance", "CURRENT_ASSETS"),
    Account(1104, "Other Debtors", "CURRENT_ASSETS"),
    Account(1200, "Current Account", "BANK", BANK),
    Account(1230, "Cash in Hand", "BANK", BANK),
    Account(2100, "Trade Creditors", "CURRENT_LIABILITY", CREDITORS),
    Account(2109, "Accrued Costs", "CURRENT_LIABILITY"),
    Account(2110, "Other Creditors", "CURRENT_LIABILITY"),
    Account(2200, "VAT on Sales", "CURRENT_LIABILITY", SALES_TAX),
    Account(2201, "VAT on Purchases", "CURRENT_LIABILITY", PURCHASE_TAX),
    Account(2202, "VAT Due to the Authority", "CURRENT_LIABILITY"),
    Account(2210, "Payroll Taxes Due", "CURRENT_LIABILITY"),
    Account(2220, "Net Wages Due", "CURRENT_LIABILITY"),
    Account(2300, "Bank Loan", "FUTURE_LIABILITY"),
    Account(3000, "Share Capital", "EQUITY"),
    Account(3100, "Reserves", "EQUITY"),
    Account(3200, "Profit and Loss Brought Forward", "EQUITY"),
    Account(3260, "Drawings", "EQUITY"),
    Account(4000, "Sales of Goods", "SALES"),
    Account(4010, "Sales of Services", "SALES"),
    Account(4009, "Discount Allowed", "SALES", DISCOUNT_ALLOWED),
    Account(4900, "Sundry Income", "OTHER_INCOME"),
    Account(4905, "Carriage Charged", "SALES", CARRIAGE),
    Account(4910, "Interest Received", "OTHER_INCOME"),
    Account(5000, "Cost of Goods", "DIRECT_EXPENSES"),
    Account(5009, "Discount Received", "DIRECT_EXPENSES", DISCOUNT_RECEIVED),
    Account(5010, "Cost of Services", "DIRECT_EXPENSES"),
    Account(5100, "Carriage Inwards", "DIRECT_EXPENSES"),
    Account(6000, "Direct Labour", "DIRECT_EXPENSES"),
    Account(7000, "Salaries", "OVERHEADS"),
    Account(7006, "Employer's Contributions", "OVERHEADS"),
    Account(7100, "Rent", "OVERHEADS"),
    Account(7103, "Business Rates", "OVERHEADS"),
    Account(7200, "Light and Heat", "OVERHEADS"),
    Account(7300, "Fuel and Vehicle Costs", "OVERHEADS"),
    Account(7400, "Travel", "OVERHEADS"),
    Account(7500, "Office Supplies", "OVERHEADS"),
    Account(7550, "Telephone and Internet", "OVERHEADS"),
    Account(7600, "Professional Fees", "OVERHEADS"),
    Account(7700, "Repairs", "OVERHEADS"),
    Account(7800, "Cleaning", "OVERHEADS"),
    Account(7900, "Bank Charges", "OVERHEADS"),
    Account(8000, "Depreciation", "DEPRECIATION"),
    Account(8100, "Bad Debts", "OVERHEADS"),
    Account(8200, "Sundry Costs", "OVERHEADS"),
    Account(9999, "Opening Balances Control Account", "CURRENT_LIABILITY", OPENING),
)

#: Accounts that are opened with the settings that post to them: cash accounting, other currencies.
ON_DEMAND: Mapping[str, Account] = {
    SALES_TAX_DEFERRED: Account(
        2203, "VAT on Sales Held until Paid", "CURRENT_LIABILITY", SALES_TAX_DEFERRED
    ),
    PURCHASE_TAX_DEFERRED: Account(
        2204, "VAT on Purchases Held until Paid", "CURRENT_LIABILITY", PURCHASE_TAX_DEFERRED
    ),
    EXCHANGE: Account(8260, "Exchange Rate Gains and Losses", "OVERHEADS", EXCHANGE),
}

#: Account names that differ in Canada. Sage publishes no Canadian chart; these are the usual terms.
_CANADIAN_NAMES = {
    1100: "Accounts Receivable",
    1103: "Prepaid Expenses",
    1104: "Other Receivables",
    1200: "Chequing Account",
    1230: "Petty Cash",
    2100: "Accounts Payable",
    2109: "Accrued Liabilities",
    2110: "Other Payables",
    2200: "GST/HST on Sales",
    2201: "GST/HST on Purchases",
    2202: "GST/HST Due to the Authority",
    2210: "Payroll Deductions Payable",
    2220: "Wages Payable",
    3100: "Retained Earnings",
    3260: "Owner's Draw",
    7103: "Property Taxes",
    7200: "Utilities",
    7900: "Bank Charges",
}
_PROVINCIAL = Account(2206, "PST and QST Payable", "CURRENT_LIABILITY", PROVINCIAL_TAX)


def chart(country: str) -> tuple[Account, ...]:
    """Return the accounts of a new business in a country; Ireland has those of Great Britain."""
    if country != "CA":
        return CHART
    named = tuple(
        Account(each.code, _CANADIAN_NAMES.get(each.code, each.name), each.type, each.control)
        for each in CHART
    )
    place = next(index for index, each in enumerate(named) if each.code > _PROVINCIAL.code)
    return (*named[:place], _PROVINCIAL, *named[place:])


#: The five groups of a chart by account type.
GROUPS: Mapping[str, tuple[str, str]] = {
    "SALES": ("INCOME", "Income"),
    "OTHER_INCOME": ("INCOME", "Income"),
    "DIRECT_EXPENSES": ("EXPENSE", "Expense"),
    "OVERHEADS": ("EXPENSE", "Expense"),
    "DEPRECIATION": ("EXPENSE", "Expense"),
    "CURRENT_ASSETS": ("ASSET", "Asset"),
    "FIXED_ASSETS": ("ASSET", "Asset"),
    "FUTURE_ASSETS": ("ASSET", "Asset"),
    "BANK": ("ASSET", "Asset"),
    "CURRENT_LIABILITY": ("LIABILITY", "Liability"),
    "FUTURE_LIABILITY": ("LIABILITY", "Liability"),
    "LINE_OF_CREDIT": ("LIABILITY", "Liability"),
    "EQUITY": ("EQUITY", "Equity"),
}

"""A small export in the format of the QuickBooks Online API: one customer, one supplier, one bank account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ACCOUNTS = [
    ("4", "Checking", "Bank", "Checking", "500.00"),
    ("84", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "120.00"),
    ("33", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", "-80.00"),
    ("34", "Opening Balance Equity", "Equity", "OpeningBalanceEquity", "-540.00"),
]

INVOICE = {
    "Id": "9",
    "DocNumber": "1001",
    "TxnDate": "2026-12-01",
    "DueDate": "2026-12-31",
    "CustomerRef": {"value": "1"},
    "TotalAmt": 120.0,
    "Balance": 120.0,
    "TxnTaxDetail": {"TotalTax": 0},
    "Line": [
        {
            "DetailType": "SalesItemLineDetail",
            "Description": "Garden work",
            "Amount": 120.0,
            "SalesItemLineDetail": {"ItemRef": {"value": "3"}},
        }
    ],
}

ENTITIES: Mapping[str, tuple[str, list[dict[str, Any]]]] = {
    "accounts": (
        "Account",
        [
            {
                "Id": number,
                "FullyQualifiedName": name,
                "AccountType": kind,
                "AccountSubType": subtype,
                "AcctNum": number,
                "Active": True,
                "CurrentBalance": float(balance),
            }
            for number, name, kind, subtype, balance in ACCOUNTS
        ],
    ),
    "customers": (
        "Customer",
        [
            {
                "Id": "1",
                "DisplayName": "Oakham Stores",
                "FullyQualifiedName": "Oakham Stores",
                "ParentRef": {"value": None},
                "Balance": 120.0,
                "GivenName": "Jo",
                "FamilyName": "Dale",
                "PrimaryEmailAddr": {"Address": "jo@example.com"},
                "PrimaryPhone": {"FreeFormNumber": "0113 496 0000"},
                "Mobile": {"FreeFormNumber": "07700 900000"},
                "BillAddr": {
                    "Line1": "1 High St",
                    "Line2": "Floor 2",
                    "City": "Leeds",
                    "CountrySubDivisionCode": "WY",
                    "PostalCode": "LS1 1AA",
                },
            }
        ],
    ),
    "vendors": (
        "Vendor",
        [
            {
                "Id": "2",
                "DisplayName": "Elm Supplies",
                "Balance": 80.0,
                "GivenName": "Al",
                "FamilyName": "Hill",
                "PrimaryEmailAddr": {"Address": "al@example.com"},
                "PrimaryPhone": {"FreeFormNumber": "0113 496 0001"},
                "Mobile": {"FreeFormNumber": "07700 900001"},
                "BillAddr": {
                    "Line1": "2 Low St",
                    "Line2": "Unit 3",
                    "City": "York",
                    "CountrySubDivisionCode": "NY",
                    "PostalCode": "YO1 1AA",
                },
            }
        ],
    ),
    "items": ("Item", [{"Id": "3", "IncomeAccountRef": {"value": "34"}}]),
    "invoices": ("Invoice", [INVOICE]),
    "invoices_open_only": ("Invoice", [INVOICE]),
    "payments": ("Payment", [{"Id": "10", "TxnDate": "2026-12-02", "TotalAmt": 30.0, "UnappliedAmt": 0}]),
    "credit_memos": (
        "CreditMemo",
        [
            {
                "Id": "11",
                "DocNumber": "1002",
                "TxnDate": "2026-12-03",
                "CustomerRef": {"value": "1"},
                "TotalAmt": 10.0,
                "RemainingCredit": 0,
            }
        ],
    ),
    "bills_open_only": (
        "Bill",
        [
            {
                "Id": "12",
                "DocNumber": "E-7",
                "TxnDate": "2026-12-04",
                "DueDate": "2027-01-03",
                "VendorRef": {"value": "2"},
                "TotalAmt": 80.0,
                "Balance": 80.0,
            }
        ],
    ),
    "bill_payments": (
        "BillPayment",
        [
            {
                "Id": "13",
                "TxnDate": "2026-12-05",
                "VendorRef": {"value": "2", "name": "Elm Supplies"},
                "TotalAmt": 5.0,
                "Line": [{"Amount": 5.0, "LinkedTxn": [{"TxnId": "12", "TxnType": "Bill"}]}],
            }
        ],
    ),
}


def write_export(folder: Path) -> Path:
    """Write the export into `folder`, one JSON file per entity, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (entity, records) in ENTITIES.items():
        document = {"QueryResponse": {entity: records, "startPosition": 1, "maxResults": len(records)}}
        (folder / f"{name}.json").write_text(json.dumps(document, indent=1))
    return folder

"""The sections of SAF-T audit files, and where the versions of several countries keep their records.

By OECD, Standard Audit File - Taxation 2.00, the schemas of Norway (1.10 to 1.30) and Romania (D406), which
follow it, and that of Portugal (1.01 to 1.04), which keeps its master files and lines elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

Paths: TypeAlias = "tuple[tuple[str, ...], ...]"

#: The root element of every version.
SAFT_ROOT = "AuditFile"

_PATHS = {
    "header": ("Header",),
    "accounts": (
        "MasterFiles.GeneralLedgerAccounts.Account",
        "MasterFiles.GeneralLedger",
    ),
    "customers": ("MasterFiles.Customers.Customer", "MasterFiles.Customer"),
    "suppliers": ("MasterFiles.Suppliers.Supplier", "MasterFiles.Supplier"),
    "products": ("MasterFiles.Products.Product", "MasterFiles.Product"),
    "tax_codes": ("MasterFiles.TaxTable.TaxTableEntry",),
    "analysis_types": ("MasterFiles.AnalysisTypeTable.AnalysisTypeTableEntry",),
    "units": ("MasterFiles.UOMTable.UOMTableEntry",),
    "assets": ("MasterFiles.Assets.Asset",),
    "stock": ("MasterFiles.PhysicalStock.PhysicalStockEntry",),
    "transactions": ("GeneralLedgerEntries.Journal.Transaction",),
    "transaction_lines": (
        "GeneralLedgerEntries.Journal.Transaction.Line",
        "GeneralLedgerEntries.Journal.Transaction.TransactionLine",
        "GeneralLedgerEntries.Journal.Transaction.Lines.Line",
        "GeneralLedgerEntries.Journal.Transaction.Lines.DebitLine",
        "GeneralLedgerEntries.Journal.Transaction.Lines.CreditLine",
    ),
    "sales_invoices": ("SourceDocuments.SalesInvoices.Invoice",),
    "purchase_invoices": ("SourceDocuments.PurchaseInvoices.Invoice",),
    "payments": ("SourceDocuments.Payments.Payment",),
    "stock_movements": ("SourceDocuments.MovementOfGoods.StockMovement",),
    "working_documents": ("SourceDocuments.WorkingDocuments.WorkDocument",),
}

#: The paths of each section from the root; a file may have records at any of them.
SAFT_SECTIONS: Mapping[str, Paths] = MappingProxyType(
    {section: tuple((SAFT_ROOT, *path.split(".")) for path in paths) for section, paths in _PATHS.items()}
)

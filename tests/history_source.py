"""The source of a history: a few customers, invoices and payments in CSV files, and the project around them.

Each record has a name of its own, `uid`, which it keeps whatever its key becomes: only the tests know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

#: Calls that the project's budget allows: so few that most commands wait, and some pause.
PER_MINUTE, PER_DAY = 20, 60

_PROJECT = f"""\
sagerecon: project/v1
company: Small Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-03-31
as_at: 2017-12-31
business: {{country: GB, currency: GBP}}
budget: {{per_minute: {PER_MINUTE}, per_day: {PER_DAY}, reserve: 0, settle: 10}}
control_accounts: {{debtors: 1100, creditors: 2100, opening: 9999}}
"""
_DOCUMENT_COLUMNS = """\
      number: {type: text, required: true}
      ref: {type: text, required: true}
      date: {type: date, required: true}
      amount: {type: decimal, scale: 2, required: true}
"""
_SOURCES = f"""\
sagerecon: sources/v1
files:
  banks:
    path: banks.csv
    columns: {{name: {{type: text, required: true}}, code: {{type: integer, required: true}}}}
  customers:
    path: customers.csv
    columns:
      ref: {{type: text, required: true}}
      name: {{type: text, required: true}}
      notes: {{type: text}}
  invoices:
    path: invoices.csv
    columns:
{_DOCUMENT_COLUMNS}\
  payments:
    path: payments.csv
    columns:
{_DOCUMENT_COLUMNS}\
      bank: {{type: text, required: true}}
datasets:
  banks: {{sql: SELECT * FROM banks}}
  customers: {{sql: SELECT * FROM customers ORDER BY ref}}
  invoices:
    sql: |
      SELECT *, [{{account: '4000', amount: amount}}] AS lines FROM invoices ORDER BY number
  payments: {{sql: SELECT * FROM payments ORDER BY number}}
"""
_BANKS = """\
sagerecon: mapping/v1
mapping: banks
source: {dataset: banks, key: [name]}
target: {kind: bank_account, identity: {nominal_code: code}, on_existing: adopt_if_equal}
fields:
  bank_account_type_id: {value: CHECKING}
  nominal_code: {from: code}
  bank_account_details: {fields: {account_name: {from: name}}}
"""
_CUSTOMERS = """\
sagerecon: mapping/v1
mapping: customers
source: {dataset: customers, key: [ref]}
target: {kind: contact, identity: {reference: ref}, on_existing: adopt_if_equal}
label: name
fields:
  reference: {from: ref}
  name: {from: name}
  contact_type_ids: {value: [CUSTOMER]}
  notes: {from: notes}
"""
_INVOICES = """\
sagerecon: mapping/v1
mapping: invoices
source: {dataset: invoices, key: [number]}
target: {kind: sales_invoice, identity: {reference: reference}, on_existing: create}
label: '"invoice " ~ number'
amount: amount
fields:
  contact_id: {ref: {mapping: customers, by: ref, on_missing: quarantine}}
  date: {from: date}
  reference: {from: number}
  invoice_lines:
    each: lines
    fields:
      description: {value: Work}
      ledger_account_id:
        ref: {kind: ledger_account, by: {nominal_code: item.account}, on_missing: quarantine}
      quantity: {value: 1}
      unit_price: {from: item.amount}
      tax_rate_id: {value: GB_NO_TAX}
      tax_amount: {value: 0}
"""
_PAYMENTS = """\
sagerecon: mapping/v1
mapping: payments
source: {dataset: payments, key: [number]}
target: {kind: contact_payment, identity: {reference: reference}, on_existing: create}
label: '"payment " ~ number'
amount: amount
fields:
  transaction_type_id: {value: CUSTOMER_RECEIPT}
  contact_id: {ref: {mapping: customers, by: ref, on_missing: quarantine}}
  bank_account_id: {ref: {mapping: banks, by: bank, on_missing: quarantine}}
  date: {from: date}
  total_amount: {from: amount}
  reference: {from: number}
"""

#: The files of the project, besides those of the source.
FILES = {
    "sagerecon.yaml": _PROJECT,
    "sources.yaml": _SOURCES,
    "mappings/banks.yaml": _BANKS,
    "mappings/customers.yaml": _CUSTOMERS,
    "mappings/invoices.yaml": _INVOICES,
    "mappings/payments.yaml": _PAYMENTS,
}

BANK, CUSTOMER, INVOICE, PAYMENT = "bank_account", "contact", "sales_invoice", "contact_payment"

#: The mapping of each kind.
MAPPINGS = {BANK: "banks", CUSTOMER: "customers", INVOICE: "invoices", PAYMENT: "payments"}

_NAMES = ("Oak", "Elm", "Ash", "Yew", "Fir", "Box")
_NOTES = ("Leeds", "York", "", "Hull")


@dataclass
class Record:
    """One record of the source, under the key that it has now."""

    uid: str
    kind: str
    key: str
    customer: str = ""  #: the uid of its customer
    day: str = ""
    amount: Decimal = Decimal()
    name: str = ""
    notes: str = ""
    is_present: bool = True
    is_doubled: bool = False  #: a customer whose number a second row has too, so that both are quarantined

    @property
    def draft_key(self) -> str:
        """The key under which plans and reconciliations name the record."""
        return f"{MAPPINGS[self.kind]}/{self.key}"

    def content(self) -> tuple[str, ...]:
        """Return what Sage must hold of the record."""
        if self.kind == BANK:
            return (self.name,)
        if self.kind == CUSTOMER:
            return (self.key, self.name, self.notes)
        return (self.key, self.day, f"{self.amount:.2f}")


@dataclass
class Source:
    """The records, those removed included, in their order of creation."""

    records: dict[str, Record] = field(default_factory=dict)
    uids: dict[tuple[str, str], str] = field(default_factory=dict)  #: by kind and every key a record ever had
    numbered: int = 0
    frozen: dict[str, Record] = field(default_factory=dict)  #: as the newest snapshot has them, by draft key

    def present(self, *kinds: str) -> list[Record]:
        """Return the records that the source has now."""
        return [r for r in self.records.values() if r.is_present and (not kinds or r.kind in kinds)]

    def removed(self) -> list[Record]:
        """Return the records that the source had before."""
        return [record for record in self.records.values() if not record.is_present]

    def add(self, kind: str, customer: str = "") -> Record:
        """Add a record that is unlike every other."""
        self.numbered += 1
        number = self.numbered
        record = Record(f"{kind} {number}", kind, f"{number:04}", customer, f"2017-04-{number % 28 + 1:02}")
        record.amount = Decimal(100 + number) + Decimal("0.50")
        if kind == BANK:
            record.key, record.name = "Bank", "Bank"
        if kind == CUSTOMER:
            record.name, record.notes = f"Firm {number}", _NOTES[number % 2]
        self.records[record.uid] = record
        self.name(record, record.key)
        return record

    def name(self, record: Record, key: str) -> None:
        """Give a record its key, which no other record ever had."""
        record.key = key
        assert self.uids.setdefault((record.kind, key), record.uid) == record.uid

    def edit(self, record: Record, value: int) -> None:
        """Change one field of a record."""
        if record.kind in (INVOICE, PAYMENT):
            record.amount += value + 1
        elif value % 2:
            record.name = f"{_NAMES[value % len(_NAMES)]} {record.uid.rpartition(' ')[2]}"
        else:
            record.notes = _NOTES[value // 2 % len(_NOTES)]

    def freeze(self) -> None:
        """Remember the records as they are, because a snapshot of them was taken."""
        self.frozen = {record.draft_key: replace(record) for record in self.present()}

    def write(self, folder: Path) -> None:
        """Write the files that an export of these records has."""
        for kind, name in MAPPINGS.items():
            (folder / f"{name}.csv").write_text("\n".join([*self._lines(kind), ""]))

    def _lines(self, kind: str) -> Iterator[str]:
        columns = {BANK: "name,code", CUSTOMER: "ref,name,notes", PAYMENT: "number,ref,date,amount,bank"}
        yield columns.get(kind, "number,ref,date,amount")
        for record in self.present(kind):
            match kind:
                case "bank_account":
                    yield f"{record.name},1210"
                case "contact":
                    yield f"{record.key},{record.name},{record.notes}"
                    if record.is_doubled:
                        yield f"{record.key},Another {record.name},Hull"
                case _:
                    customer = self.records[record.customer].key
                    bank = ",Bank" if kind == PAYMENT else ""
                    yield f"{record.key},{customer},{record.day},{record.amount:.2f}{bank}"


def small_source() -> Source:
    """Return a source of one bank account, two customers, two invoices and a payment."""
    source = Source()
    source.add(BANK)
    oak, elm = source.add(CUSTOMER), source.add(CUSTOMER)
    for kind, customer in ((INVOICE, oak), (INVOICE, elm), (PAYMENT, oak)):
        source.add(kind, customer.uid)
    return source

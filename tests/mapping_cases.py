"""A small Sage and a small source, as text, for tests of the mapping language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sagerecon.documents.document import read_document
from sagerecon.documents.package import schema
from sagerecon.documents.specs import SpecDocuments, read_catalog
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.compiler import compile_mappings
from sagerecon.mapping.crosswalk import Crosswalk, read_crosswalk
from sagerecon.model.draft import Draft, Outcome
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.model.type import (
    BOOLEAN,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    TEXT,
    UNKNOWN,
    Columns,
    list_of,
    object_of,
)
from sagerecon.model.value import read_json

ROOT = Path(__file__).parents[1]

KINDS = """
contact:
  resource: contacts
  path: /contacts
  section: contacts
  editions: {plus: [GB, IE], start: [GB]}
  operations: {create: {reversibility: reversible}, list: {}}
  yields: {main_address: main_address.id}
  fields:
    name: {type: text, required: true, max_length: 20}
    contact_type_ids: {refers_to: contact_type, required: true, enum: [CUSTOMER, VENDOR]}
    reference: {type: text, max_length: 10}
    email: text
    notes: text
    credit_limit: {type: money, start: false}
    credit_days: integer
    is_active: boolean
    opened: date
    default_ledger_account_id: {refers_to: ledger_account}
    country_id: {refers_to: country}
    registered_number: {type: text, required: true, countries: [DE]}
    main_address:
      type: object
      fields: {city: {type: text, required: true}, country_id: {refers_to: country}}
  answers: {balance: money}
sales_invoice:
  resource: sales_invoices
  path: /sales_invoices
  section: sales
  operations: {create: {reversibility: compensable}, list: {}}
  fields:
    contact_id: {refers_to: contact, required: true}
    date: {type: date, required: true}
    reference: text
    invoice_lines:
      type: list
      required: true
      fields:
        description: {type: text, required: true}
        net_amount: money
        ledger_account_id: {refers_to: ledger_account}
        tax_rate_id: {refers_to: tax_rate}
ledger_account:
  resource: ledger_accounts
  path: /ledger_accounts
  section: ledger
  operations: {create: {reversibility: reversible}, list: {}}
  fields:
    nominal_code: {type: integer, required: true}
    name: {type: text, required: true}
country:
  resource: countries
  path: /countries
  section: contacts
  fixed_list: true
  values: {GB: Britain, IE: Ireland}
contact_type: {resource: contact_types, path: /contact_types, section: contacts, fixed_list: true}
tax_rate: {resource: tax_rates, path: /tax_rates, section: tax}
"""


def _catalog() -> Any:
    api, _ = read_document((ROOT / "specs/api.yaml").read_text(encoding="utf-8"), "api.yaml")
    kinds, _ = read_document(KINDS, "kinds.yaml")
    usual = {"about": "", "editions": {"plus": ["GB"]}, "operations": {"list": {}}}
    resources = tuple({"kind": name, **usual, **facts} for name, facts in kinds.plain().items())
    return read_catalog(SpecDocuments(api.plain(), resources))


CATALOG = _catalog()

LINE = object_of({"account": TEXT, "amount": DECIMAL, "rate": TEXT, "text": TEXT})
DATASETS: dict[str, Columns] = {
    "customers": {
        "cust_no": TEXT,
        "name": TEXT,
        "kind": TEXT,
        "email": TEXT,
        "vat_no": TEXT,
        "country": TEXT,
        "limit": DECIMAL,
        "days": INTEGER,
        "live": BOOLEAN,
        "opened": DATE,
        "seen": DATETIME,
        "addr": object_of({"town": TEXT, "post code": TEXT}),
        "people": list_of(object_of({"nm": TEXT, "main": TEXT})),
        "tags": list_of(TEXT),
        "odd": UNKNOWN,
        "_origin": TEXT,
    },
    "invoices": {
        "doc_no": TEXT,
        "cust_no": TEXT,
        "day": DATE,
        "total": DECIMAL,
        "sort": TEXT,
        "lines": list_of(LINE),
        "_origin": TEXT,
    },
}

CROSSWALKS: dict[str, tuple[str, str]] = {
    "accounts": ("crosswalks/accounts.csv", "source,target,reason\nSALES,4000,\nBANK,1200,\n"),
    "types": ("crosswalks/types.csv", "source,target\nT,CUSTOMER\nS,SUPPLIER\n"),
    "tax": (
        "crosswalks/tax.csv",
        "source,target,valid_from,valid_to,direction\n"
        "S,GB_17_5,2010-01-01,2011-01-03,sales\n"
        "S,GB_STANDARD,2011-01-04,,sales\n"
        "Z,GB_ZERO,,,*\n",
    ),
}

PARAMETERS = {"cut_over": date(2017, 3, 31), "home": "GB"}


def crosswalks() -> dict[str, Crosswalk]:
    """Return the small crosswalks."""
    return {name: read_crosswalk(name, text, file)[0] for name, (file, text) in CROSSWALKS.items()}


def compile_texts(
    files: Mapping[str, str], parameters: Mapping[str, Any] = PARAMETERS
) -> tuple[tuple[CompiledMapping, ...], list[Finding]]:
    """Compile the files against the small Sage and the small source."""
    return compile_mappings(files, DATASETS, CATALOG, crosswalks(), parameters, schema("mapping"))


HEAD = """\
sagerecon: mapping/v1
mapping: customers
source: {dataset: customers, key: [cust_no]}
target: {kind: contact, on_existing: create}
unmapped: {source: ignore, target: ignore}
"""

#: Customers whose key has two columns; other mappings refer to it in that order.
CUSTOMERS_BY_TWO = """\
sagerecon: mapping/v1
mapping: customers
source: {dataset: customers, key: [cust_no, kind]}
target: {kind: contact, identity: [reference], on_existing: create}
unmapped: {source: ignore, target: ignore}
fields: {name: {from: cust_no}, reference: {from: name}}
"""


def mapping(text: str, head: str = HEAD) -> CompiledMapping:
    """Compile the mapping of customers from `head` and `text`; it must have no findings."""
    found, findings = compile_texts({"customers.yaml": head + text})
    assert [str(finding) for finding in findings] == []
    return found[0]


def findings_of(text: str, head: str = HEAD) -> list[str]:
    """Return the findings about the mapping of customers made of `head` and `text`."""
    _, findings = compile_texts({"customers.yaml": head + text})
    return [f"{finding.code} {finding}" for finding in findings]


def record(values: str, dataset: str = "customers", key: str = "C001") -> Record:
    """Return a record from JSON text; other columns are null, and `day` and `opened` are dates."""
    row = dict.fromkeys(DATASETS[dataset]) | read_json(values)
    for name in ("day", "opened"):
        if isinstance(row.get(name), str):
            row[name] = date.fromisoformat(row[name])
    return Record(dataset, key, row, (Place(f"{dataset}.csv", 17),))


def outcome(text: str, values: str, head: str = HEAD) -> Outcome:
    """Return the outcome of the record under the mapping."""
    (only,) = mapping(text, head).outcomes(record(values))
    return only


def draft(text: str, values: str, head: str = HEAD) -> Draft:
    """Return the draft that the mapping makes of the record."""
    made = outcome(text, values, head)
    assert isinstance(made, Draft), made
    return made


def field(spec: str, values: str, name: str = "notes") -> Any:
    """Return the value of one field of the draft."""
    return draft(f"fields: {{{name}: {spec}}}", values).body.get(name)

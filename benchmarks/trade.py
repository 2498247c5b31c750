"""A project with a generated trade: customers with addresses, invoices with lines, and their receipts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path

_PROJECT = """\
sagerecon: project/v1
company: Trade Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-01-31
as_at: 2018-04-30
business: {country: GB, currency: GBP}
budget: {profile: standard, reserve: 0}
tie_outs:
  debtors: {dataset: debtors}
"""
_SOURCES = """\
sagerecon: sources/v1
files:
  customers:
    path: customers.csv
    columns:
      ref: {type: text, required: true}
      name: {type: text, required: true}
      street: {type: text}
      town: {type: text}
      postcode: {type: text}
      person: {type: text}
      email: {type: text}
      telephone: {type: text}
  invoices:
    path: invoices.csv
    columns:
      number: {type: text, required: true}
      ref: {type: text, required: true}
      date: {type: date, required: true}
      due: {type: date, required: true}
      total: {type: decimal, scale: 2, required: true}
  lines:
    path: lines.csv
    columns:
      number: {type: text, required: true}
      line: {type: integer, required: true}
      text: {type: text, required: true}
      account: {type: text, required: true}
      amount: {type: decimal, scale: 2, required: true}
  receipts:
    path: receipts.csv
    columns:
      id: {type: text, required: true}
      ref: {type: text, required: true}
      number: {type: text, required: true}
      date: {type: date, required: true}
      amount: {type: decimal, scale: 2, required: true}
datasets:
  customers: {sql: SELECT * FROM customers ORDER BY ref}
  banks: {sql: "SELECT '1260' AS nominal, 'Till' AS name, any_value(_origin) AS _origin FROM customers"}
  invoices:
    sql: |
      SELECT i.*, l.lines
      FROM invoices i JOIN (
        SELECT number, list({text: text, account: account, amount: amount} ORDER BY line) AS lines
        FROM lines GROUP BY number
      ) l ON l.number = i.number
      ORDER BY i.number
  receipts: {sql: "SELECT *, '1260' AS bank FROM receipts ORDER BY id"}
  debtors:
    sql: |
      SELECT 'customers/' || i.ref AS contact, c.name, i.number AS document, i.date,
             i.total - coalesce(r.amount, 0) AS amount, i._origin
      FROM invoices i JOIN customers c ON c.ref = i.ref LEFT JOIN receipts r ON r.number = i.number
      WHERE i.total != coalesce(r.amount, 0)
      ORDER BY ALL
"""
_HEAD = "sagerecon: mapping/v1\nunmapped: {source: ignore, target: error_if_required}\n"
_MAPPINGS = {
    "customers": """\
source: {dataset: customers, key: [ref]}
target: {kind: contact, identity: {reference: ref}, on_existing: adopt_if_equal}
priority: 10
label: name
fields:
  name: {from: name}
  reference: {from: ref}
  contact_type_ids: {value: [CUSTOMER]}
  main_address:
    fields:
      address_line_1: {from: street}
      city: {from: town}
      postal_code: {from: postcode}
      country_id: {value: GB}
  main_contact_person:
    fields:
      name: {from: person}
      email: {from: email}
      telephone: {from: telephone}
""",
    "banks": """\
source: {dataset: banks, key: [nominal]}
target: {kind: bank_account, on_existing: create}
priority: 20
fields:
  bank_account_type_id: {value: CASH_IN_HAND}
  nominal_code: {value: 1260}
  bank_account_details: {fields: {account_name: {from: name}}}
""",
    "invoices": """\
source: {dataset: invoices, key: [number]}
target: {kind: sales_invoice, identity: {reference: number}, on_existing: create}
priority: 40
label: '"invoice " ~ number'
amount: total
fields:
  contact_id: {ref: {mapping: customers, by: ref, on_missing: quarantine}}
  date: {from: date}
  due_date: {from: due}
  reference: {from: number}
  invoice_lines:
    each: lines
    fields:
      description: {from: item.text}
      ledger_account_id:
        ref: {kind: ledger_account, by: {nominal_code: item.account}, on_missing: quarantine}
      quantity: {value: '1'}
      unit_price: {from: item.amount}
      tax_rate_id: {value: GB_ZERO}
      tax_amount: {value: '0.00'}
""",
    "receipts": """\
source: {dataset: receipts, key: [id]}
target: {kind: contact_payment, identity: {reference: id}, on_existing: create}
priority: 50
label: '"receipt " ~ id'
amount: amount
fields:
  transaction_type_id: {value: CUSTOMER_RECEIPT}
  contact_id: {ref: {mapping: customers, by: ref, on_missing: quarantine}}
  bank_account_id: {ref: {mapping: banks, by: bank, on_missing: quarantine}}
  reference: {from: id}
  date: {from: date}
  total_amount: {from: amount}
  allocated_artefacts:
    items:
      - fields:
          artefact_id: {ref: {mapping: invoices, by: number, on_missing: quarantine}}
          amount: {from: amount}
""",
}
_TOWNS = (("Leeds", "LS1 1AA"), ("York", "YO1 1AA"), ("Oakham", "LE15 6AA"), ("Bath", "BA1 1AA"))
_WORK = ("Oak boards, planed and cut to size", "Delivery within two working days", "Fitting, per hour")
_ACCOUNTS = ("4000", "4010", "4910")


def write_trade(folder: Path, records: int, blocks: int = 1) -> None:
    """Write a project: two fifths invoices, two fifths receipts, the rest customers and one bank account.

    Args:
        records: of each block.
        blocks: how often they are repeated; the records of a block differ from those of another in the first
            digit of their numbers.
    """
    for name in ("data", "mappings"):
        (folder / name).mkdir(parents=True)
    (folder / "sagerecon.yaml").write_text(_PROJECT)
    (folder / "sources.yaml").write_text(_SOURCES)
    for name, text in _MAPPINGS.items():
        (folder / "mappings" / f"{name}.yaml").write_text(f"{_HEAD}mapping: {name}\n{text}")
    invoices = receipts = records * 2 // 5
    customers = records - invoices - receipts - 1
    for name, header, rows in (
        (
            "customers",
            "ref name street town postcode person email telephone",
            lambda b: _customers(b, customers),
        ),
        ("invoices", "number ref date due total", lambda b: _invoices(b, invoices, customers)),
        ("lines", "number line text account amount", lambda b: _lines(b, invoices)),
        ("receipts", "id ref number date amount", lambda b: _receipts(b, receipts, customers)),
    ):
        path = folder / "data" / f"{name}.csv"
        _write(path, header, chain.from_iterable(rows(block) for block in range(blocks)))


def _customers(block: int, count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        town, code = _TOWNS[number % len(_TOWNS)]
        ref = _number("C", block, number)
        yield (
            ref,
            f"Customer {ref} Ltd",
            f"{number % 300 + 1} High Street",
            town,
            code,
            f"Jo Dale {ref}",
            f"jo.dale.{ref}@example.com",
            f"0113 496 {number % 10_000:04}",
        )


def _invoices(block: int, count: int, customers: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        day, ref = _day(number), _number("C", block, number % customers)
        yield _number("I", block, number), ref, day, day + timedelta(days=30), sum(_amounts(number))


def _lines(block: int, count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        invoice = _number("I", block, number)
        for line, amount in enumerate(_amounts(number)):
            yield invoice, line, f"{_WORK[line]}, {invoice}", _ACCOUNTS[line], amount


def _receipts(block: int, count: int, customers: int) -> Iterator[tuple[object, ...]]:
    """Yield one receipt an invoice; every fourth settles a part of it."""
    for number in range(count):
        due = sum(_amounts(number), Decimal())
        paid = due - Decimal("5.00") if number % 4 == 0 else due
        ref = _number("C", block, number % customers)
        day = _day(number) + timedelta(days=20)
        yield _number("R", block, number), ref, _number("I", block, number), day, paid


def _number(letter: str, block: int, number: int) -> str:
    return f"{letter}{block:02}-{number:05}"


def _amounts(number: int) -> tuple[Decimal, ...]:
    return tuple(Decimal(1_000 + (number * 37 + line * 911) % 90_000) / 100 for line in range(3))


def _day(number: int) -> date:
    return date(2017, 2, 1) + timedelta(days=number % 360)


def _write(path: Path, header: str, rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header.split())
        writer.writerows(rows)

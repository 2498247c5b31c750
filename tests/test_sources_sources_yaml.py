# ruff: noqa: E501 - one case per line reads as a table
"""Reading sources.yaml, and the message for each error in it."""

import pytest
from source_cases import error_messages, parse_sources

from sagerecon.model.finding import Severity
from sagerecon.model.place import Place
from sagerecon.sources.formats import FORMATS

GOOD = """\
sagerecon: sources/v1
files:
  customers:
    path: customers.csv
    encoding: cp1252
    delimiter: ";"
    decimal: ","
    thousands: "."
    date: "%d/%m/%Y"
    columns:
      cust_no: {column: "Cust No", type: text, required: true}
      balance: {type: decimal}
      since: {type: date}
      left_on: {type: date, format: ["%Y-%m-%d", "%d %b %Y"]}
  invoices:
    path: out/*.json
    records: QueryResponse.Invoice
    columns:
      id: {path: Id, type: text}
      lines:
        path: Line
        type: list
        columns: {amount: {path: Amount, type: decimal, scale: 4}, tags: {path: Tags, type: list, columns: {tag: {path: ., type: text}}}}
datasets:
  customers:
    about: everybody
    sql: |
      SELECT *
      FROM customers
controls:
  owed:
    severity: error
    hint: Look.
    figures:
      cards: {about: the cards, sql: "SELECT '' AS bucket, sum(balance) AS amount FROM customers"}
"""


def test_all_declarations_are_read() -> None:
    sources = parse_sources(GOOD)
    customers = sources.files["customers"]
    assert (customers.format, customers.encoding, customers.delimiter) == ("csv", "cp1252", ";")
    assert [column.path for column in customers.columns] == [
        ("Cust No",),
        ("balance",),
        ("since",),
        ("left_on",),
    ]
    assert customers.columns[0].required
    assert customers.columns[1].scale == 2
    assert customers.columns[2].formats == ("%d/%m/%Y",)
    assert customers.columns[3].formats == ("%Y-%m-%d", "%d %b %Y")
    invoices = sources.files["invoices"]
    assert (invoices.format, invoices.records) == ("json", ("QueryResponse", "Invoice"))
    amount, tags = invoices.columns[1].columns
    assert (amount.scale, tags.columns[0].path) == (4, ())
    query = sources.datasets["customers"].query
    assert (query.sql, query.is_block, query.place.line) == ("SELECT *\nFROM customers\n", True, 27)
    owed = sources.controls["owed"]
    assert (owed.severity, owed.hint, owed.about) == (Severity.ERROR, "Look.", "owed")
    assert owed.place == Place("sources.yaml", 31, 3)
    assert not owed.figures[0].query.is_block


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("encoding:", "encodnig:"), "sources.yaml:5:5: unknown key 'encodnig'. Did you mean 'encoding'?"),
        (("type: decimal}", "type: decimals}"), "sources.yaml:12:23: files.customers.columns.balance.type cannot be 'decimals'. Did you mean 'decimal'?"),
        (("customers.csv", "customers.dbf"), "sources.yaml:4:11: the format of 'customers.dbf' cannot be derived from its suffix. Add format:, one of " + ", ".join(FORMATS) + "."),
        (("customers.csv", "../customers.csv"), "sources.yaml:4:11: path '../customers.csv' is outside the data folder. Use a path inside the data folder, with / between folders."),
        (("cp1252", "cp12522"), "sources.yaml:5:15: 'cp12522' is no encoding of text files. Common encodings: utf-8, cp1252, cp437, iso-8859-1, utf-16."),
        (('thousands: "."', 'thousands: ","'), "sources.yaml:8:16: decimal and thousands are both ','."),
        (('"%d/%m/%Y"', '"%d/%Y"'), "sources.yaml:9:11: '%d/%Y' is not a complete date format. For 31/03/2017 use %d/%m/%Y."),
        (('"%d %b %Y"', '"%d-%q"'), "sources.yaml:14:50: '%d-%q' is not a complete date format. For 31/03/2017 use %d/%m/%Y."),
        (("cust_no:", "Cust No:"), "sources.yaml:11:7: 'Cust No' is not a valid column name. Use lower-case letters, digits and _, and give the name in the file separately: cust_no: {column: Cust No}."),
        (('column: "Cust No"', "path: Cust"), "sources.yaml:11:17: 'path' does not apply to csv. Use 'column'."),
        (("path: Id", "column: Id"), "sources.yaml:19:12: 'column' does not apply to json. Use 'path'."),
        (("delimiter:", "sheet:"), "sources.yaml:6:5: 'sheet' does not apply to csv."),
        (("since: {type: date}", "since: {type: date, scale: 2}"), "sources.yaml:13:27: 'scale' does not apply to date."),
        (("scale: 4", "scale: 13"), "sources.yaml:23:64: scale is 13; the maximum is 12."),
        (("balance: {type: decimal}", "balance: {type: list, columns: {a: {type: text}}}"), "sources.yaml:12:7: 'balance' cannot be a list: a csv cell holds one value. Group the rows in a dataset instead: list({…})."),
        (("  customers:\n    about", "  Customers:\n    about"), "sources.yaml:25:3: 'Customers' is not a valid name. Start with a lower-case letter; use lower-case letters, digits and _."),
        (("      cards:", "      Cards:"), "sources.yaml:35:7: 'Cards' is not a valid name. Start with a lower-case letter; use lower-case letters, digits and _."),
        (("    about: everybody\n    sql: |\n      SELECT *\n      FROM customers\n", "    about: everybody\n"), "sources.yaml:25:3: datasets.customers needs the key 'sql'."),
        (("required: true", "required: yes"), "sources.yaml:11:58: files.customers.columns.cust_no.required must be true or false."),
        (("sources/v1", "sources/v2"), "sources.yaml:1:12: sagerecon cannot be 'sources/v2'. Did you mean 'sources/v1'?"),
        (("      since: {type: date}", "\tsince: {type: date}"), "sources.yaml:13:1: a tab in the indentation. Use spaces."),
    ],
)  # fmt: skip
def test_an_error_is_reported_at_its_place(change: tuple[str, str], message: str) -> None:
    assert change[0] in GOOD
    assert error_messages(GOOD.replace(*change, 1)) == [message]


def test_all_errors_are_reported_in_one_pass() -> None:
    text = GOOD.replace("cp1252", "x").replace("customers.csv", "/etc/c.csv").replace("scale: 4", "scale: 40")
    assert [line.split(":")[1] for line in error_messages(text)] == ["4", "5", "23"]


@pytest.mark.parametrize(
    "text", ["", "[]", "just words", "a: [", "files: {x: [1]}", "files: 3", "controls: {c: 1}"]
)
def test_any_text_gives_findings_and_no_exception(text: str) -> None:
    assert error_messages(text)

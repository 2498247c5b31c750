# ruff: noqa: E501 - one case per line reads as a table
"""XML files: elements at a path as records, attributes, lists, hostile files, and the sections of SAF-T."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import error_messages, finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError
from sagerecon.model.limits import XML_DEPTH, XML_RECORD
from sagerecon.model.place import Place

INVOICES = table(
    """
    id: {path: "@id", type: text, required: true}
    company: {path: "^.^.@name", type: text}
    currency: {path: ^.Currency, type: text}
    name: {path: Customer.Name, type: text}
    total: {path: Total, type: decimal}
    unit: {path: Total.@currency, type: text, optional: true}
    lines:
      path: Lines.Line
      type: list
      columns:
        no: {path: "@no", type: integer}
        price: {path: Price, type: decimal, scale: 4}
        tags: {path: Tag, type: list, optional: true, columns: {tag: {path: ., type: text}}}
    """,
    "path: i.xml\nrecords: Export.Invoices.Invoice",
    "invoices",
)
GOOD = """\
<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- made by hand -->
<x:Export xmlns:x="urn:x" xmlns="urn:y" name="Öl &amp; Co">
  <Other><Invoice id="not one"/></Other>
  <Invoices>
    <Currency>GBP</Currency>
    <Invoice id="1">
      <Customer><Name>Ödman &lt;1&gt;</Name></Customer>
      <Total currency="EUR">90071992547409.93</Total>
      <Lines>
        <Line no="1"><Price>0.1</Price><Tag>a</Tag><Tag><![CDATA[<b>]]></Tag></Line>
        <Line no="2"><Price>2.675</Price></Line>
      </Lines>
    </Invoice><x:Invoice id="2"><Customer/><Total/><Lines><Line no="1"/></Lines></x:Invoice>
  </Invoices>
</x:Export>
""".encode("latin-1")


def test_an_element_is_a_record(tmp_path: Path) -> None:
    with snapshot(tmp_path, INVOICES, {"i.xml": GOOD}) as opened:
        one, two = opened.records("invoices", ["id"])
    assert (one.origins, two.origins) == ((Place("i.xml", 7, 5),), (Place("i.xml", 14, 15),))
    assert one.values["name"] == "Ödman <1>"
    assert (one.values["company"], one.values["currency"], one.values["unit"]) == ("Öl & Co", "GBP", "EUR")
    assert one.values["total"] == Decimal("90071992547409.93")
    assert one.values["lines"] == [
        {"no": 1, "price": Decimal("0.1000"), "tags": [{"tag": "a"}, {"tag": "<b>"}]},
        {"no": 2, "price": Decimal("2.6750"), "tags": []},
    ]
    assert (two.values["name"], two.values["total"], two.values["unit"]) == (None, None, None)
    assert two.values["lines"] == [{"no": 1, "price": None, "tags": []}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("0.1<", "O.1<"), "i.xml:11:9: lines: item 1, price: 'O.1' is not a number."),
        ((' id="2"', ""), "i.xml:14:15: id: the cell is empty; a value is required."),
        (("<Total/>", "<Total>1</Total><Total>2</Total>"), "i.xml:14:44: total: Total occurs 2 times. Declare it with type: list."),
        (("<Customer/>", "<Customer/><Customer/>"), "i.xml:14:33: name: Customer occurs 2 times. Declare it with type: list."),
        (("<Total/>", "<Total><a/></Total>"), "i.xml:14:44: total: Total holds elements, not a value."),
        (("<Customer/>", ""), None),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_a_finding(
    change: tuple[str, str], message: str | None, tmp_path: Path
) -> None:
    content = GOOD.decode("latin-1").replace(*change, 1).encode("latin-1")
    found = finding_messages(tmp_path, INVOICES, {"i.xml": content})
    if message is None:
        assert found == []
    else:
        assert found[0].startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("</x:Export>", ""), "i.xml:17:1: the XML is truncated here."),
        (("</Lines>\n    </Invoice>", "</Lines>\n    </invoice>"), "i.xml:14:7: invalid XML: mismatched tag."),
        (("&amp;", "&amp"), "i.xml:3:54: invalid XML: not well-formed (invalid token)."),
        (("x:Export xmlns:x", "z:Export xmlns:x"), "i.xml:3:1: invalid XML: unbound prefix."),
        (("<!-- made by hand -->", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "i.xml:2:13: the file has a document type declaration, which is refused: it may name other files."),
        (("ISO-8859-1", "no-such"), "i.xml:1:31: invalid XML: unknown encoding: no-such."),
        (("<Currency>GBP</Currency>", "<Currency><a/></Currency>"), "i.xml:6:15: 'a' stands in an element that is read as a value."),
        (("  </Invoices>", "<Currency>EUR</Currency></Invoices>"), "i.xml:15:14: 'Currency' occurs twice."),
        (("<Currency>GBP</Currency>", ""), None),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_its_place(
    change: tuple[str, str], message: str | None, tmp_path: Path
) -> None:
    assert change[0] in GOOD.decode("latin-1")
    content = GOOD.decode("latin-1").replace(*change, 1)
    if message is None:  # a value beside the records that comes after them
        content = content.replace("  </Invoices>", "<Currency>EUR</Currency></Invoices>")
        message = "i.xml:15:14: 'Currency' comes after records that need it."
    with pytest.raises(SourceError) as error:
        take(tmp_path, INVOICES, {"i.xml": content.encode("latin-1")})
    assert error.value.message == message


def test_a_bomb_of_entities_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Export>&b;</Export>'
    with pytest.raises(SourceError, match="document type declaration"):
        take(tmp_path, INVOICES, {"i.xml": bomb})


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("<a>" * (XML_DEPTH.most + 1), f"the record is nested too deeply; {XML_DEPTH.sentence}."),
        ("<a/>" * (XML_RECORD.most + 1), f"the record is too large; {XML_RECORD.sentence}."),
        ("x" * 10_000_001, "the record is too long; a record of a source file, such as a voucher with its lines may have at most 10,000,000 characters."),
        (f"<a b='{'x' * 1_300_000}'/>", "a tag is longer than a value may be; a cell or another value of a source file may have at most 1,000,000 characters."),
    ],
)  # fmt: skip
def test_a_record_that_passes_a_limit_is_refused(inner: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, INVOICES, {"i.xml": f"<Export><Invoices><Invoice>{inner}"})
    assert error.value.message.endswith(message)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ("Export.Invoices.Invoic", "i.xml:5: 'Export.Invoices' has no element 'Invoic'; it has Currency, Invoice. Did you mean 'Invoice'?"),
        ("Export.invoices.Invoice", "i.xml:3: 'Export' has no element 'invoices'; it has Other, Invoices. Did you mean 'Invoices'?"),
        ("Invoices.Invoice", "i.xml: the file has no element 'Invoices'; it has Export. Correct 'records' in sources.yaml, or set optional: true."),
    ],
)  # fmt: skip
def test_a_path_without_elements_is_a_finding(records: str, message: str, tmp_path: Path) -> None:
    text = table("id: {path: '@id', type: text}", f"path: i.xml\nrecords: {records}")
    assert finding_messages(tmp_path, text, {"i.xml": GOOD}) == [message]


def test_an_element_without_records_is_empty(tmp_path: Path) -> None:
    text = table("id: {path: '@id', type: text}", "path: i.xml\nrecords: Export.Invoices.Invoice")
    message = "'Export.Invoices' holds no element 'Invoice'."
    content = "<Export>\n<Invoices/></Export>"
    assert finding_messages(tmp_path, text, {"i.xml": content}) == [
        f"i.xml:2: {message} Set optional: true if the file may be empty."
    ]
    optional = text.replace("records:", "optional: true\n    records:")
    assert finding_messages(tmp_path, optional, {"i.xml": content}) == [f"i.xml:2: {message}"]


def test_the_path_of_the_records_is_needed() -> None:
    assert error_messages(INVOICES.replace("records: Export.Invoices.Invoice", "about: x")) == [
        "sources.yaml:3:3: no records of the XML file are named. "
        "Set records: to the path of their element from the root, such as Export.Invoices.Invoice."
    ]


def test_a_misspelt_path_of_a_column_is_a_warning(tmp_path: Path) -> None:
    (message,) = finding_messages(tmp_path, INVOICES.replace("path: Total,", "path: Totl,"), {"i.xml": GOOD})
    assert message.endswith("no record in i.xml has 'Totl', so total is always empty. Did you mean 'Total'?")


NORWAY = """\
<?xml version="1.0" encoding="utf-8"?>
<n1:AuditFile xmlns:n1="urn:StandardAuditFile-Taxation-Financial:NO">
  <n1:Header><n1:AuditFileVersion>1.30</n1:AuditFileVersion></n1:Header>
  <n1:MasterFiles>
    <n1:GeneralLedgerAccounts>
      <n1:Account><n1:AccountID>1500</n1:AccountID><n1:OpeningDebitBalance>125.00</n1:OpeningDebitBalance></n1:Account>
    </n1:GeneralLedgerAccounts>
    <n1:Customers><n1:Customer><n1:Name>Kari</n1:Name><n1:CustomerID>7</n1:CustomerID></n1:Customer></n1:Customers>
  </n1:MasterFiles>
  <n1:GeneralLedgerEntries>
    <n1:Journal>
      <n1:JournalID>GL</n1:JournalID>
      <n1:Transaction>
        <n1:TransactionID>1</n1:TransactionID><n1:TransactionDate>2024-01-31</n1:TransactionDate>
        <n1:Line><n1:AccountID>1500</n1:AccountID><n1:DebitAmount><n1:Amount>10.00</n1:Amount></n1:DebitAmount></n1:Line>
        <n1:Line><n1:AccountID>3000</n1:AccountID><n1:CreditAmount><n1:Amount>10.00</n1:Amount></n1:CreditAmount></n1:Line>
      </n1:Transaction>
    </n1:Journal>
  </n1:GeneralLedgerEntries>
</n1:AuditFile>
"""
PORTUGAL = """\
<?xml version="1.0" encoding="windows-1252"?>
<AuditFile xmlns="urn:OECD:StandardAuditFile-Tax:PT_1.04_01">
  <MasterFiles>
    <GeneralLedgerAccounts><Account><AccountID>21</AccountID></Account></GeneralLedgerAccounts>
    <Customer><CustomerID>7</CustomerID><CompanyName>João</CompanyName></Customer>
  </MasterFiles>
  <GeneralLedgerEntries>
    <Journal>
      <JournalID>1</JournalID>
      <Transaction>
        <TransactionID>2024-01-31 1 1</TransactionID><TransactionDate>2024-01-31</TransactionDate>
        <Lines>
          <DebitLine><AccountID>21</AccountID><DebitAmount>10.00</DebitAmount></DebitLine>
          <CreditLine><AccountID>71</AccountID><CreditAmount>10.00</CreditAmount></CreditLine>
        </Lines>
      </Transaction>
    </Journal>
  </GeneralLedgerEntries>
</AuditFile>
"""


def saft(records: str, columns: str) -> str:
    return table(columns, f"path: a.xml\nformat: saft\nrecords: {records}")


@pytest.mark.parametrize(
    ("content", "debit", "id_path"),
    [
        (NORWAY.encode(), "DebitAmount.Amount", "^.TransactionID"),
        (PORTUGAL.encode("cp1252"), "DebitAmount", "^.^.TransactionID"),
    ],
)
def test_the_sections_of_saft_are_found_in_several_versions(
    content: bytes, debit: str, id_path: str, tmp_path: Path
) -> None:
    lines = saft(
        "transaction_lines",
        f"account: {{path: AccountID, type: text, required: true}}\ndebit: {{path: {debit}, type: decimal}}",
    )
    with snapshot(tmp_path / "lines", lines, {"a.xml": content}) as opened:
        rows = [(row["account"], row["debit"]) for row in opened.rows("t")]
    assert [debit for _, debit in rows] == [Decimal("10.00"), None]
    transactions = saft(
        "transactions",
        "journal: {path: ^.JournalID, type: text}\nat: {path: TransactionDate, type: date}",
    )
    with snapshot(tmp_path / "transactions", transactions, {"a.xml": content}) as opened:
        (row,) = opened.rows("t")
    assert (row["journal"], row["at"]) == (row["journal"] or "", date(2024, 1, 31))
    customers = saft("customers", "id: {path: CustomerID, type: text, required: true}")
    with snapshot(tmp_path / "customers", customers, {"a.xml": content}) as opened:
        assert [row["id"] for row in opened.rows("t")] == ["7"]


def test_a_saft_file_is_told_from_other_xml(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, saft("accounts", "id: {path: AccountID, type: text}"), {"a.xml": "<JPK/>"})
    assert error.value.message == "a.xml:1: the file is XML with the root element 'JPK', not SAF-T."
    assert error_messages(saft("acounts", "id: {type: text}")) == [
        "sources.yaml:3:3: SAF-T has no records 'acounts'. Did you mean 'accounts'?"
    ]


def test_a_needed_section_that_is_absent_is_a_finding(tmp_path: Path) -> None:
    (message,) = finding_messages(
        tmp_path, saft("suppliers", "id: {path: SupplierID, type: text}"), {"a.xml": NORWAY}
    )
    assert message == (
        "a.xml:4: 'AuditFile.MasterFiles' has no element 'Suppliers'; it has GeneralLedgerAccounts, Customers. "
        "Correct 'records' in sources.yaml, or set optional: true."
    )


@pytest.mark.parametrize("attributes", ['id="1" p:id="2"', 'p:id="2" id="1"'])
def test_an_attribute_of_a_namespace_is_not_taken_for_the_one_without(
    tmp_path: Path, attributes: str
) -> None:
    text = table('id: {path: "@id", type: text}', "path: t.xml\nrecords: R.i")
    data = f'<R xmlns:p="u"><i {attributes}/><i p:id="3"/></R>'
    with snapshot(tmp_path, text, {"t.xml": data}) as opened:
        assert [row["id"] for row in opened.rows("t")] == ["1", "3"]


def test_attributes_of_two_namespaces_are_a_finding(tmp_path: Path) -> None:
    text = table('id: {path: "@id", type: text}', "path: t.xml\nrecords: R.i")
    data = '<R xmlns:p="u" xmlns:q="v"><i p:id="2" q:id="3"/></R>'
    (message,) = finding_messages(tmp_path, text, {"t.xml": data})
    assert "id: @id occurs 2 times." in message

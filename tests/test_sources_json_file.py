# ruff: noqa: E501 - one case per line reads as a table
"""JSON files: exact numbers, the line and column of each record, messages for invalid files."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_cases import finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError
from sagerecon.model.place import Place

INVOICES = table(
    """
    id: {path: Id, type: text, required: true}
    balance: {path: Balance, type: decimal}
    customer: {path: CustomerRef.value, type: text, optional: true}
    lines:
      path: Line
      type: list
      optional: true
      columns:
        amount: {path: Amount, type: decimal, scale: 4}
        tags: {path: Tags, type: list, optional: true, columns: {tag: {path: ., type: text}}}
    """,
    "path: i.json\nrecords: QueryResponse.Invoice",
    "invoices",
)

GOOD = """\
{
  "QueryResponse": {
    "Invoice": [
      {
        "Id": "1",
        "Balance": 90071992547409.93,
        "CustomerRef": {"value": "7"},
        "Line": [{"Amount": 0.1}, {"Amount": 2.675, "Tags": ["a", "b"]}]
      }, {"Id": "2", "Balance": "0"},
      {"Id": "3"}
    ],
    "startPosition": 1,
    "maxResults": 3
  }
}
"""


def test_records_are_exact_and_have_their_place(tmp_path: Path) -> None:
    with snapshot(tmp_path, INVOICES, {"i.json": GOOD}) as opened:
        one, two, three = opened.records("invoices", ["id"])
    assert [record.origins for record in (one, two, three)] == [
        (Place("i.json", 4, 7),),
        (Place("i.json", 9, 10),),
        (Place("i.json", 10, 7),),
    ]
    assert one.values["balance"] == Decimal("90071992547409.93")
    assert one.values["customer"] == "7"
    assert one.values["lines"] == [
        {"amount": Decimal("0.1000"), "tags": []},
        {"amount": Decimal("2.6750"), "tags": [{"tag": "a"}, {"tag": "b"}]},
    ]
    assert (two.values["balance"], three.values["balance"]) == (Decimal("0.00"), None)
    assert (two.values["lines"], three.key) == ([], "3")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ('"0"', '"O"'),
            "i.json:9:33: balance: 'O' is not a number. If it means an empty cell, set null_words: [\"O\"].",
        ),
        (('"0"', "{}"), "i.json:9:33: balance: an object is not a number."),
        (('"Id": "3"', '"Id": null'), "i.json:10:14: id: the cell is empty; a value is required."),
        (('"Id": "3"', '"id": "3"'), "i.json:10:7: id: the cell is empty; a value is required."),
        (
            ("2.675,", "2.67501,"),
            "i.json:8:17: lines: item 2, amount: '2.67501' has 5 decimals; the column keeps 4. Set scale: 5, or round: 4 to round the amounts.",
        ),
        (
            ('[{"Amount": 0.1}', '["x"'),
            "i.json:8:17: lines: item 1, amount: the item is not an object, so it has no key 'Amount'.",
        ),
        (
            ('[{"Amount": 0.1}, {"Amount": 2.675, "Tags": ["a", "b"]}]', "3"),
            "i.json:8:17: lines: '3' is not a list.",
        ),
        (
            ('{"value": "7"}', '"7"'),
            "i.json:4:7: customer: CustomerRef is not an object, so it has no key 'value'.",
        ),
        (('{"Id": "3"}', "3"), "i.json:10:7: the record is not a JSON object."),
        (
            ('"maxResults": 3', '"maxResults": 2'),
            "i.json:3:16: the file states maxResults 2 but holds 3 records.",
        ),
        (
            ('"maxResults": 3', '"totalCount": 30'),
            "i.json:3:16: the file states totalCount 30 but holds 3 records. Check whether a page is missing.",
        ),
    ],
)
def test_an_error_in_a_record_is_reported_at_its_place(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in GOOD
    assert finding_messages(tmp_path, INVOICES, {"i.json": GOOD.replace(*change, 1)}) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "i.json: the file is empty."),
        (
            "<!DOCTYPE html><html><body>Sign in</body></html>",
            "i.json:1:1: the file is a web page, not JSON. Check whether an error page was saved instead of the export.",
        ),
        (
            "\ufeff\n <HTML>",
            "i.json:1:1: the file is a web page, not JSON. Check whether an error page was saved instead of the export.",
        ),
        (
            "<xml>Just a bad response</xml>",
            "i.json:1:1: the file is XML, not JSON. Check whether an error page was saved instead of the export.",
        ),
        (
            "<?xml version='1.0'?><a/>",
            "i.json:1:1: the file is XML, not JSON. Check whether an error page was saved instead of the export.",
        ),
        (
            "PK\x03\x04",
            "i.json:1:1: the file is a workbook or another zip archive, not JSON. Unpack it, and name the file inside.",
        ),
        (GOOD[:200], "i.json:8:57: the JSON is truncated here. Download or export the file again."),
        (GOOD[:60], "i.json:5:13: the JSON is truncated here. Download or export the file again."),
        (GOOD[:-4], "i.json:13:20: the JSON is truncated here. Download or export the file again."),
        (GOOD + "{}", "i.json:16:1: invalid JSON: unexpected text after the end of the document."),
        (
            '{"QueryResponse": {}}',
            "i.json:1:19: QueryResponse is an empty object. Set optional: true if the file may be empty.",
        ),
        ("{}", "i.json:1:1: the response is an empty object. Set optional: true if the file may be empty."),
        (
            GOOD.replace('"Invoice"', '"CreditMemo"'),
            "i.json:2:20: QueryResponse has no key 'Invoice'; its keys are CreditMemo, startPosition, maxResults. Check that this is the right file.",
        ),
        (
            GOOD.replace('"Invoice"', '"Invoices"'),
            "i.json:2:20: QueryResponse has no key 'Invoice'; its keys are Invoices, startPosition, maxResults. Did you mean 'Invoices'?",
        ),
        (
            '{"QueryResponse": {"Invoice": {"Id": "1"}}}',
            "i.json:1:31: expected a list of records. Correct 'records' in sources.yaml.",
        ),
        ('{"QueryResponse": []}', "i.json:1:19: expected an object with the key 'Invoice'."),
        (
            '{"Fault": {"Error": "429"}}',
            "i.json:1:1: the response has no key 'QueryResponse'; its keys are Fault. Check that this is the right file.",
        ),
        (GOOD.replace('"0"', "NaN"), "i.json:9:10: invalid JSON: NaN is not a valid JSON number."),
        (GOOD.replace('"0"', "'0'"), "i.json:9:33: invalid JSON: expecting value at \"'0'},\"."),
        (
            GOOD.replace('"0"}', '"0",}'),
            "i.json:9:37: invalid JSON: trailing comma before } at '},'.",
        ),
        (GOOD.replace('{"Id": "3"}', ""), "i.json:11:5: invalid JSON: trailing comma before ]."),
        (
            GOOD.replace('"Id": "2"', '"Id": "2", "Id": "9"'),
            "i.json:9:10: invalid JSON: duplicate key 'Id' in an object.",
        ),
        (
            '{"QueryResponse": {"Invoice": [], "Invoice": []}}',
            "i.json:1:35: duplicate key 'Invoice' in an object.",
        ),
        (
            '{"a": ' + "[" * 100_000,
            "i.json:1:7: the value is nested too deeply; a JSON file may have at most 100 levels.",
        ),
    ],
)
def test_an_unreadable_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        take(tmp_path, INVOICES, {"i.json": text})
    assert str(caught.value) == message
    assert not (tmp_path / "snapshot.duckdb").exists()


def test_an_invalid_utf_8_byte_is_reported_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^i\.json:9: byte 0xe9 is not valid utf-8-sig\. Set the encoding"):
        take(tmp_path, INVOICES, {"i.json": GOOD.replace('"0"', '"é"').encode("cp1252")})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_accepted(tmp_path: Path, encoding: str) -> None:
    with snapshot(tmp_path, INVOICES, {"i.json": GOOD.encode(encoding)}) as opened:
        assert opened.count("invoices") == 3


def test_an_empty_response_is_allowed_for_an_optional_file(tmp_path: Path) -> None:
    optional = INVOICES.replace("path: i.json", "path: i.json\n    optional: true")
    assert finding_messages(tmp_path, optional, {"i.json": '{"QueryResponse": {}}'}) == [
        "i.json:1:19: QueryResponse is an empty object."
    ]
    assert finding_messages(tmp_path / "absent", optional, {}) == [
        "i.json: the file does not exist, so table 'invoices' is empty."
    ]
    with pytest.raises(SourceError, match="CreditMemo"):
        take(tmp_path, optional, {"i.json": '{"QueryResponse": {"CreditMemo": []}}'})


def test_a_path_that_no_record_has_is_reported_once(tmp_path: Path) -> None:
    wrong = INVOICES.replace("path: Balance", "path: Balence").replace("path: Amount", "path: Amout")
    assert finding_messages(tmp_path, wrong, {"i.json": GOOD}) == [
        "sources.yaml:8:7: no record in i.json has 'Balence', so balance is always empty. Did you mean 'Balance'?",
        "sources.yaml:15:11: no record in i.json has 'Line.Amout', so amount is always empty. Did you mean 'Amount'?",
    ]


def test_a_stated_count_is_compared(tmp_path: Path) -> None:
    text = INVOICES.replace("records: Q", "count: meta.rows\n    records: Q")
    data = GOOD.replace('{\n  "Q', '{\n  "meta": {"rows": 5},\n  "Q')
    assert finding_messages(tmp_path, text, {"i.json": data}) == [
        "i.json:4:16: the file states meta.rows 5 but holds 3 records. Check whether a page is missing."
    ]


def test_many_similar_errors_are_counted(tmp_path: Path) -> None:
    records = [{"Id": "", "Balance": "x"}] * 100
    text = table("id: {path: Id, type: text, required: true}", "path: i.json\nrecords: d", "invoices")
    findings = finding_messages(tmp_path, text, {"i.json": json.dumps({"d": records}, indent=0)})
    assert len(findings) == 21
    assert findings[-1].startswith("i.json: 80 more findings such as: id: the cell is empty")


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(values=st.lists(VALUES, max_size=5), indent=st.sampled_from([None, 0, 2]), cut=st.integers(0, 200))
def test_the_reader_agrees_with_the_standard_decoder(values: list[Any], indent: int | None, cut: int) -> None:
    from sagerecon.sources.json_text import JsonDocument, JsonError  # noqa: PLC0415 - only this test needs them

    plain = json.loads(json.dumps(values, default=float), parse_float=Decimal)
    text = json.dumps({"z": values, "a": {"b": values}, "n": 1}, indent=indent, default=float)
    document = JsonDocument(text)
    beside: dict[str, object] = {}
    walked = list(document.records(("a", "b"), beside))
    assert [value for _, value in walked] == plain
    for position, value in walked:
        line, column = document.line_and_column(position)
        start = sum(len(part) + 1 for part in text.split("\n")[: line - 1]) + column - 1
        assert start == position
        assert document.find(document.find(0, ("a", "b")) or 0, (str(plain.index(value)),)) is not None
    with pytest.raises(JsonError):
        list(JsonDocument(text[: max(0, len(text) - 1 - cut)]).records(("a", "b"), {}))


def test_every_fault_of_a_list_is_found_in_one_pass(tmp_path: Path) -> None:
    text = table(
        "lines: {type: list, columns: {n: {type: decimal}, deep: {type: list, columns: {d: {path: ., type: date}}}}}",
        "path: t.json",
    )
    content = '[{"lines": [{"n": "x", "deep": ["a", "b"]}, {"n": 1, "deep": []}, {"n": "y", "deep": ["2024-01-31"]}]}]'
    messages = finding_messages(tmp_path, text, {"t.json": content})
    assert [message.partition(" is not")[0] for message in messages] == [
        "t.json:1:12: lines: item 1, deep: item 1, d: 'a'",
        "t.json:1:12: lines: item 1, deep: item 2, d: 'b'",
        "t.json:1:12: lines: item 1, n: 'x'",
        "t.json:1:12: lines: item 3, n: 'y'",
    ]

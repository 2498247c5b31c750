# ruff: noqa: E501 - one case per line reads as a table
"""Files of JSON lines: a record on each line, exact numbers, messages for other files."""

from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import finding_messages, snapshot, table, take

from sagerecon.model.errors import SourceError
from sagerecon.model.place import Place

INVOICES = table(
    """
    id: {type: text, required: true}
    total: {path: amounts.total, type: decimal}
    lines: {type: list, columns: {price: {type: decimal, scale: 4}}}
    """,
    "path: i.jsonl",
    "invoices",
)
GOOD = """\
{"id": "1", "amounts": {"total": 90071992547409.93}, "lines": [{"price": 0.1}, {"price": 2.675}]}\r

{"id": "2\\u2028", "amounts": null, "lines": []}
{"id": 3, "amounts": {"total": "12.5"}, "lines": null}"""


def test_each_line_is_a_record(tmp_path: Path) -> None:
    with snapshot(tmp_path, INVOICES, {"i.jsonl": "\ufeff" + GOOD}) as opened:
        one, two, three = opened.records("invoices", ["id"])
    assert [record.origins for record in (one, two, three)] == [
        (Place("i.jsonl", 1),),
        (Place("i.jsonl", 3),),
        (Place("i.jsonl", 4),),
    ]
    assert one.values["total"] == Decimal("90071992547409.93")
    assert one.values["lines"] == [{"price": Decimal("0.1000")}, {"price": Decimal("2.6750")}]
    assert (two.values["id"], two.values["total"], three.values["lines"]) == ("2\u2028", None, [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"12.5"', '"12.555"'), "i.jsonl:4:32: total: '12.555' has 3 decimals; the column keeps 2. Set scale: 3, or round: 2 to round the amounts. If it is 12555, set decimal: ',' and thousands: '.'."),
        (('{"id": 3', '{"id": 3, "id": 3'), "i.jsonl:4:1: invalid JSON: duplicate key 'id' in an object."),
        (("null}", "null"), "i.jsonl:4:54: the JSON is truncated here. Download or export the file again."),
        (("null}", "null} {}"), "i.jsonl:4:56: invalid JSON: unexpected text after the end of the document."),
        (("12.5", "\udcff"), "i.jsonl:4: byte 0xff is not valid utf-8."),
    ],
)  # fmt: skip
def test_an_error_has_its_line_and_column(change: tuple[str, str], message: str, tmp_path: Path) -> None:
    content = GOOD.replace(*change, 1).encode(errors="surrogateescape")
    try:
        messages = finding_messages(tmp_path, INVOICES, {"i.jsonl": content})
    except SourceError as error:
        messages = [error.message]
    assert messages == [message]


def test_a_path_that_no_record_has_is_a_warning(tmp_path: Path) -> None:
    content = '{"id": "1", "amounts": {"totl": 1}, "lines": []}\n'
    (message,) = finding_messages(tmp_path, INVOICES, {"i.jsonl": content})
    assert message.endswith("so total is always empty. Did you mean 'totl'?")


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (
            '{"type": "SCHEMA", "stream": "invoices", "schema": {}, "key_properties": ["id"]}',
            "i.jsonl:1: the lines are Singer messages, not records.",
            "Write the records of one stream to a file, one on each line, without what is around them.",
        ),
        (
            '{"type": "RECORD", "record": {"stream": "invoices", "data": {"id": "1"}}}',
            "i.jsonl:1: the lines are Airbyte messages, not records.",
            "Write the records of one stream to a file, one on each line, without what is around them.",
        ),
        (
            '{"type": "LOG", "log": {"message": "x"}}',
            "i.jsonl:1: the lines are Airbyte messages, not records.",
            "Write the records of one stream to a file, one on each line, without what is around them.",
        ),
        (
            "<html></html>",
            "i.jsonl:1:1: the file is a web page, not JSON lines.",
            "Check whether an error page was saved instead of the export.",
        ),
    ],
)
def test_messages_of_other_programs_are_named(content: str, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, INVOICES, {"i.jsonl": content})
    assert (error.value.message, error.value.hint) == (message, hint)


def test_a_record_may_have_a_type(tmp_path: Path) -> None:
    content = '{"type": "RECORD", "id": "1", "amounts": {"total": 1}, "lines": []}\n'
    assert finding_messages(tmp_path, INVOICES, {"i.jsonl": content}) == []


@pytest.mark.parametrize("content", ['[{"id": "1"}]', '{\n  "id": "1"\n}'])
def test_one_json_document_is_told_from_json_lines(content: str, tmp_path: Path) -> None:
    hint = "Each record must be on one line. If the file is one JSON document, set format: json."
    assert hint in finding_messages(tmp_path, INVOICES, {"i.jsonl": content})[0]


def test_json_lines_named_json_are_refused_with_the_declaration_that_reads_them(tmp_path: Path) -> None:
    declared = INVOICES.replace("i.jsonl", "i.json")
    with pytest.raises(SourceError) as error:
        take(tmp_path, declared, {"i.json": GOOD.replace("\r\n\n", "\n")})
    assert error.value.hint == "Each line is a record of its own: set format: jsonl."


def test_an_empty_file_is_an_error_unless_the_table_is_optional(tmp_path: Path) -> None:
    message = "i.jsonl: the file has no records. Set optional: true if the file may be empty."
    assert finding_messages(tmp_path, INVOICES, {"i.jsonl": "\n"}) == [message]

"""Source files that are too large, too deep, or in no encoding of text are findings at their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from source_cases import error_messages, finding_messages, table, take

from sagerecon.model.errors import SourceError
from sagerecon.model.limits import Limit

COLUMNS = "a: {type: integer}\nb: {type: text}"


def refused(tmp_path: Path, text: str, files: dict[str, str | bytes]) -> list[str]:
    with pytest.raises(SourceError) as error:
        take(tmp_path, text, files)
    return [str(finding) for finding in error.value.findings]


def test_an_integer_of_5000_digits_is_too_large(tmp_path: Path) -> None:
    (found,) = finding_messages(tmp_path, table(COLUMNS), {"t.csv": f"a,b\n{'9' * 5_000},x\n"})
    assert found == f"t.csv:2:1: a: '{'9' * 39}…' is too large for a whole number."


@pytest.mark.parametrize(
    "name",
    [
        "base64",
        "rot13",
        "hex",
        "zlib",
        "bz2",
        "uu",
        "quopri",
        "undefined",
        "idna",
        "punycode",
        "unicode_escape",
        "x",
    ],
)
def test_what_is_no_encoding_of_text_is_named(name: str) -> None:
    (found,) = error_messages(table(COLUMNS, f"path: t.csv\nencoding: {name}"))
    assert found.startswith(f"sources.yaml:5:15: '{name}' is no encoding of text files. Common encodings")


def test_a_cell_and_a_row_have_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cell,) = finding_messages(tmp_path / "cell", table(COLUMNS), {"t.csv": f"a,b\n1,{'x' * 1_000_001}\n"})
    assert "t.csv:2: a cell of this row is too long" in cell and "1,000,000 characters" in cell
    monkeypatch.setattr("sagerecon.sources.csv_rows.CSV_ROW", Limit(20, "characters", "a row"))
    for name, rest in (("line", "," * 30), ("lines", '"\n","\n","\n","\n","\n","\n","\n"'), ("skip", "")):
        skip = "skip: 1" if name == "skip" else ""
        content = f"{'x' * 30}\na,b\n" if skip else f"a,b\n1,{rest}\n"
        text = table(COLUMNS, f"path: t.csv\n{skip}")
        (row,) = finding_messages(tmp_path / name, text, {"t.csv": content})
        assert "the row is longer than a row may be; a row may have at most 20 characters" in row


def test_a_header_row_has_a_limit(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, table(COLUMNS), {"t.csv": ",".join(map(str, range(20_000))) + "\n"})
    assert found.startswith(
        "t.csv:1: the header row has 20,000 columns; a sheet may have at most 16,384 columns"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("[" * 101 + "]" * 101, "nested too deeply; a JSON file may have at most 100 levels"),
        ("[" * 200_000, "nested too deeply"),
        ("9" * 5_000, "a number has more digits, or a larger exponent, than can be read"),
        ("1e99999999999999999999", "a number has more digits, or a larger exponent, than can be read"),
        ("NaN", "NaN is not a valid JSON number"),
        ('{"x": 1, "x": 2}', "duplicate key 'x'"),
    ],
)
def test_a_json_value_that_cannot_be_read_is_named(tmp_path: Path, value: str, words: str) -> None:
    text = table("a: {type: text}", "path: t.json\nrecords: rows")
    (found,) = refused(tmp_path, text, {"t.json": f'{{"rows": [\n{{"a": {value}}}]}}'})
    assert found.startswith("t.json:2:1: ") and words in found


def test_a_json_file_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sagerecon.sources.json_file.JSON_FILE", Limit(10, "bytes", "a JSON file"))
    text = table("a: {type: text}", "path: t.json\nrecords: rows")
    (found,) = refused(tmp_path, text, {"t.json": '{"rows": []}'})
    assert "it has 12 bytes; a json file may have at most 10 bytes" in found


def test_keys_of_half_characters_and_many_keys_are_listed(tmp_path: Path) -> None:
    text = table("a: {type: text}", "path: t.json\nrecords: rows")
    keys = ", ".join(f'"k{number}\\ud800": 1' for number in range(100))
    (found,) = refused(tmp_path, text, {"t.json": f"{{{keys}}}"})
    assert "its keys are k0\\ud800, k1\\ud800" in found and "k29\\ud800, …" in found and "k30" not in found


def test_one_line_of_many_records_is_read_in_time(tmp_path: Path) -> None:
    records = ", ".join(['{"a": "' + "x" * 200 + '"}'] * 30_000)
    text = table("a: {type: text}", "path: t.json\nrecords: rows")
    assert finding_messages(tmp_path, text, {"t.json": f'{{"rows": [{records}]}}'}) == []

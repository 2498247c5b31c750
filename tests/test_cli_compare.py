"""`compare`: two files or datasets, record by record."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from source_cases import shared
from tiny import write_tiny
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app

OLD = """\
Cust No;Name;Balance;Since
0010;Oak Ltd;1.200,50;31/03/2017
0011;Elm;-5,00;01/02/2017
0012;=cmd|x;7,00;05/06/2017
"""
NEW = """\
cust_no,name,balance,since,fax
0010,Oak Ltd,1200.5,2017-03-31,
0011,elm,5.00,2017-01-02,x
0013,Ash,7.00,2017-05-06,
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "old.csv").write_text(OLD)
    (tmp_path / "new.csv").write_text(NEW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "400"}).invoke(app, ["compare", *words])


def events(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_files_written_in_different_ways_are_compared_by_value(files: Path) -> None:
    result = run("old.csv", "new.csv", "--key", "Cust No", "--json")
    assert result.exit_code == 1
    found = {str(e["key"]): e for e in events(result) if e["event"] == "difference"}
    assert {key: (e["difference"], e["columns"]) for key, e in found.items()} == {
        "{'cust_no': '0011'}": ("differing", ["name", "balance", "since"]),
        "{'cust_no': '0012'}": ("missing", []),
        "{'cust_no': '0013'}": ("extra", []),
    }
    (left,) = found["{'cust_no': '0011'}"]["left"]  # type: ignore[misc]
    assert left == {"row": "old.csv:3", "values": {"name": "Elm", "balance": "-5.00", "since": "2017-02-01"}}
    facts = events(result)[-1]
    assert facts["totals"] == [
        {"column": "balance", "left": "1202.50", "right": "1212.50", "difference": "10.00"}
    ]
    assert facts["right_only"] == ["fax"] and facts["equal"] == 1 and facts["is_equal"] is False
    assert {"column": "since", "rule": "with day and month swapped", "count": 1, "of": 1} in facts[
        "suggestions"
    ]  # type: ignore[operator]


def test_equal_files_exit_with_0_and_ignored_columns_do_not_count(files: Path) -> None:
    assert run("old.csv", "old.csv", "--key", "cust_no").exit_code == 0
    (files / "third.csv").write_text(OLD.replace("Elm", "Pine"))
    assert run("old.csv", "third.csv", "--key", "cust_no").exit_code == 1
    assert run("old.csv", "third.csv", "--key", "cust_no", "--ignore", "Name").exit_code == 0


def test_columns_of_different_names_are_matched_by_hand(files: Path) -> None:
    (files / "third.csv").write_text(OLD.replace("Cust No;Name", "Number;Title"))
    result = run("old.csv", "third.csv", "--key", "Cust No=Number", "--match", "Name=Title", "--json")
    assert result.exit_code == 0 and events(result)[-1]["columns"] == ["name", "balance", "since"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("old.csv", "absent.csv", "--key", "cust_no"), "There is no file absent.csv."),
        (("old.csv", "new.csv", "--key", "custno"), "has no column 'custno'. Did you mean 'cust_no'?"),
        (("old.csv", "page.csv", "--key", "cust_no"), "a web page"),
        (("old.csv", "new.csv", "--key", "cust_no", "-o", "o.pdf"), "o.pdf is not one of .csv, .xlsx, .json"),
        (("old.csv", "new.csv", "--key", "cust_no=", "-o", "o.csv"), "'cust_no=' names no columns."),
        (("old.csv", "new.csv", "--key", "cust_no", "-o", "no/o.csv"), "cannot be written"),
        (("empty.csv", "new.csv", "--key", "cust_no"), "the file is empty"),
        (("one.csv", "new.csv", "--key", "cust_no"), "no row holds a title"),
    ],
)
def test_what_cannot_be_compared_exits_with_2(files: Path, words: tuple[str, ...], message: str) -> None:
    (files / "page.csv").write_text("<!DOCTYPE html><html></html>")
    (files / "empty.csv").write_text("")
    (files / "one.csv").write_text("1\n3\n")
    result = run(*words)
    assert result.exit_code == 2 and message in " ".join((result.stdout + result.stderr).split()), (
        result.output
    )


def test_the_result_is_written_as_csv_xlsx_and_json(files: Path) -> None:
    outputs = [word for name in ("o.csv", "o.xlsx", "o.json") for word in ("-o", name)]
    assert run("old.csv", "new.csv", "--key", "cust_no", *outputs).exit_code == 1
    document = json.loads((files / "o.json").read_text())
    assert [each["difference"] for each in document["records"]] == ["differing", "missing", "extra"]
    assert "missing,0012,,old.csv:4,,'=cmd|x" in (files / "o.csv").read_text("utf-8-sig")
    book = load_workbook(files / "o.xlsx")
    rows = list(book["differences"].iter_rows(values_only=True))
    number = rows[0].index("balance: difference")
    assert sum(Decimal(str(row[number])) for row in rows[1:]) == Decimal(10)
    assert (
        next(row for row in book["summary"].iter_rows(values_only=True) if row[0] == "total of balance")[3]
        == 10
    )


def compared(left: str, right: str, *words: str) -> tuple[int, str]:
    """Return the exit code of a comparison of two CSV files by their column `k`, and what is printed."""
    Path("l.csv").write_text(left, encoding="utf-8")
    Path("r.csv").write_text(right, encoding="utf-8")
    result = run("l.csv", "r.csv", *(words or ("--key", "k")))
    return result.exit_code, " ".join((result.stdout + result.stderr).split())


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("k,v\n1,1.0\n2,-0.50\n", "k,v\n1,1.00\n2,-.5\n"),
        ("k,v\n10,a\n20,b\n", "v,k\nb,20.00\na,10.00\n"),
        ("k,v\n1,\n", "k,v\n1,\n"),
        ("k,v\n", "k,v\n"),
        ("k\nx\n", "k\nx\n"),
        ("k,v\nx,1\nx,2\n", "k,v\nx,2\nx,1\n"),
        ("k,v\nx,1\nk,v\ny,2\n", "k,v\nx,1\ny,2\n"),  # files that were joined
        ("k,v\n2017-01-31,1\n", "k,v\n31/01/2017 00:00:00,1\n"),
        (",".join(f"c{n}" for n in range(50)) + ",k\n" + "1," * 50 + "x\n", "k,c0\nx,1\n"),
    ],
)
def test_equal_tables_exit_with_0(files: Path, left: str, right: str) -> None:
    code, printed = compared(left, right)
    assert code == 0 and "Equal: " in printed, printed


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("k,v\n", "k,v\n1,1.50\n2,2\n", "total of v 0.00 3.50 3.50 2 records of r.csv"),
        ("k,v\n1,2\n", "k,v\n", "1 record of l.csv missing in r.csv"),
        ("k,v\n001,1\n002,2\n", "k,v\n1,1\n2,2\n", "2 of 2 missing records match an extra one without lead"),
        ("k,v\nA1 ,1\n", "k,v\nA1,1\n", "1 of 1 missing records match an extra one without spaces around"),
        ("k,v\ne\u0301,1\n", "k,v\n\xe9,1\n", "1 of 1 missing records match an extra one in the same"),
        ("k,v\n,1\nx,2\n", "k,v\nx,2\n", "because they have no key: 1 row of l.csv l.csv:2"),
        ("k,v\nx,2.50\ny,1\n", "k,v\nx,2.50\ny,see note\n", "1 record with other values"),
        ("k,v\nx,2.50\ny,1\n", "k,v\nx,2.50\ny,see note\n", "not summed: decimal with decimal '.' in 1 of 2"),
        ("k,v\n10,1\n20,2\n", "k,v\n10.00,1\nx,2\n", "1 record of l.csv missing in r.csv 20"),
        ("k,v\nx,O\x07ak\n", "k,v\nx,Elm\n", "Such characters are removed on reading."),
    ],
)  # fmt: skip
def test_differing_tables_exit_with_1(files: Path, left: str, right: str, said: str) -> None:
    code, printed = compared(left, right)
    assert code == 1 and said in printed, printed


@pytest.mark.parametrize(
    ("left", "right", "code"),
    [
        ("k,Due (£),Due ($)\nx,1.00,2.00\n", "k,Due ($),Due (£)\nx,2.00,1.00\n", 0),
        ("k,Due (£),Due ($)\nx,1.00,2.00\n", "k,Due ($),Due (£)\nx,1.00,2.00\n", 1),
        ("k,Day,Day,s\nx,1,2,a\n", "k,Day,Day,s\nx,1,2,a\n", 0),
        ("k,Day,Day,s\nx,1,2,a\n", "k,Day,Day,s\nx,1,3,a\n", 1),
        ("k,Cust No\nx,1\n", "k,cust_no\nx,2\n", 1),
        ("k,Due (£),Due ($)\nx,1.00,2.00\n", "k,Due (£),Due (€)\nx,1.00,3.00\n", 0),
    ],
)
def test_columns_of_one_title_are_compared(files: Path, left: str, right: str, code: int) -> None:
    found, printed = compared(left, right)
    assert found == code, printed
    assert ("alone has them: due_2." in printed) == ("€" in right)
    if "Due ($)" in right:
        words = ("--key", "k", "--ignore", "Due ($)", "--json")
        assert '"columns":["due"],' in compared(left, right, *words)[1]


def test_a_rule_is_suggested_only_where_it_names_one_record(files: Path) -> None:
    _, printed = compared("k,v\n01,1\n001,2\n", "k,v\n1,1\n")
    assert "match" not in printed  # two keys would become one
    _, printed = compared("k,v\nx,12.3\ny,a\n", "k,v\nx,1.23\ny,b\n")
    assert "equal without" not in printed  # another amount


@pytest.mark.parametrize(
    ("titles", "words", "message"),
    [
        ("k,v", ("--key", "k", "--key", "k"), "'k' is named twice."),
        ("k,v", ("--key", "k", "--match", "v=k"), "'k' is named twice."),
        ("k,v", ("--key", "k", "--ignore", "k"), "'k' is both compared and ignored."),
        ("k,v", ("--key", "k", "--ignore", "vv"), "Neither l.csv nor r.csv has a column 'vv'."),
        ("K,k", ("--key", "k"), "l.csv has several columns 'k': k, k_2."),
        ("Date,Date,Sum", ("--key", "Date"), "l.csv has several columns 'Date': date, date_2."),
        ("k,v", ("--key", "k", "-o", "l.csv"), "l.csv is one of the compared files."),
        ("k,v", ("--key", "k", "-o", "link.csv"), "link.csv is one of the compared files."),
        ("k,v", ("--key", "k", "-o", "o.csv", "-o", "o.csv"), "o.csv is named twice."),
        ("k,v", ("--key", "k", "-o", "."), ". is not one of"),
        ("k,v", ("--key", "k", "-o", "folder.csv"), "folder.csv cannot be written: it is a folder."),
        ("k,v", ("--key", "k", "-o", "no/o.csv"), "no/o.csv cannot be written: there is no folder no."),
    ],
)
def test_what_could_be_misunderstood_is_refused(
    files: Path, titles: str, words: tuple[str, ...], message: str
) -> None:
    content = f"{titles}\nx,1\n"
    Path("link.csv").symlink_to("l.csv")
    Path("folder.csv").mkdir()
    code, printed = compared(content, content.replace("1", "2"), *words)
    assert code == 2 and message in printed, printed
    assert Path("l.csv").read_text() == content


def test_a_folder_is_said_to_be_one(files: Path) -> None:
    result = run(".", "old.csv", "--key", "cust_no")
    assert result.exit_code == 2 and ". is a folder." in result.stderr


def test_the_files_of_a_compared_dataset_are_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny(tmp_path)
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["snapshot"])
    result = run("contacts", "contacts", "--key", "ref", "-o", "data/contacts.csv")
    assert result.exit_code == 2 and "is one of the compared files" in result.stderr
    assert run("contacts", "data/contacts.csv", "--key", "ref").exit_code == 0


def test_a_workbook_and_a_dataset_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny(tmp_path)
    monkeypatch.chdir(tmp_path)
    book = Workbook()
    book.create_sheet("Contacts")
    for row in (("My list", None), (None, None), ("ref", "name"), ("C1", "Oak Ltd"), ("C3", "Ash")):
        book["Contacts"].append(row)
    book.save("list.xlsx")
    assert (
        "There is neither a file nor a dataset 'contact'. Did you mean 'contacts'?"
        in run("contact", "list.xlsx#Contacts", "--key", "ref").stderr
    )
    assert run("contacts", "list.xlsx#Contacts", "--key", "ref").exit_code == 2  # no snapshot yet
    CliRunner().invoke(app, ["snapshot"])
    result = run("contacts", "list.xlsx#Contacts", "--key", "ref", "--json")
    found = [(e["difference"], e["key"]) for e in events(result) if e["event"] == "difference"]
    assert found == [("missing", {"ref": "C2"}), ("extra", {"ref": "C3"})]


def test_two_real_files_of_open_invoices_and_invoices_are_compared() -> None:
    folder = shared("qbo-sandbox")
    words = (f"{folder}/invoices_open_only.json", f"{folder}/invoices.json", "--key", "Id")
    facts = events(run(*words, "--json"))[-1]
    assert (facts["left_rows"], facts["missing"], facts["extra"], facts["equal"]) == (22, 0, 11, 21)
    assert '_value":"NON","salesitemlin… | …' in run(*words).stdout  # a line of one invoice has another code


def test_what_is_compared_otherwise_than_it_stands_is_said(files: Path) -> None:
    code, said = compared("k,v,w\nx,2.50,a\ny,,b\n", "k,v,w\nx,2.50,a\ny,n/a,b\nTotal,2.50,\n")
    assert code == 0
    assert "column 'v' has 'n/a' in 1 row. It is read as empty." in said
    assert "1 row was passed over: 'total'. Lines: 4 (Total, 2.50)." in said

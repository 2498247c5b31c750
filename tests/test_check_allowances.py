"""What a comment allows, what is ignored until a day, and the least severity that fails a check."""

from datetime import date
from pathlib import Path

import pytest
from test_check_formats import LET, check
from test_check_one_pass import write
from tiny import MAPPING, SOURCES

from sagerecon.documents.allowances import without_allowed
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place

TODAY = date(2026, 11, 27)
WARNING = Finding(Code.UNUSED_LET, Place("a.yaml", 2, 3), "never used.", "", Severity.WARNING)
ERROR = Finding(Code.UNKNOWN_FIELD, Place("a.yaml", 2, 3), "no such field.")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\nx: y  # sagerecon: allow unused_let: for phase two", []),
        ("# sagerecon: allow unused_let: for phase two\nx: y", []),
        ("\nx: y  # sagerecon: allow unused_let until 2026-11-27: for phase two", []),
        (
            "\nx: y # sagerecon: allow unused_let until 2026-11-26: a",
            ["never used", "allowed unused_let until"],
        ),
        ("\nx: y # sagerecon: allow unused_let", ["never used", "gives no reason"]),
        ("\nx: y # sagerecon: allow unused_let:  ", ["never used", "gives no reason"]),
        ("\nx: y # sagerecon: allow unused_let until soon: a", ["never used", "'soon' is not a date"]),
        ("\nx: y # sagerecon: allow unused_lett: a", ["never used", "no finding 'unused_lett' to allow"]),
        ("\nx: y # sagerecon: allow", ["never used", "no finding '' to allow"]),
        ("\n\nx: y # sagerecon: allow unused_let: a", ["never used", "no unused_let on line 3 to allow"]),
        ("\nx: 'y#sagerecon: allow unused_let: a'", ["never used"]),
        ("\nx: y # allow unused_let: a", ["never used"]),
    ],
)
def test_a_comment_allows_the_warnings_of_one_code_on_one_line(text: str, left: list[str]) -> None:
    found = without_allowed([WARNING], {"a.yaml": text}, TODAY)
    assert len(found) == len(left)
    assert all(words in each.message for each, words in zip(found, left, strict=True))
    assert all(each.severity is Severity.WARNING for each in found)


def test_an_error_is_not_allowed() -> None:
    text = "\nx: y # sagerecon: allow unknown_field: a"
    found = without_allowed([ERROR], {"a.yaml": text}, TODAY)
    assert [each.code for each in found] == [Code.UNKNOWN_FIELD, Code.ALLOWS_NOTHING]
    assert "unknown_field is an error here, which cannot be allowed." in found[1].message


def test_check_counts_what_is_not_allowed(tmp_path: Path) -> None:
    write(tmp_path, customers=LET)
    assert "never used" in check(tmp_path).stdout
    write(tmp_path, customers=LET.replace("let: {", "# sagerecon: allow unused_let: for phase two\nlet: {"))
    assert check(tmp_path, "--fail-level", "info").exit_code == 0


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)])
def test_the_level_that_fails_a_check_is_chosen(tmp_path: Path, level: str, code: int) -> None:
    assert check(write(tmp_path, customers=LET), "--fail-level", level).exit_code == code


def test_errors_may_be_counted_without_failing(tmp_path: Path) -> None:
    write(tmp_path, customers=MAPPING.replace("  name:", "  nam:"))
    found = check(tmp_path, "--fail-level", "never")
    assert (found.exit_code, found.stderr.strip()) == (0, "1 error in 1 file.")
    write(tmp_path, project="company: [\n")
    assert check(tmp_path, "--fail-level", "never").exit_code == 2
    assert check(tmp_path, "--fail-level", "some").exit_code == 2


@pytest.mark.parametrize(
    ("until", "code", "message"),
    [
        ("2999-12-31", 0, ""),
        ("2020-01-31", 1, "column 'fax' was ignored until 2020-01-31. Map it, or give it a later day."),
        ("soon", 1, "customers.yaml:7:34: 'soon' is not a date."),
    ],
)
def test_a_column_is_ignored_until_a_day(tmp_path: Path, until: str, code: int, message: str) -> None:
    sources = SOURCES.replace("      name:", "      fax: {type: text}\n      name:")
    mapping = MAPPING.replace("fields:", f"ignore:\n  fax: {{reason: not held, until: {until}}}\nfields:")
    write(tmp_path, sources=sources, customers=mapping)
    (tmp_path / "data" / "contacts.csv").write_text("ref,fax,name\nC1,,Oak\n")
    found = check(tmp_path)
    assert (found.exit_code, message in found.stdout) == (code, True), found.stdout


def test_a_finding_is_explained_without_a_project(tmp_path: Path) -> None:
    found = check(tmp_path, "--explain", "unused_let")
    assert (found.exit_code, found.stdout.strip()) == (0, Code.UNUSED_LET.summary)
    unknown = check(tmp_path, "--explain", "unused_lett")
    assert (unknown.exit_code, "Did you mean 'unused_let'?" in unknown.stderr) == (2, True)

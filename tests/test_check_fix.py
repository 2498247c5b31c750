"""`check --fix`: misspelt names are corrected and what is unused is removed, and nothing else."""

from pathlib import Path

from test_check_formats import check
from test_check_one_pass import write
from tiny import MAPPING, PROJECT

from sagerecon.commands.fixing import fix_all
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place

WRONG = """\
sagerecon: mapping/v1
mapping: customers
source: {datset: contacts, key: [ref]}  # the source
target: {kind: contct, identity: {reference: ref}, on_existing: adopt_if_equal}
label: name
let:
  # sagerecon: allow unused_let: there is none
  unused: {value: 1}
  other:
    value: 2
ignore:
  name: {reason: it is used}
fields:
  refrence: {from: ref}
  "nam": {from: nme, do: [squeze]}
  contact_type_ids: {value: [CUSTOMER]}
"""
RIGHT = """\
sagerecon: mapping/v1
mapping: customers
source: {dataset: contacts, key: [ref]}  # the source
target: {kind: contact, identity: {reference: ref}, on_existing: adopt_if_equal}
label: name
let:
  # sagerecon: allow unused_let: there is none
  unused: {value: 1}
  other:
    value: 2
fields:
  reference: {from: ref}
  "name": {from: name, do: [squeeze]}
  contact_type_ids: {value: [CUSTOMER]}
"""


def fixed(folder: Path) -> str:
    for _ in range(4):  # some faults show only when others are corrected
        check(folder, "--fix")
    return (folder / "mappings" / "customers.yaml").read_text()


def test_misspelt_names_are_corrected_at_their_places_and_comments_stay(tmp_path: Path) -> None:
    write(tmp_path, customers=WRONG)
    (tmp_path / "mappings" / "customers.yaml").chmod(0o640)
    assert fixed(tmp_path) == RIGHT
    assert check(tmp_path).exit_code == 0
    assert (tmp_path / "mappings" / "customers.yaml").stat().st_mode & 0o777 == 0o640


def test_what_was_corrected_is_shown_and_the_rest_is_checked_again(tmp_path: Path) -> None:
    write(
        tmp_path,
        project=PROJECT.replace("company:", "compny:"),
        customers=MAPPING.replace("  name:", "  nam:"),
    )
    found = check(tmp_path, "--fix")
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == [
        "mappings/customers.yaml:8:3: 'nam' is now 'name'.",
        "sagerecon.yaml:2:1: 'compny' is now 'company'.",
        "The catalog and 1 mapping have no errors.",
    ]


def test_a_comment_that_allows_nothing_goes(tmp_path: Path) -> None:
    text = MAPPING.replace("label:", "# sagerecon: allow unused_let: none\nlabel:").replace(
        "fields:", "fields:  # sagerecon: allow unused_let: none"
    )
    write(tmp_path, customers=text)
    assert fixed(tmp_path) == MAPPING


def test_another_text_than_the_one_that_a_finding_is_about_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("abc: 1\n")
    hint = "Did you mean 'name'?"
    findings = [
        Finding(Code.UNKNOWN_FIELD, Place("a.yaml", 1, 1), "no field 'nam'.", hint),
        Finding(Code.UNKNOWN_FIELD, Place("a.yaml", 9, 1), "no field 'abc'.", hint),
        Finding(Code.UNKNOWN_FIELD, Place("a.yaml", 0, 0), "no field 'abc'.", hint),
        Finding(Code.UNKNOWN_FIELD, Place("a.yaml", 1, 1), "no field 'abc'.", "Choose one."),
        Finding(Code.UNUSED_LET, Place("a.yaml", 1, 1), "the let 'xyz' is never used.", "Remove it."),
        Finding(Code.UNKNOWN_FIELD, Place("data.csv", 1, 1), "no field 'abc'.", hint),
    ]
    assert fix_all(tmp_path, findings) == []
    assert (tmp_path / "a.yaml").read_text() == "abc: 1\n"


def test_printed_formats_hold_the_findings_alone(tmp_path: Path) -> None:
    write(tmp_path, customers=MAPPING.replace("  name:", "  nam:"))
    assert check(tmp_path, "--fix", "--format", "concise").stdout == ""

# ruff: noqa: E501 - one case per line reads as a table
"""`sagerecon test`: given records, expected outcomes, samples, and what of the mappings they use."""

import json
from pathlib import Path

import pytest
from tiny import write_tiny
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.validation.screening import Screening

MAPPING = """\
sagerecon: mapping/v1
mapping: customers
source: {dataset: contacts, key: [ref], where: 'ref != "SKIP"'}
target: {kind: contact, identity: {reference: ref}, on_existing: adopt_if_equal}
label: name
leave_out:
  - {name: branch, when: 'starts_with(name, "Branch")', reason: joined to its head office, merge_into: {mapping: customers, by: name}}
quarantine:
  - {name: too_old, when: 'name == "Old"', reason: it is too old}
fields:
  reference: {from: ref}
  name: {from: name, do: [squeeze], default: {value: No name, when: blank}}
  credit_limit: {expr: 'length(name) * 1.50', when: 'length(name) > 5'}
  contact_type_ids: {from: kind, do: [{enum: {C: [CUSTOMER], S: [VENDOR]}}], default: {value: [CUSTOMER]}}
  notes:
    choose:
      - {when: 'kind == "S"', value: bought from}
      - {otherwise: omit}
  main_address:
    fields: {city: {from: town}, country_id: {from: param.home}}
checks:
  - {name: has_no_comma, assert: 'not ("," in reference)', reason: a comma}
tests: customers.tests.yaml
"""
SOURCES = """\
sagerecon: sources/v1
files:
  contacts:
    path: contacts.csv
    columns: {ref: {type: text, required: true}, name: {type: text}, kind: {type: text}, town: {type: text}}
datasets:
  contacts: {sql: SELECT * FROM contacts ORDER BY ref}
"""
TESTS = "sagerecon: tests/v1\nmapping: customers\nrow: {ref: C1, name: Oak, kind: C}\ntests:\n"
GOOD = """\
  - {test: whole, given: {name: "Oak  Ltd", town: Ely}, expect: {draft: {reference: C1, name: Oak Ltd, credit_limit: 12, contact_type_ids: [CUSTOMER], main_address: {city: Ely, country_id: GB}}, changes: [{field: name, before: "Oak  Ltd", after: Oak Ltd, rule: squeeze}]}}
  - {test: supplier, given: {kind: S}, expect: {fields: {notes: bought from, credit_limit: absent, "contact_type_ids[1]": VENDOR}, changes: []}}
  - {test: blank, given: {name: " "}, expect: {fields: {name: No name}}}
  - {test: of no kind, given: {kind: null}, expect: {fields: {"contact_type_ids[1]": CUSTOMER}}}
  - {test: odd, given: {kind: X}, expect: {quarantined: [not_in_enum]}}
  - {test: old, given: {name: Old, kind: X}, expect: {quarantined: [not_in_enum, quarantined_by_rule]}}
  - {test: comma, given: {ref: "a,b"}, expect: {quarantined: check_failed}}
  - {test: branch, given: {name: Branch 7}, expect: {left_out: branch, merged_into: customers/Branch 7}}
  - {test: skipped, given: {ref: SKIP}, expect: nothing}
  - {test: too long for Sage, given: {ref: ABCDEFGHIJK}, expect: {quarantined: [too_long]}}
"""


def project(folder: Path, tests: str = TESTS + GOOD, mapping: str = MAPPING) -> Path:
    write_tiny(folder)
    (folder / "sources.yaml").write_text(SOURCES)
    (folder / "data" / "contacts.csv").write_text("ref,name,kind,town\nC1,Oak  Ltd,C,Ely\nC2,Elm,X,\n")
    text = (folder / "sagerecon.yaml").read_text()
    (folder / "sagerecon.yaml").write_text(text + "parameters: {home: GB}\n")
    (folder / "mappings" / "customers.yaml").write_text(mapping)
    (folder / "mappings" / "customers.tests.yaml").write_text(tests)
    return folder


def run(folder: Path, *arguments: str, command: str = "test") -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, [command, "-p", str(folder), *arguments])


def test_tests_that_pass_use_the_whole_mapping(tmp_path: Path) -> None:
    found = run(project(tmp_path), "--coverage", "--fail-under", "100")
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "10 tests, 0 failed."), found.output
    assert "mappings/customers.yaml    21  21     100.0" in found.stdout
    assert run(tmp_path, command="check").exit_code == 0  # its tests are no mapping


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("{test: t, given: {}, expect: {fields: {name: Ash}}}", "customers.tests.yaml:5:50: test 't': name is 'Oak'; 'Ash' is expected."),
        ("{test: t, given: {}, expect: {fields: {notes: x}}}", "test 't': notes is not sent; 'x' is expected."),
        ("{test: t, given: {}, expect: {fields: {name: absent}}}", "name is 'Oak'; it should not be sent."),
        ("{test: t, given: {}, expect: {draft: {reference: C1, name: Oak}}}", "contact_type_ids[1] is 'CUSTOMER'; it is not expected."),
        ("{test: t, given: {name: Oak Ltd}, expect: {fields: {credit_limit: 10.51}}}", "credit_limit is '10.50'; '10.51' is expected."),
        ("{test: t, given: {ref: '007'}, expect: {fields: {reference: 7}}}", "reference is '007'; '7' is expected."),
        ("{test: t, given: {}, expect: {fields: {}, changes: [{rule: trim}]}}", "there is no further change."),
        ("{test: t, given: {name: 'A  B'}, expect: {fields: {}, changes: []}}", "this change is not expected: name: A  B to A B by squeeze."),
        ("{test: t, given: {name: 'A  B'}, expect: {fields: {}, changes: [{after: AB}]}}", "the change is name: A  B to A B by squeeze."),
        ("{test: t, given: {}, expect: {quarantined: [not_in_enum]}}", "the outcome is a draft; quarantined (not_in_enum) is expected."),
        ("{test: t, given: {kind: X}, expect: {quarantined: [too_long]}}", "the outcome is quarantined (not_in_enum); quarantined (too_long) is expected."),
        ("{test: t, given: {kind: X}, expect: {fields: {name: Oak}}}", "the outcome is quarantined (not_in_enum); a draft is expected."),
        ("{test: t, given: {}, expect: {left_out: branch}}", "the outcome is a draft; left out by branch is expected."),
        ("{test: t, given: {name: Branch 1}, expect: {left_out: other}}", "the outcome is left out by branch; left out by other is expected."),
        ("{test: t, given: {name: Branch 1}, expect: {left_out: branch, merged_into: customers/C9}}", "it is merged into 'customers/Branch 1'; 'customers/C9' is expected."),
        ("{test: t, given: {}, expect: nothing}", "the outcome is a draft; the mapping should not apply to the record."),
        ("{test: t, given: {town: Ely}, expect: {fields: {main_address: absent}}}", "main_address.city is 'Ely'; it should not be sent."),
        ("{test: t, given: {}, expect: {fields: {name: Oak}, amount: 1}}", "it has no amount; '1' is expected."),
        ("{test: t, given: {ref: SKIP}, expect: {fields: {name: Oak}}}", "the outcome is none; a draft is expected."),
    ],
)  # fmt: skip
def test_a_test_that_fails_says_where_and_what(tmp_path: Path, test: str, message: str) -> None:
    found = run(project(tmp_path, f"{TESTS}  - {test}\n"))
    assert found.exit_code == 1
    assert message in found.stdout
    assert "1 test, 1 failed." in found.stdout


def test_all_faults_of_a_file_with_tests_are_found_in_one_pass(tmp_path: Path) -> None:
    tests = (
        "  - {test: t, given: {nme: x, kind: [a]}, expect: {fields: {name: Oak}}}\n"
        "  - {test: t, given: {ref: {a: b}}, expect: nothing}\n"
        "  - {test: u, mapping: suppliers, given: {}, expect: nothing}\n"
    )
    found = run(project(tmp_path, TESTS + tests))
    assert found.exit_code == 1
    assert [line.partition("tests.yaml:")[2] for line in found.stdout.splitlines()] == [
        "5:23: the dataset has no column 'nme'. Did you mean 'name'?",
        "5:37: this is not a single value: text. Correct the record of the test.",
        "6:28",
        "6:12: the name 't' is that of the test at mappings/customers.tests.yaml:5:12 as well. Give each its own name.",
        "7:12: there is no mapping 'suppliers'. There are: customers.",
    ]


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ("sagerecon: tests/v1\ntests:\n  - {test: t, given: {}, expect: {}}\n", "expect"),
        (
            "sagerecon: tests/v1\ntests:\n  - {test: t, given: {}, expect: {left_out: a, fields: {}}}\n",
            "expect",
        ),
        ("sagerecon: tests/v1\ntest:\n  - {}\n", "unknown key 'test'. Did you mean 'tests'?"),
        ("sagerecon: tests/v2\n", "tests/v1"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, tests: str, message: str) -> None:
    found = run(project(tmp_path, tests))
    assert found.exit_code == 1
    assert message in found.stdout


def test_the_file_that_a_mapping_names_must_be_there(tmp_path: Path) -> None:
    (project(tmp_path) / "mappings" / "customers.tests.yaml").unlink()
    found = run(tmp_path)
    assert found.exit_code == 1
    assert (
        "mappings/customers.yaml:23:8: there is no file 'customers.tests.yaml' with tests beside the mapping."
        in found.stdout
    )


def test_check_looks_at_the_tests_as_well(tmp_path: Path) -> None:
    project(tmp_path, TESTS + "  - {test: t, given: {nme: x}, expect: nothing}\n")
    found = run(tmp_path, command="check")
    assert (found.exit_code, "the dataset has no column 'nme'" in found.stdout) == (1, True)
    (tmp_path / "mappings" / "customers.yaml").write_text(MAPPING.replace("  name:", "  nam:"))
    broken = run(tmp_path, command="check")
    assert (broken.exit_code, "there is no mapping" in broken.stdout) == (1, False)
    (tmp_path / "mappings" / "customers.yaml").write_text(MAPPING)
    (tmp_path / "mappings" / "customers.tests.yaml").unlink()
    found = run(tmp_path, command="check")
    assert (found.exit_code, "there is no file 'customers.tests.yaml'" in found.stdout) == (1, True)


def test_parameters_and_references_are_those_of_the_file(tmp_path: Path) -> None:
    mapping = MAPPING.replace("tests: customers", "tests: customers").replace(
        "  reference: {from: ref}\n",
        "  reference: {from: ref}\n  default_sales_ledger_account_id: {ref: {kind: ledger_account, by: {nominal_code: town}, on_missing: omit}}\n",
    )
    tests = (
        "sagerecon: tests/v1\nparameters: {home: IE}\nreferences: [ledger_account nominal_code 4000]\ntests:\n"
        "  - {test: a, given: {ref: C1, name: A, town: '4000'}, expect: {fields: {main_address.country_id: IE, default_sales_ledger_account_id: ledger_account nominal_code 4000}}}\n"
        "  - {test: b, given: {ref: C1, name: A, town: '4001'}, expect: {quarantined: [reference_missing]}}\n"
    )
    found = run(project(tmp_path, tests, mapping))
    assert found.exit_code == 0, found.stdout


def test_an_amount_is_compared_with_its_sign_whatever_the_outcome(tmp_path: Path) -> None:
    mapping = MAPPING.replace("label: name", "label: name\namount: -length(name)")
    tests = (
        "  - {test: a, given: {}, expect: {fields: {name: Oak}, amount: -3.00}}\n"
        "  - {test: b, given: {name: Branch}, expect: {left_out: branch, amount: -6}}\n"
        "  - {test: c, given: {kind: X}, expect: {quarantined: not_in_enum, amount: 3}}\n"
    )
    found = run(project(tmp_path, TESTS + tests, mapping))
    assert found.exit_code == 1
    assert "test 'c': the amount is '-3'; '3' is expected." in found.stdout
    assert "3 tests, 1 failed." in found.stdout


def test_a_test_and_its_file_may_state_parameters_and_crosswalks(tmp_path: Path) -> None:
    mapping = MAPPING.replace(
        "{from: kind, do: [{enum: {C: [CUSTOMER], S: [VENDOR]}}]",
        "{from: kind, do: [{enum: {C: [CUSTOMER]}}]",
    )
    mapping = mapping.replace(
        "country_id: {from: param.home}",
        "country_id: {from: param.home}, postal_code: {expr: text(param.cut_over)}, region: {from: town, do: [{crosswalk: towns}]}",
    )
    tests = (
        "sagerecon: tests/v1\nparameters: {home: IE, cut_over: 2017-03-31}\ncrosswalks: {towns: {Ely: Fens}}\nrow: {ref: C1, name: A}\ntests:\n"
        "  - {test: a, given: {town: Ely}, expect: {fields: {main_address.country_id: IE, main_address.postal_code: 2017-03-31, main_address.region: Fens}}}\n"
        "  - {test: b, parameters: {home: FR}, given: {town: Ely}, expect: {fields: {main_address.country_id: FR, main_address.postal_code: 2017-03-31}}}\n"
    )
    project(tmp_path, tests, mapping)
    (tmp_path / "crosswalks").mkdir(exist_ok=True)
    (tmp_path / "crosswalks" / "towns.csv").write_text("source,target\nEly,Cambridgeshire\n")
    settings = (tmp_path / "sagerecon.yaml").read_text()
    if "crosswalks:" not in settings:
        (tmp_path / "sagerecon.yaml").write_text(settings + "crosswalks: [crosswalks/*.csv]\n")
    found = run(tmp_path)
    assert found.stdout.splitlines()[-1] == "2 tests, 0 failed."


def test_parameters_that_the_project_does_not_have_are_faults(tmp_path: Path) -> None:
    tests = (
        TESTS.replace("tests:\n", "parameters: {hom: IE, cut_over: soon}\ntests:\n")
        + "  - {test: t, given: {}, expect: nothing}\n"
    )
    found = run(project(tmp_path, tests))
    assert found.exit_code == 1
    assert (
        "customers.tests.yaml:4:14: the project has no parameter 'hom'. Did you mean 'home'?" in found.stdout
    )
    assert "customers.tests.yaml:4:33: 'soon' is not a date such as 2017-03-31." in found.stdout


def test_parts_that_no_test_uses_are_listed_and_may_fail_the_command(tmp_path: Path) -> None:
    tests = TESTS + "".join(line for line in GOOD.splitlines(keepends=True) if "supplier" not in line)
    found = run(project(tmp_path, tests), "--coverage", "--fail-under", "90")
    assert found.exit_code == 1
    assert [line.strip() for line in found.stdout.splitlines() if "no test uses" in line] == [
        "mappings/customers.yaml:14:62: no test uses enum entry S",
        "mappings/customers.yaml:15:3: no test uses field notes",
        'mappings/customers.yaml:17:9: no test uses branch kind == "S"',
    ]
    assert "tests use 85.7 % of it; 90 % are required." in found.stderr
    assert run(tmp_path, "--fail-under", "85").exit_code == 0


SAMPLE = "sample: {data: ../sample, expect: expected.txt}\n"
KEPT = """\
# Written by sagerecon test --update. A change of it is a change of what would be sent: review it.

customers/C1: draft contact
  reference: C1
  name: Oak Ltd
  credit_limit: 12.00
  contact_type_ids[1]: CUSTOMER
  main_address.country_id: GB
  changed name: Oak  Ltd to Oak Ltd by squeeze

customers/C2: quarantined
  not_in_enum: Elm: contact_type_ids: 'X' is not in the enum (C, S).
"""


def test_the_outcomes_of_a_sample_are_kept_and_compared(tmp_path: Path) -> None:
    project(tmp_path, TESTS + GOOD + SAMPLE)
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "contacts.csv").write_text("ref,name,kind,town\nC1,Oak  Ltd,C,\nC2,Elm,X,\n")
    first = run(tmp_path)
    assert first.exit_code == 1
    assert "there is no mappings/expected.txt yet" in first.stdout
    assert run(tmp_path, "--update").exit_code == 0
    expected = tmp_path / "mappings" / "expected.txt"
    assert expected.read_text() == KEPT
    same = run(tmp_path)
    assert same.exit_code == 0
    assert same.stdout.splitlines()[-1] == "1 sample, 0 with other outcomes."
    (tmp_path / "mappings" / "customers.yaml").write_text(MAPPING.replace("1.50", "2.50"))
    other = run(tmp_path)
    assert other.exit_code == 1
    assert "-  credit_limit: 12.00\n+  credit_limit: 20.00\n" in other.stdout
    assert (
        "customers.tests.yaml:15:35: the outcomes of the sample differ from mappings/expected.txt in 2 lines."
        in other.stdout
    )


def test_a_sample_is_inside_the_project(tmp_path: Path) -> None:
    project(tmp_path / "move", TESTS + GOOD + SAMPLE.replace("expected.txt", "../../expected.txt"))
    (tmp_path / "move" / "sample").mkdir()
    found = run(tmp_path / "move", "--update")
    assert found.exit_code == 1
    assert "'../../expected.txt' leads out of the project." in found.stdout
    assert not (tmp_path / "expected.txt").exists()


def test_a_folder_or_a_file_chooses_what_is_run(tmp_path: Path) -> None:
    project(tmp_path)
    more = tmp_path / "tests" / "more.tests.yaml"
    more.parent.mkdir()
    more.write_text(TESTS + "  - {test: t, given: {}, expect: nothing}\n")
    text = (tmp_path / "sagerecon.yaml").read_text()
    (tmp_path / "sagerecon.yaml").write_text(text + "tests: [tests/*.yaml]\n")
    assert "11 tests, 1 failed." in run(tmp_path).stdout
    assert "1 test, 1 failed." in run(tmp_path, str(more)).stdout
    assert "10 tests, 0 failed." in run(tmp_path, str(tmp_path / "mappings")).stdout


def test_a_project_without_tests_is_no_success(tmp_path: Path) -> None:
    found = run(project(tmp_path, mapping=MAPPING.replace("tests: customers.tests.yaml\n", "")))
    assert found.exit_code == 1
    assert "There are no tests." in found.stderr


def test_events_have_every_test_and_every_part(tmp_path: Path) -> None:
    found = run(project(tmp_path, TESTS + GOOD.splitlines(keepends=True)[0]), "--json")
    events = [json.loads(line) for line in found.stdout.splitlines()]
    by_name = {event["event"]: event for event in events}
    assert by_name["test"] == {
        "event": "test",
        "name": "whole",
        "place": "mappings/customers.tests.yaml:5:12",
        "passed": True,
    }
    assert by_name["result"] == {
        "event": "result",
        "tests": 1,
        "failed": 0,
        "samples": 0,
        "samples_that_differ": 0,
    }
    assert (by_name["coverage"]["used"], by_name["coverage"]["parts"]) == (11, 21)
    assert len(by_name["coverage"]["missing"]) == 10


MUTABLE = """\
sagerecon: mapping/v1
mapping: customers
source: {dataset: contacts, key: [ref]}
target: {kind: contact, on_existing: create}
unmapped: {source: ignore}
fields:
  reference: {from: ref, do: [{max_length: 10, on_overflow: cut}]}
  name: {from: name, do: [trim]}
  contact_type_ids: {from: kind, do: [{enum: {C: [CUSTOMER], S: [VENDOR]}}]}
  notes: {expr: '"about " ~ town', when: 'town != "Ely" or kind == "C"'}
tests: customers.tests.yaml
"""


def test_changes_that_no_test_notices_are_listed_with_a_record_that_shows_each(tmp_path: Path) -> None:
    tests = (
        "  - {test: one, given: {name: 'Oak ', town: Ely}, expect: {draft: {reference: C1, name: Oak, contact_type_ids: [CUSTOMER], notes: about Ely}}}\n"
        "  - {test: two, given: {kind: S, town: Ely}, expect: {fields: {notes: absent, 'contact_type_ids[1]': VENDOR}}}\n"
    )
    found = run(project(tmp_path, TESTS + tests, MUTABLE), "--mutate")
    assert found.exit_code == 1
    assert [line.strip() for line in found.stdout.splitlines()[3:]] == [
        "survives mappings/customers.yaml:7:31: without max_length  A record that shows it: {ref: xxxxxxxxxxx} on top of 'one'.",
        "survives mappings/customers.yaml:7:44: length: 11  A record that shows it: {ref: xxxxxxxxxxx} on top of 'one'.",
        "survives mappings/customers.yaml:7:61: on_overflow: quarantine  A record that shows it: {ref: xxxxxxxxxxx} on top of 'one'.",
        "21 mutants, 3 not noticed by any test.",
    ]


def test_tests_that_fail_are_put_right_before_mutants_are_made(tmp_path: Path) -> None:
    found = run(project(tmp_path, TESTS + "  - {test: t, given: {}, expect: nothing}\n", MUTABLE), "--mutate")
    assert (found.exit_code, "mutants" in found.stdout) == (1, False)


def test_made_up_records_end_as_valid_drafts_or_findings(tmp_path: Path) -> None:
    found = run(project(tmp_path), "--fuzz", "50")
    assert found.exit_code == 0
    assert (
        found.stdout.splitlines()[-1]
        == "50 made-up records in each of 1 mapping: none without a valid outcome."
    )


def test_the_smallest_record_without_a_valid_outcome_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Screening, "check", lambda _, outcome: outcome)  # nothing is looked at
    tests = TESTS + "".join(GOOD.splitlines(keepends=True)[:-1])
    found = run(project(tmp_path, tests), "--fuzz", "200", "--seed", "3")
    assert found.exit_code == 1
    assert "mappings/customers.yaml: the draft is not valid: contact.reference:" in found.stderr
    assert "The smallest such record: {ref: " in found.stderr


def test_results_are_written_as_junit(tmp_path: Path) -> None:
    tests = TESTS + GOOD.splitlines(keepends=True)[0] + "  - {test: 'a < b', given: {}, expect: nothing}\n"
    found = run(project(tmp_path, tests), "--junit", str(tmp_path / "junit.xml"))
    assert found.exit_code == 1
    assert (
        (tmp_path / "junit.xml").read_text()
        == """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="sagerecon test" tests="2" failures="1" errors="0">
  <testsuite name="sagerecon test" tests="2" failures="1" errors="0">
    <testcase name="whole" classname="customers" file="mappings/customers.tests.yaml" line="5" />
    <testcase name="a &lt; b" classname="customers" file="mappings/customers.tests.yaml" line="6">
      <failure message="mappings/customers.tests.yaml:6:40: test 'a &lt; b': the outcome is a draft; the mapping should not apply to the record.">mappings/customers.tests.yaml:6:40: test 'a &lt; b': the outcome is a draft; the mapping should not apply to the record.</failure>
    </testcase>
  </testsuite>
</testsuites>
"""
    )
    assert run(tmp_path, "--junit", str(tmp_path / "none" / "junit.xml")).exit_code == 2

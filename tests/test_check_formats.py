"""`check --format` and `--output`: the same findings in each format, the same bytes, the same exit code."""

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from test_check_one_pass import TYPO, write
from tiny import MAPPING
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.report.finding_formats import FORMATS

#: One error, one warning.
LET = MAPPING.replace("fields:", "let: {unused: {value: 1}}\nfields:")
#: What SARIF 2.1.0 requires of the parts that are written, from the standard (OASIS, sections 3.13 to 3.29).
SARIF = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "additionalProperties": False,
                                            "required": ["id"],
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": {"$ref": "#/$defs/text"},
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["message"],
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"$ref": "#/$defs/text"},
                                "partialFingerprints": {
                                    "type": "object",
                                    "additionalProperties": {"type": "string"},
                                },
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {"physicalLocation": {"$ref": "#/$defs/place"}},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
    "$defs": {
        "text": {
            "type": "object",
            "additionalProperties": False,
            "required": ["text"],
            "properties": {"text": {"type": "string"}},
        },
        "place": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"uri": {"type": "string", "pattern": "^[A-Za-z0-9._~/%-]+$"}},
                },
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "startLine": {"type": "integer", "minimum": 1},
                        "startColumn": {"type": "integer", "minimum": 1},
                    },
                },
            },
        },
    },
}


def check(folder: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, ["check", "-p", str(folder), *arguments])


def project(folder: Path) -> Path:
    return write(folder, customers=LET, typos=TYPO)


@pytest.mark.parametrize("name", ["human", *FORMATS])
def test_each_format_has_every_finding_and_the_same_exit_code_and_bytes(tmp_path: Path, name: str) -> None:
    project(tmp_path)
    first, second = check(tmp_path, "--format", name), check(tmp_path, "--format", name)
    assert (first.exit_code, first.stdout_bytes) == (1, second.stdout_bytes)
    assert first.stdout.count("the let 'unused' is never used") >= 1
    assert first.stdout.count("contact has no field 'nam'") >= 1
    clean = write(tmp_path / "clean")
    assert check(clean, "--format", name).exit_code == 0


def test_sarif_is_of_its_schema_with_fingerprints_that_stay(tmp_path: Path) -> None:
    project(tmp_path)
    log = json.loads(check(tmp_path, "--format", "sarif").stdout)
    jsonschema.Draft202012Validator(SARIF).validate(log)
    results = log["runs"][0]["results"]
    rules = [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    assert [(each["ruleId"], rules[each["ruleIndex"]], each["level"]) for each in results] == [
        ("unused_let", "unused_let", "warning"),
        ("unknown_field", "unknown_field", "error"),
    ]
    (tmp_path / "mappings" / "typos.yaml").write_text(f"# a line more\n{TYPO}")
    moved = json.loads(check(tmp_path, "--format", "sarif").stdout)["runs"][0]["results"]
    assert [each["partialFingerprints"] for each in moved] == [
        each["partialFingerprints"] for each in results
    ]
    assert moved[1]["locations"] != results[1]["locations"]


def test_annotations_of_github_are_escaped(tmp_path: Path) -> None:
    write(tmp_path, customers=MAPPING.replace("  name:", '  "na,m:%":'))
    shown = check(tmp_path, "--format", "github").stdout
    assert shown.startswith("::error file=mappings/customers.yaml,line=")
    assert "title=unknown_field::contact has no field 'na,m:%25'." in shown


def test_a_report_of_gitlab_has_what_code_quality_needs(tmp_path: Path) -> None:
    listed = json.loads(check(project(tmp_path), "--format", "gitlab").stdout)
    assert [(each["check_name"], each["severity"]) for each in listed] == [
        ("unused_let", "minor"),
        ("unknown_field", "critical"),
    ]
    assert listed[1]["location"] == {"path": "mappings/typos.yaml", "lines": {"begin": 8}}
    assert len({each["fingerprint"] for each in listed}) == 2


def test_junit_has_every_file_that_was_checked(tmp_path: Path) -> None:
    root = ElementTree.fromstring(check(project(tmp_path), "--format", "junit").stdout)  # noqa: S314 - our own
    cases = {case.get("name"): len(case) for case in root.iter("testcase")}
    assert cases == {
        "sagerecon.yaml": 0,
        "sources.yaml": 0,
        "mappings/customers.yaml": 1,
        "mappings/typos.yaml": 1,
    }


def test_findings_are_written_to_files_besides_what_is_printed(tmp_path: Path) -> None:
    project(tmp_path)
    sarif, xml = tmp_path / "findings.sarif", tmp_path / "junit.xml"
    found = check(tmp_path, "--output", f"sarif={sarif}", "--output", f"junit={xml}")
    assert found.exit_code == 1
    assert found.stdout.startswith("warning mappings/customers.yaml")
    assert sarif.read_text() == check(tmp_path, "--format", "sarif").stdout
    assert xml.read_text() == check(tmp_path, "--format", "junit").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "sarf"), "There is no format 'sarf'."),
        (("--output", "sarif"), "--output sarif names no file."),
        (("--output", "sarif="), "--output sarif= names no file."),
        (("--output", "sarif=/none/at/all"), "/none/at/all cannot be written"),
    ],
)
def test_outputs_that_cannot_be_are_refused(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    found = check(write(tmp_path), *arguments)
    assert (found.exit_code, message in found.stderr) == (2, True), found.output


def test_files_are_named_from_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    project(tmp_path / "moves" / "oak")
    shown = check(tmp_path / "moves" / "oak", "--format", "concise").stdout
    assert [line.partition(":")[0] for line in shown.splitlines()] == [
        "moves/oak/mappings/customers.yaml",
        "moves/oak/mappings/typos.yaml",
    ]


def test_files_and_folders_choose_the_mappings_that_are_checked(tmp_path: Path) -> None:
    project(tmp_path)
    one = check(tmp_path, str(tmp_path / "mappings" / "customers.yaml"))
    assert (one.exit_code, "typos" in one.output, "unused" in one.output) == (0, False, True)
    assert check(tmp_path, str(tmp_path / "mappings")).exit_code == 1
    assert check(tmp_path, str(tmp_path / "sources.yaml")).exit_code == 0
    other = check(tmp_path, str(tmp_path / "data" / "contacts.csv"))
    assert (other.exit_code, "is no file of the project" in other.stderr) == (2, True)


def test_a_mapping_that_is_checked_alone_may_refer_to_the_others(tmp_path: Path) -> None:
    text = MAPPING.replace("mapping: customers", "mapping: others").replace(
        "  contact_type_ids", "  notes: {expr: 'ref'}\n  contact_type_ids"
    )
    merging = text.replace(
        "fields:",
        "leave_out: [{name: a, when: is_blank(ref), reason: b, merge_into: {mapping: X, by: ref}}]\nfields:",
    )
    write(tmp_path, others=merging.replace("X", "customers"))
    assert check(tmp_path, str(tmp_path / "mappings" / "others.yaml")).exit_code == 0
    write(tmp_path, others=merging.replace("X", "costumers"))
    found = check(tmp_path, str(tmp_path / "mappings" / "others.yaml"))
    assert (found.exit_code, "there is no mapping 'costumers'" in found.stdout) == (1, True)


def test_a_single_file_is_not_clean_where_what_it_depends_on_is_broken(tmp_path: Path) -> None:
    write(tmp_path, sources="files: [\n")
    assert check(tmp_path, str(tmp_path / "mappings" / "customers.yaml")).exit_code == 1

"""`check` finds all faults of all files in one pass, and says nothing of what only follows from them."""

import os
from pathlib import Path

import pytest
from tiny import MAPPING, PROJECT, SOURCES, write_tiny
from typer.testing import CliRunner

from sagerecon.cli.main import app


def checked(folder: Path) -> tuple[int, list[str]]:
    found = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["check", "-p", str(folder)])
    assert "Traceback" not in found.output
    return found.exit_code, [line.removeprefix("error ") for line in found.stdout.splitlines()]


def write(folder: Path, **texts: str) -> Path:
    write_tiny(folder)
    own = {"project": "sagerecon.yaml", "sources": "sources.yaml"}
    for name, text in texts.items():
        path = folder / own.get(name, f"mappings/{name}.yaml")
        path.write_text(text)
    return folder


#: A mapping of the same dataset with a field that does not exist.
TYPO = MAPPING.replace("mapping: customers", "mapping: typos").replace("  name:", "  nam:")


def test_faults_of_the_project_file_stand_beside_those_of_mappings(tmp_path: Path) -> None:
    project = PROJECT.replace("2017-03-31", "2017-02-30").replace("company: Tiny Ltd\n", "compny: Tiny Ltd\n")
    code, lines = checked(write(tmp_path, project=project, typos=TYPO))
    assert code == 2
    assert lines == [
        "mappings/typos.yaml:8:3: contact has no field 'nam'. Did you mean 'name'?",
        "sagerecon.yaml:1:1: the file needs the key 'company'.",
        "sagerecon.yaml:2:1: unknown key 'compny'. Did you mean 'company'?",
        "sagerecon.yaml:5:11: '2017-02-30' is not a date. Write it as 2027-03-31.",
    ]


@pytest.mark.parametrize("part", ["parameters: [x]", "parameters: {Wrong Key: [1]}"])
def test_parameters_with_errors_are_not_missing_parameters(tmp_path: Path, part: str) -> None:
    sources = SOURCES.replace("SELECT * FROM contacts", "SELECT * FROM contacts WHERE ref > $first")
    mapping = MAPPING.replace("{value: [CUSTOMER]}", "{value: [CUSTOMER]}\n  notes: {from: param.note}")
    code, lines = checked(write(tmp_path, project=f"{PROJECT}{part}\n", sources=sources, customers=mapping))
    assert code == 2
    assert all(line.startswith("sagerecon.yaml:8:") for line in lines), lines


def test_a_project_file_that_is_no_yaml_does_not_hide_the_mappings(tmp_path: Path) -> None:
    code, lines = checked(write(tmp_path, project="company: [\n"))
    assert code == 2
    assert [line.partition(":")[0] for line in lines] == ["sagerecon.yaml"]


def test_a_file_or_dataset_with_errors_is_not_one_that_is_missing(tmp_path: Path) -> None:
    broken = SOURCES.replace("name: {type: text", "name: {type: txt")
    code, lines = checked(write(tmp_path, sources=broken, typos=TYPO))
    assert (code, len(lines)) == (1, 2)
    assert "sources.yaml" in lines[1] and "txt" in lines[1]
    assert lines[0] == "mappings/typos.yaml:8:3: contact has no field 'nam'. Did you mean 'name'?"
    code, lines = checked(write(tmp_path, sources=SOURCES.replace("ORDER BY ref", "ORDER BY rf"), typos=TYPO))
    assert [line.partition(":")[0] for line in lines] == ["mappings/typos.yaml", "sources.yaml"]


def test_sources_that_are_no_yaml_leave_the_rest_to_be_checked(tmp_path: Path) -> None:
    code, lines = checked(write(tmp_path, sources="files: [\n", typos=TYPO))
    assert code == 1
    assert [line.partition(":")[0] for line in lines] == ["mappings/typos.yaml", "sources.yaml"]


def test_a_mapping_with_errors_is_not_one_that_is_missing(tmp_path: Path) -> None:
    referring = (
        "sagerecon: mapping/v1\nmapping: opened\nsource: {dataset: contacts, key: [ref]}\n"
        "target: {kind: bank_account, on_existing: create}\nunmapped: {source: ignore, target: ignore}\n"
        "fields: {contact_id: {ref: {mapping: customers, by: ref}}}\n"
    )
    kind = MAPPING.replace("kind: contact", "kind: contct")
    for customers in (MAPPING.replace("fields:", "fields: ["), kind):
        opened = referring.replace("contact_id", "x")
        _, lines = checked(write(tmp_path, customers=customers, opened=opened))
        assert [line.partition(":")[0] for line in lines] == [
            "mappings/customers.yaml",
            "mappings/opened.yaml",
        ]
        assert "bank_account has no field 'x'" in lines[1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_named_beside_the_rest(tmp_path: Path) -> None:
    write(tmp_path, typos=TYPO)
    (tmp_path / "mappings" / "customers.yaml").chmod(0)
    code, lines = checked(tmp_path)
    assert code == 2
    assert len(lines) == 2


def test_a_file_that_is_not_utf_8_is_named_beside_the_rest(tmp_path: Path) -> None:
    write(tmp_path, typos=TYPO)
    (tmp_path / "mappings" / "customers.yaml").write_bytes(b"mapping: \xff\n")
    code, lines = checked(tmp_path)
    assert code == 2
    assert lines == [
        "mappings/customers.yaml: mappings/customers.yaml is not UTF-8 at byte 9. Save it as UTF-8.",
        "mappings/typos.yaml:8:3: contact has no field 'nam'. Did you mean 'name'?",
    ]


def test_a_crosswalk_that_cannot_be_read_is_not_one_that_is_missing(tmp_path: Path) -> None:
    write(tmp_path, project=PROJECT + "crosswalks: [crosswalks/*.csv]\n")
    (tmp_path / "crosswalks").mkdir()
    (tmp_path / "crosswalks" / "names.csv").write_bytes(b"source,target\n\xff,x\n")
    mapping = MAPPING.replace("do: [squeeze]", "do: [{crosswalk: names}]")
    mapping = mapping.replace("  reference", "  rference")
    (tmp_path / "mappings" / "customers.yaml").write_text(mapping)
    code, lines = checked(tmp_path)
    assert code == 2
    assert [line.partition(":")[0] for line in lines] == ["crosswalks/names.csv", "mappings/customers.yaml"]
    assert "contact has no field 'rference'" in lines[1]

"""The transforms of the mapping language on the command line, and the references that a snapshot shortens."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from sagerecon.cli.main import app
from sagerecon.commands.transforms import transform_entries

RUNNER = CliRunner(env={"COLUMNS": "200"})

PROJECT = {
    "sagerecon.yaml": (
        "sagerecon: project/v1\ncompany: Small Ltd\ndata: data\nmappings: [mappings/*.yaml]\n"
        "cut_over: 2017-03-31\nas_at: 2017-12-31\nbusiness: {country: GB, currency: GBP}\n"
    ),
    "sources.yaml": (
        "sagerecon: sources/v1\nfiles: {customers: {path: customers.csv, columns: {ref: {type: text}, "
        "name: {type: text}}}}\ndatasets: {customers: {sql: SELECT * FROM customers}}\n"
    ),
    "mappings/customers.yaml": (
        "sagerecon: mapping/v1\nmapping: customers\nsource: {dataset: customers, key: [ref]}\n"
        "target: {kind: contact, on_existing: create}\nunmapped: {target: ignore}\n"
        "fields:\n  reference: {from: ref, do: [short_reference]}\n  name: {from: name}\n"
        "  contact_type_ids: {value: [CUSTOMER]}\n"
    ),
    "data/customers.csv": (
        "ref,name\nCUSTOMER-136111,Oak\nCUSTOMER-116227,Elm\nMONTGOMERY-BROTHERS,Ash\nYEW,Yew\n"
    ),
}


def test_the_transforms_are_listed_by_group_without_a_project(tmp_path: Path) -> None:
    shown = RUNNER.invoke(app, ["check", "--list-transforms", "--project", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    groups = [line for line in lines if line[:1].strip()]
    assert groups == ["Text", "Dates", "Numbers and money", "Codes", "Identity", "Validation", "Lists"]
    lines = [line.rstrip() for line in lines]
    assert "  pad  text → text, reports changes" in lines
    assert "    Options: width; with (default  ); side: left or right (default left)" in lines
    assert "    Example: {pad: {width: 4, with: '0'}}: '10' → '0010'" in lines


def test_the_transforms_are_data_for_other_programs() -> None:
    shown = RUNNER.invoke(app, ["check", "--list-transforms", "--json"])
    events = [json.loads(line) for line in shown.stdout.splitlines()]
    (found,) = [event["transforms"] for event in events if event["event"] == "result"]
    assert [each["name"] for each in found] == [entry.name for entry in transform_entries()]
    (valid,) = [each for each in found if each["name"] == "valid"]
    assert (valid["group"], valid["input"], valid["output"]) == ("validation", ["text"], "text")
    assert [option["name"] for option in valid["options"]] == ["kind", "on_invalid"]
    assert valid["options"][1]["choices"] == ["quarantine", "omit", "keep"]
    assert valid["example"]["do"] == "{valid: gb_vat}"


def test_a_snapshot_lists_short_references_and_finds_two_that_are_the_same(tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    taken = RUNNER.invoke(app, ["snapshot", "--project", str(tmp_path), "--json"])
    events = [json.loads(line) for line in taken.stdout.splitlines()]
    listed = [event for event in events if event["event"] == "short_reference"]
    assert [(e["key"], e["field"], e["before"], e["after"]) for e in listed] == [
        ("customers/MONTGOMERY-BROTHERS", "reference", "MONTGOMERY-BROTHERS", "MONT4D5RLK")
    ], taken.output
    aside = [event for event in events if event["event"] == "not_carried"]
    assert [(e["key"], [f["code"] for f in e["findings"]]) for e in aside] == [
        ("customers/CUSTOMER-136111", ["same_short_reference"]),
        ("customers/CUSTOMER-116227", ["same_short_reference"]),
    ]

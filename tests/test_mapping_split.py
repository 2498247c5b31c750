"""A mapping that makes several entities of one record."""

from pathlib import Path
from typing import Any

import pytest
from mapping_cases import compile_texts
from test_mapping_tests import TESTS, project, run

from sagerecon.model.draft import Draft, LeftOut, Outcome, Quarantined
from sagerecon.model.place import Place
from sagerecon.model.record import Record

FIRMS = """\
sagerecon: mapping/v1
mapping: firms
source: {dataset: customers, key: [cust_no], where: live}
target: {kind: contact, identity: {reference: reference}, on_existing: create}
unmapped: {source: ignore}
split:
  - {name: customer, when: 'kind in ["C", "B"]'}
  - {name: supplier, when: 'kind in ["S", "B"]'}
leave_out:
  - {name: closed, when: 'name == "closed"', reason: it is closed}
let:
  reference: {expr: 'cust_no ~ "/" ~ part'}
fields:
  name: {from: name}
  contact_type_ids: {from: part, do: [{enum: {customer: [CUSTOMER], supplier: [VENDOR]}}]}
"""
INVOICES = """\
sagerecon: mapping/v1
mapping: invoices
source: {dataset: invoices, key: [doc_no]}
target: {kind: sales_invoice, on_existing: create}
unmapped: {source: ignore, target: ignore}
fields:
  contact_id: {ref: {mapping: firms, by: [cust_no, {value: customer}]}}
"""


def made(**values: Any) -> list[tuple[Record, Outcome]]:
    (firms,), findings = compile_texts({"firms.yaml": FIRMS})
    assert not findings, findings
    row = {"cust_no": "F1", "name": "Oak", "live": True, **values}
    return list(firms.made_of(Record("customers", "F1", row, (Place("customers.csv", 2),))))


def test_a_record_makes_an_entity_for_each_part_that_applies() -> None:
    both = made(kind="B")
    assert [outcome.key for _, outcome in both] == ["firms/F1|customer", "firms/F1|supplier"]
    assert [(part.key, part.values["part"]) for part, _ in both] == [
        ("F1|customer", "customer"),
        ("F1|supplier", "supplier"),
    ]
    drafts = [outcome for _, outcome in both if isinstance(outcome, Draft)]
    assert [draft.body["contact_type_ids"] for draft in drafts] == [["CUSTOMER"], ["VENDOR"]]
    assert [draft.identity["reference"] for draft in drafts] == ["F1/customer", "F1/supplier"]
    assert [outcome.key for _, outcome in made(kind="S")] == ["firms/F1|supplier"]


def test_a_record_without_a_part_is_quarantined_and_never_lost() -> None:
    ((part, outcome),) = made(kind="X")
    assert isinstance(outcome, Quarantined)
    assert (outcome.key, part.key) == ("firms/F1", "F1")
    assert [finding.code for finding in outcome.findings] == ["no_part"]
    ((_, left_out),) = made(kind="X", name="closed")
    assert isinstance(left_out, LeftOut)
    assert [type(each) for _, each in made(kind="B", name="closed")] == [LeftOut, LeftOut]
    assert made(kind="X", live=False) == made(kind="B", live=False) == []


def test_others_refer_to_a_part_by_its_name() -> None:
    compiled, findings = compile_texts({"firms.yaml": FIRMS, "invoices.yaml": INVOICES})
    assert not findings, findings
    invoices = next(each for each in compiled if each.name == "invoices")
    row = {"doc_no": "1", "cust_no": "F1"}
    ((_, draft),) = invoices.made_of(Record("invoices", "1", row, (Place("invoices.csv", 2),)))
    assert isinstance(draft, Draft)
    assert [reference.key for reference in draft.references] == ["firms/F1|customer"]
    _, findings = compile_texts(
        {"firms.yaml": FIRMS, "invoices.yaml": INVOICES.replace("[cust_no, {value: customer}]", "cust_no")}
    )
    assert "the key of firms is cust_no, part, and by: has 1 part." in findings[0].message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FIRMS.replace("name: supplier", "name: customer"), "the part 'customer' is there twice."),
        (FIRMS.replace("  - {name: supplier", "  - {nam: supplier"), "unknown key 'nam'."),
        (FIRMS.replace('\'kind in ["C", "B"]\'', "kind"), "and a boolean is needed"),
    ],
)
def test_faults_of_a_split_are_findings(text: str, message: str) -> None:
    _, findings = compile_texts({"firms.yaml": text})
    assert any(message in finding.message for finding in findings), findings


def test_a_test_names_the_part(tmp_path: Path) -> None:
    mapping = """\
sagerecon: mapping/v1
mapping: customers
source: {dataset: contacts, key: [ref]}
target: {kind: contact, on_existing: create}
unmapped: {source: ignore}
split:
  - {name: customer, when: 'kind != "S"'}
  - {name: supplier, when: 'kind != "C"'}
fields:
  name: {expr: 'name ~ " " ~ part'}
  contact_type_ids: {value: [CUSTOMER]}
tests: customers.tests.yaml
"""
    tests = (
        "  - {test: a, part: customer, given: {kind: B}, expect: {fields: {name: Oak customer}}}\n"
        "  - {test: b, part: supplier, given: {kind: B}, expect: {fields: {name: Oak supplier}}}\n"
        "  - {test: c, part: supplier, given: {kind: C}, expect: nothing}\n"
        "  - {test: d, given: {kind: C}, expect: nothing}\n"
        "  - {test: e, part: customer, given: {kind: S}, expect: nothing}\n"
    )
    found = run(project(tmp_path, TESTS + tests, mapping), "--fail-under", "100")
    assert found.exit_code == 0, found.output

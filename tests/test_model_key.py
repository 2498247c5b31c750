"""Keys of any text are distinct and unchanged from the mapping to the id map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mapping_cases import CUSTOMERS_BY_TWO, compile_texts, record
from runs import desk, quick_folder
from strategies import hostile_texts

from sagerecon.model.draft import Draft, Reference, read_reference, reference_document
from sagerecon.model.key import NaturalKey, draft_key, escaped, source_key, unescaped
from sagerecon.model.value import canonical, read_json
from sagerecon.planning.plan import Plan, plan_lines, read_plan

INVOICES = """\
sagerecon: mapping/v1
mapping: invoices
source: {dataset: invoices, key: [doc_no]}
target: {kind: sales_invoice, on_existing: create}
unmapped: {source: ignore, target: ignore}
fields:
  contact_id: {ref: {mapping: customers, by: [cust_no, sort]}}
  reference: {from: doc_no}
"""


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["C001"], "C001"),
        (["1021", "C001"], "1021|C001"),
        (["A|B"], r"A\|B"),
        (["A\\", "B"], r"A\\|B"),
        (["A/B", "x=1"], "A/B|x=1"),
        (["two\nlines\u2028"], r"two\x0alines\u2028"),
    ],
)
def test_a_source_key_is_one_readable_line(parts: Sequence[str], text: str) -> None:
    assert source_key(parts) == text


@given(st.lists(st.lists(hostile_texts | st.just(""), min_size=1, max_size=3), min_size=2, max_size=4))
def test_different_columns_make_different_keys_of_one_line(rows: list[list[str]]) -> None:
    keys = {tuple(row): source_key(row) for row in rows}
    assert len(set(keys.values())) == len(keys)
    assert all(len(key.splitlines()) <= 1 for key in keys.values())


@given(st.text())
@example(r"\x41|\\u2028" + "\0\n\u2028\x85")
def test_an_escaped_text_is_restored(text: str) -> None:
    assert unescaped(escaped(text)) == text


@given(hostile_texts, st.sampled_from(("", "main_address")))
def test_a_reference_as_json_keeps_the_type_of_its_key(text: str, part: str) -> None:
    ours = Reference("contact", draft_key("customers", source_key([text])), part)
    sages = Reference("contact", NaturalKey("reference", text), part)
    for reference in (ours, sages):
        assert read_reference(read_json(canonical(reference_document(reference)))) == reference
    assert ours != sages


def test_a_reference_is_readable() -> None:
    assert str(Reference("contact", "customers/C001")) == "contact customers/C001"
    assert str(Reference("contact", NaturalKey("reference", "C001"))) == "contact reference C001"


@given(
    st.lists(
        st.tuples(hostile_texts, hostile_texts, hostile_texts),
        min_size=1,
        max_size=4,
        unique_by=(lambda row: row[:2], lambda row: row[2]),
    )
)
@example([("A|B", "C", "1"), ("A", "B|C", "2"), ("A\\", "|B|C", "3")])
@example([("customers/1", "x", "reference=1"), ("customers", "1/x", "1")])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_each_record_is_found_by_all_of_its_keys(rows: list[tuple[str, str, str]]) -> None:
    drafts = _drafts(rows)
    with quick_folder() as folder:
        here = desk(folder)
        here.plan = _through_a_file(here.planned(drafts), folder / "plan.jsonl")
        assert here.go().counts == {"created": 2 * len(rows)}
        with here.open() as store:
            id_map = store.company("B").id_map
            known = id_map.known()
            for first, second, reference in rows:
                key = draft_key("customers", source_key([first, second]))
                sage_id = id_map.sage_id("contact", key)
                assert sage_id is not None
                assert id_map.sage_id("contact", NaturalKey("reference", reference)) == sage_id
                assert id_map.owner("contact", sage_id) == key
                assert ("contact", NaturalKey("reference", reference)) in known.natural_keys
                (invoice,) = [
                    made for made in here.sage.bodies_of("sales_invoice") if made["reference"] == reference
                ]
                assert invoice["contact_id"] == sage_id


def _drafts(rows: Sequence[tuple[str, str, str]]) -> list[Draft]:
    compiled, findings = compile_texts({"customers.yaml": CUSTOMERS_BY_TWO, "invoices.yaml": INVOICES})
    assert [str(finding) for finding in findings] == []
    customers, invoices = compiled
    drafts = []
    for first, second, reference in rows:
        customer = canonical({"cust_no": first, "kind": second, "name": reference})
        drafts += customers.outcomes(record(customer, key=source_key([first, second])))
        invoice = canonical({"doc_no": reference, "cust_no": first, "sort": second})
        drafts += invoices.outcomes(record(invoice, "invoices", source_key([reference])))
    assert all(isinstance(draft, Draft) for draft in drafts)
    return [draft for draft in drafts if isinstance(draft, Draft)]


def _through_a_file(plan: Plan, file: Path) -> Plan:
    with file.open("w", encoding="utf-8", newline="\n") as written:
        written.writelines(plan_lines(plan))
    with file.open("rb") as lines:
        read = read_plan(lines, file.name)
    assert read == plan
    return read

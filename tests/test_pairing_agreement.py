"""Three comparisons of one record: the draft with what was written, and Sage with either."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runs import customer, invoice

from sagerecon.documents.package import catalog
from sagerecon.model.comparison import Comparison, How
from sagerecon.model.draft import Draft, Reference, node_document
from sagerecon.model.entity import Entity, Written
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.agreement import differences, sage_changes, source_changes
from sagerecon.pairing.comparison_rules import ComparisonRules
from sagerecon.pairing.identity import Identities

BY = ComparisonRules(catalog()["contact"].fields)


def written(draft: Draft, **answer: Any) -> Written:
    sent = node_document(draft.body)
    held = {name: value for name, value in sent.items() if not name.endswith("_ids")}
    return Written(draft.kind, draft.key, "s1", sent, {**held, "notes": "", **answer}, 0, "f")


def held(record: Written, **changes: Any) -> Entity:
    return Entity(record.kind, record.sage_id, {**record.answer, **changes})


def test_a_draft_is_compared_by_meaning() -> None:
    before = customer(1, credit_limit="100.00", notes="", locale="en")
    same = customer(1, credit_limit="100.0", locale="en")
    assert source_changes(same, written(before), BY) == ()
    other = customer(1, name="Firm One", credit_limit="100.0", main_address={"city": "Leeds"})
    assert source_changes(other, written(before), BY) == ("name", "locale", "main_address")


def test_a_line_that_changed_is_a_change_of_all_lines() -> None:
    by = ComparisonRules(catalog()["sales_invoice"].fields)
    before = invoice(1, "customers/C1")
    lines = [{"description": "Work", "quantity": "1", "unit_price": "12.00"}]
    assert source_changes(before, written(before), by) == ()
    assert source_changes(
        replace(before, body={**before.body, "invoice_lines": lines}), written(before), by
    ) == ("invoice_lines",)
    moved = invoice(1, "customers/C2")
    assert source_changes(moved, written(before), by) == ("contact_id",)


def test_the_rules_of_the_mapping_decide_what_is_equal() -> None:
    before = written(customer(1, name="Oak Ltd"))
    shouted = customer(1, name="OAK LTD")
    casefold = replace(BY, rules={"name": Comparison(How.CASEFOLD)})
    assert source_changes(shouted, before, BY) == ("name",)
    assert source_changes(shouted, before, casefold) == ()
    assert sage_changes(before, held(before, name="OAK LTD"), casefold) == ()
    assert (
        differences(shouted, before, held(before), replace(BY, rules={"name": Comparison(How.IGNORE)})) == ()
    )


def test_a_value_that_sage_altered_as_it_was_written_is_no_change() -> None:
    before = written(customer(1, name="Oak  Ltd"), name="Oak Ltd")
    assert sage_changes(before, held(before), BY) == ()
    assert sage_changes(before, held(before, name="Oak and Sons"), BY) == ("name",)
    assert differences(customer(1, name="Oak and Sons"), before, held(before, name="Oak and Sons"), BY) == ()


def test_a_blank_field_that_was_filled_in_sage_is_a_change() -> None:
    before = written(customer(1))
    assert sage_changes(before, held(before, notes="pays late"), BY) == ("notes",)
    assert sage_changes(before, held(before, balance="10.00"), BY) == ()


def test_a_record_adopted_by_decision_does_not_say_what_a_natural_key_means() -> None:
    """Its links may differ from the source, which is why it was decided on."""
    wanted = Reference("ledger_account", NaturalKey("nominal_code", "4000"))
    sent = node_document({"journal_lines": [{"ledger_account_id": wanted}]})
    answer = {"journal_lines": [{"ledger_account": {"id": "id-5000"}}]}
    known = Written("journal", "journals/J1", "J", sent, answer, 0, "")
    assert Identities([known], (), catalog()).by_reference(wanted).key == "id-5000"
    claimed = replace(known, adopted=True, is_claimed=True)
    assert Identities([claimed], (), catalog()).by_reference(wanted).key == "nominal_code=4000"

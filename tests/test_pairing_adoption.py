"""Whether an entity in Sage may be adopted for a record."""

from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import OnExisting
from sagerecon.model.entity import Entity
from sagerecon.pairing.adoption import Candidate, differences, is_other_record, objection_to_adopting

KINDS = catalog()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"credit_limit": "2000.00"}, {"credit_limit": "2000.0"}),
        ({"credit_days": 30}, {"credit_days": "30"}),
        ({"notes": ""}, {"notes": None}),
        ({"currency_id": "GBP"}, {"currency": {"id": "GBP", "displayed_as": "Pound"}}),
        ({"contact_type_ids": ["CUSTOMER"]}, {"contact_types": [{"id": "CUSTOMER"}]}),
        ({"main_address": {"city": "Leeds"}}, {"main_address": {"city": "Leeds", "region": "Yorkshire"}}),
        ({"name": "Oak"}, {"name": "Oak", "balance": "7.0"}),
    ],
)
def test_equal_values_in_other_formats_are_equal(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert differences(KINDS["contact"], ours, theirs) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "sentence"),
    [
        ({"name": "Oak"}, {"name": "oak"}, "name is 'oak' and would be 'Oak'"),
        ({"name": "Oak"}, {}, "name is '' and would be 'Oak'"),
        ({"credit_limit": "1.00"}, {"credit_limit": "1.01"}, "credit_limit is '1.01' and would be '1.00'"),
        ({"currency_id": "GBP"}, {"currency": {"id": "EUR"}}, "currency_id is 'EUR' and would be 'GBP'"),
        (
            {"contact_type_ids": ["CUSTOMER"]},
            {"contact_types": [{"id": "VENDOR"}]},
            "contact_type_ids is 'VENDOR' and would be 'CUSTOMER'",
        ),
        (
            {"main_address": {"city": "Leeds"}},
            {"main_address": {"city": "York"}},
            "main_address.city is 'York' and would be 'Leeds'",
        ),
    ],
)
def test_each_difference_is_a_sentence(ours: dict[str, Any], theirs: dict[str, Any], sentence: str) -> None:
    assert differences(KINDS["contact"], ours, theirs) == [sentence]


@pytest.mark.parametrize(
    ("on_existing", "theirs", "owner", "code"),
    [
        (OnExisting.ADOPT_IF_EQUAL, "Oak", None, None),
        (OnExisting.ADOPT_IF_EQUAL, "Oak", "customers/C1", None),
        (OnExisting.ADOPT_IF_EQUAL, "Oak", "suppliers/S1", Code.DIFFERS),
        (OnExisting.ADOPT_IF_EQUAL, "Elm", None, Code.DIFFERS),
        (OnExisting.ADOPT_IF_EQUAL, "Elm", "suppliers/S1", Code.DIFFERS),
        (OnExisting.ADOPT, "Elm", None, None),
        (OnExisting.ADOPT, "Oak", "suppliers/S1", None),  # several records may share one on purpose
        (OnExisting.ERROR, "Oak", None, Code.EXISTS),
    ],
)
def test_objections_to_adopting(
    on_existing: OnExisting, theirs: str, owner: str | None, code: Code | None
) -> None:
    record = Candidate("customers/C1", "Oak Ltd", {"reference": "C1"}, on_existing, {"name": "Oak"})
    bearers = [Entity("contact", "A1", {"name": theirs})]
    found = objection_to_adopting(record, KINDS["contact"], bearers, owner)
    assert (found[0] if found else None) is code
    both = objection_to_adopting(record, KINDS["contact"], bearers * 2, owner)
    assert both is not None and both[0] is Code.AMBIGUOUS


def test_lines_are_compared_one_by_one() -> None:
    kind = KINDS["journal"]
    ours = {"journal_lines": [{"ledger_account_id": "A", "debit": "1.00", "credit": "0"}]}
    line = {"ledger_account": {"id": "A"}, "debit": "2.0", "credit": "0.0"}
    assert differences(kind, ours, {"journal_lines": [line]}) == [
        "journal_lines.1.debit is '2.0' and would be '1.00'"
    ]
    assert differences(kind, ours, {"journal_lines": []}) == ["journal_lines has 0 and would have 1"]


def test_two_suppliers_may_both_have_an_invoice_17() -> None:
    kind, ours = KINDS["purchase_invoice"], {"contact_id": "A", "vendor_reference": "17"}
    assert is_other_record(kind, ours, {"contact": {"id": "B"}, "vendor_reference": "17"})
    assert not is_other_record(
        kind, ours, {"contact": {"id": "A"}, "vendor_reference": "17", "total_amount": "9"}
    )

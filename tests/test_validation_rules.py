"""The rules that a draft must keep before a call is spent on it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.code import Code
from sagerecon.model.control import Item
from sagerecon.model.draft import Draft, LeftOut, Quarantined, Reference, node_document, read_node
from sagerecon.model.finding import Finding
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import NOWHERE, Place
from sagerecon.validation.invariants import opening_control_closes, opening_effect
from sagerecon.validation.rule import BusinessSettings
from sagerecon.validation.rules import RULES, dates_are_open, payment_covers_allocations
from sagerecon.validation.screening import screen

SETTINGS = BusinessSettings(date(2017, 4, 1), None, "GB", "plus", is_tax_registered=True)


def draft(kind: str, key: str = "records/1", identity: Mapping[str, str] | None = None, **body: Any) -> Draft:
    origins = (Place("source.csv", 7),)
    return Draft(kind, key, body, identity or {}, origins, Place("mapping.yaml", 3), label=key.upper())


def contact(key: str = "customers/1", **more: Any) -> Draft:
    return draft("contact", key, name="Oak Ltd", contact_type_ids=["CUSTOMER"], **more)


def faults(wanted: Draft, settings: BusinessSettings = SETTINGS) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(wanted, catalog(), settings)]


def codes(wanted: Draft, settings: BusinessSettings = SETTINGS) -> list[str]:
    return [finding.code for finding in faults(wanted, settings)]


def invoice(**more: Any) -> Draft:
    line = {
        "description": "Work",
        "ledger_account_id": Reference("ledger_account", NaturalKey("nominal_code", "4000")),
        "quantity": Decimal(1),
        "unit_price": Decimal("10.00"),
        "tax_rate_id": "GB_STANDARD",
        "tax_amount": Decimal("2.00"),
    }
    body = {
        "contact_id": Reference("contact", "customers/1"),
        "date": date(2017, 4, 3),
        "invoice_lines": [{**line, **more.pop("line", {})}],
    }
    return draft("sales_invoice", **{**body, **more})


def test_a_valid_contact_and_invoice_have_no_findings() -> None:
    assert codes(contact(reference="C001")) == []
    assert codes(invoice()) == []


@pytest.mark.parametrize(
    ("wanted", "code", "words"),
    [
        (draft("contact", name="Oak Ltd"), "required", "has no contact_type_ids"),
        (contact(reference="C00000000001"), "too_long", "12 characters; Sage accepts at most 10"),
        (contact(main_address={"postal_code": "LS1 1AA LEEDS"}), "too_long", "main_address.postal_code"),
        (
            draft("contact", name="Oak", contact_type_ids=["CUSTOMR"]),
            "not_allowed",
            "Did you mean 'CUSTOMER'?",
        ),
        (invoice(line={"description": None}), "required", "invoice_lines[0].description"),
        (invoice(line={"tax_amount": Decimal("2.005")}), "too_fine", "2.005"),
        (invoice(date=date(2017, 3, 31)), "before_start", "before the accounts start on 2017-04-01"),
    ],
)
def test_each_finding_names_its_field_and_source_row(wanted: Draft, code: str, words: str) -> None:
    found = faults(wanted)
    assert [finding.code for finding in found] == [code]
    assert words in str(found[0]) and str(found[0]).startswith("source.csv:7: ")


def test_a_nominal_code_outside_sages_range_is_a_finding() -> None:
    account = draft(
        "ledger_account",
        name="Fuel",
        display_name="Fuel",
        included_in_chart=True,
        ledger_account_type_id="OVERHEADS",
        nominal_code=100_000_000,
    )
    assert codes(account) == ["out_of_range"]


def test_the_start_edition_has_no_purchase_documents() -> None:
    start = BusinessSettings(date(2017, 4, 1), None, "GB", "start")
    bill = draft("contact_opening_balance", contact_opening_balance_type_id="INVOICE")
    assert "not_available" in codes(bill, start)
    assert "not_available" not in codes(bill)


def test_a_business_not_registered_for_tax_has_no_tax() -> None:
    unregistered = BusinessSettings(date(2017, 4, 1), None, "GB", "plus", is_tax_registered=False)
    assert codes(invoice(), unregistered) == ["tax_not_registered"]
    assert codes(invoice(line={"tax_amount": Decimal()}), unregistered) == []


def test_only_opening_entries_are_before_the_start_and_nothing_is_in_a_locked_period() -> None:
    opening = {
        "contact_id": Reference("contact", "customers/1"),
        "reference": "1",
        "total_amount": Decimal(5),
    }
    late = draft(
        "contact_opening_balance", contact_opening_balance_type_id="INVOICE", date=date(2017, 4, 1), **opening
    )
    assert codes(late) == ["opening_after_start"]
    locked = BusinessSettings(date(2017, 4, 1), date(2017, 4, 30), "GB", "plus")
    assert codes(invoice(), locked) == ["locked_period"]
    assert codes(invoice(date=date(2017, 5, 1)), locked) == []


START = date(2017, 4, 1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "day", "code"),
    [
        ("bank_transfer", START - DAY, ["before_start"]),
        ("bank_transfer", START, []),
        ("bank_opening_balance", START - DAY, []),
        ("bank_opening_balance", START, ["opening_after_start"]),
        ("bank_opening_balance", START + DAY, ["opening_after_start"]),
    ],
)
def test_the_start_day_belongs_to_the_new_accounts(kind: str, day: date, code: list[str]) -> None:
    assert [finding.code for finding in dates_are_open(draft(kind, date=day), catalog(), SETTINGS)] == code


@pytest.mark.parametrize("kind", ["bank_transfer", "bank_opening_balance"])
def test_the_lock_down_day_itself_is_locked(kind: str) -> None:
    settings = BusinessSettings(None, date(2017, 4, 30), "GB", "plus")
    for day, code in ((29, ["locked_period"]), (30, ["locked_period"])):
        found = dates_are_open(draft(kind, date=date(2017, 4, day)), catalog(), settings)
        assert [finding.code for finding in found] == code
    assert not list(dates_are_open(draft(kind, date=date(2017, 5, 1)), catalog(), settings))
    assert not list(dates_are_open(draft(kind, date=date(2017, 5, 1)), catalog(), BusinessSettings()))


def journal(*lines: tuple[str, str]) -> Draft:
    account = Reference("ledger_account", NaturalKey("nominal_code", "4000"))
    return draft(
        "journal",
        date=date(2017, 4, 3),
        reference="J1",
        journal_lines=[
            {"ledger_account_id": account, "debit": Decimal(debit), "credit": Decimal(credit)}
            for debit, credit in lines
        ],
    )


def test_a_journal_balances_to_the_penny() -> None:
    assert codes(journal(("10.10", "0"), ("0", "10.10"))) == []
    assert codes(journal(("10.00", "0"), ("0", "10.10"))) == ["unbalanced"]
    found = faults(journal(("10.10", "0"), ("0", "10.00")))
    assert [finding.code for finding in found] == ["unbalanced"]
    assert "0.10" in found[0].message


def test_payments_cover_what_they_settle_and_allocations_cancel() -> None:
    part = {"artefact_id": Reference("sales_invoice", "sales/1"), "amount": Decimal("60.00")}
    payment = draft(
        "contact_payment",
        transaction_type_id="CUSTOMER_RECEIPT",
        contact_id=Reference("contact", "customers/1"),
        bank_account_id=Reference("bank_account", "banks/1"),
        date=date(2017, 4, 3),
        total_amount=Decimal("50.00"),
        allocated_artefacts=[part],
    )
    assert codes(payment) == ["over_allocated"]
    allocation = draft(
        "contact_allocation",
        transaction_type_id="CUSTOMER_ALLOCATION",
        contact_id=Reference("contact", "customers/1"),
        allocated_artefacts=[part, {**part, "amount": Decimal("-59.99")}],
    )
    assert codes(allocation) == ["allocation_not_zero"]
    rest = {**allocation.body, "allocated_artefacts": [part, {**part, "amount": Decimal("-60.01")}]}
    assert codes(replace(allocation, body=rest)) == ["allocation_not_zero"]


@pytest.mark.parametrize(
    ("parts", "codes"),
    [
        (("49.99",), []),
        (("50.00",), []),
        (("30.00", "20.00"), []),
        (("30.00", "20.01"), ["over_allocated"]),
        (("50.01",), ["over_allocated"]),
    ],
)
def test_a_payment_may_settle_its_whole_amount(parts: tuple[str, ...], codes: list[str]) -> None:
    artefacts = [{"artefact_id": Reference("sales_invoice", "sales/1"), "amount": Decimal(p)} for p in parts]
    payment = draft("contact_payment", total_amount=Decimal("50.00"), allocated_artefacts=artefacts)
    found = payment_covers_allocations(payment, catalog(), SETTINGS)
    assert [finding.code for finding in found] == codes


def breaches() -> dict[str, list[Finding]]:
    """Return by code what each rule says of a draft that breaks it."""
    part = {"artefact_id": Reference("sales_invoice", "sales/1"), "amount": Decimal("60.00")}
    opening = draft("bank_opening_balance", date=START)
    start = replace(SETTINGS, edition="start")
    unregistered = replace(SETTINGS, is_tax_registered=False)
    locked = replace(SETTINGS, lockdown=date(2017, 4, 30))
    found = [
        *faults(draft("contact_opening_balance", contact_opening_balance_type_id="INVOICE"), start),
        *faults(invoice(), unregistered),
        *faults(journal(("10.10", "0"), ("0", "10.00"))),
        *dates_are_open(opening, catalog(), SETTINGS),
        *faults(invoice(date=START - DAY)),
        *faults(invoice(), locked),
        *faults(draft("contact_payment", total_amount=Decimal("50.00"), allocated_artefacts=[part])),
        *faults(draft("contact_allocation", allocated_artefacts=[part])),
        *faults(contact(reference="C00000000001")),
        *faults(invoice(line={"tax_amount": Decimal("2.005")})),
        *faults(draft("ledger_account", nominal_code=100_000_000)),
    ]
    by_code: dict[str, list[Finding]] = {}
    for finding in found:
        by_code.setdefault(finding.code.value, []).append(finding)
    return by_code


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("not_available", ("start", "GB")),
        ("tax_not_registered", ("2.00",)),
        ("unbalanced", (" 0.10:", "10.10", "10.00")),
        ("opening_after_start", ("2017-04-01",)),
        ("before_start", ("2017-03-31", "2017-04-01")),
        ("locked_period", ("2017-04-03", "2017-04-30")),
        ("over_allocated", ("50.00", "60.00")),
        ("allocation_not_zero", ("60.00",)),
        ("required", ("contact_id",)),
        ("too_long", ("reference", "12", "10")),
        ("too_fine", ("invoice_lines[0].tax_amount", "2.005", "2 decimals")),
        ("out_of_range", ("nominal_code", "100000000")),
    ],
)
def test_each_rule_names_the_record_its_row_the_facts_and_a_way_out(
    code: str, facts: tuple[str, ...]
) -> None:
    for finding in breaches()[code]:
        assert finding.place == Place("source.csv", 7)
        assert "RECORDS/1" in finding.message or "CUSTOMERS/1" in finding.message
        assert finding.hint[:1].isupper() and finding.hint.endswith((".", "}."))
    assert any(all(fact in finding.message for fact in facts) for finding in breaches()[code])


@pytest.mark.parametrize("lines", [None, "x", [], ["x"]])
def test_lines_that_are_none_are_not_added_up(lines: object) -> None:
    assert "unbalanced" not in codes(draft("journal", date=START, journal_lines=lines))
    payment = draft("contact_payment", total_amount=Decimal("50.00"), allocated_artefacts=lines)
    assert "over_allocated" not in codes(payment)


@pytest.mark.parametrize(("country", "edition"), [("", "start"), ("GB", ""), ("", "")])
def test_without_an_edition_and_a_country_every_kind_is_available(country: str, edition: str) -> None:
    bill = draft("contact_opening_balance", contact_opening_balance_type_id="INVOICE")
    unknown = replace(SETTINGS, country=country, edition=edition)
    assert "not_available" not in codes(bill, unknown)


def test_a_draft_that_refers_to_a_record_that_is_not_sent_is_quarantined() -> None:
    gone = Quarantined("contact", "customers/2", (), (Place("source.csv", 2),), label="Elm Ltd")
    left = LeftOut("contact", "customers/3", "dormant", "no trade since 2010", ())
    orphan = invoice(contact_id=Reference("contact", "customers/2"))
    other = draft(
        "sales_invoice", "sales/2", **{**invoice().body, "contact_id": Reference("contact", "customers/3")}
    )
    payment = draft(
        "contact_payment",
        "receipts/1",
        transaction_type_id="CUSTOMER_RECEIPT",
        contact_id=Reference("contact", "customers/1"),
        bank_account_id=Reference("bank_account", NaturalKey("nominal_code", "1200")),
        date=date(2017, 4, 3),
        total_amount=Decimal("12.00"),
        allocated_artefacts=[{"artefact_id": Reference("sales_invoice", orphan.key), "amount": Decimal(12)}],
    )
    screened = screen([contact(), gone, left, orphan, other, payment], catalog(), SETTINGS)
    assert [type(outcome).__name__ for outcome in screened] == [
        "Draft",
        "Quarantined",
        "LeftOut",
        "Quarantined",
        "Quarantined",
        "Quarantined",
    ]
    reasons = [o.findings[0].message for o in screened if isinstance(o, Quarantined) and o.findings]
    assert "Elm Ltd (source.csv:2) is quarantined" in reasons[0]
    assert "is left out" in reasons[1]


def test_two_records_with_one_key_are_both_quarantined() -> None:
    twins = [contact(f"customers/{n}", reference="C1", identity={"reference": "C1"}) for n in (1, 2)]
    screened = screen([*twins, contact("customers/3")], catalog(), SETTINGS)
    assert [isinstance(outcome, Quarantined) for outcome in screened] == [True, True, False]


def test_each_pair_of_records_with_one_key_is_quarantined() -> None:
    made = [contact(f"customers/{n}", identity={"reference": f"C{n // 2}"}) for n in range(4)]
    pairs = [replace(draft, amount=Decimal(5)) for draft in made]
    screened = screen(pairs, catalog(), SETTINGS)
    assert all(isinstance(outcome, Quarantined) for outcome in screened)
    assert [(o.origins, o.amount, o.label) for o in screened] == [
        (pair.origins, Decimal(5), pair.label) for pair in pairs
    ]


def test_two_records_with_one_draft_key_and_no_identity_are_both_quarantined() -> None:
    place = Place("source.csv", 8)
    twins = [contact("customers/1"), replace(contact("customers/1"), origins=(place,))]
    screened = screen([*twins, contact("customers/2")], catalog(), SETTINGS)
    assert [isinstance(outcome, Quarantined) for outcome in screened] == [True, True, False]
    for outcome, other in zip(screened[:2], ("source.csv:8", "source.csv:7"), strict=True):
        assert isinstance(outcome, Quarantined)
        assert [finding.code for finding in outcome.findings] == ["duplicate_key"]
        assert other in outcome.findings[0].message


def test_one_key_in_two_kinds_is_no_duplicate() -> None:
    accounts = {"sales_ledger_account_id": "1", "purchase_ledger_account_id": "2"}
    item = draft("product", "records/1", {"reference": "C1"}, description="Oak", **accounts)
    both = [contact("records/1", reference="C1", identity={"reference": "C1"}), item]
    assert screen(both, catalog(), SETTINGS) == both


@pytest.mark.parametrize(
    ("side", "type_", "effect"),
    [
        ("CUSTOMER", "INVOICE", "20.00"),
        ("CUSTOMER", "CREDIT_NOTE", "-20.00"),
        ("VENDOR", "INVOICE", "-20.00"),
        ("VENDOR", "CREDIT_NOTE", "20.00"),
    ],
)
def test_which_way_an_open_item_moves_the_opening_control(side: str, type_: str, effect: str) -> None:
    party = draft("contact", "parties/1", name="Ash Ltd", contact_type_ids=[side])
    item = draft(
        "contact_opening_balance",
        contact_opening_balance_type_id=type_,
        contact_id=Reference("contact", "parties/1"),
        total_amount=Decimal("20.00"),
    )
    assert opening_effect([party, item], catalog()) == {"contact_opening_balance": Decimal(effect)}


@pytest.mark.parametrize("kind", ["bank_opening_balance", "ledger_account_opening_balance"])
def test_a_credit_opens_an_account_below_zero(kind: str) -> None:
    assert opening_effect([draft(kind, credit=Decimal("7.00"))], catalog()) == {kind: Decimal("-7.00")}
    assert opening_effect([draft(kind, debit=Decimal("7.00"))], catalog()) == {kind: Decimal("7.00")}


def opening_set(journal_credit: str) -> list[Draft]:
    vendor = draft("contact", "suppliers/1", name="Ash Ltd", contact_type_ids=["VENDOR"])
    owed = draft(
        "contact_opening_balance",
        "open/1",
        contact_opening_balance_type_id="INVOICE",
        contact_id=Reference("contact", "customers/1"),
        total_amount=Decimal("120.00"),
    )
    owing = draft(
        "contact_opening_balance",
        "open/2",
        contact_opening_balance_type_id="INVOICE",
        contact_id=Reference("contact", "suppliers/1"),
        total_amount=Decimal("20.00"),
    )
    bank = draft("bank_opening_balance", "bank/1", debit=Decimal("50.00"), credit=Decimal())
    rest = draft(
        "opening_balance_journal",
        "journal/1",
        journal_lines=[{"debit": Decimal(), "credit": Decimal(journal_credit)}],
    )
    return [contact(), vendor, owed, owing, bank, rest]


def test_the_opening_control_account_closes() -> None:
    assert opening_effect(opening_set("150.00"), catalog()) == {
        "contact_opening_balance": Decimal("100.00"),
        "bank_opening_balance": Decimal("50.00"),
        "opening_balance_journal": Decimal("-150.00"),
    }
    assert list(opening_control_closes(opening_set("150.00"), catalog())) == []
    over = opening_control_closes(opening_set("150.01"), catalog())
    assert [finding.code for finding in over] == ["opening_control_open"]
    found = list(opening_control_closes(opening_set("149.99"), catalog()))
    assert [finding.code for finding in found] == ["opening_control_open"]
    assert "-0.01" in found[0].message


def test_an_opening_that_does_not_close_names_the_opening_records_that_are_not_as_given() -> None:
    *others, _rest = opening_set("150.00")
    correct, place = "Correct that record first.", Place("opening.json", 9)
    why = Finding(Code.REFERENCE_MISSING, place, "there is no contact 004102.", correct)
    drop = "Drop the decision: sagerecon decide drop open/3"
    decided = Finding(Code.OPENING_CONTROL_OPEN, NOWHERE, "open/3 is left out by decision open/3.", drop)
    (found,) = opening_control_closes(others, catalog(), [decided, why])
    assert found.message.endswith(
        " 2 opening records are not sent as the source has them: open/3 is left out by decision open/3;"
        " opening.json:9: there is no contact 004102."
    )
    assert found.hint.startswith(f"{drop}. {correct} If a rest remains, name the account")
    (found,) = opening_control_closes(others, catalog(), [why] * 9)
    assert "9 opening records are not sent" in found.message
    assert (found.message.count("opening.json:9"), found.hint.count(correct)) == (3, 1)
    (found,) = opening_control_closes(others, catalog())
    assert "opening record" not in found.message and found.hint.startswith("Name the account")


def test_an_opening_that_does_not_close_names_the_records_that_account_for_it() -> None:
    drafts = opening_set("149.50")
    absent = [
        Item("", "bill 7, left out by rule old", Decimal("0.50"), NOWHERE),
        Item("", "bill 8, quarantined", Decimal("3.00"), NOWHERE),
        Item("", "bill 9, left out by rule settled", Decimal("0.00"), NOWHERE),
    ]
    (found,) = opening_control_closes(drafts, catalog(), absent=absent)
    assert "). bill 7, left out by rule old (0.50) accounts for it." in found.message
    (found,) = opening_control_closes(drafts, catalog(), absent=absent[1:])
    assert "Not carried over: 1 opening record of 3.00 in total: bill 8, quarantined (3.00)." in found.message
    (found,) = opening_control_closes(drafts, catalog(), absent=absent[2:])
    assert "bill 9" not in found.message


def test_what_was_written_has_its_amounts_as_text() -> None:
    written = [replace(draft, body=read_node(node_document(draft.body))) for draft in opening_set("150.00")]
    assert list(opening_control_closes(written, catalog())) == []

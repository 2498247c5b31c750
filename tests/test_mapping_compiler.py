"""The mapping language as a whole: the outcomes of records, and the findings about mappings."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_cases import (
    CATALOG,
    CROSSWALKS,
    DATASETS,
    HEAD,
    PARAMETERS,
    compile_texts,
    draft,
    field,
    findings_of,
    mapping,
    outcome,
    record,
)

from sagerecon.documents.package import schema
from sagerecon.mapping.compiler import compile_mappings
from sagerecon.model.comparison import How
from sagerecon.model.draft import Draft, LeftOut, OnExisting, Quarantined, Reference
from sagerecon.model.finding import Severity
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import Place

CUSTOMERS = """\
# yaml-language-server: $schema=../.sagerecon/mapping.schema.json
sagerecon: mapping/v1
mapping: customers
source: {dataset: customers, key: [cust_no], where: 'live'}
target: {kind: contact, identity: {reference: cust_no}, on_existing: adopt_if_equal}
priority: 20
unmapped: {source: error, target: error_if_required}
ignore:
  seen: {reason: not held in Sage, owner: finance, until: 2027-03-31}
  odd: {reason: not used by the old system}
  vat_no: {reason: later}
label: '"customer " ~ name'
amount: limit
let:
  home: {from: country, do: [{enum: {UK: GB, EIRE: IE}, else: keep}]}
leave_out:
  - {name: never_used, when: 'limit == 0', reason: has no credit limit}
quarantine:
  - {name: too_old, when: 'opened < date("1990-01-01")', reason: the date is too early}
choices:
  - {when: 'kind == "S"', field: name, from: name, reason: suppliers keep their trading name}
fields:
  reference: {from: cust_no, do: [{max_length: 10, on_overflow: quarantine}]}
  name: {from: name, do: [trim, squeeze, {max_length: 20, on_overflow: cut}]}
  contact_type_ids: {from: kind, do: [{enum: {T: [CUSTOMER], S: [VENDOR]}, else: quarantine}]}
  email: {from: email, do: [trim, lower], default: {value: ap@unknown.invalid, when: blank}}
  credit_limit: {from: limit, do: [{money: {scale: 2, rounding: half_up}}]}
  credit_days: {from: days}
  opened: {from: opened}
  is_active: {value: true}
  country_id:
    choose:
      - {when: 'home in ["GB", "IE"]', from: home}
      - {otherwise: omit}
  main_address:
    fields: {city: {from: addr.town}, country_id: {from: home}}
  notes:
    pick: {each: people, where: 'item.main == "Y"', expect: at_most_one}
    expr: '"ask for " ~ item.nm ~ " (" ~ count(tags) ~ " tags)"'
checks:
  - {name: limit_not_negative, assert: 'credit_limit >= 0', on_fail: quarantine}
reconcile:
  name: {compare: casefold}
  credit_limit: {tolerance: "0.01", name: rounding, reason: the source rounds once}
tests: customers.tests.yaml
"""

OAK = {
    "cust_no": "C001",
    "name": " Oak  Ltd",
    "kind": "T",
    "email": None,
    "country": "UK",
    "limit": "2500.005",
    "days": 30,
    "live": True,
    "opened": date(2001, 2, 3),
    "addr": {"town": "Oakham"},
    "people": [{"nm": "Ann", "main": "N"}, {"nm": "Bob", "main": "Y"}],
    "tags": ["a", "b"],
}


def row(**more: Any) -> Any:
    values = dict.fromkeys(DATASETS["customers"]) | OAK | more
    values["limit"] = None if values["limit"] is None else Decimal(values["limit"])
    made = record("{}", key=str(values["cust_no"]))
    return type(made)(made.dataset, made.key, values, made.origins)


def customers(**more: Any) -> Any:
    (compiled,), findings = compile_texts({"customers.yaml": CUSTOMERS})
    assert [str(finding) for finding in findings] == []
    return next(compiled.outcomes(row(**more)), None)


def test_a_whole_mapping_makes_a_draft() -> None:
    made = customers()
    assert isinstance(made, Draft)
    assert made.body == {
        "reference": "C001",
        "name": "Oak Ltd",
        "contact_type_ids": ["CUSTOMER"],
        "email": "ap@unknown.invalid",
        "credit_limit": Decimal("2500.01"),
        "credit_days": 30,
        "opened": date(2001, 2, 3),
        "is_active": True,
        "country_id": "GB",
        "main_address": {"city": "Oakham", "country_id": "GB"},
        "notes": "ask for Bob (2 tags)",
    }
    assert (made.kind, made.key, made.mapping) == ("contact", "customers/C001", "customers")
    assert made.identity == {"reference": "C001"}
    assert made.on_existing is OnExisting.ADOPT_IF_EQUAL
    assert made.amount == Decimal("2500.005")
    assert made.label == "customer  Oak  Ltd"
    assert made.priority == 20
    assert made.origins == (Place("customers.csv", 17),)
    assert str(made.place) == "customers.yaml:5:1"
    assert [(c.field, c.before, c.after, c.rule, c.place.line) for c in made.changes] == [
        ("name", " Oak  Ltd", "Oak  Ltd", "trim", 24),
        ("name", "Oak  Ltd", "Oak Ltd", "squeeze", 24),
        ("email", "", "ap@unknown.invalid", "default", 26),
        ("credit_limit", "2500.005", "2500.01", "money: {scale: 2, rounding: half_up}", 27),
    ]


def test_a_record_outside_where_has_no_outcome() -> None:
    assert customers(live=False) is None
    assert customers(live=None) is None


def test_a_record_is_left_out_by_the_first_rule_that_applies() -> None:
    made = customers(limit="0")
    assert isinstance(made, LeftOut)
    assert (made.rule, made.reason) == ("never_used", "has no credit limit")
    assert (made.key, made.amount, made.label) == ("customers/C001", 0, "customer  Oak  Ltd")


def test_a_quarantined_record_has_all_its_reasons_each_with_source_and_mapping() -> None:
    made = customers(cust_no="C001-TOO-LONG", kind="X", limit="-5", opened=date(1889, 1, 1))
    assert isinstance(made, Quarantined)
    assert [str(finding) for finding in made.findings] == [
        "customers.csv:17: customer  Oak  Ltd: the date is too early. Rule too_old. (customers.yaml:19:5)",
        "customers.csv:17: customer  Oak  Ltd: reference: 'C001-TOO-LONG' has 13 characters; "
        "at most 10 are allowed. Shorten it in the source, or let the mapping cut it: on_overflow: cut. "
        "(customers.yaml:23:3)",
        "customers.csv:17: customer  Oak  Ltd: contact_type_ids: 'X' is not in the enum (T, S). "
        "Add it to the enum, or write else: keep or else: omit. (customers.yaml:25:3)",
        "customers.csv:17: customer  Oak  Ltd: check limit_not_negative failed: "
        "credit_limit >= 0. See customers.yaml:41:5.",
    ]
    assert (made.key, made.amount) == ("customers/C001-TOO-LONG", -5)


def test_the_hint_of_a_rule_is_shown_with_what_it_decides() -> None:
    """The hint says what to do about the record, wherever the reason is shown."""
    set_aside = outcome(
        "quarantine:\n"
        "  - {name: too_old, when: 'limit < 5', reason: the limit is old, hint: Raise it in the source.}\n"
        "fields: {name: {from: name}}\n"
        "checks:\n"
        "  - {name: named, assert: 'name != \"Oak\"', reason: a bad name, hint: Rename the customer.}\n",
        '{"name": "Oak", "limit": 1}',
    )
    assert isinstance(set_aside, Quarantined)
    assert [finding.hint.partition(" (")[0] for finding in set_aside.findings] == [
        "Rule too_old: Raise it in the source.",
        "Rename the customer.",
    ]
    left = outcome(
        "leave_out: [{name: unused, when: live, reason: never used, hint: Close it in the source.}]\n"
        "fields: {name: {from: name}}\n",
        '{"name": "Oak", "live": true}',
    )
    assert isinstance(left, LeftOut)
    assert left.reason == "never used. Close it in the source."
    made = draft(
        "choices: [{when: live, field: name, reason: the trading name, hint: Tell the customer.}]\n"
        "fields: {name: {from: name}}\n",
        '{"name": "Oak", "live": true}',
    )
    assert [change.rule for change in made.changes] == ["the trading name. Tell the customer."]


def test_a_choice_is_listed_as_a_change() -> None:
    made = customers(kind="S")
    assert isinstance(made, Draft)
    assert [(c.field, c.before, c.after, c.rule) for c in made.changes][-1] == (
        "name",
        " Oak  Ltd",
        "Oak Ltd",
        "suppliers keep their trading name",
    )


def test_a_blank_identity_that_is_not_a_field_is_quarantined() -> None:
    head = HEAD.replace("contact, on", "contact, identity: {reference: country}, on")
    made = outcome("fields: {name: {from: name}}\n", '{"name": "a", "country": ""}', head)
    assert isinstance(made, Quarantined)
    assert [finding.code for finding in made.findings] == ["no_identity"]


def test_a_record_without_identity_is_quarantined() -> None:
    made = customers(cust_no="")
    assert isinstance(made, Quarantined)
    assert [finding.code for finding in made.findings] == ["no_identity"]


def test_comparisons_and_their_tolerances() -> None:
    comparisons = compile_texts({"customers.yaml": CUSTOMERS})[0][0].comparisons
    assert comparisons["name"].how is How.CASEFOLD
    tolerance = comparisons["credit_limit"].tolerance
    assert tolerance is not None
    assert (tolerance.name, tolerance.size, tolerance.reason) == (
        "rounding",
        Decimal("0.01"),
        "the source rounds once",
    )


INVOICES = """\
sagerecon: mapping/v1
mapping: invoices
source: {dataset: invoices, key: [doc_no, cust_no]}
target: {kind: sales_invoice, on_existing: create}
unmapped: {source: ignore, target: error_if_required}
leave_out:
  - name: merged
    when: 'sort == "M"'
    reason: it is part of another invoice
    merge_into: {mapping: invoices, by: [doc_no, cust_no]}
fields:
  contact_id: {ref: {mapping: customers, by: cust_no}}
  date: {from: day}
  reference: {from: doc_no}
  invoice_lines:
    each: {from: lines, as: line, where: 'line.amount != 0'}
    fields:
      description: {from: line.text, default: 'no text', do: [trim]}
      net_amount: {expr: 'line.amount * 0.2'}
      ledger_account_id:
        ref: {kind: ledger_account, by: {nominal_code: line.account}, do: [{crosswalk: accounts}]}
"""


def invoice(values: str, text: str = INVOICES) -> Any:
    files = {"customers.yaml": HEAD + "fields: {name: {from: name}}\n", "invoices.yaml": text}
    compiled, findings = compile_texts(files)
    assert [str(finding) for finding in findings] == []
    (only,) = compiled[1].outcomes(record(values, "invoices", "1021|C001"))
    return only


LINES = (
    '"lines": [{"account": "SALES", "amount": 10.05, "text": "a"}, {"account": "SALES", "amount": 0},'
    ' {"account": "BANK", "amount": 1, "text": " b"}]'
)


def test_header_and_lines_with_references() -> None:
    made = invoice(f'{{"doc_no": "1021", "cust_no": "C001", "day": "2017-03-31", {LINES}}}')
    assert isinstance(made, Draft)
    assert made.body["contact_id"] == Reference("contact", "customers/C001")
    assert made.body["invoice_lines"] == [
        {
            "description": "a",
            "net_amount": Decimal("2.010"),
            "ledger_account_id": Reference("ledger_account", NaturalKey("nominal_code", "4000")),
        },
        {
            "description": "b",
            "net_amount": Decimal("0.2"),
            "ledger_account_id": Reference("ledger_account", NaturalKey("nominal_code", "1200")),
        },
    ]
    assert [change.field for change in made.changes] == ["invoice_lines[3].description"]


def test_each_faulty_line_is_named() -> None:
    lines = '"lines": [{"account": "SALES", "amount": 1}, {"account": "X", "amount": 1}, {"amount": 1}]'
    made = invoice(f'{{"doc_no": "1021", "day": "2017-03-31", {lines}}}')
    assert isinstance(made, Quarantined)
    assert [f"{finding.code} {finding.message}" for finding in made.findings] == [
        "no_reference 1021|C001: contact_id: the key of the record in customers is blank.",
        "not_in_crosswalk 1021|C001: invoice_lines[2].ledger_account_id: accounts has no entry for 'X'.",
        "no_reference 1021|C001: invoice_lines[3].ledger_account_id: the key of the ledger account is blank.",
    ]


def test_a_merged_record_names_the_record_it_is_merged_into() -> None:
    made = invoice('{"doc_no": "1021", "cust_no": "C001", "sort": "M"}')
    assert isinstance(made, LeftOut)
    assert made.merged_into == "invoices/1021|C001"


def test_fixed_lines_and_conditions_on_lines() -> None:
    text = INVOICES.split("    each:", maxsplit=1)[0] + (
        "    items:\n"
        "      - fields: {description: {value: goods}, net_amount: {from: total}}\n"
        "      - when: 'total > 100'\n"
        "        fields: {description: {value: surcharge}, net_amount: {value: 1.50}}\n"
    )
    made = invoice('{"doc_no": "1", "cust_no": "C", "day": "2017-03-31", "total": 5}', text)
    assert made.body["invoice_lines"] == [{"description": "goods", "net_amount": 5}]
    made = invoice('{"doc_no": "1", "cust_no": "C", "day": "2017-03-31", "total": 500}', text)
    assert made.body["invoice_lines"][1] == {"description": "surcharge", "net_amount": Decimal("1.50")}


@pytest.mark.parametrize(
    ("name", "spec", "values", "expected"),
    [
        ("credit_limit", "{value: 12.10}", "{}", Decimal("12.10")),
        ("opened", "{value: 2017-03-31}", "{}", date(2017, 3, 31)),
        ("notes", "{value: 0010}", "{}", "0010"),
        ("notes", "{value: NO}", "{}", "NO"),
        ("credit_days", "{from: cust_no}", '{"cust_no": "0030"}', 30),
        ("credit_limit", "{from: days}", '{"days": 3}', Decimal(3)),
        ("notes", "{from: days}", '{"days": 3}', "3"),
        ("notes", "{from: param.home}", "{}", "GB"),
        ("opened", "{from: param.cut_over}", "{}", date(2017, 3, 31)),
        ("notes", "{from: addr.post code}", '{"addr": {"post code": "LE15"}}', "LE15"),
        ("notes", "{from: addr.town}", '{"addr": null}', None),
        ("notes", "{from: name}", '{"name": ""}', None),
        ("main_address", "{fields: {city: {from: addr.town}}}", "{}", None),
        ("notes", "{from: name, when: 'live'}", '{"name": "a", "live": false}', None),
        ("contact_type_ids", "{each: tags, from: item, do: [upper]}", '{"tags": ["customer"]}', ["CUSTOMER"]),
        ("notes", "{pick: {each: tags, expect: first}, from: item}", '{"tags": ["a", "b"]}', "a"),
        ("notes", "{pick: {each: tags, where: 'item == \"z\"'}, from: item}", '{"tags": ["a"]}', None),
        ("notes", "{from: odd}", '{"odd": "text"}', "text"),
        ("notes", "{from: odd}", '{"odd": 7}', "7"),
        ("credit_days", "{from: odd}", '{"odd": "30"}', 30),
        ("credit_limit", "{from: odd}", '{"odd": 30}', Decimal(30)),
        (
            "default_ledger_account_id",
            "{ref: {kind: ledger_account, by: {nominal_code: name}, on_missing: omit}}",
            "{}",
            None,
        ),
        (
            "default_ledger_account_id",
            "{ref: {kind: ledger_account, by: {nominal_code: {value: 4000}}}}",
            "{}",
            Reference("ledger_account", NaturalKey("nominal_code", "4000")),
        ),
        (
            "default_ledger_account_id",
            "{choose: [{when: live, ref: {kind: ledger_account, by: {nominal_code: name}}},"
            " {otherwise: omit}]}",
            '{"live": true, "name": "0040"}',
            Reference("ledger_account", NaturalKey("nominal_code", "40")),
        ),
    ],
)
def test_the_value_of_a_field(name: str, spec: str, values: str, expected: object) -> None:
    assert field(spec, values, name) == expected


def test_a_let_is_evaluated_once_and_its_changes_are_reported_once() -> None:
    made = draft(
        "let:\n  tidy: {from: name, do: [trim]}\n"
        "fields:\n  name: {from: tidy}\n  notes: {expr: 'tidy ~ tidy'}\n",
        '{"name": " a"}',
    )
    assert made.body == {"name": "a", "notes": "aa"}
    assert [change.field for change in made.changes] == ["tidy"]


def test_two_mappings_split_one_record() -> None:
    files = {
        f"{name}.yaml": HEAD.replace("customers\n", f"{name}\n", 1)
        + f"fields: {{name: {{from: name}}, contact_type_ids: {{value: [{word}]}}}}\n"
        for name, word in (("as_customer", "CUSTOMER"), ("as_supplier", "VENDOR"))
    }
    compiled, findings = compile_texts(files)
    assert findings == []
    made = [next(one.outcomes(record('{"name": "Oak"}'))) for one in compiled]
    assert [one.key for one in made] == ["as_customer/C001", "as_supplier/C001"]


def test_mappings_are_sorted_by_priority() -> None:
    files = {
        f"{name}.yaml": HEAD.replace("customers\n", f"{name}\n", 1) + f"priority: {n}\nfields: {{}}\n"
        for name, n in (("b", 2), ("a", 1))
    }
    assert [one.name for one in compile_texts(files)[0]] == ["a", "b"]


def test_a_faulty_file_does_not_affect_the_others() -> None:
    files = {"customers.yaml": CUSTOMERS, "bad.yaml": "mapping: bad\n"}
    compiled, findings = compile_texts(files)
    assert [one.name for one in compiled] == ["customers"]
    assert {finding.place.file for finding in findings} == {"bad.yaml"}


def test_two_files_with_the_same_mapping_name() -> None:
    _, findings = compile_texts({"a.yaml": HEAD + "fields: {}\n", "b.yaml": HEAD + "fields: {}\n"})
    assert [str(finding) for finding in findings] == [
        "b.yaml:2:10: the mapping name 'customers' is also used in a.yaml. Give each mapping its own name."
    ]


def test_a_kind_or_field_must_exist_in_the_country_and_edition() -> None:
    text = HEAD.replace("target: ignore", "target: error_if_required") + (
        "fields: {name: {from: name}, contact_type_ids: {value: [CUSTOMER]}}\n"
    )
    found = {
        (country, edition): [
            finding.code
            for finding in compile_texts({"c.yaml": text}, {"country": country, "edition": edition})[1]
        ]
        for country, edition in (("GB", "plus"), ("IE", "start"), ("DE", "plus"))
    }
    assert found[("GB", "plus")] == []
    assert found[("IE", "start")] == ["kind_not_available"]
    assert found[("DE", "plus")] == ["kind_not_available", "missing_field"]


def test_a_mapped_field_must_exist_in_the_country_and_edition() -> None:
    text = HEAD + "fields: {credit_limit: {from: limit}, registered_number: {from: name}}\n"
    _, findings = compile_texts({"c.yaml": text}, {"country": "GB", "edition": "start"})
    assert [str(finding) for finding in findings] == [
        "c.yaml:6:10: contact has no field 'credit_limit' in the Start edition. Remove it.",
        "c.yaml:6:39: contact has no field 'registered_number' in GB, only in DE. Remove it.",
    ]


@pytest.mark.parametrize(
    "part",
    [
        "leave_out: [{name: a, when: 'limit / 0 > 1', reason: b}]",
        "quarantine: [{name: a, when: 'limit / 0 > 1', reason: b}]",
        "choices: [{when: 'limit / 0 > 1', field: name, reason: b}]",
        "checks: [{name: a, assert: 'limit / 0 > 1'}]",
        "amount: limit / 0",
    ],
)
def test_a_rule_that_cannot_be_evaluated_quarantines_the_record(part: str) -> None:
    made = outcome(f"fields: {{name: {{from: name}}}}\n{part}\n", '{"name": "a", "limit": 5}')
    assert isinstance(made, Quarantined)
    assert made.findings[0].code == "division_by_zero"


def test_a_where_that_cannot_be_asked_quarantines_the_record() -> None:
    head = HEAD.replace("key: [cust_no]}", "key: [cust_no], where: 'limit / days > 1'}")
    compiled = mapping("fields: {name: {from: name}}\n", head)
    asked = {
        days: list(compiled.outcomes(record(f'{{"name": "a", "limit": 5, "days": {days}}}')))
        for days in (0, 1, 5)
    }
    (faulty,) = asked[0]
    assert isinstance(faulty, Quarantined) and faulty.key == "customers/C001"
    assert faulty.findings[0].code == "division_by_zero"
    assert [isinstance(outcome, Draft) for outcome in asked[1]] == [True]
    assert asked[5] == []


def test_a_record_is_not_left_out_where_an_earlier_rule_cannot_be_evaluated() -> None:
    rules = "[{name: a, when: 'limit / days > 9', reason: b}, {name: c, when: 'limit > 1', reason: d}]"
    made = outcome(
        f"fields: {{name: {{from: name}}}}\nleave_out: {rules}\n", '{"name": "a", "limit": 5, "days": 0}'
    )
    assert isinstance(made, Quarantined)
    assert [finding.code for finding in made.findings] == ["division_by_zero"]


def test_a_where_and_an_amount_that_cannot_be_read_are_two_findings() -> None:
    head = HEAD.replace("key: [cust_no]}", "key: [cust_no], where: 'limit / days > 1'}")
    compiled = mapping("amount: limit / days\nfields: {name: {from: name}}\n", head)
    (made,) = compiled.outcomes(record('{"name": "a", "limit": 5, "days": 0}'))
    assert isinstance(made, Quarantined)
    assert [finding.message.partition(":")[2].split(":")[0] for finding in made.findings] == [
        " source.where",
        " amount",
    ]


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ("leave_out: [{name: dormant, when: 'not live', reason: no trade}]", LeftOut),
        ("quarantine: [{name: dormant, when: 'not live', reason: no trade}]", Quarantined),
        ("checks: [{name: living, assert: live}]", Quarantined),
    ],
)
def test_a_record_without_a_draft_keeps_its_origins_amount_and_label(rule: str, made: type) -> None:
    text = f"label: name\namount: limit\nfields: {{name: {{from: name}}}}\n{rule}\n"
    found = outcome(text, '{"name": "Oak", "limit": 5, "live": false}')
    assert isinstance(found, made)
    assert (found.origins, found.amount, found.label) == ((Place("customers.csv", 17),), Decimal(5), "Oak")
    assert (found.kind, found.key) == ("contact", "customers/C001")


def test_unmapped_columns_warn_or_are_ignored() -> None:
    head = HEAD.replace("source: ignore", "source: warn")
    _, findings = compile_texts({"customers.yaml": head + "fields: {name: {from: name}}\n"})
    assert {finding.severity for finding in findings} == {Severity.WARNING}
    assert len(findings) == len(DATASETS["customers"]) - 3  # the key, the name and _origin
    assert findings_of("fields: {name: {from: name}}\n") == []


def test_the_same_input_gives_the_same_findings() -> None:
    text = CUSTOMERS.replace("trim", "trimm").replace("limit", "limt")
    once, twice = compile_texts({"c.yaml": text})[1], compile_texts({"c.yaml": text})[1]
    assert once == twice
    assert once == sorted(once, key=lambda finding: (finding.place, finding.code, finding.message))


def test_a_crosswalk_is_checked_against_the_field_it_fills() -> None:
    found = findings_of("fields: {contact_type_ids: {items: [{from: kind, do: [{crosswalk: types}]}]}}\n")
    assert found == [
        "constant_not_allowed crosswalks/types.csv:3:1: 'SUPPLIER' is not an allowed value of "
        "contact_type_ids[1]. Available: CUSTOMER, VENDOR."
    ]
    assert "SUPPLIER" in CROSSWALKS["types"][1]


SPOILERS = st.sampled_from(
    [
        None,
        True,
        7,
        "",
        "x",
        "item.y",
        "1 +",
        [],
        ["x"],
        [[]],
        [{"a": 1}],
        {},
        {"a": "b"},
        {"value": []},
        {"from": {}},
    ]
).map(deepcopy)  # a second spoiler may go into the first: the next example needs its own


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_no_broken_mapping_makes_the_compiler_fall_over(data: st.DataObject) -> None:
    """Replacing any node of a good mapping gives findings or another good mapping."""
    document = yaml.safe_load(data.draw(st.sampled_from([CUSTOMERS, INVOICES])))
    paths = list(_paths(document))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(paths))
        _replace(document, path, deepcopy(data.draw(SPOILERS)))  # two may be nested
    text = json.dumps(document, default=str)
    compiled, findings = compile_texts({"mapping.yaml": text})
    assert bool(compiled) is not any(finding.severity is Severity.ERROR for finding in findings)
    for one in compiled:
        for _ in one.outcomes(row()):
            pass


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Any:
    if path:
        yield path
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _paths(child, (*path, key))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _paths(child, (*path, number))


def _replace(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(document, dict) or (isinstance(document, list) and path[-1] in range(len(document))):
        document[path[-1]] = value


def test_the_schema_is_the_one_in_the_package() -> None:
    compiled, findings = compile_mappings(
        {"c.yaml": CUSTOMERS}, DATASETS, CATALOG, {}, PARAMETERS, schema("mapping")
    )
    assert (len(compiled), findings) == (1, [])
    assert Path(mapping("fields: {}\n").file).suffix == ".yaml"


def test_the_key_replaces_a_label_that_cannot_be_evaluated() -> None:
    made = outcome("label: 'text(1 / limit)'\nfields: {name: {from: name}}\n", '{"limit": 0, "name": "a"}')
    assert isinstance(made, Draft)
    assert made.label == "C001"


SHARES = """
sagerecon: mapping/v1
mapping: orders
source: {dataset: invoices, key: [doc_no]}
target: {kind: sales_invoice, on_existing: create}
unmapped: {source: ignore, target: ignore}
let:
  shares: {expr: 'allocate(total, values(lines, item.amount))'}
fields:
  invoice_lines:
    each: {from: lines, as: line, where: 'line.amount != 0'}
    fields:
      description: {from: line.text}
      net_amount: {expr: 'nth(shares, position())'}
"""


def test_a_total_is_spread_over_the_lines_of_each() -> None:
    """The position is that in the whole list, whatever `where` leaves out."""
    (only,), findings = compile_texts({"orders.yaml": SHARES})
    assert findings == []
    values = (
        '{"doc_no": "1", "total": 10.01, "lines": [{"text": "a", "amount": 5}, {"text": "b", "amount": 0},'
        ' {"text": "c", "amount": 5}]}'
    )
    (made,) = only.outcomes(record(values, "invoices", "1"))
    assert isinstance(made, Draft)
    assert made.body["invoice_lines"] == [
        {"description": "a", "net_amount": Decimal("5.01")},
        {"description": "c", "net_amount": Decimal("5.00")},
    ]


def test_records_are_merged_into_those_of_the_same_kind() -> None:
    head = "sagerecon: mapping/v1\nsource: {dataset: customers, key: [cust_no]}\n"
    goods = f"{head}mapping: goods\ntarget: {{kind: sales_invoice, on_existing: create}}\n"
    customers = (
        f"{head}mapping: customers\ntarget: {{kind: contact, on_existing: create}}\nleave_out:\n"
        "  - {name: a, when: live, reason: b, merge_into: {mapping: goods, by: cust_no}}\n"
    )
    rest = "unmapped: {source: ignore, target: ignore}\nfields: {}\n"
    _, findings = compile_texts({"goods.yaml": goods + rest, "customers.yaml": customers + rest})
    assert [str(finding) for finding in findings] == [
        "customers.yaml:6:60: goods makes a sales_invoice, and this mapping a contact."
        " Merge records into those of a mapping of the same kind."
    ]


def test_the_fields_whose_references_are_shortened_are_known_also_through_a_let() -> None:
    made = mapping(
        "let: {short: {from: cust_no, do: [short_reference]}}\n"
        "fields:\n  reference: {from: short}\n  name: {from: name}\n"
        "  notes: {choose: [{when: live, from: name, do: [{short_reference: 12}]}, {otherwise: omit}]}\n"
    )
    assert made.shortened == {"reference": "short", "notes": "notes"}

"""The second run: what became of the source between two exports, as `plan` and `apply` show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import SANDBOX, Served, serving
from typer.testing import Result

from sagerecon.model.value import read_json

PROJECT = f"""\
sagerecon: project/v1
company: Small Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-03-31
business: {{country: GB, currency: GBP}}
sage: {{address: {SANDBOX}}}
"""
SOURCES = """\
sagerecon: sources/v1
files:
  parties:
    path: parties.csv
    columns: {ref: {type: text, required: true}, name: {type: text, required: true}, city: {type: text}}
  documents:
    path: documents.csv
    columns:
      number: {type: text, required: true}
      ref: {type: text, required: true}
      date: {type: date, required: true}
      amount: {type: decimal, scale: 2, required: true}
datasets:
  parties:
    sql: |
      SELECT * FROM parties ORDER BY ref
  documents:
    sql: |
      SELECT *, [{account: '4000', amount: amount}] AS lines FROM documents ORDER BY number
"""
PARTIES = """\
sagerecon: mapping/v1
mapping: parties
source: {dataset: parties, key: [ref]}
target: {kind: contact, identity: {reference: ref}, on_existing: adopt_if_equal}
label: name
fields:
  reference: {from: ref}
  name: {from: name}
  contact_type_ids: {value: [CUSTOMER]}
  notes: {from: city}
"""
DOCUMENTS = """\
sagerecon: mapping/v1
mapping: documents
source: {dataset: documents, key: [number]}
target: {kind: sales_invoice, identity: {reference: reference}, on_existing: create}
label: '"invoice " ~ number'
amount: amount
fields:
  contact_id: {ref: {mapping: parties, by: ref, on_missing: quarantine}}
  date: {from: date}
  reference: {from: number}
  invoice_lines:
    each: lines
    fields:
      description: {value: Work}
      ledger_account_id:
        ref: {kind: ledger_account, by: {nominal_code: item.account}, on_missing: quarantine}
      quantity: {value: 1}
      unit_price: {from: item.amount}
      tax_rate_id: {value: GB_NO_TAX}
      tax_amount: {value: 0}
"""
CUSTOMERS = [f"{number:04}" for number in range(1, 4)]
NUMBERS = [f"{number:07}" for number in range(1042, 1062)]


def parties(refs: list[str], **names: str) -> str:
    rows = [f"{ref},{names.get('n' + ref, f'Firm {int(ref)}')},Leeds" for ref in refs]
    return "\n".join(["ref,name,city", *rows, ""])


def documents(numbers: list[str], refs: list[str]) -> str:
    rows = [
        f"{text},{refs[int(text) % 3]},2017-04-{int(text) % 28 + 1:02},{int(text)}.50" for text in numbers
    ]
    return "\n".join(["number,ref,date,amount", *rows, ""])


FILES = {
    "sagerecon.yaml": PROJECT,
    "sources.yaml": SOURCES,
    "mappings/parties.yaml": PARTIES,
    "mappings/documents.yaml": DOCUMENTS,
    "data/parties.csv": parties(CUSTOMERS),
    "data/documents.csv": documents(NUMBERS, CUSTOMERS),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a project whose first load is done; each test writes the source anew and may apply its plan."""
    folder = tmp_path_factory.mktemp("second") / "project"
    write(folder, FILES)
    with serving(folder) as served:
        served.planned()
        code, event = served.result("apply")
        assert (code, event["counts"]["created"]) == (0, 23)
        yield served


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def planned(
    served: Served, customers: str, invoices: str, sources: str = SOURCES
) -> tuple[Result, Counter[str]]:
    """Return the result of `plan` for a new export, and the number of its steps by action."""
    files = {"data/parties.csv": customers, "data/documents.csv": invoices, "sources.yaml": sources}
    write(served.folder, files)
    taken = served.run("snapshot")
    assert taken.exit_code == 0, taken.output
    result = served.run("plan")
    return result, Counter(step["action"] for step in steps(served))


def steps(served: Served) -> list[dict[str, object]]:
    lines = (served.folder / ".sagerecon/plan.jsonl").read_text().split("\n")
    documents = [read_json(line) for line in lines[1:] if line]
    return [document for document in documents if "action" in document]  # the last line is the seal


def text(result: Result) -> str:
    return " ".join(result.stdout.split())


def stripped(values: list[str]) -> list[str]:
    return [value.lstrip("0") for value in values]


def in_sage(served: Served, resource: str) -> int:
    return int(served.by_other_hand("GET", f"/{resource}").body["$total"])


def test_keys_without_their_zeros_are_not_created_again(loaded: Served) -> None:
    refs, numbers = stripped(CUSTOMERS), stripped(NUMBERS)
    before = in_sage(loaded, "sales_invoices")
    result, actions = planned(loaded, parties([*refs, "9"]), documents([*numbers, "5000"], refs))
    assert result.exit_code == 1, result.output
    assert actions == {"wait": 24, "create": 1, "read": 2}
    shown = text(result)
    assert (
        "20 sales_invoice records (21,040.00) may have been recorded by an earlier run under"
        " another key (leading zeros: 20 of 20): documents/1044 (earlier: documents/0001044)," in shown
    ), shown
    assert "3 contact records may have been recorded by an earlier run" in shown
    assert "1 sales_invoice record (5,000.50) refers to a record that waits, and is not sent" in shown
    code, event = loaded.result("plan")
    assert (code, event["actions"]) == (1, {"read": 2, "create": 1, "wait": 24})
    code, event = loaded.result("apply")
    assert (code, event["counts"]) == (1, {"read": 2, "created": 1, "undecided": 24})
    assert in_sage(loaded, "sales_invoices") == before


def test_keys_that_the_sql_rebuilds_are_the_earlier_ones(loaded: Served) -> None:
    sources = SOURCES.replace(
        "SELECT * FROM parties", "SELECT * REPLACE (lpad(ref, 4, '0') AS ref) FROM parties"
    )
    padded = "lpad(ref, 4, '0') AS ref, lpad(number, 7, '0') AS number"
    sources = sources.replace("SELECT *, [", f"SELECT * REPLACE ({padded}), [")
    refs = stripped(CUSTOMERS)
    result, actions = planned(loaded, parties(refs), documents(stripped(NUMBERS), refs), sources)
    assert (result.exit_code, actions["skip"], actions["create"]) == (0, 23, 0), result.output


def test_what_is_no_longer_in_the_source_is_named(loaded: Served) -> None:
    result, actions = planned(loaded, parties(CUSTOMERS), documents(NUMBERS[:-4], CUSTOMERS))
    assert (result.exit_code, actions["create"]) == (0, 0), result.output
    kept = [
        step["key"] for step in steps(loaded) if (step["action"], step["kind"]) == ("keep", "sales_invoice")
    ]
    assert kept == [f"documents/{number}" for number in NUMBERS[-4:]]
    assert (
        "4 sales_invoice records (4,240.00) recorded by an earlier run, gone from the source:"
        " documents/0001058 (invoice 0001058), documents/0001059 (invoice 0001059), documents/0001060"
        " (invoice 0001060), and 1 more. Left in Sage unchanged." in text(result)
    ), result.stdout


def test_an_update_sends_only_what_changed(loaded: Served) -> None:
    before = loaded.by_other_hand("GET", "/contacts").body["$items"]
    (oak,) = [item["id"] for item in before if item["displayed_as"] == "Firm 2 (0002)"]
    result, actions = planned(loaded, parties(CUSTOMERS, n0002="Oak Limited"), documents(NUMBERS, CUSTOMERS))
    assert (result.exit_code, actions["update"]) == (0, 1), result.output
    (step,) = [step for step in steps(loaded) if step["action"] == "update"]
    assert (step["changed"], step["look_calls"]) == (["name"], 1)
    code, event = loaded.result("apply")
    assert (code, event["counts"]["updated"]) == (0, 1)
    held = loaded.by_other_hand("GET", f"/contacts/{oak}").body
    assert (held["name"], held["notes"]) == ("Oak Limited", "Leeds")
    again, actions = planned(loaded, parties(CUSTOMERS, n0002="Oak Limited"), documents(NUMBERS, CUSTOMERS))
    assert (again.exit_code, actions["update"]) == (0, 0)


def test_a_field_that_the_source_no_longer_has_is_cleared(loaded: Served) -> None:
    held = loaded.by_other_hand("GET", "/contacts").body["$items"]
    (third,) = [item["id"] for item in held if item["displayed_as"] == "Firm 3 (0003)"]
    emptied = parties(CUSTOMERS).replace("0003,Firm 3,Leeds", "0003,Firm 3,")
    result, _ = planned(loaded, emptied, documents(NUMBERS, CUSTOMERS))
    changed = [step["changed"] for step in steps(loaded) if step["key"] == "parties/0003"]
    assert (result.exit_code, changed) == (0, [["notes"]]), result.output
    code, event = loaded.result("apply")
    assert (code, event["counts"].get("quarantined")) == (0, None)
    assert not loaded.by_other_hand("GET", f"/contacts/{third}").body["notes"]


def test_a_field_changed_on_both_sides_is_not_overwritten(loaded: Served) -> None:
    held = loaded.by_other_hand("GET", "/contacts").body["$items"]
    (first,) = [item["id"] for item in held if item["displayed_as"] == "Firm 1 (0001)"]
    loaded.clock.sleep(60_000)
    loaded.by_other_hand("PUT", f"/contacts/{first}", {"contact": {"name": "Firm One Ltd"}})
    assert loaded.run("reconcile").exit_code == 1
    remedy = "Left in Sage unchanged. Decide: sagerecon decide take contact:edited_in_sage ANSWER"
    assert remedy in text(loaded.run("plan"))
    renamed = parties(CUSTOMERS).replace("0001,Firm 1,Leeds", "0001,Firm Uno,Leeds")
    result, _ = planned(loaded, renamed, documents(NUMBERS, CUSTOMERS))
    (action,) = [step["action"] for step in steps(loaded) if step["key"] == "parties/0001"]
    assert (result.exit_code, action) == (1, "wait"), result.output
    assert "Not sent: 1 contact record (both changed): parties/0001." in text(result)
    shown = loaded.run("decide", "show", "parties/0001")
    assert "See the values of each side: sagerecon explain parties/0001.name" in text(shown)
    explained = text(loaded.run("explain", "parties/0001.name"))
    assert "draft Firm Uno" in explained and "Sage holds Firm One Ltd" in explained


def test_what_waits_is_listed_with_its_command(loaded: Served) -> None:
    refs, numbers = stripped(CUSTOMERS), stripped(NUMBERS)
    result, _ = planned(loaded, parties(refs), documents(numbers, refs))
    command = 'sagerecon decide take sales_invoice:renamed:leading_zeros {} --because "WHY"'
    answers = "where ANSWER is same_record or two_records"
    assert f"Or decide: {command.format('ANSWER')}, {answers}" in text(result)
    listed = loaded.run("decide", "list")
    assert listed.exit_code == 1
    assert "sales_invoice:renamed:leading_zeros: 20 records (21,040.00), renamed in the source" in text(
        listed
    )
    lines = [line.strip() for line in listed.stdout.splitlines()]  # each command is one line, to be copied
    for answer, meaning in (
        ("same_record", "the record that was written earlier, under a new key"),
        ("two_records", "another record than the earlier one; it is created"),
    ):
        assert lines[lines.index(command.format(answer)) + 1] == f"{answer}: {meaning}"
    for name in ("documents/1044", "invoice 1044"):
        shown = loaded.run("decide", "show", name)
        assert "documents/1044 (invoice 1044), earlier documents/0001044" in text(shown)
        assert "See the values of each side: sagerecon explain documents/1044" in text(shown)
        assert "sagerecon decide take documents/1044 same_record --because" in text(shown)
    of_kind = loaded.run("decide", "show", "sales_invoice")
    assert of_kind.exit_code == 2
    assert "Its groups are: sales_invoice:renamed:leading_zeros." in " ".join(of_kind.output.split())
    wrong = loaded.run("decide", "take", "contact:renamed:leading_zeros", "same", "--because", "x")
    assert wrong.exit_code == 2
    assert "same_record" in wrong.output
    unknown = loaded.run("decide", "take", "contact:renamed:leading_zero", "same_record", "--because", "x")
    assert "Did you mean 'contact:renamed:leading_zeros'?" in " ".join(unknown.output.split())
    assert not (loaded.folder / "decisions.yaml").exists()


def test_an_entity_without_a_record_has_no_values_to_explain(loaded: Served) -> None:
    loaded.clock.sleep(60_000)
    body = {"name": "By Hand Ltd", "reference": "HAND1", "contact_type_ids": ["CUSTOMER"]}
    made = str(loaded.by_other_hand("POST", "/contacts", {"contact": body}).body["id"])
    reconciled = loaded.run("reconcile")
    assert "Some of them can be settled by decision: sagerecon decide list" in text(reconciled)
    shown = loaded.run("decide", "show", made)
    assert f"sagerecon decide take {made} theirs --because" in text(shown)
    assert "sagerecon explain" not in text(shown)
    assert "Decide: sagerecon decide" not in text(loaded.run("plan"))

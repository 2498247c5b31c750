"""`explain` of a record that may be an earlier one, or in Sage already, shows the values of each side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Served, serving
from test_cli_second_run import CUSTOMERS, FILES, NUMBERS, documents, parties, text, write

NOT_READ = "not read yet: sagerecon reconcile"
EARLIER = f"documents/{NUMBERS[0]}"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    write(tmp_path / "project", FILES)
    with serving(tmp_path / "project") as opened:
        opened.planned()
        assert opened.run("apply").exit_code == 0
        opened.clock.sleep(60_000)
        yield opened


def export(served: Served, invoices: str) -> None:
    write(served.folder, {"data/documents.csv": invoices})
    assert served.run("snapshot").exit_code == 0


def renamed(served: Served) -> None:
    """Give the first invoice another number in the source."""
    export(served, documents(NUMBERS, CUSTOMERS).replace(f"{NUMBERS[0]},", "Q1,"))


def explained(served: Served, name: str) -> str:
    result = served.run("explain", name)
    assert result.exit_code == 0, result.output
    return text(result)


def by_hand(served: Served, like: str, *references: str) -> list[str]:
    """Enter invoices as another user, like one that was written but for their number; return their ids."""
    items = served.by_other_hand("GET", "/sales_invoices", attributes="all", items_per_page="200").body
    one = next(item for item in items["$items"] if item["reference"] == like)
    line = one["invoice_lines"][0]
    body = {
        "contact_id": one["contact"]["id"],
        "date": "2017-05-05",
        "invoice_lines": [
            {
                "description": "By hand",
                "ledger_account_id": line["ledger_account"]["id"],
                "quantity": "1",
                "unit_price": "77.50",
                "tax_rate_id": "GB_NO_TAX",
                "tax_amount": "0",
            }
        ],
    }
    answers = [
        served.by_other_hand("POST", "/sales_invoices", {"sales_invoice": {**body, "reference": reference}})
        for reference in references
    ]
    assert all(answer.status == 201 for answer in answers), answers
    return [str(answer.body["id"]) for answer in answers]


def test_a_renamed_record_is_explained_by_its_earlier_key_on_every_side(served: Served) -> None:
    renamed(served)
    served.run("plan")
    planned = explained(served, "documents/Q1")  # the plan names the earlier key before Sage was read
    assert f"may be {EARLIER}, Sage id" in planned and f"Sage holds {NOT_READ}" in planned
    served.run("reconcile")
    (served.folder / ".sagerecon/plan.jsonl").unlink()
    whole = explained(served, "documents/Q1")
    assert f"may be {EARLIER}, Sage id" in whole and f"sagerecon explain {EARLIER}" in whole, whole
    assert f'"reference":"{NUMBERS[0]}"' in whole.partition(" sent ")[2].partition("Sage holds")[0]
    assert f'"reference":"{NUMBERS[0]}"' in whole.partition("Sage holds")[2]
    field = explained(served, "documents/Q1.reference")
    assert f"draft Q1 may be {EARLIER}, Sage id" in field, field
    assert f"sagerecon explain {EARLIER}.reference sent {NUMBERS[0]} Sage holds {NUMBERS[0]}" in field
    assert "nothing yet" not in field and NOT_READ not in whole + field
    event = served.result("explain", "documents/Q1.reference")[1]
    (found,) = event["may_be"]
    assert (found["key"], found["in_sage"]) == (EARLIER, "found")
    assert found["values"] == [{"field": "reference", "draft": "Q1", "sent": NUMBERS[0], "sage": NUMBERS[0]}]
    (found,) = served.result("explain", "documents/Q1")[1]["may_be"]
    assert found["sent"]["reference"] == found["sage"]["reference"] == NUMBERS[0]


def test_what_was_deleted_in_sage_is_not_called_unread(served: Served) -> None:
    write(served.folder, {"data/parties.csv": parties([*CUSTOMERS, "0004"])})
    served.planned()
    assert served.run("apply").exit_code == 0
    served.clock.sleep(60_000)
    items = served.by_other_hand("GET", "/contacts").body["$items"]
    sage_id = next(item["id"] for item in items if item["displayed_as"].startswith("Firm 4"))
    assert f"sent Firm 4 Sage holds {NOT_READ}" in explained(served, "parties/0004.name")
    assert served.by_other_hand("DELETE", f"/contacts/{sage_id}").status < 300
    served.run("reconcile")
    assert "sent Firm 4 Sage holds not found in Sage" in explained(served, "parties/0004.name")


def test_a_record_that_sage_holds_already_is_explained_by_the_entity(served: Served) -> None:
    (theirs,) = by_hand(served, NUMBERS[0], "by hand")
    served.run("reconcile")
    invoices = documents(NUMBERS, CUSTOMERS) + f"H1,{CUSTOMERS[int(NUMBERS[0]) % 3]},2017-05-05,77.50\n"
    export(served, invoices)
    unknown = explained(served, "documents/H1.reference")  # neither planned nor compared
    assert f"sent nothing yet Sage holds {NOT_READ}" in unknown
    served.run("plan")
    planned = explained(served, "documents/H1.reference")
    assert f"draft H1 may be Sage id {theirs} (SI-21) Sage holds by hand" in planned, planned
    served.run("reconcile")
    (served.folder / ".sagerecon/plan.jsonl").unlink()  # the reconciliation knows it by itself
    whole = explained(served, "documents/H1")
    assert f"may be Sage id {theirs} (SI-21)" in whole, whole
    assert '"reference":"by hand"' in whole.partition("Sage holds {")[2]
    field = explained(served, "documents/H1.reference")
    assert f"draft H1 may be Sage id {theirs} (SI-21) Sage holds by hand verdict" in field, field
    assert NOT_READ not in whole + field


def test_of_several_entities_each_is_shown_and_the_others_are_named(served: Served) -> None:
    theirs = by_hand(served, NUMBERS[0], *(f"hand {number}" for number in range(4)))
    invoices = documents(NUMBERS, CUSTOMERS) + f"H1,{CUSTOMERS[int(NUMBERS[0]) % 3]},2017-05-05,77.50\n"
    export(served, invoices)
    served.run("reconcile")
    found = explained(served, "documents/H1.reference")
    assert all(f"may be Sage id {sage_id} (SI-" in found for sage_id in theirs), found
    assert found.count("Sage holds hand") == 3 and NOT_READ not in found


def test_of_several_earlier_records_each_is_shown(served: Served) -> None:
    contact = CUSTOMERS[int(NUMBERS[0]) % 3]
    twins = [f"T{number},{contact},2017-06-06,33.50" for number in (1, 2)]
    export(served, documents(NUMBERS, CUSTOMERS) + "\n".join([*twins, ""]))
    assert served.run("plan").exit_code == 0
    assert served.run("apply").exit_code == 0
    served.clock.sleep(60_000)
    export(served, documents(NUMBERS, CUSTOMERS) + f"Q9,{contact},2017-06-06,33.50\n")
    served.run("reconcile")
    found = explained(served, "documents/Q9.reference")
    for key in ("T1", "T2"):
        assert f"sagerecon explain documents/{key}.reference sent {key} Sage holds {key}" in found, found


def test_a_new_record_is_like_nothing_that_was_read(served: Served) -> None:
    export(served, documents([*NUMBERS, "5000"], CUSTOMERS))
    served.run("reconcile")
    found = explained(served, "documents/5000.reference")
    assert "sent nothing yet Sage holds nothing that it may be" in found, found

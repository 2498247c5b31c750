"""What refers to a record that is left out by decision is named by the plan, and not sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from history_source import FILES
from served import SANDBOX, Served, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve a company that is loaded, and a source with two customers, an invoice and a payment more."""
    files = {
        **FILES,
        "sagerecon.yaml": FILES["sagerecon.yaml"] + f"sage: {{address: {SANDBOX}}}\n",
        "data/banks.csv": "name,code\nMain,1210\n",
        "data/customers.csv": "ref,name,notes\n0001,Oak Ltd,\n",
        "data/invoices.csv": "number,ref,date,amount\n00011,0001,2017-04-02,100.00\n",
        "data/payments.csv": "number,ref,date,amount,bank\n00031,0001,2017-05-01,30.00,Main\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(tmp_path) as found:
        found.planned()
        assert found.run("apply").exit_code == 0
        found.clock.sleep(60_000)
        for name, row in {
            "customers": "0077,New 7,\n0078,New 8,\n",
            "invoices": "99,0077,2017-06-01,5.00\n",
            "payments": "41,0077,2017-06-02,5.00,Main\n",
        }.items():
            with (tmp_path / f"data/{name}.csv").open("a") as file:
                file.write(row)
        found.planned()
        yield found


def planned(served: Served) -> tuple[int, str]:
    served.clock.sleep(1_000)
    ran = served.run("plan")
    return ran.exit_code, " ".join(ran.output.split())


def test_what_refers_to_a_record_left_out_by_decision_is_named_and_not_sent(served: Served) -> None:
    decided = served.run("decide", "take", "customers/0077", "leave_out", "--because", "closed")
    assert decided.exit_code == 0, decided.output
    exit_code, words = planned(served)
    assert exit_code == 1
    for record in ("1 sales_invoice record (5.00)", "1 contact_payment record (5.00)"):
        assert f"{record} refers to a record that is left out by decision, and is not sent" in words, words
    assert "invoices/99 (refers to customers/0077)" in words
    assert (
        "Drop that decision (sagerecon decide drop customers/0077), or leave it out as well: "
        "sagerecon decide take invoices/99 leave_out" in words
    )
    held = len(served.by_other_hand("GET", "/contacts").body["$items"])
    applied = served.run("apply")
    assert applied.exit_code == 1
    assert "1 created" in applied.output and "blocked" not in applied.output, applied.output
    assert len(served.by_other_hand("GET", "/contacts").body["$items"]) == held + 1
    assert len(served.by_other_hand("GET", "/sales_invoices").body["$items"]) == 1


def test_it_is_left_out_as_well_or_the_decision_is_dropped(served: Served) -> None:
    for key in ("customers/0077", "invoices/99", "payments/41"):
        assert served.run("decide", "take", key, "leave_out", "--because", "closed").exit_code == 0
    exit_code, words = planned(served)
    assert (exit_code, "refers to" in words) == (0, False), words
    for key in ("customers/0077", "invoices/99", "payments/41"):
        assert served.run("decide", "drop", key).exit_code == 0
    exit_code, words = planned(served)
    assert (exit_code, "refers to" in words) == (0, False), words
    applied = served.run("apply")
    assert applied.exit_code == 0 and "4 created" in applied.output, applied.output


def test_a_decision_about_a_group_names_the_group_to_drop(served: Served) -> None:
    assert served.run("decide", "take", "contact:new", "leave_out", "--because", "closed").exit_code == 0
    exit_code, words = planned(served)
    assert exit_code == 1
    assert "Drop that decision (sagerecon decide drop contact:new)" in words, words


def test_what_refers_to_a_record_left_out_by_a_rule_is_quarantined(served: Served) -> None:
    mapping = served.folder / "mappings/customers.yaml"
    rule = "leave_out:\n  - {name: closed, when: \"ref == '0077'\", reason: closed}\n"
    mapping.write_text(mapping.read_text() + rule)
    exit_code, words = planned(served)
    assert exit_code == 1
    assert "refers to a record that will not be in Sage: New 7 (customers.csv:3) is left out." in words, words


def test_the_list_of_decisions_names_what_waits_for_one_that_was_made(served: Served) -> None:
    assert served.run("decide", "list").exit_code == 0
    for key in ("customers/0077", "invoices/99"):
        assert served.run("decide", "take", key, "leave_out", "--because", "closed").exit_code == 0
    listed = served.run("decide", "list")
    words = " ".join(listed.output.split())
    assert listed.exit_code == 1 and "Nothing waits" not in words
    assert (
        "1 record refers to what is left out by the decision about customers/0077: payments/41 (payment 41)"
        " Drop that decision: sagerecon decide drop customers/0077 Or leave it out as well:"
        ' sagerecon decide take payments/41 leave_out --because "WHY"' in words
    ), words
    assert served.run("decide", "take", "payments/41", "leave_out", "--because", "closed").exit_code == 0
    listed = served.run("decide", "list")
    assert listed.exit_code == 0 and "Nothing waits for a decision." in listed.output

"""What is quarantined or left out is listed by `snapshot`, `plan` and `status`, before any total."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from history_source import FILES
from served import SANDBOX, Served, serving

MAPPING = FILES["mappings/customers.yaml"]
CONTROL = """\
controls:
  count:
    about: customers
    severity: warning
    figures:
      all: {sql: "SELECT '' AS bucket, count(*) AS amount FROM customers"}
      some: {sql: "SELECT '' AS bucket, 1 AS amount"}
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve a company of six customers, of whom one is quarantined and three are left out."""
    files = {
        **FILES,
        "sagerecon.yaml": FILES["sagerecon.yaml"] + f"sage: {{address: {SANDBOX}}}\n",
        "sources.yaml": FILES["sources.yaml"] + CONTROL,
        "mappings/customers.yaml": MAPPING
        + "leave_out: [{name: closed, when: 'notes == \"closed\"', reason: the account is closed}]\n"
        + "quarantine: [{name: unclear, when: 'notes == \"?\"', reason: nobody knows the customer}]\n",
        "data/banks.csv": "name,code\nMain,1210\n",
        "data/customers.csv": "ref,name,notes\n0001,Oak,\n0002,Elm,?\n"
        "0003,Ash,closed\n0004,Fir,closed\n0005,Yew,closed\n0006,Bay,\n",
        "data/invoices.csv": "number,ref,date,amount\n00011,0001,2017-04-02,1.00\n",
        "data/payments.csv": "number,ref,date,amount,bank\n00031,0001,2017-05-01,1.00,Main\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(tmp_path) as found:
        yield found


def events(served: Served, word: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in served.run(word, "--json").stdout.splitlines()]


@pytest.mark.parametrize("word", ["snapshot", "plan"])
def test_records_that_are_not_carried_are_listed_before_any_total(served: Served, word: str) -> None:
    served.run("snapshot")
    shown = " ".join(served.run(word).stdout.split())
    quarantined = shown.index("quarantined Elm")
    left_out = shown.index("left out 3 records of customers")
    assert "by rule closed: the account is closed Ash, Fir, Yew" in shown
    assert quarantined < left_out < shown.index("customers, two ways")
    found = [event for event in events(served, word) if event["event"] == "not_carried"]
    assert sorted((e["state"], e["key"], e["rule"], e["rows"]) for e in found) == [
        ("left out", "customers/0003", "closed", ["customers.csv:4"]),
        ("left out", "customers/0004", "closed", ["customers.csv:5"]),
        ("left out", "customers/0005", "closed", ["customers.csv:6"]),
        ("quarantined", "customers/0002", "", ["customers.csv:3"]),
    ]
    assert [f["message"] for e in found for f in e["findings"]] != []


def test_status_lists_them_with_the_run(served: Served) -> None:
    served.run("snapshot")
    served.run("plan")
    served.run("apply")
    ran = served.run("status")
    assert ran.exit_code == 1
    assert "quarantined Elm" in ran.stdout and "left out 3 records of customers by rule closed" in ran.stdout
    _, result = served.result("status")
    assert result["left_out"] == ["customers/0003", "customers/0004", "customers/0005"]
    assert result["quarantined"] == ["customers/0002"]

"""Listings that lose entities while they are read: what moved to an earlier page does not count as absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands import plans, runs, sources
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.step import Action
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event

OTHERS = 205


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    """Open a business with more than one page of contacts; the source has the first of the second page."""
    folder = write_tiny(tmp_path / "project")
    (folder / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    with signed_in(folder) as opened:
        for number in range(OTHERS):
            body = {
                "name": f"Firm {number:03}",
                "reference": f"F{number:03}",
                "contact_type_ids": ["CUSTOMER"],
            }
            assert opened.by_other_hand("POST", "/contacts", {"contact": body}).status == 201
        found = listing(opened, page="2")[0]
        rows = f"ref,name\n{found['reference']},{found['name']}\n"
        (folder / "data/contacts.csv").write_text(rows)
        yield opened


def listing(moving: Move, **query: str) -> list[dict[str, str]]:
    query = {"items_per_page": "200", "attributes": "name,reference", **query}
    items: list[dict[str, str]] = moving.by_other_hand("GET", "/contacts", **query).body["$items"]
    return items


def deletions(moving: Move) -> Fault:
    """Return a fault that deletes the first of the other contacts."""

    def delete() -> None:
        first = next(item for item in listing(moving) if item.get("reference", "").startswith("F"))
        assert moving.by_other_hand("DELETE", f"/contacts/{first['id']}").status in (200, 204)

    return Fault(FaultType.EDIT, edit=delete)


def plan(moving: Move) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)


def total(moving: Move) -> int:
    count: int = moving.by_other_hand("GET", "/contacts", exclude_system="true").body["$total"]
    return count


def test_a_listing_that_lost_an_entity_is_read_again(moving: Move) -> None:
    plan(moving)
    moving.faults.add(Trigger(2, "GET", "/contacts"), deletions(moving))
    outcome = runs.apply(moving.project, moving.clock, moving.session)
    assert outcome.counts[Event.ADOPTED] == 1
    assert total(moving) == OTHERS - 1


def test_a_listing_that_loses_entities_each_time_was_not_read_whole(moving: Move) -> None:
    plan(moving)
    moving.faults.add(Trigger(1, "GET", "/contacts", times=6), deletions(moving))
    outcome = runs.apply(moving.project, moving.clock, moving.session)
    assert outcome.counts[Event.PARKED] == 1
    assert Event.CREATED not in outcome.counts
    assert total(moving) == OTHERS - 6
    outcome = runs.apply(moving.project, moving.clock, moving.session)
    assert outcome.counts[Event.ADOPTED] == 1


def shifted(moving: Move, ours: int) -> Fault:
    """Return a fault that deletes `ours` earlier contacts and adds as many, before a second page is read."""
    requests = iter(range(1_000))

    def shift() -> None:
        if next(requests) != 1:
            return
        for number, item in enumerate(
            [item for item in listing(moving) if item.get("reference", "").startswith("F")][:ours]
        ):
            assert moving.by_other_hand("DELETE", f"/contacts/{item['id']}").status in (200, 204)
            body = {"name": f"New {number}", "reference": f"N{number}", "contact_type_ids": ["CUSTOMER"]}
            assert moving.by_other_hand("POST", "/contacts", {"contact": body}).status == 201

    return Fault(FaultType.EDIT, edit=shift)


def reconciled(moving: Move) -> tuple[dict[str, Verdict], list[tuple[str, int, int]]]:
    """Return the verdicts on our records, and key, pages and entities of each reading of contacts."""
    found = moving.reconcile().reconciliation
    readings = [r for r in found.coverage.readings.listings if r.kind == "contact"]
    return (
        {verdict.key: verdict.verdict for verdict in found.verdicts if verdict.key},
        [(reading.key.partition(" ")[0], reading.pages, reading.count) for reading in readings],
    )


def actions(moving: Move) -> set[Action]:
    made = plans.plan(moving.project, moving.clock)
    return {step.action for step in made.steps if step.key.startswith("customers/")}


def ours(moving: Move) -> str:
    reference = (moving.folder / "data/contacts.csv").read_text().splitlines()[1].partition(",")[0]
    return next(
        item["id"]
        for page in "12"
        for item in listing(moving, page=page)
        if item.get("reference") == reference
    )


def test_a_record_that_moved_between_two_pages_is_looked_for_by_itself(moving: Move) -> None:
    plan(moving)
    assert runs.apply(moving.project, moving.clock, moving.session).counts[Event.ADOPTED] == 1
    sage_id = ours(moving)
    moving.faults.add(Trigger(1, "GET", "/contacts", times=99), shifted(moving, 1))
    verdicts, readings = reconciled(moving)
    assert set(verdicts.values()) == {Verdict.VERIFIED}
    assert [entry for entry in readings if sage_id in entry[0]] == [(f"contacts/{sage_id}", 1, 1)]
    assert actions(moving) == {Action.SKIP}
    # Once deleted, it is looked for where the report of deletions fails: evidence for the next plan too.
    assert moving.by_other_hand("DELETE", f"/contacts/{sage_id}").status in (200, 204)
    report_fails = Trigger(3, "GET", "/contacts"), Fault(FaultType.ERROR, status=403)
    moving.faults.add(*report_fails)
    verdicts, readings = reconciled(moving)
    assert set(verdicts.values()) == {Verdict.MISSING}
    assert [entry for entry in readings if sage_id in entry[0]] == [(f"contacts/{sage_id}", 1, 0)]
    assert actions(moving) == {Action.WAIT}
    # What Sage reports as deleted is not asked for, and is deleted for good.
    verdicts, readings = reconciled(moving)
    assert (set(verdicts.values()), len(readings)) == ({Verdict.DELETED}, 1)
    moving.faults.add(*report_fails)
    verdicts, _ = reconciled(moving)
    assert set(verdicts.values()) == {Verdict.DELETED}


def test_where_many_records_are_missing_the_listing_is_read_again(moving: Move) -> None:
    first = listing(moving, page="2")[:3]
    rows = "".join(f"{item['reference']},{item['name']}\n" for item in first)
    (moving.folder / "data/contacts.csv").write_text(f"ref,name\n{rows}")
    plan(moving)
    assert runs.apply(moving.project, moving.clock, moving.session).counts[Event.ADOPTED] == 3
    moving.faults.add(Trigger(1, "GET", "/contacts", times=99), shifted(moving, 3))
    found = moving.reconcile().reconciliation
    readings = [r for r in found.coverage.readings.listings if r.kind == "contact"]
    assert {verdict.verdict for verdict in found.verdicts if verdict.key} == {Verdict.VERIFIED}
    assert [(reading.key.partition(" ")[0], reading.pages) for reading in readings] == [
        ("contacts/read-back", 2),
        ("contacts/read-again", 2),
    ]
    # Each entity is counted once, although three were deleted while they were read.
    again = moving.reconcile().reconciliation
    lines = [line for each in (found, again) for line in each.sage if line.kind == "contact"]
    held, now = (line.held.count for line in lines)
    assert held == now + 3

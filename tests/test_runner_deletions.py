"""Listings that lose entities while they are read: what moved to an earlier page does not count as absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands import plans, runs, sources
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

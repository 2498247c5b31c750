"""What a listing shows of a record, and the price of the looks before updates and adoptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from runs import customer, invoice
from test_planning_planner import as_written

from sagerecon.documents.package import catalog
from sagerecon.planning.cost import lower_bound
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.looks import with_looks
from sagerecon.planning.readings import read_back
from sagerecon.planning.shown import is_listed
from sagerecon.planning.step import AdoptStep, ReadStep, Step, UpdateStep

ADDRESS = {"address_line_1": "1 High St"}
LINK = {"id": "a", "displayed_as": "1 High St", "$path": "/addresses/a"}


def update(number: int, kind: str = "sales_invoice", **body: Any) -> UpdateStep:
    draft = invoice(number, "customers/C1")
    whole = {**draft.body, **body}
    return UpdateStep(kind=kind, key=draft.key, reason="changed", body=whole, changed=("date", *body))


def adoption(number: int) -> AdoptStep:
    draft = invoice(number, "customers/C1")
    return AdoptStep(
        kind=draft.kind, key=draft.key, reason="equal", body=draft.body, sage_id=f"{number}", is_equal=True
    )


def looked_up(*steps: Step, entities: int = 0, readings: tuple[ReadStep, ...] = ()) -> list[Step]:
    kinds = {step.kind for step in steps}
    return with_looks(readings, steps, KnownEntities(counts=dict.fromkeys(kinds, entities)), catalog(), {})


def price(*steps: Step) -> int:
    return sum(step.calls for step in steps if not isinstance(step, UpdateStep | AdoptStep)) + sum(
        step.look_calls for step in steps if isinstance(step, UpdateStep | AdoptStep)
    )


def test_lines_are_shown_by_a_listing_with_attributes() -> None:
    first, *rest = looked_up(update(1), update(2), entities=60)
    assert isinstance(first, ReadStep) and first.key == "sales_invoices/before-updates"
    assert {"invoice_lines", "date", "reference"} <= set(first.query["attributes"].split(","))
    assert [step.look_calls for step in rest if isinstance(step, UpdateStep)] == [0, 0]


@pytest.mark.parametrize(
    ("sent", "answer", "is_shown"),
    [
        ({}, {}, True),
        ({}, {"main_address": LINK}, True),
        ({}, {"main_address": ADDRESS}, True),
        ({}, {"main_address": {**LINK, **ADDRESS}}, False),
        ({"main_address": ADDRESS}, {}, False),
        ({"main_address": ADDRESS}, {"main_address": LINK}, False),
        ({"main_address": ADDRESS}, {"main_address": ADDRESS}, True),
    ],
)
def test_an_object_with_a_path_of_its_own_takes_a_look_at_its_record(
    sent: Mapping[str, Any], answer: Mapping[str, Any], is_shown: bool
) -> None:
    before = replace(as_written(invoice(1, "customers/C1")), answer=answer)
    assert is_listed(update(1, **sent), catalog(), {(before.kind, before.key): before}) is is_shown


def test_a_kind_whose_listing_shows_nested_objects_is_listed() -> None:
    draft = customer(1, main_address=ADDRESS)
    step = UpdateStep(
        kind="contact", key=draft.key, reason="changed", body=draft.body, changed=("main_address",)
    )
    assert is_listed(step, catalog())


@pytest.mark.parametrize(("entities", "calls"), [(1, 1), (200, 1), (400, 2), (401, 3), (5_000, 3)])
def test_the_cheaper_of_pages_and_single_looks_is_taken(entities: int, calls: int) -> None:
    steps = looked_up(update(1), adoption(2), update(3), entities=entities)
    assert price(*steps) == calls
    assert any(isinstance(step, ReadStep) for step in steps) is (entities <= 400)


def test_a_record_that_no_listing_shows_is_read_by_itself_beside_a_listing() -> None:
    steps = looked_up(update(1), update(2), update(3, main_address=ADDRESS), entities=3)
    assert [getattr(step, "look_calls", None) for step in steps] == [None, 0, 0, 1]
    assert lower_bound(steps, catalog()) == (5, "every call carries one record or a full page")


def test_a_search_for_one_entity_is_no_listing_of_its_kind() -> None:
    listing = read_back(catalog()["sales_invoice"], 0, catalog())
    search = replace(listing, query={**listing.query, "search": "I1"})
    first, *rest = looked_up(update(1), readings=(search,))
    assert (first, price(*rest)) == (search, 1)


def test_the_minimum_of_single_looks_is_full_pages() -> None:
    steps = looked_up(*(update(number) for number in range(3)), entities=5_000)
    assert sum(step.calls for step in steps) == 6  # type: ignore[union-attr]
    assert lower_bound(steps, catalog()) == (
        4,
        "2 calls to read records one by one, where a listing takes no fewer",
    )

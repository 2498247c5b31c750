"""The law of the figures a decision rests on: a reading that shows what was written changes none of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reconciliation_cases import BEGAN, CATALOG, Company
from test_pairing_law import KEY, LEFT, OAK, RULES, answers, drafts, source, written

from sagerecon.model.draft import Draft, Outcome
from sagerecon.pairing.figures import figures
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.pairing.position import EntityReading, Position
from sagerecon.pairing.read_from_sage import NOT_READ, ReadFromSage
from sagerecon.pairing.standing import Standing, standing


def before_reading(company: Company, outcomes: list[Outcome]) -> Position:
    return _position(company, outcomes, NOT_READ)


def after_reading(company: Company, outcomes: list[Outcome]) -> Position:
    entities = {(e.kind, e.sage_id): EntityReading(e, BEGAN + 1) for e in company.sage.values()}
    identities = Identities(company.written, company.sage.values(), CATALOG)
    return _position(company, outcomes, ReadFromSage(entities=entities, identities=identities))


def _position(company: Company, outcomes: list[Outcome], read: ReadFromSage) -> Position:
    recorded = Recorded(
        contents={(record.kind, record.key): record.content for record in company.written},
        written={(record.kind, record.key): record for record in company.written},
    )
    (found,) = pair_with_recorded(outcomes, recorded, CATALOG, RULES, read)
    return found


@settings(max_examples=200)
@given(drafts, answers, st.sampled_from([None, LEFT]) | drafts)
def test_a_reading_that_shows_what_was_written_changes_no_figure(
    sent: Draft, altered: dict[str, Any], now: Outcome | None
) -> None:
    """Whatever Sage made of the record as it was written."""
    company = written(sent, **altered)
    outcomes = [] if now is None else [now]
    assert figures(after_reading(company, outcomes)) == figures(before_reading(company, outcomes))


@settings(max_examples=200)
@given(drafts, answers, answers, st.sampled_from([None, LEFT]))
def test_a_reading_of_a_lost_record_changes_the_figures_by_an_edit_alone(
    sent: Draft, altered: dict[str, Any], edits: dict[str, Any], now: Outcome | None
) -> None:
    company = written(sent, **altered)
    outcomes = [] if now is None else [now]
    unread = before_reading(company, outcomes)
    company.edit(KEY, **edits)
    read = after_reading(company, outcomes)
    assert standing(unread) is standing(read) is Standing.GONE_FROM_SOURCE
    assert (figures(read) != figures(unread)) == read.agreement.is_edited


@pytest.mark.parametrize("outcomes", [[], [LEFT], [source(name="Ash", notes="one", credit_limit="10.00")]])
def test_every_edit_makes_other_figures(outcomes: list[Outcome]) -> None:
    company = written(OAK)
    seen = [figures(before_reading(company, outcomes))]
    for limit in ("99.00", "98.00"):
        company.edit(KEY, credit_limit=limit)
        seen.append(figures(after_reading(company, outcomes)))
    assert len({found.digest for found in seen}) == len(seen)

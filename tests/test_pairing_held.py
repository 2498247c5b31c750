"""Where an entity without a record comes from, when it is not known when the move began."""

from __future__ import annotations

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.clock import HOUR, MINUTE, SECOND, instant_text
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.held import Held, Origin, OriginFacts

OPENED = 1_767_600_000_000
MINUTES_LATER = OPENED + 10 * MINUTE


def entity(kind: str, sage_id: str, created: int, **more: object) -> Entity:
    return Entity(kind, sage_id, {"id": sage_id, "created_at": instant_text(created), **more})


CONTROLS = [
    entity("ledger_account", "debtors", OPENED, is_control_account=True),
    entity("ledger_account", "exchange", MINUTES_LATER, is_control_account=True),
]
BANK = {"ledger_account": {"id": "of-the-bank"}}


@pytest.mark.parametrize(
    ("found", "origin"),
    [
        (entity("ledger_account", "sales", OPENED + SECOND), Origin.PRE_EXISTING),
        (entity("bank_account", "current", OPENED - 4 * SECOND), Origin.PRE_EXISTING),
        (entity("ledger_account", "a user's", OPENED + MINUTE), Origin.EXTRA),
        (entity("ledger_account", "with a later control account", MINUTES_LATER), Origin.EXTRA),
        (entity("contact", "a user's", OPENED + SECOND), Origin.EXTRA),
        (entity("ledger_account", "of-the-bank", OPENED + HOUR), Origin.CREATED_BY_SAGE),
        (entity("ledger_account", "of-the-bank", OPENED + MINUTE), Origin.EXTRA),
    ],
    ids=lambda value: value.sage_id if isinstance(value, Entity) else value.value,
)
def test_what_sage_made_is_told_from_what_a_user_may_have_added(found: Entity, origin: Origin) -> None:
    whole = entity("bank_account", "ours", OPENED + HOUR, **BANK)
    bank = Written("bank_account", "banks/Main", "ours", {}, whole.body, 0, "", adopted=True)
    sage = Held.collect([*CONTROLS, whole, found], ())
    facts = OriginFacts.collect((), 0, [bank], sage, catalog())
    assert facts.origin(found) is origin


def test_nothing_is_taken_for_the_chart_where_no_control_account_was_read() -> None:
    found = entity("ledger_account", "sales", OPENED)
    facts = OriginFacts.collect((), 0, [], Held.collect([found], ()), catalog())
    assert facts.origin(found) is Origin.EXTRA

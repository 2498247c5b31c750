"""What the tests of packs do with a project of one: freeze, be refused, move and reconcile."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from moves import Move

from sagerecon.commands import plans, sources
from sagerecon.commands.preparation import Prepared
from sagerecon.model.draft import Draft, LeftOut, Outcome
from sagerecon.model.errors import ValidationError
from sagerecon.model.money import grouped
from sagerecon.runner.run import Ended


def snapshot(moved: Move) -> Prepared:
    return sources.snapshot(moved.project, moved.clock, lambda _file, _rows: None)


def refusal(moved: Move) -> str:
    """Return all findings with which a plan of a new snapshot is refused."""
    snapshot(moved)
    with pytest.raises(ValidationError) as refused:
        plans.plan(moved.project, moved.clock)
    return "\n".join(map(str, refused.value.findings))


def tied_out(moved: Move) -> dict[str, str]:
    """Carry the move out, and return Sage's figure of each tie-out; all of them tie out."""
    outcome = moved.load()
    assert outcome.ended is Ended.FINISHED, outcome
    reconciliation = moved.reconcile().reconciliation
    assert [(v.label, v.reason) for v in reconciliation.open_verdicts] == []
    assert reconciliation.ties_out
    return {tie_out.name: grouped(tie_out.totals.sage) for tie_out in reconciliation.tie_outs}


def opening_items(outcomes: Iterable[Outcome]) -> dict[str, tuple[object, str]]:
    """Return the type and the amount of each opening item, by its reference."""
    return {
        str(o.body["reference"]): (o.body["contact_opening_balance_type_id"], str(o.amount))
        for o in outcomes
        if isinstance(o, Draft) and o.kind == "contact_opening_balance"
    }


def left_out(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Return the rule by which each record is left out, by its key."""
    return {o.key: o.rule for o in outcomes if isinstance(o, LeftOut)}

"""When a refusal still holds, which decisions come after it, and how the file of decisions says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.clock import instant
from sagerecon.model.draft import Draft, Reference, node_document
from sagerecon.model.entity import Entity, Written
from sagerecon.model.errors import ProjectFileError
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import NOWHERE
from sagerecon.model.value import fingerprint
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Covers, Decision, decisions_fingerprint
from sagerecon.pairing.refusal import Deleted, Refusal, still_referred_to
from sagerecon.pairing.standing import Standing
from sagerecon.project.decisions_file import read_decisions
from sagerecon.project.decisions_text import with_decision

AT = instant("2026-03-02T08:00:00Z") + 250
HELD = {"id": "1", "name": "Oak", "balance": "5.0", "lines": [{"id": "2", "total": "5.0"}], "updated_at": "x"}


def draft(name: str = "Oak Ltd", notes: str = "") -> Draft:
    return Draft("contact", "parties/1", {"name": name, "notes": notes}, {"reference": "A1"}, (), NOWHERE)


def refusal(*, is_deletion: bool = False, left: tuple[str, ...] = ()) -> Refusal:
    return Refusal(
        kind="contact",
        key="parties/1",
        is_deletion=is_deletion,
        reason="Sage rejected Oak Ltd: no.",
        at=AT,
        held=Entity("contact", "1", HELD),
        body=draft().body,
        left=left,
        identity={"reference": "A1"},
    )


def written(at: int = 1, sage_id: str = "1") -> Written:
    sent = node_document(draft("Oak").body)
    return Written(
        kind="contact",
        key="parties/1",
        sage_id=sage_id,
        sent=sent,
        answer=HELD,
        written_at=at,
        content=fingerprint(sent),
    )


def test_it_holds_while_nothing_has_changed() -> None:
    assert refusal().holds(draft(), written(), None)
    assert refusal(is_deletion=True).holds(None, written(), None)
    assert not refusal().holds(draft("Elm Ltd"), written(), None)
    assert not refusal().holds(draft(), written(AT + 1), None), "it was written since"
    assert not refusal().holds(draft(), written(sage_id="9"), None), "it is another entity now"
    assert refusal(left=("notes",)).holds(draft(notes="theirs"), written(), None)


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"updated_at": "y"}, True),
        ({"deletable": False}, True),  # the answer of then does not show it
        ({"balance": "0.0"}, False),
        ({"lines": []}, False),
        ({"lines": [{"id": "2", "total": "6.0"}]}, False),
        ({"lines": [{"id": "2"}]}, True),  # a listing may show less
    ],
)
def test_it_holds_while_a_reading_shows_what_sage_held(changes: dict[str, Any], *, holds: bool) -> None:
    found = Entity("contact", "1", {**HELD, **changes})
    assert refusal().holds(draft(), written(), found) is holds


@pytest.mark.parametrize("key", ["parties/1", NaturalKey("reference", "A1")], ids=["by key", "natural key"])
def test_it_does_not_hold_once_what_referred_to_the_record_was_deleted(key: str | NaturalKey) -> None:
    body = {"contact_id": Reference("contact", key)}
    record = ("contact", "parties/1")
    for at, is_kept in ((AT - 1, True), (AT + 1, False)):
        assert (record in still_referred_to([refusal()], [Deleted(body, at)], catalog())) is is_kept
    other = {"contact_id": Reference("contact", "parties/2")}
    assert record in still_referred_to([refusal()], [Deleted(other, AT + 1)], catalog())


def test_of_several_refusals_the_last_counts() -> None:
    later = replace(refusal(), at=AT + 5_000)
    found = still_referred_to([refusal(), refusal(is_deletion=True), later], [], catalog())
    assert found == {("contact", "parties/1"): (later, refusal(is_deletion=True))}


def decision(on: str = "2026-03-02", refused: int = 0) -> Decision:
    return Decision(
        standing=Standing.SOURCE_CHANGED,
        kind="contact",
        key="parties/1",
        answer=DecisionAnswer.PUSH,
        because="agreed",
        by="Kim",
        on=date.fromisoformat(on),
        covers=Covers(records=1, amount=None, fingerprint="9f2c7e", refused=refused),
    )


def test_a_decision_is_after_the_refusals_that_it_knew_and_those_of_earlier_days() -> None:
    assert not decision().is_after(refusal())
    assert decision("2026-03-03").is_after(refusal()), "written by hand, the day after"
    assert decision(refused=AT // 1000 * 1000).is_after(refusal())
    assert not decision(refused=AT // 1000 * 1000).is_after(replace(refusal(), at=AT + 1_000))


def test_the_file_keeps_the_refusal_that_a_decision_knew_and_a_plan_notices_it() -> None:
    made = decision(refused=AT // 1000 * 1000)
    text = with_decision("", made, catalog())
    assert 'refused: "2026-03-02T08:00:00Z"' in text
    assert read_decisions(text, catalog()) == (made,)
    prints = [decisions_fingerprint([one], made.on) for one in (made, decision())]
    assert prints[0] != prints[1]
    with pytest.raises(ProjectFileError) as raised:
        read_decisions(text.replace("2026-03-02T08:00:00Z", "soon"), catalog())
    assert [found.message for found in raised.value.findings] == ["'soon' is no instant."]

"""Which decisions are in effect: what they cover, when they lapse, and what cannot be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sagerecon.documents.package import catalog
from sagerecon.model.draft import Draft, Reference, node_document
from sagerecon.model.entity import Entity, Written
from sagerecon.model.place import NOWHERE
from sagerecon.model.value import fingerprint
from sagerecon.pairing.answers import STANDINGS, DecisionAnswer, answers
from sagerecon.pairing.decidable import decidable
from sagerecon.pairing.decide import DecidedPositions, Decisions, pair_as_decided
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.figures import figures
from sagerecon.pairing.groups import Group, groups
from sagerecon.pairing.pair import ReadFromSage, Recorded, pair_with_recorded
from sagerecon.pairing.standing import Standing, standing
from sagerecon.pairing.suspect import Suspect

TODAY = date(2026, 3, 2)


def contact(key: str, name: str = "Oak Ltd") -> Draft:
    body = {"name": name, "contact_type_ids": ["CUSTOMER"]}
    return Draft("contact", f"parties/{key}", body, {"name": name}, (), NOWHERE)


def invoice(key: str, amount: str, party: str) -> Draft:
    body = {
        "contact_id": Reference("contact", f"parties/{party}"),
        "date": "2026-01-05",
        "total_amount": amount,
    }
    return Draft("sales_invoice", f"docs/{key}", body, {}, (), NOWHERE, amount=Decimal(amount))


def written(draft: Draft, sage_id: str = "") -> Written:
    sent = node_document(draft.body)
    return Written(
        kind=draft.kind,
        key=draft.key,
        sage_id=sage_id or f"id of {draft.key}",
        sent=sent,
        answer={},
        written_at=1,
        content=fingerprint(sent),
        amount=draft.amount,
        identity=draft.identity,
    )


def recorded(*records: Written) -> Recorded:
    return Recorded(
        contents={(r.kind, r.key): r.content for r in records},
        written={(r.kind, r.key): r for r in records},
    )


BEFORE = recorded(
    written(contact("001")),
    *(written(invoice(f"00{n}", f"{n}.50", "001")) for n in range(1, 5)),
)
NOW = [contact("1"), *(invoice(str(n), f"{n}.50", "1") for n in range(1, 5))]


def group(name: str, now: list[Draft] = NOW, before: Recorded = BEFORE) -> Group:
    return next(found for found in groups(pair_with_recorded(now, before, catalog())) if found.name == name)


def decision(about: Group, answer: DecisionAnswer, **facts: object) -> Decision:
    entry = Decision(
        standing=about.standing,
        kind=about.kind,
        rule=about.rule,
        answer=answer,
        because="tested",
        by="J. Reviewer",
        on=TODAY,
        covers=about.covers,
    )
    return replace(entry, **facts)  # type: ignore[arg-type]


def paired(
    entries: list[Decision],
    now: list[Draft] = NOW,
    before: Recorded = BEFORE,
    today: date = TODAY,
    members: dict[str, frozenset[str]] | None = None,
) -> DecidedPositions:
    decisions = Decisions(entries=tuple(entries), today=today, members=members or {})
    return pair_as_decided(now, before, catalog(), decisions=decisions)


def standings(found: DecidedPositions) -> list[str]:
    return [f"{at.kind} {at.key}: {standing(at).value}" for at in found.positions]


INVOICES = "sales_invoice:renamed:leading_zeros"
PARTIES = "contact:renamed:same_reference"


def same() -> list[Decision]:
    return [decision(group(name), DecisionAnswer.SAME_RECORD) for name in (INVOICES, PARTIES)]


def test_every_standing_has_a_name_and_answers() -> None:
    assert all(answers(standing) for standing in STANDINGS.values())


def test_same_records_are_compared_with_what_was_written_earlier() -> None:
    found = paired(same())
    assert {standing(at) for at in found.positions} == {Standing.UNCHANGED}, standings(found)
    assert {key: record.key for (_, key), record in found.earlier.items()} == {
        "parties/1": "parties/001",
        **{f"docs/{n}": f"docs/00{n}" for n in range(1, 5)},
    }


def test_two_records_leave_the_earlier_one_gone() -> None:
    found = paired([decision(group(PARTIES), DecisionAnswer.TWO_RECORDS)])
    about = [line for line in standings(found) if line.startswith("contact")]
    assert about == ["contact parties/1: new", "contact parties/001: gone from the source"]


def test_a_decision_lapses_when_a_figure_changes() -> None:
    changed = [*NOW[:-1], invoice("4", "4.60", "1")]
    found = paired(same(), changed)
    (lapsed,) = found.settlement.lapsed
    assert lapsed.why == "it was made about 4 records (12.00), and there are 4 records (12.10) now"


def test_a_decision_still_holds_for_those_that_are_left() -> None:
    entry = decision(group(INVOICES), DecisionAnswer.TWO_RECORDS)
    members = {entry.covers.fingerprint: frozenset(figures(at).digest for at in group(INVOICES).positions)}
    fewer = NOW[:-1]
    assert paired([entry], fewer).settlement.lapsed
    assert len(paired([entry], fewer, members=members).settlement.renames) == 3


def test_a_decision_lapses_after_its_day() -> None:
    entry = decision(group(INVOICES), DecisionAnswer.TWO_RECORDS, until=TODAY)
    assert paired([entry]).settlement.renames
    (lapsed,) = paired([entry], today=date(2026, 3, 3)).settlement.lapsed
    assert lapsed.why == "it held until 2026-03-02"


def test_a_decision_about_one_record_takes_precedence() -> None:
    about = group(INVOICES)
    alone = replace(about, positions=about.positions[:1])
    one = decision(alone, DecisionAnswer.TWO_RECORDS, key="docs/1", rule="")
    many = decision(about, DecisionAnswer.SAME_RECORD)
    found = paired([one, many])
    assert found.settlement.renames["sales_invoice", "docs/1"].answer is DecisionAnswer.TWO_RECORDS
    assert len(found.earlier) == 3


def test_a_decision_about_many_of_which_all_have_one_of_their_own_is_named_as_not_needed() -> None:
    about = group(INVOICES)
    many = decision(about, DecisionAnswer.SAME_RECORD)
    ones = [
        decision(replace(about, positions=(at,)), DecisionAnswer.TWO_RECORDS, key=at.key, rule="")
        for at in about.positions
    ]
    found = paired([many, *ones])
    assert sorted(each.key for each in found.settlement.in_effect) == sorted(each.key for each in ones)
    assert found.settlement.idle == (many,)
    assert paired([many, *ones[1:]]).settlement.idle == ()


def test_what_cannot_be_done_has_no_effect_and_says_why() -> None:
    opening = replace(written(contact("9"), "x"), adopted=True)
    before = recorded(opening)
    about = group("contact:gone", [], before)
    found = paired([decision(about, DecisionAnswer.REVERSE)], [], before)
    (impossible,) = found.settlement.impossible
    assert impossible.why.startswith("parties/9: it was in Sage before the move")
    assert not found.settlement.by_record


def test_one_entity_cannot_be_two_records() -> None:
    now = [contact("1"), contact("2")]
    suspects = {("contact", at.key): Suspect.of(at, [Entity("contact", "id", {})], "alike", 1) for at in now}
    read = ReadFromSage(suspects=suspects)
    positions = pair_with_recorded(now, recorded(), catalog(), read=read)
    (about,) = groups(positions)
    assert about.name == "contact:already_in_sage"
    entry = decision(about, DecisionAnswer.ADOPT)
    found = pair_as_decided(
        now, recorded(), catalog(), read=read, decisions=Decisions(entries=(entry,), today=TODAY)
    )
    assert not found.settlement.by_record
    assert {one.why for one in found.settlement.impossible} == {
        "id cannot be both parties/1 and parties/2; decide keep_apart for all but one of them"
    }
    one = decision(replace(about, positions=about.positions[:1]), DecisionAnswer.ADOPT, key="parties/1")
    found = pair_as_decided(
        now, recorded(), catalog(), read=read, decisions=Decisions(entries=(one,), today=TODAY)
    )
    assert found.settlement.by_record.keys() == {("contact", "parties/1")}


def test_an_entity_of_another_record_cannot_be_adopted() -> None:
    now = [contact("1")]
    suspect = Suspect.of(now[0], [Entity("contact", "id", {})], "alike", 1)
    read = ReadFromSage(suspects={("contact", "parties/1"): replace(suspect, owners={"id": "parties/9"})})
    (about,) = groups(pair_with_recorded(now, recorded(), catalog(), read=read))
    entries = (decision(about, DecisionAnswer.ADOPT),)
    found = pair_as_decided(
        now, recorded(), catalog(), read=read, decisions=Decisions(entries=entries, today=TODAY)
    )
    (impossible,) = found.settlement.impossible
    assert impossible.why == "parties/1: id in Sage belongs to parties/9; use keep_apart"


def test_one_earlier_record_cannot_be_two_records_now() -> None:
    before = recorded(written(invoice("007", "7.50", "1")))
    now = [invoice("7", "7.50", "1"), invoice("07", "7.50", "1")]
    about = group("sales_invoice:renamed:ambiguous", now, before)
    (offer, _) = decidable(paired([], now, before), catalog()).offers(about)
    assert (offer.answer, offer.refused) == (
        DecisionAnswer.SAME_RECORD,
        "each of its 2 records refuses it; docs/7: other records may be docs/007 too;"
        " decide on each by itself, with --from",
    )
    entries = [
        decision(
            replace(about, positions=(at,)),
            DecisionAnswer.SAME_RECORD,
            key=at.key,
            rule="",
            earlier="docs/007",
        )
        for at in about.positions
    ]
    assert paired(entries[:1], now, before).earlier.keys() == {("sales_invoice", "docs/7")}
    found = paired(entries, now, before)
    assert not found.earlier
    assert [one.decision.key for one in found.settlement.impossible] == ["docs/7", "docs/07"]

"""Each answer that `plan`, `decide list` or `decide show` names is accepted by `decide take`; no other is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_trade import DOCUMENTS, write_small_trade

from sagerecon.commands import decisions, plans, runs, sources
from sagerecon.commands.decisions import Choice
from sagerecon.model.clock import MINUTE
from sagerecon.model.errors import ProjectError
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decidable import Decidable
from sagerecon.pairing.decisions import Decision, Side
from sagerecon.pairing.groups import Group, Offer
from sagerecon.pairing.objections import differing_fields
from sagerecon.pairing.standing import Standing
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import ReverseStep
from sagerecon.project.store import open_store
from sagerecon.report.terminal.decisions import (
    answers_document,
    command_lines,
    group_document,
    group_lines,
)

#: The same trade, bought instead of sold.
BOUGHT = {
    "kind: sales_": "kind: purchase_",
    "CUSTOMER_RECEIPT": "VENDOR_PAYMENT",
    "CUSTOMER": "VENDOR",
}


NO_DECISIONS = """\
sagerecon: decisions/v1
decisions:
  - {standing: new, kind: contact, key: parties/P9, answer: leave_out, because: test, by: Kim, on: 2026-01-05,
     covers: {records: 1, fingerprint: none}}
"""

#: What `take` says where an answer is refused.
REFUSED = re.compile(r"is not possible|is given for one record at a time|is no answer to this|not said which")


@dataclass
class Trade:
    """A loaded trade, of which source and Sage are changed."""

    move: Move
    side: str
    documents: str = DOCUMENTS
    goods: str = "code,name\nG1,Bolts\nG2,Nuts\n"

    @property
    def invoices(self) -> str:
        return f"{self.side}_invoice"

    def lose(self, *ids: str) -> None:
        lines = self.documents.splitlines(keepends=True)
        self.documents = "".join(line for line in lines if line.split(",")[0] not in ids)

    def change(self, before: str, now: str) -> None:
        self.documents = self.documents.replace(before, now)

    def freeze(self) -> None:
        (self.move.folder / "data/documents.csv").write_text(self.documents)
        (self.move.folder / "data/goods.csv").write_text(self.goods)
        sources.snapshot(self.move.project, self.move.clock, lambda _file, _rows: None)

    def reconcile(self) -> None:
        self.move.clock.sleep(MINUTE)
        self.freeze()
        self.move.reconcile()

    def apply(self) -> None:
        self.freeze()
        plans.plan(self.move.project, self.move.clock)
        runs.apply(self.move.project, self.move.clock, self.move.session)

    def sage_id(self, kind: str, key: str) -> str:
        with open_store(self.move.project, self.move.clock) as store:
            return store.company(self.move.project.business.id).id_map.sage_id(kind, key) or ""

    def edit(self, *ids: str) -> None:
        for number in ids:
            path = f"/{self.invoices}s/{self.sage_id(self.invoices, f'invoices/{number}')}"
            reply = self.move.by_other_hand("PUT", path, {self.invoices: {"notes": "by Kim"}})
            assert reply.status == 200, reply

    def delete(self, kind: str, key: str) -> None:
        path = f"/{kind}s/{self.sage_id(kind, key)}"
        assert self.move.by_other_hand("DELETE", path, void_reason="by mistake").status < 300

    def enter(self, key: str, party: str, day: str, amount: str, **body: object) -> None:
        """Enter by hand an invoice like one of the trade."""
        like = f"/{self.invoices}s/{self.sage_id(self.invoices, key)}"
        line = self.move.by_other_hand("GET", like).body["invoice_lines"][0]
        lines: list[dict[str, Any]] = [
            {
                "description": "Work",
                "ledger_account_id": line["ledger_account"]["id"],
                "quantity": "1",
                "unit_price": amount,
                "tax_rate_id": line["tax_rate"]["id"],
                "tax_amount": "0.00",
            }
        ]
        contact = {"contact_id": self.sage_id("contact", f"parties/{party}")}
        document = {**contact, "date": day, "due_date": day, "invoice_lines": lines, **body}
        reply = self.move.by_other_hand("POST", f"/{self.invoices}s", {self.invoices: document})
        assert reply.status == 201, reply

    def decidable(self) -> Decidable:
        return decisions.decidable(self.move.project, self.move.clock)

    def take(self, name: str, answer: str, **more: Any) -> Decision:
        choice = Choice(answer=answer, because="compared with Sage", by="Kim", **more)
        return decisions.take(self.move.project, self.move.clock, name, choice)


@pytest.fixture
def trade(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Trade]:
    side = getattr(request, "param", "sales")
    folder = write_small_trade(tmp_path)
    if side == "purchase":
        for path in (folder / "mappings").glob("*.yaml"):
            text = path.read_text()
            for sold, bought in BOUGHT.items():
                text = text.replace(sold, bought)
            path.write_text(text)
    with signed_in(folder) as opened:
        opened.load()
        opened.clock.sleep(MINUTE)
        yield Trade(opened, side)


def lost_and_paid(trade: Trade) -> None:
    """Lose three invoices, of which two have payments that stay."""
    trade.lose("I1", "I2", "I4")


def lost_with_its_payments(trade: Trade) -> None:
    trade.lose("I1", "R1", "R2", "I4", "J2")


def lost_with_its_credit(trade: Trade) -> None:
    trade.lose("I3", "C1", "A1")


def kept_by_itself(trade: Trade) -> None:
    """Decide by their keys about the invoices that the payments keep."""
    lost_and_paid(trade)
    trade.freeze()
    trade.take("invoices/I1", "keep")
    trade.take("invoices/I4", "later")


def left_out_by_a_rule(trade: Trade) -> None:
    """Leave one invoice out by a rule, and lose another one."""
    path = trade.move.folder / "mappings/invoices.yaml"
    rule = "leave_out:\n  - {name: small, when: 'amount == 30', reason: not wanted}\n"
    path.write_text(path.read_text().replace("fields:", f"{rule}fields:", 1))
    trade.lose("I2")


def refused(trade: Trade) -> None:
    """Let Sage refuse the change of a paid invoice, then change another one."""
    trade.change("I1,I,P1,2017-02-01,10.00", "I1,I,P1,2017-02-01,12.00")
    trade.apply()


def refused_and_changed(trade: Trade) -> None:
    refused(trade)
    trade.change("I2,I,P1,2017-02-01,10.00", "I2,I,P1,2017-02-01,13.00")


def changed(trade: Trade) -> None:
    """Change a journal, which Sage does not let be updated, a payment and a credit note."""
    trade.change("2017-02-05,7.00", "2017-02-05,9.00")
    trade.change("2017-02-04,4.00", "2017-02-04,5.00")
    trade.change("2017-02-03,5.00", "2017-02-03,6.00")


def edited(trade: Trade) -> None:
    trade.edit("I1", "I2", "I3")
    trade.change("I3,I,P2,2017-02-02,30.00", "I3,I,P2,2017-02-02,31.00")
    trade.lose("I2")
    trade.reconcile()


def edited_and_kept(trade: Trade) -> None:
    """Decide by its key about the one of two lost invoices that was edited in Sage."""
    trade.edit("I2")
    trade.lose("I1", "I2", "R1")
    trade.reconcile()
    trade.take("receipts/R1", "reverse")
    trade.take("invoices/I2", "keep")


def deleted_and_entered_again(trade: Trade) -> None:
    """Delete invoices in Sage, and enter one of them again equally, and one twice otherwise."""
    trade.delete("journal", "journals/J1")
    trade.delete("contact_payment", "receipts/R2")
    trade.delete(trade.invoices, "invoices/I4")
    trade.delete(trade.invoices, "invoices/I2")
    trade.enter("invoices/I1", "P3", "2017-02-02", "30.00")
    for notes in ("once", "twice"):
        trade.enter("invoices/I1", "P1", "2017-02-01", "10.00", notes=notes)
    trade.reconcile()


def written_again_as_another(trade: Trade) -> None:
    """Let a run find what was entered again otherwise."""
    deleted_and_entered_again(trade)
    trade.take(f"{trade.invoices}:deleted", "accept")
    for key in ("invoices/I2", "invoices/I4"):
        try:
            trade.take(key, "write_again")
        except ProjectError:
            continue
    trade.apply()


def renamed(trade: Trade) -> None:
    """Give two invoices that are alike, and one of its own, other numbers."""
    trade.change("\nI1,", "\nX1,")
    trade.change("\nI2,", "\nX2,")
    trade.change("\nI3,", "\n0I3,")
    trade.change(",I3/", ",0I3/")
    trade.change("4.00,I1", "4.00,X1")


def one_is_the_same(trade: Trade) -> None:
    """Decide that one of two new records is the earlier one that both may be."""
    renamed(trade)
    trade.documents += "00I3,I,P2,2017-02-02,30.00,\n"
    trade.freeze()
    trade.take("invoices/0I3", "same_record", earlier="invoices/I3")


def one_is_another(trade: Trade) -> None:
    """Decide that one of two new records is not the earlier one that both may be."""
    renamed(trade)
    trade.documents += "00I3,I,P2,2017-02-02,30.00,\n"
    trade.freeze()
    trade.take("invoices/0I3", "two_records")


def already_there(trade: Trade) -> None:
    """Let the source have four new invoices, of which Sage has one, two, and one for two of them."""
    trade.enter("invoices/I1", "P1", "2017-03-01", "71.00", notes="x")
    trade.enter("invoices/I1", "P1", "2017-03-02", "72.00", notes="x")
    trade.enter("invoices/I1", "P1", "2017-03-02", "72.00", notes="y")
    trade.enter("invoices/I1", "P2", "2017-03-03", "73.00", notes="x")
    trade.documents += "N1,I,P1,2017-03-01,71.00,\nN2,I,P1,2017-03-02,72.00,\n"
    trade.documents += "N3,I,P2,2017-03-03,73.00,\nN4,I,P2,2017-03-03,73.00,\n"
    trade.reconcile()


def one_is_adopted(trade: Trade) -> None:
    already_there(trade)
    trade.take("invoices/N3", "adopt")


def unknown(trade: Trade) -> None:
    trade.enter("invoices/I1", "P1", "2017-03-05", "75.00")
    trade.enter("invoices/I1", "P1", "2017-03-06", "76.00")
    trade.reconcile()


def duplicates(trade: Trade) -> None:
    trade.goods += "G3,Pins\ng3,Pegs\n"


def lapsed(trade: Trade) -> None:
    """Let a decision about one record, and one about a group, lapse."""
    trade.lose("I1", "I2", "J1")
    trade.freeze()
    trade.take("invoices/I1", "keep")
    trade.take("journal:gone", "reverse")
    trade.lose("J2")
    trade.edit("I1")
    trade.reconcile()


def left_out_and_lapsed(trade: Trade) -> None:
    trade.documents += "N1,I,P1,2017-03-01,71.00,\nN2,I,P1,2017-03-02,72.00,\n"
    trade.freeze()
    trade.take("invoices/N1", "leave_out")
    trade.change("01,71.00", "01,81.00")


def everything(trade: Trade) -> None:
    trade.delete("journal", "journals/J2")
    trade.edit("I2")
    trade.enter("invoices/I1", "P1", "2017-03-01", "71.00", notes="x")
    trade.lose("I1", "C1", "J1")
    trade.change("\nI3,", "\nX3,")
    trade.documents += "N1,I,P1,2017-03-01,71.00,\n"
    trade.reconcile()


SITUATIONS: tuple[Callable[[Trade], None], ...] = (
    lost_and_paid,
    lost_with_its_payments,
    lost_with_its_credit,
    kept_by_itself,
    left_out_by_a_rule,
    refused_and_changed,
    changed,
    edited,
    edited_and_kept,
    deleted_and_entered_again,
    written_again_as_another,
    one_is_the_same,
    one_is_another,
    one_is_adopted,
    unknown,
    duplicates,
    lapsed,
    left_out_and_lapsed,
    everything,
)


#: The situations in which what refers to a record, or who has it, decides.
OF_BOTH_SIDES = (
    lost_and_paid,
    lost_with_its_credit,
    refused_and_changed,
    deleted_and_entered_again,
    everything,
)

CASES = [
    *(("sales", situation) for situation in SITUATIONS),
    *(("purchase", situation) for situation in OF_BOTH_SIDES),
]


@pytest.mark.parametrize(
    ("trade", "situation"),
    CASES,
    ids=[f"{side}-{found.__name__}" for side, found in CASES],
    indirect=["trade"],
)
def test_what_is_offered_is_accepted_and_what_is_not_is_refused(
    trade: Trade, situation: Callable[[Trade], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    situation(trade)
    trade.freeze()
    found = trade.decidable()
    if all(group.standing is not Standing.DUPLICATE_IN_SOURCE for group in found.groups):
        prepared = decisions.prepare(trade.move.project)  # only such decisions change it
        monkeypatch.setattr(decisions, "prepare", lambda _project: prepared)
    path = trade.move.folder / "decisions.yaml"
    if not path.exists():
        path.write_text(NO_DECISIONS)
    before = path.read_text()
    subjects = [decisions.subject_of(name, found.groups) for name in names(found)]
    assert subjects
    for subject in subjects:
        for offer in found.offers(subject):
            why = attempt(trade, subject, offer)
            assert bool(why) == bool(offer.refused), (subject.name, offer, why)
            reason = offer.refused.rpartition(": ")[2].removeprefix("it ")
            assert reason in why, (subject.name, offer, why)
            path.write_text(before)
    accepted = {
        (subject.name, offer.answer.value)
        for subject in subjects
        for offer in found.offers(subject)
        if not offer.refused
    }
    means_others = {part.name for part in found.waiting if part.others}
    for command in chain(listed(found), planned(plans.plan(trade.move.project, trade.move.clock))):
        _, _, _, name, answer, *_ = shlex.split(command)
        assert (name, answer) in accepted and name not in means_others, command
    for subject in subjects:
        for command in shown(replace(subject, offers=found.offers(subject))):
            _, _, _, name, answer, *_ = shlex.split(command)
            assert (name, answer) in accepted, command


def test_a_group_is_decided_on_once_what_refuses_it_is_decided_by_its_key(trade: Trade) -> None:
    lost_and_paid(trade)
    trade.freeze()
    (group,) = trade.decidable().waiting
    why = (
        "2 of its 3 records refuse it (decide on them by their keys first); invoices/I1:"
        " receipts/R1 refers to it; delete that in Sage by hand first, or keep it"
    )
    assert f"    reverse: not offered; {why}" in list(group_lines(group))
    assert group_document(group)["not_offered"] == {"reverse": why}
    hints = [found.hint for found in plans.plan(trade.move.project, trade.move.clock).header.findings]
    (hint,) = [hint for hint in hints if f"{trade.invoices}:gone" in hint]
    assert hint.startswith("Restore them in the source. Or decide: ")
    assert hint.endswith(f"where ANSWER is keep or later. Not offered: reverse ({why})")
    with pytest.raises(ProjectError, match="receipts/R1 refers to it") as refused:
        trade.take(group.name, "reverse")
    assert refused.value.hint == "2 of its 3 records refuse it (decide on them by their keys first)."
    for key in ("invoices/I1", "invoices/I4"):
        trade.take(key, "keep")
    trade.take(group.name, "reverse")
    made = plans.plan(trade.move.project, trade.move.clock)
    assert [step.key for step in made.steps if isinstance(step, ReverseStep)] == ["invoices/I2"]
    assert trade.decidable().waiting == ()


@pytest.mark.parametrize("first", ["small", "not_in_source"])
def test_what_the_source_lost_is_decided_apart_from_what_a_rule_leaves_out(trade: Trade, first: str) -> None:
    left_out_by_a_rule(trade)
    trade.freeze()
    gone = f"{trade.invoices}:gone"
    names = {group.name: group for group in trade.decidable().waiting}
    assert names.keys() == {f"{gone}:small", f"{gone}:not_in_source"}
    of = {name: {at.key for at in group.positions} for name, group in names.items()}
    for name in sorted(names, key=lambda name: not name.endswith(first)):
        assert DecisionAnswer.KEEP in {offer.answer for offer in names[name].offered}
        assert trade.take(name, "keep").covers.records == len(of[name])
    found = trade.decidable()
    assert not found.waiting and not found.settlement.lapsed
    assert {decision.subject for decision in found.settlement.in_effect} == names.keys()
    whole = trade.take(gone, "later")
    assert whole.covers.records == sum(map(len, of.values()))
    answers = {decision.answer for decision in trade.decidable().settlement.in_effect}
    assert answers == {DecisionAnswer.LATER}, "the later one counts"


def test_what_is_sent_anyway_needs_no_push(trade: Trade) -> None:
    refused_and_changed(trade)
    trade.freeze()
    found = trade.decidable()
    push = {
        key: offer.refused
        for key in ("invoices/I1", "invoices/I2")
        for offer in found.offers(decisions.subject_of(key, found.groups))
        if offer.answer is DecisionAnswer.PUSH
    }
    assert push == {"invoices/I1": "", "invoices/I2": "it is sent without a decision"}


def test_an_option_that_does_not_belong_to_the_answer_is_refused(trade: Trade) -> None:
    lost_and_paid(trade)
    trade.freeze()
    for option, more in (("--sage-id", {"sage_id": "1"}), ("--from", {"earlier": "invoices/I2"})):
        with pytest.raises(ProjectError, match=f"{option} does not apply to 'keep' about invoices/I1"):
            trade.take("invoices/I1", "keep", **more)


def names(found: Decidable) -> list[str]:
    """Return every name on which a decision can be made, but for keys that several records have."""
    groups = {group.name for group in found.groups}
    whole = {re.sub(r"^(\w+:\w+):.*", r"\1", name) for name in groups}
    keys = [at.key for group in found.groups for at in group.positions]
    return [*sorted(groups | whole), *(key for key in dict.fromkeys(keys) if is_name(key, found))]


def is_name(key: str, found: Decidable) -> bool:
    try:
        decisions.subject_of(key, found.groups)
    except ProjectError:
        return False
    return True


def attempt(trade: Trade, subject: Group, offer: Offer) -> str:
    """Take a decision; return why it was refused, or why it is not in effect; empty where it is."""
    try:
        filled = list(parameters(subject, offer))
        for number, more in enumerate(filled, start=1):
            try:
                trade.take(subject.name, offer.answer.value, **more)
            except ProjectError:
                if number == len(filled):
                    raise
            else:
                break
    except ProjectError as error:
        assert REFUSED.search(error.message), error
        return f"{error.message} {error.hint}"
    settled = trade.decidable().settlement
    for entry in (*settled.impossible, *settled.lapsed):
        if entry.decision.subject == subject.name and entry.decision.answer is offer.answer:
            pytest.fail(f"{subject.name}: {offer.answer.value} was taken, and has no effect: {entry.why}")
    return ""


def parameters(subject: Group, offer: Offer) -> Iterator[dict[str, Any]]:
    """Yield what is filled in for the names in a command; also where the answer is not offered."""
    at = subject.positions[0]
    if offer.answer is DecisionAnswer.FIELDS:
        yield {"fields": dict.fromkeys(differing_fields(at), Side.THEIRS)}
        return
    is_asked = subject.standing is Standing.DUPLICATE_IN_SAGE and offer.answer is DecisionAnswer.THIS_ONE
    if not offer.parameters and not is_asked:
        yield {}
    if subject.key and offer.answer is DecisionAnswer.SAME_RECORD and at.rename is not None:
        yield from ({"earlier": record.key} for record in at.rename.earlier)
    by_id = offer.answer in (DecisionAnswer.ADOPT, DecisionAnswer.THIS_ONE)
    if subject.key and by_id and at.suspect is not None:
        yield from ({"sage_id": sage_id} for sage_id in at.suspect.sage_ids)
    if is_asked and not subject.key:
        yield {}


def listed(found: Decidable) -> Iterator[str]:
    """Yield the commands that `decide list` names, as text and as JSON."""
    for group in found.waiting:
        yield from (line.strip() for line in group_lines(group) if "decide take" in line)
        yield from group_document(group)["commands"]


def shown(subject: Group) -> Iterator[str]:
    """Yield the commands that `decide show` names, as text and as JSON."""
    yield from (line.strip() for line in command_lines(subject) if "decide take" in line)
    yield from answers_document(subject)["commands"]


def planned(made: Plan) -> Iterator[str]:
    """Yield the commands that the findings of a plan name, one for each answer."""
    for finding in made.header.findings:
        for command, more in re.findall(
            r'(sagerecon decide take .*? --because "WHY")(, where ANSWER is [^.]*)?', finding.hint
        ):
            text = re.sub(r"\([^()]*(\([^()]*\))?[^()]*\)", "", more.removeprefix(", where ANSWER is "))
            for answer in re.split(r", | or ", text) if more else [""]:
                yield command.replace(" ANSWER", f" {answer.strip()}")

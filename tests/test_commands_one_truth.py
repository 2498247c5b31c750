"""Plan and reconciliation compare the same records by the same identities, owners and rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from moves import Move, signed_in
from test_cli_second_run import DOCUMENTS, PARTIES
from test_cli_second_run import SOURCES as BOTH_SOURCES
from test_commands_looks import PROJECT, edit, parties, plan_again, the_id, write

from sagerecon.commands import decisions, runs
from sagerecon.commands.decisions import Choice
from sagerecon.model.code import Code
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action, WaitStep
from sagerecon.project.store import open_store
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended

DOCUMENT = "number,ref,date,amount\n1042,C1,2017-04-02,100.00\n"

#: A second view of the same contacts, found by name and adopted whatever they are.
VENDORS = """\
sagerecon: mapping/v1
mapping: vendors
source: {dataset: parties, key: [ref]}
target: {kind: contact, identity: {name: name}, on_existing: adopt}
label: name
fields:
  name: {from: name}
  contact_type_ids: {value: [CUSTOMER]}
  notes: {from: city}
"""


def files(folder: Path, changed: Mapping[str, str] = {}) -> Path:
    texts = {
        "sagerecon.yaml": PROJECT,
        "sources.yaml": BOTH_SOURCES,
        "mappings/parties.yaml": PARTIES,
        "mappings/documents.yaml": DOCUMENTS,
        "data/parties.csv": parties(2),
        "data/documents.csv": DOCUMENT,
    }
    for name, text in {**texts, **changed}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def actions(made: Plan) -> dict[str, Action]:
    return {step.key: step.action for step in made.steps if step.key.startswith(("part", "doc", "vend"))}


def verdicts(move: Move) -> dict[str, Verdict]:
    return {found.key: found.verdict for found in move.reconcile().reconciliation.verdicts if found.key}


def test_a_link_changed_alike_on_both_sides_is_equal_for_plan_and_proof(tmp_path: Path) -> None:
    with signed_in(files(tmp_path)) as move:
        move.load()
        move.clock.sleep(60_000)
        (invoice,) = move.by_other_hand("GET", "/sales_invoices").body["$items"]
        body = {"sales_invoice": {"contact_id": the_id(move, "C2")}}
        assert move.by_other_hand("PUT", f"/sales_invoices/{invoice['id']}", body).status == 200
        path = tmp_path / "data/documents.csv"
        path.write_text(path.read_text().replace("C1", "C2"))
        made = plan_again(move, parties(2))
        assert verdicts(move)["documents/1042"] is Verdict.VERIFIED
        made = plan_again(move, parties(2))
        assert actions(made)["documents/1042"] is Action.SKIP


def test_a_record_that_shares_an_entity_is_a_duplicate_for_plan_and_proof(tmp_path: Path) -> None:
    with signed_in(write(tmp_path, 1)) as move:
        move.load()
        (tmp_path / "mappings/vendors.yaml").write_text(VENDORS)
        assert move.load().counts[Event.ADOPTED] == 1
        assert verdicts(move) == {"parties/C1": Verdict.VERIFIED, "vendors/C1": Verdict.DUPLICATE}
        made = plan_again(move, parties(1, " Ltd"))
        assert actions(made) == {"parties/C1": Action.UPDATE, "vendors/C1": Action.WAIT}
        (waiting,) = (step for step in made.steps if isinstance(step, WaitStep))
        assert waiting.standing.value == "duplicate in the source"
        assert runs.apply(move.project, move.clock, move.session).counts[Event.UPDATED] == 1
        # The record that the source still has owns the entity, so that leaving the other one out settles it.
        mapping = tmp_path / "mappings/parties.yaml"
        mapping.write_text(mapping.read_text() + "leave_out: [{name: theirs, when: 'true', reason: no}]\n")
        left = actions(plan_again(move, parties(1, " Ltd")))
        assert left == {"parties/C1": Action.KEEP, "vendors/C1": Action.UPDATE}
        assert verdicts(move) == {"parties/C1": Verdict.GONE, "vendors/C1": Verdict.VERIFIED}


def test_a_comparison_rule_that_changed_compares_verified_records_again(tmp_path: Path) -> None:
    mapping = write(tmp_path, 1) / "mappings/parties.yaml"
    strict = mapping.read_text()
    with signed_in(tmp_path) as move:
        mapping.write_text(strict + "reconcile: {notes: {compare: ignore}}\n")
        move.load()
        edit(move, notes="by hand")
        move.clock.sleep(60_000)
        assert verdicts(move) == {"parties/C1": Verdict.VERIFIED}
        assert actions(plan_again(move, parties(1))) == {"parties/C1": Action.SKIP}
        mapping.write_text(strict)
        assert actions(plan_again(move, parties(1))) == {"parties/C1": Action.KEEP}
        assert verdicts(move) == {"parties/C1": Verdict.EDITED}


def test_what_an_update_does_not_find_is_referred_to_by_nothing_more(tmp_path: Path) -> None:
    """Count the calls: two invoices of a customer that was deleted after the listing are not sent."""
    texts = {"data/parties.csv": parties(5), "data/documents.csv": DOCUMENT}
    with signed_in(files(tmp_path, texts)) as move:
        move.load()
        more = "1043,C2,2017-04-03,50.00\n1044,C3,2017-04-03,60.00\n1045,C2,2017-04-04,70.00\n"
        (tmp_path / "data/documents.csv").write_text(DOCUMENT + more)
        plan_again(move, parties(5, " Ltd"))
        path = f"/contacts/{the_id(move, 'C2')}"

        def delete() -> None:
            assert move.by_other_hand("DELETE", path).status == 204

        move.faults.add(Trigger(1, "PUT", path), Fault(FaultType.EDIT, edit=delete))
        before, writes = move.sage.calls, iter([False] * 5 + [True] * 9)
        stopped = runs.apply(move.project, move.clock, move.session, should_stop=lambda: next(writes, False))
        assert (stopped.ended, stopped.counts[Event.UNDECIDED]) == (Ended.STOPPED, 1)
        outcome = runs.apply(move.project, move.clock, move.session)
        assert outcome.ended is Ended.FINISHED
        assert (outcome.counts[Event.BLOCKED], outcome.counts[Event.CREATED]) == (2, 1)
        # The settings, the listing, five updates, the listing after the stop, and the invoice of C3.
        assert move.sage.calls - before == 9
        with open_store(move.project, move.clock) as store:
            found = list(store.company(move.project.business.id).history.set_aside())
        party, *documents = ((f.message, f.hint) for aside in found for f in aside.findings)
        assert party[0].startswith("Firm 2 Ltd was not updated (missing in Sage). Sage rejected Firm 2 Ltd:")
        assert party[1].startswith("See what can be decided: sagerecon decide show parties/C2")
        assert [text.partition(" (")[0] for text, _ in documents] == [
            "invoice 1043 refers to contact parties/C2",
            "invoice 1045 refers to contact parties/C2",
        ]
        assert waits(plan_again(move, parties(5, " Ltd"))) == {
            "parties/C2": "missing in Sage",
            "documents/1043": "refers to parties/C2, which is missing in Sage",
            "documents/1045": "refers to parties/C2, which is missing in Sage",
        }


NEW_DOCUMENT = "1043,C2,2017-04-03,50.00\n"


def test_what_refers_to_an_entity_deleted_in_sage_is_not_sent(tmp_path: Path) -> None:
    with signed_in(files(tmp_path)) as move:
        move.load()
        (tmp_path / "data/documents.csv").write_text(DOCUMENT + NEW_DOCUMENT)
        plan_again(move, parties(2, " Ltd"))
        sage_id = the_id(move, "C2")
        assert move.by_other_hand("DELETE", f"/contacts/{sage_id}").status == 204
        stops = iter([False] * 5 + [True] * 9)  # the look comes before the stop, the invoice after it
        runs.apply(move.project, move.clock, move.session, should_stop=lambda: next(stops, False))
        outcome = runs.apply(move.project, move.clock, move.session)
        assert (outcome.ended, outcome.counts[Event.BLOCKED]) == (Ended.FINISHED, 1)
        assert len(move.by_other_hand("GET", "/sales_invoices").body["$items"]) == 1
        with open_store(move.project, move.clock) as store:
            found = list(store.company(move.project.business.id).history.set_aside())
        (party, document) = ((f.message, f.hint) for aside in found for f in aside.findings)
        assert party[1].startswith("See what can be decided: sagerecon decide show parties/C2")
        assert document[0].startswith("invoice 1043 refers to contact parties/C2 (Firm 2 Ltd was not updated")
        made = plan_again(move, parties(2, " Ltd"))
        assert waits(made) == {
            "parties/C2": "missing in Sage",
            "documents/1043": "refers to parties/C2, which is missing in Sage",
        }
        # Accepting the deletion settles the contact. Its invoice still cannot be sent.
        accepted = Choice(answer="accept", because="closed", by="Kim")
        decisions.take(move.project, move.clock, "parties/C2", accepted)
        made = plan_again(move, parties(2, " Ltd"))
        assert waits(made) == {"documents/1043": "refers to parties/C2, which is missing in Sage"}
        (finding,) = (f for f in made.header.findings if f.code is Code.REFERS_TO_WAITING)
        assert "a record that waits or is in Sage no more" in finding.message
        again = Choice(answer="write_again", because="needed", by="Kim")
        decisions.take(move.project, move.clock, "parties/C2", again)
        assert waits(plan_again(move, parties(2, " Ltd"))) == {}
        assert runs.apply(move.project, move.clock, move.session).counts[Event.CREATED] == 2


def waits(made: Plan) -> dict[str, str]:
    return {step.key: step.reason for step in made.steps if isinstance(step, WaitStep)}


ADDRESSES = """\
sagerecon: mapping/v1
mapping: places
source: {dataset: parties, key: [ref]}
target: {kind: address, on_existing: create}
label: name
fields:
  contact_id: {ref: {mapping: parties, by: ref, on_missing: quarantine}}
  name: {from: name}
  address_type_id: {value: DELIVERY}
  is_main_address: {value: true}
  city: {from: city}
"""


def test_an_address_that_is_a_record_of_ours_does_not_make_its_contact_wait(tmp_path: Path) -> None:
    mapping = write(tmp_path, 1) / "mappings/parties.yaml"
    with signed_in(tmp_path) as move:
        move.load()
        (tmp_path / "mappings/places.yaml").write_text(ADDRESSES)
        assert move.load().counts[Event.CREATED] == 1
        mapping.write_text(mapping.read_text().replace("{from: name}", "{expr: name ~ ' plc'}"))
        made = plan_again(move, parties(1))
        assert {step.key: step.action for step in made.steps}["parties/C1"] is Action.UPDATE
        outcome = runs.apply(move.project, move.clock, move.session)
        assert outcome.counts == {Event.READ: 1, Event.UPDATED: 1, Event.SKIPPED: 1}

"""Plan and reconciliation compare the same records by the same identities, owners and rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from moves import Move, signed_in
from test_cli_second_run import DOCUMENTS, PARTIES
from test_cli_second_run import SOURCES as BOTH_SOURCES
from test_commands_looks import PROJECT, edit, parties, plan_again, the_id, write

from sagerecon.commands import runs
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action, WaitStep
from sagerecon.runner.progress import Event

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

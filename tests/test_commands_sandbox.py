"""The rehearsal that a project or the sandbox asks for: business, users, clock, unreadable records."""

from __future__ import annotations

from pathlib import Path

import pytest
from moves import signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands.rehearsals import BusinessFacts, described_business, open_rehearsal
from sagerecon.commands.sandbox import sandbox
from sagerecon.documents.package import catalog
from sagerecon.model.errors import ProjectError
from sagerecon.planning.step import Action
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import SkewedClock, VirtualClock
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.runner.run import Ended

BASE = "https://api.accounting.sage.com/v3.1"


def bearer(sage: RehearsalSage, user: str) -> dict[str, str]:
    business = next(iter(sage.membership.businesses))
    token = sage.grant("sagerecon", user, business)["access_token"]
    return {"Authorization": f"Bearer {token}", "X-Business": business, "Content-Type": "application/json"}


def contact(reference: str) -> bytes:
    return (
        f'{{"contact": {{"name": "Oak", "reference": "{reference}", "contact_type_ids": ["CUSTOMER"]}}}}'
    ).encode()


def test_each_user_may_do_what_the_role_allows() -> None:
    sage = open_rehearsal(catalog(), BusinessFacts(), VirtualClock(), 1)
    made = {
        user: sage.request("POST", f"{BASE}/contacts", bearer(sage, user), contact(f"C{number}")).status
        for number, user in enumerate(("owner", "clerk", "reader"))
    }
    assert made == {"owner": 201, "clerk": 201, "reader": 403}


def test_a_page_with_an_unreadable_record_fails_only_for_all_attributes(tmp_path: Path) -> None:
    clock = VirtualClock()
    sage = open_rehearsal(catalog(), BusinessFacts(), clock, 1)
    headers = bearer(sage, "owner")
    for number in range(3):
        sage.request("POST", f"{BASE}/contacts", headers, contact(f"C{number}"))
    listed = sage.request("GET", f"{BASE}/contacts?search=C1", headers).body
    unreadable = listed.split(b'"id":"')[1][:32].decode()
    sage.mark_unreadable(unreadable)
    sage.save(tmp_path / "state.json")
    again = RehearsalSage.load(tmp_path / "state.json", catalog(), clock, Business.from_document)
    for answers in (sage, again):

        def status(query: str, answers: RehearsalSage = answers) -> int:
            return answers.request("GET", f"{BASE}/contacts{query}", headers).status

        assert status("?attributes=all") == 500
        assert status("?attributes=name,reference") == 200
        assert status("?attributes=all&search=C2") == 200
        assert status(f"/{unreadable}") == 200


@pytest.mark.parametrize("seconds", [-240, -3, 3, 240])
def test_a_move_finishes_although_the_servers_clock_is_wrong(tmp_path: Path, seconds: int) -> None:
    write_tiny(tmp_path)
    (tmp_path / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    with signed_in(tmp_path) as moving:
        moving.sage.clock = SkewedClock(moving.clock, seconds * 1_000)
        assert moving.load().ended is Ended.FINISHED
        assert moving.reconcile().reconciliation.ties_out


def test_the_sandbox_takes_a_country_an_edition_and_a_scheme() -> None:
    asked = described_business(catalog(), "CA", "plus", "NOT_REGISTERED", multi_currency=False)
    assert (asked.currency, asked.tax_registered) == ("CAD", False)
    for words in (("FR", "plus", "STANDARD"), ("GB", "plsu", "STANDARD"), ("GB", "plus", "CASH")):
        with pytest.raises(ProjectError):
            described_business(catalog(), *words, multi_currency=False)
    irish = BusinessFacts(country="IE", currency="EUR", tax_scheme="CASH_ACCOUNTING")
    with sandbox(catalog(), irish) as server:
        (books,) = server.sage.membership.businesses.values()
        assert (books.country, books.edition) == ("IE", "plus")


def test_no_step_reads_all_attributes(tmp_path: Path) -> None:
    """Otherwise one unreadable record would make its whole page fail."""
    write_tiny(tmp_path)
    (tmp_path / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    with signed_in(tmp_path) as moving:
        moving.load()
        plan = moving.project.plan_file.read_text()
    assert '"action":"read"' in plan and Action.READ.value == "read"
    assert '"attributes":"all"' not in plan

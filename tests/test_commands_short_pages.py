"""A reading that was paused after a page with too few entities concludes nothing from that page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from moves import Move, signed_in
from test_commands_looks import write

from sagerecon.commands import reconciliations
from sagerecon.model.clock import HOUR
from sagerecon.pairing.consequences import Verdict
from sagerecon.rehearsal.reply import Reply, json_reply
from sagerecon.runner.run import Ended, RunOutcome


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move of three customers, all of them in Sage."""
    with signed_in(write(tmp_path, 3)) as opened:
        opened.load()
        opened.clock.sleep(60_000)
        yield opened


def shorten_and_pause(move: Move) -> None:
    """Let Sage answer the listing of contacts with its total and one entity, and then no call for an hour."""
    handle = move.sage.request
    shortened: list[str] = []

    def answer(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        if shortened:
            return replace(json_reply(429, {}), headers={"Retry-After": "3600"})
        reply = handle(method, url, headers, body)
        if "/contacts?" not in url:
            return reply
        shortened.append(url)
        document = json.loads(reply.body)
        short = json_reply(200, {**document, "$items": document["$items"][:1]})
        return replace(short, headers=reply.headers)

    move.sage.request = answer  # type: ignore[method-assign]
    outcome = reconciliations.reconcile(move.project, move.clock, move.session)
    assert isinstance(outcome, RunOutcome) and outcome.ended is Ended.PAUSED
    move.sage.request = handle  # type: ignore[method-assign]
    move.clock.sleep(HOUR)


def test_a_record_that_a_short_page_lacks_is_not_missing(move: Move) -> None:
    shorten_and_pause(move)
    before = move.sage.calls
    found = move.reconcile().reconciliation
    assert {verdict.verdict for verdict in found.verdicts if verdict.key} == {Verdict.VERIFIED}
    assert move.sage.calls - before == 5  # page 2, which is empty; the listing again; the other three

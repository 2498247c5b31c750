"""A short run of random requests; `make fuzz` is the long one."""

from __future__ import annotations

from typing import Any

import pytest
from fuzzing import fuzz

from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.openapi import describe
from sagerecon.rehearsal.request import ApiReply, ApiRequest


def test_every_answer_matches_the_description() -> None:
    outcome = fuzz(220)
    assert outcome.findings == {}
    assert outcome.requests > 150
    assert outcome.statuses[201] > 0 and outcome.statuses[200] > 50


def test_an_answer_with_a_field_that_is_not_described_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_name(*facts: Any) -> dict[str, Any]:
        document = describe(*facts)
        del document["components"]["schemas"]["contact"]["properties"]["reference"]
        return document

    monkeypatch.setattr("sagerecon.rehearsal.sage.describe", without_name)
    outcome = fuzz(20, mostly="GET /contacts/{key}")
    assert any("reference" in what for _, what in outcome.findings)


def test_a_fault_of_the_server_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(books: Business, request: ApiRequest) -> ApiReply:
        if "search" in request.query:
            raise ZeroDivisionError
        return handle(books, request)

    handle = Business.handle
    monkeypatch.setattr(Business, "handle", fail)
    outcome = fuzz(20, mostly="GET /contacts")
    assert ("server", "ZeroDivisionError()") in outcome.findings
    assert outcome.statuses[500] > 0

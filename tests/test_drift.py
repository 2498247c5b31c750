"""What a published document says otherwise than the catalog: Sage's two, our own, and small ones."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sagerecon.commands.rehearsals import BusinessFacts, open_rehearsal
from sagerecon.documents import package
from sagerecon.drift.changes import Change, Drift, compare
from sagerecon.drift.published import Published, read_published
from sagerecon.rehearsal.clock import VirtualClock

SAGE = Path(__file__).resolve().parents[2] / "shared" / "sage"


def drift(document: Any, country: str = "", edition: str = "") -> Drift:
    published, findings = read_published(json.dumps(document), "openapi.json")
    assert findings == [] and published is not None
    return compare(package.catalog(), published, country, edition)


def shared(name: str) -> Any:
    path = SAGE / name
    if not path.is_file():
        pytest.skip(f"{path} is not on this machine")
    return json.loads(path.read_text(encoding="utf-8"))


def names(found: Drift) -> list[str]:
    return sorted(change.name for change in found.changes)


@pytest.fixture(scope="module")
def own() -> dict[str, Any]:
    return open_rehearsal(package.catalog(), BusinessFacts(), VirtualClock(), 1).description(
        "http://127.0.0.1:1"
    )


@pytest.fixture(scope="module")
def untouched(own: dict[str, Any]) -> Drift:
    return drift(own)


def test_the_newest_document_lacks_only_what_has_left() -> None:
    found = drift(shared("openapi-2025-11-merged.json"))
    assert names(found) == [
        f"{resource}: resource gone"
        for resource in (
            "corrective_reason_codes",
            "datev_settings",
            "email_settings",
            "journal_code_types",
            "journal_codes",
            "migration_tax_returns",
            "migrations",
            "purchase_corrective_invoices",
            "sales_corrective_invoices",
            "tax_offices",
        )
    ]
    assert found.meant > 20


def test_the_older_document_lacks_what_came_later() -> None:
    assert names(drift(shared("openapi.json"))) == [
        "businesses: resource gone",
        "contacts: filter gone list filter_foreign_currencies",
        "draft_tax_returns: resource gone",
        "purchase_invoices: filter gone list copilot_vat_back_url",
        "purchase_invoices: filter gone list generate_filter_url",
        "sales_invoices: filter gone list copilot_vat_back_url",
        "sales_invoices: filter gone list generate_filter_url",
        "sales_quotes: filter gone list copilot_vat_back_url",
        "sales_quotes: filter gone list generate_filter_url",
        "tax_returns: resource gone",
        "trial_balance: resource gone",
        "user: resource gone",
    ]


def test_our_own_description_says_nothing_else_about_what_it_has(untouched: Drift) -> None:
    found = [change for change in untouched.changes if change.what not in ("resource gone", "operation gone")]
    assert {change.name for change in found} == {
        "stock_movements: answered type date",  # Sage's examples show what its models do not say
        "stock_movements: answered type movement_number",
        "stock_items: answered type cost_price_last_updated",
        "contacts: answered type statement_run",
        "transactions: answered type audit_trail_id",
        "transactions: answered type number_of_attachments",
    }


def test_a_country_and_an_edition_narrow_it(own: dict[str, Any]) -> None:
    document = copy.deepcopy(own)
    del document["paths"]["/contacts"]["post"]
    gone = "contacts: operation gone POST /contacts"
    assert gone in names(drift(document)) and gone in names(drift(document, "CA", "plus"))
    assert gone not in names(drift(document, "CA", "standard"))  # Standard is not sold there


def _set(path: list[str], value: Any) -> Callable[[Any], None]:
    def change(node: Any) -> None:
        for name in path[:-1]:
            node = node[name]
        if value is None:
            del node[path[-1]]
        else:
            node[path[-1]] = value

    return change


CONTACT = ["components", "schemas", "contact_create", "properties", "contact"]
NAME = [*CONTACT, "properties", "name"]
INVOICE = ["components", "schemas", "sales_invoice_create", "properties", "sales_invoice", "properties"]
ANSWER = ["components", "schemas", "contact", "properties"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ([*NAME, "maxLength"], 80, Change("contacts", "length", "name", "100", "80")),
        ([*NAME, "type"], "integer", Change("contacts", "type", "name", "text", "integer")),
        ([*CONTACT, "required"], ["name"], Change("contacts", "required", "contact_type_ids", "yes", "no")),
        (
            [*CONTACT, "properties", "colour"],
            {"type": "string"},
            Change("contacts", "sent on create", "colour", "", "added"),
        ),
        ([*CONTACT, "properties", "notes"], None, Change("contacts", "sent on create", "notes", "", "gone")),
        (
            [*CONTACT, "properties", "credit_terms", "anyOf"],
            [{"type": "string", "enum": ["immediate_invoice"]}],
            Change(
                "contacts",
                "enum",
                "credit_terms",
                "month_end_invoice, date_from_invoice, immediate_invoice, month_end_payment, "
                "date_from_payment, immediate_payment",
                "immediate_invoice",
            ),
        ),
        (
            [*CONTACT, "properties", "credit_days", "maximum"],
            120,
            Change("contacts", "most", "credit_days", "365", "120"),
        ),
        (
            [*INVOICE, "invoice_lines", "items", "properties", "description"],
            None,
            Change("sales_invoices", "sent on create", "invoice_lines[].description", "", "gone"),
        ),
        ([*ANSWER, "tax_number"], None, Change("contacts", "answered", "tax_number", "", "gone")),
        (
            [*ANSWER, "is_active"],
            {"type": "string"},
            Change("contacts", "answered type", "is_active", "boolean", "text"),
        ),
        (
            ["paths", "/contacts/{key}", "delete"],
            None,
            Change("contacts", "operation gone", "DELETE /contacts/{key}"),
        ),
        (
            ["paths", "/contacts/{key}/merge"],
            {"post": {"responses": {}}},
            Change("contacts", "operation added", "POST /contacts/{key}/merge"),
        ),
        (
            ["paths", "/robots"],
            {"get": {"responses": {}}},
            Change("robots", "resource added", "", "", "GET /robots"),
        ),
        (
            ["paths", "/contacts", "get", "parameters"],
            [{"name": "shoe_size", "in": "query", "schema": {"type": "integer"}}],
            Change("contacts", "filter added", "list shoe_size"),
        ),
    ],
)
def test_each_sort_of_change_is_seen(
    own: dict[str, Any], untouched: Drift, path: list[str], value: Any, expected: Change
) -> None:
    document = copy.deepcopy(own)
    _set(path, value)(document)
    assert expected in set(drift(document).changes) - set(untouched.changes)


def test_prose_and_examples_are_passed_over(own: dict[str, Any], untouched: Drift) -> None:
    document = copy.deepcopy(own)
    _set([*NAME, "description"], "Another sentence.")(document)
    _set([*NAME, "example"], "Oak")(document)
    document["info"]["version"] = "9"
    assert drift(document) == untouched


def test_editions_are_read_from_the_flags_of_the_prose() -> None:
    document = shared("openapi-2025-11-merged.json")
    listing = document["paths"]["/contacts"]["get"]
    listing["description"] = listing["description"].replace(", \U0001f1ee\U0001f1ea", "")
    changes = [change for change in drift(document).changes if change.what == "editions of"]
    assert changes[0] == Change("contacts", "editions of", "list in start", "CA, GB, IE", "CA, GB")
    assert {change.subject for change in changes} == {
        f"list in {each}" for each in ("start", "standard", "plus")
    }


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('{"swagger": "2.0",\n "paths" {}}', 2, "not JSON"),
        ("[]", 0, "no paths"),
        ('{"paths": {}}', 0, "no version"),
        ("[" * 100_000, 0, "deep"),
    ],
)
def test_what_is_no_document_is_a_finding_at_its_place(text: str, line: int, word: str) -> None:
    published, findings = read_published(text, "new.json")
    assert published is None
    assert findings[0].place.file == "new.json"
    assert (findings[0].place.line or 0) == line
    assert word in findings[0].message


def test_references_in_a_circle_end() -> None:
    loop = {"$ref": "#/definitions/Loop"}
    document = {
        "swagger": "2.0",
        "paths": {"/contacts": {"get": {"responses": {"200": {"schema": loop}}}}},
        "definitions": {"Loop": loop, "Chain": {"allOf": [{"$ref": "#/definitions/Chain"}]}},
    }
    assert drift(document).changes
    chain = Published(
        {
            **document,
            "paths": {"/x": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Chain"}}}}}},
        }
    )
    assert chain.fields({"$ref": "#/definitions/Chain"}) == {}


@pytest.mark.parametrize(
    "strange", [None, 3, "text", [], [1], {"get": 5}, {"get": {"parameters": [None, {}]}}]
)
def test_nonsense_inside_a_document_is_no_traceback(strange: Any) -> None:
    document = {"openapi": "3.1.0", "paths": {"/contacts": strange, "/sales_invoices": {"post": strange}}}
    assert drift(document).changes

"""Differences from the catalog: of Sage's two documents, of the rehearsal's, and of changed copies."""

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
        pytest.skip(f"{path} is not available")
    return json.loads(path.read_text(encoding="utf-8"))


def names(found: Drift) -> list[str]:
    return sorted(change.name for change in found.changes)


@pytest.fixture(scope="module")
def own() -> dict[str, Any]:
    return open_rehearsal(package.catalog(), BusinessFacts(), VirtualClock(), 1).description(
        "http://127.0.0.1:1"
    )


@pytest.fixture(scope="module")
def unchanged(own: dict[str, Any]) -> Drift:
    return drift(own)


def test_the_newest_document_lacks_only_removed_resources() -> None:
    found = drift(shared("openapi-2025-11-merged.json"))
    assert names(found) == [
        f"{resource}: resource removed"
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
    assert found.known_deviations > 20


def test_the_older_document_lacks_later_additions() -> None:
    assert names(drift(shared("openapi.json"))) == [
        "businesses: resource removed",
        "contacts: filter removed list filter_foreign_currencies",
        "draft_tax_returns: resource removed",
        "purchase_invoices: filter removed list copilot_vat_back_url",
        "purchase_invoices: filter removed list generate_filter_url",
        "sales_invoices: filter removed list copilot_vat_back_url",
        "sales_invoices: filter removed list generate_filter_url",
        "sales_quotes: filter removed list copilot_vat_back_url",
        "sales_quotes: filter removed list generate_filter_url",
        "tax_returns: resource removed",
        "trial_balance: resource removed",
        "user: resource removed",
    ]


def test_the_rehearsal_document_agrees_on_what_it_has(unchanged: Drift) -> None:
    found = [
        change
        for change in unchanged.changes
        if change.aspect not in ("resource removed", "operation removed")
    ]
    assert {change.name for change in found} == {
        "stock_movements: response type date",  # Sage's examples show types that its models do not state
        "stock_movements: response type movement_number",
        "stock_items: response type cost_price_last_updated",
        "contacts: response type statement_run",
        "transactions: response type audit_trail_id",
        "transactions: response type number_of_attachments",
    }


def test_country_and_edition_limit_the_differences(own: dict[str, Any]) -> None:
    document = copy.deepcopy(own)
    del document["paths"]["/contacts"]["post"]
    removed = "contacts: operation removed POST /contacts"
    assert removed in names(drift(document)) and removed in names(drift(document, "CA", "plus"))
    assert removed not in names(drift(document, "CA", "standard"))  # Standard is not sold there


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
            Change("contacts", "request field on create", "colour", "", "added"),
        ),
        (
            [*CONTACT, "properties", "notes"],
            None,
            Change("contacts", "request field on create", "notes", "", "removed"),
        ),
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
            Change("contacts", "maximum", "credit_days", "365", "120"),
        ),
        (
            [*INVOICE, "invoice_lines", "items", "properties", "description"],
            None,
            Change("sales_invoices", "request field on create", "invoice_lines[].description", "", "removed"),
        ),
        ([*ANSWER, "tax_number"], None, Change("contacts", "response field", "tax_number", "", "removed")),
        (
            [*ANSWER, "is_active"],
            {"type": "string"},
            Change("contacts", "response type", "is_active", "boolean", "text"),
        ),
        (
            ["paths", "/contacts/{key}", "delete"],
            None,
            Change("contacts", "operation removed", "DELETE /contacts/{key}"),
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
def test_each_kind_of_change_is_found(
    own: dict[str, Any], unchanged: Drift, path: list[str], value: Any, expected: Change
) -> None:
    document = copy.deepcopy(own)
    _set(path, value)(document)
    assert expected in set(drift(document).changes) - set(unchanged.changes)


def test_descriptions_and_examples_are_ignored(own: dict[str, Any], unchanged: Drift) -> None:
    document = copy.deepcopy(own)
    _set([*NAME, "description"], "Another sentence.")(document)
    _set([*NAME, "example"], "Oak")(document)
    document["info"]["version"] = "9"
    assert drift(document) == unchanged


def test_editions_are_read_from_the_flags_in_descriptions() -> None:
    document = shared("openapi-2025-11-merged.json")
    listing = document["paths"]["/contacts"]["get"]
    listing["description"] = listing["description"].replace(", \U0001f1ee\U0001f1ea", "")
    changes = [change for change in drift(document).changes if change.aspect == "editions of"]
    assert changes[0] == Change("contacts", "editions of", "list in start", "CA, GB, IE", "CA, GB")
    assert {change.subject for change in changes} == {
        f"list in {each}" for each in ("start", "standard", "plus")
    }


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('{"swagger": "2.0",\n "paths" {}}', 2, "invalid JSON"),
        ("[]", 0, "no 'paths'"),
        ('{"paths": {}}', 0, "unsupported OpenAPI version"),
        ("[" * 100_000, 0, "too deeply"),
    ],
)
def test_an_invalid_document_is_a_finding_at_its_place(text: str, line: int, word: str) -> None:
    published, findings = read_published(text, "new.json")
    assert published is None
    assert findings[0].place.file == "new.json"
    assert (findings[0].place.line or 0) == line
    assert word in findings[0].message


def test_circular_references_end() -> None:
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
def test_malformed_parts_of_a_document_are_ignored(strange: Any) -> None:
    document = {"openapi": "3.1.0", "paths": {"/contacts": strange, "/sales_invoices": {"post": strange}}}
    assert drift(document).changes

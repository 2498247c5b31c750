"""Attachments: validation, listing, download and deletion."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from small_business import BUSINESS_ID, Clerk, messages
from small_sage import ADA, APP, REDIRECT, SECRET, bearer

from sagerecon.documents.package import catalog
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.request import FULL
from sagerecon.rehearsal.sage import RehearsalSage

CONTENT = bytes(range(256))


def file(**fields: Any) -> dict[str, Any]:
    """Return the fields of a file of 256 bytes."""
    text = base64.b64encode(CONTENT).decode()
    return {"file": text, "file_name": "scan.pdf", "mime_type": "application/pdf", **fields}


def on(type: str, id: str) -> dict[str, str]:
    return {"attachment_context_type_id": type, "attachment_context_id": id}


def test_a_file_is_attached_to_a_record() -> None:
    clerk = Clerk()
    invoice = clerk.invoice(clerk.customer())
    made = clerk.post("attachment", **file(description="A scan"), **on("SALES_INVOICE", invoice["id"]))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["id"])
    assert (made["file_size"], made["file_extension"], made["displayed_as"]) == (256, ".pdf", "A scan")
    assert made["$file_path"] == f"/attachments/{made['id']}/file"
    assert made["attachment_context"]["id"] == invoice["id"]
    assert "file" not in made
    transaction = clerk.get(f"/transactions/{invoice['transaction']['id']}")
    assert transaction["number_of_attachments"] == 1
    assert clerk.get("/sales_invoices", has_attachments="true")["$total"] == 1
    assert clerk.get("/sales_invoices", has_attachments="false")["$total"] == 0


def test_a_file_is_downloaded_unchanged() -> None:
    clerk = Clerk()
    made = clerk.post("attachment", **file(file_name="größe 1.pdf"))
    reply = clerk.request("GET", made["$file_path"])
    assert (reply.status, reply.body) == (200, CONTENT)
    assert reply.headers["Content-Disposition"] == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%201.pdf"
    sage = RehearsalSage(catalog(), VirtualClock())
    sage.add_app(APP, SECRET, name="Small app", redirect_uri=REDIRECT)
    sage.add_user(ADA, "Ada Lane", "AL")
    sage.add_business(clerk.business, {ADA: FULL})
    headers = {**bearer(sage, business=BUSINESS_ID), "Accept": "application/octet-stream"}
    served = sage.request("GET", f"/v3.1{made['$file_path']}", headers)
    assert (served.status, served.body) == (200, CONTENT)
    assert served.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("fields", "source", "message"),
    [
        ({"file": "no base64!"}, "file", "File is not base64."),
        ({"file": None}, "file", "This field is required."),
        ({"file_name": None}, "file_name", "This field is required."),
        (on("CONTACT", "ab"), "attachment_context_id", "Couldn't find record."),
        ({"attachment_context_type_id": "CONTACT"}, "attachment_context_id", "This field is required."),
        ({"attachment_context_id": "ab"}, "attachment_context_type_id", "This field is required."),
        (on("SALES_CORRECTIVE_INVOICE", "ab"), "attachment_context_id", "Couldn't find record."),
    ],
)
def test_refused_files(fields: dict[str, Any], source: str, message: str) -> None:
    reply = Clerk().send("attachment", **file(**fields))
    assert (reply.status, messages(reply)) == (422, [(source, message)])


def test_a_file_may_not_be_too_large() -> None:
    text = base64.b64encode(bytes(2_621_441)).decode()
    reply = Clerk().send("attachment", **file(file=text))
    assert messages(reply) == [("file", "File is too large (maximum is 2621440 bytes).")]


def test_a_file_may_belong_to_the_business() -> None:
    clerk = Clerk()
    assert clerk.post("attachment", **file(), **on("BUSINESS", BUSINESS_ID))["attachment_context"] is not None
    assert clerk.send("attachment", **file(), **on("BUSINESS", "0" * 32)).status == 422


def test_files_are_found_by_their_record_changed_and_deleted() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    made = clerk.post("attachment", **file(), **on("CONTACT", customer))["id"]
    clerk.post("attachment", **file())
    assert clerk.get("/attachments", **on("CONTACT", customer))["$total"] == 1
    assert clerk.get("/attachments")["$total"] == 2
    assert clerk.put("attachment", made, description="Seen").body["displayed_as"] == "Seen"
    assert clerk.delete("attachment", made).status == 204
    assert clerk.get("/attachments", deleted_since="2026-01-01")["$total"] == 1
    reply = clerk.request("GET", "/attachments", deleted_since="2019-06-11")
    assert (reply.status, reply.body[0]["$source"]) == (400, "deleted_since")


def test_a_contact_is_deleted_with_its_files() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    clerk.post("attachment", **file(), **on("CONTACT", customer))
    assert clerk.get(f"/contacts/{customer}")["deletable"] is True
    assert clerk.delete("contact", customer).status == 204
    assert clerk.get("/attachments")["$total"] == 0


def test_files_are_saved() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    made = clerk.post("attachment", **file(), **on("CONTACT", customer))
    clerk.business = Business.from_document(json.loads(json.dumps(clerk.business.document())), catalog())
    assert clerk.request("GET", made["$file_path"]).body == CONTENT
    assert clerk.delete("contact", customer).status == 204
    assert clerk.get("/attachments")["$total"] == 0


def test_a_transaction_counts_the_files_of_its_record() -> None:
    clerk = Clerk()
    journal = clerk.post(
        "journal",
        date="2026-01-31",
        reference="J",
        journal_lines=[
            {"ledger_account_id": clerk.account(8000), "debit": "1", "credit": "0"},
            {"ledger_account_id": clerk.account(51), "debit": "0", "credit": "1"},
        ],
    )
    transaction = journal["transaction"]["id"]

    def counted() -> int:
        return int(clerk.get(f"/transactions/{transaction}")["number_of_attachments"])

    first = clerk.post("attachment", **file(), **on("JOURNAL", journal["id"]))["id"]
    clerk.post("attachment", **file(), transaction_id=transaction)
    assert counted() == 2
    clerk.put("attachment", first, attachment_context_type_id=None, attachment_context_id=None)
    assert counted() == 1
    clerk.put("attachment", first, **on("JOURNAL", journal["id"]))
    assert counted() == 2
    assert clerk.delete("journal", journal["id"]).status == 204
    assert counted() == 1
    assert clerk.get("/attachments")["$total"] == 1

"""Names in `lines`, `posts` and `ledger` of a catalog file must be fields of the kind."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from sagerecon.documents import package
from sagerecon.documents.specs import read_documents

API = Path(__file__).resolve().parents[1] / "specs" / "api.yaml"

PAYMENT = """
    sagerecon: resource/v1
    kind: payment
    resource: payments
    path: /payments
    section: payments
    about: A payment for these tests.
    editions: {plus: [GB]}
    operations: {list: {}, create: {}}
    amount: total
    date: date
    lines: {items: parts, account: account, net: net, tax: tax}
    posts:
      family: other_payment
      types: {sort: {IN: {side: customer, sign: 1}}}
      account: bank
      settles: {items: settled, document: document, amount: paid}
    ledger: {role: bank_account, code: code}
    fields:
      date: date
      total: money
      code: integer
      sort: text
      bank_id: {refers_to: payment}
      parts: {type: list, fields: {account_id: {refers_to: payment}, net: money, tax: money}}
      settled: {type: list, fields: {document_id: {refers_to: payment}, paid: money}}
"""


def faults(text: str) -> list[str]:
    files = {"specs/payments.yaml": dedent(text).lstrip()}
    api = ("specs/api.yaml", API.read_text(encoding="utf-8"))
    _, findings = read_documents(api, files, package.schema("api"), package.schema("resource"))
    return [f"{finding.place.line}: {finding.message}" for finding in findings]


def test_links_are_named_as_in_an_answer() -> None:
    assert faults(PAYMENT) == []


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ("date: date\n    lines", "date: dated\n    lines", "10: payment has no field 'dated'."),
        ("items: parts", "items: pieces", "11: payment has no field 'pieces'."),
        ("net: net,", "net: nett,", "11: payment has no field 'parts.nett'."),
        ("types: {sort:", "types: {sorts:", "14: payment has no field 'sorts'."),
        ("account: bank\n", "account: till\n", "15: payment has no field 'till'."),
        ("amount: paid}", "amount: owed}", "16: payment has no field 'settled.owed'."),
        ("code: code}", "code: number}", "17: payment has no field 'number'."),
    ],
)
def test_a_name_that_is_no_field_is_a_finding(was: str, now: str, fault: str) -> None:
    assert was in PAYMENT
    assert fault in faults(PAYMENT.replace(was, now, 1))


def test_a_family_and_a_side_are_words_of_a_closed_set() -> None:
    assert faults(PAYMENT.replace("family: other_payment", "family: gift")) == [
        "13: posts.family cannot be 'gift'."
    ]
    assert faults(PAYMENT.replace("side: customer", "side: us")) == [
        "14: posts.types.sort.IN.side cannot be 'us'."
    ]

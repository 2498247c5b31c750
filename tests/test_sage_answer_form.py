"""An answer has the form of its resource, or is none."""

from __future__ import annotations

from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.sage.answer_form import form_fault

CONTACT = {"id": "1", "name": "Oak", "main_address": {"city": "Leeds"}, "contact_types": [{"id": "CUSTOMER"}]}


@pytest.mark.parametrize(
    "body",
    [
        CONTACT,
        [CONTACT],
        {"$items": [CONTACT], "$total": 1, "$page": 1, "$itemsPerPage": 20, "$next": None},
        {"$items": []},
        {"id": "1", "main_address": None, "contact_types": None, "unknown": [[1]]},
    ],
)
def test_an_answer_of_the_catalog_has_no_fault(body: Any) -> None:
    assert form_fault(body, "/contacts", catalog()) == ""
    assert form_fault(body, "/unknown/1", catalog()) == ""


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (5, "the whole"),
        ("x", "the whole"),
        ([5], "the whole"),
        ({"$items": 5}, "$items"),
        ({"$items": [None]}, "$items"),
        ({"$items": [CONTACT], "$total": "many"}, "$total"),
        ({"$items": [CONTACT], "$itemsPerPage": 10**400}, "$itemsPerPage"),
        ({"$items": [CONTACT], "$page": True}, "$page"),
        ({"id": {}}, "id"),
        ({"id": "1", "number": {}}, "number"),
        ({"main_address": "Leeds"}, "main_address"),
        ({"contact_types": {"id": "CUSTOMER"}}, "contact_types"),
        ({"contact_types": ["CUSTOMER"]}, "contact_types"),
        ({"default_sales_tax_rate": 5}, "default_sales_tax_rate"),
    ],
)
def test_an_answer_of_another_form_is_named(body: Any, fault: str) -> None:
    assert form_fault(body, "/contacts/1", catalog()) == fault


def test_a_list_of_objects_is_looked_into() -> None:
    assert form_fault({"ledger_accounts": [5]}, "/trial_balance", catalog()) == "ledger_accounts"

"""One resource file of the catalog as a `Kind`.

In a resource file `fields` are what is sent and `answers` what only comes back. A field that needs no more
than a type is written as that type; `money` is a decimal of two places. A link is written with `refers_to`
and needs no type. Editions and areas at the top apply to each operation that does not have its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.documents.posting import read_ledger, read_lines, read_posting
from sagerecon.model.catalog import BASE_FIELDS, Field, KeyField, Kind, Operation


def read_kind(document: Mapping[str, Any], api: Mapping[str, Any]) -> Kind:
    """Return the kind of a resource file; `api` is the document of `api.yaml`."""
    filters = tuple(document.get("filters", ()))
    natural_keys = tuple(
        KeyField(key["field"], key.get("filter", ""), key.get("unique", False), key.get("same_as", ""))
        for key in document.get("natural_keys", ())
    )
    fields = _fields(document, frozenset(document["operations"]) & _SENT["both"])
    same_as = {key.field: key.same_as for key in natural_keys if key.same_as}
    changes = api["changes"]
    return Kind(
        name=document["kind"],
        resource=document["resource"],
        path=document["path"],
        section=document["section"],
        about=document.get("about", ""),
        operations={
            name: _operation(name, facts, document) for name, facts in document["operations"].items()
        },
        fields={name: replace(known, same_as=same_as.get(name, "")) for name, known in fields.items()},
        natural_keys=natural_keys,
        filters=filters,
        required_filters=tuple(document.get("required_filters", ())),
        read_filters=tuple(document.get("read_filters", ())),
        search=tuple(document.get("search", ())),
        sort_keys=tuple(document.get("sort_keys", ())),
        changed_since=changes["changed"] if changes["changed"] in filters else "",
        deleted_since=changes["deleted"] if changes["deleted"] in filters else "",
        is_idempotent=document.get("idempotent", False),
        parallel_posts=document.get("parallel_posts", True),
        is_fixed_list=document.get("fixed_list", False),
        amount=document.get("amount", ""),
        date=document.get("date", ""),
        lines=read_lines(document),
        yields=dict(document.get("yields", {})),
        label=tuple(document.get("label", ())),
        posting=read_posting(document),
        base_fields=tuple(document.get("base_fields", BASE_FIELDS)),
        values=dict(document.get("values", {})),
        values_are_examples=document.get("values_are_examples", False),
        percentages={
            id: tuple(sorted((date.fromisoformat(day), Decimal(percent)) for day, percent in steps.items()))
            for id, steps in document.get("percentages", {}).items()
        },
        items_per_page=document.get("page", {}).get("largest"),
        quirks=tuple(document.get("quirks", ())),
        ledger=read_ledger(document),
    )


_METHODS = {"list": "GET", "read": "GET", "create": "POST", "update": "PUT", "delete": "DELETE"}
_SUCCESS = {"POST": 201, "DELETE": 204}


def _operation(name: str, facts: Mapping[str, Any], owner: Mapping[str, Any]) -> Operation:
    role, areas = facts.get("role"), facts.get("areas", owner.get("areas", {}))
    path = owner["path"]
    own = facts.get("editions", owner["editions"])
    method = facts.get("method", _METHODS.get(name, "POST"))
    return Operation(
        name=name,
        method=method,
        path=facts.get("path", path if name in ("list", "create") else f"{path}/{{key}}"),
        editions={edition: tuple(countries) for edition, countries in own.items()},
        reversibility=facts.get("reversibility", ""),
        status=facts.get("status", _SUCCESS.get(method, 200)),
        needs=dict.fromkeys(areas.get("any") or areas.get("all") or (), role) if role else {},
        needs_every_area="all" in areas,
        query=tuple(facts.get("query", ())),
        headers=tuple(facts.get("headers", ())),
    )


_NEVER: frozenset[str] = frozenset()
_SENT = {
    "create": frozenset({"create"}),
    "update": frozenset({"update"}),
    "both": frozenset({"create", "update"}),
}


def _fields(owner: Mapping[str, Any], sent: frozenset[str]) -> dict[str, Field]:
    """Return the fields that are sent, then those that only come back."""
    fields = {name: _field(name, facts, sent) for name, facts in owner.get("fields", {}).items()}
    answers = {name: _field(name, facts, _NEVER) for name, facts in owner.get("answers", {}).items()}
    return {**fields, **answers}


def _field(name: str, facts: str | Mapping[str, Any], usual: frozenset[str]) -> Field:
    """Return a field. `usual` are the operations that send it where the facts name none."""
    if isinstance(facts, str):
        facts = {"type": facts}
    sent = _SENT[facts["sent"]] if "sent" in facts else usual
    targets = facts.get("refers_to", ())
    targets = (targets,) if isinstance(targets, str) else tuple(targets)
    stated = facts.get("type") or _type_of_link(name, sent)
    children = _fields(facts, sent)
    return Field(
        name=name,
        type="decimal" if stated == "money" else stated,
        required=facts.get("required", False),
        max_length=facts.get("max_length"),
        decimals=2 if stated == "money" else facts.get("decimals"),
        enum=tuple(facts.get("enum", ())),
        read_only=not sent,
        refers_to=targets[0] if targets else "",
        targets=targets,
        countries=tuple(facts.get("countries", ())),
        in_start=facts.get("start", True),
        create="create" in sent,
        update="update" in sent,
        answered=facts.get("answered", True),
        fields=children,
        about=facts.get("about", ""),
        items=facts.get("items", "object" if stated == "list" and children else ""),
        least=facts.get("least"),
        most=facts.get("most"),
    )


def _type_of_link(name: str, sent: frozenset[str]) -> str:
    if not sent:
        return "object"
    return "list" if name.endswith("_ids") else "text"

"""The catalog's files: YAML texts to a Catalog, and what is wrong with them.

`specs/api.yaml` holds what concerns the whole API, one file per resource the rest. In a resource file
`fields` are what is sent, `answers` what only comes back; a field that needs no more than a type is
written as that type, and `money` is a decimal of two places. A link is written with `refers_to` and
needs no type. What stands at the top goes for each operation and field that does not say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagerecon.documents.document import Node, check_schema, read_document
from sagerecon.documents.posting import read_ledger, read_lines, read_posting
from sagerecon.documents.spec_names import check_names
from sagerecon.model.catalog import (
    BASE_FIELDS,
    Api,
    ApiError,
    Catalog,
    Field,
    Filter,
    KeyField,
    Kind,
    LimitProfile,
    Operation,
)
from sagerecon.model.finding import Finding


@dataclass(frozen=True, slots=True)
class SpecDocuments:
    """The contents of the catalog's files without errors, as plain values."""

    api: Mapping[str, Any]
    resources: tuple[Mapping[str, Any], ...]


def read_documents(
    api: tuple[str, str],
    resources: Mapping[str, str],
    api_schema: Mapping[str, Any],
    resource_schema: Mapping[str, Any],
) -> tuple[SpecDocuments | None, list[Finding]]:
    """Return the contents of the catalog's files, or None and every error in them.

    Args:
        api: the name and the text of `api.yaml`.
        resources: the other texts by file name.
    """
    api_node, findings = read_document(api[1], api[0])
    findings = findings or check_schema(api_node, api_schema)
    nodes: list[Node] = []
    for file, text in resources.items():
        node, faults = read_document(text, file)
        nodes.append(node)
        findings += faults or check_schema(node, resource_schema)
    if findings:
        return None, findings
    documents = SpecDocuments(api_node.plain(), tuple(node.plain() for node in nodes))
    catalog = read_catalog(documents)
    findings = [fault for node in nodes for fault in check_names(node, catalog)]
    return (None if findings else documents), findings


def read_catalog(documents: SpecDocuments) -> Catalog:
    """Return the catalog of documents that the schemas in `specs/schemas/` accept."""
    facts = _api(documents.api)
    kinds = [_kind(document, documents.api) for document in documents.resources]
    return Catalog(facts, {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)})


def _kind(document: Mapping[str, Any], api: Mapping[str, Any]) -> Kind:
    filters = tuple(document.get("filters", ()))
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
        fields=_fields(document, frozenset(document["operations"]) & _SENT["both"]),
        natural_keys=tuple(
            KeyField(key["field"], key.get("filter", ""), key.get("unique", False))
            for key in document.get("natural_keys", ())
        ),
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
    """What is sent, then what only comes back."""
    fields = {name: _field(name, facts, sent) for name, facts in owner.get("fields", {}).items()}
    answers = {name: _field(name, facts, _NEVER) for name, facts in owner.get("answers", {}).items()}
    return {**fields, **answers}


def _field(name: str, facts: str | Mapping[str, Any], usual: frozenset[str]) -> Field:
    """`usual` says which operations send it where the facts say nothing."""
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


def _api(document: Mapping[str, Any]) -> Api:
    addresses, tokens, paging = document["addresses"], document["tokens"], document["paging"]
    return Api(
        base_url=addresses["base"],
        authorize_url=addresses["authorize"],
        token_url=addresses["token"],
        revoke_url=addresses["revoke"],
        access_token_seconds=tokens["access_seconds"],
        refresh_token_seconds=tokens["refresh_seconds"],
        code_seconds=tokens["code_seconds"],
        items_per_page=paging["largest"],
        default_items_per_page=paging["default"],
        idempotency_days=document["idempotency"]["days"],
        limit_profiles={name: _profile(name, facts) for name, facts in document["limit_profiles"].items()},
        business_header=document["headers"]["business"],
        request_id_header=document["headers"]["request_id"],
        filters={
            name: Filter(name, facts["type"], facts["about"]) for name, facts in document["filters"].items()
        },
        errors=tuple(
            ApiError(error["status"], error.get("code", ""), error["meaning"], error["reaction"])
            for error in document["errors"]
        ),
        settings={name: tuple(setting["choices"]) for name, setting in document["settings"].items()},
        editions=dict(document["editions"]),
        countries=dict(document["countries"]),
        deviations=dict(document.get("deviations", {})),
    )


def _profile(name: str, facts: Mapping[str, Any]) -> LimitProfile:
    return LimitProfile(
        name,
        facts.get("per_minute"),
        facts.get("per_day"),
        facts["in_flight"],
        facts["bytes_per_hour"],
        facts["app_per_day"],
    )

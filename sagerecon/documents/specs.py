"""Read the catalog's files: `specs/api.yaml` for the whole API, and one file for each resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagerecon.documents.document import Node, read_document
from sagerecon.documents.kind import read_kind
from sagerecon.documents.schema import check_schema
from sagerecon.documents.spec_names import check_names
from sagerecon.model.catalog import Api, ApiError, Catalog, Filter, LimitProfile
from sagerecon.model.finding import Finding


@dataclass(frozen=True, slots=True)
class SpecDocuments:
    """The contents of the catalog's files, without errors, as plain values."""

    api: Mapping[str, Any]
    resources: tuple[Mapping[str, Any], ...]


def read_documents(
    api: tuple[str, str],
    resources: Mapping[str, str],
    api_schema: Mapping[str, Any],
    resource_schema: Mapping[str, Any],
) -> tuple[SpecDocuments | None, list[Finding]]:
    """Return the contents of the catalog's files and every fault in them; None where there is a fault.

    Args:
        api: name and text of `api.yaml`.
        resources: the texts of the other files by name.
        api_schema: the JSON Schema of `api.yaml`.
        resource_schema: the JSON Schema of the other files.
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
    """Return the catalog of documents that have been checked against the schemas."""
    kinds = [read_kind(document, documents.api) for document in documents.resources]
    by_name = {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)}
    return Catalog(_api(documents.api), by_name)


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
        name=name,
        per_minute=facts.get("per_minute"),
        per_day=facts.get("per_day"),
        in_flight=facts["in_flight"],
        bytes_per_hour=facts["bytes_per_hour"],
        app_per_day=facts["app_per_day"],
    )

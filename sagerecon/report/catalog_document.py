"""The catalog as JSON documents."""

from __future__ import annotations

from typing import Any

from sagerecon.drift.changes import Change
from sagerecon.model.catalog import Field, Kind, Operation
from sagerecon.model.money import decimal_text


def row_document(found: Kind) -> dict[str, Any]:
    """Return a kind as an item of the list of kinds."""
    return {
        "kind": found.name,
        "resource": found.resource,
        "section": found.section,
        "about": found.about,
        "operations": list(found.operations),
        "idempotent": found.is_idempotent,
        "parallel_posts": found.parallel_posts,
        "fixed_list": found.is_fixed_list,
        "reversibility": {
            name: operation.reversibility
            for name, operation in found.operations.items()
            if operation.reversibility
        },
    }


def kind_document(found: Kind) -> dict[str, Any]:
    """Return a kind with all its facts."""
    return {
        **row_document(found),
        "path": found.path,
        "operations": [_operation_document(operation) for operation in found.operations.values()],
        "fields": [field_document(field) for field in found.fields.values()],
        "natural_keys": [
            {"field": key.field, "filter": key.filter, "unique": key.is_unique, "same_as": key.same_as}
            for key in found.natural_keys
        ],
        "filters": list(found.filters),
        "required_filters": list(found.required_filters),
        "read_filters": list(found.read_filters),
        "search": list(found.search),
        "sort_keys": list(found.sort_keys),
        "changed_since": found.changed_since,
        "deleted_since": found.deleted_since,
        "amount": found.amount,
        "yields": dict(found.yields),
        "label": list(found.label),
        "posts": list(found.posts),
        "values": dict(found.values),
        "percentages": {
            id: {str(day): decimal_text(percentage) for day, percentage in steps}
            for id, steps in found.percentages.items()
        },
        "quirks": list(found.quirks),
    }


def field_document(field: Field) -> dict[str, Any]:
    """Return a field with the facts that are known of it."""
    facts: dict[str, Any] = {
        "name": field.name,
        "type": field.type,
        "required": field.required,
        "create": field.create,
        "update": field.update,
        "response_name": field.answered_as if field.answered else "",
    }
    optional = {
        "max_length": field.max_length,
        "decimals": field.decimals,
        "minimum": field.least,
        "maximum": field.most,
        "enum": list(field.enum),
        "refers_to": list(field.targets),
        "countries": list(field.countries),
        "about": field.about,
        "fields": [field_document(child) for child in field.fields.values()],
    }
    facts |= {name: value for name, value in optional.items() if value not in (None, [], "")}
    return facts if field.in_start else {**facts, "in_start": False}


def change_document(change: Change) -> dict[str, str]:
    """Return a difference between the catalog and an API document."""
    return {
        "resource": change.resource,
        "aspect": change.aspect,
        "subject": change.subject,
        "catalog": change.in_catalog,
        "document": change.in_document,
    }


def _operation_document(operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "method": operation.method,
        "path": operation.path,
        "status": operation.status,
        "reversibility": operation.reversibility,
        "editions": {edition: list(countries) for edition, countries in operation.editions.items()},
        "needs": dict(operation.needs),
        "needs_every_area": operation.needs_every_area,
        "query": list(operation.query),
    }

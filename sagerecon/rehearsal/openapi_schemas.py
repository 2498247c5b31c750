"""JSON Schemas of the catalog's fields, for request bodies and for answers.

An answer has what Sage really sends: amounts as strings, empty fields as null, links as small records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sagerecon.model.catalog import Api, Field, Filter, Kind, Operation

Schema = dict[str, Any]

#: An amount in an answer; a request may send a number instead.
AMOUNT = r"^-?[0-9]{1,18}(\.[0-9]+)?$"
_LARGEST = 999_999_999_999

_BASE: Mapping[str, Schema] = {
    "id": {"type": "string"},
    "displayed_as": {"type": ["string", "null"]},
    "$path": {"type": ["string", "null"]},
}

_PLAIN: Mapping[str, Schema] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "decimal": {"type": "string", "pattern": AMOUNT},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}

#: Fields whose answer differs from the request and from Sage's documents, as Sage's examples show.
_RESPONSE_OVERRIDES: Mapping[tuple[str, str], Schema] = {
    ("stock_movement", "date"): {"type": "string", "format": "date-time"},
    ("stock_movement", "movement_number"): {"type": ["integer", "string"]},
    ("stock_item", "cost_price_last_updated"): {"type": ["string", "null"]},
    ("stock_item", "weight"): {"type": ["number", "string", "null"]},
    ("contact", "statement_run"): {"type": ["object", "null"]},
    ("transaction", "audit_trail_id"): {"type": "integer"},
    ("transaction", "number_of_attachments"): {"type": "integer"},
}

#: Schemas shared by all operations, by name.
COMMON: Mapping[str, Schema] = {
    "link": {
        "type": "object",
        "description": "A reference to another record; nested_attributes adds more of its fields.",
        "required": ["id"],
        "properties": dict(_BASE),
    },
    "errors": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["$severity", "$dataCode", "$message", "$source"],
            "additionalProperties": False,
            "properties": {name: {"type": "string"} for name in ("$severity", "$dataCode", "$message")}
            | {"$source": {"type": "string", "description": "Path of the field, or empty."}},
        },
    },
    "token_error": {
        "type": "object",
        "required": ["error", "error_description"],
        "additionalProperties": False,
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    },
}


def reference(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def response_schema(kind: Kind) -> Schema:
    """Return the schema of a record as answered; `attributes` decides which optional fields it has."""
    properties = {name: dict(_BASE[name]) for name in ("id", "displayed_as", "$path")}
    properties |= _response_properties(kind.fields.values())
    properties |= {name: shown for (owner, name), shown in _RESPONSE_OVERRIDES.items() if owner == kind.name}
    return {
        "type": "object",
        "description": kind.about,
        "required": list(kind.base_fields),
        "additionalProperties": False,
        "properties": properties,
    }


def page_schema(kind: Kind) -> Schema:
    """Return the schema of the envelope around a page of the kind's list."""
    size = "$items_per_page" if kind.items_per_page else "$itemsPerPage"
    return {
        "type": "object",
        "required": ["$total", "$page", "$back", size, "$items"],
        "additionalProperties": False,
        "properties": {
            "$total": {"type": "integer", "minimum": 0},
            "$page": {"type": "integer", "minimum": 1},
            "$next": {"type": ["string", "null"], "description": "A path without the version."},
            "$back": {"type": ["string", "null"]},
            size: {"type": "integer", "minimum": 1},
            "$items": {"type": "array", "items": reference(kind.name)},
        },
    }


def request_schema(kind: Kind, operation: str) -> Schema:
    """Return the schema of a POST or PUT body: the record under the name of its kind."""
    inner = _request_object(kind.fields.values(), operation)
    if kind.is_idempotent:
        inner["properties"]["idempotency_id"] = {
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "description": "Chosen by the client; repeating it returns the first answer again.",
        }
    return {
        "type": "object",
        "required": [kind.name],
        "properties": {kind.name: inner},
    }


def query_schema(filter: Filter, kind: Kind) -> Schema:
    """Return the schema of a query parameter."""
    if filter.name == "sort" and kind.sort_keys:
        return {"type": "string", "pattern": f"^({'|'.join(kind.sort_keys)})(:(asc|desc))?$"}
    if filter.type == "datetime":  # a date alone is accepted
        return {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
    return dict(_PLAIN[filter.type])


def paging_parameters(api: Api, kind: Kind) -> Mapping[str, Schema]:
    """Return the query parameters of a list that are not filters of the kind."""
    return {
        "page": {"type": "integer", "minimum": 1, "default": 1},
        "items_per_page": {
            "type": "integer",
            "minimum": 1,
            "maximum": kind.items_per_page or api.items_per_page,
        },
    }


def query_names(kind: Kind, operation: Operation) -> tuple[str, ...]:
    """Return the names of the filters an operation supports."""
    if operation.name == "list" or (operation.name == "read" and not kind.can("list")):
        return tuple(dict.fromkeys((*kind.filters, *operation.query)))
    if operation.name == "read":
        return tuple(dict.fromkeys((*kind.read_filters, *operation.query)))
    return operation.query


def _response_properties(fields: Iterable[Field]) -> dict[str, Schema]:
    return {field.answered_as: _response_field(field) for field in fields if field.answered}


def _response_field(field: Field) -> Schema:
    many = field.type == "list"
    if field.refers_to:
        one = reference("link") | _description(field)
        return {"type": ["array", "null"], "items": one} if many else _or_null(one)
    if field.fields:
        one = {"type": "object", "properties": _response_properties(field.fields.values())} | _description(
            field
        )
        return {"type": ["array", "null"], "items": one} if many else _or_null(one)
    if many:
        return {"type": ["array", "null"]} | _description(field)
    one = dict(_PLAIN.get(field.type, {"type": "object"})) | _description(field)
    if field.type == "text" and field.max_length:
        one["maxLength"] = field.max_length
    return _or_null(one)


def _request_object(fields: Iterable[Field], operation: str) -> Schema:
    sent = [field for field in fields if (field.create if operation == "create" else field.update)]
    schema: Schema = {
        "type": "object",
        "properties": {field.name: _request_field(field, operation) for field in sent},
    }
    needed = [field.name for field in sent if field.required and operation == "create"]
    return schema | ({"required": needed} if needed else {})


def _request_field(field: Field, operation: str) -> Schema:
    described = _description(field)
    if field.refers_to:
        described["x-refers-to"] = list(field.targets or (field.refers_to,))
    if field.countries:
        described["x-countries"] = list(field.countries)
    one = _request_value(field, operation)
    if field.type == "list":
        one = {"type": "array", "items": one}
        if field.required:
            one["minItems"] = 1
    return (one if field.required else _or_null(one)) | described


def _request_value(field: Field, operation: str) -> Schema:
    if field.fields:
        return _request_object(field.fields.values(), operation)
    if field.enum:
        return {"type": "string", "enum": list(field.enum)}
    if field.type == "decimal":
        return {
            "type": ["string", "number"],
            "pattern": AMOUNT,
            "minimum": -_LARGEST,
            "maximum": _LARGEST,
        }
    schema = dict(_PLAIN.get(field.items if field.type == "list" else field.type, {}))
    if field.type == "text" and field.max_length:
        schema["maxLength"] = field.max_length
    if field.type == "text" and field.required:
        schema["minLength"] = 1
    for name, limit in (("minimum", field.least), ("maximum", field.most)):
        if limit is not None:
            schema[name] = limit
    return schema


def _or_null(schema: Schema) -> Schema:
    stated = schema.get("type")
    if isinstance(stated, str):
        stated = [stated]
    if stated is None or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [*stated, "null"]}


def _description(field: Field) -> Schema:
    return {"description": field.about} if field.about else {}

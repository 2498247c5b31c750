"""The catalog's fields as JSON Schema: what a request may hold, and what an answer holds.

An answer has what Sage really sends: amounts as strings, empty fields as null, links as small records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sagerecon.model.catalog import Api, Field, Filter, Kind, Operation

Schema = dict[str, Any]

#: An amount in an answer; a request may send a number too.
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

#: Answers that differ from what is sent, and from what Sage's documents say of them; its examples show it.
_SHOWN: Mapping[tuple[str, str], Schema] = {
    ("stock_movement", "date"): {"type": "string", "format": "date-time"},
    ("stock_movement", "movement_number"): {"type": ["integer", "string"]},
    ("stock_item", "cost_price_last_updated"): {"type": ["string", "null"]},
    ("stock_item", "weight"): {"type": ["number", "string", "null"]},
    ("contact", "statement_run"): {"type": ["object", "null"]},
    ("transaction", "audit_trail_id"): {"type": "integer"},
    ("transaction", "number_of_attachments"): {"type": "integer"},
}

#: What goes for the whole document, by name.
COMMON: Mapping[str, Schema] = {
    "link": {
        "type": "object",
        "description": "Another record where this one names it; nested_attributes gives it more fields.",
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
            | {"$source": {"type": "string", "description": "The path of a field, or empty."}},
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
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(kind: Kind) -> Schema:
    """A record as it is answered; which fields beyond the base ones come depends on `attributes`."""
    properties = {name: dict(_BASE[name]) for name in ("id", "displayed_as", "$path")}
    properties |= _answered(kind.fields.values())
    properties |= {name: shown for (owner, name), shown in _SHOWN.items() if owner == kind.name}
    return {
        "type": "object",
        "description": kind.about,
        "required": list(kind.base_fields),
        "additionalProperties": False,
        "properties": properties,
    }


def page(kind: Kind) -> Schema:
    """The envelope around a page of the kind's list."""
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


def body(kind: Kind, operation: str) -> Schema:
    """What a POST or a PUT sends: the record under its kind's name."""
    inner = _sent(kind.fields.values(), operation)
    if kind.is_idempotent:
        inner["properties"]["idempotency_id"] = {
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "description": "Of your own making; the same one again gives the first answer again.",
        }
    return {
        "type": "object",
        "required": [kind.name],
        "properties": {kind.name: inner},
    }


def query_schema(filter: Filter, kind: Kind) -> Schema:
    """What a name in the query takes."""
    if filter.name == "sort" and kind.sort_keys:
        return {"type": "string", "pattern": f"^({'|'.join(kind.sort_keys)})(:(asc|desc))?$"}
    if filter.type == "datetime":  # a day will do
        return {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
    return dict(_PLAIN[filter.type])


def paging(api: Api, kind: Kind) -> Mapping[str, Schema]:
    """What the query of a list takes beside the kind's filters."""
    return {
        "page": {"type": "integer", "minimum": 1, "default": 1},
        "items_per_page": {
            "type": "integer",
            "minimum": 1,
            "maximum": kind.items_per_page or api.items_per_page,
        },
    }


def query_names(kind: Kind, operation: Operation) -> tuple[str, ...]:
    """The filters that an operation takes."""
    if operation.name == "list" or (operation.name == "read" and not kind.can("list")):
        return tuple(dict.fromkeys((*kind.filters, *operation.query)))
    if operation.name == "read":
        return tuple(dict.fromkeys((*kind.read_filters, *operation.query)))
    return operation.query


def _answered(fields: Iterable[Field]) -> dict[str, Schema]:
    return {field.answered_as: _answered_field(field) for field in fields if field.answered}


def _answered_field(field: Field) -> Schema:
    many = field.type == "list"
    if field.refers_to:
        one = reference("link") | _described(field)
        return {"type": ["array", "null"], "items": one} if many else _or_nothing(one)
    if field.fields:
        one = {"type": "object", "properties": _answered(field.fields.values())} | _described(field)
        return {"type": ["array", "null"], "items": one} if many else _or_nothing(one)
    if many:
        return {"type": ["array", "null"]} | _described(field)
    one = dict(_PLAIN.get(field.type, {"type": "object"})) | _described(field)
    if field.type == "text" and field.max_length:
        one["maxLength"] = field.max_length
    return _or_nothing(one)


def _sent(fields: Iterable[Field], operation: str) -> Schema:
    sent = [field for field in fields if (field.create if operation == "create" else field.update)]
    schema: Schema = {
        "type": "object",
        "properties": {field.name: _sent_field(field, operation) for field in sent},
    }
    needed = [field.name for field in sent if field.required and operation == "create"]
    return schema | ({"required": needed} if needed else {})


def _sent_field(field: Field, operation: str) -> Schema:
    described = _described(field)
    if field.refers_to:
        described["x-refers-to"] = list(field.targets or (field.refers_to,))
    if field.countries:
        described["x-countries"] = list(field.countries)
    one = _sent_value(field, operation)
    if field.type == "list":
        one = {"type": "array", "items": one}
        if field.required:
            one["minItems"] = 1
    return (one if field.required else _or_nothing(one)) | described


def _sent_value(field: Field, operation: str) -> Schema:
    if field.fields:
        return _sent(field.fields.values(), operation)
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


def _or_nothing(schema: Schema) -> Schema:
    stated = schema.get("type")
    if isinstance(stated, str):
        stated = [stated]
    if stated is None or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [*stated, "null"]}


def _described(field: Field) -> Schema:
    return {"description": field.about} if field.about else {}

"""Reading an OpenAPI document (Swagger 2.0 or OpenAPI 3): operations, request and response fields."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place

Schema = Mapping[str, Any]

_METHODS = ("get", "post", "put", "delete", "patch")
_SUCCESS = ("200", "201", "202", "204")
_JSON = "application/json"

#: Deeper nesting of references and `allOf` is taken as a circular reference.
_MAX_DEPTH = 20

#: Schemas that make up one; some of Sage's consist of four.
_MOST_MERGED = 1_000


@dataclass(frozen=True, slots=True)
class PublishedOperation:
    """One operation of a document. Each parameter in its path is written `{}`."""

    method: str
    path: str
    query: Mapping[str, Schema]
    editions: Mapping[str, frozenset[str]]  #: edition -> countries, from its description; empty if not stated
    body: Schema | None
    response: Schema | None  #: the schema of one record, also for a list or a page of records

    @property
    def resource(self) -> str:
        """The resource: the first part of the path."""
        return self.path.split("/")[1]


@dataclass(frozen=True, slots=True)
class PublishedField:
    """One field of a request or a response, with the type names of the catalog."""

    type: str
    items: str
    is_required: bool
    max_length: int | None
    enum: tuple[str, ...]
    minimum: int | None
    maximum: int | None
    fields: Schema  #: the schema of an object, or of the items of a list


class Published:
    """An OpenAPI document with its title and version."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._merged = 0  #: schemas merged into the one that is being read
        info = _mapping(document.get("info"))
        self.title = str(info.get("title", ""))
        self.version = str(info.get("version", ""))

    def operations(self) -> dict[tuple[str, str], PublishedOperation]:
        """Return the operations by method and path."""
        found = {}
        for path, item in _mapping(self._document.get("paths")).items():
            if "servers" in _mapping(item):
                continue  # on another server than the API, such as the token endpoint
            known = re.sub(r"\{[^{}]*\}", "{}", path.rstrip("/"))
            if not known.startswith("/"):
                continue
            for method in _METHODS:
                facts = _mapping(_mapping(item).get(method))
                if facts:
                    shared = _mapping(item).get("parameters", [])
                    operation = self._operation(method.upper(), known, facts, shared)
                    found[operation.method, operation.path] = operation
        return found

    def fields(self, schema: Schema | None) -> dict[str, PublishedField]:
        """Return the fields of an object schema by name."""
        flat = self._flattened(schema or {})
        required = flat.get("required", ())
        return {
            name: self._field(facts, is_required=isinstance(required, list) and name in required)
            for name, facts in _mapping(flat.get("properties")).items()
        }

    def body_of(self, operation: PublishedOperation, name: str) -> Schema | None:
        """Return the schema of the property `name` of the request body, or the body itself without one."""
        if operation.body is None:
            return None
        inner = _mapping(self._flattened(operation.body).get("properties")).get(name)
        return inner if isinstance(inner, Mapping) else operation.body

    def _operation(self, method: str, path: str, facts: Schema, shared: Any) -> PublishedOperation:
        parameters = [self._resolved(each) for each in (*_list(shared), *_list(facts.get("parameters")))]
        body = next((each.get("schema") for each in parameters if each.get("in") == "body"), None)
        request = self._resolved(_mapping(facts.get("requestBody")))
        return PublishedOperation(
            method=method,
            path=path,
            query={
                str(each["name"]): each
                for each in parameters
                if each.get("in") == "query" and isinstance(each.get("name"), str)
            },
            editions=_editions(str(facts.get("description", ""))),
            body=_mapping(body)
            or _mapping(_mapping(_mapping(request.get("content")).get(_JSON)).get("schema"))
            or None,
            response=self._response(_mapping(facts.get("responses"))),
        )

    def _response(self, responses: Schema) -> Schema | None:
        for status in _SUCCESS:
            response = self._resolved(_mapping(responses.get(status)))
            content = _mapping(_mapping(response.get("content")).get(_JSON))
            schema = _mapping(response.get("schema")) or _mapping(content.get("schema"))
            if schema:
                return self._record(schema)
        return None

    def _record(self, schema: Schema) -> Schema:
        flat = self._flattened(schema)
        items = _mapping(flat.get("properties")).get("$items")
        if items is not None:
            flat = self._flattened(_mapping(items))
        return self._flattened(_mapping(flat.get("items"))) if flat.get("type") == "array" else flat

    def _field(self, schema: Schema, *, is_required: bool) -> PublishedField:
        flat = self._flattened(_mapping(schema))
        items = self._flattened(_mapping(flat.get("items")))
        type_ = _type(flat)
        limits = items if type_ == "list" else flat
        enum = tuple(str(word) for word in _list(limits.get("enum")) if word is not None)
        return PublishedField(
            type=type_,
            items=_type(items) if items else "",
            is_required=is_required,
            max_length=_whole(flat.get("maxLength")),
            enum=enum,
            minimum=_whole(flat.get("minimum")),
            maximum=_whole(flat.get("maximum")),
            fields=items if type_ == "list" else flat,
        )

    def _flattened(self, schema: Any, depth: int = 0) -> Schema:
        """Return the schema with references and `allOf` merged in, and without `null` alternatives.

        A schema that refers to others again and again is cut off.
        """
        self._merged = self._merged + 1 if depth else 1
        if depth > _MAX_DEPTH or self._merged > _MOST_MERGED:
            return {}
        own = self._resolved(schema)
        parts = [self._flattened(_mapping(part), depth + 1) for part in _list(own.get("allOf"))]
        for name in ("anyOf", "oneOf"):
            choices = [_mapping(each) for each in _list(own.get(name))]
            rest = [each for each in choices if each.get("type") != "null" and each.keys() != {"format"}]
            parts += [self._flattened(rest[0], depth + 1)] if len(rest) == 1 else []
        if not parts:
            return own
        merged: dict[str, Any] = {}
        for part in (*parts, own):
            for name, value in part.items():
                if name == "properties" and name in merged:
                    merged[name] = {**_mapping(merged[name]), **_mapping(value)}
                elif name == "required" and name in merged:
                    merged[name] = [*_list(merged[name]), *_list(value)]
                elif name not in ("allOf", "anyOf", "oneOf"):
                    merged[name] = value
        return merged

    def _resolved(self, schema: Any) -> Schema:
        found = _mapping(schema)
        for _ in range(_MAX_DEPTH):
            target = found.get("$ref")
            if not isinstance(target, str):
                return found
            found = _mapping(self._at(target))
        return {}

    def _at(self, target: str) -> Any:
        found: Any = self._document
        for part in target.removeprefix("#/").split("/"):
            found = _mapping(found).get(part.replace("~1", "/").replace("~0", "~"))
        return found


def read_published(text: str, file: str) -> tuple[Published | None, list[Finding]]:
    """Return the OpenAPI document of a JSON text, or None and a finding with the reason."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        place = Place(file, error.lineno, error.colno)
        return None, [Finding(Code.NOT_JSON, place, f"invalid JSON: {error.msg}.")]
    except ValueError:  # Python's own, which names its settings
        message = "invalid JSON: a number has more digits than can be read."
        return None, [Finding(Code.NOT_JSON, Place(file), message)]
    except RecursionError:
        return None, [Finding(Code.NOT_JSON, Place(file), "invalid JSON: nested too deeply.")]
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        hint = "Use a Swagger 2.0 or OpenAPI 3 document in JSON."
        return None, [Finding(Code.NOT_OPENAPI, Place(file), "the document has no 'paths'.", hint)]
    stated = str(document.get("swagger") or document.get("openapi") or "")
    if not stated.startswith(("2.", "3.")):
        hint = "Use a Swagger 2.0 or OpenAPI 3 document."
        return None, [
            Finding(Code.NOT_OPENAPI, Place(file), f"unsupported OpenAPI version '{stated}'.", hint)
        ]
    return Published(document), []


_TYPES = {"number": "decimal", "string": "text", "array": "list"}
_FORMATS = {"date": "date", "date-time": "datetime"}


def _type(schema: Schema) -> str:
    stated = schema.get("type")
    if isinstance(stated, list):  # a union; null means that the field may be empty
        rest = [each for each in stated if each != "null"]
        stated = "number" if "number" in rest else rest[0] if rest else ""
    if stated is None:
        stated = "object" if "properties" in schema else "array" if "items" in schema else ""
    if stated == "string" and str(schema.get("pattern", "")).startswith("^-?[0-9]"):
        return "decimal"  # an amount written as text
    if stated == "string":
        return _FORMATS.get(str(schema.get("format", "")), "text")
    return _TYPES.get(str(stated), str(stated))


_EDITION = re.compile(r"Accounting (Plus|Standard|Start)\W*?:([^\n]*)")


def _editions(description: str) -> dict[str, frozenset[str]]:
    """Return the countries by edition in which an operation is available.

    Sage writes the countries as flags, each of which is two regional indicator letters.
    """
    found = {}
    for edition, flags in _EDITION.findall(description):
        letters = [chr(ord(each) - 0x1F1E6 + ord("A")) for each in flags if 0x1F1E6 <= ord(each) <= 0x1F1FF]
        pairs = zip(letters[::2], letters[1::2], strict=False)
        found[edition.lower()] = frozenset(first + second for first, second in pairs)
    return found


def _mapping(value: Any) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(value: Any) -> int | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and math.isfinite(value) else None


def names_of(operations: Mapping[tuple[str, str], PublishedOperation], resource: str) -> Iterator[str]:
    """Yield the operations of a resource, such as `GET /contacts`."""
    for method, path in operations:
        if path.split("/")[1] == resource:
            yield f"{method} {path.replace('{}', '{key}')}"

"""An OpenAPI document as facts: Swagger 2.0 or OpenAPI 3, read for what a request and an answer hold."""

from __future__ import annotations

import json
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

#: References and `allOf` inside each other beyond this lead in a circle.
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class PublishedOperation:
    """One operation of a document; `{}` stands for each key in its path."""

    method: str
    path: str
    query: Mapping[str, Schema]
    editions: Mapping[str, frozenset[str]]  #: as its prose states them; empty where it does not
    body: Schema | None
    answer: Schema | None  #: of one record, taken out of the list or the page it stands in

    @property
    def resource(self) -> str:
        """The first part of the path."""
        return self.path.split("/")[1]


@dataclass(frozen=True, slots=True)
class PublishedField:
    """One field of a body or an answer, with the catalog's names for types."""

    type: str
    items: str
    is_required: bool
    max_length: int | None
    enum: tuple[str, ...]
    least: int | None
    most: int | None
    fields: Schema  #: of an object, or of the objects of a list; unread


class Published:
    """A document; `title` and `version` are its own."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        info = _mapping(document.get("info"))
        self.title = str(info.get("title", ""))
        self.version = str(info.get("version", ""))

    def operations(self) -> dict[tuple[str, str], PublishedOperation]:
        """Every operation by method and path."""
        found = {}
        for path, item in _mapping(self._document.get("paths")).items():
            if "servers" in _mapping(item):
                continue  # it stands elsewhere than the API, such as the endpoint for tokens
            known = re.sub(r"\{[^}]*\}", "{}", path.rstrip("/"))
            for method in _METHODS:
                facts = _mapping(_mapping(item).get(method))
                if facts and known:
                    shared = _mapping(item).get("parameters", [])
                    operation = self._operation(method.upper(), known, facts, shared)
                    found[operation.method, operation.path] = operation
        return found

    def fields(self, schema: Schema | None) -> dict[str, PublishedField]:
        """The fields of an object."""
        flat = self._flat(schema or {})
        required = flat.get("required", ())
        return {
            name: self._field(facts, is_required=isinstance(required, list) and name in required)
            for name, facts in _mapping(flat.get("properties")).items()
        }

    def wrapped(self, operation: PublishedOperation, name: str) -> Schema | None:
        """What stands under `name` in the body, or the body itself where nothing does."""
        if operation.body is None:
            return None
        inner = _mapping(self._flat(operation.body).get("properties")).get(name)
        return inner if isinstance(inner, Mapping) else operation.body

    def _operation(self, method: str, path: str, facts: Schema, shared: Any) -> PublishedOperation:
        parameters = [self._resolved(each) for each in (*_list(shared), *_list(facts.get("parameters")))]
        body = next((each.get("schema") for each in parameters if each.get("in") == "body"), None)
        request = self._resolved(_mapping(facts.get("requestBody")))
        return PublishedOperation(
            method,
            path,
            {
                str(each["name"]): each
                for each in parameters
                if each.get("in") == "query" and isinstance(each.get("name"), str)
            },
            _editions(str(facts.get("description", ""))),
            _mapping(body)
            or _mapping(_mapping(_mapping(request.get("content")).get(_JSON)).get("schema"))
            or None,
            self._answer(_mapping(facts.get("responses"))),
        )

    def _answer(self, responses: Schema) -> Schema | None:
        for status in _SUCCESS:
            response = self._resolved(_mapping(responses.get(status)))
            content = _mapping(_mapping(response.get("content")).get(_JSON))
            schema = _mapping(response.get("schema")) or _mapping(content.get("schema"))
            if schema:
                return self._record(schema)
        return None

    def _record(self, schema: Schema) -> Schema:
        flat = self._flat(schema)
        items = _mapping(flat.get("properties")).get("$items")
        if items is not None:
            flat = self._flat(_mapping(items))
        return self._flat(_mapping(flat.get("items"))) if flat.get("type") == "array" else flat

    def _field(self, schema: Schema, *, is_required: bool) -> PublishedField:
        flat = self._flat(_mapping(schema))
        items = self._flat(_mapping(flat.get("items")))
        type_ = _type(flat)
        limits = items if type_ == "list" else flat
        enum = tuple(str(word) for word in _list(limits.get("enum")) if word is not None)
        return PublishedField(
            type_,
            _type(items) if items else "",
            is_required,
            _whole(flat.get("maxLength")),
            enum,
            _whole(flat.get("minimum")),
            _whole(flat.get("maximum")),
            items if type_ == "list" else flat,
        )

    def _flat(self, schema: Any, depth: int = 0) -> Schema:
        """The schema without references, `allOf` and the null of a field that may be empty."""
        if depth > _DEEPEST:
            return {}
        own = self._resolved(schema)
        parts = [self._flat(_mapping(part), depth + 1) for part in _list(own.get("allOf"))]
        for name in ("anyOf", "oneOf"):
            choices = [_mapping(each) for each in _list(own.get(name))]
            rest = [each for each in choices if each.get("type") != "null" and each.keys() != {"format"}]
            parts += [self._flat(rest[0], depth + 1)] if len(rest) == 1 else []
        if not parts:
            return own
        merged: dict[str, Any] = {}
        for part in (*parts, own):
            for name, value in part.items():
                if name == "properties" and name in merged:
                    merged[name] = {**merged[name], **_mapping(value)}
                elif name == "required" and name in merged:
                    merged[name] = [*merged[name], *_list(value)]
                elif name not in ("allOf", "anyOf", "oneOf"):
                    merged[name] = value
        return merged

    def _resolved(self, schema: Any) -> Schema:
        found = _mapping(schema)
        for _ in range(_DEEPEST):
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
    """The document of a JSON text, or why it is none."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        place = Place(file, error.lineno, error.colno)
        return None, [Finding(Code.NOT_JSON, place, f"the file is not JSON: {error.msg}.")]
    except RecursionError:
        return None, [Finding(Code.NOT_JSON, Place(file), "values stand too deep inside each other.")]
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        hint = "Name a Swagger 2.0 or OpenAPI 3 document as JSON."
        return None, [Finding(Code.NOT_OPENAPI, Place(file), "the file has no paths.", hint)]
    stated = str(document.get("swagger") or document.get("openapi") or "")
    if not stated.startswith(("2.", "3.")):
        hint = "Name a Swagger 2.0 or OpenAPI 3 document."
        return None, [Finding(Code.NOT_OPENAPI, Place(file), f"'{stated}' is no version of OpenAPI.", hint)]
    return Published(document), []


_TYPES = {"number": "decimal", "string": "text", "array": "list"}
_FORMATS = {"date": "date", "date-time": "datetime"}


def _type(schema: Schema) -> str:
    stated = schema.get("type")
    if isinstance(stated, list):  # a union; null only says that it may be empty
        rest = [each for each in stated if each != "null"]
        stated = "number" if "number" in rest else rest[0] if rest else ""
    if stated is None:
        stated = "object" if "properties" in schema else "array" if "items" in schema else ""
    if stated == "string" and str(schema.get("pattern", "")).startswith("^-?[0-9]"):
        return "decimal"  # an amount, sent as text
    if stated == "string":
        return _FORMATS.get(str(schema.get("format", "")), "text")
    return _TYPES.get(str(stated), str(stated))


_EDITION = re.compile(r"Accounting (Plus|Standard|Start)\W*?:([^\n]*)")


def _editions(prose: str) -> dict[str, frozenset[str]]:
    """Where an operation is available; Sage writes it with flags, which are two letters each."""
    found = {}
    for edition, flags in _EDITION.findall(prose):
        letters = [chr(ord(each) - 0x1F1E6 + ord("A")) for each in flags if 0x1F1E6 <= ord(each) <= 0x1F1FF]
        pairs = zip(letters[::2], letters[1::2], strict=False)
        found[edition.lower()] = frozenset(first + second for first, second in pairs)
    return found


def _mapping(value: Any) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def names_of(operations: Mapping[tuple[str, str], PublishedOperation], resource: str) -> Iterator[str]:
    """`GET /contacts` for each operation of a resource."""
    for method, path in operations:
        if path.split("/")[1] == resource:
            yield f"{method} {path.replace('{}', '{key}')}"

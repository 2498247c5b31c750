"""The OpenAPI 3.1 document of the rehearsal, generated from the catalog.

It covers what Sage's published documents leave out: the envelope around lists, amounts as strings, the
form of errors, and the header that selects the business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sagerecon.model.catalog import Catalog, Kind, Operation
from sagerecon.rehearsal.openapi_schemas import (
    COMMON,
    Schema,
    page_schema,
    paging_parameters,
    query_names,
    query_schema,
    reference,
    request_schema,
    response_schema,
)

#: Kinds that belong to no single business: requests and answers have no business header.
_ACCOUNT_KINDS = ("business", "user")

_JSON = "application/json"

_ERRORS: Mapping[str, str] = {
    "400": "The body is not JSON, or the value of a filter is not valid.",
    "401": "The access token is missing or has expired, or the subscription has ended.",
    "403": "The user's role or the edition does not allow the operation.",
    "404": "No record has this id.",
    "405": "The record is in use, or does not support the operation.",
    "409": "A duplicate value, if the rehearsal is set to answer 409 instead of 422.",
    "415": "The content type of the body is not JSON.",
    "422": "The body is not valid; each error names its field.",
}
_WRITING = frozenset(("405", "409", "415", "422"))


def describe(catalog: Catalog, offered: Iterable[tuple[Kind, Operation]], address: str) -> dict[str, Any]:
    """Return the OpenAPI document of these operations, served at `address` (`http://127.0.0.1:8065`)."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Schema] = dict(COMMON)
    sections = {"sign-in"}
    for kind, operation in offered:
        sections.add(kind.section)
        schemas[kind.name] = response_schema(kind)
        if operation.name == "list":
            schemas[f"{kind.name}_page"] = page_schema(kind)
        if _has_body(operation):
            schemas[f"{kind.name}_{operation.name}"] = request_schema(kind, operation.name)
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(catalog, kind, operation)
    version = catalog.api.base_url.rpartition("/")[2]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sage Business Cloud Accounting, rehearsed",
            "version": version.removeprefix("v"),
            "description": "The operations this rehearsal offers. No request reaches a real business.",
        },
        "servers": [{"url": f"{address}/{version}"}],
        "security": [{"sage": []}],
        "tags": [{"name": name} for name in sorted(sections)],
        "paths": {**paths, **_sign_in_paths(address)},
        "components": {
            "schemas": schemas,
            "responses": _error_responses(),
            "parameters": {"business": _business_header(catalog)},
            "securitySchemes": {"sage": _security_scheme(address)},
        },
    }


def _operation(catalog: Catalog, kind: Kind, operation: Operation) -> dict[str, Any]:
    is_list = operation.name == "list"
    name = kind.resource if is_list else kind.name
    document: dict[str, Any] = {
        "operationId": f"{operation.name}_{name}",
        "summary": f"{operation.name.capitalize()} {name.replace('_', ' ')}",
        "tags": [kind.section],
        "x-editions": {edition: list(countries) for edition, countries in operation.editions.items()},
        "parameters": [*_parameters(catalog, kind, operation)],
        "responses": _responses_of(catalog, kind, operation),
    }
    if operation.reversibility:
        document["x-reversibility"] = operation.reversibility
    if _has_body(operation):
        schema = reference(f"{kind.name}_{operation.name}")
        document["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
    return document


def _has_body(operation: Operation) -> bool:
    return operation.name in ("create", "update")


def _parameters(catalog: Catalog, kind: Kind, operation: Operation) -> Iterable[dict[str, Any]]:
    if kind.name not in _ACCOUNT_KINDS:
        yield {"$ref": "#/components/parameters/business"}
    if "{key}" in operation.path:
        yield {
            "name": "key",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
            "x-refers-to": [kind.name],
        }
    queries = paging_parameters(catalog.api, kind) if operation.name == "list" else {}
    for name, schema in queries.items():
        yield {"name": name, "in": "query", "schema": schema}
    for name in query_names(kind, operation):
        found = catalog.api.filters.get(name)
        if found is not None and name not in queries:
            yield {
                "name": name,
                "in": "query",
                "required": name in kind.required_filters,
                "description": found.about,
                "schema": query_schema(found, kind),
            }


def _responses_of(catalog: Catalog, kind: Kind, operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done.", "headers": _response_headers(catalog, kind)}
    if operation.status != 204:
        name = f"{kind.name}_page" if operation.name == "list" else kind.name
        success["content"] = {_JSON: {"schema": reference(name)}}
    if operation.name == "create" and kind.can("read") and "{key}" in kind.operations["read"].path:
        identity = {"key": "$response.body#/id"}
        success["links"] = {"read": {"operationId": f"read_{kind.name}", "parameters": identity}}
    is_writing = operation.method != "GET"
    refused = [status for status in _ERRORS if is_writing or status not in _WRITING or status == "422"]
    return {
        str(operation.status): success,
        **{status: {"$ref": f"#/components/responses/{status}"} for status in (*refused, "429", "5XX")},
    }


def _response_headers(catalog: Catalog, kind: Kind) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    named = {catalog.api.request_id_header: text}
    return named if kind.name in _ACCOUNT_KINDS else {catalog.api.business_header: text, **named}


def _error_responses() -> dict[str, Any]:
    errors = {_JSON: {"schema": reference("errors")}}
    responses: dict[str, Any] = {
        status: {"description": about, "content": errors} for status, about in _ERRORS.items()
    }
    responses["429"] = {
        "description": "A limit is used up; Retry-After may give the time to wait, in seconds or as a date.",
        "headers": {"Retry-After": {"schema": {"type": "string"}}},
        "content": errors,
    }
    responses["5XX"] = {
        "description": "A configured fault; the data sent may have been saved nevertheless.",
        "content": {**errors, "text/html": {"schema": {"type": "string"}}},
    }
    return responses


def _business_header(catalog: Catalog) -> dict[str, Any]:
    return {
        "name": catalog.api.business_header,
        "in": "header",
        "description": "The business the request is for; by default the user's lead business.",
        "schema": {"type": "string"},
    }


def _security_scheme(address: str) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "description": "Each refresh returns a new refresh token. Errors are the flat token_error.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": f"{address}/oauth2/auth/central?filter=apiv3.1",
                "tokenUrl": f"{address}/token",
                "refreshUrl": f"{address}/token",
                "scopes": {"full_access": "read and write", "readonly": "read"},
            }
        },
    }


def _sign_in_paths(address: str) -> dict[str, Any]:
    """Return the token endpoints, which are not below the API's version."""
    token = ("access_token", "token_type", "refresh_token", "scope", "requested_by_id")
    granted = {
        "type": "object",
        "required": [*token, "expires_in", "refresh_token_expires_in"],
        "properties": {name: {"type": "string"} for name in token}
        | {name: {"type": "integer"} for name in ("expires_in", "refresh_token_expires_in")},
    }
    taken = ("grant_type", "client_id", "client_secret", "code", "redirect_uri", "refresh_token")
    revoked = {"type": "object", "required": ["success"], "properties": {"success": {"const": "ok"}}}
    return {
        "/token": _form(address, "Exchange a code or a refresh token", (*taken, "code_verifier"), granted),
        "/revoke": _form(address, "Revoke a refresh token", ("client_id", "client_secret", "token"), revoked),
    }


def _form(address: str, summary: str, names: tuple[str, ...], success: Schema) -> dict[str, Any]:
    fields = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    refused = {"description": "Refused.", "content": {_JSON: {"schema": reference("token_error")}}}
    return {
        "servers": [{"url": address}],
        "post": {
            "operationId": summary.split(maxsplit=1)[0].lower(),
            "summary": summary,
            "tags": ["sign-in"],
            "security": [],
            "requestBody": {
                "required": True,
                "content": {"application/x-www-form-urlencoded": {"schema": fields}},
            },
            "responses": {
                "200": {"description": "Done.", "content": {_JSON: {"schema": success}}},
                "400": refused,
            },
        },
    }

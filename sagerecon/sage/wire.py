"""Sage's wire format, read exactly: numbers never become floats, and amounts sent as text become Decimal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.clock import SECOND
from sagerecon.model.entity import Entity
from sagerecon.model.errors import SageError
from sagerecon.model.money import decimal
from sagerecon.model.value import read_json


def read_body(content: bytes) -> Any:
    """The JSON of an answer, or None where it is empty or not JSON."""
    try:
        return read_json(content) if content else None
    except (ValueError, RecursionError):
        return None


def retry_after_ms(text: str | None, now: int) -> int | None:
    """How long a Retry-After asks us to wait, in seconds or as an HTTP date; None where it is neither."""
    text = (text or "").strip()
    if text.isdecimal():
        return int(text) * SECOND
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    return max(int(moment.timestamp()) * SECOND - now, 0)


def error_sentences(body: Any) -> tuple[str, ...]:
    """What Sage complains about: `line_items.tax_rate_id: This field is required.`, one for each error."""
    if isinstance(body, Mapping) and "error" in body:  # the token endpoint answers with a flat object
        return (str(body.get("error_description") or body["error"]),)
    if not isinstance(body, list):
        return ()
    return tuple(_sentence(error) for error in body if isinstance(error, Mapping))


def error_codes(body: Any) -> tuple[str, ...]:
    """The `$dataCode` of each error."""
    if not isinstance(body, list):
        return ()
    return tuple(str(error.get("$dataCode", "")) for error in body if isinstance(error, Mapping))


def is_subscription_lapsed(body: Any) -> bool:
    """Whether a 401 means that the subscription ended, which no new token helps against."""
    return any("No active subscription" in sentence for sentence in error_sentences(body))


def read_entity(kind: Kind, body: Any) -> Entity:
    """An entity from its JSON, with what the catalog calls decimal as Decimal.

    Raises:
        SageError: it has no id, or an amount that is not a number.
    """
    sage_id = body.get("id") if isinstance(body, Mapping) else None
    if not isinstance(sage_id, str):
        raise SageError(f"Sage sent a {kind.name} without an id.")
    return Entity(kind.name, sage_id, _typed(body, kind.fields, kind.name))


def read_listing(kind: Kind, body: Any) -> Iterator[Entity]:
    """The entities of a page, from the list envelope.

    Raises:
        SageError: the answer is not a page.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("$items"), list):
        raise SageError(f"Sage sent no page of {kind.resource}.")
    for item in body["$items"]:
        yield read_entity(kind, item)


def _typed(body: Mapping[str, Any], fields: Mapping[str, Field], where: str) -> dict[str, Any]:
    answered = {field.answered_as: field for field in fields.values()}
    return {
        name: _value(value, answered[name], f"{where}.{name}") if name in answered else value
        for name, value in body.items()
    }


def _value(value: Any, field: Field, where: str) -> Any:
    if isinstance(value, Mapping):
        return _typed(value, field.fields, where)
    if isinstance(value, list):
        return [_value(item, field, where) for item in value]
    if field.type == "decimal" and isinstance(value, str | int) and value != "":
        try:
            return decimal(value)
        except ValueError as error:
            raise SageError(f"Sage sent {error} as {where}.") from None
    return value


def _sentence(error: Mapping[str, Any]) -> str:
    message = str(error.get("$message") or error.get("$dataCode") or "refused without a reason")
    source = str(error.get("$source") or "")
    return message if source in ("", "base") else f"{source}: {message}"

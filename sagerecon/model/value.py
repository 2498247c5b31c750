"""The values a record, a draft and an entity may hold, and their one canonical text.

Amounts are Decimal, dates are dates and keys are text. A float is not a value here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.model.money import decimal_text

Scalar: TypeAlias = str | int | bool | Decimal | date | datetime | None
Value: TypeAlias = "Scalar | Sequence[Value] | Mapping[str, Value]"

#: What `json` gives and takes once numbers with a point are read as Decimal.
Json: TypeAlias = "str | int | bool | Decimal | list[Json] | dict[str, Json] | None"


def read_json(text: str | bytes) -> Any:
    """JSON with every number that has a point or an exponent as Decimal, never as float.

    Raises:
        ValueError: the text is not JSON (also for NaN and Infinity).
    """
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)


def canonical(value: object) -> str:
    """One text for one value: sorted keys, no spaces, amounts and dates as strings.

    The same value gives the same bytes on every machine, so that its hash is its name.
    """
    return json.dumps(
        value, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def fingerprint(value: object) -> str:
    """The SHA-256 of the canonical text of `value`, as 64 hex characters."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return decimal_text(value, least_places=0)
    if isinstance(value, date):  # a datetime is a date too
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no canonical text")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")

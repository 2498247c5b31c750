"""The values of records, drafts and entities, and their canonical text.

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

#: The values of JSON, with numbers that have a decimal point as Decimal.
Json: TypeAlias = "str | int | bool | Decimal | list[Json] | dict[str, Json] | None"


def read_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; a number with a decimal point or an exponent is a Decimal.

    Raises:
        ValueError: The text is not JSON, is nested too deeply, or holds a number with an exponent that no
            Decimal has; NaN and Infinity are not JSON either.
    """
    try:
        if isinstance(text, str):
            return _DECODER.decode(text)
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError(f"not JSON that can be read: {type(error).__name__}") from error


def encodable(text: str) -> str:
    r"""Return a text that UTF-8 can encode: a half character is written out, as in `\\ud800`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def canonical(value: object) -> str:
    """Return the canonical JSON of a value: sorted keys, no spaces, amounts and dates as strings.

    The same value gives the same bytes on every machine, so that its hash identifies it.
    """
    return json.dumps(
        value, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def fingerprint(value: object) -> str:
    """Return the SHA-256 of the canonical text of `value`, as 64 hex characters."""
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


#: Made once: `json.loads` makes one for each text.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)

"""Read what the store holds. Another person may have changed it, so that no row is taken for what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sagerecon.model.errors import DamagedStoreError, SagereconError
from sagerecon.model.value import read_json

_Given = ParamSpec("_Given")
_Value = TypeVar("_Value")


def reads_rows(read: Callable[_Given, _Value]) -> Callable[_Given, _Value]:
    """Let a function that reads a row raise DamagedStoreError for whatever a changed row leads to.

    The function itself calls `require_types` where it makes a value of a document.
    """

    @wraps(read)
    def checked(*arguments: _Given.args, **named: _Given.kwargs) -> _Value:
        try:
            return read(*arguments, **named)
        except SagereconError:
            raise
        except Exception as error:  # of any step of the reading: no list of types would be complete
            raise DamagedStoreError from error

    return checked


@reads_rows
def read_object(text: str) -> Mapping[str, Any]:
    """Return the JSON object in a column."""
    found = read_json(text)
    if not isinstance(found, dict):
        raise TypeError(f"{type(found).__name__} in place of an object")
    return found

"""A JSON text walked to its list of records, one record decoded at a time, with positions."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Sequence
from decimal import Decimal
from typing import Any

from sagerecon.model.code import Code

_BLANK = re.compile(r"[ \t\n\r]*")
#: The decoder's own words for a string that never closes.
_UNTERMINATED = "Unterminated string"


class JsonError(Exception):
    """The text is not JSON at `position`."""

    def __init__(self, code: Code, position: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.position = position
        self.message = message
        self.hint = hint


class JsonDocument:
    """A JSON text, the list of records in it, and where things stand.

    After `records` is exhausted, `list_position` is where the list stands, or None where the path
    leads nowhere; `reached` is how far it led, `keys` what stood there instead.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoder = json.JSONDecoder(
            parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_object
        )
        self._line = 1
        self._counted = 0
        self.list_position: int | None = None
        self.reached: tuple[str, ...] = ()
        self.keys: tuple[str, ...] = ()
        self.deepest_position = 0

    def records(self, path: Sequence[str], beside: dict[str, object]) -> Iterator[tuple[int, Any]]:
        """Each item of the list at `path` with its position; the rest of the text is proven to be JSON.

        `beside` is filled with the numbers that stand in the same object as the list.

        Raises:
            JsonFault: the text is not JSON from somewhere on.
        """
        position = self._skip_whitespace(0)
        position = yield from self._descend(position, tuple(path), beside)
        end = self._skip_whitespace(position)
        if end < len(self._text):
            raise JsonError(Code.NOT_JSON, end, "not JSON: something stands after its end.")

    def find(self, start: int, path: Sequence[str]) -> int | None:
        """The position of the value at `path` in the value at `start`, or None."""
        for step in path:
            mark = self._peek(start)
            if mark == "{":
                found = next((at for key, at in self._entries(start) if key == step), None)
            elif mark == "[" and step.isdecimal():
                found = next((at for key, at in enumerate(self._places(start)) if key == int(step)), None)
            else:
                found = None
            if found is None:
                return None
            start = found
        return start

    def value_at(self, path: Sequence[str]) -> Any:
        """The value at `path` of the whole text, or None."""
        found = self.find(self._skip_whitespace(0), path)
        return None if found is None else self._decode(found)[0]

    def line_and_column(self, position: int) -> tuple[int, int]:
        """Line and column of a position, from 1. Positions mostly grow, so lines are counted onwards."""
        if position < self._counted:
            self._line, self._counted = 1, 0
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line, position - self._text.rfind("\n", 0, position)

    def _descend(
        self, position: int, path: tuple[str, ...], beside: dict[str, object]
    ) -> Generator[tuple[int, Any], None, int]:
        self.deepest_position = position
        if not path:
            return (yield from self._items(position))
        if self._peek(position) != "{":
            raise JsonError(Code.NOT_AN_OBJECT, position, f"an object with '{path[0]}' is looked for here.")
        keys: list[str] = []
        end = self._skip_whitespace(position + 1)
        while self._peek(end) != "}":
            key, start = self._key(end)
            if key in keys:
                raise JsonError(Code.KEY_TWICE, end, f"the key '{key}' stands twice in one object.")
            keys.append(key)
            if key == path[0]:
                self.reached = (*self.reached, key)
                end = yield from self._descend(start, path[1:], beside)
            else:
                value, end = self._decode(start)
                if len(path) == 1 and isinstance(value, int | Decimal):
                    beside[key] = value
            end = self._next(end, "}")
        if path[0] not in keys:
            self.keys, self.deepest_position = tuple(keys), position
        return end + 1

    def _items(self, position: int) -> Generator[tuple[int, Any], None, int]:
        if self._peek(position) != "[":
            raise JsonError(
                Code.NOT_A_LIST,
                position,
                "a list of records is looked for here.",
                "Correct records: in sources.yaml.",
            )
        self.list_position = position
        end = self._skip_whitespace(position + 1)
        while self._peek(end) != "]":
            start = end
            value, end = self._decode(start)
            yield start, value
            end = self._next(end, "]")
        return end + 1

    def _entries(self, position: int) -> Iterator[tuple[str, int]]:
        """Each key of the object at `position`, and where its value stands."""
        end = self._skip_whitespace(position + 1)
        while self._peek(end) != "}":
            key, start = self._key(end)
            yield key, start
            end = self._next(self._decode(start)[1], "}")

    def _places(self, position: int) -> Iterator[int]:
        """Where each item of the list at `position` stands."""
        end = self._skip_whitespace(position + 1)
        while self._peek(end) != "]":
            yield end
            end = self._next(self._decode(end)[1], "]")

    def _key(self, position: int) -> tuple[str, int]:
        if self._peek(position) != '"':
            raise self._fault(position, "a key in double quotes is expected")
        key, end = self._decode(position)
        end = self._skip_whitespace(end)
        if self._peek(end) != ":":
            raise self._fault(end, "a colon is expected")
        return key, self._skip_whitespace(end + 1)

    def _next(self, position: int, close: str) -> int:
        """Where the next entry starts after the one that ended at `position`, or where `close` stands."""
        end = self._skip_whitespace(position)
        if self._peek(end) == close:
            return end
        if self._peek(end) != ",":
            raise self._fault(end, f"a comma or {close} is expected")
        start = self._skip_whitespace(end + 1)
        if self._peek(start) == close:
            raise JsonError(Code.NOT_JSON, start, f"not JSON: nothing follows the comma before {close}.")
        return start

    def _decode(self, position: int) -> tuple[Any, int]:
        try:
            return self._decoder.raw_decode(self._text, position)
        except json.JSONDecodeError as error:
            if error.msg.startswith(_UNTERMINATED):
                raise self._fault(len(self._text), "") from None
            raise self._fault(error.pos, error.msg[:1].lower() + error.msg[1:]) from None
        except ValueError as error:
            raise JsonError(Code.NOT_JSON, position, f"not JSON: {error}.") from None
        except RecursionError:
            raise JsonError(Code.NOT_JSON, position, "the JSON is nested too deeply.") from None

    def _fault(self, position: int, words: str) -> JsonError:
        """What is wrong at a position; a text that ends there was cut short."""
        if not self._text[position:].strip():
            end = len(self._text.rstrip())
            hint = "Was the download cut short?"
            return JsonError(Code.TRUNCATED, end, "the JSON ends here, in the middle.", hint)
        before = self._text[:position].rstrip()[-1:] if position < 1_000_000 else ""
        if before == "," and self._text[position] in "}]":
            words = f"nothing follows the comma before {self._text[position]}"
        line = self._text[position : position + 20].split("\n")[0]
        return JsonError(Code.NOT_JSON, position, f"not JSON: {words}; here stands {line!r}.")

    def _skip_whitespace(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        return match.end() if match is not None else position

    def _peek(self, position: int) -> str:
        return self._text[position : position + 1]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' stands twice in one object")
    return values


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number of JSON")

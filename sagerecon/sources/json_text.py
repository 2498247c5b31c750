"""Reading the list of records in a JSON text, one record at a time, with positions."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Sequence
from decimal import Decimal
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.limits import JSON_DEPTH

_BLANK = re.compile(r"[ \t\n\r]*")
#: The decoder's message for a string that is never closed.
_UNTERMINATED = "Unterminated string"


class JsonError(Exception):
    """The text is not JSON at `position`, or does not have the expected structure there."""

    def __init__(self, code: Code, position: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.position = position
        self.message = message
        self.hint = hint


class JsonDocument:
    """A JSON text with the positions of its values.

    After `records` is exhausted, `list_position` is the position of the list, or None if the path does
    not exist; then `matched_path` is the part of the path that exists, and `sibling_keys` are the keys
    of the object in which the next step is missing.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self._counted = 0
        self._line_start = 0  #: the position at which the line begins
        self.list_position: int | None = None
        self.matched_path: tuple[str, ...] = ()
        self.sibling_keys: tuple[str, ...] = ()
        self.deepest_position = 0

    def records(self, path: Sequence[str], siblings: dict[str, object]) -> Iterator[tuple[int, Any]]:
        """Yield each item of the list at `path` with its position, then check the rest of the text.

        `siblings` is filled with the numbers in the object that contains the list.

        Raises:
            JsonError: the text is not JSON, or has no object or list where one is expected.
        """
        position = self._skip_whitespace(0)
        position = yield from self._descend(position, tuple(path), siblings)
        self._require_end(position)

    def value(self) -> Any:
        """Return the one value of the text.

        Raises:
            JsonError: the text is not JSON.
        """
        value, position = self._decode(self._skip_whitespace(0))
        self._require_end(position)
        return value

    def find(self, start: int, path: Sequence[str]) -> int | None:
        """Return the position of the value at `path` inside the value at `start`, or None."""
        for step in path:
            mark = self._peek(start)
            if mark == "{":
                found = next((at for key, at in self._value_positions(start) if key == step), None)
            elif mark == "[" and step.isdecimal():
                found = next(
                    (at for key, at in enumerate(self._item_positions(start)) if key == int(step)), None
                )
            else:
                found = None
            if found is None:
                return None
            start = found
        return start

    def value_at(self, path: Sequence[str]) -> Any:
        """Return the value at `path` from the top of the text, or None."""
        found = self.find(self._skip_whitespace(0), path)
        return None if found is None else self._decode(found)[0]

    def lists(self, depth: int = 4) -> Iterator[tuple[tuple[str, ...], int]]:
        """Yield the path of each list that lies in objects alone, and the number of its items.

        Args:
            depth: the longest path.

        Raises:
            JsonError: the text is not JSON.
        """
        yield from self._lists(self._skip_whitespace(0), (), depth)

    def line_and_column(self, position: int) -> tuple[int, int]:
        """Return the line and column of a position, both from 1.

        Lines are counted from the last position asked for, because positions mostly increase.
        """
        if position < self._counted:
            self._line, self._counted, self._line_start = 1, 0, 0
        if breaks := self._text.count("\n", self._counted, position):
            self._line += breaks
            self._line_start = self._text.rfind("\n", self._counted, position) + 1
        self._counted = position
        return self._line, position - self._line_start + 1

    def _require_end(self, position: int) -> None:
        end = self._skip_whitespace(position)
        if end < len(self._text):
            raise JsonError(
                Code.NOT_JSON, end, "invalid JSON: unexpected text after the end of the document."
            )

    def _descend(
        self, position: int, path: tuple[str, ...], siblings: dict[str, object]
    ) -> Generator[tuple[int, Any], None, int]:
        self.deepest_position = position
        if not path:
            return (yield from self._items(position))
        if self._peek(position) != "{":
            raise JsonError(Code.NOT_AN_OBJECT, position, f"expected an object with the key '{path[0]}'.")
        keys: dict[str, None] = {}  # in their order
        end = self._skip_whitespace(position + 1)
        while self._peek(end) != "}":
            key, start = self._key(end)
            if key in keys:
                raise JsonError(Code.KEY_TWICE, end, f"duplicate key '{key[:60]}' in an object.")
            keys[key] = None
            if key == path[0]:
                self.matched_path = (*self.matched_path, key)
                end = yield from self._descend(start, path[1:], siblings)
            else:
                value, end = self._decode(start)
                if len(path) == 1 and isinstance(value, int | Decimal):
                    siblings[key] = value
            end = self._next(end, "}")
        if path[0] not in keys:
            self.sibling_keys, self.deepest_position = tuple(keys), position
        return end + 1

    def _items(self, position: int) -> Generator[tuple[int, Any], None, int]:
        if self._peek(position) != "[":
            raise JsonError(
                Code.NOT_A_LIST,
                position,
                "expected a list of records.",
                "Correct 'records' in sources.yaml.",
            )
        self.list_position = position
        end = self._skip_whitespace(position + 1)
        while self._peek(end) != "]":
            start = end
            value, end = self._decode(start)
            yield start, value
            end = self._next(end, "]")
        return end + 1

    def _lists(
        self, position: int, path: tuple[str, ...], depth: int
    ) -> Iterator[tuple[tuple[str, ...], int]]:
        if self._peek(position) == "[":
            yield path, sum(1 for _ in self._item_positions(position))
        elif self._peek(position) == "{" and len(path) < depth:
            for key, start in self._value_positions(position):
                yield from self._lists(start, (*path, key), depth)

    def _value_positions(self, position: int) -> Iterator[tuple[str, int]]:
        """Yield each key of the object at `position`, and the position of its value."""
        end = self._skip_whitespace(position + 1)
        while self._peek(end) != "}":
            key, start = self._key(end)
            yield key, start
            end = self._next(self._decode(start)[1], "}")

    def _item_positions(self, position: int) -> Iterator[int]:
        """Yield the position of each item of the list at `position`."""
        end = self._skip_whitespace(position + 1)
        while self._peek(end) != "]":
            yield end
            end = self._next(self._decode(end)[1], "]")

    def _key(self, position: int) -> tuple[str, int]:
        if self._peek(position) != '"':
            raise self._syntax_error(position, "expecting a key in double quotes")
        key, end = self._decode(position)
        end = self._skip_whitespace(end)
        if self._peek(end) != ":":
            raise self._syntax_error(end, "expecting a colon")
        return key, self._skip_whitespace(end + 1)

    def _next(self, position: int, close: str) -> int:
        """Return the position of the next entry after the one that ends at `position`, or of `close`."""
        end = self._skip_whitespace(position)
        if self._peek(end) == close:
            return end
        if self._peek(end) != ",":
            raise self._syntax_error(end, f"expecting a comma or {close}")
        start = self._skip_whitespace(end + 1)
        if self._peek(start) == close:
            raise JsonError(Code.NOT_JSON, start, f"invalid JSON: trailing comma before {close}.")
        return start

    def _decode(self, position: int) -> tuple[Any, int]:
        try:
            value, end = _DECODER.raw_decode(self._text, position)
            if self._may_be_deep(position, end) and _is_deep(value):
                raise _too_deep(position)
            return value, end
        except json.JSONDecodeError as error:
            if error.msg.startswith(_UNTERMINATED):
                raise self._syntax_error(len(self._text), "") from None
            raise self._syntax_error(error.pos, error.msg[:1].lower() + error.msg[1:]) from None
        except _RefusedError as error:
            raise JsonError(Code.NOT_JSON, position, f"invalid JSON: {error}.") from None
        except RecursionError:
            raise _too_deep(position) from None
        except (ValueError, ArithmeticError):  # Python's own, which name its settings, for int and Decimal
            message = "invalid JSON: a number has more digits, or a larger exponent, than can be read."
            raise JsonError(Code.TOO_LARGE, position, message) from None

    def _may_be_deep(self, position: int, end: int) -> bool:
        """Return whether a value has as many brackets as the deepest one; most have far fewer."""
        count = self._text.count("{", position, end) + self._text.count("[", position, end)
        return count > JSON_DEPTH.most

    def _syntax_error(self, position: int, problem: str) -> JsonError:
        """Return the error at a position. A text that ends there is reported as truncated."""
        if not self._text[position:].strip():
            end = len(self._text.rstrip())
            hint = "Download or export the file again."
            return JsonError(Code.TRUNCATED, end, "the JSON is truncated here.", hint)
        before = self._text[:position].rstrip()[-1:] if position < 1_000_000 else ""
        if before == "," and self._text[position] in "}]":
            problem = f"trailing comma before {self._text[position]}"
        line = self._text[position : position + 20].split("\n")[0]
        return JsonError(Code.NOT_JSON, position, f"invalid JSON: {problem.removesuffix(' at')} at {line!r}.")

    def _skip_whitespace(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        return match.end() if match is not None else position

    def _peek(self, position: int) -> str:
        return self._text[position : position + 1]


class _RefusedError(ValueError):
    """What Python's decoder accepts, and JSON or this program does not."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _RefusedError(f"duplicate key '{name[:60]}' in an object")
            seen.add(name)
    return values


def _refuse_constant(name: str) -> object:
    raise _RefusedError(f"{name} is not a valid JSON number")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_object)


def _is_deep(value: object) -> bool:
    """Return whether a value is nested more deeply than it may be."""
    level = [value]
    for _ in range(JSON_DEPTH.most + 1):
        inner = (each for each in level if isinstance(each, dict | list))
        level = [part for each in inner for part in (each.values() if isinstance(each, dict) else each)]
        if not level:
            return False
    return True


def _too_deep(position: int) -> JsonError:
    return JsonError(Code.TOO_DEEP, position, f"the value is nested too deeply; {JSON_DEPTH.sentence}.")

"""Text from outside, as it is shown: what would control the terminal, or hide, is written as an escape."""

from __future__ import annotations

import re

#: Characters that are not seen, and that some scripts need between two others: joiners of Persian, of the
#: scripts of India and of emoji, fillers of Korean, a separator of Mongolian.
_JOINERS = "\u034f\u115f\u1160\u17b4\u17b5\u180e\u200c\u200d"

#: What is written as an escape: controls, the soft hyphen, marks of direction, what has no width, separators
#: of lines and paragraphs, blank letters, halves of a pair, tags. Signs that are seen, such as the number
#: signs of Arabic, are of the same category in Unicode and do not belong here.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    f"{_JOINERS}]"
)

_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def visible(text: str) -> str:
    r"""Return text from outside as it may be shown: ESC as `\x1b`, U+202E as `\u202e`, a new line as `\n`.

    Each output that a person reads calls it at one place. Ordinary text of any script is returned as it is.
    JSON stays exact: see `visible_json`.
    """
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_escaped, text)


def visible_json(text: str) -> str:
    """Return a JSON text of the same value in which what would control a terminal is escaped."""
    return text if text.isascii() and "\x7f" not in text else _HIDDEN.sub(_json_escaped, text)


def visible_value(value: object) -> object:
    """Return a value for a page: text is made visible, but not our own markup, whose type is another."""
    return visible(value) if type(value) is str else value


def _escaped(found: re.Match[str]) -> str:
    character, text, at = found[0], found.string, found.start()
    if character in _JOINERS and _is_between_letters(text, at):
        return character
    code = ord(character)
    if code < 0x100:
        return _SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True))


def _is_between_letters(text: str, at: int) -> bool:
    """Return whether the characters beside are of a script other than Latin, and are seen."""
    beside = text[max(at - 1, 0) : at] + text[at + 1 : at + 2]
    return len(beside) == 2 and all(each > "\u02ff" and not _HIDDEN.match(each) for each in beside)

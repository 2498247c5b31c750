"""Text from outside as it is shown: nothing hides or controls, and ordinary text is unchanged."""

import json
import re

import pytest
from hypothesis import example, given
from strategies import hostile_texts

from sagerecon.model.visible import visible, visible_json, visible_value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b31m", r"\x9b31m"),
        ("a\x00\x07\x08\x7fb", r"a\x00\x07\x08\x7fb"),
        ("one\ntwo\r\tthree", r"one\ntwo\r\tthree"),
        ("txt.\u202eexe\u2066\u2069\u200e\u200f\u061c", r"txt.\u202eexe\u2066\u2069\u200e\u200f\u061c"),
        ("O\u200bak\u2060\ufeff\xad", r"O\u200bak\u2060\ufeff\xad"),
        ("a\u2028b\u2029\x85", r"a\u2028b\u2029\x85"),
        ("pay\u200cpal \u200d", r"pay\u200cpal \u200d"),
        ("a\udcffb", r"a\udcffb"),
        ("x\U000e0041\u3164", r"x\U000e0041\u3164"),
    ],
)
def test_what_hides_or_controls_is_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Oak Ltd, 1,234.50 € [/bold] [link=x] :smile: \\x1b",
        "Müller & Söhne · Ångström · Łódź",
        "Ελληνικά, Русский, עברית, العربية، ٣٫٥, \u0601\u0661",
        "می\u200cخواهم",
        "क्\u200dष",
        "日本語 한국어 中文 ไทย தமிழ்",
        "👩\u200d🚀 ❤️\u200d🔥",
    ],
)
def test_ordinary_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(hostile_texts)
def test_what_is_shown_is_one_line_that_any_terminal_takes(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    shown.encode()
    assert visible(shown) == shown


def test_our_own_markup_and_other_values_stay_as_they_are() -> None:
    class Markup(str):
        """Stands for markupsafe.Markup."""

    assert visible_value(Markup("<b>\n</b>")) == "<b>\n</b>"
    assert visible_value(5) == 5
    assert visible_value("a\nb") == r"a\nb"


@given(hostile_texts)
@example("\x1b[2J\x9b31m\x7f\u202eexe\U000e0041\ud800")
def test_json_is_the_same_value_without_what_controls(text: str) -> None:
    shown = visible_json(json.dumps({text: text}, ensure_ascii=False))
    assert json.loads(shown) == {text: text}
    assert not set(shown) & {chr(code) for code in (*range(32), *range(0x7F, 0xA0), 0x202E, 0xE0041)}

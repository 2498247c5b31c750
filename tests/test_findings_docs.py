"""docs/findings.md: every code, with an example of the messages of mappings."""

import re
from collections.abc import Callable
from pathlib import Path

from sagerecon.model.code import all_codes

ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "tests" / "error_gallery"
#: A finding of the gallery: its severity and code, and below them its message.
_MESSAGE = re.compile(r"^(?:error|warning|info) (\w+)\n  (.*)$", re.MULTILINE)
HEAD = """\
# Findings

Each finding has a code that stays the same: for counting, filtering, and for allowing a warning on one line
(see [checking mappings](checking.md)). `sagerecon check --explain CODE` says what a code means. This page
lists all, with an example where a mapping alone shows one; other messages name the file, the record and the
way out as well.
"""


def examples() -> dict[str, str]:
    """Return by code the first message of the gallery of wrong mappings."""
    found: dict[str, str] = {}
    for piece in sorted(GALLERY.glob("*.txt")):
        for code, message in _MESSAGE.findall(piece.read_text(encoding="utf-8")):
            found.setdefault(code, message)
    return found


def test_the_page_has_every_code(golden: Callable[[str | Path, str], None]) -> None:
    shown = examples()
    parts = [HEAD]
    for code in all_codes():
        parts.append(f"\n## {code}\n\n{code.summary}\n")
        if code in shown:
            parts.append(f"\n    {shown[code]}\n")
    golden(ROOT / "docs" / "findings.md", "".join(parts))


def test_every_code_of_the_gallery_exists() -> None:
    assert set(examples()) <= {str(code) for code in all_codes()}

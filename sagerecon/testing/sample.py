"""The outcomes of a sample of the source, as text that is kept beside the tests and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import unified_diff

from sagerecon.model.draft import Outcome
from sagerecon.testing.shown import outcome_lines

_HEAD = "# Written by sagerecon test --update. A change of it is a change of what would be sent: review it.\n"


def outcomes_text(outcomes: Iterable[Outcome]) -> str:
    """Return the text of the outcomes of all records, in the order of their keys."""
    blocks = sorted("\n".join(outcome_lines(outcome)) for outcome in outcomes)
    return _HEAD + "".join(f"\n{block}\n" for block in blocks)


def differences(expected: str, found: str, name: str) -> Iterator[str]:
    """Yield the lines of a unified diff from what is expected to what was found; none where both are equal.

    Args:
        name: of the file with what is expected.
    """
    yield from unified_diff(
        expected.splitlines(), found.splitlines(), f"{name}, as kept", "as mapped now", n=2, lineterm=""
    )

"""Groups of like entries: one entry with a count and examples instead of a thousand lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sagerecon.model.finding import Finding
from sagerecon.pairing.agreement import without_positions

Entry = TypeVar("Entry")

#: How many entries of a group are named as examples, besides the one that is shown in full.
EXAMPLES = 3

#: How many entries of a terminal's list are shown; further ones are counted.
LISTED = 12

#: What differs between two sentences with the same reason: quoted values and numbers.
_VALUES = re.compile(r"'[^']*'|\d[\d.,:/-]*")


@dataclass(frozen=True, slots=True)
class Group(Generic[Entry]):
    """Like entries in their order: the first is shown in full, the others are counted."""

    first: Entry
    others: tuple[Entry, ...]

    def __iter__(self) -> Any:
        """Yield every entry of the group."""
        yield self.first
        yield from self.others


def group_alike(entries: Iterable[Entry], likeness: Callable[[Entry], Hashable]) -> list[Group[Entry]]:
    """Return the entries by their likeness, in the order of the first entry of each group."""
    groups: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(likeness(entry), []).append(entry)
    return [Group(first, tuple(others)) for first, *others in groups.values()]


def pattern(sentence: str, *names: str) -> str:
    """Return a sentence without what identifies its record: the record's names, quoted values and numbers."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        sentence = sentence.replace(name, "…")
    return _VALUES.sub("…", sentence)


def finding_likeness(finding: Finding, *names: str) -> Hashable:
    """Return what like findings share: severity, code, file, and the sentences without their values.

    Args:
        names: the names of the record that the finding is about.
    """
    sentences = (pattern(finding.message, *names), pattern(finding.hint, *names))
    return (finding.severity, finding.code, finding.place.file, *sentences)


def finding_document_likeness(finding: Mapping[str, Any]) -> Hashable:
    """Return what like findings of a report document share."""
    file = pattern(finding["place"])
    return (finding["severity"], finding["code"], file, pattern(finding["message"]), pattern(finding["hint"]))


def record_document_likeness(record: Mapping[str, Any]) -> Hashable:
    """Return what like records of a report document share: verdict, reason, remedy, and what differs why."""
    names = (record["label"], record.get("key") or "")
    differences = tuple((without_positions(d["field"]), d["cause"]) for d in record.get("differences", ()))
    sentences = (pattern(record["reason"], *names), pattern(record["remedy"], *names))
    return (record["verdict"], record.get("kind"), *sentences, differences)


def like_findings(findings: Iterable[Mapping[str, Any]]) -> list[Group[Mapping[str, Any]]]:
    """Return the findings of a report document in groups."""
    return group_alike(findings, finding_document_likeness)


def more_like_it(names: Sequence[str], count: int | None = None) -> str:
    """Return how many entries a group has besides the first, with examples; empty for none.

    Args:
        count: the number of these entries, where `names` has only the first of them.
    """
    if not names:
        return ""
    count = len(names) if count is None else count
    examples = ", ".join(names[:EXAMPLES]) + (", …" if count > EXAMPLES else "")
    return f"and {count:,} more like it: {examples}"

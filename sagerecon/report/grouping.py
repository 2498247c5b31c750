"""Groups of like entries: one entry with a count and examples instead of a thousand lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sagerecon.model.code import CheckName, FindingCode, read_code
from sagerecon.model.finding import Finding
from sagerecon.pairing.comparison_rules import without_positions

Entry = TypeVar("Entry")

#: How many entries of a group are named as examples, besides the one that is shown in full.
EXAMPLES = 3

#: How many entries of a terminal's list are shown; further ones are counted.
LISTED = 12

#: What differs between two sentences with the same reason: quoted values, Sage ids, draft keys, numbers, and
#: the records that one refers to, which have entries of their own.
_VALUES = re.compile(
    r"'[^']*'|\b[0-9a-f]{32}\b|\b[a-z][a-z0-9_]*/[^\s(),;]+|\d[\d.,:/-]*|(?<=\brefers to ).+", re.DOTALL
)

_QUOTED = re.compile(r"'[^']*'")

#: Several of them in a row.
_LIST = re.compile(r"…(?:, …)+")


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
    """Return a sentence without what identifies its record: names, values, ids, keys and numbers.

    Args:
        names: those of the record, and other texts of it in the sentence.
    """
    for name in sorted(filter(None, names), key=len, reverse=True):
        sentence = sentence.replace(name, "…")
    return _VALUES.sub("…", sentence)


def finding_likeness(finding: Finding, *names: str) -> Hashable:
    """Return what like findings share: severity, code, file, and the sentences without their values.

    Args:
        names: the names of the record that the finding is about.
    """
    message = _message_pattern(finding.code, finding.message, *names)
    return (finding.severity, finding.code, finding.place.file, message, pattern(finding.hint, *names))


def finding_document_likeness(finding: Mapping[str, Any]) -> Hashable:
    """Return what like findings of a report document share."""
    file, code = pattern(finding["place"]), read_code(finding["code"])
    message = _message_pattern(code, finding["message"])
    return (finding["severity"], code, file, message, pattern(finding["hint"]))


def _message_pattern(code: FindingCode, message: str, *names: str) -> str:
    """Return the pattern of a message; empty for a project's own check, which is one reason in any words."""
    return "" if isinstance(code, CheckName) else pattern(message, *names)


def record_document_likeness(record: Mapping[str, Any]) -> Hashable:
    """Return what like records of a report document share: verdict, reason, remedy, and what differs why."""
    return record_likeness(
        (record["verdict"], record.get("kind")),
        (record["reason"], record["remedy"]),
        (record["label"], record.get("key") or ""),
        [(d["field"], d["source"] or "", d["cause"]) for d in record.get("differences", ())],
    )


def record_likeness(
    facts: Hashable,
    sentences: Iterable[str],
    names: Iterable[str],
    differences: Collection[tuple[str, str, Hashable]],
) -> Hashable:
    """Return what like records share, whatever their values are.

    Args:
        facts: what they share unchanged.
        names: the texts that name the record.
        differences: field, value in the source, and cause of each.
    """
    values = [*names, *(f"{field} to {source or 'nothing'}" for field, source, _ in differences)]
    fields = dict.fromkeys((without_positions(field), cause) for field, _, cause in differences)
    return (facts, *(_once(pattern(sentence, *values)) for sentence in sentences), *fields)


def _once(sentence: str) -> str:
    """Return a sentence whose list of values has one item, however many there were."""
    return _LIST.sub("…", sentence)


def like_findings(findings: Iterable[Mapping[str, Any]]) -> list[Group[Mapping[str, Any]]]:
    """Return the findings of a report document in groups."""
    return group_alike(findings, finding_document_likeness)


def more_like_it(names: Sequence[str], count: int | None = None, examples: int = EXAMPLES) -> str:
    """Return how many entries a group has besides the first, with examples; empty for none.

    Args:
        count: the number of these entries, where `names` has only the first of them.
    """
    if not names:
        return ""
    count = len(names) if count is None else count
    shown = ", ".join(names[:examples]) + (", …" if count > examples else "")
    return f"and {count:,} more like it: {shown}"


def more_like_finding(group: Sequence[tuple[str, str]]) -> str:
    """Return how many findings a group has besides the first, with their places; empty for none.

    Where the place was named already, what the finding quotes is given, such as the field that is missing.

    Args:
        group: the place and the message of each finding.
    """
    (place, message), *others = group
    places, quoted, names = {place}, set(_QUOTED.findall(message)), []
    for other, said in others:
        new = [text for text in _QUOTED.findall(said) if text not in quoted] if other in places else []
        names.append(", ".join(new) or other or said)
        places.add(other)
        quoted.update(new)
    return more_like_it(names, examples=LISTED if len(places) == 1 else EXAMPLES)


def more_like_finding_document(group: Iterable[Mapping[str, Any]]) -> str:
    """Return the same of a group of findings of a report document."""
    return more_like_finding([(each["place"], each["message"]) for each in group])

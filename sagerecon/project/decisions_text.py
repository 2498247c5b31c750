"""Changing the text of `decisions.yaml` so that comments and all other entries stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from sagerecon.documents.document import Node, read_document
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import instant_text
from sagerecon.model.errors import ProjectError, ProjectFileError
from sagerecon.model.money import grouped
from sagerecon.pairing.answers import STANDING_NAMES
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.standing import Standing
from sagerecon.project.decisions_file import DECISIONS_FILE, read_decisions

_NEW_FILE = "sagerecon: decisions/v1\ndecisions: []\n"
_EMPTY_LIST = re.compile(r"^decisions:[ ]*\[\s*\][ ]*", re.MULTILINE)


def with_decision(text: str, decision: Decision, catalog: Catalog) -> str:
    """Return the text with a decision at the end of its list, in place of one about the same records.

    Args:
        text: of `decisions.yaml`; empty where there is no file yet.

    Raises:
        ProjectFileError: the text has errors.
        ProjectError: it is written in a form that cannot be added to.
    """
    text = text or _NEW_FILE
    before = read_decisions(text, catalog)
    kept = tuple(entry for entry in before if entry.selector != decision.selector)
    for entry in before:
        if entry.selector == decision.selector:
            text = _without(text, entry)
    lines = _lines(_EMPTY_LIST.sub("decisions:", text))
    items = _list(text)
    at = _end_of_list(text, lines)
    indent = " " * (items[0].place.column - 3 if items else 2)
    entry_lines = [f"{indent}{line}\n" for line in _entry(decision)]
    return _checked("".join([*lines[:at], *entry_lines, *lines[at:]]), (*kept, decision), catalog)


def without_decision(text: str, decision: Decision, catalog: Catalog) -> str:
    """Return the text without a decision that was read from it; errors as `with_decision`."""
    kept = tuple(entry for entry in read_decisions(text, catalog) if entry != decision)
    return _checked(_without(text, decision), kept, catalog)


def _entry(decision: Decision) -> Iterator[str]:
    """Yield the lines of one entry of the list."""
    is_renamed = decision.standing is Standing.RENAMED_IN_SOURCE
    covers = decision.covers
    amount = "" if covers.amount is None else f"amount: {_quoted(grouped(covers.amount))}, "
    digest = f"fingerprint: {_quoted(covers.fingerprint)}"
    theirs = f", theirs: {_quoted(covers.theirs)}" if covers.theirs else ""
    refused = f", refused: {_quoted(instant_text(covers.refused))}" if covers.refused else ""
    sides = ", ".join(f"{_quoted(name)}: {side.value}" for name, side in decision.fields.items())
    values = {
        "standing": STANDING_NAMES[decision.standing],
        "kind": decision.kind,
        "rule": decision.rule,
        "to" if is_renamed else "key": _quoted(decision.key),
        "from": _quoted(decision.earlier),
        "sage_id": _quoted(decision.sage_id),
        "answer": decision.answer.value,
        "fields": f"{{{sides}}}" if sides else "",
        "because": _quoted(decision.because),
        "by": _quoted(decision.by),
        "on": decision.on.isoformat(),
        "until": decision.until.isoformat() if decision.until else "",
        "covers": f"{{records: {covers.records}, {amount}{digest}{theirs}{refused}}}",
    }
    dash = "- "
    for name, value in values.items():
        if value:
            yield f"{dash}{name}: {value}"
            dash = "  "


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text else ""


def _list(text: str) -> tuple[Node, ...]:
    """Return the nodes of the entries.

    Raises:
        ProjectError: the list is not written with one entry below the other.
    """
    root, _ = read_document(text, DECISIONS_FILE)
    items, lines = root["decisions"].items(), _lines(text)
    if any(not lines[item.place.line - 1][: item.place.column - 1].strip() == "-" for item in items):
        raise _cannot_be_changed()
    return items


def _end_of_list(text: str, lines: Sequence[str]) -> int:
    """Return the number of lines before the first that follows the list."""
    root, _ = read_document(text, DECISIONS_FILE)
    start = root["decisions"].named_at.line
    later = [node.named_at.line - 1 for node in root.children().values() if node.named_at.line > start]
    end = min(later, default=len(lines))
    while end > start and not _has_content(lines[end - 1]):
        end -= 1
    return end


def _without(text: str, decision: Decision) -> str:
    lines, items = _lines(text), _list(text)
    number = next(number for number, item in enumerate(items) if item.place == decision.place)
    start = decision.place.line - 1
    is_last = number + 1 == len(items)
    end = _end_of_list(text, lines) if is_last else items[number + 1].place.line - 1
    while end > start + 1 and not _has_content(lines[end - 1]):
        end -= 1
    remaining = "".join([*lines[:start], *lines[end:]])
    return re.sub(r"^decisions:", "decisions: []", remaining, flags=re.M) if len(items) == 1 else remaining


def _has_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _lines(text: str) -> list[str]:
    """Return the lines with their ends; the last gets one too."""
    lines = re.split(r"(?<=\n)", text)
    lines = lines if lines[-1] else lines[:-1]
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]


def _checked(text: str, expected: Sequence[Decision], catalog: Catalog) -> str:
    """Return the text if it says what is expected."""
    try:
        if list(read_decisions(text, catalog)) == list(expected):
            return text
    except ProjectFileError:
        pass
    raise _cannot_be_changed()


def _cannot_be_changed() -> ProjectError:
    return ProjectError(
        f"{DECISIONS_FILE} is written in a form that this command cannot change without losing something.",
        "Write its list with each entry on lines of its own, beginning with '- '.",
    )

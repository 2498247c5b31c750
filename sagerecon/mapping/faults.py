"""The findings of one mapping file, collected while it is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sagerecon.documents.document import Node
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import YAML_FINDINGS
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion


class TooManyFindingsError(Exception):
    """A file has more findings than are listed; the check of the file ends at `place`."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"{place}: more findings")
        self.place = place


class Faults:
    """The findings of one file; its lines give the position of each part of an expression."""

    def __init__(self, text: str, others: Mapping[str, str] | None = None) -> None:
        """Collect the findings of a file.

        Args:
            text: of the file.
            others: the texts of other files, by name, of which the file has parts.
        """
        self._lines = text.splitlines()
        self._others = {file: other.splitlines() for file, other in (others or {}).items()}
        self.findings: list[Finding] = []

    def add(
        self, code: Code, place: Place, message: str, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """Add a finding at `place`, unless the same one was added before.

        Raises:
            TooManyFindingsError: there are so many already that the rest of the file need not be checked.
        """
        if len(self.findings) >= YAML_FINDINGS.most:
            raise TooManyFindingsError(place)
        finding = Finding(code=code, place=place, message=message, hint=hint, severity=severity)
        if finding not in self.findings:
            self.findings.append(finding)

    def add_unknown(self, code: Code, place: Place, message: str, word: str, words: Iterable[str]) -> None:
        """Add a finding about a name that is not in `words`; suggest the nearest, or list them if few."""
        known = sorted(words)
        few = f"Available: {', '.join(known)}." if 0 < len(known) <= 12 else ""
        self.add(code, place, message, suggestion(word, known) or few)

    @property
    def has_errors(self) -> bool:
        """Whether any finding prevents the use of the file."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def place_in(self, node: Node, offset: int) -> Place:
        """Return the place in the file of the character at `offset` of a scalar's text."""
        place = node.place
        lines = self._lines_of(place)
        if not 0 < place.line <= len(lines):
            return place
        line = lines[place.line - 1]
        column = place.column - 1
        head = line[column : column + 1]
        if head == "|":
            return self._in_block(node, offset)
        if head in ("'", '"'):
            column = _after_quote(line, column, offset)
        else:
            column += offset
        return Place(place.file, place.line, column + 1) if column <= len(line) else place

    def _lines_of(self, place: Place) -> list[str]:
        return self._others.get(place.file, self._lines)

    def _in_block(self, node: Node, offset: int) -> Place:
        before = node.text[:offset]
        lines = self._lines_of(node.place)
        number = node.place.line + 1 + before.count("\n")
        if number > len(lines):
            return node.place
        line = lines[number - 1]
        indent = len(line) - len(line.lstrip())
        return Place(node.place.file, number, indent + len(before.rpartition("\n")[2]) + 1)


def _after_quote(line: str, start: int, offset: int) -> int:
    """Return the index in `line` of the character at `offset` of the quoted text that opens at `start`."""
    quote, index = line[start], start + 1
    for _ in range(offset):
        escaped = line[index : index + 2] == "''" if quote == "'" else line[index : index + 1] == "\\"
        index += 2 if escaped else 1
    return index

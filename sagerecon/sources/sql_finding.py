"""The finding for SQL that fails: at its line in the YAML, with what to do about it."""

from __future__ import annotations

import re

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import DATASET_ROWS, SQL_CHARACTERS, SQL_MEMORY, SQL_SECONDS
from sagerecon.model.place import Place
from sagerecon.sources.bounded import SqlError
from sagerecon.sources.database import error_summary
from sagerecon.sources.definitions import Query

#: What to do about a limit, by what it is the limit of.
_LIMIT_HINTS = {
    SQL_SECONDS.of: "Simplify it, or allow more: sql_seconds in your own config.yaml, see docs/limits.md.",
    SQL_MEMORY.of: "Read fewer rows at a time, or make shorter texts and lists.",
    SQL_CHARACTERS.of: "Split it, or let fewer datasets build on each other.",
    DATASET_ROWS.of: "Select or aggregate the rows that are needed.",
}

_LINE = re.compile(r"^LINE (\d+): (.*)\n( *)\^", re.MULTILINE)


def sql_finding(query: Query, error: SqlError, first_line: int = 1) -> Finding:
    """Return the finding for an error in the SQL, at its line in the YAML if that is known.

    `first_line` is the line on which the query's own text starts in the text that DuckDB was given.
    """
    place = query.place
    if error.limit is not None:
        hint = _LIMIT_HINTS.get(error.limit.of, "")
        return Finding(Code.SQL_LIMIT, place, f"{error}; {error.limit.sentence}.", hint)
    found = _LINE.search(str(error))
    if found is not None and query.is_block:
        line = int(found[1]) - first_line + 1
        if 1 <= line <= query.sql.count("\n") + 1:
            place = Place(place.file, place.line + line)
    return Finding(Code.SQL_FAULT, place, f"SQL error: {error_summary(error)}.", _candidates(error))


def _candidates(error: SqlError) -> str:
    """Return the suggestion in DuckDB's message, or an empty text."""
    for line in str(error).splitlines()[1:]:
        if line.startswith(("Candidate", "Did you mean")):
            return line.rstrip(".") + ("" if line.endswith("?") else ".")
    return ""

"""Keys of a dataset that differ only in what is hardly seen, before they become several records."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.type import TEXT
from sagerecon.sources.bounded import BoundedConnection, SqlError
from sagerecon.sources.database import quote_identifier
from sagerecon.sources.files import source_error
from sagerecon.sources.query import CompiledQuery
from sagerecon.sources.rows import ORIGIN
from sagerecon.sources.sql_finding import sql_finding

#: Groups of keys that are listed, and keys of each.
_GROUPS = 20
_KEYS = 5

#: Characters that have no width, and blanks of every sort, as DuckDB's expressions write them.
_INVISIBLE = r"[\x{00AD}\x{034F}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}]"
_BLANKS = r"[\s\x{00A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]+"

#: Letters of Cyrillic and Greek, the dotless and the dotted i, dashes and quotes, and what they look like.
_LIKE = {
    "АВЕКМНОРСТХаеорсухі": "ABEKMHOPCTXaeopcyxi",
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο": "ABEZHIKMNOPTYXo",
    "ıİ": "iI",
    "‐‑‒–—−": "------",
    "’‘´": "'''",
}
_FROM, _TO = "".join(_LIKE), "".join(_LIKE.values())


def look_alike_keys(
    connection: BoundedConnection, name: str, compiled: CompiledQuery, key: Sequence[str]
) -> Iterator[Finding]:
    """Yield a finding for each group of different keys of a dataset that look alike.

    Args:
        name: of the dataset.
        key: columns that the dataset has.

    Raises:
        SourceError: the SQL fails on this data.
    """
    if all(compiled.columns.get(column) != TEXT for column in key):
        return
    texts = ", ".join(f"CAST({quote_identifier(column)} AS VARCHAR)" for column in key)
    keys = (
        f"SELECT key, {_folded('key')} AS folded, {ORIGIN} FROM "  # noqa: S608 - quoted identifiers
        f"(SELECT concat_ws('/', {texts}) AS key, {ORIGIN} FROM (\n{compiled.sql}\n))"
    )
    alike = (
        f"SELECT folded FROM ({keys}) GROUP BY folded "  # noqa: S608 - as above
        f"HAVING min(key) <> max(key) ORDER BY folded LIMIT {_GROUPS}"
    )
    try:
        if not connection.row(alike, compiled.values):
            return
        query = connection.query(
            f"SELECT folded, key, any_value({ORIGIN}) FROM ({keys}) WHERE folded IN ({alike}) "  # noqa: S608 - as above
            "GROUP BY folded, key ORDER BY folded, key",
            compiled.values,
        )
        groups: dict[str, list[tuple[str, str]]] = {}
        try:
            while rows := query.fetch(_GROUPS):
                for folded, text, origin in rows:
                    address = origin if isinstance(origin, str) else next(iter(origin or ()), "")
                    groups.setdefault(folded, []).append((text, address))
        finally:
            query.close()
    except SqlError as error:
        raise source_error(sql_finding(compiled.query, error, compiled.first_line + 2)) from error
    for group in groups.values():
        yield _finding(name, group)


def _folded(column: str) -> str:
    """Return the SQL of a text without what is hardly seen.

    Most keys are ASCII with no blanks but single spaces, and need no expression.
    """
    quoted = _FROM.replace("'", "''"), _TO.replace("'", "''")
    like = f"translate(nfc_normalize({column}), '{quoted[0]}', '{quoted[1]}')"
    seen = f"regexp_replace({like}, '{_INVISIBLE}', '', 'g')"
    folded = f"lower(trim(regexp_replace({seen}, '{_BLANKS}', ' ', 'g')))"
    blanks = " OR ".join(f"contains({column}, {blank})" for blank in ("'  '", "chr(9)", "chr(10)", "chr(13)"))
    is_plain = f"strlen({column}) = length({column}) AND NOT ({blanks})"
    return f"CASE WHEN {is_plain} THEN lower(trim({column})) ELSE {folded} END"


def _finding(name: str, group: Sequence[tuple[str, str]]) -> Finding:
    shown = ", ".join(f"'{text}' ({address})" for text, address in group[:_KEYS])
    more = f", and {len(group) - _KEYS} more" if len(group) > _KEYS else ""
    reasons = sorted({_difference(group[0][0], text) for text, _ in group[1:]})
    return Finding(
        code=Code.LOOK_ALIKE_KEYS,
        place=Place.parse(group[0][1]),
        message=f"keys of dataset '{name}' differ in {' and '.join(reasons)} alone: {shown}{more}.",
        hint="If they name one thing, give it one key in the SQL of the dataset, such as upper(trim(code)).",
        severity=Severity.WARNING,
    )


def _difference(one: str, other: str) -> str:
    """Return in what two keys differ that look alike."""
    composed = [unicodedata.normalize("NFC", text) for text in (one, other)]
    if composed[0] == composed[1]:
        return "composed and decomposed letters"
    if composed[0].casefold() == composed[1].casefold():
        return "case"
    blanks = [" ".join(text.split()) for text in composed]
    if blanks[0] == blanks[1]:
        return "blanks"
    widths = ["".join(c for c in text if unicodedata.category(c) != "Cf") for text in composed]
    return "characters without width" if widths[0] == widths[1] else "letters that look alike"

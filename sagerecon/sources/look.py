"""Look at a file that is not declared: read it whole, tell its columns, and declare it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.value import Scalar
from sagerecon.sources.bounded import Allowance, BoundedConnection
from sagerecon.sources.database import open_for_loading, open_for_reading, quote_identifier
from sagerecon.sources.definitions import MAX_SCALE, Column, SourceFile
from sagerecon.sources.detected import Detected, warning
from sagerecon.sources.detection import detect_file
from sagerecon.sources.guess import Reading, Readings, Text, number_marks, read_texts
from sagerecon.sources.table_reader import FindingCollector, read_table
from sagerecon.sources.tables import load_table

#: Seconds for the queries of a look, which are no other person's.
_SECONDS = 600

_BATCH_ROWS = 1_000

#: The types of which a column is read in turn, until one fits all cells.
_WIDER = {"integer": "decimal", "boolean": "text", "date": "datetime", "datetime": "text"}
_SCALES = (2, 6, MAX_SCALE)


@dataclass(frozen=True, slots=True)
class ColumnLook:
    """One column of a file: how it can be declared, and its figures."""

    title: str
    column: Column
    rows: int  #: that are not blank
    blanks: int
    distinct: int
    least: Scalar
    greatest: Scalar
    total: Decimal | None  #: of numbers
    samples: tuple[str, ...]
    nearest: str = ""  #: another type, which fits `fits` rows
    fits: int = 0
    misfits: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class FileLook:
    """A file: how it can be declared, and the figures of its columns."""

    file: SourceFile
    rows: int
    sheets: tuple[str, ...]
    columns: tuple[ColumnLook, ...]
    findings: tuple[Finding, ...]


def look_at_file(
    path: Path, name: str, sheet: str, work_folder: Path, progress: Callable[[str, int], None]
) -> FileLook:
    """Read a file whole, and return how it can be declared.

    Args:
        path: resolved.
        name: of the table.
        sheet: of a workbook; empty for the first with rows.
        work_folder: for temporary files; private.

    Raises:
        SourceError: it cannot be read.
        OSError: the temporary files cannot be written.
    """
    detected = detect_file(path, name, sheet)
    if not detected.file.columns:
        return FileLook(
            file=detected.file, rows=0, sheets=detected.sheets, columns=(), findings=detected.findings
        )
    file, rows, findings = _load(detected, path.parent, work_folder, progress)
    with closing(open_for_reading(work_folder / "look.duckdb", _SECONDS)) as connection:
        looks = list(_columns(connection, file, rows))
    marks, open_columns = number_marks([readings for _, readings in looks if readings is not None])
    file = replace(file, decimal=marks[0], thousands=marks[1])
    ambiguous = {readings.column.name: rivals for readings, rivals in open_columns}
    columns = []
    for look, readings in looks:
        if readings is None:
            columns.append(look)
            continue
        chosen, found = _choose(readings, marks, ambiguous.get(look.column.name, []), Place(path.name))
        findings += found
        columns.append(_declared(look, readings, chosen))
    declared = replace(file, columns=tuple(look.column for look in columns))
    return FileLook(
        file=declared,
        rows=rows,
        sheets=detected.sheets,
        columns=tuple(columns),
        findings=(*detected.findings, *findings),
    )


class _Misfits(FindingCollector):
    """Collects findings, and the names of the columns whose cells have errors."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: set[str] = set()

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        if finding.severity is Severity.ERROR:
            self.columns.add(finding.message.partition(":")[0])
        super().add(finding)


def _load(
    detected: Detected, folder: Path, work_folder: Path, progress: Callable[[str, int], None]
) -> tuple[SourceFile, int, list[Finding]]:
    """Load the table with the narrowest types that fit; return its declaration, rows and findings."""
    file, left_out = detected.file, []
    lines = work_folder / "look.ndjson"
    while True:
        misfits = _Misfits()
        facts = read_table(file, folder, lines, misfits, progress, ())
        names = {column.name for column in file.columns} & misfits.columns
        if not names:
            break
        lines.unlink()
        columns = [_wider(column) if column.name in names else column for column in file.columns]
        for column, wider in zip(file.columns, columns, strict=True):
            if wider is None:
                reason = next(f for f in misfits.all() if f.message.startswith(f"{column.name}:"))
                left_out.append(replace(reason, severity=Severity.WARNING))
        file = replace(file, columns=tuple(column for column in columns if column is not None))
    rows = sum(fact.rows for fact in facts)
    with closing(open_for_loading(work_folder / "look.duckdb")) as connection:
        load_table(connection, file, lines, rows)
    return file, rows, [*left_out, *misfits.all()]


def _wider(column: Column) -> Column | None:
    """Return the column with the next type; None where no type reads its cells."""
    if column.type == "decimal":
        scale = next((scale for scale in _SCALES if scale > column.scale), None)
        return replace(column, type="text") if scale is None else replace(column, scale=scale)
    wider = _WIDER.get(column.type)
    return replace(column, type=wider) if wider is not None else None


def _columns(
    connection: BoundedConnection, file: SourceFile, rows: int
) -> Iterator[tuple[ColumnLook, Readings | None]]:
    """Yield the figures of each column, and how its texts can be read if it holds text."""
    for column in file.columns:
        if column.type == "list":
            look = ColumnLook(
                title=_title(column),
                column=column,
                rows=rows,
                blanks=0,
                distinct=0,
                least=None,
                greatest=None,
                total=None,
                samples=(),
            )
            yield look, None
        elif column.type == "text":
            readings = read_texts(column, _texts(connection, file, column), file)
            yield _text_look(readings, rows), readings
        else:
            yield _typed_look(connection, file, column, rows), None


def _texts(connection: BoundedConnection, file: SourceFile, column: Column) -> Iterator[Text]:
    """Yield each text of a column once, in the order of their first rows."""
    for value, count, origin in _values(connection, file, column):
        yield Text(str(value), count, origin)


def _values(
    connection: BoundedConnection, file: SourceFile, column: Column
) -> Iterator[tuple[Scalar, int, str]]:
    name, table = quote_identifier(column.name), quote_identifier(file.name)
    sql = (
        f"SELECT {name}, count(*), arg_min(_origin, rowid) FROM {table} "  # noqa: S608 - quoted identifiers
        f"WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY min(rowid)"
    )
    query = connection.query(sql, None, Allowance(_SECONDS))
    try:
        while rows := query.fetch(_BATCH_ROWS):
            yield from rows
    finally:
        query.close()


def _typed_look(connection: BoundedConnection, file: SourceFile, column: Column, rows: int) -> ColumnLook:
    """Return the figures of a column whose cells have a type."""
    name, table = quote_identifier(column.name), quote_identifier(file.name)
    is_number = column.type in ("integer", "decimal")
    total = f"sum({name})" if is_number else "NULL"
    filled, distinct, least, greatest, whole = connection.row(
        f"SELECT count({name}), count(DISTINCT {name}), min({name}), max({name}), {total} FROM {table}"  # noqa: S608 - quoted identifiers
    )
    samples = [
        str(value) for (value, _, _), _ in zip(_values(connection, file, column), range(3), strict=False)
    ]
    return ColumnLook(
        title=_title(column),
        column=column,
        rows=filled,
        blanks=rows - filled,
        distinct=distinct,
        least=least,
        greatest=greatest,
        total=Decimal(whole) if whole is not None else None,
        samples=tuple(samples),
    )


def _text_look(readings: Readings, rows: int) -> ColumnLook:
    return ColumnLook(
        title=_title(readings.column),
        column=readings.column,
        rows=readings.rows,
        blanks=rows - readings.rows,
        distinct=readings.distinct,
        least=readings.least,
        greatest=readings.greatest,
        total=None,
        samples=tuple(sample.text for sample in readings.samples[:3]),
    )


def _choose(
    readings: Readings, marks: tuple[str, str], rivals: Sequence[Reading], place: Place
) -> tuple[Reading | None, list[Finding]]:
    """Return the reading that is declared; None for text. What is ambiguous is a finding, and is text."""
    if not readings.rows or readings.has_codes:
        return None, []
    if rivals:
        return None, [_ambiguous(readings, rivals, place)]
    for types in (("boolean",), ("integer",), ("decimal",), ("date",), ("datetime",)):
        fitting = [each for each in readings.fitting(*types) if types != ("decimal",) or each.marks == marks]
        if not fitting:
            continue
        if len({each.seen for each in fitting}) > 1:
            return None, [_ambiguous(readings, fitting, place)]
        days = readings.fitting("date") if types == ("integer",) else []
        found = [_ambiguous(readings, [fitting[0], *days], place)] if days else []
        return fitting[0], found
    return None, []


def _ambiguous(readings: Readings, rivals: Sequence[Reading], place: Place) -> Finding:
    """Return the finding for a column that several readings fit."""
    each_once = list({rival.seen: rival for rival in reversed(rivals)}.values())[::-1]
    shown = " or ".join(rival.about for rival in each_once)
    example = readings.example(each_once)
    rows = counted(readings.rows, "row")
    message = f"column '{_title(readings.column)}' may be {shown}: all {rows} fit each of them"
    hint = "Ask where the file comes from, and declare the one that is right."
    return warning(Code.AMBIGUOUS_COLUMN, place, f"{message}{f'; {example}' if example else ''}.", hint)


def _declared(look: ColumnLook, readings: Readings, chosen: Reading | None) -> ColumnLook:
    """Return the look at a column of texts with the reading that is declared, or with the nearest one."""
    if chosen is not None:
        is_number = chosen.column.type in ("integer", "decimal")
        scale = max(chosen.scale, 2) if chosen.column.type == "decimal" else look.column.scale
        return replace(
            look,
            column=replace(chosen.column, scale=scale),
            least=chosen.least,
            greatest=chosen.greatest,
            total=chosen.sum if is_number else None,
        )
    nearest = readings.nearest()
    if nearest is None or readings.has_codes:
        return look
    return replace(look, nearest=nearest.about, fits=nearest.rows, misfits=tuple(nearest.misfits))


def _title(column: Column) -> str:
    return ".".join(column.path)

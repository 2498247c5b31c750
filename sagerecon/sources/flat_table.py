"""Tables of rows of cells, as in CSV files and workbooks: which rows and columns are read, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import WORKBOOK_COLUMNS
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.blocks import Block, BlockConverter, block_converter
from sagerecon.sources.cell import CellConverter, Filled
from sagerecon.sources.definitions import CellTest, Column, RowRule, SourceFile
from sagerecon.sources.files import empty_source_finding, source_error
from sagerecon.sources.row_rules import (
    Heading,
    PassedOver,
    RowChooser,
    TotalRow,
    cell_text,
    is_blank_row,
    row_rule_text,
    row_test,
    title_text,
)
from sagerecon.sources.rows import (
    Field,
    Note,
    ReadItem,
    Row,
    RowConverter,
    filling_converter,
    notation_of,
)

#: The cells of one row, after the number of its line. A format reader yields them, and findings.
RawRow: TypeAlias = "tuple[int, Sequence[object]]"


#: What the last row of a report has in one of its cells.
_TOTAL = re.compile(
    r"(?:(?:grand |sub-?)?totals?|sum|(?:gesamt|end|zwischen)?summe|gesamt(?:betrag)?|total général|totaux|"
    r"somme|(?:sub|eind)?totaal|suma|(?:del)?summa|totalt)\s*:?",
    re.IGNORECASE,
)

#: Blank cells of a row that tell it from others beside its text.
_BLANKS = 3


@dataclass(frozen=True, slots=True)
class FlatFormat:
    """How the tables of one format differ from those of another."""

    converter: Callable[[Column, SourceFile], CellConverter]
    what: str  #: what a table is called in a message: `the file`, `the sheet`
    are_short_rows_padded: bool  #: whether cells that are blank at the end of a row may be left out
    are_notes_passed_over: bool = False  #: whether cells right of the table are no error
    are_blank_rows_read: bool = False  #: whether a row without a value is a row
    are_rows_chosen: bool = False  #: whether the titles are a row of the file, and conditions choose its rows


def flat_rows(
    rows: Iterable[RawRow | Finding],
    file: SourceFile,
    name: str,
    kind: FlatFormat,
    take: Callable[[], Sequence[RawRow | Finding]] | None = None,
) -> Iterator[ReadItem]:
    """Yield the typed rows of a table, and a note for each error or change in them.

    Args:
        rows: a finding among them is the last: what follows it cannot be read. Blank rows are ignored.
        name: of the file, in places and messages.
        take: takes the next of the rows at once, none at the end; only of a format whose cells are texts.

    Raises:
        SourceError: there is no row, or no header row, or it has more columns than a table may have.
    """
    table: _FlatTable | None = None
    before = PassedOver("before the table", file.path_place)
    is_started = file.start is None
    starts = row_test(file.start, Heading()) if file.start is not None else None
    is_any = False
    for raw in rows:
        if isinstance(raw, Finding):
            yield raw
            return
        line, cells = raw
        if not kind.are_blank_rows_read and is_blank_row(cells):
            if table is not None and table.count and file.end is not None and file.end.is_blank:
                break
            continue
        is_any = True
        if table is None:
            if not is_started:
                is_started = starts is not None and starts(cells)
                before.add(line, cells)
                continue
            if file.header and not _has_titles(cells, file.header):
                before.add(line, cells)
                continue
            table = _FlatTable(file, cells, Place(name, line), kind)
            yield from table.header_findings()
            if file.has_header:
                if take is not None and table.has_blocks and not (yield from table.read_blocks(take)):
                    return
                continue
        if table.ends is not None and table.ends(cells):
            break
        row, notes = table.read(cells, line)
        if notes:
            yield from notes
        if row is not None:
            yield row
    if table is None:
        raise source_error(_no_table(is_any, is_started, file, name, kind))
    yield from before.findings(name)
    yield from table.finish(name)


def _no_table(is_any: bool, is_started: bool, file: SourceFile, name: str, kind: FlatFormat) -> Finding:
    if not is_any:
        return Finding(Code.EMPTY_FILE, Place(name), f"{kind.what} is empty.")
    if not is_started:
        message = f"no row of {kind.what} matches 'start'."
        return Finding(Code.HEADER_NOT_FOUND, Place(name), message, "Correct start:.")
    titles = ", ".join(file.header)
    where = " after the row that matches 'start'" if file.start is not None else ""
    message = (
        f"no row of {kind.what}{where} has the titles {titles}."
        if titles
        else f"{kind.what} ends at 'start'."
    )
    return Finding(Code.HEADER_NOT_FOUND, Place(name), message, "Correct header:.")


def _has_titles(cells: Sequence[object], titles: Iterable[str]) -> bool:
    found = {title_text(cell) for cell in cells}
    return all(title in found for title in titles)


class _FlatTable:
    """Finds the declared columns of one file, and chooses, completes and converts its rows.

    `place` is the place of the header row, or of the first row where there is none.
    """

    def __init__(self, file: SourceFile, first: Sequence[object], place: Place, kind: FlatFormat) -> None:
        self._heading = Heading(_titles(first, file, kind) if file.has_header else ())
        self.width = len(self._heading.titles) if file.has_header else len(first)
        if kind.are_short_rows_padded or file.short_rows == "pad":  # a row may end before its last columns
            self.width = max([self.width, *(column.number for column in file.columns)])
        self.count = 0  #: rows read
        self._first_title = first[0] if file.has_header and first else None
        self._file = file
        self._place = place
        self._kind = kind
        numbers = {column.name: self._heading.number(_located(column)) for column in file.columns}
        self._numbers = {
            name: number for name, number in numbers.items() if number is not None and number < self.width
        }
        self._row_converter = RowConverter(
            (_field(column, self._numbers.get(column.name), file, kind) for column in file.columns), file
        )
        self._chooser = RowChooser(file, self._heading)
        self.ends = row_test(file.end, self._heading) if file.end is not None else None
        self._fill_down = [
            self._numbers[column.name]
            for column in file.columns
            if column.fill_down and column.name in self._numbers
        ]
        self._above: dict[int, object] = {}
        self._last: tuple[int, Sequence[object]] = (0, ())
        self.has_blocks = not (
            file.pass_over
            or file.keep
            or file.end
            or file.merged
            or self._fill_down
            or self._row_converter.counts_formats
        )
        self._beside = PassedOver("beside the table", file.path_place)

    def header_findings(self) -> Iterator[Finding]:
        """Yield a finding for each column that cannot be found in the header row, or not without doubt.

        Raises:
            SourceError: the header row has more columns than a table may have.
        """
        titles = self._heading.titles
        if self.width > WORKBOOK_COLUMNS.most:
            message = f"the header row has {self.width:,} columns; {WORKBOOK_COLUMNS.sentence}."
            raise source_error(Finding(Code.TOO_LONG, self._place, message, self._delimiter_hint()))
        for column in self._file.columns:
            if column.number:
                if column.number > self.width and not column.optional:
                    message = (
                        f"'{column.name}' is declared as column {column.number}; "
                        f"the table has {counted(self.width, 'column')}."
                    )
                    yield Finding(Code.MISSING_COLUMN, self._place, message, self._delimiter_hint())
                continue
            title = column.path[0]
            count = titles.count(title)
            if count < max(column.occurrence, 1) and not column.optional:
                yield self._missing(column, title, count)
            elif count > 1 and not column.occurrence:
                place = Place(self._place.file, self._place.line, titles.index(title) + 1)
                yield Finding(
                    Code.COLUMN_TWICE,
                    place,
                    f"column '{title}' occurs {count} times in the header row.",
                    f"Set occurrence: 1 for the first of them, or column: {titles.index(title) + 1}.",
                )
        yield from self._chooser.findings(self._place)

    def read(self, cells: Sequence[object], line: int) -> tuple[Row | None, Sequence[Note]]:
        """Return the typed row at `line`, None if it is passed over or refused, and what is said of it."""
        if self._chooser.is_choosing and self._chooser.passes_over(cells, line):
            return None, ()
        self.count += 1
        if len(cells) != self.width:
            fitted = self._fitted(cells, line)
            if fitted is None:
                return None, (self._wrong_width(line, cells),)
            cells = fitted
        self._last = line, cells
        if self._fill_down:
            cells = self._filled_down(cells)

        def place_of(column: Column) -> Place:
            number = self._numbers.get(column.name)
            return Place(self._place.file, line, 0 if number is None else number + 1)

        row, notes = self._row_converter.row(cells, f"{self._place.file}:{line}", place_of)
        may_be_repeated = self._kind.are_rows_chosen and (notes or self._may_be_repeated(cells))
        if may_be_repeated and self._heading.is_repeated(cells):
            message = "the row repeats the header row."
            hint = "Set pass_over: {headings: header}."
            return None, (Finding(Code.HEADER_REPEATED, Place(self._place.file, line), message, hint),)
        return row, notes

    def _may_be_repeated(self, cells: Sequence[object]) -> bool:
        """Return whether a row may be the header row again, though its cells are of their types.

        A row of one cell may have its title as a value.
        """
        return self.width > 1 and cells[0] == self._first_title

    def read_blocks(self, take: Callable[[], Sequence[RawRow | Finding]]) -> Generator[ReadItem, None, bool]:
        """Yield all rows, many at once where nothing is to be said of them; return whether all were read."""
        converters = [
            (
                self._numbers.get(column.name),
                block_converter(
                    column, notation_of(column, self._file), self._kind.converter(column, self._file)
                ),
            )
            for column in self._file.columns
        ]
        while raw_rows := take():
            block = self._block(raw_rows, converters)
            if block is not None:
                self.count += len(block.lines)
                self._last = block.lines[-1], raw_rows[-1][1] if isinstance(raw_rows[-1], tuple) else ()
                yield block
                continue
            for raw in raw_rows:
                if isinstance(raw, Finding):
                    yield raw
                    return False
                line, cells = raw
                if not is_blank_row(cells):
                    row, notes = self.read(cells, line)
                    yield from notes
                    if row is not None:
                        yield row
        return True

    def _block(
        self, rows: Sequence[RawRow | Finding], converters: Iterable[tuple[int | None, BlockConverter]]
    ) -> Block | None:
        """Return the rows as a block; None if one of them has to be looked at by itself.

        Args:
            converters: of each column, with the number of its cells; None if the table does not have it.
        """
        if isinstance(rows[-1], Finding):
            return None
        lines, cells = zip(*rows, strict=True)
        if set(map(len, cells)) != {self.width} or not all(map(any, cells)):
            return None
        raw_columns = tuple(zip(*cells, strict=True))
        if self.width > 1 and self._first_title in raw_columns[0]:
            return None  # it may repeat the header row
        columns = []
        for number, convert in converters:
            texts = [""] * len(lines) if number is None else convert(raw_columns[number])
            if texts is None:
                return None
            columns.append(texts)
        return Block(self._place.file, columns, lines)

    def finish(self, name: str) -> Iterator[Finding]:
        """Yield what is known after the last row: rows passed over, and what each format has read."""
        if not self.count:
            what = "no data rows" if self._file.has_header else "no rows"
            head = "has a header row but " if self._file.has_header else "has "
            passed = " that are kept" if self._chooser.has_passed_over else ""
            yield empty_source_finding(Place(name), self._file, f"{self._kind.what} {head}{what}{passed}.")
        if self._kind.are_rows_chosen:
            yield from self._total_findings()
        yield from self._chooser.passed_over(name)
        yield from self._beside.findings(name, Code.CELLS_PASSED_OVER)
        yield from self._row_converter.format_counts(Place(name))

    def _total_findings(self) -> Iterator[Finding]:
        """Yield a finding if the last row seems to be a total of those above it."""
        line, cells = self._last
        for number, cell in enumerate(cells[: self.width]):
            text = cell_text(cell)
            if _TOTAL.fullmatch(text):
                blanks = [at for at in range(min(self.width, len(cells))) if _is_blank(cells[at])]
                tests = (
                    CellTest(number=number + 1, equals=(text,)),
                    *(CellTest(number=at + 1, is_blank=True) for at in blanks[:_BLANKS]),
                )
                rule = RowRule("total", tests)
                yield TotalRow(
                    code=Code.TOTAL_ROW,
                    place=Place(self._place.file, line, number + 1),
                    message=f"'{text}': the last row seems to be a total, and is read as any other row.",
                    hint=f"Set pass_over: {{{row_rule_text(rule)}}} to leave it out.",
                    severity=Severity.WARNING,
                    rule=rule,
                )
                return

    def _fitted(self, cells: Sequence[object], line: int) -> Sequence[object] | None:
        """Return a row of another width as one of the table's; None if it is not declared how."""
        excess = cells[self.width :]
        if excess:
            if all(map(_is_blank, excess)) and (
                self._kind.are_short_rows_padded or self._file.trailing_delimiter
            ):
                return cells[: self.width]
            if self._kind.are_notes_passed_over:
                if not is_blank_row(cells[: self.width]):
                    self._beside.add(line, [cell for cell in excess if not _is_blank(cell)])
                return cells[: self.width]
            return None
        if self._kind.are_short_rows_padded or self._file.short_rows == "pad":
            return (*cells, *[None] * (self.width - len(cells)))
        return None

    def _filled_down(self, cells: Sequence[object]) -> Sequence[object]:
        completed = list(cells)
        for number in self._fill_down:
            if _is_blank(cells[number]):
                if number in self._above:
                    completed[number] = Filled(self._above[number], "fill_down")
            else:
                self._above[number] = cells[number]
        return completed

    def _wrong_width(self, line: int, cells: Sequence[object]) -> Finding:
        head = "the header row" if self._file.has_header else "the first row"
        message = f"the row has {counted(len(cells), 'cell')}; {head} has {self.width}."
        if len(cells) < self.width:
            hint = "Set short_rows: pad if blank cells at the end of a row are left out."
        elif not any(cells[self.width :]):
            hint = "Set trailing_delimiter: true if rows end in a delimiter."
        else:
            hint = "Check for a delimiter inside an unquoted cell."
        return Finding(Code.RAGGED_ROW, Place(self._place.file, line), message, hint)

    def _missing(self, column: Column, title: str, count: int) -> Finding:
        titles = self._heading.titles
        if count:
            message = (
                f"'{column.name}' is declared as occurrence {column.occurrence} of column '{title}', "
                f"which the header row has {counted(count, 'time')}."
            )
            return Finding(Code.MISSING_COLUMN, self._place, message, "Correct occurrence:.")
        message = f"the header row has no column '{title}', declared as '{column.name}'."
        return Finding(
            Code.MISSING_COLUMN, self._place, message, suggestion(title, titles) or self._delimiter_hint()
        )

    def _delimiter_hint(self) -> str:
        titles = self._heading.titles
        if self._file.format == "csv" and len(titles) == 1:
            for mark in ";\t|,":
                if mark in str(self._first_title):  # a title has no tabs
                    shown = {"\t": '"\\t"'}.get(mark, f"'{mark}'")
                    return f"The header row contains {shown}. Set delimiter: {shown}."
        if not titles:
            return ""
        found = f"Columns found: {', '.join(titles[:100])[:200]}."
        if not self._kind.are_rows_chosen:
            return found
        if any(any(character.isdecimal() for character in title) for title in titles):
            return f"{found} If there is no header row, set header: none, and column: 1, column: 2 and so on."
        if not self._file.header and sum(map(bool, titles)) < len(self._file.columns):
            return f"{found} If the header row is further down, set header: to some of its titles."
        return found


def _located(column: Column) -> CellTest:
    """Return where the cells of a column are."""
    return CellTest(
        title=column.path[0] if column.path else "", number=column.number, occurrence=column.occurrence
    )


def _titles(header: Sequence[object], file: SourceFile, kind: FlatFormat) -> tuple[str, ...]:
    titles = [title_text(cell) for cell in header]
    while kind.are_short_rows_padded and titles and not titles[-1]:
        titles.pop()
    if file.trailing_delimiter and titles and not titles[-1]:
        titles.pop()
    return tuple(titles)


def _is_blank(cell: object) -> bool:
    return cell_text(cell) == ""


def _field(column: Column, number: int | None, file: SourceFile, kind: FlatFormat) -> Field:
    if number is None:  # reported once for the header row, not again for each row
        return Field(column, lambda _cells: None, lambda _cell: None)
    convert = kind.converter(column, file)
    if column.fill_down or file.merged:
        convert = filling_converter(convert)
    return Field(column, itemgetter(number), convert)

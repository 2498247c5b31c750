"""Compare two files or datasets record by record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from sagerecon.commands.source_tables import Progress, SourceTable, open_table
from sagerecon.files.table_file import TooManyRowsError
from sagerecon.model.code import Code
from sagerecon.model.errors import ProjectError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.money import places_of
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.model.two_sides import Compared, ComparisonFacts, RecordDifference, SideKey, SideRow
from sagerecon.model.value import Scalar, Value, canonical
from sagerecon.report.comparison import SUFFIXES
from sagerecon.sources.keyed import CommonType, KeyColumn, common_type, plain_digits
from sagerecon.sources.rows import ORIGIN
from sagerecon.validation.record_comparison import RecordComparison

#: Rows of which a grouped record names the addresses.
_ORIGINS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared: the names of both tables, and of their columns as `NAME` or `LEFT=RIGHT`."""

    left: str
    right: str
    key: Sequence[str]
    match: Sequence[str] = ()  #: columns with other names on the right side
    ignore: Sequence[str] = ()
    outputs: Sequence[Path] = ()  #: the files to write


@dataclass(frozen=True, slots=True)
class _Pair:
    """A column of each side, and the type by which they are compared."""

    left: str
    right: str
    type: CommonType


class TableComparison:
    """Two open tables, and the comparison of their records."""

    def __init__(self, question: Question, left: SourceTable, right: SourceTable) -> None:
        """Match the columns of both sides.

        Raises:
            ProjectError: there is no such column, there are several, or one is named twice.
        """
        self._left, self._right = left, right
        named = [_named(text, left, right) for text in question.match]
        self._key = [_named(text, left, right) for text in question.key]
        ignored = [_found(name, left, right) for name in question.ignore]
        _require_once([*self._key, *named], ignored)
        taken_left = {pair.left for pair in (*named, *self._key)} | {name for name, _ in ignored}
        taken_right = {pair.right for pair in (*named, *self._key)} | {name for _, name in ignored}
        same = [
            _pair(name, other, left, right)
            for name, other in _same_columns(left, right).items()
            if name not in taken_left and other not in taken_right
        ]
        self._pairs = [*named, *same]
        used_left = taken_left | {pair.left for pair in same}
        used_right = taken_right | {pair.right for pair in same}
        names = Path(left.name).name, Path(right.name).name
        self.compared = Compared(
            left=names[0] if names[0] != names[1] else left.name,
            right=names[1] if names[0] != names[1] else right.name,
            key=tuple(pair.left for pair in self._key),
            columns=tuple(pair.left for pair in self._pairs),
            left_only=tuple(name for name in left.columns if name not in used_left),
            right_only=tuple(name for name in right.columns if name not in used_right),
            ignored=tuple(sorted({name or other for name, other in ignored})),
        )
        numeric = [pair.type is CommonType.NUMBER for pair in self._pairs]
        self._comparison = RecordComparison(self.compared.columns, numeric)
        self.numeric = tuple(numeric)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be known about how the tables were read."""
        return (*self._left.findings, *self._right.findings, *self._nearly_numbers())

    def _nearly_numbers(self) -> Iterator[Finding]:
        """Yield a warning for each column of numbers that is text on one side, and so is not summed."""
        for pair in (*self._key, *self._pairs):
            if pair.type is not CommonType.DIGITS:
                continue
            for side, name in ((self._left, pair.left), (self._right, pair.right)):
                if name in side.nearest:
                    message = f"column '{name}' is text, so it is compared by its digits, and not summed: "
                    yield Finding(
                        code=Code.AMBIGUOUS_COLUMN,
                        place=Place(Path(side.name).name),
                        message=f"{message}{side.nearest[name]}.",
                        hint="Correct the cells, or leave them blank.",
                        severity=Severity.WARNING,
                    )

    def differences(self) -> Iterator[RecordDifference]:
        """Yield the keys whose records differ, in the order of the keys.

        Raises:
            SourceError: a table cannot be read.
        """
        yield from self._comparison.differences(
            self._rows(self._left, lambda pair: pair.left), self._rows(self._right, lambda pair: pair.right)
        )

    def facts(self) -> ComparisonFacts:
        """Return counts, totals and suggestions; call it after `differences` has ended."""
        return self._comparison.facts()

    def _rows(self, table: SourceTable, name_of: Callable[[_Pair], str]) -> Iterator[tuple[SideKey, SideRow]]:
        key = [KeyColumn(name_of(pair), pair.type) for pair in self._key]
        columns = [(name_of(pair), _CONVERT[pair.type]) for pair in self._pairs]
        for found, row in table.rows(key):
            values = tuple(convert(row[name]) for name, convert in columns)
            yield found, SideRow(values, _origin(row))


@contextmanager
def open_comparison(
    question: Question, project: Path, progress: Progress, hosts: Collection[str] = ()
) -> Iterator[TableComparison]:
    """Open two tables and match their columns.

    Args:
        project: the folder of the project whose datasets may be named.
        hosts: those that are allowed for this command.

    Raises:
        ProjectError: there is no such table or column, or an output cannot be written.
        SourceError: a table cannot be read.
    """
    _require_writable(question.outputs)
    with ExitStack() as stack:
        left = stack.enter_context(open_table(question.left, project, progress, hosts))
        right = stack.enter_context(open_table(question.right, project, progress, hosts))
        _require_no_source(question.outputs, (*left.files, *right.files))
        yield TableComparison(question, left, right)


@contextmanager
def output_errors() -> Iterator[None]:
    """Raise a ProjectError for a file that cannot be written in the block."""
    try:
        yield
    except OSError as error:
        raise ProjectError(f"{error.filename or 'The file'} cannot be written: {error.strerror}.") from error
    except TooManyRowsError as error:
        raise ProjectError(f"The workbook cannot be written: {error}.", "Write a .csv file.") from error


def _require_writable(outputs: Sequence[Path]) -> None:
    """Check the names of the files to write, before a table is read.

    Raises:
        ProjectError: one has another suffix, is named twice, is a folder, or lies in none.
    """
    for path in outputs:
        if path.suffix.lower() not in SUFFIXES:
            raise ProjectError(f"{path} is not one of {', '.join(SUFFIXES)}.", "Name the file by its format.")
        if outputs.count(path) > 1:
            raise ProjectError(f"{path} is named twice.", "Give each output a name of its own.")
        if path.is_dir():
            raise ProjectError(f"{path} cannot be written: it is a folder.", "Name a file in it.")
        if not path.parent.is_dir():
            raise ProjectError(f"{path} cannot be written: there is no folder {path.parent}.")


def _require_no_source(outputs: Sequence[Path], sources: Sequence[Path]) -> None:
    """Check that no file to write is one of those that are compared.

    Raises:
        ProjectError: one is, and would be lost.
    """
    for path in outputs:
        if path.exists() and any(source.exists() and path.samefile(source) for source in sources):
            raise ProjectError(f"{path} is one of the compared files.", "Give the output another name.")


def _named(text: str, left: SourceTable, right: SourceTable) -> _Pair:
    """Return the columns that `NAME` or `LEFT=RIGHT` names."""
    name, sign, other = text.partition("=")
    if not name.strip() or (sign and not other.strip()):
        raise ProjectError(f"'{text}' names no columns.", "Write NAME, or LEFT=RIGHT where the names differ.")
    return _pair(left.column(name.strip()), right.column((other or name).strip()), left, right)


def _pair(name: str, other: str, left: SourceTable, right: SourceTable) -> _Pair:
    one, another = left.columns[name], right.columns[other]
    if name in left.blank:
        one = another
    elif other in right.blank:
        another = one
    return _Pair(name, other, common_type(one, another))


def _same_columns(left: SourceTable, right: SourceTable) -> dict[str, str]:
    """Return the columns that both sides have, by the name of the left one, in the order of the left side.

    Columns of one title are the same, whatever their names. A name with a number, such as `due_2` where the
    titles are `Due (£)` and `Due ($)`, says nothing where the titles differ.
    """
    once, once_there = left.single_titles(), right.single_titles()
    same = {once[title]: once_there[title] for title in once if title in once_there}
    titles, others = ({name: title for title, name in side.titles} for side in (left, right))
    for name in left.columns.keys() - same.keys():
        is_plain = name not in left.numbered and name not in right.numbered
        is_there = name in right.columns and name not in same.values()
        if is_there and (is_plain or titles.get(name) == others.get(name)):
            same[name] = name
    return {name: same[name] for name in left.columns if name in same}


def _require_once(named: Sequence[_Pair], ignored: Sequence[tuple[str, str]]) -> None:
    """Check that each column is named once, in the key or in a match, and is not ignored as well.

    Raises:
        ProjectError: one is not.
    """
    lefts, rights = [pair.left for pair in named], [pair.right for pair in named]
    for names, passed_over in (
        (lefts, {left for left, _ in ignored}),
        (rights, {right for _, right in ignored}),
    ):
        for name in names:
            if names.count(name) > 1:
                raise ProjectError(f"'{name}' is named twice.", "Name each column once, by --key or --match.")
            if name in passed_over:
                raise ProjectError(f"'{name}' is both compared and ignored.", f"Leave out --ignore {name}.")


def _found(name: str, left: SourceTable, right: SourceTable) -> tuple[str, str]:
    """Return the column of a name on each side; empty where one side lacks it.

    Raises:
        ProjectError: neither side has it.
    """
    found = left.find(name), right.find(name)
    if not any(found):
        hint = suggestion(name, [*left.columns, *right.columns])
        raise ProjectError(f"Neither {left.name} nor {right.name} has a column '{name}'.", hint)
    return found


def _origin(row: Mapping[str, Value]) -> str:
    origin = row[ORIGIN]
    if isinstance(origin, str) or origin is None:
        return origin or ""
    listed = [str(each) for each in origin] if isinstance(origin, Sequence) else [str(origin)]
    more = f", and {len(listed) - _ORIGINS:,} more" if len(listed) > _ORIGINS else ""
    return ", ".join(listed[:_ORIGINS]) + more


def _number(value: Value) -> Scalar:
    return value if isinstance(value, Decimal | int) else None


def _moment(value: Value) -> Scalar:
    if isinstance(value, datetime) or not isinstance(value, date):
        return value if isinstance(value, datetime) else None
    return datetime.combine(value, time())


def _day(value: Value) -> Scalar:
    return value if isinstance(value, date) else None


def _flag(value: Value) -> Scalar:
    return value if isinstance(value, bool) else None


def _text(value: Value) -> Scalar:
    """Return a value as text: one of a type that the other side does not have, or a list."""
    match value:
        case None | "":
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal() | int():
            return _digits(value)
        case date():
            return value.isoformat()
        case _:
            return canonical(_filled(value))


def _digit_text(value: Value) -> Scalar:
    """Return a text beside a number as that is written: `2.50` and the number 2.5 are equal."""
    text = _text(value)
    return plain_digits(text) if isinstance(text, str) else text


def _filled(value: Value) -> object:
    """Return a list or an object without its blank values: a file that never has them lacks their keys."""
    if isinstance(value, Mapping):
        return {name: _filled(each) for name, each in value.items() if each is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_filled(each) for each in value]
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return _digits(value)
    return value


def _digits(value: Decimal | int) -> str:
    """Return a number without zeros at the end of its decimals, as the text of a key has it."""
    number = Decimal(value)
    return f"{number:.{places_of(number)}f}"


_CONVERT: Mapping[CommonType, Callable[[Value], Scalar]] = {
    CommonType.NUMBER: _number,
    CommonType.DAY: _day,
    CommonType.TIME: _moment,
    CommonType.FLAG: _flag,
    CommonType.DIGITS: _digit_text,
    CommonType.TEXT: _text,
}

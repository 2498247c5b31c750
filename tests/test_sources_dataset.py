# ruff: noqa: E501 - one case per line reads as a table
"""Datasets in SQL: their columns without data, errors at their place in the YAML, rows as records."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import parse_sources, snapshot

from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Severity
from sagerecon.model.place import Place
from sagerecon.model.type import BOOLEAN, DATE, DECIMAL, INTEGER, TEXT, list_of, object_of
from sagerecon.sources.dataset import compile_queries

FILES = """\
sagerecon: sources/v1
files:
  lines:
    path: lines.csv
    columns:
      doc: {type: text, required: true}
      amount: {type: decimal}
      day: {type: date}
"""
LINES = "doc,amount,day\nB,0.10,2017-03-31\nA,0.20,2017-03-30\nB,0.20,2017-03-31\nC,90071992547409.93,2017-04-01\n"

DOCUMENTS = """\
datasets:
  documents:
    about: lines gathered under their document
    sql: |
      SELECT doc, day, sum(amount) AS total, list({amount: amount, n: 1} ORDER BY _row) AS lines,
             list(_origin ORDER BY _row) AS _origin
      FROM lines WHERE day <= $cut_over
      GROUP BY ALL ORDER BY doc; -- the end
  large:
    sql: |
      WITH totals AS (SELECT * FROM documents)
      SELECT doc, total * 2 AS twice, total > $floor AS is_large, _origin FROM totals
      ORDER BY total DESC
  larger: {sql: SELECT * FROM large WHERE is_large}
"""
PARAMETERS = {"cut_over": date(2017, 3, 31), "floor": Decimal("0.25"), "unused": "x"}


def sql_errors(datasets: str, **parameters: object) -> list[str]:
    """Return the messages for errors in the SQL."""
    return [str(finding) for finding in compile_queries(parse_sources(FILES + datasets), parameters)[1]]  # type: ignore[arg-type]


def dataset_errors(sql: str) -> list[str]:
    """Return the messages for errors in one dataset whose SQL starts on line 12."""
    block = "".join(f"      {line}\n" for line in sql.split("\n"))
    return sql_errors(f"datasets:\n  d:\n    sql: |\n{block}", cut_over=date(2017, 3, 31))


def test_columns_of_datasets_need_no_data() -> None:
    shape, findings = compile_queries(parse_sources(FILES + DOCUMENTS), PARAMETERS)
    assert findings == []
    assert shape.columns["documents"] == {
        "doc": TEXT,
        "day": DATE,
        "total": DECIMAL,
        "lines": list_of(object_of({"amount": DECIMAL, "n": INTEGER})),
        "_origin": list_of(TEXT),
    }
    assert shape.columns["large"]["is_large"] == BOOLEAN
    assert shape.columns["larger"] == shape.columns["large"]


def test_rows_become_records_with_all_their_origins(tmp_path: Path) -> None:
    with snapshot(tmp_path, FILES + DOCUMENTS, {"lines.csv": LINES}, PARAMETERS) as opened:
        first, second = opened.records("documents", ["doc", "day"])
        larger = list(opened.records("larger", ["twice"]))
        assert (opened.count("documents"), opened.count("large"), opened.count("larger")) == (2, 2, 1)
        assert opened.columns("large")["twice"] == DECIMAL
    assert first.key == "A|2017-03-30"
    assert second.origins == (Place("lines.csv", 2), Place("lines.csv", 4))
    assert second.values["total"] == Decimal("0.30")
    assert second.values["lines"] == [
        {"amount": Decimal("0.10"), "n": 1},
        {"amount": Decimal("0.20"), "n": 1},
    ]
    assert [record.key for record in larger] == ["0.60"]


def test_a_later_parameter_gives_other_records(tmp_path: Path) -> None:
    later = {**PARAMETERS, "cut_over": date(2017, 4, 1)}
    with snapshot(tmp_path, FILES + DOCUMENTS, {"lines.csv": LINES}, later) as opened:
        assert [record.values["total"] for record in opened.records("documents", ["doc"])][-1] == Decimal(
            "90071992547409.93"
        )


def test_rows_without_order_by_come_in_the_same_order_every_time(tmp_path: Path) -> None:
    text = (
        FILES
        + "datasets:\n  d:\n    sql: SELECT doc, any_value(_origin) AS _origin FROM lines GROUP BY doc\n"
    )
    data = "doc,amount,day\n" + "".join(f"D{number},1,2017-01-01\n" for number in range(20_000))
    with snapshot(tmp_path, text, {"lines.csv": data}) as opened:
        first = [record.key for record in opened.records("d", ["doc"])]
        again = [record.key for record in opened.records("d", ["doc"])]
    with snapshot(tmp_path / "other", text, {"lines.csv": data}) as opened:
        other = [record.key for record in opened.records("d", ["doc"])]
    assert first == again == other
    assert len(set(first)) == 20_000


def test_several_datasets_can_be_read_at_the_same_time(tmp_path: Path) -> None:
    with snapshot(tmp_path, FILES + DOCUMENTS, {"lines.csv": LINES}, PARAMETERS) as opened:
        pairs = list(zip(opened.records("documents", ["doc"]), opened.records("large", ["doc"]), strict=True))
    assert [(one.key, two.key) for one, two in pairs] == [("A", "B"), ("B", "A")]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT doc,\n  amont,\n  _origin\nFROM lines", "sources.yaml:13: SQL error: Referenced column \"amont\" not found in FROM clause. Candidate bindings: \"amount\", \"day\", \"doc\"."),
        ("SELECT * FROM line", "sources.yaml:12: SQL error: Table with name line does not exist. Did you mean \"lines\"?"),
        ("SELEC *", "sources.yaml:12: SQL error: syntax error at or near \"SELEC\"."),
        ("SELECT doc FROM lines", "sources.yaml:11:10: the SQL does not return column '_origin'. Select the _origin of the source rows."),
        ("SELECT 1 AS _origin FROM lines", "sources.yaml:11:10: column '_origin' has type integer; it must be text. Cast the column."),
        ("SELECT avg(amount) AS mean, any_value(_origin) AS _origin FROM lines", "sources.yaml:11:10: column 'mean' has the inexact type DOUBLE. Cast it: CAST(mean AS DECIMAL(20, 2)). Division and avg return DOUBLE."),
        ("SELECT {a: [amount::FLOAT]} AS x, _origin FROM lines", "sources.yaml:11:10: column 'x' has the inexact type FLOAT. Cast it: CAST(x AS DECIMAL(20, 2)). Division and avg return DOUBLE."),
        ("SELECT INTERVAL 1 DAY AS x, _origin FROM lines", "sources.yaml:11:10: column 'x' has the unsupported type INTERVAL. Cast it: CAST(x AS TEXT)."),
        ("SELECT doc, amount AS doc, _origin FROM lines", "sources.yaml:11:10: duplicate column 'doc'. Rename one of them: AS …."),
        ("SELECT * FROM lines WHERE day < $cutover", "sources.yaml:11:10: unknown parameter $cutover. Did you mean 'cut_over'?"),
        ("SELECT 1; SELECT 2", "sources.yaml:11:10: the SQL must be a single SELECT statement."),
        ("DROP TABLE lines", "sources.yaml:11:10: the SQL must be a single SELECT statement."),
        ("COPY lines TO '/tmp/lines.csv'", "sources.yaml:11:10: the SQL must be a single SELECT statement."),
        ("SET threads = 8", "sources.yaml:11:10: the SQL must be a single SELECT statement."),
        ("-- nothing", "sources.yaml:11:10: the SQL must be a single SELECT statement."),
    ],
)  # fmt: skip
def test_an_sql_error_is_reported_at_its_line(sql: str, message: str) -> None:
    assert dataset_errors(sql) == [message]


@pytest.mark.parametrize("path", ["/etc/passwd", "lines.csv", "https://example.com/lines.csv"])
def test_sql_cannot_read_other_files(path: str) -> None:
    (message,) = dataset_errors(f"SELECT *, '' AS _origin FROM read_csv('{path}')")
    assert "disabled by configuration" in message
    (message,) = dataset_errors(f"SELECT *, '' AS _origin FROM '{path}'")
    assert message.startswith("sources.yaml:1")


def test_an_error_in_a_dataset_read_by_others_is_reported_once() -> None:
    text = DOCUMENTS.replace("total * 2", "totl * 2")
    assert sql_errors(text, **PARAMETERS) == [
        'sources.yaml:20: SQL error: Referenced column "totl" not found in FROM clause. Candidate bindings: "total", "doc".'
    ]


def test_a_circular_reference_is_reported_with_its_path() -> None:
    text = "datasets:\n  a: {sql: SELECT * FROM b}\n  b: {sql: SELECT * FROM c}\n  c: {sql: SELECT * FROM a}\n  d: {sql: SELECT * FROM c}\n"
    assert sql_errors(text) == ["sources.yaml:10:12: circular reference between datasets: a -> b -> c -> a."]
    assert sql_errors("datasets:\n  a: {sql: SELECT * FROM a}\n") == [
        "sources.yaml:10:12: circular reference between datasets: a -> a."
    ]


def test_a_name_shared_by_dataset_and_file_means_the_file() -> None:
    text = 'datasets:\n  lines: {sql: SELECT * FROM lines}\n  more: {sql: "SELECT doc, _origin FROM lines"}\n'
    assert sql_errors(text) == []


CONTROL = """\
controls:
  owed:
    figures:
      one: {sql: "SELECT doc AS bucket, sum(amount) AS amount FROM lines GROUP BY ALL"}
      two: {about: all of it, sql: "SELECT '' AS bucket, 3 AS amount"}
    items: {sql: "SELECT doc AS bucket, 'line ' || doc AS label, amount, _origin FROM lines"}
"""


def test_controls_have_figures_and_items(tmp_path: Path) -> None:
    with snapshot(tmp_path, FILES + CONTROL, {"lines.csv": LINES}) as opened:
        (control,) = opened.controls()
    one, two = control.figures
    assert one.amounts == {"A": Decimal("0.20"), "B": Decimal("0.30"), "C": Decimal("90071992547409.93")}
    assert (two.about, two.amounts) == ("all of it", {"": Decimal(3)})
    assert [(item.bucket, item.label, item.amount, str(item.origin)) for item in control.items][:2] == [
        ("B", "line B", Decimal("0.10"), "lines.csv:2"),
        ("A", "line A", Decimal("0.20"), "lines.csv:3"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("doc AS bucket, sum", "sum"), "sources.yaml:12:18: the SQL does not return column 'bucket'."),
        (("3 AS amount", "'3' AS amount"), "sources.yaml:13:36: column 'amount' has type text; it must be decimal. Cast the column."),
        (("sum(amount) AS", "avg(amount) AS"), "sources.yaml:12:18: column 'amount' has the inexact type DOUBLE. Cast it: CAST(amount AS DECIMAL(20, 2)). Division and avg return DOUBLE."),
        ((", amount, _origin", ", amount"), "sources.yaml:14:18: the SQL does not return column '_origin'. Select the _origin of the source rows."),
    ],
)  # fmt: skip
def test_an_error_in_a_control_is_reported(change: tuple[str, str], message: str) -> None:
    assert change[0] in CONTROL
    assert sql_errors(CONTROL.replace(*change, 1)) == [message]


def test_sql_that_fails_on_the_data_is_reported_at_its_line(tmp_path: Path) -> None:
    text = (
        FILES
        + "datasets:\n  d:\n    sql: |\n      SELECT doc,\n        CAST(doc AS INTEGER) AS n, _origin FROM lines\n"
    )
    with (
        snapshot(tmp_path, text, {"lines.csv": LINES}) as opened,
        pytest.raises(SourceError, match=r"^sources\.yaml:13: SQL error: Could not convert string 'B'"),
    ):
        list(opened.records("d", ["doc"]))


def test_a_key_must_be_a_column(tmp_path: Path) -> None:
    with (
        snapshot(tmp_path, FILES + DOCUMENTS, {"lines.csv": LINES}, PARAMETERS) as opened,
        pytest.raises(SourceError, match="dataset 'large' has no key column 'day'"),
    ):
        list(opened.records("large", ["day"]))


def test_an_unknown_dataset_is_reported_with_a_suggestion(tmp_path: Path) -> None:
    with (
        snapshot(tmp_path, FILES + DOCUMENTS, {"lines.csv": LINES}, PARAMETERS) as opened,
        pytest.raises(SourceError, match=r"unknown dataset 'document'\. Did you mean 'documents'\?"),
    ):
        opened.count("document")


CHECKS = """\
checks:
  not_of_the_year:
    severity: error
    hint: Export the year alone.
    sql: |
      SELECT 'document ' || doc || ' is dated ' || day AS message, _origin FROM lines WHERE day > $cut_over
"""


def test_each_row_that_breaks_a_check_is_a_finding_at_its_place(tmp_path: Path) -> None:
    cut_over = {"cut_over": date(2017, 3, 31)}
    with snapshot(tmp_path, FILES + CHECKS, {"lines.csv": LINES}, cut_over) as opened:
        (finding,) = opened.checks()
    assert (finding.code, finding.severity) == ("not_of_the_year", Severity.ERROR)
    assert str(finding) == "lines.csv:5: document C is dated 2017-04-01 Export the year alone."


def test_a_check_without_its_columns_is_an_error() -> None:
    block = 'checks:\n  c: {sql: "SELECT doc AS text, _origin FROM lines"}\n'
    assert sql_errors(block) == ["sources.yaml:10:12: the SQL does not return column 'message'."]

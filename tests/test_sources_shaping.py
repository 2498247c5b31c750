# ruff: noqa: E501 - one case per line reads as a table
"""What the SQL of a dataset changes: the source cell and the dataset's value."""

from pathlib import Path

import pytest
from source_cases import snapshot

SOURCES = """\
sagerecon: sources/v1
files:
  t:
    path: t.csv
    columns: {code: {type: text}, name: {type: text}, net: {type: decimal, scale: 3}, day: {type: date}}
  c: {path: c.csv, columns: {id: {type: text}, name: {type: text}}}
  l: {path: l.csv, columns: {code: {type: text}, kind: {type: text}, amount: {type: decimal, scale: 3}, text: {type: text}}}
datasets:
  base: {sql: "SELECT upper(trim(code)) AS code, name, net, day, _origin FROM t"}
  d: {sql: "{}"}
"""
FILES = {
    "t.csv": "code,name,net,day\na1 ,Oak,1.005,2017-03-31\nB2,Elm,2,2017-04-01\n",
    "c.csv": "id,name\nB2,Other\n",
    "l.csv": "code,kind,amount,text\nB2,SI,1.00,Oak \nB2,SC,2.005,Elm\n",
}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT * FROM t", []),
        ("SELECT code AS key, name, _origin FROM t", []),
        ("SELECT trim(code) AS code, _origin FROM t", ["t.csv:2 t.code 'a1 ' 'a1'"]),
        ("SELECT * REPLACE (trim(code) AS code) FROM t", ["t.csv:2 t.code 'a1 ' 'a1'"]),
        ("SELECT upper(code) AS key, _origin FROM t", ["t.csv:2 t.code 'a1 ' 'A1 '"]),
        ("SELECT code, upper(code) AS key, _origin FROM t", []),
        ("SELECT CAST(round(net, 2) AS DECIMAL(20, 2)) AS net, _origin FROM t", ["t.csv:2 t.net '1.005' '1.01'"]),
        ("SELECT CAST(net AS DECIMAL(20, 6)) AS net, _origin FROM t", []),
        ("SELECT coalesce(name, '?') AS name, _origin FROM t", []),
        ("SELECT day > '2017-03-31' AS late, _origin FROM t", []),
        ("SELECT last_day(day + 1) AS day, _origin FROM t WHERE code = 'B2'", ["t.csv:3 t.day '2017-04-01' '2017-04-30'"]),
        ("SELECT code || name AS code, _origin FROM t", []),
        ("SELECT sum(net) OVER (ORDER BY code) AS net, _origin FROM t", []),
        ("SELECT code, list(_origin) AS _origin FROM t GROUP BY code", []),
        ("SELECT * FROM base", ["t.csv:2 t.code 'a1 ' 'A1'"]),
        ("WITH x AS (SELECT lower(name) AS name, _origin FROM t) SELECT name, _origin FROM x WHERE name = 'elm'", ["t.csv:3 t.name 'Elm' 'elm'"]),
        ("SELECT x.* FROM (SELECT lower(code) AS code, _origin FROM t) AS x", ["t.csv:3 t.code 'B2' 'b2'"]),
        ("SELECT upper(c.name) AS name, t._origin FROM t LEFT JOIN c ON c.id = t.code", []),
        ("SELECT upper(t.name) AS name, t._origin FROM t JOIN c ON c.id = t.code", ["t.csv:3 t.name 'Elm' 'ELM'"]),
        ("SELECT lower(code) AS code, _origin FROM t UNION ALL SELECT id, _origin FROM c", []),
        ("SELECT code, list({text: trim(text), amount: amount} ORDER BY _row) AS lines, list(_origin) AS _origin FROM l GROUP BY code", ["l.csv:2 l.text 'Oak ' 'Oak'"]),
        ("SELECT code, list({amount: CASE kind WHEN 'SC' THEN -amount ELSE amount END}) AS lines, list(_origin) AS _origin FROM l GROUP BY code", ["l.csv:3 l.amount '2.005' '-2.005'"]),
        ("SELECT t.code, coalesce(x.lines, []) AS lines, list_concat([t._origin], coalesce(x.origins, [])) AS _origin FROM t LEFT JOIN (SELECT code, list({amount: CAST(round(amount, 2) AS DECIMAL(20, 2))}) AS lines, list(_origin) AS origins FROM l GROUP BY code) x ON x.code = t.code", ["l.csv:3 l.amount '2.005' '2.01'"]),
        ("SELECT t.code, x.lines, t._origin FROM t JOIN (SELECT code, list({text: trim(text)}) AS lines FROM l GROUP BY code) x ON x.code = t.code", []),
        ("SELECT code, sum(round(amount, 2)) AS amount, list(_origin) AS _origin FROM l GROUP BY code", []),
        ("SELECT any_value(upper(text)) AS text, list(_origin) AS _origin FROM l GROUP BY code, _origin", ["l.csv:2 l.text 'Oak ' 'OAK '", "l.csv:3 l.text 'Elm' 'ELM'"]),
        ("WITH x AS (SELECT trim(text) AS text, _origin FROM l) SELECT upper(text) AS text, _origin FROM x WHERE text = 'Oak'", ["l.csv:2 l.text 'Oak ' 'OAK'"]),
        ("SELECT CASE WHEN kind = 'SC' THEN 'X' ELSE 'Y' END AS kind, _origin FROM l", ["l.csv:2 l.kind 'SI' 'Y'", "l.csv:3 l.kind 'SC' 'X'"]),
        ("SELECT greatest(amount, 0) AS debit, greatest(-amount, 0) AS credit, _origin FROM l", []),
        ("SELECT -amount AS credit, _origin FROM l WHERE kind = 'SC'", ["l.csv:3 l.amount '2.005' '-2.005'"]),
        ("SELECT trim(text) AS text, upper(trim(text)) AS search, _origin FROM l WHERE kind = 'SI'", ["l.csv:2 l.text 'Oak ' 'OAK'", "l.csv:2 l.text 'Oak ' 'Oak'"]),
        ("SELECT nullif(text, 'Elm') AS text, _origin FROM l", ["l.csv:3 l.text 'Elm' ''"]),
        ("SELECT CAST(CAST(substr(code, 2) AS INTEGER) AS TEXT) AS code, _origin FROM t WHERE code = 'B2'", ["t.csv:3 t.code 'B2' '2'"]),
        ("SELECT $prefix || code AS code, _origin FROM t WHERE code = 'B2'", ["t.csv:3 t.code 'B2' 'P-B2'"]),
    ],
)  # fmt: skip
def test_a_cell_that_sql_gives_another_value_is_a_change(tmp_path: Path, sql: str, found: list[str]) -> None:
    with snapshot(tmp_path, SOURCES.replace("{}", sql), FILES, {"prefix": "P-"}) as opened:
        changes = [(each.origin, each.change) for each in opened.shaped("d")]
        assert [f"{place} {one.field} {one.before!r} {one.after!r}" for place, one in changes] == found
        assert {(one.rule, one.place.file) for _, one in changes} <= {("SQL of d", "sources.yaml")}


def test_queries_that_double_an_expression_again_and_again_take_no_time(tmp_path: Path) -> None:
    doubled = ", ".join(f"x{n} AS (SELECT v || v AS v, _origin FROM x{n - 1})" for n in range(1, 18))
    sql = f"WITH x0 AS (SELECT substr(code, 9) AS v, _origin FROM t), {doubled} SELECT v, _origin FROM x17"
    with snapshot(tmp_path, SOURCES.replace("{}", sql), FILES) as opened:
        assert list(opened.shaped("d")) == []

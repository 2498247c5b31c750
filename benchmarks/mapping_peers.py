"""Measure a mapping beside petl, a Meltano stream map and plain Python: one file, equal outputs, one run.

python benchmarks/mapping_peers.py [RECORDS]

Each reads the same CSV, in which every cell is text, and makes the same records of nine fields: trimmed,
coded, dated and rounded. petl and the Singer SDK, which runs Meltano's stream maps, are measured where they
are installed: pip install 'sagerecon[benchmarks]'. The figures are of the processor, the best of three.
"""

from __future__ import annotations

import csv
import importlib.util
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, TypeAlias

from sagerecon.documents.package import catalog, schema
from sagerecon.mapping.compiler import compile_mappings
from sagerecon.mapping.record_context import plain_text
from sagerecon.model.draft import Draft
from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.model.type import TEXT

Outputs: TypeAlias = "list[dict[str, str]]"

COLUMNS = ("cust_no", "name", "kind", "vat_no", "limit", "opened", "ctry", "town", "memo")
COUNTRIES = {"UK": "GB", "EIRE": "IE", "FR": "FR"}
KINDS = {"T": "CUSTOMER", "S": "VENDOR"}
CENT = Decimal("0.01")

MAPPING = """
sagerecon: mapping/v1
mapping: customers
source: {dataset: customers, key: [cust_no]}
target: {kind: contact, on_existing: create}
fields:
  reference: {from: cust_no, do: [trim]}
  name: {from: name, do: [trim, squeeze]}
  contact_type_ids: {from: kind, do: [{enum: {T: [CUSTOMER], S: [VENDOR]}}]}
  tax_number: {from: vat_no, do: [strip_spaces, upper]}
  credit_limit: {from: limit, do: [{money: {scale: 2, rounding: half_up}}]}
  source_guid: {expr: 'text(opened_on)'}
  notes: {expr: '"since " ~ memo'}
  main_address:
    fields:
      city: {from: town, do: [trim]}
      country_id: {from: ctry, do: [{enum: {UK: GB, EIRE: IE, FR: FR}}]}
let:
  opened_on: {from: opened, do: [{date: '%d/%m/%Y'}]}
"""


def write(path: Path, records: int) -> None:
    """Write the file that all of them read."""
    kinds, countries = list(KINDS), list(COUNTRIES)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for number in range(records):
            writer.writerow(
                (
                    f"C{number:06}",
                    f" Oak  and Elm {number} Ltd",
                    kinds[number % 2],
                    f"gb {number:09} ",
                    f"{number % 5000}.{number % 1000:03}",
                    f"{1 + number % 28:02}/{1 + number % 12:02}/{2000 + number % 17}",
                    countries[number % 3],
                    f"Town {number % 300} ",
                    f"order {number}",
                )
            )


def by_sagerecon(path: Path) -> Outputs:
    """Map with a compiled mapping."""
    columns = dict.fromkeys(COLUMNS, TEXT)
    (mapping,), findings = compile_mappings(
        {"customers.yaml": MAPPING}, {"customers": columns}, catalog(), {}, {}, schema("mapping")
    )
    assert not findings, findings
    made: Outputs = []
    with path.open(newline="", encoding="utf-8") as stream:
        for line, row in enumerate(csv.DictReader(stream), start=2):
            record = Record("customers", row["cust_no"], row, (Place("customers.csv", line),))
            (outcome,) = mapping.outcomes(record)
            assert isinstance(outcome, Draft)
            body: Any = outcome.body
            made.append(
                {
                    "reference": body["reference"],
                    "name": body["name"],
                    "type": body["contact_type_ids"][0],
                    "tax_number": body["tax_number"],
                    "credit_limit": plain_text(body["credit_limit"]),
                    "opened": body["source_guid"],
                    "notes": body["notes"],
                    "city": body["main_address"]["city"],
                    "country": body["main_address"]["country_id"],
                }
            )
    return made


def _money(text: str) -> str:
    return plain_text(Decimal(text).quantize(CENT, ROUND_HALF_UP))


def _day(text: str) -> str:
    return datetime.strptime(text, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007 - a day has no zone


def by_hand(path: Path) -> Outputs:
    """Map with plain Python."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            {
                "reference": row["cust_no"].strip(),
                "name": " ".join(row["name"].split()),
                "type": KINDS[row["kind"]],
                "tax_number": "".join(row["vat_no"].split()).upper(),
                "credit_limit": _money(row["limit"]),
                "opened": _day(row["opened"]),
                "notes": f"since {row['memo']}",
                "city": row["town"].strip(),
                "country": COUNTRIES[row["ctry"]],
            }
            for row in csv.DictReader(stream)
        ]


def by_petl(path: Path) -> Outputs:
    """Map with petl: conversions of columns, then a record for each row."""
    import petl  # noqa: PLC0415 - only where it is installed

    table = (
        petl.fromcsv(str(path), encoding="utf-8")
        .rename({"cust_no": "reference", "kind": "type", "vat_no": "tax_number", "limit": "credit_limit"})
        .rename({"ctry": "country", "town": "city", "memo": "notes"})
        .convert("reference", "strip")
        .convert("name", lambda text: " ".join(text.split()))
        .convert("type", KINDS)
        .convert("tax_number", lambda text: "".join(text.split()).upper())
        .convert("credit_limit", _money)
        .convert("opened", _day)
        .convert("notes", lambda text: f"since {text}")
        .convert("city", "strip")
        .convert("country", COUNTRIES)
    )
    return list(petl.dicts(table))


def by_stream_map(path: Path) -> Outputs:
    """Map with a Meltano stream map, run by the Singer SDK; it has no decimals, so that it rounds floats."""
    from singer_sdk.mapper import PluginMapper  # noqa: PLC0415 - only where it is installed

    stream_map = {
        "reference": "cust_no.strip()",
        "name": "' '.join(name.split())",
        "type": "'CUSTOMER' if kind == 'T' else 'VENDOR'",
        "tax_number": "''.join(vat_no.split()).upper()",
        "credit_limit": "str(int(float(limit) * 100 + 0.5000001) / 100)",
        "opened": "opened[6:] + '-' + opened[3:5] + '-' + opened[:2]",
        "notes": "'since ' + memo",
        "city": "town.strip()",
        "country": "'GB' if ctry == 'UK' else ('IE' if ctry == 'EIRE' else ctry)",
        "__else__": None,
    }
    mapper = PluginMapper({"stream_maps": {"customers": stream_map}}, logging.getLogger("benchmark"))
    properties = {column: {"type": ["string", "null"]} for column in COLUMNS}
    mapper.register_raw_stream_schema("customers", {"type": "object", "properties": properties}, None)
    (stream,) = mapper.stream_maps["customers"]
    with path.open(newline="", encoding="utf-8") as file:
        return [stream.transform(row) for row in csv.DictReader(file)]


def rounded(outputs: Outputs) -> Outputs:
    """Return outputs whose amounts are written alike: 1.5 as 1.50."""
    return [each | {"credit_limit": f"{Decimal(each['credit_limit']):.2f}"} for each in outputs]


def runs() -> Iterator[tuple[str, Callable[[Path], Outputs]]]:
    """Yield those that can be measured here."""
    yield "sagerecon", by_sagerecon
    yield "plain Python", by_hand
    for name, module, run in (("petl", "petl", by_petl), ("Meltano stream map", "singer_sdk", by_stream_map)):
        if importlib.util.find_spec(module) is not None:
            yield name, run
        else:
            print(f"{name} is not installed")


def main(records: int) -> None:
    """Print the time of each for one record, and check that all made the same."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "customers.csv"
        write(path, records)
        expected = None
        for label, run in runs():
            best = min(_timed(run, path) for _ in range(3))
            made = rounded(run(path))
            expected = made if expected is None else expected
            same = sum(one == other for one, other in zip(made, expected, strict=True))
            print(f"{label:<20}{best / records * 1e6:>8.1f} us a record, {same:,} of {records:,} equal")


def _timed(run: Callable[[Path], Outputs], path: Path) -> float:
    start = time.process_time()
    run(path)
    return time.process_time() - start


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)

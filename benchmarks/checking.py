"""Measure `sagerecon check` of many mappings, of all and of one, beside reading their YAML alone.

python benchmarks/checking.py [MAPPINGS]

Each mapping has forty fields, of customers with their addresses. The figures are of whole processes, the best
of three: seconds that pass, and of the processor.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = """\
sagerecon: project/v1
company: Many Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-03-31
business: {country: GB, currency: GBP}
"""
SOURCES = """\
sagerecon: sources/v1
files:
  contacts:
    path: contacts.csv
    columns:
"""
DATASETS = """\
datasets:
  contacts: {sql: SELECT * FROM contacts ORDER BY ref}
"""
CHOICE = "{choose: [{when: 'ref != name', from: vat_no, do: [strip_spaces]}, {otherwise: omit}]}"
TEXTS = (
    *(f"line_{number}" for number in range(1, 6)),
    *("town", "county", "postcode", "person", "telephone", "email", "notes", "vat_no", "iban"),
)
ADDRESS = ("address_line_1", "address_line_2", "city", "region", "postal_code")
PERSON = ("name", "telephone", "mobile", "email", "fax", "job_title")

READ = """
import sys
from pathlib import Path
from sagerecon.documents.document import read_document
for path in sorted(Path(sys.argv[1]).glob("mappings/*.yaml")):
    read_document(path.read_text(encoding="utf-8"), path.name)
"""


def write(folder: Path, mappings: int) -> None:
    """Write a project."""
    columns = "".join(f"      {name}: {{type: text}}\n" for name in ("ref", "name", *TEXTS))
    (folder / "mappings").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "sagerecon.yaml").write_text(PROJECT)
    (folder / "sources.yaml").write_text(f"{SOURCES}{columns}{DATASETS}")
    for number in range(mappings):
        (folder / "mappings" / f"m{number:04}.yaml").write_text(mapping(number))


def mapping(number: int) -> str:
    """Return a mapping of forty fields."""
    texts = iter(TEXTS * 4)
    do = "do: [trim, squeeze, {max_length: 20, on_overflow: cut}]"
    address = "".join(f"      {name}: {{from: {next(texts)}, {do}}}\n" for name in ADDRESS)
    person = "".join(f"      {name}: {{from: {next(texts)}, {do}}}\n" for name in PERSON)
    lets = "".join(f"  let_{at}: {{from: {next(texts)}, {do}}}\n" for at in range(12))
    uses = " ~ ".join(f"let_{at}" for at in range(12))
    return (
        f"sagerecon: mapping/v1\nmapping: m{number:04}\nsource: {{dataset: contacts, key: [ref]}}\n"
        "target: {kind: contact, on_existing: create}\nunmapped: {source: ignore}\n"
        f"let:\n{lets}fields:\n  reference: {{from: ref, do: [{{max_length: 10}}]}}\n"
        "  name: {from: name, do: [trim]}\n  contact_type_ids: {value: [CUSTOMER]}\n"
        f"  notes: {{expr: '{uses}'}}\n"
        f"  tax_number: {CHOICE}\n"
        f"  main_address:\n    fields:\n{address}      country_id: {{value: GB}}\n"
        f"  main_contact_person:\n    fields:\n{person}"
        f"  delivery_address:\n    fields:\n{address}      country_id: {{value: GB}}\n"
    )


def measured(*arguments: str) -> tuple[float, float]:
    """Return the seconds that a process takes, and its seconds of the processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(mappings: int) -> None:
    """Print what each takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, mappings)
        check = (sys.executable, "-m", "sagerecon", "check", "--project", name)
        for label, arguments in (
            ("read the YAML alone", (sys.executable, "-c", READ, name)),
            (f"check {mappings} mappings", check),
            ("check one of them", (*check, str(folder / "mappings" / "m0001.yaml"))),
        ):
            passed, processor = min(measured(*arguments) for _ in range(3))
            print(f"{label:<22}{passed:>8.2f} s, {processor:.2f} s of the processor")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)

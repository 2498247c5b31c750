"""A project of two customers, as text."""

from pathlib import Path

PROJECT = """\
sagerecon: project/v1
company: Tiny Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-03-31
business: {country: GB, currency: GBP}
sage: {address: http://127.0.0.1:9}
"""
SOURCES = """\
sagerecon: sources/v1
files:
  contacts:
    path: contacts.csv
    columns:
      ref: {type: text, required: true}
      name: {type: text, required: true}
datasets:
  contacts: {sql: SELECT * FROM contacts ORDER BY ref}
"""
MAPPING = """\
sagerecon: mapping/v1
mapping: customers
source: {dataset: contacts, key: [ref]}
target: {kind: contact, identity: {reference: ref}, on_existing: adopt_if_equal}
label: name
fields:
  reference: {from: ref}
  name: {from: name, do: [squeeze]}
  contact_type_ids: {value: [CUSTOMER]}
"""
CONTACTS = "ref,name\nC1,Oak Ltd\nC2,Elm  Ltd\n"

FILES = {
    "sagerecon.yaml": PROJECT,
    "sources.yaml": SOURCES,
    "mappings/customers.yaml": MAPPING,
    "data/contacts.csv": CONTACTS,
}


def write_tiny(folder: Path) -> Path:
    """Write the project and return its folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder

"""The columns from which the fields of a draft are made."""

import pytest
from mapping_cases import mapping, record

from sagerecon.model.place import NOWHERE, Place

MAPPING = """\
let:
  town: {from: addr.town}
fields:
  name: {expr: 'name ~ " " ~ kind'}
  contact_type_ids: {value: [CUSTOMER]}
  email: {from: email, default: {from: vat_no, when: blank}}
  credit_days: {from: days, when: live}
  notes: {pick: {each: people, where: 'item.main == "Y"'}, from: item.nm}
  main_address:
    choose:
      - {when: 'kind == "T"', fields: {city: {from: town}, country_id: {from: country}}}
      - {otherwise: omit}
"""


@pytest.mark.parametrize(
    ("path", "columns", "line"),
    [
        ("name", ("name", "kind"), 9),
        ("contact_type_ids", (), 10),
        ("email", ("email",), 11),
        ("credit_days", ("live",), 12),  # not live: the days are not read
        ("notes", ("people",), 13),
        ("notes[0].x", ("people",), 13),
        ("main_address.city", ("addr",), 16),
        ("main_address.country_id", ("country",), 16),
        ("main_address", ("kind", "addr", "country"), 14),
        ("main_address.post_code", ("kind", "addr", "country"), 14),
    ],
)
def test_a_field_names_the_columns_that_were_read_for_this_record(
    path: str, columns: tuple[str, ...], line: int
) -> None:
    row = record(
        '{"cust_no":"C1","name":"Oak","kind":"T","email":"a@b.cd","live":false,"country":"GB",'
        '"addr":{"town":"Ely"}}'
    )
    found = mapping(MAPPING).source_of(row, path)
    assert (found.columns, found.place.file, found.place.line) == (columns, "customers.yaml", line)


def test_a_default_is_read_where_the_value_is_blank() -> None:
    row = record('{"cust_no":"C1","name":"Oak","vat_no":"x"}')
    assert mapping(MAPPING).source_of(row, "email").columns == ("email", "vat_no")


def test_a_field_that_is_not_mapped_has_no_source() -> None:
    found = mapping(MAPPING).source_of(record('{"name":"Oak"}'), "reference")
    assert (found.columns, found.place) == ((), NOWHERE)


def test_a_refused_value_names_the_columns_read_before() -> None:
    fields = """\
fields:
  name: {from: name, do: [{max_length: 2, on_overflow: quarantine}]}
  contact_type_ids: {value: [CUSTOMER]}
"""
    found = mapping(fields).source_of(record('{"name":"Oak and Sons"}'), "name")
    assert (found.columns, found.place) == (("name",), Place("customers.yaml", 7, 3))

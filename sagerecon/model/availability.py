"""What a business of a given country and edition has of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sagerecon.model.catalog import Catalog, Field, Kind, Operation


def has_operation(operation: Operation, country: str, edition: str) -> bool:
    """Return whether the operation exists there; an empty country or edition means any."""
    if not operation.editions:
        return True
    editions = (edition,) if edition else tuple(operation.editions)
    if not country:
        return any(operation.editions.get(each) for each in editions)
    return any(operation.is_available(country, each) for each in editions)


def has_field(field: Field, country: str, edition: str) -> bool:
    """Return whether the field is accepted there; an empty country or edition means any."""
    if edition == "start" and not field.in_start:
        return False
    return not country or not field.countries or country in field.countries


def narrow_catalog(catalog: Catalog, country: str, edition: str) -> Catalog:
    """Return the catalog with the kinds, operations and fields that such a business has."""
    if not country and not edition:
        return catalog
    kinds = {name: _kind(kind, country, edition) for name, kind in catalog.kinds.items()}
    return replace(catalog, kinds={name: kind for name, kind in kinds.items() if kind.operations})


def _kind(kind: Kind, country: str, edition: str) -> Kind:
    operations = {
        name: operation
        for name, operation in kind.operations.items()
        if has_operation(operation, country, edition)
    }
    return replace(kind, operations=operations, fields=_fields(kind.fields, country, edition))


def _fields(fields: Mapping[str, Field], country: str, edition: str) -> dict[str, Field]:
    return {
        name: replace(field, fields=_fields(field.fields, country, edition)) if field.fields else field
        for name, field in fields.items()
        if has_field(field, country, edition)
    }

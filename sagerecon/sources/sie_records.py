"""The records of SIE files and their fields, by the standard (SIE-gruppen, SIE filformat 4B)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: The fields of each label in their order. `objects` is a list between braces.
SIE_LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "flagga": ("flag",),
        "program": ("name", "version"),
        "format": ("format",),
        "gen": ("date", "signature"),
        "sietyp": ("type",),
        "prosa": ("text",),
        "ftyp": ("type",),
        "fnr": ("number",),
        "orgnr": ("number", "acquisition", "activity"),
        "bkod": ("code",),
        "adress": ("contact", "street", "town", "phone"),
        "fnamn": ("name",),
        "rar": ("year", "start", "end"),
        "taxar": ("year",),
        "omfattn": ("date",),
        "kptyp": ("type",),
        "valuta": ("currency",),
        "konto": ("account", "name"),
        "ktyp": ("account", "type"),
        "enhet": ("account", "unit"),
        "sru": ("account", "code"),
        "dim": ("dimension", "name"),
        "underdim": ("dimension", "name", "parent"),
        "objekt": ("dimension", "object", "name"),
        "ib": ("year", "account", "amount", "quantity"),
        "ub": ("year", "account", "amount", "quantity"),
        "oib": ("year", "account", "objects", "amount", "quantity"),
        "oub": ("year", "account", "objects", "amount", "quantity"),
        "res": ("year", "account", "amount", "quantity"),
        "psaldo": ("year", "period", "account", "objects", "amount", "quantity"),
        "pbudget": ("year", "period", "account", "objects", "amount", "quantity"),
        "ver": ("series", "number", "date", "text", "registered", "signature"),
        "trans": ("account", "objects", "amount", "date", "text", "quantity", "signature"),
        "rtrans": ("account", "objects", "amount", "date", "text", "quantity", "signature"),
        "btrans": ("account", "objects", "amount", "date", "text", "quantity", "signature"),
        "ksumma": ("checksum",),
    }
)

#: The lines of a voucher: those that count, and those that were added or removed after it was made.
VOUCHER_LINES = ("trans", "rtrans", "btrans")

#: The fields of each kind of records: a voucher has its lines, and a line has its voucher.
SIE_RECORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        label: frozenset((*fields, *VOUCHER_LINES) if label == "ver" else fields)
        | frozenset(("ver",) if label in VOUCHER_LINES else ())
        for label, fields in SIE_LABELS.items()
    }
)

"""Tax rates of each country, with their percentages and the dates these apply from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax rate; `steps` are pairs of first ISO day and percentage, oldest first.

    A Canadian rate may combine the federal and a provincial tax: `steps` are their sum, `provincial` the
    provincial part of it.
    """

    id: str
    name: str
    label: str
    steps: tuple[tuple[str, Decimal], ...]
    provincial: tuple[tuple[str, Decimal], ...] = ()
    is_provincial_reclaimed: bool = False
    regions: frozenset[str] = frozenset()  #: regions where it applies; empty for everywhere
    components: tuple[str, ...] = ()  #: ids of the rates it combines

    def at(self, day: str) -> Decimal:
        """Return the percentage on an ISO day."""
        return _at(self.steps, day)

    def provincial_at(self, day: str) -> Decimal:
        """Return the provincial part of the percentage on an ISO day."""
        return _at(self.provincial, day) if self.provincial else Decimal()

    @property
    def is_taxed(self) -> bool:
        """Whether tax is charged; not for zero-rated, exempt and no tax."""
        return any(percentage for _, percentage in self.steps)

    @property
    def displayed_as(self) -> str:
        """Display name, such as `Standard 20.00%`."""
        if self.id.endswith("_NO_TAX"):
            return self.label
        percentage = self.steps[-1][1]
        shown = f"{percentage:.2f}" if percentage == round(percentage, 2) else f"{percentage}"
        return f"{self.label} {shown}%"


Steps = tuple[tuple[str, Decimal], ...]


def _at(steps: Steps, day: str) -> Decimal:
    fitting = [percentage for start, percentage in steps if start <= day]
    return fitting[-1] if fitting else steps[0][1]


def _steps(*steps: tuple[str, str]) -> Steps:
    return tuple((day, Decimal(percentage)) for day, percentage in steps)


def _rate(id: str, label: str, *steps: tuple[str, str]) -> TaxRate:
    return TaxRate(id, id.partition("_")[2], label, _steps(*steps))


_ALWAYS = "1900-01-01"
_GST = _steps((_ALWAYS, "7"), ("2006-07-01", "6"), ("2008-01-01", "5"))


def _harmonised(region: str, *steps: tuple[str, str]) -> TaxRate:
    """Return the HST of a province; before its first day, the federal tax alone."""
    first = steps[0][0]
    before = tuple(step for step in _GST if step[0] < first)
    name = f"HST_{region}"
    all_steps = (*before, *_steps(*steps))
    return TaxRate(f"CA_{name}", name, f"HST {region}", all_steps, regions=frozenset({f"CA-{region}"}))


def _provincial(
    name: str, label: str, region: str, *steps: tuple[str, str], is_reclaimed: bool = False
) -> tuple[TaxRate, TaxRate]:
    """Return two rates: the provincial tax combined with the federal one, and the provincial tax alone."""
    own = ((_ALWAYS, Decimal()), *_steps(*steps))
    days = sorted({day for day, _ in (*_GST, *own)})
    both = tuple((day, _at(_GST, day) + _at(own, day)) for day in days)
    regions, id = frozenset({f"CA-{region}"}), f"CA_{name}"
    parts, joined = ("CA_GST", id), f"GST_{name}"
    return (
        TaxRate(
            id=f"CA_{joined}",
            name=joined,
            label=f"GST/{label}",
            steps=both,
            provincial=own,
            is_provincial_reclaimed=is_reclaimed,
            regions=regions,
            components=parts,
        ),
        TaxRate(
            id=id,
            name=name,
            label=label,
            steps=own,
            provincial=own,
            is_provincial_reclaimed=is_reclaimed,
            regions=regions,
        ),
    )


#: Published by HMRC (VAT rates since 1991), Revenue (VAT rates since 2003), the CRA (GST and HST rates by
#: province) and the provinces (BC, MB, SK: retail sales tax; QC: QST). Only the British ids are published;
#: the others follow their pattern. British Columbia's HST of 2010 to 2013 is not among them.
_RATES = {
    "GB": (
        _rate(
            "GB_STANDARD",
            "Standard",
            (_ALWAYS, "17.5"),
            ("2008-12-01", "15"),
            ("2010-01-01", "17.5"),
            ("2011-01-04", "20"),
        ),
        _rate("GB_LOWER", "Lower Rate", (_ALWAYS, "5")),
        _rate("GB_ZERO", "Zero Rated", (_ALWAYS, "0")),
        _rate("GB_EXEMPT", "Exempt", (_ALWAYS, "0")),
        _rate("GB_NO_TAX", "No VAT", (_ALWAYS, "0")),
    ),
    "IE": (
        _rate(
            "IE_STANDARD",
            "Standard",
            (_ALWAYS, "21"),
            ("2008-12-01", "21.5"),
            ("2010-01-01", "21"),
            ("2012-01-01", "23"),
            ("2020-09-01", "21"),
            ("2021-03-01", "23"),
        ),
        _rate("IE_REDUCED", "Reduced Rate", (_ALWAYS, "13.5")),
        _rate("IE_SECOND_REDUCED", "Second Reduced Rate", (_ALWAYS, "13.5"), ("2011-07-01", "9")),
        _rate("IE_LIVESTOCK", "Livestock", (_ALWAYS, "4.4"), ("2005-01-01", "4.8")),
        _rate("IE_ZERO", "Zero Rated", (_ALWAYS, "0")),
        _rate("IE_EXEMPT", "Exempt", (_ALWAYS, "0")),
        _rate("IE_NO_TAX", "No VAT", (_ALWAYS, "0")),
    ),
    "CA": (
        TaxRate("CA_GST", "GST", "GST", _GST),
        _harmonised("ON", ("2010-07-01", "13")),
        _harmonised("NB", ("2008-01-01", "13"), ("2016-07-01", "15")),
        _harmonised("NL", ("2008-01-01", "13"), ("2016-07-01", "15")),
        _harmonised("NS", ("2008-01-01", "13"), ("2010-07-01", "15"), ("2025-04-01", "14")),
        _harmonised("PE", ("2013-04-01", "14"), ("2016-10-01", "15")),
        *_provincial("PST_BC", "PST BC", "BC", ("2013-04-01", "7")),
        *_provincial("PST_MB", "PST MB", "MB", ("2013-07-01", "8"), ("2019-07-01", "7")),
        *_provincial("PST_SK", "PST SK", "SK", ("2006-10-28", "5"), ("2017-03-23", "6")),
        *_provincial("QST", "QST", "QC", ("2013-01-01", "9.975"), is_reclaimed=True),
        _rate("CA_ZERO", "Zero Rated", (_ALWAYS, "0")),
        _rate("CA_EXEMPT", "Exempt", (_ALWAYS, "0")),
        _rate("CA_NO_TAX", "No Tax", (_ALWAYS, "0")),
    ),
}

#: The rates of each country by id.
TAX_RATES: Mapping[str, Mapping[str, TaxRate]] = {
    country: {rate.id: rate for rate in rates} for country, rates in _RATES.items()
}

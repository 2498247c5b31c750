"""Tax rates of a country, each with the percentages it has had and their dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate; `steps` are (first day, percentage), oldest first, ISO dates."""

    id: str
    name: str
    label: str
    steps: tuple[tuple[str, Decimal], ...]

    def at(self, day: str) -> Decimal:
        """The percentage on an ISO day."""
        fitting = [percentage for start, percentage in self.steps if start <= day]
        return fitting[-1] if fitting else self.steps[0][1]

    @property
    def is_taxed(self) -> bool:
        """Whether tax is due under it; zero rated, exempt and no tax are not."""
        return any(percentage for _, percentage in self.steps)

    @property
    def displayed_as(self) -> str:
        """`Standard 20.00%`."""
        if self.id.endswith("_NO_TAX"):
            return self.label
        return f"{self.label} {self.steps[-1][1]:.2f}%"


def _rate(id: str, label: str, *steps: tuple[str, str]) -> TaxRate:
    name = id.partition("_")[2]
    return TaxRate(id, name, label, tuple((day, Decimal(percentage)) for day, percentage in steps))


_ALWAYS = "1900-01-01"

#: Published by HMRC (VAT rates since 1991), Revenue (VAT rates since 2012) and the CRA (GST 5 % since 2008).
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
            ("2012-01-01", "23"),
            ("2020-09-01", "21"),
            ("2021-03-01", "23"),
        ),
        _rate("IE_REDUCED", "Reduced Rate", (_ALWAYS, "13.5")),
        _rate("IE_ZERO", "Zero Rated", (_ALWAYS, "0")),
        _rate("IE_EXEMPT", "Exempt", (_ALWAYS, "0")),
        _rate("IE_NO_TAX", "No VAT", (_ALWAYS, "0")),
    ),
    "CA": (
        _rate("CA_GST", "GST", (_ALWAYS, "7"), ("2006-07-01", "6"), ("2008-01-01", "5")),
        _rate("CA_ZERO", "Zero Rated", (_ALWAYS, "0")),
        _rate("CA_EXEMPT", "Exempt", (_ALWAYS, "0")),
        _rate("CA_NO_TAX", "No Tax", (_ALWAYS, "0")),
    ),
}

#: The rates of each country by id.
TAX_RATES: Mapping[str, Mapping[str, TaxRate]] = {
    country: {rate.id: rate for rate in rates} for country, rates in _RATES.items()
}

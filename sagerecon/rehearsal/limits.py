"""The call limits of a profile as exact rolling windows, including calls of other apps.

A window is half open: a call exactly one window ago is no longer in it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sagerecon.model.catalog import LimitProfile
from sagerecon.model.clock import DAY, HOUR, MINUTE, SECOND


class RollingWindow:
    """Amounts booked in the last `span` milliseconds, against a limit; None means unlimited."""

    def __init__(self, limit: int | None, span: int, booked: Iterable[tuple[int, int]] = ()) -> None:
        self._limit = limit
        self._span = span
        self._booked = deque(booked)
        self._total = sum(amount for _, amount in self._booked)

    def used(self, now: int) -> int:
        """Return the sum of the window that ends now."""
        while self._booked and self._booked[0][0] <= now - self._span:
            self._total -= self._booked.popleft()[1]
        return self._total

    def frees_at(self, now: int) -> int:
        """Return the instant from which one more fits: `now` if it fits already."""
        if self._limit is None or (over := self.used(now) - self._limit + 1) <= 0:
            return now
        for moment, amount in self._booked:
            over -= amount
            if over <= 0:
                return moment + self._span
        return now + self._span  # a limit of zero never has room

    def book(self, now: int, amount: int = 1) -> None:
        """Book an amount; instants must not decrease."""
        if self._limit is not None:
            self._booked.append((now, amount))
            self._total += amount

    def document(self) -> list[list[int]]:
        """Return the booked amounts as pairs of instant and amount."""
        return [[moment, amount] for moment, amount in self._booked]


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that is used up, and the instant from which it has room again."""

    limit: str  #: in_flight, app_per_day, bytes_per_hour, per_day, per_minute
    frees_at: int


@dataclass(slots=True)
class _Company:
    minute: RollingWindow
    day: RollingWindow
    foreign: list[int] = field(default_factory=list)  #: heap of instants in the future
    foreign_made: int = 0
    foreign_refused: int = 0


@dataclass(slots=True)
class _App:
    day: RollingWindow
    hour_bytes: RollingWindow
    in_flight: int = 0


class Limits:
    """Counts the calls of every app and company, and decides which are refused."""

    def __init__(self, profile: LimitProfile, *, counts_refused: bool = False) -> None:
        self.profile = profile
        self.counts_refused = counts_refused  #: whether a refused call counts too; Sage does not document it
        self._companies: dict[str, _Company] = {}
        self._apps: dict[str, _App] = {}

    def schedule_foreign_calls(self, business: str, instants: Iterable[int]) -> None:
        """Schedule calls of other apps to this company at these instants."""
        company = self._company(business)
        for moment in instants:
            heapq.heappush(company.foreign, moment)

    def foreign_calls(self, business: str) -> tuple[int, int]:
        """Return how many calls of other apps were answered, and how many refused with a 429."""
        company = self._company(business)
        return company.foreign_made, company.foreign_refused

    def used(self, business: str, now: int) -> tuple[int, int]:
        """Return the calls in the last minute and in the last day, including other apps' calls."""
        company = self._company(business)
        self._book_foreign_calls(company, now)
        return company.minute.used(now), company.day.used(now)

    def book_call(self, app_id: str, business: str, now: int) -> Exceeded | None:
        """Book a call now and return None, or return the limit that it would exceed."""
        company, app = self._company(business), self._app(app_id)
        self._book_foreign_calls(company, now)
        if app.in_flight >= self.profile.in_flight:
            return Exceeded("in_flight", now + SECOND)
        windows = (
            ("app_per_day", app.day),
            ("bytes_per_hour", app.hour_bytes),
            ("per_day", company.day),
            ("per_minute", company.minute),
        )
        for limit, window in windows:
            if (frees_at := window.frees_at(now)) > now:
                if self.counts_refused:
                    _book(company, app, now)
                return Exceeded(limit, frees_at)
        _book(company, app, now)
        return None

    def change(self, profile: LimitProfile) -> None:
        """Switch to another profile; calls booked so far are dropped."""
        if profile != self.profile:
            self.profile = profile
            self._companies.clear()
            self._apps.clear()

    def begin_call(self, app_id: str) -> None:
        """Count a call of the app as in flight."""
        self._app(app_id).in_flight += 1

    def end_call(self, app_id: str, now: int, size: int) -> None:
        """End a call of the app, answered with `size` bytes."""
        app = self._app(app_id)
        app.in_flight -= 1
        if size:
            app.hour_bytes.book(now, size)

    def document(self) -> dict[str, Any]:
        """Return all counts as JSON, for saving."""
        return {
            "profile": self.profile.name,
            "counts_refused": self.counts_refused,
            "companies": {
                business: {
                    "minute": company.minute.document(),
                    "day": company.day.document(),
                    "foreign": sorted(company.foreign),
                    "foreign_made": company.foreign_made,
                    "foreign_refused": company.foreign_refused,
                }
                for business, company in self._companies.items()
            },
            "apps": {
                app_id: {"day": app.day.document(), "bytes": app.hour_bytes.document()}
                for app_id, app in self._apps.items()
            },
        }

    @classmethod
    def from_document(cls, document: Any, profile: LimitProfile) -> Limits:
        """Read the counts that `document` returned."""
        limits = cls(profile, counts_refused=document["counts_refused"])
        for business, facts in document["companies"].items():
            limits._companies[business] = _Company(
                minute=RollingWindow(profile.per_minute, MINUTE, _pairs(facts["minute"])),
                day=RollingWindow(profile.per_day, DAY, _pairs(facts["day"])),
                foreign=facts["foreign"],
                foreign_made=facts["foreign_made"],
                foreign_refused=facts["foreign_refused"],
            )
        for app_id, facts in document["apps"].items():
            limits._apps[app_id] = _App(
                RollingWindow(profile.app_per_day, DAY, _pairs(facts["day"])),
                RollingWindow(profile.bytes_per_hour, HOUR, _pairs(facts["bytes"])),
            )
        return limits

    def _book_foreign_calls(self, company: _Company, now: int) -> None:
        while company.foreign and company.foreign[0] <= now:
            moment = heapq.heappop(company.foreign)
            if max(company.day.frees_at(moment), company.minute.frees_at(moment)) > moment:
                company.foreign_refused += 1
                continue
            company.day.book(moment)
            company.minute.book(moment)
            company.foreign_made += 1

    def _company(self, business: str) -> _Company:
        if business not in self._companies:
            self._companies[business] = _Company(
                RollingWindow(self.profile.per_minute, MINUTE), RollingWindow(self.profile.per_day, DAY)
            )
        return self._companies[business]

    def _app(self, app_id: str) -> _App:
        if app_id not in self._apps:
            self._apps[app_id] = _App(
                RollingWindow(self.profile.app_per_day, DAY), RollingWindow(self.profile.bytes_per_hour, HOUR)
            )
        return self._apps[app_id]


def daily_calls(start: int, days: int, calls: int, from_hour: int = 8, to_hour: int = 18) -> Iterator[int]:
    """Yield the instants of another app's `calls` calls a day, spread evenly over its working hours."""
    midnight = start - start % DAY
    for day in range(days):
        for number in range(calls):
            moment = midnight + day * DAY + from_hour * HOUR + number * (to_hour - from_hour) * HOUR // calls
            if moment >= start:
                yield moment


def _book(company: _Company, app: _App, now: int) -> None:
    for window in (app.day, company.day, company.minute):
        window.book(now)


def _pairs(document: list[list[int]]) -> Iterator[tuple[int, int]]:
    return ((moment, amount) for moment, amount in document)

"""Transforms of dates."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sagerecon.mapping.record_context import RefusalError, iso_day, plain_text
from sagerecon.mapping.transform import (
    SAME_TYPE,
    BoundTransform,
    Example,
    Group,
    Options,
    Parameter,
    Transform,
    day_of,
    without_options,
)
from sagerecon.model.code import Code
from sagerecon.model.limits import DAYS
from sagerecon.model.type import DATE

_ISO = "iso"

#: Dates that a transform keeps after it has read them: those of eleven years.
_KEPT_DAYS = 4_096


def _date(options: Options) -> BoundTransform | None:
    patterns: tuple[str, ...] = options["format"]
    wrong = [pattern for pattern in patterns if pattern != _ISO and not _is_format(pattern)]
    for pattern in wrong:
        message = f"date: '{pattern}' is not a format of dates."
        options.faults.add(Code.WRONG_OPTION, options.place, message, "For example: {date: '%d/%m/%Y'}.")
    if wrong:
        return None

    @lru_cache(maxsize=_KEPT_DAYS)
    def read(text: str) -> date:
        days = {day: pattern for pattern in patterns if (day := _read_day(text, pattern)) is not None}
        if len(days) == 1:
            return next(iter(days))
        raise _ambiguous(text, days) if days else _not_a_date(text, patterns)

    def apply(value: Any, _: Any) -> Any:
        return day_of(value) if isinstance(value, date) else read(str(value).strip())

    return BoundTransform(apply, DATE)


def _read_day(text: str, pattern: str) -> date | None:
    try:
        if pattern == _ISO:
            return iso_day(text)
        return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _ambiguous(text: str, days: dict[date, str]) -> RefusalError:
    read = " and ".join(f"{day} by {pattern}" for day, pattern in days.items())
    return RefusalError(
        Code.AMBIGUOUS_DATE,
        f"'{text}' is read as several dates: {read}",
        "Keep the format that the source uses, or convert the other cells in SQL.",
    )


def _not_a_date(text: str, patterns: Sequence[str]) -> RefusalError:
    if tuple(patterns) == (_ISO,):
        wanted = "a date such as 2017-03-31"
    else:
        wanted = f"a date of the format {' or '.join(patterns)}"
    return RefusalError(Code.NOT_A_DATE, f"'{text}' is not {wanted}", "State its format: {date: '%d/%m/%Y'}.")


def _is_format(pattern: str) -> bool:
    """Return whether a text of this format names a day; one without a year would be of 1900."""
    try:
        written = date(2017, 3, 31).strftime(pattern)
        read = datetime.strptime(written, pattern)  # noqa: DTZ007 - a day has no zone
    except (ValueError, re.error):  # Python's own errors for a wrong directive, and for one that comes twice
        return False
    return read.year == 2017


def _add_days(options: Options) -> BoundTransform:
    span = timedelta(days=options["days"])

    def apply(value: Any, _: Any) -> Any:
        try:
            return value + span
        except OverflowError:
            raise RefusalError(
                Code.NOT_A_DATE, f"{plain_text(value)} plus {span.days} days is outside the calendar"
            ) from None

    return BoundTransform(apply, options.input.type)


def _add_months(options: Options) -> BoundTransform:
    months = options["months"]

    def apply(value: Any, _: Any) -> Any:
        try:
            return months_later(value, months)
        except ValueError:
            raise RefusalError(
                Code.NOT_A_DATE, f"{plain_text(value)} plus {months} months is outside the calendar"
            ) from None

    return BoundTransform(apply, options.input.type)


def months_later(day: date, months: int) -> date:
    """Return the same day `months` later, or the last day of a month that is too short for it.

    Raises:
        ValueError: the day is outside the calendar.
    """
    year, index = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise ValueError(year)
    return day.replace(year=year, month=index + 1, day=min(day.day, calendar.monthrange(year, index + 1)[1]))


def month_start(day: date) -> date:
    """Return the first day of the month of `day`."""
    return day.replace(day=1)


def period_end(day: date, months: int, last_month: int) -> date:
    """Return the last day of the period of so many months that `day` is in.

    Args:
        months: of a period: 3 for a quarter, 12 for a year.
        last_month: a month, 1 to 12, in which a period ends.

    Raises:
        ValueError: the last day is outside the calendar.
    """
    return month_end(months_later(month_start(day), (last_month - day.month) % months))


def _period_end(months: int) -> Callable[[Options], BoundTransform]:
    def build(options: Options) -> BoundTransform:
        last_month = options["month"]

        def apply(value: Any, _: Any) -> Any:
            try:
                return period_end(value, months, last_month)
            except ValueError:
                raise RefusalError(
                    Code.NOT_A_DATE, f"the period of {plain_text(value)} ends outside the calendar"
                ) from None

        return BoundTransform(apply, DATE)

    return build


def month_end(day: date) -> date:
    """Return the last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


_LAST_MONTH = Parameter("month", "integer", 12, minimum=1, maximum=12)

#: So many months lead from any day of the calendar outside it.
_MONTHS = 12 * date.max.year

DATE_TRANSFORMS = (
    Transform(
        name="date",
        group=Group.DATES,
        gives="date",
        about="Converts text (ISO, or the format given) or a date with time to a date.",
        note=(
            "With a list of formats, each text is read by all of them: `{date: [iso, '%d/%m/%Y']}`. A text "
            "that two of them read as different dates quarantines the record."
        ),
        input_types=("text", "date", "datetime"),
        build=_date,
        example=Example("{date: '%d/%m/%Y'}", "'31/03/2017'", "'2017-03-31'"),
        parameters=(Parameter("format", "texts", (_ISO,)),),
    ),
    Transform(
        name="add_days",
        group=Group.DATES,
        gives=SAME_TYPE,
        about="Adds days; a negative number subtracts them.",
        input_types=("date", "datetime"),
        build=_add_days,
        example=Example("[date, {add_days: -1}]", "'2017-04-01'", "'2017-03-31'"),
        parameters=(Parameter("days", "integer", required=True, minimum=-DAYS.most, maximum=DAYS.most),),
        reports_change=True,
    ),
    Transform(
        name="month_end",
        group=Group.DATES,
        gives="date",
        about="Moves to the last day of the month.",
        input_types=("date",),
        build=without_options(month_end, DATE),
        example=Example("[date, month_end]", "'2016-02-03'", "'2016-02-29'"),
        reports_change=True,
    ),
    Transform(
        name="add_months",
        group=Group.DATES,
        gives=SAME_TYPE,
        about="Adds months; the day stays, or is the last of a shorter month. A negative number subtracts.",
        input_types=("date", "datetime"),
        build=_add_months,
        example=Example("[date, {add_months: 1}]", "'2017-01-31'", "'2017-02-28'"),
        parameters=(Parameter("months", "integer", required=True, minimum=-_MONTHS, maximum=_MONTHS),),
        reports_change=True,
    ),
    Transform(
        name="month_start",
        group=Group.DATES,
        gives="date",
        about="Moves to the first day of the month.",
        input_types=("date",),
        build=without_options(month_start, DATE),
        example=Example("[date, month_start]", "'2016-02-03'", "'2016-02-01'"),
        reports_change=True,
    ),
    Transform(
        name="quarter_end",
        group=Group.DATES,
        gives="date",
        about="Moves to the last day of the quarter; `month` is a month in which a quarter ends.",
        input_types=("date",),
        build=_period_end(3),
        example=Example("[date, {quarter_end: 1}]", "'2016-02-03'", "'2016-04-30'"),
        parameters=(_LAST_MONTH,),
        reports_change=True,
    ),
    Transform(
        name="year_end",
        group=Group.DATES,
        gives="date",
        about="Moves to the last day of the financial year; `month` is the month in which it ends.",
        input_types=("date",),
        build=_period_end(12),
        example=Example("[date, {year_end: 3}]", "'2016-04-03'", "'2017-03-31'"),
        parameters=(_LAST_MONTH,),
        reports_change=True,
    ),
)

"""How long something was held, by the calendars of the tax laws. Days are those of the owner's time zone."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from controller.errors import InputError

DayOf = Callable[[int], date]
"""From {s} to the day that a tax law counts."""
FreeFrom = Callable[[date], date]
"""From the day of acquisition to the first day on which a disposal counts as held for long."""


def days_in(zone: tzinfo = UTC) -> DayOf:
    """Days of a time zone, remembered: ledgers ask for the same moments again and again."""

    @lru_cache(maxsize=1 << 17)
    def day(time: int) -> date:
        return datetime.fromtimestamp(time, zone).date()

    return day


def zone_of(name: str) -> tzinfo:
    """A time zone by its IANA name.

    Raises
    ------
    InputError
        When it is unknown here.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"The time zone {name!r} is unknown.", "Write it as Europe/Berlin, or UTC.") from None


@lru_cache(maxsize=1 << 16)
def long_from_us(acquired: date) -> date:
    """First day of a long-term sale: a year is counted from the day after the acquisition (IRS Pub. 544; Rev. Rul.
    66-7).

    A year from 29 February ends on 1 March, so what was bought on the last day of a month is long-term from the first
    of the month after.
    """
    start = acquired + timedelta(days=1)
    if (start.month, start.day) == (2, 29):
        return date(start.year + 1, 3, 1)
    return start.replace(year=start.year + 1)


@lru_cache(maxsize=1 << 16)
def free_from_germany(acquired: date) -> date:
    """First day of a tax-free sale: the period ends with the day of the next year that bears the same date, or with the
    last of its month (§ 23 Abs. 1 Nr. 2 EStG; §§ 187 Abs. 1, 188 Abs. 2 and 3 BGB)."""
    last = calendar.monthrange(acquired.year + 1, acquired.month)[1]
    return date(acquired.year + 1, acquired.month, min(acquired.day, last)) + timedelta(days=1)

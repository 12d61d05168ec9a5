"""Writes calendar.json: the periods of calendar triggers, worked out with dateutil's relativedelta.

Run it again after a change and commit the result: ``python tests/vectors/generate_calendar.py``. It shares no code
with the two implementations that assert the vectors (contracts/libraries/Calendar.sol and controller/planning): it
walks from start to start, each counted from the anchor, until it has passed the moment in question.

Format: ``{"cases": [...]}``, one row on each line. All times are whole seconds since 1970 UTC.
    name     what the row is about; not unique
    period   DAY, WEEK, MONTH, QUARTER or YEAR
    every    {periods}
    anchor   {s} the first start
    time     {s} the moment in question
    start    {s} the start of the period that `time` is in, 0 before the anchor
    next     {s} the first start after `time`
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dateutil.relativedelta import relativedelta
from dice import Dice

STEPS = {
    "DAY": relativedelta(days=1),
    "WEEK": relativedelta(weeks=1),
    "MONTH": relativedelta(months=1),
    "QUARTER": relativedelta(months=3),
    "YEAR": relativedelta(years=1),
}
SECOND = timedelta(seconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def start(period: str, every: int, anchor: datetime, k: int) -> datetime:
    """Start of period k, from the anchor."""
    return anchor + STEPS[period] * (every * k)


def row(name: str, period: str, every: int, anchor: datetime, time: datetime) -> dict[str, object]:
    k = 0
    while start(period, every, anchor, k) <= time:
        k += 1
    return {
        "name": name,
        "period": period,
        "every": every,
        "anchor": int(anchor.timestamp()),
        "time": int(time.timestamp()),
        "start": int(start(period, every, anchor, k - 1).timestamp()) if k else 0,
        "next": int(start(period, every, anchor, k).timestamp()),
    }


def around(name: str, period: str, every: int, anchor: datetime, count: int) -> Iterator[dict[str, object]]:
    """The first `count` starts, each at its very second and one second before and after."""
    for k in range(count):
        moment = start(period, every, anchor, k)
        for time in (moment - SECOND, moment, moment + SECOND):
            yield row(name, period, every, anchor, time)


def month_ends() -> Iterator[dict[str, object]]:
    """31 January, 28 or 29 February, 31 March: what a short month cuts off is not lost."""
    yield from around("monthly from 31 January of a common year", "MONTH", 1, utc("2023-01-31T00:00:00"), 15)
    yield from around("monthly from 31 January of a leap year", "MONTH", 1, utc("2024-01-31T16:30:05"), 14)
    yield from around("monthly from 30 January", "MONTH", 1, utc("2023-01-30T23:59:59"), 14)
    yield from around("monthly from 29 January", "MONTH", 1, utc("2023-01-29T00:00:00"), 14)
    yield from around("monthly from 28 February stays on the 28th", "MONTH", 1, utc("2023-02-28T12:00:00"), 13)
    yield from around("every second month from 31 December", "MONTH", 2, utc("2022-12-31T08:00:00"), 13)
    yield from around("every fifth month from 31 August", "MONTH", 5, utc("2022-08-31T08:00:00"), 13)
    yield from around("quarterly from 30 November", "QUARTER", 1, utc("2022-11-30T00:00:00"), 10)
    yield from around("quarterly from 31 May", "QUARTER", 1, utc("2022-05-31T21:00:00"), 10)
    yield from around("every third quarter from 31 May", "QUARTER", 3, utc("2021-05-31T21:00:00"), 8)


def leap_years() -> Iterator[dict[str, object]]:
    yield from around("yearly from 29 February", "YEAR", 1, utc("2024-02-29T10:00:00"), 10)
    yield from around("every fourth year from 29 February", "YEAR", 4, utc("2088-02-29T10:00:00"), 5)  # 2100 is none
    yield from around("yearly from 28 February", "YEAR", 1, utc("2023-02-28T10:00:00"), 4)
    yield from around("yearly from 31 December", "YEAR", 1, utc("1999-12-31T23:59:59"), 4)
    yield from around("monthly across the year 2000, a leap year", "MONTH", 1, utc("1999-12-30T00:00:00"), 5)
    yield from around("monthly across the year 2100, no leap year", "MONTH", 1, utc("2099-12-30T00:00:00"), 5)
    yield from around("daily across 29 February", "DAY", 1, utc("2024-02-27T09:30:00"), 5)


def days_and_weeks() -> Iterator[dict[str, object]]:
    yield from around("daily", "DAY", 1, utc("2026-03-28T14:30:00"), 4)  # no summer time in UTC
    yield from around("every tenth day", "DAY", 10, utc("2023-12-25T00:00:01"), 5)
    yield from around("weekly", "WEEK", 1, utc("2026-11-20T16:00:00"), 5)
    yield from around("every second week", "WEEK", 2, utc("2019-12-30T16:00:00"), 5)


def far() -> Iterator[dict[str, object]]:
    """Long before the anchor, and long after it."""
    anchor = utc("2024-01-31T06:00:00")
    for period in STEPS:
        for every in (1, 7, 400):
            for time in ("1970-01-01T00:00:00", "2024-01-31T05:59:59", "2149-06-30T05:59:59", "2149-06-30T06:00:00"):
                yield row("far", period, every, anchor, utc(time))


def thrown() -> Iterator[dict[str, object]]:
    """Any anchor of half a century and any moment of the century after it."""
    dice = Dice(20_261_120)
    for _ in range(400):
        period = tuple(STEPS)[dice.below(5)]
        anchor = utc("2000-01-01T00:00:00") + timedelta(seconds=dice.below(50 * 365 * 86_400))
        if dice.below(2):  # a month's last day, where it is hard
            anchor = (anchor + relativedelta(day=31)).replace(microsecond=0)
        time = anchor + timedelta(seconds=dice.below(100 * 365 * 86_400))
        if dice.below(2):  # near a start
            time = time.replace(hour=anchor.hour, minute=anchor.minute, second=anchor.second) + relativedelta(
                day=anchor.day
            )
            time += (dice.below(3) - 1) * SECOND
        yield row("thrown", period, 1 + dice.below((30, 8, 25, 9, 5)[tuple(STEPS).index(period)]), anchor, time)


def main() -> None:
    families = (month_ends, leap_years, days_and_weeks, far, thrown)
    # one row on each line: easy to diff, and forge reads line by line
    cases = ",\n".join(json.dumps(case) for family in families for case in family())
    Path(__file__).with_name("calendar.json").write_text(f'{{"cases": [\n{cases}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()

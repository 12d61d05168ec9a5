"""When the periods of a calendar trigger begin (contracts/libraries/Calendar.sol; shared vectors in
tests/vectors/calendar.json).

A period begins at the anchor and every so many days, weeks, months, quarters or years after it, on the calendar and in
UTC. Months are always counted from the anchor and end at the last day of a month that is too short, so nothing drifts:
after the 31st of January come the 28th or 29th of February and the 31st of March.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from controller.model import Period, Trigger

DAYS = {Period.DAY: 1, Period.WEEK: 7}
MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}

DAY = 86_400  # {s}

CYCLE = 146_097 * DAY
"""{s} in 400 years, after which the calendar repeats itself, weekdays included."""


def period_start(trigger: Trigger, time: int) -> int:
    """{s} when the period that holds `time` {s} began; zero before the anchor."""
    return 0 if time < trigger.anchor else _start(trigger, _periods(trigger, time))


def next_start(trigger: Trigger, time: int) -> int:
    """{s} when the next period begins: the first start after `time` {s}."""
    return trigger.anchor if time < trigger.anchor else _start(trigger, _periods(trigger, time) + 1)


def _periods(trigger: Trigger, time: int) -> int:
    """Whole periods from the anchor to `time`, which is not before it."""
    if trigger.period in DAYS:
        return (time - trigger.anchor) // (DAYS[trigger.period] * trigger.every * DAY)
    # Months of the calendar between the two, less one when the last of them is not over yet.
    begun, now = _months(trigger.anchor), _months(time)
    count = (now - begun) // (MONTHS[trigger.period] * trigger.every)
    return count - (_start(trigger, count) > time)


def _start(trigger: Trigger, count: int) -> int:
    """{s} of the start after `count` periods."""
    if trigger.period in DAYS:
        return trigger.anchor + count * DAYS[trigger.period] * trigger.every * DAY
    cycles, months = divmod(count * MONTHS[trigger.period] * trigger.every, 12 * 400)
    return CYCLE * (trigger.anchor // CYCLE + cycles) + _plus(trigger.anchor % CYCLE, months)


@lru_cache(maxsize=4_096)
def _plus(time: int, months: int) -> int:
    """{s} so many months after `time`, both within the years that `datetime` knows; the same few at every tick."""
    moved = datetime.fromtimestamp(time, UTC) + relativedelta(months=months)
    return int(moved.timestamp())


def _months(time: int) -> int:
    """Months of the calendar from 1970 to the one that holds `time` {s}."""
    cycles, rest = divmod(time, CYCLE)
    date = datetime.fromtimestamp(rest, UTC)
    return 12 * (400 * cycles + date.year) + date.month

"""Axes of the pictures: where marks stand, what they say, which ticks of a long run are drawn. Floats, for showing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from controller.model import TickRecord

MOST_DRAWN = 2_000
"""More ticks than this are thinned: a screen has no more columns."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on an axis, 0 to 1, and its words."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from `low` to `high`, linear or logarithmic."""

    low: float
    high: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """0 at `low`, 1 at `high`."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def marks(self, count: int, show: Callable[[float], str]) -> tuple[Mark, ...]:
        """About `count` round values inside the scale."""
        values = _decades(self.low, self.high, count) if self.logarithmic else _steps(self.low, self.high, count)
        return tuple(Mark(self.at(value), show(value)) for value in values)


def axis_for(values: Sequence[float], *, logarithmic: bool = False) -> Axis:
    """A scale that holds `values` with a little air around them."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if logarithmic:
        air = (high / low) ** 0.04
        return Axis(low / air, high * air, logarithmic=True)
    air = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    return Axis(low - air, high + air)


def _steps(low: float, high: float, count: int) -> list[float]:
    size = 10.0 ** math.floor(math.log10((high - low) / count))
    step = next(size * times for times in (1, 2, 5, 10) if (high - low) / (size * times) <= count * 1.25)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _decades(low: float, high: float, count: int) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        inside = [value for value in values if low <= value <= high]
        if len(inside) <= count + 1:
            break
    return inside


def time_marks(first: datetime, last: datetime, count: int = 6) -> tuple[Mark, ...]:
    """About `count` round dates from `first` to `last`, whole years where the period is long enough."""
    span = (last - first).total_seconds()
    if span <= 0:
        return ()
    years = span / (365.25 * 86_400)
    if years >= count / 2:
        step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 1000) if years / size <= count * 1.25)
        dates = [datetime(year, 1, 1, tzinfo=UTC) for year in range(-(-first.year // step) * step, last.year + 1, step)]
        form = "%Y"
    elif years * 12 >= count / 2:
        step = next(size for size in (1, 2, 3, 6, 12) if years * 12 / size <= count * 1.25)
        months = range(-(-(first.year * 12 + first.month - 1) // step) * step, last.year * 12 + last.month, step)
        dates = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months]
        form = "%b %Y"
    else:
        sizes = (1, 5, 15, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
        size = next((size for size in sizes if span / size <= count * 1.25), sizes[-1])
        midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
        dates = [midnight + timedelta(seconds=size * number) for number in range(int((span + 86_400) // size) + 1)]
        form = "%d %b" if size >= 86_400 else "%H:%M" if size >= 60 else "%H:%M:%S"
    return tuple(
        Mark((date - first).total_seconds() / span, f"{date:{form}}") for date in dates if first <= date <= last
    )


def drawn(ticks: Sequence[TickRecord]) -> list[int]:
    """Which ticks are drawn: all of a short run; of a long one each rebalance and the largest drift of a stretch."""
    if len(ticks) <= MOST_DRAWN:
        return list(range(len(ticks)))
    stretch = -(-len(ticks) // MOST_DRAWN)
    kept = {0, len(ticks) - 1} | {number for number, tick in enumerate(ticks) if tick.outcome is not None}
    for start in range(0, len(ticks), stretch):
        kept.add(max(range(start, min(start + stretch, len(ticks))), key=lambda number: ticks[number].drift))
    return sorted(kept)

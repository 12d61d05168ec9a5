"""Returns from the ledger alone: time-weighted, of a share; money-weighted, of all holders together.

The value of a share is known where an entry records prices: at rebalances, deposits and withdrawals. A flow in kind is
valued at the last such value before it, which is said in the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from controller.audit.movements import Flowed, Movement, Valued

YEAR: Final = 365 * 86_400
"""{s} that rates are told for."""
_PRECISION: Final = Fraction(1, 10**12)
_MOST: Final = Fraction(10**6)
"""No rate is looked for above a million times a year."""


@dataclass(frozen=True, slots=True)
class Point:
    """The value of a share at one moment."""

    timestamp: int  # {s}
    value: Fraction  # {quote/share}


@dataclass(frozen=True)
class Returns:
    """Of the time between the first and the last known value of a share."""

    begin: int  # {s}
    end: int  # {s}
    time_weighted: Fraction  # {1} over the whole time: fees and costs are in it
    time_weighted_yearly: float  # {1/year} compounded
    money_weighted_yearly: float | None  # {1/year} compounded; None where no rate solves it
    estimated: int  # flows in kind, valued at the last known value of a share


def share_values(movements: Sequence[Movement]) -> list[Point]:
    """Wherever an entry tells what the vault was worth."""
    valued = (one for one in movements if isinstance(one, Valued) and one.supply)
    return [Point(one.at.timestamp, Fraction(one.after, one.supply * 10**18)) for one in valued]


def returns(movements: Sequence[Movement]) -> Returns | None:
    """None where fewer than two values of a share are known, or no time passed between them."""
    points = share_values(movements)
    if len(points) < 2 or points[-1].timestamp == points[0].timestamp:
        return None
    begin, end = points[0], points[-1]
    whole = end.value / begin.value - 1
    years = (end.timestamp - begin.timestamp) / YEAR
    flows, estimated = _flows(movements, points)
    return Returns(
        begin=begin.timestamp,
        end=end.timestamp,
        time_weighted=whole,
        time_weighted_yearly=float(end.value / begin.value) ** (1 / years) - 1,
        money_weighted_yearly=rate(flows),
        estimated=estimated,
    )


def _flows(movements: Sequence[Movement], points: Sequence[Point]) -> tuple[list[tuple[int, Fraction]], int]:
    """({s}, {quote}) that holders put in (negative) and got out, the holdings at both ends as if bought and sold."""
    begin, end = points[0], points[-1]
    supply_begin = supply_end = 0
    found: list[tuple[int, Fraction]] = []
    value, estimated = begin.value, 0
    for one in movements:
        if isinstance(one, Valued) and one.supply:
            value = Fraction(one.after, one.supply * 10**18)
            supply_begin = supply_begin or one.supply
            supply_end = one.supply
        if isinstance(one, Flowed) and begin.timestamp < one.at.timestamp < end.timestamp:
            worth = sum(amount.value or 0 for amount in one.amounts)
            if not worth:
                estimated += 1
            amount = Fraction(worth, 10**36) if worth else value * one.shares / 10**18
            found.append((one.at.timestamp, -amount if one.comes else amount))
    bought = -begin.value * supply_begin
    return [(begin.timestamp, bought), *found, (end.timestamp, end.value * supply_end)], estimated


def rate(flows: Sequence[tuple[int, Fraction]]) -> float | None:
    """The yearly rate at which flows are worth nothing together, by bisection; None where there is no change of sign.

    The net present value of (time, amount) pairs is sum(amount / (1 + rate) ** years).
    """
    first = flows[0][0]
    timed = [((at - first) / YEAR, float(amount)) for at, amount in flows]

    def worth(of: float) -> float:
        return float(sum(amount / (1 + of) ** years for years, amount in timed))

    low, high = -1 + 1e-9, float(_MOST)
    at_low, at_high = worth(low), worth(high)
    if at_low == 0 or at_high == 0 or (at_low > 0) == (at_high > 0):
        return None
    while high - low > float(_PRECISION) * max(1.0, abs(low)):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if (worth(middle) > 0) == (at_low > 0):
            low = middle
        else:
            high = middle
    return (low + high) / 2

"""Quantities as people write them, a number and its unit in quotes, read exactly: nothing is rounded, nothing a float.

Every function here raises `ValueError` with a sentence that says how to write it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from controller.model import Period
from controller.units import BPS

SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z%]*)", re.ASCII)


def share(value: Any) -> int:
    """{bps} from ``"5%"`` or ``"500 bps"``; whole basis points, at most 10,000."""
    points = ratio(value)
    if points > BPS:
        raise ValueError(f"{value!r} is more than 100%")
    return points


def ratio(value: Any) -> int:
    """{bps} from ``"250%"``; as `share`, but as large as fits 32 bits."""
    how = 'write it in quotes with its unit, "5%" or "500 bps"'
    number, unit = _split(value, how)
    if unit not in ("%", "bps"):
        raise ValueError(f"{value!r} has no unit that is known here; {how}")
    points = number * 100 if unit == "%" else number
    if points.denominator != 1:
        raise ValueError(f"{value!r} is not a whole number of basis points (0.01%)")
    if points >= 2**32:
        raise ValueError(f"{value!r} is more than a vault can count")
    return int(points)


def fee_tier(value: Any) -> int:
    """{1e-6} from ``"0.05%"``, as Uniswap V3 names its pools."""
    how = 'write it in quotes as the pool has it, "0.05%"'
    number, unit = _split(value, how)
    tier = number * 10_000
    if unit != "%":
        raise ValueError(f"{value!r} has no unit that is known here; {how}")
    if tier.denominator != 1 or not 0 < tier < 1_000_000:
        raise ValueError(f"{value!r} is the fee of no pool; {how}")
    return int(tier)


def calendar(value: Any) -> tuple[int, Period]:
    """How many of which period, from ``"3 months"`` or ``"1 quarter"``."""
    how = 'write it in quotes, "1 day", "2 weeks", "3 months", "1 quarter" or "1 year"'
    number, unit = _split(value, how)
    name = unit.removesuffix("s").upper()
    if name not in Period.__members__:
        raise ValueError(f"{value!r} has no unit that is known here; {how}")
    if number.denominator != 1 or not 0 < number < 2**16:
        raise ValueError(f"{value!r} is no whole number of periods that a vault can count; {how}")
    return int(number), Period[name]


def moment(value: Any) -> int:
    """{s} since 1970 from a date or a time with its zone, as TOML has them, or the same as text."""
    how = "write a date, 2026-01-01, which begins at midnight UTC, or a time with its zone, 2026-01-01T09:00:00Z"
    try:
        given = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no time; {how}") from None
    dated = isinstance(value, str) and len(value) == len("2026-01-01")
    if isinstance(given, datetime) and given.tzinfo is None and not dated:
        raise ValueError(f"{given.isoformat()} has no time zone; {how}")
    if isinstance(given, datetime):
        midnight = given.replace(tzinfo=given.tzinfo or UTC)
    elif isinstance(given, date):
        midnight = datetime(given.year, given.month, given.day, tzinfo=UTC)
    else:
        raise ValueError(f"{value!r} is no time; {how}")
    at = midnight.timestamp()
    if not at.is_integer() or at < 0:
        raise ValueError(f"{given.isoformat()} is no whole second since 1970")
    return int(at)


def seconds(value: Any) -> int:
    """{s} from ``"35 days"``, ``"90 minutes"``; whole seconds that fit 32 bits."""
    how = 'write it in quotes with its unit, "1 day" or "90 minutes"'
    number, unit = _split(value, how)
    factor = SECONDS.get(unit.removesuffix("s"))
    if factor is None:
        raise ValueError(f"{value!r} has no unit that is known here; {how}")
    total = number * factor
    if total.denominator != 1:
        raise ValueError(f"{value!r} is not a whole number of seconds")
    if total >= 2**32:
        raise ValueError(f"{value!r} is longer than a vault can count (136 years)")
    return int(total)


def money(value: Any) -> int:
    """D18{quote} from ``"100 USD"``; it must fit 128 bits."""
    how = 'write it in quotes with its unit, "100 USD"'
    number, unit = _split(value, how)
    if unit != "USD":
        raise ValueError(f"{value!r} has no unit that is known here; {how}")
    amount = _scaled(number, 18)
    if amount >= 2**128:
        raise ValueError(f"{value!r} is more than a vault can count")
    return amount


def price(value: Any) -> Fraction:
    """{quote/tok} above zero from ``"1234.5"`` or ``"1234.5 USD"``."""
    how = 'write it in quotes, in quote units for one token, "1234.5"'
    number, unit = _split(value, how)
    if unit not in ("", "USD"):
        raise ValueError(f"{value!r} has no unit that is known here; {how}")
    if number == 0:
        raise ValueError("must be above zero")
    return number


def answer(number: Fraction, decimals: int) -> int:
    """A feed's answer, with the feed's `decimals`; it must fit 128 bits."""
    scaled = _scaled(number, decimals)
    if scaled >= 2**128:
        raise ValueError("is more than a vault can count")
    return scaled


def _split(value: Any, how: str) -> tuple[Fraction, str]:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text; {how}")
    found = _QUANTITY.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"{value!r} cannot be read; {how}")
    return Fraction(found[1]), found[2]


def _scaled(number: Fraction, decimals: int) -> int:
    scaled = number * 10**decimals
    if scaled.denominator != 1:
        raise ValueError(f"has more than {decimals} decimals")
    return int(scaled)

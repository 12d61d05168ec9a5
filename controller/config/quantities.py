"""Quantities as people write them, a number and its unit in quotes, read exactly: nothing is rounded, nothing a float.

Every function here raises `ValueError` with a sentence that says how to write it.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from controller.units import BPS

SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z%]*)", re.ASCII)


def share(value: Any) -> int:
    """{bps} from ``"5%"`` or ``"500 bps"``; whole basis points, at most 10,000."""
    how = 'write it in quotes with its unit, "5%" or "500 bps"'
    number, unit = _split(value, how)
    if unit not in ("%", "bps"):
        raise ValueError(f"{value!r} has no unit that is known here; {how}")
    points = number * 100 if unit == "%" else number
    if points.denominator != 1:
        raise ValueError(f"{value!r} is not a whole number of basis points (0.01%)")
    if points > BPS:
        raise ValueError(f"{value!r} is more than 100%")
    return int(points)


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

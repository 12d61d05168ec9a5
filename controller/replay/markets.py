"""The markets that can be replayed: which tokens stand for what, and their price history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING

from controller.errors import InputError, Mistake

if TYPE_CHECKING:
    import pandas as pd

FEED_DECIMALS = 8
"""Decimals of a USD feed, as Chainlink's have them."""

CALENDAR_CYCLE = 28 * 365 * 86_400 + 7 * 86_400
"""{s} After 28 years the Gregorian calendar repeats (1901 to 2099): weekdays, month lengths and leap years."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One token of a market."""

    symbol: str
    name: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Market:
    """What is listed, with its history; the last listing is the dollar that every pool trades against."""

    name: str
    step: str  # "month" or "day": what one tick advances
    heartbeat: int  # {s} the longest that two answers of a feed are apart
    listings: tuple[Listing, ...]
    mandate: str  # its mandate file, in mandates/

    def history(self) -> pd.DataFrame:
        """{USD/tok}, one column for each symbol, indexed by UTC date."""
        from controller.market import datasets  # here, because loading pandas slows down every command that needs none

        return {"macro": datasets.macro, "crypto": datasets.crypto}[self.name]()

    def mandate_file(self) -> bytes:
        return resources.files("controller.replay").joinpath("mandates", self.mandate).read_bytes()

    @property
    def dollar(self) -> Listing:
        return self.listings[-1]


@dataclass(frozen=True, slots=True)
class Series:
    """The part of a market's history that one replay goes through."""

    times: tuple[int, ...]  # {s} chain timestamps: history plus `shift`
    answers: tuple[tuple[int, ...], ...]  # {USD/tok} with FEED_DECIMALS, in the order of the listings
    shift: int  # {s} whole calendar cycles by which the chain's clock runs ahead of history


DOLLAR = Listing("DOLLAR", "US dollar", 6)

MACRO = Market(
    name="macro",
    step="month",
    heartbeat=32 * 86_400,
    listings=(
        Listing("EQUITY", "S&P 500, dividends reinvested", 18),
        Listing("BOND", "US 10-year Treasury, coupons reinvested", 18),
        Listing("GOLD", "gold, one ounce", 8),
        DOLLAR,
    ),
    mandate="macro.toml",
)

CRYPTO = Market(
    name="crypto",
    step="day",
    heartbeat=25 * 3_600,
    listings=(Listing("BTC", "bitcoin", 8), Listing("ETH", "ether", 18), Listing("LINK", "chainlink", 18), DOLLAR),
    mandate="crypto.toml",
)

MARKETS = {market.name: market for market in (MACRO, CRYPTO)}


def series(market: Market, start: str, end: str | None = None) -> Series:
    """The history from `start` to `end` (ISO dates or months, inclusive), ready for the chain.

    Raises
    ------
    InputError
        When the range is not a range of dates inside the history.
    """
    history = market.history()
    first, last = date("--from", start), date("--to", end) if end else history.index[-1]
    part = history.loc[first:last]
    begun = history.index[0] - first < timedelta(days=31)  # a month named without its day may begin in its middle
    if len(part) < 2 or not begun:
        raise InputError(
            f"The {market.name} history has no two {market.step}s between {first:%Y-%m-%d} and {last:%Y-%m-%d}.",
            f"It runs from {history.index[0]:%Y-%m-%d} to {history.index[-1]:%Y-%m-%d}.",
        )
    # No block can be older than 1970, so older history runs on a clock that is whole calendar cycles ahead.
    shift = 0
    while part.index[0].timestamp() + shift < CALENDAR_CYCLE // 28:
        shift += CALENDAR_CYCLE
    prices = part[[listing.symbol for listing in market.listings]].to_numpy()
    return Series(
        times=tuple(int(day.timestamp()) + shift for day in part.index),
        answers=tuple(tuple(round(float(price) * 10**FEED_DECIMALS) for price in row) for row in prices),
        shift=shift,
    )


def latest(market: Market) -> tuple[int, ...]:
    """{USD/tok} the last known prices, in the order of the listings."""
    prices = market.history().iloc[-1]
    return tuple(round(float(prices[listing.symbol]) * 10**FEED_DECIMALS) for listing in market.listings)


def date(option: str, text: str) -> datetime:
    """A day, or the first of a month, in UTC; raises `InputError` when `text` is neither."""
    try:
        return datetime.fromisoformat(text if len(text) > 7 else f"{text}-01").replace(tzinfo=UTC)
    except ValueError:
        mistake = Mistake(option, f"{text!r} is not a date")
        raise InputError("A date cannot be read.", "Write it as 2000-01 or 2020-03-12.", (mistake,)) from None

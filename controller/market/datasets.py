"""The bundled histories. What they are made from stands beside the files in `market/data/`."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources

import numpy as np
import pandas as pd

from controller.errors import InputError, Mistake, NotFoundError
from controller.market.history import freeze

MACRO_START = "1953-04"
"""First month of the 10-year yield."""

START_LEVEL = 100.0
"""{USD/tok} of EQUITY and BOND in the first month: they are indices, their level means nothing."""


def macro() -> pd.DataFrame:
    """Monthly prices of EQUITY, BOND, GOLD and DOLLAR, from April 1953 to the last month with a reported dividend.

    EQUITY is the S&P 500 with dividends reinvested: E' = E * (P' + D' / 12) / P, with Shiller's monthly average price P
    and annualised dividend D. BOND is a 10-year Treasury that is sold and bought anew every month, see `bond_return`.
    GOLD is USD per ounce. DOLLAR is 1. Dividends are reported up to June 2023; the months after that are left out,
    because an index without its dividends would not be what it is called.

    Returns
    -------
    {USD/tok} a read-only frame, indexed by the first day of each month, UTC.
    """
    shiller = {row["Date"][:7]: row for row in _rows("macro/shiller_sp500.csv")}
    yields = {row["Date"][:7]: float(row["Rate"]) / 100 for row in _rows("macro/us10y_monthly.csv")}
    gold = {row["Date"][:7]: float(row["Price"]) for row in _rows("macro/gold_monthly.csv")}
    months = [month for month, row in shiller.items() if month >= MACRO_START and float(row["Dividend"]) > 0]
    _require("macro", months, {"SP500": shiller, "US10Y": yields, "GOLD": gold})
    equity, bond = [START_LEVEL], [START_LEVEL]
    for before, month in itertools.pairwise(months):
        price, dividend = float(shiller[month]["SP500"]), float(shiller[month]["Dividend"])
        equity.append(equity[-1] * (price + dividend / 12) / float(shiller[before]["SP500"]))
        bond.append(bond[-1] * (1 + bond_return(yields[before], yields[month])))
    columns = [equity, bond, [gold[month] for month in months], [1.0] * len(months)]
    index = [datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC) for month in months]
    return freeze(np.array(columns).T.copy(), ("EQUITY", "BOND", "GOLD", "DOLLAR"), index)


def bond_return(before: float, after: float, *, years: int = 10) -> float:
    """Total return of a constant-maturity par bond over one month.

    Last month's bond paid a semi-annual coupon at its own yield, so it stood at par; this month it has a month less to
    run and is repriced, with accrued interest, at the new yield. With c the old yield, y the new one, n = 2 * years
    coupons to come, the first of them in 5 months, and v = 1 / (1 + y/2):

        1 + return = (1 + y/2)^(1/6) * (c/2 * (v + v^2 + ... + v^n) + v^n)

    The method, from yields to returns of a bond that is rolled monthly, is that of Swinkels, L. (2019), Treasury Bond
    Return Data Starting in 1962, Data 4(3), 91, with the price formula itself in the place of its duration and
    convexity approximation.

    Parameters
    ----------
    before, after : {1} yields a month apart, semi-annual compounding; 0.05 is 5%.

    Returns
    -------
    {1}
    """
    discount = 1 / (1 + after / 2)
    count = 2 * years
    coupons = before / 2 * sum(discount**k for k in range(1, count + 1))
    return float((1 + after / 2) ** (1 / 6) * (coupons + discount**count) - 1)


def crypto(start: str = "2018-10-09", end: str = "2021-07-06") -> pd.DataFrame:
    """Daily closes of BTC, ETH, LINK and DOLLAR, from `start` to `end` (ISO dates, inclusive).

    DOLLAR is the USDC coin at its own USD close, days off its peg included; its first close is
    that of 9 October 2018.

    Returns
    -------
    {USD/tok} a read-only frame, indexed by day, UTC.

    Raises
    ------
    InputError
        With every day and coin of the range that has no price: no gap is filled.
    NotFoundError
        Where the data set is not installed: it is not part of the wheel.
    """
    rows = {row["Date"]: row for row in _rows("crypto/daily_close_usd.csv")}
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range(start, end, freq="D")]
    coins = {"BTC": "BTC", "ETH": "ETH", "LINK": "LINK", "DOLLAR": "USDC"}
    _require(
        "crypto", days, {coin: {day: row[coin] for day, row in rows.items() if row[coin]} for coin in coins.values()}
    )
    prices = np.array([[float(rows[day][coin]) for coin in coins.values()] for day in days])
    return freeze(prices, tuple(coins), [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days])


def _require(name: str, wanted: Sequence[str], series: Mapping[str, Collection[str]]) -> None:
    mistakes = tuple(
        Mistake(f"{column}, {moment}", "has no price")
        for column, known in series.items()
        for moment in wanted
        if moment not in known
    )
    if mistakes or not wanted:
        raise InputError(f"The {name} history does not cover this range.", "Ask for a shorter one.", mistakes)


def _rows(path: str) -> list[dict[str, str]]:
    file = resources.files("controller.market").joinpath("data", path)
    if not file.is_file():
        raise NotFoundError(f"The data set {path} is not installed.", "It comes with the source, not with the wheel.")
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))

"""Returns from prices, and how many periods make a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from controller.errors import InputError, Mistake

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

YEAR = 365.25 * 86_400
"""{s}"""


def periods_per_year(prices: pd.DataFrame) -> float:
    """{1/year} rows of a history per year, from its first and last date: 12 for months, about 252 for trading days.

    Raises
    ------
    InputError
        For fewer than two rows.
    """
    if len(prices) < 2:
        raise InputError("A history of fewer than 2 rows has no returns.", "Give a longer history.")
    return float((len(prices) - 1) * YEAR / (prices.index[-1] - prices.index[0]).total_seconds())


def simple_returns(prices: pd.DataFrame, columns: tuple[str, ...] | None = None) -> FloatArray:
    """(T - 1, n) {1/period} p'/p - 1, from the first row on in which every asset has a price.

    Parameters
    ----------
    prices : {quote/tok} one column for each asset, dates ascending.
    columns : which assets, in which order; all of them where nothing is said.

    Raises
    ------
    InputError
        With every asset that has no column, every gap, and for fewer than 2 rows that all assets share.
    """
    wanted = tuple(prices.columns) if columns is None else columns
    missing = [Mistake(name, "has no column in the price history") for name in wanted if name not in prices.columns]
    if missing:
        known = ", ".join(map(str, prices.columns))
        raise InputError("The price history lacks assets.", f"It has: {known}.", tuple(missing))
    table = prices[list(wanted)]
    values = table.to_numpy(dtype=np.float64)
    listed = np.isfinite(values).all(axis=1)
    values = values[int(listed.argmax()) :] if listed.any() else values[:0]
    gaps = [
        Mistake(str(name), "has prices that are missing or not positive numbers")
        for name, bad in zip(wanted, (~(np.isfinite(values) & (values > 0))).any(axis=0), strict=True)
        if bad
    ]
    if gaps:
        raise InputError("The price history has holes.", "Fill them or begin after them.", tuple(gaps))
    if len(values) < 3:
        raise InputError(
            f"The assets share only {len(values)} rows of prices; at least 3 are needed.", "Give a longer history."
        )
    return np.asarray(values[1:] / values[:-1] - 1, dtype=np.float64)

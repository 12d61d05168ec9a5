"""From price files to moments: every asset has a price at every moment, or it is said which one has none, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from controller.backtest.moments import Moment, moments_of
from controller.errors import InputError, Mistake
from controller.model import Mandate

if TYPE_CHECKING:
    import pandas as pd


def part(history: pd.DataFrame, first: datetime | None, last: datetime | None) -> pd.DataFrame:
    """The rows from `first` to `last`, both included; raises `InputError` when there are not two of them."""
    found = history.loc[first:last]
    if len(found) < 2:
        raise InputError(
            "The history has no two rows in this range.",
            f"It runs from {history.index[0]:%Y-%m-%d} to {history.index[-1]:%Y-%m-%d}.",
        )
    return found


def moments(mandate: Mandate, names: Sequence[str], history: pd.DataFrame) -> list[Moment]:
    """One moment for each row.

    Parameters
    ----------
    names : of the mandate's assets, in its order: columns of the history.

    Raises
    ------
    InputError
        With every asset that is no column, or has rows without a price, and where they are.
    """
    mistakes = [Mistake(name, "is no column of the history") for name in names if name not in history.columns]
    gaps = {name: history.index[history[name].isna()] for name in names if name in history.columns}
    mistakes += [
        Mistake(name, f"has no price on {len(days)} days, {days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}")
        for name, days in gaps.items()
        if len(days)
    ]
    if history.index[0].timestamp() < 0:
        mistakes.append(Mistake("dates", f"begin in {history.index[0]:%Y}: no block can be older than 1970"))
    if mistakes:
        raise InputError(
            "The history does not fit the mandate.",
            f"Its columns are {', '.join(map(str, history.columns))}; choose the range with --from and --to.",
            tuple(mistakes),
        )
    scales = [10**asset.feed.decimals for asset in mandate.assets]
    rows = history[list(names)].to_numpy(dtype=float)
    answers = [[round(float(price) * scale) for price, scale in zip(row, scales, strict=True)] for row in rows]
    return moments_of(mandate, [int(day.timestamp()) for day in history.index], answers)

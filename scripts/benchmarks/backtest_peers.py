"""The same rule in vectorbt and in bt: equal weights, back to target when a weight is a band off, or once a month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bt
import numpy as np
import numpy.typing as npt
import pandas as pd
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio import nb
from vectorbt.portfolio.enums import SizeType

FloatArray = npt.NDArray[np.float64]
TARGET = int(SizeType.TargetPercent)


@njit
def _due(c, sizes, order, band, months):  # type: ignore[no-untyped-def]
    """Before each moment of a group: targets where the band is reached or a month has begun, else nothing."""
    count = c.group_len
    value = c.last_cash[c.group]
    for column in range(c.from_col, c.to_col):
        value += c.last_position[column] * c.close[c.i, column]
        c.last_val_price[column] = c.close[c.i, column]
    due = c.i == 0 or (len(months) > 0 and months[c.i] != months[c.i - 1])
    if len(band) > 0:
        for column in range(c.from_col, c.to_col):
            due |= abs(c.last_position[column] * c.close[c.i, column] / value - 1.0 / count) >= band[c.group]
    for place in range(count):
        sizes[place] = 1.0 / count if due else np.nan
    if due:
        nb.sort_call_seq_nb(c, sizes, np.full(1, TARGET), np.full(1, 0), order)
    return (sizes,)


@njit
def _order(c, sizes, fees):  # type: ignore[no-untyped-def]
    size = sizes[c.col - c.from_col]
    return nb.order_nb(size=size, price=c.close[c.i, c.col], size_type=TARGET, fees=fees)


def by_vectorbt(
    prices: pd.DataFrame, cost: float, *, bands: Sequence[float] = (), months: bool = False, value: float = 1e6
) -> Any:
    """One portfolio for each band {1}, or one that goes back to target every month; cost {1} of what is traded."""
    groups, count = max(len(bands), 1), prices.shape[1]
    begun = (prices.index.year * 12 + prices.index.month).to_numpy() if months else np.empty(0, np.int64)
    close = pd.DataFrame(np.tile(prices.to_numpy(), (1, groups)), index=prices.index)
    return vbt.Portfolio.from_order_func(
        close,
        _order,
        cost,
        pre_segment_func_nb=_due,
        pre_segment_args=(np.empty(count), np.empty(count), np.array(bands, dtype=np.float64), begun),
        group_by=np.repeat(np.arange(groups), count),
        cash_sharing=True,
        init_cash=value,
        freq="D",
    )


def measured(portfolio: Any) -> pd.DataFrame:
    """What our table has that vectorbt has too."""
    return pd.DataFrame(
        {
            "return": portfolio.annualized_return(),
            "volatility": portfolio.annualized_volatility(),
            "sharpe": portfolio.sharpe_ratio(),
            "sortino": portfolio.sortino_ratio(),
            "drawdown": portfolio.max_drawdown(),
            "calmar": portfolio.calmar_ratio(),
            "value": portfolio.final_value(),
        },
        index=range(len(np.unique(portfolio.wrapper.grouper.group_by))),
    )


def by_bt(prices: pd.DataFrame, cost: float, *, band: float | None = None, value: float = 1e6) -> Any:
    """A backtest of bt, to be run; its band is relative to the target. Without one: every month."""
    weigh = [bt.algos.SelectAll(), bt.algos.WeighEqually()]
    if band is None:
        algos = [bt.algos.RunMonthly(run_on_first_date=True), *weigh, bt.algos.Rebalance()]
    else:
        # bt asks for more than the tolerance where we ask for no less
        out = bt.algos.RunIfOutOfBounds(band * prices.shape[1])
        algos = [*weigh, bt.algos.Or([bt.algos.RunOnce(), out]), bt.algos.Rebalance()]
    return bt.Backtest(
        bt.Strategy("equal", algos),
        prices,
        initial_capital=value,
        commissions=lambda quantity, price: abs(quantity) * price * cost,
        integer_positions=False,
        progress_bar=False,
    )

"""Backtests against vectorbt and bt, live: `make test-peers`, in the environment that has them.

What remains between us is stated where it is tested. A trade of ours is a sale and a purchase, so that our 20 bps are
their 10 on either side.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from benchmarks import backtest, backtest_peers

from controller.backtest.engine import Setting, run
from controller.backtest.fast import FastRun, Track
from controller.backtest.paper import Proportional
from controller.model import Period, Trigger, TriggerKind

PRICES = backtest.stocks()
MONTHLY = Trigger(TriggerKind.CALENDAR, 0, 0, Period.MONTH, 1, int(pd.Timestamp("1990-02-01").timestamp()), 0)


def ours(prices: pd.DataFrame, cost: int, trigger: Trigger) -> FastRun:
    """With trades of a dollar and more: peers trade any amount."""
    mandate, moments = backtest.equal(prices)
    limits = replace(mandate.limits, min_trade=10**18)
    mandate = replace(mandate, trigger=trigger, limits=limits)
    return Track.of(mandate, moments).run(Setting(mandate, Proportional(cost)), backtest.VALUE)


def grown(values: pd.Series) -> float:
    """From the first evening to the last: the first purchase is paid by peers, and a vault of ours begins on target."""
    return float(values.iloc[-1] / values.iloc[0])


def test_monthly_equal_weights_with_10_bps__then_within_a_thousandth_of_vectorbt_and_bt() -> None:
    """The rest (0.04% after 33 years and 395 rebalances): ours leaves undone what is worth less than its smallest
    trade, at times until the day after, and charges a trade on its sale, peers on what each side of it is worth."""
    found = ours(PRICES, 20, MONTHLY)
    assert len(found.rebalances) == 395
    mine = float(found.values[-1] / found.values[0])
    vectorbt = grown(backtest_peers.by_vectorbt(PRICES, 0.001, months=True).value().squeeze())
    test = backtest_peers.by_bt(PRICES, 0.001)
    test.run()
    bt = grown(test.strategy.values.iloc[1:])
    assert mine == pytest.approx(vectorbt, rel=1e-3)
    assert mine == pytest.approx(bt, rel=1e-3)


@pytest.mark.parametrize("band", [0.02, 0.05])
def test_threshold__then_the_moments_of_bts_RunIfOutOfBounds(band: float) -> None:
    """Without costs both have the same weights every evening, so the same evenings are out of bounds."""
    prices = PRICES.iloc[:2_500]
    trigger = Trigger(TriggerKind.THRESHOLD, round(band * 10_000), 0, Period.DAY, 0, 0, 0)
    test = backtest_peers.by_bt(prices, 0.0, band=band)
    test.run()
    turnover = test.turnover
    theirs = [day for day in prices.index[1:] if turnover.get(day, 0.0) > 1e-6]
    mine = [prices.index[each.place] for each in ours(prices, 0, trigger).rebalances]
    assert len(mine) > 3
    assert mine == theirs


def test_threshold__at_equality__then_ours_is_due_and_bts_is_not() -> None:
    days = pd.date_range("2020-01-01", periods=3, tz=None)
    prices = pd.DataFrame({"a": [100.0, 150.0, 150.0], "b": [100.0, 50.0, 50.0]}, index=days)  # 75% and 25% of 50%
    mandate, moments = backtest.equal(prices)
    mandate = replace(mandate, trigger=replace(mandate.trigger, band=2_500))
    ticks = run(Setting(mandate, Proportional(0)), moments, backtest.VALUE)
    assert [tick.outcome is not None for tick in ticks] == [False, True, False]
    test = backtest_peers.by_bt(prices, 0.0, band=0.25)
    test.run()
    assert np.allclose(test.turnover.to_numpy()[2:], 0.0)

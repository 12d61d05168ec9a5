"""The engine against its shadow without friction, against the future, and against histories that do not fit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_pieces import make_mandate

from controller.backtest.engine import Setting, run
from controller.backtest.history import moments, part
from controller.backtest.moments import Moment
from controller.backtest.paper import Proportional, full_range
from controller.errors import InputError
from controller.market import datasets
from controller.market.history import freeze
from controller.model import Mandate, Snapshot, TickRecord
from controller.report.shadows import frictionless, value_per_share
from controller.units import D18

NAMES = ("EQUITY", "BOND", "GOLD")
MANDATE = make_mandate([6_000, 3_000, 1_000])
VALUE = 10**6 * 10**36


def history(start: str = "1990-01", end: str = "2023-06") -> pd.DataFrame:
    return datasets.macro().loc[start:end]


def made_up(seed: int, days: int = 250) -> pd.DataFrame:
    steps = np.random.default_rng(seed).normal(0.0, [0.02, 0.01, 0.03], size=(days, 3))
    index = pd.date_range("2001-01-01", periods=days, tz="UTC").to_pydatetime()
    return freeze(100 * np.exp(np.cumsum(steps, axis=0)), NAMES, index)


def ticks(mandate: Mandate, prices: pd.DataFrame, cost: int = 0, **setting: object) -> list[TickRecord]:
    found = moments(mandate, NAMES, prices)
    return run(Setting(mandate, Proportional(cost), **setting), found, VALUE, past=prices)  # type: ignore[arg-type]


@given(seed=st.integers(0, 10**6), band=st.sampled_from([200, 500]), destination=st.sampled_from([0, 100]))
def test_run__without_costs__then_its_frictionless_shadow(seed: int, band: int, destination: int) -> None:
    mandate = make_mandate([6_000, 3_000, 1_000], band=band, destination=destination)
    found = ticks(mandate, made_up(seed, 120))
    shadow = frictionless(found, mandate)
    assert shadow.rebalances == tuple(place for place, tick in enumerate(found) if tick.outcome)
    for tick, value in zip(found, shadow.series, strict=True):
        assert value_per_share(tick) == pytest.approx(value, rel=1e-12)


def test_run__with_costs__then_each_trade_loses_just_that() -> None:
    found = ticks(MANDATE, history(), cost=10)
    fills = [(tick.outcome.rebalance, fill) for tick in found if tick.outcome for fill in tick.outcome.rebalance.fills]
    assert len(fills) > 10
    for rebalance, fill in fills:
        sold, bought = fill.amount_in * rebalance.prices[fill.sell], fill.amount_out * rebalance.prices[fill.buy]
        assert bought == pytest.approx(sold * 0.999, rel=1e-12)
        assert bought <= sold * 999 // 1000


def test_run__when_pools_are_shallower__then_it_costs_more() -> None:
    prices = history()
    found = moments(MANDATE, NAMES, prices)
    final = [
        run(Setting(MANDATE, full_range(MANDATE, depth * 10**36)), found, VALUE)[-1].value
        for depth in (10**10, 10**8, 10**7)
    ]
    assert final[0] > final[1] > final[2]


# ---- no look ahead


@dataclass
class Follower:
    """Puts everything it may into what rose most between the last two prices that it sees; remembers what it saw."""

    seen: list[pd.DataFrame] = field(default_factory=list)

    def target(self, snapshot: Snapshot, past: pd.DataFrame | None) -> tuple[int, ...]:
        assert past is not None
        self.seen.append(past)
        if len(past) < 2:
            return snapshot.targets
        best = int(np.argmax(past.iloc[-1].to_numpy() / past.iloc[-2].to_numpy()))
        return tuple(8_000 if asset == best else 1_000 for asset in range(3))


MOVING = make_mandate([6_000, 3_000, 1_000], max_step=10_000, step_delay=0, cooldown=0)


def test_strategy__at_each_moment__then_it_sees_what_is_before_and_cannot_write() -> None:
    strategy = Follower()
    prices = made_up(3)
    found = ticks(MOVING, prices, strategy=strategy)
    assert len(strategy.seen) == len(found)
    for past, tick in zip(strategy.seen, found, strict=True):
        assert all(day.timestamp() < tick.block.timestamp for day in past.index)
        if len(past):
            with pytest.raises(ValueError, match="read-only"):
                past.to_numpy()[0, 0] = 1.0
        below = past.to_numpy()
        while below is not None:  # whatever it is a view of
            assert below.size <= past.size
            below = below.base


def test_strategy__when_the_future_is_another__then_the_same_decisions_until_then() -> None:
    prices = made_up(4)
    other = prices.to_numpy().copy()
    other[150:] *= np.random.default_rng(9).uniform(0.5, 2.0, size=other[150:].shape)
    changed = freeze(other, NAMES, prices.index.to_pydatetime())
    one, two = (ticks(MOVING, each, strategy=Follower()) for each in (prices, changed))
    assert one[:150] == two[:150]
    assert one[150:] != two[150:]


def test_strategy__when_a_signal_is_planted_in_the_future__then_nobody_profits_from_it() -> None:
    """An asset jumps by a tenth every tenth day, and falls back the day after: who knew would be rich within weeks."""
    days = 200
    prices = np.full((days, 3), 100.0)
    for day in range(0, days, 10):
        prices[day, day // 10 % 3] *= 1.1
    planted = freeze(prices, NAMES, pd.date_range("2001-01-01", periods=days, tz="UTC").to_pydatetime())
    found = ticks(MOVING, planted, strategy=Follower())
    # whoever follows is a day late: what it buys has risen already, and falls
    assert found[-1].value <= found[0].value
    knowing = np.prod([max(prices[day + 1] / prices[day]) for day in range(days - 1)])
    assert knowing > 5


# ---- what does not fit


def test_moments__when_the_history_does_not_fit__then_every_asset_is_named() -> None:
    prices = history().rename(columns={"GOLD": "SILVER"})
    gap = prices.copy()
    gap.iloc[3, 0] = np.nan
    with pytest.raises(InputError) as caught:
        moments(MANDATE, NAMES, gap)
    assert [mistake.where for mistake in caught.value.mistakes] == ["GOLD", "EQUITY"]
    assert "1990-04-01" in str(caught.value)
    with pytest.raises(InputError, match="older than 1970"):
        moments(MANDATE, NAMES, datasets.macro().loc["1960":"1962"])
    with pytest.raises(InputError, match="no two rows"):
        part(history(), history().index[-1].to_pydatetime(), None)


def test_run__then_value_is_worth_what_it_started_with() -> None:
    first = ticks(MANDATE, history())[0]
    assert first.value == pytest.approx(VALUE, rel=1e-15)
    assert value_per_share(first) == pytest.approx(D18 * 10**18, rel=1e-12)


def test_run__when_a_price_is_missing__then_refused() -> None:
    block = moments(MANDATE, NAMES, history())[0].block
    with pytest.raises(InputError, match="lacks the price"):
        run(Setting(MANDATE, Proportional()), [Moment(block, (0, 1, 1))], VALUE)

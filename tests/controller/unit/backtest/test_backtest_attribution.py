"""Parts of a difference sum to it, and each is what its name says; feeds that lag, and gas that has a price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning_pieces import make_mandate

from controller.backtest.attribution import Attribution, attribute
from controller.backtest.engine import Gas, Setting, gas_paid, run
from controller.backtest.feeds import Feeds, with_gas
from controller.backtest.history import moments
from controller.backtest.moments import Moment
from controller.backtest.paper import Market, Proportional, full_range
from controller.backtest.performance import tracking_error
from controller.errors import InputError
from controller.market.history import freeze
from controller.model import Mandate, Reason, TickRecord
from controller.report.shadows import frictionless, value_per_share

NAMES = ("EQUITY", "BOND", "GOLD")
VALUE = 10**6 * 10**36
DAY = 86_400


def history(seed: int, days: int = 150, hours: int = 24) -> list[Moment]:
    steps = np.random.default_rng(seed).normal(0.0, [0.02, 0.01, 0.03], size=(days, 3)) * (hours / 24) ** 0.5
    index = pd.date_range("2001-01-01", periods=days, freq=f"{hours}h", tz="UTC").to_pydatetime()
    return moments(make_mandate([6_000, 3_000, 1_000]), NAMES, freeze(100 * np.exp(np.cumsum(steps, 0)), NAMES, index))


def parts(
    mandate: Mandate, market: Market, found: list[Moment], gas: int = 0
) -> tuple[Attribution, list[TickRecord], float]:
    """With the ticks, and the difference that is to be told apart."""
    setting = Setting(mandate, market, gas=Gas(price=gas))
    ticks = run(setting, found, VALUE)
    shadow, paid = frictionless(ticks, mandate), gas_paid(setting, found, ticks)
    ours = (ticks[-1].value - paid) / ticks[-1].supply
    theirs = (shadow.series[-1] or 0) / 10**18
    return attribute(ticks, shadow, market.kept, paid), ticks, ours / theirs - 1.0


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    cost=st.sampled_from([0, 5, 30, 90]),
    depth=st.sampled_from([None, 10**8, 10**7]),
    band=st.sampled_from([150, 500]),
    gas=st.sampled_from([0, 10**28, 10**30]),
)
def test_attribute__of_any_run__then_the_parts_sum_to_the_difference(
    seed: int, cost: int, depth: int | None, band: int, gas: int
) -> None:
    mandate = make_mandate([6_000, 3_000, 1_000], band=band, destination=band // 2)
    market = Proportional(cost) if depth is None else full_range(mandate, depth * 10**36)
    found, _, difference = parts(mandate, market, history(seed), gas)
    assert found.total == pytest.approx(difference, rel=1e-9, abs=1e-12)


def test_attribute__without_costs__then_every_part_is_zero() -> None:
    found, ticks, _ = parts(make_mandate([6_000, 3_000, 1_000]), Proportional(0), history(1))
    assert any(tick.outcome for tick in ticks)
    assert all(abs(part) < 1e-12 for part in found.as_dict().values())


def test_attribute__of_a_cost_in_proportion__then_fees_are_that_cost_and_nothing_is_impact() -> None:
    found, ticks, _ = parts(make_mandate([6_000, 3_000, 1_000]), Proportional(20), history(1))
    sold = sum(
        fill.amount_in * tick.prices[fill.sell] / tick.value
        for tick in ticks
        if tick.outcome
        for fill in tick.outcome.rebalance.fills
    )
    assert found.fees == pytest.approx(-0.002 * sold, rel=0.01)
    assert found.impact == pytest.approx(0.0, abs=1e-12)
    assert found.shares == pytest.approx(0.0, abs=1e-15)
    assert found.gas == 0.0


def test_attribute__of_shallower_pools__then_impact_grows_and_fees_do_not() -> None:
    mandate = make_mandate([6_000, 3_000, 1_000])
    deep, shallow = (parts(mandate, full_range(mandate, depth * 10**36), history(1))[0] for depth in (10**9, 3 * 10**7))
    assert deep.fees < 0
    assert abs(deep.impact) < 0.1 * abs(deep.fees)
    assert shallow.impact < 5 * deep.impact < 0
    assert shallow.fees == pytest.approx(deep.fees, rel=0.1)


def test_attribute__when_a_rebalance_is_refused__then_the_rule_is_named() -> None:
    """The budget for losses lets nothing through: the vault stays where it is, its shadow does not."""
    mandate = make_mandate([6_000, 3_000, 1_000], max_loss=1, loss_budget=1)
    found, ticks, difference = parts(mandate, Proportional(80), history(1))
    assert not any(tick.outcome for tick in ticks)
    assert found.rule == pytest.approx(difference)
    assert (found.fees, found.impact) == (0.0, 0.0)


def test_attribute__when_gas_is_paid__then_it_is_part_of_the_end() -> None:
    mandate = make_mandate([6_000, 3_000, 1_000])
    free, ticks, _ = parts(mandate, Proportional(10), history(1))
    dear, _, _ = parts(mandate, Proportional(10), history(1), gas=10**30)
    paid = sum(tick.outcome.gas_used for tick in ticks if tick.outcome) * 10**30
    assert free.gas == 0.0
    assert dear.gas == pytest.approx(-paid / ticks[-1].value, rel=0.02)


def test_attribute__of_a_tick_without_value__then_an_error() -> None:
    _, ticks, _ = parts(make_mandate([6_000, 3_000, 1_000]), Proportional(10), history(1, 30))
    shadow = frictionless(ticks, make_mandate([6_000, 3_000, 1_000]))
    with pytest.raises(InputError, match="ticks without a value"):
        attribute([replace(ticks[0], value=0), *ticks[1:]], shadow, Proportional(10).kept)


def test_tracking_error__then_the_deviation_of_the_difference() -> None:
    ours, theirs = [100, 110, 99, 120], [100, 108, 100, 118]
    gaps = np.diff(ours) / ours[:-1] - np.diff(theirs) / theirs[:-1]
    assert tracking_error([*ours, None], [*theirs, 5], 12.0) == pytest.approx(gaps.std(ddof=1) * 12**0.5)
    assert tracking_error(ours, ours, 12.0) == 0.0
    with pytest.raises(InputError, match="2 values"):
        tracking_error(ours[:2], theirs[:2], 12.0)


# ---- feeds and gas


def test_feeds__then_they_answer_on_deviation_or_heartbeat_and_pools_trade_at_the_market() -> None:
    found = history(2, 200, hours=1)
    seen = Feeds(deviation=50, heartbeat=DAY).seen(found)
    last: list[tuple[int, int]] = [(price, found[0].block.timestamp) for price in found[0].prices]
    for before, after in zip(found, seen, strict=True):
        assert after.worth == before.prices
        now = before.block.timestamp
        for asset, (price, at) in enumerate(last):
            moved = abs(before.prices[asset] / price - 1) >= 0.005
            if moved or now - at >= DAY:
                last[asset] = (before.prices[asset], now)
            assert after.prices[asset] == last[asset][0]
            assert after.updated_at is not None
            assert after.updated_at[asset] == last[asset][1]
    stale = sum(one.prices != one.worth for one in seen)
    assert 100 < stale < 200
    assert [one.prices for one in Feeds().seen(found)] == [one.prices for one in found]


def test_feeds__when_they_lag__then_trades_are_at_the_market_and_judged_by_the_feed() -> None:
    mandate = make_mandate([6_000, 3_000, 1_000], band=100, destination=20, cooldown=0)
    found = Feeds(deviation=100, heartbeat=DAY).seen(history(3, 600, hours=1))
    ticks = run(Setting(mandate, Proportional(0)), found, VALUE)
    done = [(tick, moment) for tick, moment in zip(ticks, found, strict=True) if tick.outcome]
    assert len(done) > 3
    gains = []
    for tick, moment in done:
        assert tick.prices == moment.prices
        for fill in tick.outcome.rebalance.fills if tick.outcome else ():
            sold, bought = (
                fill.amount_in * moment.worth[fill.sell],
                fill.amount_out * moment.worth[fill.buy],
            )
            assert bought == pytest.approx(sold, rel=1e-12)
            gains.append(fill.amount_out * tick.prices[fill.buy] / (fill.amount_in * tick.prices[fill.sell]) - 1)
    assert max(map(abs, gains)) > 1e-4
    assert max(map(abs, gains)) < 0.021


def test_feeds__when_the_heartbeat_of_the_mandate_is_over__then_the_vault_refuses() -> None:
    mandate = make_mandate([6_000, 3_000, 1_000])
    found = Feeds(deviation=10_000, heartbeat=3 * DAY).seen(history(4, 30))
    ticks = run(Setting(mandate, Proportional(10)), found, VALUE)
    assert ticks[2].reason is Reason.PRICE_UNUSABLE
    assert ticks[3].reason is not Reason.PRICE_UNUSABLE
    assert value_per_share(ticks[2]) is None


def test_with_gas__then_the_newest_price_before_each_moment_is_paid() -> None:
    found = history(1)
    days = pd.DatetimeIndex(["2000-12-31", "2001-02-01", "2001-02-01 12:00"], tz="UTC")
    prices = pd.DataFrame({"gwei": [10.0, 20.0, 40.0], "coin": [2_000.0, 2_500.0, 2_500.0]}, days)
    priced = with_gas(found, prices)
    assert priced[0].gas == 2 * 10 ** (36 - 5)  # 10 gwei of 2,000: 0.00002 a gas
    assert priced[31].gas == 5 * 10 ** (36 - 5)
    assert priced[32].gas == 10 * 10 ** (36 - 5)
    setting = Setting(make_mandate([6_000, 3_000, 1_000]), Proportional(10))
    ticks = run(setting, priced, VALUE)
    expected = sum(
        tick.outcome.gas_used * (moment.gas or 0) for tick, moment in zip(ticks, priced, strict=True) if tick.outcome
    )
    assert gas_paid(setting, priced, ticks) == expected > 0


def test_with_gas__of_prices_that_do_not_fit__then_an_error() -> None:
    days = pd.DatetimeIndex(["2001-01-05"], tz="UTC")
    with pytest.raises(InputError, match="no column coin"):
        with_gas(history(1), pd.DataFrame({"gwei": [1.0]}, days))
    with pytest.raises(InputError, match="begin on 2001-01-05"):
        with_gas(history(1), pd.DataFrame({"gwei": [1.0], "coin": [1.0]}, days))

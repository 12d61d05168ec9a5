"""Futures against the moments that they are made of, troubles against what they do; and one seed, one answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planning_pieces import make_mandate

from controller.backtest.engine import Gas, Setting
from controller.backtest.futures import FloatArray, Jumps, Normal, Regimes, Resampled, future, prices_from
from controller.backtest.history import moments
from controller.backtest.outcomes import ONE, by_compiled, by_engine
from controller.backtest.paper import Proportional, full_range
from controller.backtest.scenarios import EPISODES, GAS, TROUBLES, episode, held
from controller.backtest.simulation import Course, Simulation, replayed, simulate
from controller.errors import InputError
from controller.market import datasets
from controller.model import Reason
from controller.planning.budget import capacity, fraction_up
from controller.strategy.periods import simple_returns

NAMES = ("EQUITY", "BOND", "GOLD")
MANDATE = make_mandate([6_000, 3_000, 1_000])
PAST = datasets.macro().loc["1990-01":, list(NAMES)]
RETURNS = simple_returns(PAST, NAMES)
MONTH = 2_629_800
COURSE = Course(MANDATE, NAMES, PAST, MONTH, 36)
VALUE = 10**6 * ONE


def run(
    name: str = "bootstrap",
    *,
    paths: int = 6,
    seed: int = 1,
    trouble: str | None = None,
    jobs: int = 1,
    setting: Setting | None = None,
    course: Course = COURSE,
) -> Simulation:
    troubles = () if trouble is None else (TROUBLES[trouble],)
    chosen = setting or Setting(MANDATE, Proportional(10))
    return simulate(chosen, course, future(name, RETURNS), VALUE, paths=paths, seed=seed, troubles=troubles, jobs=jobs)


# ---- futures


def drawn(name: str, periods: int = 40_000) -> FloatArray:
    return np.log1p(future(name, RETURNS).draw(np.random.default_rng(7), periods))


LOGS = np.log1p(RETURNS)


@pytest.mark.parametrize("name", ["bootstrap", "normal", "jumps", "regimes", "together"])
def test_draw__of_any_future__then_the_means_are_those_of_history(name: str) -> None:
    error = LOGS.std(0) / 40_000**0.5
    assert (np.abs(drawn(name).mean(0) - LOGS.mean(0)) < 6 * error).all()


@pytest.mark.parametrize("name", ["bootstrap", "normal"])
def test_draw__of_what_keeps_the_covariance__then_it_is_that_of_history(name: str) -> None:
    found = drawn(name)
    assert found.std(0) == pytest.approx(LOGS.std(0), rel=0.03)
    assert np.corrcoef(found.T) == pytest.approx(np.corrcoef(LOGS.T), abs=0.03)


def test_draw__together__then_every_correlation_is_one_and_volatilities_stay() -> None:
    found = drawn("together")
    assert np.corrcoef(found.T) == pytest.approx(np.ones((3, 3)), abs=1e-9)
    assert found.std(0) == pytest.approx(LOGS.std(0), rel=0.02)


def test_draw__of_jumps__then_the_tail_is_merton_s() -> None:
    """Variance sigma^2 (1 + rate (size^2 + 1)); so many more periods below four deviations than a normal one has."""
    found = drawn("jumps")
    jumps = Jumps(Normal.of(RETURNS))
    wider = 1.0 + jumps.rate * (jumps.size**2 + 1.0)
    assert found.var(0) == pytest.approx(LOGS.var(0) * wider, rel=0.08)
    low = found < LOGS.mean(0) - 4.0 * LOGS.std(0)
    assert low.mean() == pytest.approx(0.01, abs=0.004)  # half of the jumps, which are one period in fifty
    assert (low.all(1).sum() / low.any(1).sum()) > 0.05  # all assets at once, not each for itself


def test_draw__of_regimes__then_they_last_and_differ() -> None:
    regimes = Regimes.of(RETURNS)
    assert np.trace(regimes.stressed.covariance) > 1.5 * np.trace(regimes.calm.covariance)
    assert regimes.begins < 0.15
    found = drawn("regimes")
    size = (np.abs(found) / found.std(0)).mean(1)
    follows = np.corrcoef(size[:-1], size[1:])[0, 1]
    assert follows > 0.03  # volatility clusters, which a normal future does not
    calm = drawn("normal")
    assert abs(np.corrcoef(np.abs(calm[:-1, 0]), np.abs(calm[1:, 0]))[0, 1]) < 0.02


def test_resampled__then_rows_stay_whole_and_follow_each_other() -> None:
    rows = np.arange(300.0)[:, None] + np.array([0.0, 0.5])
    found = Resampled(rows).draw(np.random.default_rng(1), 5_000)
    assert (found[:, 1] - found[:, 0] == 0.5).all()
    follows = (np.diff(found[:, 0]) % 300 == 1).mean()
    assert follows == pytest.approx(1 - 300 ** (-1 / 3), abs=0.02)


def test_future__of_too_little_or_no_such_name__then_an_error() -> None:
    with pytest.raises(InputError, match="drawn from 5 returns"):
        future("normal", RETURNS[:5])
    with pytest.raises(InputError, match="There are: bootstrap, normal"):
        future("tea leaves", RETURNS)


# ---- many paths


def test_simulate__on_one_core_or_two__then_the_same_to_the_bit() -> None:
    one, two = run(paths=10), run(paths=10, jobs=2)
    assert one.outcomes == two.outcomes
    assert (one.values == two.values).all()
    assert run(paths=6).outcomes == one.outcomes[:6]
    assert run(paths=6, seed=2).outcomes != one.outcomes[:6]


@pytest.mark.parametrize("name", ["normal", "jumps", "regimes"])
def test_simulate__compiled__then_the_same_to_the_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Troubles and parts that are not compiled are left to the engine, path by path."""
    ours = Setting(MANDATE, Proportional(30), gas=Gas(price=10**27))
    cases = [(ours, None), (ours, "gas"), (ours, "frozen-feed"), (Setting(MANDATE, full_range(MANDATE, 10**43)), None)]
    for setting, trouble in cases:
        plain = run(name, paths=4, setting=setting, trouble=trouble)
        with monkeypatch.context() as patched:
            patched.setattr("controller.backtest.simulation.MANY", 1)
            fast = run(name, paths=4, setting=setting, trouble=trouble)
        assert plain.outcomes == fast.outcomes
        assert (plain.values == fast.values).all()


def test_by_compiled__then_the_steps_of_the_engine_or_a_refusal_by_name() -> None:
    happened = moments(MANDATE, NAMES, PAST.loc["2007":"2012"])
    setting = Setting(MANDATE, Proportional(10))
    steps = by_compiled(setting, happened, VALUE)
    assert steps == by_engine(setting, happened, VALUE, None)
    assert sum(bool(step.fills) for step in steps) > 2
    with pytest.raises(InputError, match="not compiled"):
        by_compiled(setting, TROUBLES["stuck-feed"].moments(happened), VALUE)


def test_simulate__without_any_risk__then_every_number_is_known() -> None:
    """Returns that never differ: growth is theirs, and nothing drifts, falls, or is traded."""
    still = Course(MANDATE, NAMES, pd.DataFrame(100.0, PAST.index, list(NAMES)), MONTH, 12)
    flat = Normal(np.full(3, 0.01), np.zeros((3, 3)))
    found = simulate(Setting(MANDATE, Proportional(10)), still, flat, VALUE, paths=2, seed=1)
    for one in found.outcomes:
        assert one.growth == pytest.approx(np.exp(0.12) - 1, rel=1e-6)
        assert (one.rebalances, one.cost, one.loss_budget, one.fall) == (0, 0.0, 0.0, 0.0)
        assert one.worst_drift == pytest.approx(0.0, abs=1e-6)


def test_replayed__then_costs_drift_and_budget_are_those_of_the_ticks() -> None:
    from controller.backtest.engine import run as engine

    setting = Setting(MANDATE, Proportional(10), gas=Gas(price=10**30))
    happened = moments(MANDATE, NAMES, PAST.loc["2007":"2010"])
    ticks = engine(setting, happened, VALUE)
    (one,) = replayed(setting, happened, VALUE).outcomes
    done = [tick.outcome for tick in ticks if tick.outcome]
    assert one.rebalances == len(done) > 1
    assert one.gas == pytest.approx(sum(each.gas_used for each in done) * 1e-6)
    sold = sum(fill.amount_in * each.rebalance.prices[fill.sell] for each in done for fill in each.rebalance.fills)
    years = (happened[-1].block.timestamp - happened[0].block.timestamp) / (365.25 * 86_400)
    mean = np.mean([tick.value for tick in ticks])
    assert one.cost == pytest.approx(sold * 0.001 / mean / years, rel=1e-6)
    assert one.worst_drift == pytest.approx(max(tick.drift for tick in ticks) / 1e18, abs=1e-12)
    first = done[0].rebalance
    lost = sum(f.amount_in * first.prices[f.sell] - f.amount_out * first.prices[f.buy] for f in first.fills)
    assert one.loss_budget >= fraction_up(lost, first.value_before) / capacity(MANDATE.limits.loss_budget)


def test_replayed__twice_in_pools__then_the_second_does_not_find_what_the_first_has_left() -> None:
    mandate = make_mandate([6_000, 3_000, 1_000], band=100, destination=50)
    fresh, used = (Setting(mandate, full_range(mandate, 5 * 10**6 * ONE)) for _ in range(2))
    later = moments(mandate, NAMES, episode("2020", PAST))
    alone = replayed(fresh, later, VALUE)
    assert alone.outcomes[0].rebalances > 1
    replayed(used, moments(mandate, NAMES, episode("2008", PAST)), VALUE)
    assert replayed(used, later, VALUE).outcomes == alone.outcomes


def test_simulate__then_goals_are_counted() -> None:
    found = run(paths=8)
    finals = sorted(one.final for one in found.outcomes)
    goal = (finals[2] + finals[3]) / 2
    assert found.reached(goal).share == 5 / 8
    assert found.shortfall(goal) == pytest.approx(goal - np.mean(finals[:3]))
    assert found.shortfall(0.0) == 0.0
    assert [each.value for each in found.missing(0.0)] == [0.0] * 3
    assert found.missing(goal)[2].value == pytest.approx(goal - np.quantile(finals, 0.05))
    assert found.missing(goal)[1].value == 0.0
    low, middle, high = found.quantiles("final")
    assert low.value < middle.value < high.value
    assert middle.low <= middle.value <= middle.high


def test_simulate__of_nothing__then_an_error() -> None:
    with pytest.raises(InputError, match="are nothing"):
        run(paths=0)
    with pytest.raises(InputError, match="No process"):
        run(jobs=0)
    fall = Normal(np.full(3, -9.0), np.zeros((3, 3)))
    with pytest.raises(InputError, match="its feed cannot say"):
        simulate(Setting(MANDATE, Proportional(10)), COURSE, fall, VALUE, paths=1, seed=1)


# ---- what goes wrong


def test_frozen_feed__while_it_stands_still__then_nothing_is_traded_and_the_reason_is_named() -> None:
    from controller.backtest.engine import run as engine

    happened = moments(MANDATE, NAMES, PAST.loc["2007":"2010"])
    frozen = TROUBLES["frozen-feed"].moments(happened)
    ticks = engine(Setting(MANDATE, Proportional(10)), frozen, VALUE)
    middle = [place for place, moment in enumerate(frozen) if moment.market is not None]
    assert len(middle) == 15
    assert all(ticks[place].reason is Reason.PRICE_UNUSABLE for place in middle)
    assert "PriceStale" in ticks[middle[0]].detail
    whole = engine(Setting(MANDATE, Proportional(10)), happened, VALUE)
    assert any(whole[place].outcome for place in middle)


def test_stuck_feed__when_the_market_has_moved__then_trades_lose_no_more_than_the_limit() -> None:
    from controller.backtest.engine import run as engine

    prices = pd.DataFrame(100.0, PAST.index[:30], list(NAMES))
    prices.iloc[8:, 0] = 160.0  # due, and then the feed sticks
    prices.iloc[12:, 1] = 50.0
    happened = moments(MANDATE, NAMES, prices)
    stuck = TROUBLES["stuck-feed"].moments(happened)
    assert [m.prices for m in stuck[11:20]] == [happened[10].prices] * 9
    assert [m.worth for m in stuck] == [m.prices for m in happened]
    ticks = engine(Setting(MANDATE, Proportional(10)), stuck, VALUE)
    for tick in ticks:
        for fill in tick.outcome.rebalance.fills if tick.outcome else ():
            sold, bought = (fill.amount_in * tick.prices[fill.sell], fill.amount_out * tick.prices[fill.buy])
            assert bought * 10_000 >= sold * (10_000 - MANDATE.limits.max_slippage)


def test_dry__then_trades_cost_more_while_liquidity_is_gone_and_no_more_afterwards() -> None:
    deep, shallow = (Setting(MANDATE, full_range(MANDATE, depth * ONE)) for depth in (10**8, 10**7))
    wet, dry = run(setting=deep, paths=8), run(setting=deep, paths=8, trouble="dry")
    assert sum(one.cost for one in dry.outcomes) > 1.05 * sum(one.cost for one in wet.outcomes)
    # where a trade would lose too much, none is made
    wet, dry = run(setting=shallow, paths=8), run(setting=shallow, paths=8, trouble="dry")
    assert sum(one.rebalances for one in dry.outcomes) < sum(one.rebalances for one in wet.outcomes)
    dried = TROUBLES["dry"].setting(deep, 9).market
    happened = moments(MANDATE, NAMES, PAST.iloc[:1])[0].prices
    held = []
    for _ in range(9):
        dried.move(happened)
        held.append(max(pool.liquidity for pool in dried.market.pools.values()))  # type: ignore[attr-defined]
    assert [round(held[0] / each) for each in held] == [1, 1, 1, 20, 20, 20, 1, 1, 1]
    assert run(trouble="dry", paths=3).outcomes != run(paths=3).outcomes  # also where a market has only a price


def test_gas__then_the_same_trades_for_a_hundred_times_as_much() -> None:
    setting = Setting(MANDATE, Proportional(10), gas=Gas(price=10**27))
    for one, other in zip(run(setting=setting).outcomes, run(setting=setting, trouble="gas").outcomes, strict=True):
        assert other.gas == pytest.approx(one.gas * GAS)
        assert replace(other, gas=one.gas) == one


# ---- what happened


@pytest.mark.parametrize("name", EPISODES)
def test_episode__of_the_bundled_history__then_it_is_there_and_equity_fell(name: str) -> None:
    found = episode(name, datasets.macro())
    prices = found["EQUITY"].to_numpy()
    assert prices.min() / np.maximum.accumulate(prices).max() < 0.9
    assert str(found.index[0])[:7] == EPISODES[name].first


def test_episode__when_the_history_is_another__then_it_is_said() -> None:
    assert held("2020", datasets.crypto())
    assert not held("2008", datasets.crypto())
    with pytest.raises(InputError, match="does not hold 2008"):
        episode("2008", datasets.crypto())
    with pytest.raises(InputError, match="no episode '1929'"):
        episode("1929", datasets.macro())


def test_prices_from__then_growth_is_compounded() -> None:
    assert prices_from(np.array([100.0]), np.array([[0.1], [-0.5]])) == pytest.approx(np.array([[100], [110], [55]]))

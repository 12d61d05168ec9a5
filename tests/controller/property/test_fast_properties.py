"""The compiled path against the engine: over the same random paths and mandates, the same trades to the last unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from planning_pieces import DAY, make_mandate

from controller.backtest.engine import Setting
from controller.backtest.engine import run as run_engine
from controller.backtest.fast import Track
from controller.backtest.moments import Moment, moments_of
from controller.backtest.paper import Proportional
from controller.errors import InputError
from controller.model import Mandate, Period, Reason, Scope, TickRecord, TriggerKind

VALUE = 10**6 * 10**36
START = 10_957 * DAY  # 2000-01-01


@st.composite
def mandates(draw: st.DrawFn) -> Mandate:
    """Of two to seven assets, with every kind of trigger, some too tight for what they would have to do."""
    assets = draw(st.integers(2, 7))
    parts = draw(st.lists(st.integers(0, 20), min_size=assets, max_size=assets).filter(any))
    targets = [part * 10_000 // sum(parts) for part in parts]
    targets[targets.index(max(targets))] += 10_000 - sum(targets)
    kind = draw(st.sampled_from(list(TriggerKind)))
    band, relative = draw(st.sampled_from([(100, 0), (300, 0), (0, 1_000), (500, 2_500), (1_000, 500)]))
    return make_mandate(
        targets,
        draw(st.lists(st.sampled_from([6, 8, 18]), min_size=assets, max_size=assets)),
        kind=kind,
        band=band,
        relative_band=relative,
        period=draw(st.sampled_from(list(Period))),
        every=draw(st.integers(1, 3)) if kind is not TriggerKind.THRESHOLD else 0,
        anchor=START + draw(st.integers(-400, 100)) * DAY if kind is not TriggerKind.THRESHOLD else 0,
        cooldown=draw(st.sampled_from([0, 3 * DAY, 30 * DAY])),
        destination=draw(st.sampled_from([0, band // 2, band])),
        relative_destination=draw(st.sampled_from([0, relative // 2, relative])),
        scope=draw(st.sampled_from(list(Scope))),
        window=draw(st.sampled_from([0, 0, 10 * DAY])),
        min_trade=draw(st.sampled_from([1, 100, 5_000, 40_000])) * 10**18,
        max_trades=draw(st.sampled_from([1, 2, 16, 16])),
        max_loss=draw(st.sampled_from([5, 50, 500])),
        loss_budget=draw(st.sampled_from([10, 1_000])),
        turnover_budget=draw(st.sampled_from([1_000, 40_000])),
        max_slippage=draw(st.sampled_from([20, 100])),
    )


def path(mandate: Mandate, seed: int, days: int, swing: float) -> list[Moment]:
    steps = np.random.default_rng(seed).normal(0.0, swing, size=(days, len(mandate.assets)))
    steps[:, 0] = 0.0  # a dollar
    prices = np.round(100 * np.exp(np.cumsum(steps, axis=0)) * 10**8).astype(np.int64)
    return moments_of(mandate, [START + day * DAY for day in range(days)], [[int(p) for p in row] for row in prices])


def trades(ticks: list[TickRecord]) -> list[tuple[int, tuple[object, ...]]]:
    return [(place, tick.outcome.rebalance.fills) for place, tick in enumerate(ticks) if tick.outcome]


def assert_same(mandate: Mandate, moments: list[Moment], cost: int) -> int:
    """Returns the number of rebalances, -1 where they had to be made in parts."""
    track, setting = Track.of(mandate, moments), Setting(mandate, Proportional(cost))
    if mandate.destination.window and not track.measure([setting], VALUE).done[0]:
        with pytest.raises(InputError, match="in parts"):
            track.run(setting, VALUE)
        return -1
    fast = track.run(setting, VALUE)
    ticks = run_engine(Setting(mandate, Proportional(cost)), moments, VALUE)
    assert [(each.place, each.fills) for each in fast.rebalances] == trades(ticks)
    assert fast.values == pytest.approx([float(tick.value) / 10**36 for tick in ticks], rel=1e-12)
    for place, tick in enumerate(ticks):
        idle = {Reason.IN_BAND, Reason.BEFORE_PERIOD, Reason.COOLING_DOWN, Reason.AT_DESTINATION}
        said = fast.reasons.get(place)
        assert tick.outcome or (tick.reason is said if said else tick.reason in idle), place
    return len(fast.rebalances)


@given(
    mandate=mandates(),
    seed=st.integers(0, 10**6),
    cost=st.sampled_from([0, 0, 1, 10, 19, 20, 60]),
    swing=st.sampled_from([0.01, 0.03, 0.08]),
)
def test_compiled__over_random_paths_and_mandates__then_the_engines_trades_to_the_last_unit(
    mandate: Mandate, seed: int, cost: int, swing: float
) -> None:
    found = assert_same(mandate, path(mandate, seed, 120, swing), cost)
    event("in parts" if found < 0 else "idle" if not found else "few" if found < 10 else "many")


@pytest.mark.parametrize("band", [100, 500, 1_000])
def test_compiled__when_a_drift_meets_its_band_exactly__then_it_is_due(band: int) -> None:
    """Prices that put the drift on the band, one unit of the feed below it, and one above."""
    mandate = make_mandate([5_000, 5_000], band=band, destination=0)
    # 5,000 bps + band of the value: p / (p + 1) = 1/2 + band, so p = (1 + 2 * band) / (1 - 2 * band)
    exact = 10**12 * (10_000 + 2 * band) // (10_000 - 2 * band)
    counts = []
    for off in (-(10**4), -1, 0, 1, 10**4):
        answers = [[10**12, 10**12], [exact + off, 10**12], [exact + off, 10**12]]
        moments = moments_of(mandate, [START + day * DAY for day in range(3)], answers)
        counts.append(assert_same(mandate, moments, 0))
    assert counts[0] == 0
    assert counts[-1] == 1


def test_compiled__when_two_assets_tie_in_everything__then_the_engines_choice() -> None:
    mandate = make_mandate([2_000] * 5, band=200, destination=100)
    rows = [[10**10] * 5, [12 * 10**9, 10**10, 12 * 10**9, 10**10, 10**10], [10**10] * 5]
    moments = moments_of(mandate, [START + day * DAY for day in range(3)], rows)
    assert assert_same(mandate, moments, 10) == 1


def test_measures__of_many_at_once__then_those_of_each_alone() -> None:
    base = make_mandate([4_000, 3_000, 3_000], destination=0, cooldown=0)
    moments = path(base, 3, 400, 0.02)
    track = Track.of(base, moments)
    settings = [
        Setting(replace(base, trigger=replace(base.trigger, band=band)), Proportional(10)) for band in (100, 300, 700)
    ]
    found = track.measure(settings, VALUE)
    assert found.done.all()
    for setting, row in zip(settings, found.table, strict=True):
        alone = track.run(setting, VALUE)
        assert row[10] == len(alone.rebalances)
        assert row[11] == sum(len(each.fills) for each in alone.rebalances)
        assert row[12] == alone.values[-1]
    assert len({*found.table[:, 10]}) == 3

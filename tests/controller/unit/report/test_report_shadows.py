"""The shadows: the same rule, for nothing, and no second implementation of it."""

from __future__ import annotations

import numpy as np
import pytest

from controller.model import Period, Scope, Trigger, TriggerKind
from controller.planning import rules
from controller.report.shadows import buy_and_hold, frictionless

D36 = 10**36


def test_buy_and_hold__first_tick_without_price__starts_at_the_first_book_with_a_value(tiny, tick_of):
    blind = tick_of(tiny.mandate, 0, (5, 5), (0, 10**8), 10**18)

    assert buy_and_hold((blind, *tiny.ticks)) == (None, D36, 1125 * D36 // 1000, D36)


def test_frictionless__below_band__never_trades(tiny, tick_of):
    answers = ((10**8, 100 * 10**8), (10**8, 122 * 10**8), (10**8, 82 * 10**8))
    balances = tiny.ticks[0].balances
    ticks = [tick_of(tiny.mandate, number, balances, answer, 10**18) for number, answer in enumerate(answers)]

    shadow = frictionless(ticks, tiny.mandate)

    assert shadow.rebalances == ()
    assert shadow.series == buy_and_hold(ticks)


def test_frictionless__exactly_at_band__trades(mandate_of, tick_of):
    mandate = mandate_of((5000, 5000), (6, 18), band=1000)
    tick = tick_of(mandate, 0, (40 * 10**6, 60 * 10**18), (10**8, 10**8), 10**18)

    assert frictionless((tick,), mandate).rebalances == (0,)


def test_frictionless__cooling_down__waits_for_its_own_last_rebalance(mandate_of, tick_of):
    mandate = mandate_of((5000, 5000), (6, 18), cooldown=2 * 86_400)
    answers = ((10**8, 125 * 10**8), (10**8, 160 * 10**8), (10**8, 160 * 10**8), (10**8, 160 * 10**8))
    ticks = [
        tick_of(mandate, number, (1000 * 10**6, 10 * 10**18), answer, 10**18) for number, answer in enumerate(answers)
    ]

    assert frictionless(ticks, mandate).rebalances == (0, 2)


def test_frictionless__scope_breach__leaves_the_others_alone_where_it_can(mandate_of, tick_of):
    # 60 / 26 / 14 of 50 / 33 / 17: only the first two are in breach, so the third keeps its share
    changes = {"band": 600, "destination": 100}
    book = mandate_of((5000, 3300, 1700), (18, 18, 18), scope=Scope.BOOK, **changes)
    breach = mandate_of((5000, 3300, 1700), (18, 18, 18), scope=Scope.BREACH, **changes)
    balances = (60 * 10**18, 26 * 10**18, 14 * 10**18)
    ticks = [tick_of(book, number, balances, (10**8,) * 3, 10**18) for number in range(2)]

    whole, part = frictionless(ticks, book), frictionless(ticks, breach)

    assert whole.rebalances == part.rebalances == (0,)
    assert whole.traded >= part.traded > 0


@pytest.mark.parametrize("seed", [4, 5])
def test_frictionless__two_assets_four_hundred_ticks__a_float_replay_agrees(mandate_of, tick_of, seed):
    """Of two assets only one trade reaches the destination, so a replay in floats needs no rule for pairs."""
    mandate = mandate_of((6000, 4000), (18, 6), min_trade=10**10)
    chance = np.random.default_rng(seed)
    prices = np.array([100.0, 50.0]) * np.exp(np.cumsum(chance.normal(0.0, 0.03, (400, 2)), axis=0))
    start = (600 * 10**18, 800 * 10**6)
    ticks = [
        tick_of(mandate, number, start, [round(price * 10**8) for price in row], 10**21)
        for number, row in enumerate(prices)
    ]

    shadow = frictionless(ticks, mandate)

    amounts, traded = np.array([600.0, 800.0]), []
    for place, row in enumerate(prices):
        held = amounts * row
        assert shadow.series[place] / 1e36 == pytest.approx(held.sum() / 1000, rel=1e-6)
        off = held[0] / held.sum() - 0.6
        if abs(off) >= 0.05:
            moved = (abs(off) - 0.01) * np.sign(off) * held.sum()
            amounts = (held - np.array([moved, -moved])) / row
            traded.append(place)
    assert shadow.rebalances == tuple(traded)
    assert len(traded) > 5, "a run without rebalances shows nothing"


def test_frictionless__every_rebalance__is_due_by_the_rules_of_the_contract(synthetic):
    run = synthetic(300, 6)
    shadow = frictionless(run.ticks, run.mandate)
    first = shadow.rebalances[0]
    start = next(tick for tick in run.ticks if all(tick.prices))

    bands, targets = rules.Bands.of(run.mandate), start.targets

    assert bands.breaches(rules.values(start.balances, run.ticks[first].prices), targets)
    assert not any(
        bands.breaches(rules.values(start.balances, tick.prices), targets)
        for tick in run.ticks[:first]
        if all(tick.prices)
    )


def test_frictionless__calendar_alone__once_a_period(mandate_of, tick_of):
    """Days from 1,000,000 s: every second day from the first on, and only where there is something to trade."""
    weekly = Trigger(TriggerKind.CALENDAR, 0, 0, Period.DAY, 2, 1_000_000, 0)
    mandate = mandate_of((5000, 5000), (6, 18), trigger=weekly, destination=0)
    answers = [(10**8, (125 + number) * 10**8) for number in range(6)]
    ticks = [
        tick_of(mandate, number, (1000 * 10**6, 10 * 10**18), answer, 10**18) for number, answer in enumerate(answers)
    ]

    assert frictionless(ticks, mandate).rebalances == (0, 2, 4)


def test_frictionless__targets_moved__follows_those_of_each_tick(mandate_of, tick_of):
    before, after = mandate_of((5000, 5000), (6, 18)), mandate_of((6000, 4000), (6, 18))
    ticks = [
        tick_of(mandate, 0, (1000 * 10**6, 10 * 10**18), (10**8, 100 * 10**8), 10**18) for mandate in (before, after)
    ]

    assert frictionless(ticks, before).rebalances == (1,)


def test_frictionless__turnover_budget_too_small__goes_on_in_parts(mandate_of, tick_of):
    """6.1% have to be sold and 5% may be at once, which leak within a week: the rest follows, though it is in band."""
    changes = {"turnover_budget": 1_000, "budget_window": 7 * 86_400, "window": 3 * 86_400}
    mandate = mandate_of((5000, 5000), (6, 18), destination=0, **changes)
    ticks = [tick_of(mandate, number, (1000 * 10**6, 10 * 10**18), (10**8, 128 * 10**8), 10**18) for number in range(5)]

    shadow = frictionless(ticks, mandate)

    assert len(shadow.rebalances) > 1
    assert shadow.rebalances[0] == 0
    assert shadow.traded == pytest.approx(2280 * 0.0614 * 1e36, rel=0.01)

"""Almgren and Chriss: slices against the closed form, against the minimum of their own objective, and in a vault."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from planning_pieces import DOLLAR, HEAD, NOW, Venue, make_mandate, make_snapshot, price, worth

from controller.model import NoTrade, Plan, Reason
from controller.planning.plan import decide
from controller.planning.slicing import Slicing, remaining
from controller.planning.worth import Terms
from controller.units import D18

HOUR = 3_600


def held(slicing: Slicing, whole: int) -> list[float]:
    """{1} of an order that is left after each slice."""
    left, kept = whole, [1.0]
    while left > 0:
        kept.append(kept[-1] * (1 - slicing.share(left) / D18))
        left -= slicing.interval
    return kept


@pytest.mark.parametrize("kappa", [1e-6, 1e-5, 1e-4, 1e-3])
def test_slices__one_after_another__then_the_closed_form(kappa: float) -> None:
    slicing = Slicing(round(kappa * D18), HOUR)
    expected = [math.sinh(kappa * (24 * HOUR - step * HOUR)) / math.sinh(kappa * 24 * HOUR) for step in range(25)]
    assert held(slicing, 24 * HOUR) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("ratio", [1e-10, 1e-8, 1e-7])
def test_optimal__of_any_risk_and_impact__then_the_minimum_of_cost_and_risk(ratio: float) -> None:
    """Stationarity of sum((x[j-1] - x[j])**2 / tau) + ratio * tau * sum(x[j]**2), solved as a linear system."""
    steps = 24
    inner = np.diag([2 + ratio * HOUR**2] * (steps - 1)) - np.eye(steps - 1, k=1) - np.eye(steps - 1, k=-1)
    expected = np.linalg.solve(inner, np.eye(steps - 1)[0])
    found = held(Slicing.optimal(round(ratio * D18), HOUR), steps * HOUR)
    assert found[1:-1] == pytest.approx(expected, abs=1e-10)
    assert found[-1] == 0


def test_remaining__without_urgency__then_even() -> None:
    assert [float(remaining(0, left, 4)) for left in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    assert held(Slicing(0, HOUR), 4 * HOUR) == [1, 0.75, 0.5, 0.25, 0]


def test_share__when_less_than_an_interval_is_left__then_all_of_it() -> None:
    assert Slicing(D18 // 10**4, HOUR).share(HOUR) == D18 == Slicing(0, HOUR).share(1)


def test_decide__with_a_schedule__then_slices_wait_for_their_time_and_the_last_one_ends_at_the_destination() -> None:
    prices = [price(10, 18), price(1, 18)]
    mandate = make_mandate((5_000, 5_000), window=4 * HOUR, destination=0, max_loss=100, max_slippage=300)
    snapshot = make_snapshot(mandate, [70_000 * 10**18, 300_000 * 10**18], prices)
    terms = Terms(slicing=Slicing(0, HOUR))
    venue = Venue.around(snapshot, 10**9 * DOLLAR, 100)
    sold, now, opened = [], NOW, 0
    while True:
        decision = decide(
            snapshot, snapshot.targets, venue.quote, now=now, deadline=now + 60, journal_head=HEAD, tolerance=30,
            terms=terms,
        )  # fmt: skip
        if isinstance(decision, NoTrade):
            assert decision.reason is Reason.BEFORE_SLICE
            now = decision.until
            continue
        sold.append(sum(trade.amount_in for trade in decision.trades))
        if not decision.part:
            break
        opened = opened or now
        snapshot = traded(snapshot, decision, venue, now, opened + 4 * HOUR)
        now += 12
    assert len(sold) == 4
    assert max(sold) < 1.1 * min(sold), "evenly"
    assert now - opened == 3 * HOUR
    assert sum(sold) * 10 == pytest.approx(200_000 * 10**18, rel=1e-3)


def test_decide__an_order_too_small_to_be_sliced__then_whole() -> None:
    mandate = make_mandate((5_000, 5_000), window=4 * HOUR, min_trade=1_000 * 10**18)
    snapshot = make_snapshot(mandate, [6_800 * 10**18, 3_200 * 10**18], [DOLLAR // 10**18] * 2)
    venue = Venue.around(snapshot, 10**9 * DOLLAR, 100)
    decision = decide(
        snapshot, snapshot.targets, venue.quote, now=NOW, deadline=NOW + 60, journal_head=HEAD, tolerance=30,
        terms=Terms(slicing=Slicing(0, HOUR)),
    )  # fmt: skip
    assert isinstance(decision, Plan)
    assert not decision.part


def traded(snapshot, plan: Plan, venue: Venue, now: int, until: int):  # type: ignore[no-untyped-def]
    """After a part."""
    fills, broken = venue.execute(snapshot, plan)
    assert not broken
    balances = list(snapshot.balances)
    for fill in fills:
        balances[fill.sell] -= fill.amount_in
        balances[fill.buy] += fill.amount_out
    status = replace(snapshot.status, open_until=until, last_rebalance=now, breaches=3)
    after = replace(snapshot, balances=tuple(balances), status=status)
    assert sum(worth(after, balances))
    return after

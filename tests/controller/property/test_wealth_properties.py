"""Flows for random vaults: never past a target, never more drift, and the least that is enough."""

from __future__ import annotations

from hypothesis import assume, event, given
from hypothesis import strategies as st
from planning_books import vaults
from planning_pieces import BPS, worth

from controller.model import Snapshot
from controller.planning.flows import route_out
from controller.planning.rules import Bands
from controller.wealth.flows import plan_flow, whole_rebalance, withdrawal_into_band


@given(st.data(), vaults(), st.booleans())
def test_plan_flow__for_any_vault__then_one_direction_and_no_more_drift(
    data: st.DataObject, snapshot: Snapshot, inward: bool
) -> None:
    held = worth(snapshot, snapshot.balances)
    assume(sum(held))
    amount = data.draw(st.integers(0, sum(held) * (3 if inward else 1) - 1))
    plan = plan_flow(snapshot, amount, inward=inward)
    assert amount - BPS < sum(plan.values) <= amount
    assert all(value >= 0 for value in plan.values)
    assert all(
        tokens * price.value <= value
        for tokens, price, value in zip(plan.amounts, snapshot.prices, plan.values, strict=True)
    )
    # a withdrawal leaves few {quote}, of which the rounding of the route is more
    rounding = BPS * 10**18 // max(sum(held) - amount, 1) if not inward else 1
    assert plan.after.largest <= plan.before.largest + rounding + 1


@given(vaults(), st.booleans())
def test_withdrawal_into_band__for_any_vault__then_the_least_that_leaves_nothing_in_breach(
    snapshot: Snapshot, scaled: bool
) -> None:
    held, targets, bands = worth(snapshot, snapshot.balances), snapshot.targets, Bands.of(snapshot.mandate)
    held = held if scaled else [value // 10**40 for value in held]
    assume(sum(held))
    amount = withdrawal_into_band(held, targets, bands)
    event("never" if amount is None else "none" if amount == 0 else "some")

    def after(less: int) -> int:
        return bands.breaches([a - b for a, b in zip(held, route_out(held, targets, less), strict=True)], targets)

    if amount is None:
        assert after(sum(held) - 1)
        return
    assert after(amount) == 0
    assert amount == 0 or after(amount - 1) != 0


@given(vaults())
def test_whole_rebalance__for_any_vault__then_every_asset_ends_at_its_target(snapshot: Snapshot) -> None:
    held = worth(snapshot, snapshot.balances)
    assume(sum(held))
    after, prices = list(held), [price.value for price in snapshot.prices]
    for want in whole_rebalance(snapshot):
        value = want.amount_in * prices[want.sell]
        after[want.sell] -= value
        after[want.buy] += value
    total = sum(held)
    # each trade is rounded down by less than one smallest unit of what it sells, and left out below the smallest trade
    slack = BPS * ((sum(prices) + snapshot.mandate.min_trade_value) * len(prices) + 1)
    for value, target in zip(after, snapshot.targets, strict=True):
        assert abs(value * BPS - target * total) <= slack

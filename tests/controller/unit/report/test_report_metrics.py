"""The numbers of a run, by hand on three ticks and once more in floats on four hundred."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from controller.errors import InputError, NotFoundError
from controller.model import Cause, Reason
from controller.report.metrics import GasPrice, executions, summarise
from controller.units import D18

D36 = 10**36


def test_summarise__three_ticks_by_hand__every_number(tiny):
    summary = summarise(tiny.ticks, tiny.mandate)

    assert (summary.ticks, summary.rebalances, summary.idle_ticks, summary.failed_ticks, summary.planned) == (
        3,
        1,
        2,
        0,
        0,
    )
    assert summary.idle == {Reason.IN_BAND: 2}
    assert (summary.trades, summary.traded, summary.cost) == (1, 10250 * D36 // 100, 41 * D36 // 100)
    assert summary.cost_of_traded == 40 * D18 // 10_000
    assert summary.average_value == (200_000 + 225_000 + 202_009) * D36 // 100 // 3
    assert summary.turnover == 10_250 * 3 * D18 // 627_009
    assert summary.cost_of_value == 41 * 3 * D18 // 627_009
    assert summary.worst_trade == -40 * D18 // 10_000
    assert summary.max_drift == 555_555_555_555_555_55
    assert (summary.gas, summary.gas_per_rebalance, summary.gas_fees) == (200_000, 200_000, 600_000)
    assert summary.gas_value is None
    assert summary.causes == {Cause.THRESHOLD: 1}
    # 0.41 of 2,250 where half of 10% may be lost at once, and 102.50 where half of 400% may be sold
    assert summary.loss_budget_used == -(-41 * 10**14 // 225_000) * D18 // (5 * 10**12)
    assert summary.turnover_budget_used == -(-10_250 * 10**14 // 225_000) * D18 // (2 * 10**14)
    assert summary.vault_series == (D36, 1125 * D36 // 1000, 1_010_045 * D36 // 10**6)
    assert summary.hold_series == (D36, 1125 * D36 // 1000, D36)
    assert summary.frictionless.series == (D36, 1125 * D36 // 1000, 101_025 * D36 // 10**5)
    assert summary.frictionless.rebalances == (1,)
    assert summary.frictionless.traded == 10250 * D36 // 100
    assert (summary.vault_value, summary.hold_value) == (202_009 * D36 // 100, 2000 * D36)
    assert summary.frictionless_value == 20_205 * D36 // 10
    assert summary.growth == 10_045 * D18 // 10**6
    assert summary.against_hold == 10_045 * D18 // 10**6
    assert summary.against_frictionless == -41 * D18 // 202_050


def test_summarise__gas_price_given__gas_in_quote(tiny):
    # 20 gwei and 2,000 for a coin: 200,000 gas are 0.004 coins, 8.00
    summary = summarise(tiny.ticks, tiny.mandate, gas_price=GasPrice(20 * 10**9, 2000 * D36 // 10**18))

    assert summary.gas_value == 8 * D36


def test_summarise__mint_between_ticks__value_per_share_does_not_move(tiny, tick_of):
    first, due, _ = tiny.ticks
    third = tick_of(tiny.mandate, 2, (2_204_180_000, 1836 * 10**16), (10**8, 100 * 10**8), 4000 * 10**18)

    summary = summarise((first, due, third), tiny.mandate)

    assert summary.vault_series[2] == 1_010_045 * D36 // 10**6
    assert summary.frictionless.series[2] == 101_025 * D36 // 10**5
    assert summary.vault_value == 404_018 * D36 // 100, "the value itself doubles"
    assert summary.hold_value == 4000 * D36, "the shadows hold as many shares"
    assert summary.against_frictionless == -41 * D18 // 202_050


def test_summarise__price_missing_at_last_tick__ends_at_the_last_that_had_a_value(tiny, tick_of):
    blind = tick_of(tiny.mandate, 3, tiny.ticks[2].balances, (0, 10**8), 2000 * 10**18, reason=Reason.PRICE_UNUSABLE)

    summary = summarise((*tiny.ticks, blind), tiny.mandate)

    assert summary.vault_series[3] is summary.hold_series[3] is summary.frictionless.series[3] is None
    assert summary.vault_value == 202_009 * D36 // 100
    assert summary.average_value == 627_009 * D36 // 300
    assert summary.idle == {Reason.IN_BAND: 2, Reason.PRICE_UNUSABLE: 1}


def test_summarise__no_tick_has_a_value__no_ratio(tiny, tick_of):
    blind = tick_of(tiny.mandate, 0, (1, 1), (0, 0), 0, reason=Reason.NO_VALUE)

    summary = summarise((blind,), tiny.mandate)

    assert (summary.vault_value, summary.hold_value, summary.growth, summary.turnover) == (None,) * 4
    assert (summary.cost_of_traded, summary.against_hold, summary.gas_per_rebalance, summary.worst_trade) == (None,) * 4


def test_summarise__error_and_dry_run__counted_apart_and_once(tiny):
    first, due, third = tiny.ticks
    dry = replace(due, outcome=None)
    failed = replace(third, reason=Reason.IN_BAND, error="NodeError")

    summary = summarise((first, dry, failed), tiny.mandate)

    assert (summary.idle_ticks, summary.planned, summary.errors, summary.rebalances) == (1, 1, {"NodeError": 1}, 0)


def test_summarise__second_rebalance__budgets_leak_in_between_and_gains_do_not_offset(tiny):
    """Once a gain of 2.50 in between, once half of the window, in which a quarter of 10% leaks."""
    first, due, _ = tiny.ticks
    rebalance = due.outcome.rebalance
    fill = replace(rebalance.fills[0], amount_out=105_000_000)

    def later(days: int, **changes: object):
        block = replace(due.outcome.block, timestamp=due.outcome.block.timestamp + days * 86_400)
        return replace(due, outcome=replace(due.outcome, block=block, rebalance=replace(rebalance, **changes)))

    once = summarise((first, due), tiny.mandate)
    soon = summarise((first, due, later(0, fills=(fill,)), later(0)), tiny.mandate)
    long = summarise((first, due, later(15)), tiny.mandate)

    assert soon.loss_budget_used == 2 * once.loss_budget_used
    assert soon.turnover_budget_used == 3 * once.turnover_budget_used
    assert long.loss_budget_used == once.loss_budget_used
    assert long.causes == {Cause.THRESHOLD: 2}


def test_summarise__no_tick__says_what_to_do(tiny):
    with pytest.raises(NotFoundError, match="keeper run"):
        summarise((), tiny.mandate)


def test_summarise__two_vaults__refused(tiny):
    other = replace(tiny.ticks[1], vault="0x" + "99" * 20)

    with pytest.raises(InputError, match="2 vaults"):
        summarise((tiny.ticks[0], other), tiny.mandate)


def test_executions__bought_above_oracle__positive(tiny):
    due = tiny.ticks[1]
    rebalance = due.outcome.rebalance
    fill = replace(rebalance.fills[0], amount_out=103_525_000)
    lucky = replace(due, outcome=replace(due.outcome, rebalance=replace(rebalance, fills=(fill,))))

    assert executions((lucky,))[0].against_oracle == 100 * D18 // 10_000
    assert summarise((lucky,), tiny.mandate).cost == -1025 * D36 // 1000


def test_as_dict__json__big_integers_are_strings(tiny):
    document = json.loads(json.dumps(summarise(tiny.ticks, tiny.mandate).as_dict()))

    assert document["cost_d36"] == str(41 * D36 // 100)
    assert document["idle"] == {"in band": 2}
    assert document["gas_value_d36"] is None

    def integers(value: object) -> list[int]:
        inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        return [value] if isinstance(value, int) else [found for one in inner for found in integers(one)]

    assert max(integers(document)) < 2**53


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_summarise__four_hundred_ticks__floats_agree(synthetic, seed):
    run = synthetic(400, seed)
    summary = summarise(run.ticks, run.mandate)

    values = np.array([_value(tick.balances, tick.prices) for tick in run.ticks])
    shares = np.array([tick.supply / 1e18 for tick in run.ticks])
    known = np.array([all(tick.prices) for tick in run.ticks])
    first = run.ticks[int(np.argmax(known))]
    held = np.array([_value(first.balances, tick.prices) for tick in run.ticks]) / (first.supply / 1e18)
    trades = [(tick, fill) for tick in run.ticks if tick.outcome for fill in tick.outcome.rebalance.fills]
    sold = np.array([fill.amount_in * (tick.prices[fill.sell] / 1e36) for tick, fill in trades])
    bought = np.array([fill.amount_out * (tick.prices[fill.buy] / 1e36) for tick, fill in trades])

    assert len(trades) > 5, "a run without trades shows nothing"
    assert known.sum() < 400, "a run without gaps shows less"
    assert _floats(summary.vault_series) == pytest.approx((values / shares)[known], rel=1e-9)
    assert _floats(summary.hold_series) == pytest.approx(held[known], rel=1e-9)
    assert summary.turnover / 1e18 == pytest.approx(sold.sum() / values[known].mean(), rel=1e-9)
    assert summary.cost_of_traded / 1e18 == pytest.approx((sold - bought).sum() / sold.sum(), rel=1e-9)
    assert summary.cost_of_traded / 1e18 == pytest.approx(0.0030, rel=1e-3), "the venue takes 30 bps"
    assert summary.worst_trade / 1e18 == pytest.approx((bought / sold - 1).min(), rel=1e-6)
    assert summary.gas == sum(tick.outcome.gas_used for tick in run.ticks if tick.outcome)
    assert summary.rebalances + summary.idle_ticks + summary.failed_ticks + summary.planned == 400


def _value(balances: tuple[int, ...], prices: tuple[int, ...]) -> float:
    return float(np.dot(np.array(balances, dtype=float), np.array(prices, dtype=float))) / 1e36


def _floats(series: tuple[int | None, ...]) -> list[float]:
    return [value / 1e36 for value in series if value is not None]

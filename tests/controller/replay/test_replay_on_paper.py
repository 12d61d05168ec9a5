"""The backtest against a real EVM with the real contracts and pools: equal to the last unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from command import run
from rich.progress import Progress

from controller.cli.rehearsal import POOL_DEPTH, Rehearsal, rehearse
from controller.replay.compare import differences, on_paper
from controller.replay.markets import CRYPTO, MACRO, Market, series

RUNS = {"macro": (MACRO, "2007-06", "2010-06"), "crypto": (CRYPTO, "2020-03-01", "2020-06-30")}
DEPTH = POOL_DEPTH * 10**36


@pytest.fixture(scope="module", params=RUNS)
def rehearsed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    market: Market
    market, start, end = RUNS[request.param]
    with Progress(disable=True) as progress:
        return rehearse(market, series(market, start, end), "anvil", tmp_path_factory.mktemp("replay"), progress)


def test_backtest__of_what_a_chain_has_run__then_the_same_to_the_last_unit(rehearsed: Rehearsal) -> None:
    paper = on_paper(
        rehearsed.ticks, rehearsed.mandate, dollar=rehearsed.dollar, price=rehearsed.dollar_price, depth=DEPTH
    )
    assert list(differences(rehearsed.ticks, paper)) == []
    outcomes = [(one.outcome, other.outcome) for one, other in zip(rehearsed.ticks, paper, strict=True)]
    assert sum(one is not None for one, _ in outcomes) >= 2
    for one, other in outcomes:
        if one is not None and other is not None:
            assert other.rebalance.value_after == one.rebalance.value_after
            assert other.rebalance.cause is one.rebalance.cause


def test_differences__when_the_pools_are_another_depth__then_the_trades_of_the_first_rebalance(
    rehearsed: Rehearsal,
) -> None:
    shallow = on_paper(
        rehearsed.ticks, rehearsed.mandate, dollar=rehearsed.dollar, price=rehearsed.dollar_price, depth=DEPTH // 2
    )
    first = next(differences(rehearsed.ticks, shallow))
    assert first.tick == next(i for i, tick in enumerate(rehearsed.ticks) if tick.outcome)
    assert first.cause == "the trades"


def test_differences__when_the_band_is_another__then_the_decision_at_the_first_tick_that_it_changes(
    rehearsed: Rehearsal,
) -> None:
    mandate = rehearsed.mandate
    tighter = replace(mandate, trigger=replace(mandate.trigger, band=mandate.trigger.band // 2, cooldown=0))
    paper = on_paper(rehearsed.ticks, tighter, dollar=rehearsed.dollar, price=rehearsed.dollar_price, depth=DEPTH)
    assert next(differences(rehearsed.ticks, paper)).cause == "the decision"


def test_replay__by_the_command__then_equal_and_0(tmp_path: Path) -> None:
    done = run("replay", "--from", "2008-01", "--to", "2009-06", cwd=tmp_path)
    assert done.code == 0, done.said
    assert "Equal: 18 ticks" in done.said

"""Runs to report: one of three ticks that fits on paper, and a longer one made by planning against a costly venue."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import planning_pieces
import pytest

from controller.model import (
    BlockRef,
    Cause,
    Fill,
    Mandate,
    NoTrade,
    Outcome,
    Quote,
    Reason,
    Rebalance,
    Snapshot,
    TickRecord,
)
from controller.planning import plan, rules
from controller.planning.path import targets_at

VAULT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
DAY = 86_400
D36 = 10**36


@dataclass(frozen=True)
class Run:
    ticks: tuple[TickRecord, ...]
    mandate: Mandate


def make_mandate(targets: Sequence[int], decimals: Sequence[int], **changes: object) -> Mandate:
    """A band of 500 {bps}, a destination of 100, no cool-down, trades of 1 {quote} and more."""
    usual: dict[str, object] = {"name": "Half and half", "symbol": "HALF", "file_hash": b"\x07" * 32}
    usual |= {"destination": 100, "cooldown": 0, "min_trade": 10**18}
    return planning_pieces.make_mandate(targets, decimals, **{**usual, **changes})


def make_tick(
    mandate: Mandate, number: int, balances: Sequence[int], answers: Sequence[int], supply: int, **changes: object
) -> TickRecord:
    """A tick in band, one day after the other; `answers` with the 8 decimals of the feeds, 0 for none."""
    prices = tuple(asset.price_from_answer(answer) for asset, answer in zip(mandate.assets, answers, strict=True))
    held = rules.values(balances, prices)
    targets = targets_at(mandate.path, 1_000_000 + DAY * number)
    fields: dict[str, object] = {
        "vault": VAULT,
        "block": BlockRef(100 + 10 * number, number.to_bytes(32, "big"), 1_000_000 + DAY * number),
        "balances": tuple(balances),
        "prices": prices,
        "supply": supply,
        "value": sum(held) if all(prices) else 0,
        "targets": targets,
        "drift": rules.largest_drift(held, targets) if all(prices) else 0,
        "reason": Reason.IN_BAND,
        "detail": "",
        "plan_hash": None,
        "outcome": None,
    }
    return TickRecord(**{**fields, **changes})  # type: ignore[arg-type]


def make_outcome(tick: TickRecord, fills: Sequence[Fill], gas: int = 200_000) -> Outcome:
    after = list(tick.balances)
    for fill in fills:
        after[fill.sell] -= fill.amount_in
        after[fill.buy] += fill.amount_out
    held = rules.values(after, tick.prices)
    rebalance = Rebalance(
        keeper="0x" + "77" * 20,
        nonce=0,
        cause=Cause.THRESHOLD,
        open=False,
        plan_hash=b"\x08" * 32,
        journal_head=b"\x09" * 32,
        drift_before=tick.drift,
        drift_after=rules.largest_drift(held, tick.targets),
        value_before=tick.value,
        value_after=sum(held),
        prices=tick.prices,
        rounds=(1,) * len(tick.prices),
        fills=tuple(fills),
    )
    block = BlockRef(tick.block.number + 1, b"\x0b" * 32, tick.block.timestamp + 12)
    return Outcome(tick.block.number.to_bytes(32, "big"), block, gas, 3, rebalance)


@pytest.fixture
def tiny() -> Run:
    """Half A at 1.00, half B at 100, 125, 100. At the second tick 0.82 B, worth 102.50, is sold for 102.09 A.

    2,000 becomes 2,250, of which B is 55.56%: due. Back to 51% means 1,250 - 1,147.50 = 102.50 to sell. The venue takes
    40 bps of it, 0.41.
    """
    mandate = make_mandate((5000, 5000), (6, 18))
    shares = 2000 * 10**18
    first = make_tick(mandate, 0, (1000 * 10**6, 10 * 10**18), (10**8, 100 * 10**8), shares)
    due = make_tick(mandate, 1, first.balances, (10**8, 125 * 10**8), shares, reason=None, plan_hash=b"\x08" * 32)
    fill = Fill(1, 0, 0, 82 * 10**16, 102_090_000)
    second = make_tick(
        mandate,
        1,
        first.balances,
        (10**8, 125 * 10**8),
        shares,
        reason=None,
        plan_hash=b"\x08" * 32,
        outcome=make_outcome(due, [fill]),
    )
    third = make_tick(mandate, 2, (1_102_090_000, 918 * 10**16), (10**8, 100 * 10**8), shares)
    return Run((first, second, third), mandate)


@pytest.fixture
def tick_of() -> Callable[..., TickRecord]:
    return make_tick


@pytest.fixture
def mandate_of() -> Callable[..., Mandate]:
    return make_mandate


@pytest.fixture
def synthetic() -> Callable[..., Run]:
    """`synthetic(count, seed)`: random prices, some mints and redeems, some failed ticks, a venue that takes 30 bps."""
    return make_synthetic


def make_synthetic(count: int = 400, seed: int = 1, **changes: object) -> Run:
    chance = random.Random(seed)  # noqa: S311 a run that can be repeated
    mandate = make_mandate((6000, 3000, 1000), (18, 6, 8), **changes)
    answers, supply, last = [100 * 10**8, 50 * 10**8, 2000 * 10**8], 10**21, 0
    balances = [600 * 10**18, 600 * 10**6, 5 * 10**6]
    ticks = []
    for number in range(count):
        answers = [max(1, round(answer * chance.lognormvariate(0.0005, 0.02))) for answer in answers]
        if chance.random() < 0.05:
            share = chance.uniform(0.8, 1.3)
            balances, supply = [round(balance * share) for balance in balances], round(supply * share)
        if chance.random() < 0.02:
            ticks.append(make_tick(mandate, number, balances, (0, *answers[1:]), supply, reason=Reason.PRICE_UNUSABLE))
            continue
        tick = make_tick(mandate, number, balances, answers, supply)
        snapshot = _snapshot(tick, mandate, last)
        decision = plan.decide(
            snapshot,
            snapshot.targets,
            lambda wants, prices=tick.prices: [_quote(want, prices) for want in wants],
            now=tick.block.timestamp,
            deadline=tick.block.timestamp + 60,
            journal_head=bytes(32),
            tolerance=20,
        )
        if isinstance(decision, NoTrade):
            ticks.append(make_tick(mandate, number, balances, answers, supply, reason=decision.reason))
            continue
        if chance.random() < 0.1:
            ticks.append(make_tick(mandate, number, balances, answers, supply, reason=None, error="SendError"))
            continue
        fills = [
            Fill(trade.sell, trade.buy, 0, trade.amount_in, _quote(trade, tick.prices).amount_out)
            for trade in decision.trades
        ]
        outcome = make_outcome(tick, fills, gas=150_000 + chance.randrange(50_000))
        last = outcome.block.timestamp
        ticks.append(
            make_tick(mandate, number, balances, answers, supply, reason=None, plan_hash=b"\x08" * 32, outcome=outcome)
        )
        for fill in fills:
            balances[fill.sell] -= fill.amount_in
            balances[fill.buy] += fill.amount_out
    return Run(tuple(ticks), mandate)


def _quote(want: plan.Want, prices: Sequence[int]) -> Quote:
    out = want.amount_in * prices[want.sell] * 9970 // (10_000 * prices[want.buy])
    return Quote(want.sell, want.buy, 0, want.amount_in, out, b"")


def _snapshot(tick: TickRecord, mandate: Mandate, last: int) -> Snapshot:
    snapshot = planning_pieces.make_snapshot(mandate, tick.balances, tick.prices, last_rebalance=last)
    return replace(snapshot, block=tick.block, targets=tick.targets)

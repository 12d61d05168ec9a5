"""Plans for many vaults at one block: sizes, quotes of local pools, checks; no node is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.rows import Row
from controller.chain.client import Chain
from controller.market.concentrated import Standing
from controller.market.quotes import VenueQuotes
from controller.market.ticks import MAX_TICK, MIN_TICK, tick_at
from controller.market.uniswap_v3 import Pool, UniswapV3
from controller.model import (
    Asset,
    BlockRef,
    Cause,
    Destination,
    Due,
    Feed,
    Fees,
    Knot,
    Limits,
    Mandate,
    Period,
    Plan,
    Price,
    Scope,
    Sequencer,
    Snapshot,
    Status,
    Trigger,
    TriggerKind,
)  # fmt: skip
from controller.planning import plan as planning
from controller.planning.due import due
from controller.units import BPS

VAULTS, ASSETS = 1_000, 8
NOW = 1_700_000_000  # {s}
FEE, SPACING = 500, 10
DEPTH = 10**9  # {quote} on each side of every pool
DOLLAR = ASSETS - 1
SEED = 5
RUNS = 3


def measure() -> Iterator[Row]:
    """Seconds to plan for all of them, the best of a few runs; every vault is due and gets a plan."""
    block = BlockRef(100, b"\x01" * 32, NOW - 12)
    mandate, prices = _mandate(), _prices()
    vaults = _vaults(mandate, prices, block)
    quotes = VenueQuotes((_venue(mandate, prices, block),))
    yield Row("plan.1000_vaults.s", round(min(_run(vaults, quotes) for _ in range(RUNS)), 3), "s")


def _run(vaults: list[Snapshot], quotes: VenueQuotes) -> float:
    started = time.perf_counter()
    decisions = [
        planning.decide(
            vault,
            vault.targets,
            lambda wants, vault=vault: quotes(vault, wants),
            now=NOW,
            deadline=NOW + 600,
            journal_head=bytes(32),
            tolerance=30,
        )
        for vault in vaults
    ]
    took = time.perf_counter() - started
    if not all(isinstance(decision, Plan) for decision in decisions):
        raise SystemExit("A vault of the benchmark got no plan.")
    return took


def _address(number: int) -> str:
    return f"0x{number:040x}"


def _prices() -> list[int]:
    """D36{quote/qTok} of tokens of 18 decimals, the last one a dollar."""
    chance = np.random.default_rng(SEED)
    return [*(int(cents) * 10**16 for cents in chance.integers(10**2, 10**6, ASSETS - 1)), 10**18]


def _mandate() -> Mandate:
    weights = (BPS // ASSETS,) * ASSETS
    feeds = [Feed(_address(100 + index), 86_400, 8, 50, 1, 2**127) for index in range(ASSETS)]
    return Mandate(
        name="Bench", symbol="B", file_hash=bytes(32), oracle=_address(201), sequencer=Sequencer(),
        trigger=Trigger(TriggerKind.THRESHOLD, 200, 0, Period.DAY, 0, 0, 3_600),
        destination=Destination(100, 0, Scope.BOOK, 0),
        limits=Limits(100, 50, 1_000, 40_000, 30 * 86_400, 100 * 10**18, 16, 0, 0),
        fees=Fees(), spread=0, timelock=86_400, venues=(_address(202),),
        assets=tuple(Asset(_address(index + 1), 18, 0, BPS, feed) for index, feed in enumerate(feeds)),
        path=(Knot(0, weights),),
    )  # fmt: skip


def _vaults(mandate: Mandate, prices: list[int], block: BlockRef) -> list[Snapshot]:
    """A million of value each, every one at least a band off somewhere."""
    chance = np.random.default_rng(SEED)
    targets = mandate.path[0].weights
    found: list[Snapshot] = []
    while len(found) < VAULTS:
        off = chance.normal(0, 200, ASSETS)
        weights = np.clip(np.array(targets) + off - off.mean(), 100, None)
        values = weights / weights.sum() * 10**6
        balances = tuple(int(value * 10**6) * 10**30 // price for value, price in zip(values, prices, strict=True))
        snapshot = Snapshot(
            31_337, block, _address(1_000 + len(found)), True, 10**18, bytes(27), 1, mandate, targets,
            Status(0, 0, 0, 0, False, 0, 0, 0, 0, 0, ()), Due(False, Cause.IN_BAND, 0, 0, 0, 0, 0, 0, ()), balances,
            tuple(Price(price, 1, NOW - 60) for price in prices),
        )  # fmt: skip
        snapshot = replace(snapshot, due=due(snapshot, NOW))
        if snapshot.due.due:
            found.append(snapshot)
    return found


def _venue(mandate: Mandate, prices: list[int], block: BlockRef) -> UniswapV3:
    """A pool of full range for each asset against the dollar, as if it had been read."""
    tokens = [asset.token for asset in mandate.assets]
    chain = Chain.__new__(Chain)  # nothing is asked of it: every pool below is there
    venue = UniswapV3(chain, mandate.venues[0], _address(300), bytes(32), (FEE,), (tokens[DOLLAR],))
    known = venue.read[block.hash] = {}
    for index, token in enumerate(tokens):
        for other in tokens[index + 1 :]:
            known[venue.pool(token, other, FEE)] = None
    lowest, highest = MIN_TICK // SPACING // 256, MAX_TICK // SPACING // 256
    words = dict.fromkeys(range(lowest, highest + 1), 0)
    for token, price in list(zip(tokens, prices, strict=True))[:-1]:
        # token addresses ascend, so the dollar is the second token of every pool
        root = int((price / prices[DOLLAR]) ** 0.5 * 2**96)
        liquidity = int(DEPTH * 10**36 / (price * prices[DOLLAR]) ** 0.5)
        address = venue.pool(token, tokens[DOLLAR], FEE)
        standing = Standing(root, tick_at(root), liquidity)
        known[address] = Pool(chain, block, address, FEE, SPACING, standing, words, {})
    return venue

"""Swaps that walk the ticks here against the pools' own bytecode: every quote and every trade, to the last unit."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from eth_utils.crypto import keccak
from test_market_quotes_real import balance, venue_trader

from controller.chain import dev
from controller.chain.abi import decode, encode
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.nodes import start_node
from controller.deploy.uniswap import POOL, init_code_hash
from controller.errors import RevertError
from controller.market.ticks import MAX_SQRT_PRICE, MAX_TICK, MIN_SQRT_PRICE, MIN_TICK, price_at, tick_at
from controller.market.uniswap_v3 import UniswapV3
from controller.replay.markets import MACRO, series
from controller.replay.world import World, build

START = 946_684_800  # {s}
SEED = 20_261_201
AMOUNTS = int(os.environ.get("EVENKEEL_TICK_AMOUNTS", "25"))
"""To each side of each pool, and as many trades."""
SPACINGS = {500: 10, 3_000: 60, 10_000: 200}
QUOTE = keccak(text="quoteExactInput(bytes,uint256)")[:4]
ENDS = {MIN_SQRT_PRICE + 1, MAX_SQRT_PRICE - 1}


@dataclass(frozen=True)
class Ground:
    world: World
    venue: UniswapV3
    trader: Contract
    tokens: tuple[str, str]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Three pools of two tokens, each with many ranges, gaps between them, and one range over everything."""
    with start_node("anvil", timestamp=START) as node:
        chain = Chain(node.url, node.chain_id)
        directory = tmp_path_factory.mktemp("market")
        answers = series(MACRO, "2000-01", "2000-03").answers[0]
        world = build(chain, node.accounts, MACRO, answers, directory, depth=10**6, progress=lambda _what: None)
        deployed = world.deploy(directory)
        factory = str(Contract(chain, deployed["UniswapV3Venue"], "UniswapV3Venue").read("factory", block=chain.head()))
        code_hash = bytes.fromhex(init_code_hash(POOL)[2:])
        venue = UniswapV3(chain, deployed["UniswapV3Venue"], factory, code_hash, tuple(SPACINGS), ())
        one, other = world.listed[0].token, world.listed[1].token
        rng = chance(SEED)
        for fee in SPACINGS:
            found_pool(world, factory, venue.pool(one, other, fee), (one, other), fee, rng)
        yield Ground(world, venue, venue_trader(world), (one, other))


def found_pool(world: World, factory: str, pool: str, tokens: tuple[str, str], fee: int, rng: random.Random) -> None:
    chain, maker, spacing = world.chain, world.accounts.maker, SPACINGS[fee]
    dev.transact(chain, maker, factory, Contract(chain, factory, "UniswapV3Factory").encode("createPool", *tokens, fee))
    start = rng.randint(-40_000, 40_000)
    begin = Contract(chain, pool, "UniswapV3Pool").encode("initialize", price_at(start) + rng.randint(0, 10**9))
    dev.transact(chain, maker, pool, begin)
    ranges = [(MIN_TICK // spacing + 1, MAX_TICK // spacing, 10**10)] if fee != 500 else []
    for _ in range(12):
        low = (start + rng.randint(-9_000, 9_000)) // spacing
        ranges.append((low, low + rng.choice([1, 2, 7, 60, 300]), rng.randint(10**9, 10**17)))
    for low, high, liquidity in ranges:
        data = world.maker.encode("provide", pool, low * spacing, high * spacing, liquidity)
        dev.transact(chain, maker, world.maker.address, data)


def quoted(ground: Ground, hop: tuple[str, int, str], amount: int) -> int:
    """By Uniswap's own QuoterV2; 0 where the pool takes only a part."""
    sell, fee, buy = hop
    path = bytes.fromhex(sell[2:]) + fee.to_bytes(3, "big") + bytes.fromhex(buy[2:])
    data = QUOTE + encode(("bytes", "uint256"), (path, amount))
    chain = ground.world.chain
    try:
        answer = chain.call(ground.world.quoter, data, chain.head())
    except RevertError:
        return 0
    out, after, _, _ = decode(("uint256", "uint160[]", "uint32[]", "uint256"), answer)
    return 0 if after[0] in ENDS else int(out)


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a run that can be repeated


def amounts(rng: random.Random) -> list[int]:
    return [rng.randint(1, 10 ** rng.randint(1, 20)) for _ in range(AMOUNTS)]


@pytest.mark.parametrize("fee", SPACINGS)
@pytest.mark.parametrize("turned", [False, True])
def test_quotes__of_any_amount__then_what_quoter_v2_says(ground: Ground, fee: int, turned: bool) -> None:
    sell, buy = reversed(ground.tokens) if turned else ground.tokens
    hop = (sell, fee, buy)
    pools = ground.venue.pools(ground.world.chain.head())
    pools.load([(hop,)])
    ours = {amount: pools.through((hop,), amount) for amount in amounts(chance(SEED + fee + turned))}
    assert ours == {amount: quoted(ground, hop, amount) for amount in ours}
    assert any(ours.values())


def test_trades__back_and_forth_in_any_pool__then_each_gives_what_was_quoted_after_those_before(ground: Ground) -> None:
    chain, trader, rng = ground.world.chain, ground.trader, chance(SEED)
    pools = ground.venue.pools(chain.head())
    symbols = {token: ground.world.symbol(token) for token in ground.tokens}
    traded = 0
    for amount in amounts(rng) + amounts(rng):
        sell, buy = rng.sample(ground.tokens, 2)
        path = ((sell, rng.choice(tuple(SPACINGS)), buy),)
        pools.load([path])
        out = pools.through(path, amount)
        if not out:
            continue
        ground.world.fund(trader.address, symbols[sell], amount)
        before = balance(chain, buy, trader.address)
        trade = trader.encode("trade", ground.venue.address, sell, buy, amount, pools.route(path))
        dev.transact(chain, ground.world.accounts.keeper, trader.address, trade)
        assert balance(chain, buy, trader.address) - before == out
        pools.spend(path, amount)
        traded += 1
    assert traded > AMOUNTS // 2


def test_tick_at__the_price_of_any_tick_and_its_neighbours__then_the_tick_below() -> None:
    rng = chance(SEED)
    for tick in [
        MIN_TICK,
        MIN_TICK + 1,
        -1,
        0,
        1,
        MAX_TICK - 1,
        *(rng.randint(MIN_TICK + 1, MAX_TICK - 1) for _ in range(300)),
    ]:
        price = price_at(tick)
        assert tick_at(price) == tick
        assert tick_at(max(price - 1, MIN_SQRT_PRICE)) == max(tick - 1, MIN_TICK)

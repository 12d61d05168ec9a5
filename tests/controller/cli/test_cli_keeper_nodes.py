"""A keeper over several nodes, and over feeds that fail: what it tells, counts, and does not trade on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fault_proxy import Call, Fault, Forward, Json, Proxy, fault_proxy, status
from keeper_world import another, intents, keeping, listed, passes
from vault_world import VaultWorld

from controller.chain import dev
from controller.chain.artifacts import load
from controller.chain.contract import Contract
from controller.deploy.creation import init_code
from controller.keeper.alerts import AlertKind
from controller.model import Reason, Sequencer

QUORUM = """
[pair]
chain_id = 31337
urls = ["{first}", "{second}"]
quorum = 2
confirmations = 0
depth = 0
fee_tiers = [500, 3000]
hub_tokens = ["DOLLAR"]
"""
HOUR = 3_600
LIQUIDITY = f"0x{4:064x}"
"""Slot of a Uniswap V3 pool's liquidity."""


# ---- several nodes


@pytest.fixture
def liar(world: VaultWorld) -> Iterator[tuple[Proxy, Path]]:
    """One of two endpoints that have to agree, and the file that says so."""
    with fault_proxy(world.node.url) as proxy:
        path = Path("networks.toml")
        path.write_text(QUORUM.format(first=proxy.url, second=world.node.url))
        yield proxy, path


def _shallow(world: VaultWorld) -> Fault:
    """A node that lies about the pools' liquidity, however they are asked."""
    pools = [listed.pool for listed in world.world.listed if listed.pool is not None]
    lie = {pool: {"stateDiff": {LIQUIDITY: _less(world, pool)}} for pool in pools}

    def fault(call: Call, forward: Forward) -> Json:
        return forward(Call(call.method, (*call.parameters[:2], lie)))

    return fault


def _less(world: VaultWorld, pool: str) -> str:
    held = int(world.chain.request("eth_getStorageAt", pool, LIQUIDITY, "latest"), 16)
    return f"0x{held * 99 // 100:064x}"


def test_F12_keeper__when_a_node_lies_about_the_pools__then_no_trade_and_told_at_once(
    world: VaultWorld, liar: tuple[Proxy, Path]
) -> None:
    proxy, networks = liar
    with keeping(world, network="pair", networks=networks) as (keeper, told):
        proxy.inject(_shallow(world), "eth_call")
        world.move(140)
        passes(keeper)
        assert told.kinds() == {AlertKind.NODES_DISAGREE}
        assert (world.nonce(), intents()) == (0, 0)
        proxy.clear()
        world.chain.request("evm_mine")
        passes(keeper)
        assert world.nonce() == 1


def test_keeper__when_one_of_two_endpoints_is_away__then_told_by_name_and_in_the_metrics(
    world: VaultWorld, liar: tuple[Proxy, Path]
) -> None:
    proxy, networks = liar
    now = [1_000.0]
    with keeping(world, network="pair", networks=networks) as (keeper, told):
        keeper.clock = lambda: now[0]
        passes(keeper, 1)
        value = keeper.watch.metrics.registry.get_sample_value
        names = {"number": "1", "endpoint": proxy.url}
        assert value("evenkeel_endpoint_usable", names) == 1.0
        assert (value("evenkeel_leading"), value("evenkeel_lease_epoch")) == (1.0, 1.0)
        asked = value("evenkeel_requests_total")
        assert asked is not None
        assert asked > 0
        proxy.inject(status(500))
        for _ in range(3):
            now[0] += HOUR
            world.chain.request("evm_mine")
            passes(keeper, 1)
        assert value("evenkeel_endpoint_usable", names) == 0.0
        assert AlertKind.ENDPOINT_UNUSABLE in told.kinds()
        assert any(proxy.url in alert.condition.subject for alert in told.alerts)


def test_F14_keeper__when_a_tick_asks_too_often__then_it_ends_by_name_and_nothing_is_signed(world: VaultWorld) -> None:
    with keeping(world, keeper="requests_per_tick = 10") as (keeper, _):
        world.move(140)
        keeper.settings = replace(keeper.settings, requests=4)
        passes(keeper)
        assert [tick.error for tick in listed(world.vault)] == ["RequestBudgetError"]
        assert intents() == 0
        keeper.settings = replace(keeper.settings, requests=1_000)
        world.chain.request("evm_mine")
        passes(keeper)
        assert world.nonce() == 1


# ---- feeds


def _uptime(world: VaultWorld) -> str:
    accounts = world.world.accounts
    return dev.deploy(world.chain, accounts.owner, init_code(load("TestFeed"), ("uptime", "0", accounts.maker)))


def _push(world: VaultWorld, feed: str, answer: int) -> None:
    dev.transact(
        world.chain, world.world.accounts.maker, feed, Contract(world.chain, feed, "TestFeed").encode("push", answer)
    )


def test_F16_keeper__when_the_sequencer_is_down_or_has_just_come_back__then_no_trade(world: VaultWorld) -> None:
    uptime = _uptime(world)
    _push(world, uptime, 0)
    _wait(world, HOUR + 1)
    vault = another(world, 3, sequencer=Sequencer(uptime, HOUR))
    with keeping(world, keeper=f'vaults = ["{vault}"]') as (keeper, _):
        passes(keeper, 1)
        world.move(140)
        _push(world, uptime, 1)
        passes(keeper, 2)
        _push(world, uptime, 0)
        passes(keeper, 2)
        assert intents() == 0
        assert [tick.reason for tick in listed(vault)] == [Reason.IN_BAND, *[Reason.PRICE_UNUSABLE] * 2]
        down, grace = (tick.detail for tick in listed(vault)[1:])
        assert "SequencerDown" in down
        assert "SequencerInGrace" in grace
        _wait(world, HOUR + 1)
        world.move(140)
        passes(keeper)
        assert intents() == 1


def _wait(world: VaultWorld, seconds: int) -> None:
    world.chain.request("evm_increaseTime", seconds)
    world.chain.request("evm_mine")


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("stale", "PriceStale"),
        ("zero", "PriceNotPositive"),
        ("negative", "PriceNotPositive"),
        ("jump", "PriceOutOfBounds"),
        ("decimals", "PriceOutOfBounds"),
        ("gone", "FeedUnreadable"),
    ],
)
def test_F17_keeper__when_a_feed_fails__then_closed_by_name(world: VaultWorld, fault: str, name: str) -> None:
    with keeping(world) as (keeper, _):
        passes(keeper, 1)
        world.move(140)
        _spoil(world, fault)
        passes(keeper, 2)
        last = listed(world.vault)[-1]
        assert last.reason is Reason.PRICE_UNUSABLE
        assert name in last.detail
        assert intents() == 0
        if fault != "gone":
            world.move(140)
            passes(keeper)
            assert world.nonce() == 1, "open again as soon as the feed is well"


def _spoil(world: VaultWorld, fault: str) -> None:
    if fault == "stale":
        _wait(world, 400 * 24 * HOUR)
    elif fault == "gone":
        world.chain.request("anvil_setCode", world.world.by_symbol("GOLD").feed, "0x00")
    else:
        # the last one is an answer of 18 decimals where there were 8
        world.push("GOLD", {"zero": 0, "negative": -1, "jump": 2**100, "decimals": 10**21}[fault])

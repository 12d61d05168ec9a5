"""A keeper that is left alone: its pace, its journal, its signer, its way to the chain, its heart; on a real node."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import NoReturn

import pytest
from command import Here
from fault_proxy import SEND, Call, Forward, Json, fault_proxy
from keeper_world import FILE, another, intents, keeping, kinds, listed, mined, passes, running
from signing_service import SigningService, signing
from vault_world import VaultWorld

from controller.chain import dev
from controller.chain.contract import Contract
from controller.chain.heads import NewHead
from controller.execution.journal import RecordKind
from controller.keeper.alerts import AlertKind
from controller.model import Reason
from controller.replay.markets import MACRO

NETWORK = """
[near]
chain_id = 31337
urls = ["{url}"]
{more}
confirmations = 0
depth = 0
fee_tiers = [500, 3000]
hub_tokens = ["DOLLAR"]
"""
MONTHLY = (
    MACRO.mandate_file()
    .replace(b'band = "5%"', b'kind = "calendar"\nevery = "1 month"\nanchor = 2024-01-01T00:00:00Z')
    .replace(b'drift = "2.5%"', b'drift = "0%"')
)


def network(url: str, more: str = "") -> Path:
    """A file with one network, `near`."""
    path = Path("networks.toml")
    path.write_text(NETWORK.format(url=url, more=more))
    return path


def rebalances(world: VaultWorld, vault: str) -> int:
    return int(Contract(world.chain, vault, "IVault").read("status", block=world.chain.head())[0])


# ---- its pace


def test_F21_keeper__when_a_tick_takes_longer_than_its_interval__then_skipped_told_and_not_stacked(
    world: VaultWorld,
) -> None:
    now = [1_000.0]

    def slow(call: Call, forward: Forward) -> Json:
        now[0] += 2.5
        return forward(call)

    with (
        fault_proxy(world.node.url) as proxy,
        keeping(
            world,
            schedule="interval",
            keeper="interval_seconds = 1",
            network="near",
            networks=network(proxy.url),
        ) as (keeper, told),
    ):
        keeper.clock = lambda: now[0]
        passes(keeper, 1)
        now[0] += 1
        proxy.inject(slow, "eth_call", times=1)
        for _ in range(10):
            mined(world)
            passes(keeper, 1)
        assert (keeper.schedule.ticks, keeper.schedule.skipped) == (3, 1), "one more, and not one for each missed"
        assert told.kinds() == {AlertKind.TICKS_SKIPPED}


def test_keeper__when_its_schedule_is_the_calendar_of_a_mandate__then_it_ticks_when_a_period_begins(
    world: VaultWorld,
) -> None:
    vault = another(world, 4, source=MONTHLY)
    with apart(world, 12), keeping(world, schedule="calendar", keeper=f'vaults = ["{vault}"]') as (keeper, _):
        world.move(102)
        keeper.clock = lambda: 1_000.0
        passes(keeper, 5)
        assert rebalances(world, vault) == 1
        _mine_at(world, keeper.schedule.next_due - 1)
        passes(keeper, 1)
        assert [tick.reason for tick in listed(vault)] == [None, Reason.COOLING_DOWN, Reason.BEFORE_PERIOD]
        begins, ticks = keeper.schedule.next_due, keeper.schedule.ticks
        assert datetime.fromtimestamp(begins, UTC).strftime("%d %H:%M:%S") == "01 00:00:00"
        dev.set_next_timestamp(world.chain, begins - 60)
        world.move(104)
        passes(keeper, 3)
        assert (keeper.schedule.ticks, rebalances(world, vault)) == (ticks, 1)
        _mine_at(world, begins - 1)
        passes(keeper, 3)
        assert rebalances(world, vault) == 2


@contextmanager
def apart(world: VaultWorld, seconds: int) -> Iterator[None]:
    """{s} of chain time between two blocks: anvil gives several the same, whatever was set for the first of them."""
    world.chain.request("anvil_setBlockTimestampInterval", seconds)
    try:
        yield
    finally:
        world.chain.request("anvil_removeBlockTimestampInterval")


def _mine_at(world: VaultWorld, time: int) -> None:
    dev.set_next_timestamp(world.chain, time)
    mined(world)


# ---- its journal


def test_keeper__when_its_journal_is_lost_with_a_transaction_on_its_way__then_the_vault_executes_once(
    world: VaultWorld,
) -> None:
    world.move(140)
    world.chain.request("evm_setAutomine", False)
    try:
        for _ in range(2):
            with keeping(world) as (keeper, _):
                passes(keeper, 1)
                assert intents() == 1
            Path("keeper.db").unlink()
        mined(world)
        mined(world)
    finally:
        world.chain.request("evm_setAutomine", True)
    with keeping(world) as (keeper, _):
        passes(keeper)
        assert intents() == 0
    assert world.nonce() == 1


def test_F25_keeper__when_its_journal_is_locked__then_it_stops_with_74_before_it_signs(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(world) as (keeper, _):
        passes(keeper, 1)
    source = FILE.format(network="anvil", keeper="", guards="", schedule="block", account="dev_account = 1")
    Path("keeper.toml").write_text(source)
    monkeypatch.setenv("EVENKEEL_ANVIL_URL", world.node.url)
    world.move(140)
    with closing(sqlite3.connect("keeper.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = here("keeper", "run", "--config", "keeper.toml", "--broadcast", "--once")
        other.rollback()
    assert done.code == 74, done.said
    assert RecordKind.INTENT not in kinds()
    assert world.nonce() == 0


# ---- its signer, and its way to the chain


@pytest.mark.parametrize(("method", "bare"), [("eth_signTransaction", True), ("account_signTransaction", False)])
def test_keeper__when_web3signer_or_clef_signs__then_executed_and_the_keeper_knows_no_key(
    world: VaultWorld, method: str, bare: bool
) -> None:
    service = SigningService(method, bare, key=1, account=1)
    world.move(140)
    with signing(service) as url:
        account = f'signer_url_variable = "SIGNER"\naddress = "{world.world.accounts.keeper}"'
        with keeping(world, account=account, SIGNER=url) as (keeper, _):
            passes(keeper)
    assert world.nonce() == 1
    assert service.asked[-1]["method"] == method


def test_keeper__when_a_private_endpoint_is_named__then_its_transactions_go_nowhere_else(world: VaultWorld) -> None:
    world.move(140)
    with fault_proxy(world.node.url) as public, fault_proxy(world.node.url) as private:
        networks = network(public.url, f'private_url = "{private.url}"')
        with keeping(world, network="near", networks=networks) as (keeper, _):
            passes(keeper)
        assert (public.count(SEND), private.count(SEND)) == (0, 1)
    assert world.nonce() == 1


def test_keeper__when_its_websocket_is_cut__then_no_block_is_missed(world: VaultWorld) -> None:
    stop = Event()
    with fault_proxy(world.node.url) as proxy:
        networks = network(proxy.url, f'ws_url = "{proxy.ws_url}"')
        with running(world, network="near", networks=networks) as (found, _):
            first = found.heads.next(stop)
            assert isinstance(first, NewHead)
            proxy.cut_websockets()
            world.move(140)
            newest = world.chain.head().number
            seen = [first.block.number]
            while seen[-1] < newest:
                event = found.heads.next(stop)
                if isinstance(event, NewHead):
                    seen.append(event.block.number)
                    found.keeper.pass_(event.block)
    assert seen == list(range(first.block.number, newest + 1))
    assert intents() == 1


# ---- its heart


def test_keeper__when_it_hangs__then_its_heartbeat_file_gets_old(world: VaultWorld) -> None:
    with keeping(world, guards='[metrics]\nheartbeat_file = "alive"') as (keeper, _):
        for _ in range(2):
            Path("alive").touch()
            os.utime("alive", (0, 0))
            passes(keeper, 1)
            assert Path("alive").stat().st_mtime > 0
        os.utime("alive", (0, 0))
        mined(world)
        keeper.place.fleet.read = _never
        with pytest.raises(Hanging):
            passes(keeper, 1)
        assert Path("alive").stat().st_mtime == 0, "a pass that does not end is no beat"


class Hanging(Exception):  # noqa: N818 -- stands for a pass that does not end
    pass


def _never(_vaults: object, _block: object) -> NoReturn:
    raise Hanging

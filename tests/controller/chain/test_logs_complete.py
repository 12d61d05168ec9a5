"""F-13: logs that were left out are noticed by what the state counts, and asked of another endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fault_proxy import Fault, Proxy, altered, fault_proxy, fewer_logs, no_logs
from vault_world import VaultWorld, vault_world

from controller.chain import dev, ledger, listing
from controller.chain.client import Chain
from controller.chain.codec import mandate_from_abi
from controller.chain.contract import Contract
from controller.chain.endpoints import Endpoints
from controller.chain.pending import pending
from controller.deploy.records import folder
from controller.deploy.vaults import created_vault, creation_data, pairings
from controller.errors import IncompleteLogsError, NodeError
from controller.model import ZERO_ADDRESS, Roles
from controller.replay.run import quotes

Read = Callable[[Chain], object]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultWorld]:
    with vault_world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture
def proxy(world: VaultWorld) -> Iterator[Proxy]:
    with fault_proxy(world.node.url) as running:
        yield running


@pytest.fixture(params=["vaults", "entries", "pending"])
def read(request: pytest.FixtureRequest, world: VaultWorld) -> Read:
    block = world.chain.head()
    reads: dict[str, Read] = {
        "vaults": lambda chain: listing.vaults(chain, world.contracts["VaultFactory"], 0, block),
        "entries": lambda chain: ledger.every_entry(chain, world.contracts["Ledger"], world.vault, 0, block),
        "pending": lambda chain: pending(chain, world.vault, 0, block),
    }
    return reads[request.param]


TWICE = altered(lambda logs: logs + logs)
OTHER = altered(lambda logs: [{**log, "data": log["data"][:-2] + "ff"} for log in logs])


@pytest.mark.parametrize("fault", [no_logs(), fewer_logs()])
def test_F13_logs__when_the_only_node_leaves_some_out__then_refused(
    world: VaultWorld, proxy: Proxy, read: Read, fault: Fault
) -> None:
    proxy.inject(fault, "eth_getLogs")
    with pytest.raises(IncompleteLogsError, match=proxy.url):
        read(Chain(proxy.url))
    with pytest.raises(IncompleteLogsError):
        read(Chain(Endpoints([proxy.url])))


@pytest.mark.parametrize("fault", [no_logs(), fewer_logs()])
def test_F13_logs__when_one_of_two_leaves_some_out__then_the_other_is_asked(
    world: VaultWorld, proxy: Proxy, read: Read, fault: Fault
) -> None:
    proxy.inject(fault, "eth_getLogs")
    endpoints = Endpoints([proxy.url, world.node.url])
    assert read(Chain(endpoints)) == read(world.chain)
    assert proxy.count("eth_getLogs") == 1
    assert endpoints.health[0].trouble == "it left out logs"


@pytest.mark.parametrize("fault", [TWICE, OTHER])
def test_F13_every_entry__when_entries_are_repeated_or_forged__then_refused(
    world: VaultWorld, proxy: Proxy, fault: Fault
) -> None:
    proxy.inject(fault, "eth_getLogs")
    with pytest.raises(NodeError):
        ledger.every_entry(Chain(proxy.url), world.contracts["Ledger"], world.vault, 0, world.chain.head())


def test_F13_every_entry__when_read_from_the_middle__then_complete_from_there(world: VaultWorld, proxy: Proxy) -> None:
    last, book = world.chain.head(), world.contracts["Ledger"]
    whole = ledger.every_entry(world.chain, book, world.vault, 0, last)
    assert len(whole) == 2
    first = whole[1].block_number
    before = ledger.head(world.chain, book, world.vault, world.chain.block(first - 1))
    assert ledger.every_entry(world.chain, book, world.vault, first, last, before) == whole[1:]
    with pytest.raises(IncompleteLogsError):
        ledger.every_entry(world.chain, book, world.vault, first + 1, last, before)


def test_F13_logs__when_the_node_lacks_the_last_block__then_not_taken_for_an_empty_range(
    world: VaultWorld, proxy: Proxy
) -> None:
    last = world.chain.head()
    proxy.inject(no_logs(), "eth_getLogs")
    proxy.inject(altered(lambda _block: None), "eth_getBlockByNumber")
    with pytest.raises(NodeError, match="not part of the chain"):
        Chain(proxy.url).logs(world.contracts["Ledger"], [], 0, last)


def test_vaults__when_another_is_created__then_each_from_its_block_on(world: VaultWorld) -> None:
    chain, factory, before = world.chain, world.contracts["VaultFactory"], world.chain.head()
    mandate = mandate_from_abi(Contract(chain, world.vault, "IVault").read("mandate", block=before))
    owner = world.world.accounts.owner
    prices = {
        listed.token: listed.price(answer) for listed, answer in zip(world.world.listed, world.world.first, strict=True)
    }
    routes = pairings(quotes(world.world, folder(world.directory / "deployments", 31337)), mandate, prices, before)
    data = creation_data(chain, factory, mandate, Roles(owner, ZERO_ADDRESS, owner, ()), routes, bytes([1] * 32))
    second = created_vault(chain, factory, dev.transact(chain, owner, factory, data))
    assert listing.vaults(chain, factory, 0, before) == [world.vault]
    assert listing.vaults(chain, factory, 0, chain.head()) == [world.vault, second]


def test_listing__when_no_other_vault_is_created__then_logs_are_read_once(world: VaultWorld, proxy: Proxy) -> None:
    chain, factory = Chain(proxy.url), world.contracts["VaultFactory"]
    there = listing.vaults(world.chain, factory, 0, world.chain.head())
    found = listing.Listing(chain, factory, 0)
    for _ in range(3):
        assert found.at(chain.head()) == there
    assert proxy.count("eth_getLogs") == 1

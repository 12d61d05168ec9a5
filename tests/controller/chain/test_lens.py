"""Many vaults of a real node in one request, and a node that allows a call little gas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fault_proxy import Call, Fault, Forward, Json, Proxy, fault_proxy
from vault_world import VaultWorld, vault_world

from controller.chain import dev, lens, listing
from controller.chain.client import Chain
from controller.chain.codec import due_from_abi, mandate_from_abi, status_from_abi
from controller.chain.contract import Contract
from controller.chain.endpoints import Endpoints
from controller.deploy.records import folder
from controller.deploy.vaults import created_vault, creation_data, pairings
from controller.errors import CodeMismatchError, NotFoundError
from controller.model import ZERO_ADDRESS, BlockRef, Price, Roles, Snapshot
from controller.replay.run import quotes

MORE = 11


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultWorld]:
    with vault_world(tmp_path_factory.mktemp("world")) as running:
        _create(running)
        yield running


def _create(world: VaultWorld) -> None:
    chain, factory, block = world.chain, world.contracts["VaultFactory"], world.chain.head()
    mandate = mandate_from_abi(Contract(chain, world.vault, "IVault").read("mandate", block=block))
    owner = world.world.accounts.owner
    prices = {
        listed.token: listed.price(answer) for listed, answer in zip(world.world.listed, world.world.first, strict=True)
    }
    routes = pairings(quotes(world.world, folder(world.directory / "deployments", 31337)), mandate, prices, block)
    for number in range(1, MORE + 1):
        roles = Roles(owner, ZERO_ADDRESS, owner, ())
        data = creation_data(chain, factory, mandate, roles, routes, number.to_bytes(32))
        created_vault(chain, factory, dev.transact(chain, owner, factory, data))


@pytest.fixture
def block(world: VaultWorld) -> BlockRef:
    return world.chain.head()


@pytest.fixture
def vaults(world: VaultWorld, block: BlockRef) -> list[str]:
    return listing.vaults(world.chain, world.contracts["VaultFactory"], 0, block)


@pytest.fixture
def proxy(world: VaultWorld) -> Iterator[Proxy]:
    with fault_proxy(world.node.url) as running:
        yield running


def allowing(gas: int) -> Fault:
    """A node whose calls get `gas` {gas} at most."""

    def fault(call: Call, forward: Forward) -> Json:
        transaction, *rest = call.parameters
        return forward(Call(call.method, ({**transaction, "gas": hex(gas)}, *rest)))

    return fault


def test_snapshots__when_read__then_all_that_the_lens_says(
    world: VaultWorld, vaults: list[str], block: BlockRef
) -> None:
    found = lens.snapshots(world.chain, world.contracts["VaultLens"], vaults, block)
    views = Contract(world.chain, world.contracts["VaultLens"], "IVaultLens").read("snapshots", vaults, block=block)
    assert len(vaults) == MORE + 1
    for vault, view in zip(vaults, views, strict=True):
        _, failure, registered, status, supply, head, count, mandate, targets, balances, prices, due = view
        assert failure == b""
        assert found[vault] == Snapshot(
            chain_id=31337,
            block=block,
            vault=vault,
            registered=registered,
            supply=supply,
            ledger_head=head,
            ledger_count=count,
            mandate=mandate_from_abi(mandate),
            targets=tuple(targets),
            status=status_from_abi(status),
            due=due_from_abi(due, ""),
            balances=tuple(balances),
            prices=tuple(Price(*price[:3]) for price in prices),
        )
    assert any(snapshot.supply for snapshot in found.values() if isinstance(snapshot, Snapshot))


@pytest.mark.parametrize("gas", [1_500_000, 3_000_000])
def test_snapshots__when_calls_get_little_gas__then_the_same_in_smaller_calls(
    world: VaultWorld, vaults: list[str], block: BlockRef, proxy: Proxy, gas: int
) -> None:
    proxy.inject(allowing(gas), "eth_call")
    chain = Chain(Endpoints([proxy.url]))
    wanted = lens.snapshots(world.chain, world.contracts["VaultLens"], vaults, block)
    assert lens.snapshots(chain, world.contracts["VaultLens"], vaults, block) == wanted
    proxy.forget()
    assert lens.snapshots(chain, world.contracts["VaultLens"], vaults, block) == wanted
    assert proxy.posts == 1
    assert proxy.count("eth_call") > 1


def test_snapshots__when_some_are_no_vaults__then_only_they_are_missing(
    world: VaultWorld, vaults: list[str], block: BlockRef, proxy: Proxy
) -> None:
    strangers = ["0x" + "11" * 20, world.contracts["VaultLens"]]
    chain = Chain(proxy.url)
    asked = [strangers[0], *vaults, strangers[1]]
    found = lens.snapshots(chain, world.contracts["VaultLens"], asked, block)
    assert list(found) == asked
    assert [vault for vault, one in found.items() if isinstance(one, NotFoundError)] == strangers


def test_snapshots__when_there_is_no_lens__then_code_mismatch(
    world: VaultWorld, vaults: list[str], block: BlockRef
) -> None:
    for asked in (vaults[:1], vaults):
        with pytest.raises(CodeMismatchError, match="answers as a lens"):
            lens.snapshots(world.chain, "0x" + "11" * 20, asked, block)

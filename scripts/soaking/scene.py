"""What is soaked: a local chain with many vaults, a PostgreSQL journal, and every request through a fault proxy."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fault_proxy import GethPool, Proxy, fault_proxy
from postgresql import Postgresql, start_postgresql

from controller.chain.client import Chain
from controller.chain.nodes import start_node
from controller.cli.rehearsal import tokens
from controller.config.mandate_file import Deployed, parse
from controller.deploy import venues
from controller.deploy.records import folder
from controller.model import ZERO_ADDRESS, Roles, Sequencer
from controller.replay import saved
from controller.replay.markets import MACRO, latest
from controller.replay.run import found_vault
from controller.replay.world import World, build

DEPTH = 1_000_000_000
"""{USD} on each side of each pool: so deep that no plan moves a price past a mandate's limits."""
DEPOSIT = 100_000
"""{USD} of each vault's first mint."""
BLOCK_SECONDS = 12
"""{s} of chain time from each block to the next."""
COOLDOWN = 60
"""{s} of chain time between two rebalances of a vault."""
CONFIRMATIONS = 3
"""Blocks; a reorg takes back fewer."""
LEASE = 3
"""{s} after which the standby takes over."""
SIGNERS = (1, 4, 5)
"""Development accounts that sign; the last one for a third of the vaults."""
NETWORK = "soak"

_MANDATE = """\
name = "Soak {number}"
symbol = "SOAK{number}"
[trigger]
band = "{band}%"
cooldown = "{cooldown} seconds"
[destination]
drift = "1%"
[limits]
slippage = "2%"
loss = "1%"
loss_budget = "99%"
turnover_budget = "100000%"
budget_window = "1 hour"
min_trade = "10 USD"
"""
_ASSET = """\
[[assets]]
token = "{symbol}"
weight = "{weight}%"
heartbeat = "32 days"
price_min = "1"
price_max = "10000000"
"""
_NETWORKS = """\
[{network}]
chain_id = {chain_id}
urls = [{urls}]
ws_url = "{ws_url}"
block_time = 1
confirmations = {confirmations}
depth = 1
fee_tiers = [500]
hub_tokens = ["DOLLAR"]
"""
_KEEPER = """\
[keeper]
network = "{network}"
schedule = "block"
[accounts.first]
dev_account = {first}
[accounts.second]
dev_account = {second}
[accounts.third]
dev_account = {third}
vaults = {some}
[journal]
url_variable = "SOAK_JOURNAL"
lease_seconds = {lease}
"""


@dataclass(frozen=True)
class Scene:
    """Everything that both keepers share."""

    directory: Path  # working directory of the keepers
    world: World
    vaults: tuple[str, ...]
    ledger: str
    lens: str
    first_block: int  # after which the vaults' histories begin
    proxies: tuple[Proxy, Proxy]  # two endpoints of the one node
    pool: GethPool  # that both share
    server: Postgresql
    journal: str  # its address

    @property
    def chain(self) -> Chain:
        """The node itself, past all faults."""
        return self.world.chain

    @property
    def settings(self) -> dict[str, str]:
        return {"SOAK_JOURNAL": self.journal}

    @property
    def senders(self) -> tuple[str, ...]:
        accounts = self.chain.request("eth_accounts")
        return tuple(accounts[index] for index in SIGNERS)

    def mine(self) -> None:
        """A block with whatever has reached the node; the pool offers again what paid too little for the last one."""
        self.pool.release()
        self.chain.request("evm_mine")
        for pooled in self.pool.pooled:
            held = pooled in self.pool.held
            if not held and self.chain.request("eth_getTransactionByHash", pooled.hash) is None:
                self.pool.forget(pooled.hash)


@contextmanager
def made(directory: Path, count: int) -> Iterator[Scene]:
    """A scene with `count` vaults, for the length of a `with` block."""
    with ExitStack() as open_:
        node = open_.enter_context(start_node("anvil"))
        chain = Chain(node.url, node.chain_id)
        records = folder(directory / "deployments", node.chain_id)
        world = build(chain, node.accounts, MACRO, latest(MACRO), records, depth=DEPTH, progress=lambda _what: None)
        contracts = world.deploy(records)
        first = chain.head().number + 1
        keepers = tuple(node.accounts[index] for index in SIGNERS)
        roles = Roles(world.accounts.owner, ZERO_ADDRESS, world.accounts.guardian, keepers)
        deployed = Deployed(contracts["ChainlinkOracle"], venues.addresses(records), Sequencer())
        vaults = []
        for number in range(count):
            mandate = parse(_mandate(number), tokens(world), deployed, roles=roles).mandate
            vaults.append(found_vault(world, records, contracts["VaultFactory"], mandate, roles, DEPOSIT))
        saved.save(world, records)
        chain.request("evm_setAutomine", False)
        chain.request("anvil_setBlockTimestampInterval", BLOCK_SECONDS)
        one, other = (open_.enter_context(fault_proxy(node.url)) for _ in range(2))
        pool = one.geth_pool()
        other.share(pool)
        server = open_.enter_context(start_postgresql())
        scene = Scene(
            directory,
            world,
            tuple(vaults),
            contracts["Ledger"],
            contracts["VaultLens"],
            first,
            (one, other),
            pool,
            server,
            server.create("soak"),
        )
        _configure(scene)
        yield scene


def prices(world: World, now: Sequence[int], chance: random.Random) -> tuple[int, ...]:
    """{USD/tok} The next answers of the feeds: each up to a fifth away from `now`, within half and twice the first."""
    moved = []
    for first, answer in zip(world.first, now, strict=True):
        percent = chance.randint(80, 120)
        moved.append(min(max(answer * percent // 100, first // 2), first * 2))
    return (*moved[:-1], world.first[-1])  # the last one is the dollar


def _mandate(number: int) -> bytes:
    """Each vault has other weights, and other bands, so that the same market makes some of them due."""
    equity, gold = 25 + 5 * (number % 8), 5 + 5 * (number % 3)
    weights = {"EQUITY": equity, "BOND": 100 - equity - gold, "GOLD": gold}
    head = _MANDATE.format(number=number, band=3 + number % 4, cooldown=COOLDOWN)
    return (head + "".join(_ASSET.format(symbol=symbol, weight=weight) for symbol, weight in weights.items())).encode()


def _configure(scene: Scene) -> None:
    one, other = scene.proxies
    networks = _NETWORKS.format(
        network=NETWORK,
        chain_id=scene.chain.chain_id,
        urls=f'"{one.url}", "{other.url}"',
        ws_url=one.ws_url,
        confirmations=CONFIRMATIONS,
    )
    first, second, third = SIGNERS
    some = json.dumps(scene.vaults[: max(len(scene.vaults) // 3, 1)])
    keeper = _KEEPER.format(network=NETWORK, first=first, second=second, third=third, some=some, lease=LEASE)
    (scene.directory / "networks.toml").write_text(networks)
    (scene.directory / "keeper.toml").write_text(keeper)

"""A local chain as `evenkeel chain up`, `deploy` and `vault create` leave it, for tests of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.chain import dev
from controller.chain.abi import encode
from controller.chain.client import Chain
from controller.chain.codec import status_from_abi
from controller.chain.contract import Contract
from controller.chain.nodes import Engine, Node, start_node
from controller.cli.rehearsal import tokens
from controller.config.mandate_file import Deployed, parse
from controller.deploy import venues
from controller.deploy.records import folder
from controller.model import ZERO_ADDRESS, Roles, Sequencer
from controller.replay import saved
from controller.replay.markets import MACRO, latest
from controller.replay.run import found_vault
from controller.replay.world import World, build

DEPTH = 100_000_000  # {USD}
DEPOSIT = 1_000_000  # {USD}


@dataclass(frozen=True)
class VaultWorld:
    """One 60/30/10 vault on target. The owner is development account 0, the keeper 1, the guardian 2."""

    world: World
    node: Node
    directory: Path  # working directory with deployments/
    vault: str
    contracts: dict[str, str]

    @property
    def chain(self) -> Chain:
        return self.world.chain

    @property
    def settings(self) -> dict[str, str]:
        return {"EVENKEEL_NETWORK": self.node.engine, "EVENKEEL_URL": self.node.url}

    def move(self, equity: int) -> None:
        """{percent} of EQUITY's first price."""
        first = self.world.first
        self.world.move((first[0] * equity // 100, *first[1:]))

    def push(self, symbol: str, answer: int) -> None:
        """{USD/tok} an answer of a feed alone, whatever it is."""
        feed, market = self.world.by_symbol(symbol).feed, self.world.maker.address
        self.chain.request("anvil_impersonateAccount", market)
        self.chain.request("anvil_setBalance", market, hex(10**18))
        dev.transact(self.chain, market, feed, bytes.fromhex("35c457db") + encode(["int256"], [answer]))

    def nonce(self) -> int:
        """Rebalances so far."""
        return status_from_abi(Contract(self.chain, self.vault, "IVault").read("status", block=self.chain.head())).nonce


@contextmanager
def vault_world(directory: Path, engine: Engine = "anvil") -> Iterator[VaultWorld]:
    with start_node(engine) as node:
        chain = Chain(node.url, node.chain_id)
        records = folder(directory / "deployments", node.chain_id)
        world = build(chain, node.accounts, MACRO, latest(MACRO), records, depth=DEPTH, progress=lambda _what: None)
        contracts = world.deploy(records)
        roles = Roles(world.accounts.owner, ZERO_ADDRESS, world.accounts.guardian, (world.accounts.keeper,))
        source = MACRO.mandate_file()
        deployed = Deployed(contracts["ChainlinkOracle"], venues.addresses(records), Sequencer())
        mandate = parse(source, tokens(world), deployed, roles=roles).mandate
        vault = found_vault(world, records, contracts["VaultFactory"], mandate, roles, DEPOSIT)
        saved.save(world, records)
        (directory / "mandate.toml").write_bytes(source)
        yield VaultWorld(world, node, directory, vault, contracts)

"""A vault's short life on a real node with the real contracts, and a node that lies about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils import keccak

from controller.audit import AuditReport, Level, audit_vault
from controller.chain import dev
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.codec import mandate_to_abi
from controller.chain.contract import Contract
from controller.chain.nodes import Node
from controller.cli.rehearsal import tokens
from controller.config.mandate_file import Deployed, parse
from controller.deploy import venues
from controller.deploy.creation import init_code
from controller.execution.journal import Journal
from controller.execution.keys import development_signer
from controller.model import BlockRef, Mandate, Power, Roles, Sequencer
from controller.replay.markets import MACRO, Series, series
from controller.replay.run import found_vault, quotes, replay
from controller.replay.world import World, build
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller

HISTORY = series(MACRO, "2008-01", "2010-06")
BUILD_TIME = 20_000  # {s} before the first point of history
STRATEGIST = 4  # index of the development account
FILE = """\
name = "Life"
symbol = "LIFE"
timelock = "1 hour"
[trigger]
kind = "either"
band = "5%"
every = "1 year"
anchor = 2007-07-01
[destination]
drift = "1%"
window = "90 days"
[limits]
loss = "0.25%"
turnover_budget = "8%"
[fees]
recipient = "0x00000000000000000000000000000000000000AA"
management = "2%"
performance = "10%"
[flows]
spread = "1%"
[[assets]]
token = "EQUITY"
weight = "60%"
[[assets]]
token = "BOND"
weight = "30%"
[[assets]]
token = "GOLD"
weight = "10%"
""".replace(
    "[[assets]]", '[[assets]]\nheartbeat = "32 days"\ndeviation = "0.5%"\nprice_min = "1"\nprice_max = "1000000"'
).encode()


@dataclass(frozen=True)
class Life:
    """What there is to audit."""

    node: Node
    ledger: str
    vault: str
    to_block: BlockRef
    mandate: Mandate  # at its creation
    journal: Path
    honest: dict[str, Any] = field(default_factory=dict)  # answers by request: the chain does not change any more

    @property
    def tokens(self) -> tuple[str, ...]:
        return tuple(asset.token for asset in self.mandate.assets)

    @property
    def feeds(self) -> tuple[str, ...]:
        return tuple(asset.feed.source for asset in self.mandate.assets)

    def audit(
        self, lie: Lie | None = None, to_block: BlockRef | None = None, journal: Path | None = None
    ) -> AuditReport:
        """To L4; to L5 with a journal."""
        return audit_vault(
            LyingChain(self, lie or _honest),
            self.ledger,
            self.vault,
            from_block=0,
            to_block=to_block or self.to_block,
            mandate_file=FILE,
            depth=Level.L5 if journal else Level.L4,
            journal=str(journal) if journal else None,
        )


Lie = Callable[[str, Sequence[Any], Any], Any]
"""From a method, its parameters and the honest answer to what the node says instead."""

together = pytest.mark.xdist_group("audit on ganache")
"""What needs Ganache's life, which takes it half a minute to live."""
on_anvil = pytest.mark.parametrize("life", ["anvil"], indirect=True)
"""What a node cannot make different: how it is read is tried on both engines, every lie about it on the quicker one."""


def _honest(_method: str, _parameters: Sequence[Any], answer: Any) -> Any:
    return answer


class LyingChain(Chain):
    """An honest node behind a liar; what it has said once it is not asked again."""

    def __init__(self, life: Life, lie: Lie) -> None:
        self._honest = life.honest
        self._lie: Lie = _honest
        super().__init__(life.node.url, life.node.chain_id)
        self._lie = lie

    def request(self, method: str, *parameters: Any) -> Any:
        asked = json.dumps([method, parameters])
        if asked not in self._honest:
            self._honest[asked] = super().request(method, *parameters)
        return self._lie(method, parameters, self._honest[asked])

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        asked = [json.dumps([method, parameters]) for method, parameters in calls]
        missing = {key: call for key, call in zip(asked, calls, strict=True) if key not in self._honest}
        if missing:
            self._honest.update(zip(missing, super().batch(list(missing.values())), strict=True))
        return [
            self._lie(method, parameters, self._honest[key])
            for key, (method, parameters) in zip(asked, calls, strict=True)
        ]


def live(node: Node, directory: Path) -> Life:
    """Created, minted, ticked through the crash of 2008, with flows, fees and every change of its rules in between."""
    chain = Chain(node.url, node.chain_id)
    world = build(
        chain, node.accounts, MACRO, HISTORY.answers[0], directory, depth=100_000_000, progress=lambda what: None
    )
    contracts, accounts = world.deploy(directory), world.accounts
    roles = Roles(accounts.owner, node.accounts[STRATEGIST], accounts.guardian, (accounts.keeper,))
    uptime = dev.deploy(chain, accounts.maker, init_code(load("TestFeed"), ["Uptime", "0", accounts.maker]))
    dev.transact(chain, accounts.maker, uptime, Contract(chain, uptime, "TestFeed").encode("push", 0))
    dev.set_next_timestamp(chain, chain.head().timestamp + 3_700)  # after the grace
    dev.mine(chain)
    deployed = Deployed(contracts["ChainlinkOracle"], venues.addresses(directory), Sequencer(uptime, 3_600))
    mandate = parse(FILE, tokens(world), deployed, roles=roles).mandate
    vault = found_vault(world, directory, contracts["VaultFactory"], mandate, roles, 1_000_000)
    acts = Acts(world, vault, roles, mandate)
    with Journal.at(directory / "journal.db", durable=False) as journal:
        controller = Controller(
            chain=chain,
            lens=contracts["VaultLens"],
            quotes=quotes(world, directory),
            strategy=FixedTargets(),
            journal=journal,
            signer=development_signer(1),
        )
        third = len(HISTORY.times) // 3
        for part, between in enumerate((acts.loosen, acts.tighten, acts.one_block)):
            points = slice(part * third, (part + 1) * third)
            steps = Series(HISTORY.times[points], HISTORY.answers[points], HISTORY.shift)
            replay(world, controller, vault, steps, lambda record: None)
            between()
    dev.mine(chain)
    return Life(node, contracts["Ledger"], vault, chain.head(), mandate, directory / "journal.db")


@dataclass(frozen=True)
class Acts:
    """What everybody but the keeper does."""

    world: World
    vault: str
    roles: Roles
    mandate: Mandate  # at its creation

    @property
    def clone(self) -> Contract:
        return Contract(self.world.chain, self.vault, "IVault")

    def read(self, name: str, *arguments: Any) -> Any:
        return self.clone.read(name, *arguments, block=self.world.chain.head())

    def send(self, sender: str, name: str, *arguments: Any) -> None:
        dev.transact(self.world.chain, sender, self.vault, self.clone.encode(name, *arguments))

    @property
    def looser(self) -> Mandate:
        return replace(self.mandate, file_hash=b"\1" * 32, limits=replace(self.mandate.limits, max_slippage=150))

    def loosen(self) -> None:
        """What loosens is announced and waits; meanwhile somebody leaves a paused vault."""
        owner, guardian, maker = self.roles.owner, self.roles.guardian, self.world.accounts.maker
        calls = [
            self.clone.encode("setKeeper", maker, True),
            self.clone.encode("setGuardian", guardian),
            self.clone.encode("setStrategist", self.roles.strategist),
            self.clone.encode("setMandate", mandate_to_abi(self.looser), []),
            self.clone.encode("renounce", int(Power.PAUSE)),
            self.clone.encode("setKeeper", guardian, True),
        ]
        for call in calls:
            self.send(owner, "submit", call)
        self.send(guardian, "revoke", calls[5])
        self.send(guardian, "pause")
        self.send(owner, "redeem", 10**21, [0, 0, 0], maker, owner, 0b010)
        self.send(owner, "unpause")
        dev.set_next_timestamp(self.world.chain, self.world.chain.head().timestamp + 3_600)
        self.send(owner, "setKeeper", maker, True)
        self.send(owner, "setKeeper", maker, False)
        self.send(owner, "setGuardian", guardian)
        self.send(owner, "setStrategist", self.roles.strategist)
        self.send(owner, "setMandate", mandate_to_abi(self.looser), [])

    def tighten(self) -> None:
        """What tightens is done at once."""
        owner, guardian = self.roles.owner, self.roles.guardian
        tighter = replace(self.looser, timelock=7_200, limits=replace(self.looser.limits, max_trades=9))
        self.send(owner, "setMandate", mandate_to_abi(tighter), [])
        self.send(self.roles.strategist, "setTargets", [5_900, 3_100, 1_000], 40 * 86_400)
        self._flows()
        self.send(owner, "proposeOwner", guardian)
        self.send(guardian, "acceptOwner")
        self.send(guardian, "renounce", int(Power.ROLES))
        self.send(guardian, "declare", bytes(keccak(b"first in, first out")))

    def _flows(self) -> None:
        maker, keeper = self.world.accounts.maker, self.world.accounts.keeper
        for listed in self.world.listed[:-1]:
            self.world.fund(self.vault, listed.listing.symbol, 12_345)  # a donation, in a block without an entry
            self.world.fund(maker, listed.listing.symbol, 10**24)
            token = Contract(self.world.chain, listed.token, "TestToken")
            dev.transact(self.world.chain, maker, listed.token, token.encode("approve", self.vault, 10**24))
        self.send(maker, "takeFees")
        self.send(maker, "deposit", self.read("routeDeposit", 10**40), 0, maker)
        self.send(maker, "mint", 7 * 10**20 + 1, [10**24] * 3, maker)
        self.send(maker, "redeem", 10**20 + 3, [0, 0, 0], keeper, maker, 0)
        self.send(maker, "withdraw", self.read("routeWithdraw", 10**39), 10**24, maker, maker)

    def one_block(self) -> None:
        """A donation, two mints and a redeem in one block."""
        accounts, chain = self.world.accounts, self.world.chain
        token = Contract(chain, self.world.listed[0].token, "TestToken")
        sent = [
            (token.address, token.encode("mint", self.vault, 10**19 + 7)),
            (self.vault, self.clone.encode("mint", 10**19 + 1, [10**24] * 3, accounts.maker)),
            (self.vault, self.clone.encode("redeem", 10**18 + 9, [0, 0, 0], accounts.maker, accounts.maker, 0)),
            (self.vault, self.clone.encode("mint", 10**17 + 3, [10**24] * 3, accounts.keeper)),
        ]
        stop, start = (
            ("evm_setAutomine", "evm_setAutomine") if "anvil" in chain.client.lower() else ("miner_stop", "miner_start")
        )
        chain.request(stop, *([False] if stop == start else []))
        for to, data in sent:
            transaction = {"from": accounts.maker, "to": to, "data": "0x" + data.hex(), "gas": hex(2_000_000)}
            chain.request("eth_sendTransaction", transaction)
        if stop == start:
            dev.mine(chain)
            chain.request(start, True)
        else:
            chain.request(start)

"""A vault's short life on a real node with the real contracts, and a node that lies about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.audit import AuditReport, audit_vault
from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.nodes import Node
from controller.config.mandate_file import parse
from controller.config.networks import Token
from controller.execution.journal import Journal
from controller.execution.keys import development_signer
from controller.model import BlockRef, Roles
from controller.replay.markets import FEED_DECIMALS, MACRO, Series, series
from controller.replay.run import found_vault, quotes, replay
from controller.replay.world import World, build
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller

HISTORY = series(MACRO, "2008-01", "2010-06")
BUILD_TIME = 3_600  # {s} before the first point of history


@dataclass(frozen=True)
class Life:
    """What there is to audit."""

    node: Node
    ledger: str
    vault: str
    to_block: BlockRef
    mandate_file: bytes
    tokens: tuple[str, ...]  # of the mandate
    feeds: tuple[str, ...]

    def audit(self, lie: Lie | None = None, to_block: BlockRef | None = None) -> AuditReport:
        chain = LyingChain(self.node, lie) if lie else Chain(self.node.url, self.node.chain_id)
        return audit_vault(
            chain,
            self.ledger,
            self.vault,
            from_block=0,
            to_block=to_block or self.to_block,
            mandate_file=self.mandate_file,
        )


Lie = Callable[[str, Sequence[Any], Any], Any]
"""From a method, its parameters and the honest answer to what the node says instead."""


class LyingChain(Chain):
    """An honest node behind a liar."""

    def __init__(self, node: Node, lie: Lie) -> None:
        self._lie: Lie = lambda method, parameters, answer: answer
        super().__init__(node.url, node.chain_id)
        self._lie = lie

    def request(self, method: str, *parameters: Any) -> Any:
        return self._lie(method, parameters, super().request(method, *parameters))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        answers = super().batch(calls)
        return [
            self._lie(method, parameters, answer) for (method, parameters), answer in zip(calls, answers, strict=True)
        ]


def live(node: Node, directory: Path) -> Life:
    """Created, minted, ticked through the crash of 2008 with flows and changes of roles in between."""
    chain = Chain(node.url, node.chain_id)
    world = build(
        chain, node.accounts, MACRO, HISTORY.answers[0], directory, depth=100_000_000, progress=lambda what: None
    )
    contracts, accounts = world.deploy(directory), world.accounts
    tokens = {
        listed.listing.symbol: Token(
            address=listed.token, decimals=listed.listing.decimals, feed=listed.feed, feed_decimals=FEED_DECIMALS
        )
        for listed in world.listed
    }
    file = MACRO.mandate_file()
    mandate = parse(
        file,
        tokens,
        oracle=contracts["ChainlinkOracle"],
        venues=[contracts["UniswapV3Venue"]],
        roles=(roles := Roles(accounts.owner, accounts.guardian, (accounts.keeper,))),
    ).mandate
    vault = found_vault(world, contracts["VaultFactory"], mandate, roles, 1_000_000)
    with Journal.at(directory / "journal.db", durable=False) as journal:
        controller = Controller(
            chain=chain,
            lens=contracts["VaultLens"],
            quotes=quotes(world),
            strategy=FixedTargets(),
            journal=journal,
            signer=development_signer(1),
        )
        third = len(HISTORY.times) // 3
        for part, between in enumerate((_roles, _flows, _one_block)):
            points = slice(part * third, (part + 1) * third)
            steps = Series(HISTORY.times[points], HISTORY.answers[points], HISTORY.shift)
            replay(world, controller, vault, steps, lambda record: None)
            between(world, vault)
    dev.mine(chain)
    return Life(
        node=node,
        ledger=contracts["Ledger"],
        vault=vault,
        to_block=chain.head(),
        mandate_file=file,
        tokens=tuple(asset.token for asset in mandate.assets),
        feeds=tuple(asset.feed.source for asset in mandate.assets),
    )


def _send(world: World, sender: str, vault: str, name: str, *arguments: Any) -> None:
    dev.transact(world.chain, sender, vault, Contract(world.chain, vault, "IVault").encode(name, *arguments))


def _roles(world: World, vault: str) -> None:
    accounts = world.accounts
    _send(world, accounts.guardian, vault, "pause")
    _send(world, accounts.owner, vault, "redeem", 10**21, [0, 0, 0], accounts.maker, accounts.owner, 0b010)
    _send(world, accounts.owner, vault, "unpause")
    _send(world, accounts.owner, vault, "setKeeper", accounts.maker, True)
    _send(world, accounts.owner, vault, "setKeeper", accounts.maker, False)
    _send(world, accounts.owner, vault, "setGuardian", accounts.maker)
    _send(world, accounts.owner, vault, "proposeOwner", accounts.guardian)
    _send(world, accounts.guardian, vault, "acceptOwner")


def _flows(world: World, vault: str) -> None:
    accounts = world.accounts
    for listed in world.listed[:-1]:
        world.fund(vault, listed.listing.symbol, 12_345)  # a donation, in a block without an entry
        world.fund(accounts.maker, listed.listing.symbol, 10**24)
        dev.transact(
            world.chain,
            accounts.maker,
            listed.token,
            Contract(world.chain, listed.token, "TestToken").encode("approve", vault, 10**24),
        )
    _send(world, accounts.maker, vault, "mint", 7 * 10**20 + 1, [10**24] * 3, accounts.maker)
    _send(world, accounts.maker, vault, "redeem", 10**20 + 3, [0, 0, 0], accounts.keeper, accounts.maker, 0)


def _one_block(world: World, vault: str) -> None:
    """A donation, two mints and a redeem in one block."""
    accounts, chain = world.accounts, world.chain
    token = Contract(chain, world.listed[0].token, "TestToken")
    contract = Contract(chain, vault, "IVault")
    sent = [
        (token.address, token.encode("mint", vault, 10**19 + 7)),
        (vault, contract.encode("mint", 10**19 + 1, [10**24] * 3, accounts.maker)),
        (vault, contract.encode("redeem", 10**18 + 9, [0, 0, 0], accounts.maker, accounts.maker, 0)),
        (vault, contract.encode("mint", 10**17 + 3, [10**24] * 3, accounts.keeper)),
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
